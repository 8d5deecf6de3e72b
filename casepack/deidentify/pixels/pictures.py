"""The pictures of a run, for a person to look at: each box before and after, and each series."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from casepack.deidentify.pixels.boxes import Box
from casepack.deidentify.pixels.cover import cover
from casepack.deidentify.pixels.header import read_stored_pixels
from casepack.deidentify.pixels.looks import BoxesByFrame
from casepack.deidentify.pixels.reviewed import Candidate, draw_rows
from casepack.deidentify.pixels.sheets import (
    Comparison,
    Projection,
    grey_of,
    grey_picture,
    write_contact_sheets,
)
from casepack.deidentify.pixels.stored import (
    StoredPixels,
    Values,
    encapsulated_frames,
    native_frame,
    native_size,
    read_frames,
    shown_values,
)
from casepack.deidentify.review import Decisions, ReviewRow
from casepack.errors import InstanceHeld
from casepack.model import FileSet, Instance, Series
from casepack.part_ten import open_part_ten

FOLDER: Final = "pixels"
_MOST_PICTURES: Final = 500
"""Boxes that get one; a moving counter gives thousands."""
_COLOURS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelReview:
    """What a run found and covered, for the review."""

    file_set: FileSet = field(repr=False)
    candidates: tuple[Candidate, ...] = field(repr=False)
    covered: Mapping[int, BoxesByFrame] = field(repr=False)
    """By number of the image, what was covered."""
    decisions: Decisions = field(repr=False)


def write_review(folder: Path, review: PixelReview) -> tuple[ReviewRow, ...]:
    """Write the contact sheets below a folder, and return the rows of the review sheet.

    Raises
    ------
    TargetError
        They cannot be written.
    """
    numbers: list[int] = []
    write_contact_sheets(folder / FOLDER, _comparisons(review, numbers), _projections(review))
    pictures = {
        at: f"{FOLDER}/candidate-{place:04}.png" for place, at in enumerate(numbers, start=1)
    }
    return draw_rows(review.candidates, review.decisions, pictures)


def _comparisons(review: PixelReview, numbers: list[int]) -> Iterator[Comparison]:
    """Yield pictures of the candidates; `numbers` tells of which."""
    series_of = {
        instance.path: series
        for study in review.file_set.studies
        for series in study.series
        for instance in series.instances
    }
    instances = review.file_set.instances
    for at, candidate in enumerate(review.candidates):
        if len(numbers) >= _MOST_PICTURES:
            return
        number, frame = candidate.images[0]
        instance = instances[number]
        boxes = review.covered.get(number, {}).get(frame, ())
        try:
            before, after = _before_and_after(instance.path, frame, [Box(*one) for one in boxes])
        except InstanceHeld:
            continue
        numbers.append(at)
        yield Comparison(
            series_number=series_of[instance.path].number,
            instance_number=instance.number,
            frame=frame + 1,
            before=before,
            after=after,
            boxes=tuple(Box(*part) for part in candidate.parts),
            images=len(candidate.images),
        )


def _before_and_after(path: Path, frame: int, boxes: Sequence[Box]) -> tuple[Values, Values]:
    pixels = _one_frame(path, frame)
    new = cover(pixels, [boxes]).pixels
    (before,), (after,) = read_frames(pixels), read_frames(new)
    return grey_picture(pixels, before), grey_picture(new, after)


def _one_frame(path: Path, frame: int) -> StoredPixels:
    """Return one frame of an image as an image."""
    with open_part_ten(path) as file:
        pixels = read_stored_pixels(file)
        if pixels is None:
            raise InstanceHeld("no-pixels")
        if pixels.native and pixels.bits_allocated == 1:
            value = np.packbits(native_frame(pixels, frame).ravel(), bitorder="little").tobytes()
        elif pixels.native:
            size = native_size(pixels) // pixels.frames
            value = bytes(pixels.value[frame * size : (frame + 1) * size])
        else:
            from pydicom.encaps import encapsulate  # noqa: PLC0415  # compressed images alone

            value = encapsulate([encapsulated_frames(pixels)[frame]])
        return replace(pixels, frames=1, value=value)


def _projections(review: PixelReview) -> Iterator[Projection]:
    number = 0
    for study in review.file_set.studies:
        for series in study.series:
            yield from _project(series, number, review.covered)
            number += len(series.instances)


def _project(
    series: Series, first: int, covered: Mapping[int, BoxesByFrame]
) -> Iterator[Projection]:
    """Yield one picture for each size of the images of a series."""
    largest: dict[tuple[int, ...], Values] = {}
    smallest: dict[tuple[int, ...], Values] = {}
    images: dict[tuple[int, ...], int] = {}
    boxes: dict[tuple[int, ...], set[Box]] = {}
    for number, instance in enumerate(series.instances, start=first):
        for frame, values in _shown(instance):
            size = values.shape
            images[size] = images.get(size, 0) + 1
            largest[size] = np.maximum(largest.get(size, values), values)
            smallest[size] = np.minimum(smallest.get(size, values), values)
            found = covered.get(number, {}).get(frame, ())
            boxes.setdefault(size, set()).update(Box(*one) for one in found)
    for size, count in images.items():
        yield Projection(
            series_number=series.number,
            images=count,
            largest=grey_of(largest[size]),
            smallest=grey_of(smallest[size]),
            boxes=tuple(sorted(boxes[size])),
        )


def _shown(instance: Instance) -> Iterator[tuple[int, Values]]:
    """Yield the frames of an image in one sample; nothing of one that cannot be decoded."""
    try:
        with open_part_ten(instance.path) as file:
            pixels = read_stored_pixels(file)
            if pixels is None:
                return
            for number, frame in enumerate(read_frames(pixels)):
                values = shown_values(pixels, frame)
                plain = values.max(axis=-1) if values.ndim == _COLOURS else values
                yield number, plain.astype(np.int64)
    except InstanceHeld:
        return
