"""Whether what looks like large text was drawn at all: ink repeats one value, tissue does not.

Rows of vertebrae and ribs look like lines of large letters to the network. In an image as it was
acquired, neither derived nor compressed with loss, text can only have been drawn last: many of its
pixels hold exactly the same value, while the values of tissue with its noise spread smoothly. Lines
of ordinary height are covered without this question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from casepack.deidentify.pixels.boxes import Box, Mask, mask_of
from casepack.deidentify.pixels.criteria import ImageHeader
from casepack.deidentify.pixels.stored import Values
from casepack.deidentify.pixels.triage import Triage

_IMAGE_TYPE: Final = 0x00080008
_LOSSY: Final = 0x00282110
_FEWEST_BITS: Final = 10
"""Bits Stored of images in which tissue has enough values to spread over."""
_HIGH: Final = 0.1
"""Height of a line that is asked about, as a share of the smaller side of the frame."""
_SHARE: Final = 0.004
"""Share of the pixels of a line that hold its value, beyond what its neighbours hold."""
_NEAR: Final = 16
"""Values to each side that count as neighbours."""
_LIKELY: Final = 12
_MOST_VALUES: Final = 1 << 16


def is_as_acquired(header: ImageHeader, triage: Triage, *, bits_stored: int, lossy: bool) -> bool:
    """Tell whether an image is as the scanner acquired it, so that text on it was drawn last.

    Parameters
    ----------
    header
        The image's header.
    triage
        What it says about text.
    bits_stored
        Bits Stored (0028,0101).
    lossy
        Its Transfer Syntax may lose values.
    """
    image_type = (header.text(_IMAGE_TYPE) or "").upper().split("\\")
    acquired = [part.strip() for part in image_type[:2]] == ["ORIGINAL", "PRIMARY"]
    compressed = lossy or (header.text(_LOSSY) or "").strip() == "01"
    return acquired and not compressed and not triage.suspicions and bits_stored >= _FEWEST_BITS


def split_drawn(frame: Values, boxes: Iterable[Box]) -> tuple[tuple[Box, ...], tuple[Box, ...]]:
    """Return the boxes of text that was drawn, or is no larger than usual, and the others.

    Parameters
    ----------
    frame
        Values of one sample, shape (rows, columns).
    boxes
        What was found in it; those that overlap or touch are judged together.
    """
    drawn: list[Box] = []
    others: list[Box] = []
    for group in group_boxes(boxes):
        mask = mask_of(group, *frame.shape)
        (drawn if not _is_high(group, mask) or _repeats(frame[mask]) else others).extend(group)
    return tuple(sorted(drawn)), tuple(sorted(others))


def group_boxes(boxes: Iterable[Box]) -> Iterator[tuple[Box, ...]]:
    """Yield boxes in groups that overlap or touch: the pieces of an oblique line do."""
    left = sorted(set(boxes))
    while left:
        group = [left.pop(0)]
        for one in group:
            near = [other for other in left if _touch(one, other)]
            group += near
            left = [other for other in left if other not in near]
        yield tuple(sorted(group))


def _touch(one: Box, other: Box) -> bool:
    beside = one.left <= other.right and other.left <= one.right
    return beside and one.top <= other.bottom and other.top <= one.bottom


def _is_high(group: tuple[Box, ...], mask: Mask) -> bool:
    left, top, right, bottom = zip(*group, strict=True)
    length = max(max(right) - min(left), max(bottom) - min(top))
    return bool(mask.sum() / length >= _HIGH * min(mask.shape))


def _repeats(values: Values) -> bool:
    """Tell whether one value stands out of its neighbours in how often it occurs."""
    lowest = int(values.min())
    if int(values.max()) - lowest >= _MOST_VALUES:
        return True
    counts = np.bincount(values.astype(np.int64) - lowest)
    padded = np.pad(counts, _NEAR)
    for value in np.argsort(counts)[::-1][:_LIKELY]:
        near = np.delete(padded[value : value + 2 * _NEAR + 1], _NEAR)
        usual = np.sort(near)[-_NEAR // 2 :].mean()
        if counts[value] - 3 * usual >= _SHARE * values.size:
            return True
    return False
