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
from casepack.deidentify.pixels.reading import read_boxes
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
from casepack.deidentify.review_page import Canvas, Choice
from casepack.errors import InstanceHeld
from casepack.model import FileSet, Instance, Series
from casepack.part_ten import open_part_ten

FOLDER: Final = "pixels"
_MOST_PICTURES: Final = 500
"""Boxes that get one; a moving counter gives thousands."""
_MOST_READ: Final = 100
"""Boxes that are read: a block of several lines takes half a second."""
_COLOURS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelReview:
    """What a run found and covered, for the review."""

    file_set: FileSet = field(repr=False)
    candidates: tuple[Candidate, ...] = field(repr=False)
    covered: Mapping[int, BoxesByFrame] = field(repr=False)
    """By number of the image, what was covered."""
    sizes: Mapping[int, tuple[int, int]] = field(repr=False)
    """By number of the image, Rows and Columns."""
    decisions: Decisions = field(repr=False)


@dataclass(slots=True, kw_only=True)
class _Drawn:
    """What was drawn, in its order."""

    candidates: list[int] = field(default_factory=list)
    """Places of the candidates that have a picture."""
    reads: dict[int, str] = field(default_factory=dict)
    """By place of the candidate, what it says."""
    canvases: list[Canvas] = field(default_factory=list)


def write_review(
    folder: Path, review: PixelReview
) -> tuple[tuple[ReviewRow, ...], tuple[Canvas, ...]]:
    """Write the contact sheets below a folder.

    Returns
    -------
    tuple, tuple
        The rows of the review sheet, and the pictures on which a person may draw boxes.

    Raises
    ------
    TargetError
        They cannot be written.
    """
    drawn = _Drawn()
    write_contact_sheets(folder / FOLDER, _comparisons(review, drawn), _projections(review, drawn))
    pictures = {
        at: f"{FOLDER}/candidate-{place:04}.png"
        for place, at in enumerate(drawn.candidates, start=1)
    }
    rows = draw_rows(review.candidates, review.decisions, pictures, drawn.reads)
    return rows, tuple(drawn.canvases)


def _comparisons(review: PixelReview, drawn: _Drawn) -> Iterator[Comparison]:
    """Yield pictures of the candidates, and note them."""
    series_of = {
        instance.path: series
        for study in review.file_set.studies
        for series in study.series
        for instance in series.instances
    }
    instances = review.file_set.instances
    for at, candidate in enumerate(review.candidates):
        if len(drawn.candidates) >= _MOST_PICTURES:
            return
        number, frame = candidate.images[0]
        instance = instances[number]
        boxes = review.covered.get(number, {}).get(frame, ())
        try:
            before, after = _before_and_after(instance.path, frame, [Box(*one) for one in boxes])
        except InstanceHeld:
            continue
        series = series_of[instance.path]
        comparison = Comparison(
            series_number=series.number,
            instance_number=instance.number,
            frame=frame + 1,
            before=before,
            after=after,
            boxes=tuple(Box(*part) for part in candidate.parts),
            images=len(candidate.images),
        )
        drawn.candidates.append(at)
        if len(drawn.reads) < _MOST_READ:
            drawn.reads[at] = read_boxes(before, comparison.boxes)
        alike = _alike(review, series, review.sizes[number])
        choices = (_this_image(instance, frame), _whole_series(series, alike))
        picture = f"{FOLDER}/candidate-{len(drawn.candidates):04}.png"
        drawn.canvases.append(_canvas(picture, comparison.title, before, choices))
        yield comparison


def _canvas(picture: str, title: str, shown: Values, choices: Sequence[Choice]) -> Canvas:
    rows, columns = shown.shape[:2]
    return Canvas(picture=picture, title=title, rows=rows, columns=columns, choices=tuple(choices))


def _this_image(instance: Instance, frame: int) -> Choice:
    uid = instance.sop_instance_uid
    if instance.frames > 1:
        return Choice(label=f"this frame ({frame + 1})", places=(f"{uid} frame {frame + 1}",))
    return Choice(label="this image", places=(uid,))


def _whole_series(series: Series, alike: Sequence[Instance]) -> Choice:
    """Return the choice of all images of a series, or of all those of one size."""
    if len(alike) == len(series.instances):
        label = "all images of the series"
        return Choice(label=label, places=(f"series {series.series_instance_uid}",))
    uids = tuple(instance.sop_instance_uid for instance in alike)
    return Choice(label="all images of this size", places=uids)


def _each_image(alike: Sequence[Instance]) -> Iterator[Choice]:
    for place, instance in enumerate(alike, start=1):
        number = place if instance.number is None else instance.number
        uids = (instance.sop_instance_uid,)
        yield Choice(label=f"image {number}", places=uids, frames=instance.frames)


def _alike(review: PixelReview, series: Series, size: tuple[int, int]) -> list[Instance]:
    """Return the images of a series that have a size."""
    number = {instance.path: at for at, instance in enumerate(review.file_set.instances)}
    return [one for one in series.instances if review.sizes.get(number[one.path]) == size]


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


def _projections(review: PixelReview, drawn: _Drawn) -> Iterator[Projection]:
    """Yield pictures of the series, and note them."""
    number = pictures = 0
    for study in review.file_set.studies:
        for series in study.series:
            for projection in _project(series, number, review.covered):
                pictures += 1
                rows, columns = projection.largest.shape[:2]
                alike = _alike(review, series, (rows, columns))
                choices = (_whole_series(series, alike), *_each_image(alike))
                picture = f"{FOLDER}/series-{pictures:04}.png"
                drawn.canvases.append(
                    _canvas(picture, projection.title, projection.largest, choices)
                )
                yield projection
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
