"""Polygons to pixels and pixels to polygons, on one image.

Positions are (column, row), 0-based, with pixel centres at whole numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from casepack.annotate.geometry.planes import Vector
from casepack.annotate.geometry.polygon import polygon_area

Image = NDArray[np.uint8]
_HALF = 127.5
"""Of 255: where the edge of a fractional region runs."""


def fill_polygon(vertices: Vector, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which pixel centres lie in a polygon, shape (Rows, Columns).

    A centre on an upper or left edge counts as inside, on a lower or right edge as outside, so
    that polygons that share an edge share no pixel.
    """
    rows, columns = size
    filled = np.zeros(size, dtype=np.bool_)
    ends = np.roll(vertices, -1, axis=0)
    lowest = max(0, int(np.floor(vertices[:, 1].min())))
    highest = min(rows - 1, int(np.ceil(vertices[:, 1].max())))
    for row in range(lowest, highest + 1):
        crossed = (vertices[:, 1] <= row) != (ends[:, 1] <= row)
        start, end = vertices[crossed], ends[crossed]
        share = (row - start[:, 1]) / (end[:, 1] - start[:, 1])
        cuts = np.sort(start[:, 0] + share * (end[:, 0] - start[:, 0]))
        for left, right in zip(cuts[::2], cuts[1::2], strict=True):
            first, last = max(0, int(np.ceil(left))), min(columns, int(np.ceil(right)))
            filled[row, first:last] = True
    return filled


def trace_outline(values: Image) -> Vector | None:
    """Return the outer edge of the largest connected part of a region, shape ``(n, 2)``.

    The edge runs half-way between a pixel centre inside and one outside (for fractional values
    where half of the maximum lies, by linear interpolation): marching squares. Parts that touch
    at a corner only are two parts, so that the outline never touches itself.

    Returns
    -------
    Vector | None
        Vertices, those on a straight line left out; None of an empty region.
    """
    rows, columns = values.shape
    field = np.zeros((rows + 2, columns + 2))
    field[1:-1, 1:-1] = values
    following = _cell_edges(field)
    best: Vector | None = None
    largest = 0.0
    while following:
        start = min(following)
        loop = [start]
        step = following.pop(start)
        while step != start:
            loop.append(step)
            step = following.pop(step)
        vertices = _without_collinear(np.array([_crossing(field, edge) for edge in loop]) - 1)
        area = polygon_area(vertices)
        if area > largest + 1e-9:
            best, largest = vertices, area
    if best is None:
        return None
    return np.asarray(np.clip(best, -0.5, [columns - 0.5, rows - 0.5]))


_Edge = tuple[int, int, int]
"""Row and column of a grid point, and 0 for the edge to the right of it, 1 for that below."""


def _cell_edges(field: Vector) -> dict[_Edge, _Edge]:
    """Return for each crossed grid edge the next one along the outline, the inside to its right."""
    inside = field > _HALF
    cells = (
        inside[:-1, :-1] * 8
        + inside[:-1, 1:] * 4
        + inside[1:, 1:] * 2
        + inside[1:, :-1].astype(int)
    )
    following: dict[_Edge, _Edge] = {}
    for row, column in np.argwhere((cells > 0) & (cells < 15)).tolist():  # noqa: PLR2004
        top, bottom = (row, column, 0), (row + 1, column, 0)
        left, right = (row, column, 1), (row, column + 1, 1)
        sides = {"t": top, "b": bottom, "l": left, "r": right}
        for pair in _PAIRS[int(cells[row, column])]:
            following[sides[pair[0]]] = sides[pair[1]]
    return following


_PAIRS = {
    1: ("lb",), 2: ("br",), 3: ("lr",), 4: ("rt",), 5: ("lb", "rt"), 6: ("bt",), 7: ("lt",),
    8: ("tl",), 9: ("tb",), 10: ("tl", "br"), 11: ("tr",), 12: ("rl",), 13: ("rb",), 14: ("bl",),
}  # fmt: skip
"""From side to side of a cell, by which corners are inside: top left 8, top right 4, bottom
right 2, bottom left 1. Opposite corners are kept apart."""


def _crossing(field: Vector, edge: _Edge) -> tuple[float, float]:
    row, column, down = edge
    here = field[row, column]
    there = field[row + down, column + 1 - down]
    share = (_HALF - here) / (there - here)
    return column + share * (1 - down), row + share * down


def _without_collinear(vertices: Vector) -> Vector:
    before, after = np.roll(vertices, 1, axis=0), np.roll(vertices, -1, axis=0)
    one, other = vertices - before, after - vertices
    turn = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    return np.asarray(vertices[np.abs(turn) > 1e-9])  # noqa: PLR2004  # rounding, in pixels
