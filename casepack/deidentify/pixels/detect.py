"""Lines of text in frames, found by a small network on the stored values at native resolution.

The network says for each cell of 4 x 4 pixels how likely it is text. What it was trained with, what
it finds and what it misses stands in ``casepack/textfinder/model/MODEL_CARD.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from casepack.deidentify.pixels.boxes import Box, Mask, boxes_of, clip_boxes, join_along_lines
from casepack.textfinder.network import CELL, Likelihood, text_likelihood

_SURE: Final = 0.85
"""A line holds a cell that is at least this likely in the mean of all views."""
_PERHAPS: Final = 0.35
"""So does one with a cell that is at least this likely, if its ink repeats one value exactly."""
_SURE_BESIDE, _PERHAPS_BESIDE = 0.5, 0.3
"""The same where the frame has another line, the latter in one view: text seldom stands alone."""
_POSSIBLE: Final = 0.07
"""Cells at least this likely belong to a line when they touch it."""
_FEWEST_CELLS: Final = 3
_FULL: Final = 0.5
"""Share of its rectangle that a line fills, unless it runs obliquely."""
_STEEPEST: Final = 1.5
"""How much more often than the values beside it a value of tissue or noise occurs at most."""
_BESIDE: Final = 2
"""Values to each side that a value is compared with."""
_DEVIATIONS: Final = 9.0
"""By how many standard deviations a drawn value stands out; tissue of MR stays below 5."""
_MOST_VALUES: Final = 1 << 16
LARGEST_FRAME: Final = 1 << 24
"""Pixels of the largest frame that is examined."""


def find_text(frames: NDArray[Any]) -> tuple[tuple[Box, ...], ...]:
    """Find lines of burned-in text, in each frame by itself.

    Parameters
    ----------
    frames
        Stored values, shape (frames, rows, columns), or (frames, rows, columns, 3) for colours in
        RGB. Colours are examined twice, as the largest and as the smallest of the three, unless
        they are equal.

    Returns
    -------
    tuple
        For each frame the boxes to cover, in pixels of the frame. They overlap, and are larger than
        the ink by about a cell.

    Raises
    ------
    ValueError
        A frame has more pixels than `LARGEST_FRAME`.
    """
    if frames.shape[1] * frames.shape[2] > LARGEST_FRAME:
        raise ValueError("the frame is too large to be examined")
    return tuple(_find(frame) for frame in frames)


def _find(frame: NDArray[Any]) -> tuple[Box, ...]:
    if not frame.size:
        return ()
    if frame.ndim == 2:  # noqa: PLR2004  # rows, columns
        planes = [frame]
    else:
        largest, smallest = frame.max(axis=-1), frame.min(axis=-1)
        planes = [largest] if np.array_equal(largest, smallest) else [largest, smallest]
    found = [box for plane in planes for box in decode(text_likelihood(plane), plane)]
    return clip_boxes(found, frame.shape[0], frame.shape[1])


def decode(likelihood: Likelihood, frame: NDArray[Any]) -> tuple[Box, ...]:
    """Return the boxes of the lines in a map of cells, in pixels, grown by a cell.

    Cells above a low bound that touch one another are a line when one of them is above a high one,
    or above a middle one and drawn for certain: many of its pixels in `frame` hold the very same
    value, as tissue never does. The bounds are lower in a frame that has a line already. A line
    that fills little of its rectangle runs obliquely, and becomes several boxes.
    """
    if not likelihood.most.size or likelihood.most.max() < _PERHAPS_BESIDE:
        return ()
    found = [
        cells
        for cells in _components(likelihood.mean >= _POSSIBLE, likelihood.most >= _PERHAPS_BESIDE)
        if len(cells) >= _FEWEST_CELLS
    ]
    if not any(_is_line(cells, likelihood, frame, alone=True) for cells in found):
        return ()
    lines: list[Box] = []
    pieces: list[Box] = []
    for cells in found:
        if not _is_line(cells, likelihood, frame, alone=False):
            continue
        top, left = cells.min(axis=0)
        bottom, right = cells.max(axis=0) + 1
        box = Box(int(left), int(top), int(right), int(bottom))
        if len(cells) >= _FULL * box.width * box.height or min(box.width, box.height) <= 2:  # noqa: PLR2004  # cells
            lines.append(box)
        else:
            mask = np.zeros((box.height, box.width), dtype=np.bool_)
            mask[cells[:, 0] - top, cells[:, 1] - left] = True
            pieces.extend(
                Box(part[0] + box.left, part[1] + box.top, part[2] + box.left, part[3] + box.top)
                for part in boxes_of(mask)
            )
    return tuple(_in_pixels(box) for box in (*join_along_lines(lines), *pieces))


def _is_line(
    cells: NDArray[np.intp], likelihood: Likelihood, frame: NDArray[Any], *, alone: bool
) -> bool:
    surest = float(likelihood.mean[cells[:, 0], cells[:, 1]].max())
    if surest >= (_SURE if alone else _SURE_BESIDE):
        return True
    if alone and surest < _PERHAPS:
        return False
    return _stands_out(_pixels_of(cells, frame), frame.min())


def _pixels_of(cells: NDArray[np.intp], frame: NDArray[Any]) -> NDArray[Any]:
    """Return the values of a frame inside of cells."""
    top, left = cells.min(axis=0)
    inside = np.zeros(cells.max(axis=0) + 1 - (top, left), dtype=np.bool_)
    inside[cells[:, 0] - top, cells[:, 1] - left] = True
    part = frame[top * CELL :, left * CELL :]
    mask = inside.repeat(CELL, axis=0).repeat(CELL, axis=1)[: part.shape[0], : part.shape[1]]
    values: NDArray[Any] = part[: mask.shape[0], : mask.shape[1]][mask]
    return values


def _stands_out(values: NDArray[Any], least: Any) -> bool:  # noqa: ANN401  # a number of any kind
    """Tell whether one value occurs far more often than those beside it let expect.

    The `least` value of the frame does not count: it often is what surrounds the patient.
    """
    if not np.issubdtype(values.dtype, np.integer):
        return False
    lowest = int(least)
    if int(values.max()) - lowest >= _MOST_VALUES:
        return False
    counts = np.bincount(values.astype(np.int64) - lowest)
    padded = np.pad(counts, _BESIDE)
    beside = [padded[start : start + counts.size] for start in range(2 * _BESIDE + 1)]
    del beside[_BESIDE]
    usual = _STEEPEST * np.max(beside, axis=0)
    # counts of single values vary by about their root
    return bool(((counts - usual) / np.sqrt(usual + 1))[1:].max(initial=0) >= _DEVIATIONS)


def _in_pixels(box: Box) -> Box:
    return Box(
        (box.left - 1) * CELL,
        (box.top - 1) * CELL,
        (box.right + 1) * CELL,
        (box.bottom + 1) * CELL,
    )


def _components(possible: Mask, sure: Mask) -> Iterator[NDArray[np.intp]]:
    """Yield the rows and columns of the cells that hang together, corners too, with a sure one."""
    left_over = {(int(row), int(column)) for row, column in np.argwhere(possible)}
    for row, column in np.argwhere(sure):
        seed = (int(row), int(column))
        if seed not in left_over:
            continue
        left_over.discard(seed)
        together, next_cells = [seed], [seed]
        while next_cells:
            y, x = next_cells.pop()
            for near in ((y + a, x + b) for a in (-1, 0, 1) for b in (-1, 0, 1)):
                if near in left_over:
                    left_over.discard(near)
                    together.append(near)
                    next_cells.append(near)
        yield np.array(together, dtype=np.intp)
