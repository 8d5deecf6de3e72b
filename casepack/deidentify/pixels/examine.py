"""Every frame of every image looked at, and what is found settled series by series.

The first pass over the images: it writes nothing. Files go to processes in chunks; what recurs in a
series is only known when all of it was seen, so the parent settles what becomes of each image.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from casepack.deidentify.pixels.boxes import Box, clip_boxes, lies_in, mask_of
from casepack.deidentify.pixels.clean import examine_image
from casepack.deidentify.pixels.detect import find_text
from casepack.deidentify.pixels.drawn import is_as_acquired, split_drawn
from casepack.deidentify.pixels.header import FileHeader, read_float_frames, read_stored_pixels
from casepack.deidentify.pixels.looks import BoxesByFrame, Look, Seen
from casepack.deidentify.pixels.series import spread_over_series
from casepack.deidentify.pixels.stored import StoredPixels, is_lossy, read_frames, shown_values
from casepack.deidentify.pixels.triage import Triage, triage
from casepack.deidentify.pixels.unused_bits import hides_in_unused_bits
from casepack.errors import CasepackError, InstanceHeld
from casepack.model import Edges, FileSet, Instance, Reason
from casepack.part_ten import open_part_ten
from casepack.recipe import Filter
from casepack.workers import in_chunks, over_processes

_CHUNK: Final = 16
_BURNED_IN_ANNOTATION: Final = 0x00280301

Numbered = tuple[int, Instance]
"""An image by its place in the file set."""


def examine_instances(
    numbered: Iterable[Numbered], filters: Sequence[Filter], workers: int
) -> Iterator[dict[int, Seen]]:
    """Yield what was seen in chunks of images, by their number.

    Parameters
    ----------
    filters
        ``%filter`` sections of the recipe.
    workers
        Processes to use.

    Raises
    ------
    CasepackError
        A process was ended from outside.
    """
    chunks = in_chunks(numbered, _CHUNK)
    # the first chunk loads what the others need, once for all processes
    alone = chunks[:1] if workers > 1 else chunks
    yield from over_processes(_examine_chunk, filters, alone, 1)
    yield from over_processes(_examine_chunk, filters, chunks[len(alone) :], workers)


def _examine_chunk(filters: Sequence[Filter], chunk: Sequence[Numbered]) -> dict[int, Seen]:
    return {number: _examine(instance.path, filters) for number, instance in chunk}


def _examine(path: Path, filters: Sequence[Filter]) -> Seen:
    try:
        return examine_file(path, filters)
    except InstanceHeld as error:
        return Seen(reason=Reason(error.reason))
    except CasepackError:
        raise
    except Exception:  # noqa: BLE001  # the boundary: its text may quote a value of the input
        return Seen(reason=Reason.NOT_UNDERSTOOD)


def examine_file(path: Path, filters: Sequence[Filter]) -> Seen:
    """Look at the header and at every frame of an image.

    Raises
    ------
    InstanceHeld
        It cannot be read or decoded.
    """
    with open_part_ten(path) as file:
        floats = read_float_frames(file)
        if floats is not None:
            return _examine_floats(floats, triage(FileHeader(file), filters))
        pixels = read_stored_pixels(file)
        if pixels is None:
            declared = (file.value(_BURNED_IN_ANNOTATION) or b"").strip().upper()
            return Seen(flagged=declared not in {b"", b"NO"})
        header = FileHeader(file)
        first = triage(header, filters)
        found: dict[int, tuple[Box, ...]] = dict(enumerate(examine_image(pixels)))
        doubtful: dict[int, tuple[Box, ...]] = {}
        lossy = is_lossy(pixels.transfer_syntax_uid)
        if is_as_acquired(header, first, bits_stored=pixels.bits_stored, lossy=lossy):
            _set_apart(pixels, found, doubtful)
        return Seen(
            frames=pixels.frames,
            rows=pixels.rows,
            columns=pixels.columns,
            found={number: boxes for number, boxes in found.items() if boxes},
            doubtful={number: boxes for number, boxes in doubtful.items() if boxes},
            known=first.boxes,
            kept=first.kept,
            flagged=first.flagged,
            hidden=hides_in_unused_bits(pixels),
        )


def _examine_floats(frames: NDArray[np.floating], first: Triage) -> Seen:
    """Look at a map of numbers: it passes if nothing is found, since no box in it is black."""
    if first.boxes or any(find_text(frame[None])[0] for frame in frames):
        return Seen(reason=Reason.BURNED_IN)
    count, rows, columns = frames.shape
    return Seen(frames=count, rows=rows, columns=columns, flagged=first.flagged)


def _set_apart(
    pixels: StoredPixels,
    found: dict[int, tuple[Box, ...]],
    doubtful: dict[int, tuple[Box, ...]],
) -> None:
    """Move what was not drawn from what was found."""
    if not any(found.values()):
        return
    for number, frame in enumerate(read_frames(pixels)):
        values = shown_values(pixels, frame)
        if found[number] and values.ndim == 2:  # noqa: PLR2004  # one sample
            found[number], doubtful[number] = split_drawn(values, found[number])


def settle_looks(file_set: FileSet, seen: Mapping[int, Seen]) -> dict[Path, Look]:
    """Return what is to be done with each image, by its path.

    Parameters
    ----------
    seen
        For each instance of the file set, by its number, what was seen.
    """
    looks: dict[Path, Look] = {}
    number = 0
    for study in file_set.studies:
        for series in study.series:
            members = {number + at: one for at, one in enumerate(series.instances)}
            number += len(members)
            found = _spread({one: seen[one] for one in members})
            for one, instance in members.items():
                looks[instance.path] = _settle(seen[one], found[one])
    return looks


def _spread(series: Mapping[int, Seen]) -> dict[int, BoxesByFrame]:
    """Return the boxes of each image with what recurs in those of its size."""
    found: dict[int, BoxesByFrame] = {number: one.found for number, one in series.items()}
    sizes = {(one.rows, one.columns) for one in series.values() if one.found}
    for rows, columns in sorted(sizes):
        alike = [n for n, one in series.items() if (one.rows, one.columns) == (rows, columns)]
        flat = [
            _boxes(series[number].found.get(frame, ()))
            for number in alike
            for frame in range(series[number].frames)
        ]
        spread = iter(spread_over_series(flat, rows, columns))
        for number in alike:
            boxes = {frame: next(spread) for frame in range(series[number].frames)}
            found[number] = {frame: some for frame, some in boxes.items() if some}
    return found


def _settle(seen: Seen, found: BoxesByFrame) -> Look:
    if seen.reason is not None:
        return Look(reason=seen.reason)
    located = found or seen.known or seen.added or seen.spared
    if seen.flagged and not located:
        return Look(reason=Reason.BURNED_IN)
    if not seen.frames:
        return Look(examined=False)
    kept = mask_of(_boxes(seen.kept), seen.rows, seen.columns)
    stays = bool(seen.spared)
    boxes: dict[int, tuple[Edges, ...]] = {}
    frames = range(seen.frames) if seen.known else sorted({*found, *seen.added})
    for frame in frames:
        text = _boxes(found.get(frame, ()))
        covered = [box for box in text if not lies_in(box, kept)]
        stays = stays or len(covered) < len(text)
        certain = (*seen.known, *seen.added.get(frame, ()))
        wanted = clip_boxes((*covered, *_boxes(certain)), seen.rows, seen.columns)
        if wanted:
            boxes[frame] = wanted
    spared = {
        frame: (*seen.spared.get(frame, ()), *seen.doubtful.get(frame, ()))
        for frame in {*seen.spared, *seen.doubtful}
    }
    return Look(boxes=boxes, kept=seen.kept, spared=spared, stays=stays, hidden=seen.hidden)


def _boxes(edges: Iterable[Edges]) -> list[Box]:
    return [Box(*one) for one in edges]
