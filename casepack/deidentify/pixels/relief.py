"""The skin drawn as a relief, as somebody would do who wants to recognise a patient."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from casepack.deidentify.pixels.planes import Vectors

Floats = NDArray[np.float64]

_CELL: Final = 2.0
"""Size of a pixel, mm."""
_WIDEST_GAP: Final = 14.0
"""Between slices, mm: wider gaps stay black."""
_LIGHT: Final = np.array((-0.5, -0.7, 0.5)) / np.linalg.norm((-0.5, -0.7, 0.5))
"""From the upper left in front of the patient."""
_BORDER: Final = 8
_MOST: Final = 512
"""Pixels in a direction: a stray point far away makes no huge picture."""


def draw_relief(points: Vectors, frame: Vectors | None = None) -> NDArray[np.uint8]:
    """Draw points of the skin as a surface lit from the upper left, seen from in front.

    Parameters
    ----------
    points
        x, y and z in mm (LPS), shape (points, 3).
    frame
        Points that give the picture its size, for two pictures to lie one on the other; the points
        themselves if it is None.

    Returns
    -------
    numpy.ndarray
        Shape (rows, columns, 3); where nothing is known it is black.
    """
    frame = points if frame is None else frame
    if len(frame) < 2:  # noqa: PLR2004  # no surface
        return np.zeros((2 * _BORDER, 2 * _BORDER, 3), dtype=np.uint8)
    low, high = frame.min(axis=0) / _CELL, frame.max(axis=0) / _CELL
    columns, rows = (min(_MOST, int(high[i] - low[i]) + 1 + 2 * _BORDER) for i in (0, 2))
    depth = np.full((rows, columns), np.inf)
    across = np.rint(points[:, 0] / _CELL - low[0]).astype(int) + _BORDER
    down = np.rint(high[2] - points[:, 2] / _CELL).astype(int) + _BORDER
    inside = (across >= 0) & (across < columns) & (down >= 0) & (down < rows)
    np.minimum.at(depth, (down[inside], across[inside]), points[inside, 1])
    return _shade(_filled(_filled(depth).T).T)


def _filled(depth: Floats) -> Floats:
    """Close the gaps of each row that are no wider than between slices."""
    filled = depth.copy()
    for row in filled:
        (known,) = np.nonzero(np.isfinite(row))
        for before, after in pairwise(known):
            if 1 < after - before <= _WIDEST_GAP / _CELL:
                row[before:after] = np.linspace(row[before], row[after], after - before + 1)[:-1]
    return filled


def _shade(depth: Floats) -> NDArray[np.uint8]:
    known = np.isfinite(depth)
    flat = np.where(known, depth, depth[known].max() if known.any() else 0.0)
    down, across = np.gradient(flat, _CELL)
    normal = np.stack((across, -np.ones_like(flat), -down), axis=-1)
    lit = (normal @ _LIGHT) / np.linalg.norm(normal, axis=-1)
    grey = np.where(known, 40 + 200 * np.clip(lit, 0, 1), 0).astype(np.uint8)
    return np.stack([grey] * 3, axis=-1)
