"""Images examined, covered and examined again.

The second look is no formality: where a line was covered in part, the rest may stand alone now and
be plain to see. What is still found after three rounds makes the image held.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from casepack.deidentify.pixels.boxes import Box, mask_of
from casepack.deidentify.pixels.cover import Covered, aligned, cover
from casepack.deidentify.pixels.detect import find_text
from casepack.deidentify.pixels.series import spread_over_series
from casepack.deidentify.pixels.stored import (
    StoredPixels,
    read_frames,
    shown_values,
)
from casepack.errors import InstanceHeld
from casepack.model import Reason

_ROUNDS: Final = 3
_MOSTLY: Final = 0.9
"""Share of a box that is covered already, when it says nothing new."""

Boxes = tuple[tuple[Box, ...], ...]
"""For each frame of an image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """An image in which no more text is found."""

    covered: Covered
    boxes: Boxes
    """What was covered in each frame; empty for an image that keeps its Pixel Data."""
    lettered: bool = True
    """Text was among it, not a face alone."""

    @property
    def changed(self) -> bool:
        """True when Pixel Data are not those of the original."""
        return bool(self.covered.frames)


def examine_image(pixels: StoredPixels, frames: Collection[int] | None = None) -> Boxes:
    """Find text in every frame of an image, or in some of them.

    Raises
    ------
    InstanceHeld
        It cannot be decoded.
    """
    return tuple(
        find_text(shown_values(pixels, frame)[None])[0]
        if frames is None or number in frames
        else ()
        for number, frame in enumerate(read_frames(pixels))
    )


def spread_over_images(found: Sequence[Boxes], rows: int, columns: int) -> tuple[Boxes, ...]:
    """Return the boxes of images of one series and size, what recurs covered in all their frames.

    Parameters
    ----------
    found
        What `examine_image` returned for each image.
    rows, columns
        Size of their frames.
    """
    flat = spread_over_series([boxes for image in found for boxes in image], rows, columns)
    spread, at = [], 0
    for image in found:
        spread.append(flat[at : at + len(image)])
        at += len(image)
    return tuple(spread)


def clean_image(
    pixels: StoredPixels,
    boxes: Boxes,
    known: Sequence[Box] = (),
    kept: Mapping[int, Sequence[Box]] | None = None,
    faces: Boxes = (),
) -> Cleaned:
    """Cover boxes, and look at the result again.

    Parameters
    ----------
    pixels
        The image.
    boxes
        What was found in each of its frames.
    known
        What is covered in every frame besides: regions of a known device, or drawn by hand.
    kept
        By 0-based frame, where text that is found stays.
    faces
        For each frame what is covered of a face, in the end: what is left of the picture beside it
        was examined before, and large black areas would only make the network err.

    Raises
    ------
    InstanceHeld
        It cannot be decoded, or text is still found after three rounds.
    """
    wanted = tuple(aligned(pixels, (*found, *known)) for found in boxes)
    done = cover(pixels, wanted)
    if not done.frames:
        return _with_faces(pixels, done, wanted, faces)
    touched = frozenset(done.frames)

    def stays(frame: int) -> Sequence[Box]:
        return () if kept is None else kept.get(frame, ())

    for _ in range(_ROUNDS):
        again = examine_image(done.pixels, touched)
        rest = tuple(
            tuple(box for box in found if not is_covered(box, (*before, *stays(frame)), pixels))
            for frame, (found, before) in enumerate(zip(again, wanted, strict=True))
        )
        if not any(rest):
            return _with_faces(pixels, done, wanted, faces)
        wanted = tuple(
            aligned(pixels, (*before, *found)) for before, found in zip(wanted, rest, strict=True)
        )
        done = cover(pixels, wanted)
    raise InstanceHeld(Reason.BURNED_IN)


def _with_faces(pixels: StoredPixels, done: Covered, boxes: Boxes, faces: Boxes) -> Cleaned:
    if not any(faces):
        return Cleaned(covered=done, boxes=boxes)
    both = tuple(aligned(pixels, (*found, *face)) for found, face in zip(boxes, faces, strict=True))
    return Cleaned(covered=cover(pixels, both), boxes=both, lettered=any(boxes))


def is_covered(box: Box, boxes: Sequence[Box], pixels: StoredPixels) -> bool:
    """Tell whether most of a box lies in others."""
    covered = mask_of(boxes, pixels.rows, pixels.columns)
    return float(covered[box.top : box.bottom, box.left : box.right].mean()) >= _MOSTLY
