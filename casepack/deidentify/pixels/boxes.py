"""Rectangles of pixels: joined along lines of text, and made from masks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

_MOSTLY: Final = 0.9


class Box(NamedTuple):
    """Columns `left` to `right` and rows `top` to `bottom`, 0-based, ends excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top


def clip_boxes(boxes: Iterable[Box], rows: int, columns: int) -> tuple[Box, ...]:
    """Return what of the boxes lies in an image, sorted, each once; empty ones are left out."""
    clipped = {
        Box(max(0, box[0]), max(0, box[1]), min(columns, box[2]), min(rows, box[3]))
        for box in boxes
    }
    return tuple(sorted(box for box in clipped if box.width > 0 and box.height > 0))


def mask_of(boxes: Iterable[Box], rows: int, columns: int) -> Mask:
    """Return the pixels inside the boxes, shape (rows, columns)."""
    mask = np.zeros((rows, columns), dtype=np.bool_)
    for box in clip_boxes(boxes, rows, columns):
        mask[box.top : box.bottom, box.left : box.right] = True
    return mask


def lies_in(box: Box, mask: Mask) -> bool:
    """Tell whether nearly all of a box lies in a mask."""
    return float(mask[box.top : box.bottom, box.left : box.right].mean()) >= _MOSTLY


def boxes_of(mask: Mask) -> tuple[Box, ...]:
    """Return rectangles that hold the pixels of a mask and no other, none twice.

    Runs of a row that stand below one another make one rectangle.
    """
    open_runs: dict[tuple[int, int], int] = {}
    done: list[Box] = []
    for row in range(len(mask) + 1):
        runs = set(_runs(mask[row])) if row < len(mask) else set()
        ended = [run for run in open_runs if run not in runs]
        done.extend(Box(run[0], open_runs.pop(run), run[1], row) for run in ended)
        for run in runs:
            open_runs.setdefault(run, row)
    return tuple(sorted(done))


def _runs(line: Mask) -> list[tuple[int, int]]:
    if not line.any():
        return []
    edges = np.flatnonzero(np.diff(np.concatenate(([False], line, [False])).astype(np.int8)))
    return [(int(edges[at]), int(edges[at + 1])) for at in range(0, len(edges), 2)]


def join_along_lines(boxes: Iterable[Box]) -> tuple[Box, ...]:
    """Return the boxes with those of one line of text joined: words side by side, or stacked.

    Two are of one line when they overlap across it by half of the narrower one, are of similar
    height, and the gap between them is no longer than they are high, nor than either is thick: what
    lies between two long lines, one far below the other, is no part of them. Boxes that overlap in
    most of the smaller one are joined too.
    """
    open_boxes = list(boxes)
    done: list[Box] = []
    while open_boxes:
        box = open_boxes.pop()
        for at, other in enumerate(open_boxes):
            if _of_one_line(box, other):
                open_boxes[at] = _around(box, other)
                break
        else:
            done.append(box)
    return tuple(sorted(done))


def _around(first: Box, second: Box) -> Box:
    return Box(
        min(first.left, second.left),
        min(first.top, second.top),
        max(first.right, second.right),
        max(first.bottom, second.bottom),
    )


def _of_one_line(first: Box, second: Box) -> bool:
    gap = (
        max(first.left, second.left) - min(first.right, second.right),
        max(first.top, second.top) - min(first.bottom, second.bottom),
    )
    sizes = ((first.width, second.width), (first.height, second.height))
    thickness = max(min(box.width, box.height) for box in (first, second))
    for along, across in ((0, 1), (1, 0)):
        high = sizes[across]
        overlap = -gap[across] / min(high)
        near = gap[along] <= min(*high, thickness)
        if overlap >= 0.5 and max(high) <= 1.7 * min(high) and near:  # noqa: PLR2004  # half; similar
            return True
    smaller = min(first.width * first.height, second.width * second.height)
    return gap[0] < 0 and gap[1] < 0 and gap[0] * gap[1] >= 0.7 * smaller
