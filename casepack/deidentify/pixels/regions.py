"""A region of the patient, as the rectangle that each frame shows of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from casepack.deidentify.pixels.boxes import Box, clip_boxes
from casepack.deidentify.pixels.planes import Plane
from casepack.lesion import Point

Region = tuple[Point, Point]
"""Two opposite corners of a box whose faces lie along the axes of the patient, mm, LPS."""


def cut_region(region: Region, plane: Plane) -> Box | None:
    """Return the rectangle around what a frame shows of a region; None if it shows nothing of it.

    Parameters
    ----------
    region
        What is to be covered.
    plane
        Where the frame lies; it shows a slab of its Slice Thickness.
    """
    low, high = np.minimum(*region), np.maximum(*region)
    corners = np.array(list(product(*zip(low, high, strict=True))))
    axes = np.array([plane.row, plane.column, np.cross(plane.row, plane.column)])
    local = (corners - np.array(plane.position)) @ axes.T
    half = plane.thickness / 2
    points = [point for point in local if abs(point[2]) <= half]
    for first in range(8):
        for second in range(first + 1, 8):
            if (first ^ second).bit_count() == 1:
                points += _crossings(local[first], local[second], half)
    if not points:
        return None
    across, down = (np.array(points)[:, at] / plane.spacing[1 - at] for at in (0, 1))
    box = Box(
        int(np.floor(across.min() + 0.5)),
        int(np.floor(down.min() + 0.5)),
        int(np.ceil(across.max() + 0.5)),
        int(np.ceil(down.max() + 0.5)),
    )
    clipped = clip_boxes([box], plane.rows, plane.columns)
    return clipped[0] if clipped else None


def _crossings(
    first: NDArray[np.float64], second: NDArray[np.float64], half: float
) -> Iterator[NDArray[np.float64]]:
    """Yield where an edge goes through the faces of the slab."""
    for level in (-half, half):
        if (first[2] - level) * (second[2] - level) < 0:
            share = (level - first[2]) / (second[2] - first[2])
            yield first + share * (second - first)
