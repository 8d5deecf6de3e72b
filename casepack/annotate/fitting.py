"""Drawn points tied to the image that they were drawn on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from casepack.annotate.geometry.planes import Plane, Vector, slice_thickness
from casepack.annotate.geometry.polygon import TOUCH
from casepack.annotate.shelf import Shelf, two_time_points
from casepack.errors import CaseError
from casepack.lesion import Outline

FLATNESS = 0.5
"""mm; a polygon whose points lie farther than this from their common plane is not planar."""
_EDGE = 1e-3
"""px; a point may lie this far outside the image: rounding of a point drawn on its edge."""
_FEWEST = 3


class Fit(NamedTuple):
    """Points on the plane of one frame: (column, row), shape ``(n, 2)``."""

    plane: Plane
    pixels: Vector
    hole: int = 0
    """Pixels inside that are no part of the region."""


def fit_polygon(shelf: Shelf, outline: Outline, place: str) -> Fit:
    """Return the image of a closed outline, and its vertices on it.

    The image is the frame of the named series whose plane is nearest to the outline and that
    holds the whole of it; of frames at one place (echoes, b values) the first. Every point must
    lie within half a Slice Thickness of that plane (without Slice Thickness: half of Spacing
    Between Slices, or of the distance to the next plane). The points are dropped onto the plane.

    Raises
    ------
    CaseError
        The outline is not planar, fits no image, or reaches out of it.
    """
    if outline.image is not None or outline.pixels:
        return _refuse_few(_on_named_image(shelf, outline, place), f"{place}.pixels")
    points = _points(outline, f"{place}.points")
    if len(points) > 1 and np.linalg.norm(points[0] - points[-1]) < TOUCH:
        points = points[:-1]
    if len(points) < _FEWEST:
        raise _too_few(f"{place}.points")
    deviation = _deviation(points)
    if deviation > FLATNESS:
        raise CaseError(
            f"is not planar: its points lie up to {deviation:.1f} mm from a common plane",
            place=f"{place}.points",
            advice="Draw the outline on one image.",
        )
    return _in_patient(shelf, outline, points, place)


def fit_points(shelf: Shelf, drawing: Outline, place: str) -> Fit:
    """Return the image of a point or a line, as `fit_polygon` does for an outline."""
    if drawing.image is not None or drawing.pixels:
        return _on_named_image(shelf, drawing, place)
    return _in_patient(shelf, drawing, _points(drawing, f"{place}.points"), place)


def _refuse_few(fit: Fit, place: str) -> Fit:
    if len(fit.pixels) < _FEWEST:
        raise _too_few(place)
    return fit


def _too_few(place: str) -> CaseError:
    return CaseError(
        "has fewer than 3 different points", place=place, advice="Draw a closed outline."
    )


def _on_named_image(shelf: Shelf, outline: Outline, place: str) -> Fit:
    if outline.image is None:
        raise CaseError(
            "gives pixel positions without the image that they lie on",
            place=place,
            advice='Name it in a lesion file: "drawings": [{"file": ..., "time_point": 1,'
            ' "series_number": ..., "image": {"instance_number": ...}}].',
        )
    plane = shelf.find_image(outline.image, outline, place)
    pixels = np.array(outline.pixels, dtype=np.float64).reshape(-1, 2)
    if not np.all(np.isfinite(pixels)):
        raise CaseError("holds a coordinate that is not a number", place=f"{place}.pixels")
    if len(pixels) > 1 and np.allclose(pixels[0], pixels[-1], rtol=0, atol=TOUCH):
        pixels = pixels[:-1]
    overhang = _overhang(plane, pixels)
    if overhang > 0:
        raise _outside(overhang, f"{place}.pixels")
    return _checked(plane, pixels, place)


def _points(outline: Outline, place: str) -> Vector:
    points = np.array(outline.points, dtype=np.float64).reshape(-1, 3)
    if not np.all(np.isfinite(points)):
        raise CaseError("holds a coordinate that is not a number", place=place)
    return points


def _in_patient(shelf: Shelf, outline: Outline, points: Vector, place: str) -> Fit:
    stacks = shelf.find(outline, place)
    planes = tuple(chain.from_iterable(stacks))
    near = _near_planes(shelf, planes, points, f"{place}.points")
    if outline.time_point is None and len({shelf.time_point(plane) for plane in near}) > 1:
        raise two_time_points(place)
    return _checked(near[0], near[0].project(points), place)


def _checked(plane: Plane, pixels: Vector, place: str) -> Fit:
    if not plane.frame_of_reference_uid:
        raise CaseError(
            "lies on an image without a Frame of Reference UID",
            place=place,
            advice="De-identify with a recipe that replaces this UID and does not remove it.",
        )
    rows, columns = plane.size
    return Fit(plane, np.clip(pixels, -0.5, [columns - 0.5, rows - 0.5]))


def _deviation(points: Vector) -> float:
    """Return the largest distance of a point from the plane fitted to all, in mm."""
    centred = points - points.mean(axis=0)
    normal = np.linalg.svd(centred, full_matrices=True)[2][2]
    return float(np.abs(centred @ normal).max())


def _near_planes(
    shelf: Shelf, planes: Sequence[Plane], points: Vector, place: str
) -> tuple[Plane, ...]:
    """Return the planes that fit best, all equally, in the order of the series."""
    misfits = [float(np.abs(plane.distances(points)).max()) for plane in planes]
    allowed = [slice_thickness(plane, shelf.stack(plane)) / 2 for plane in planes]
    near = [number for number, misfit in enumerate(misfits) if misfit <= allowed[number] + TOUCH]
    if not near:
        nearest = min(range(len(planes)), key=misfits.__getitem__)
        raise CaseError(
            f"reaches {misfits[nearest]:.1f} mm from the nearest image plane of the series; "
            f"{allowed[nearest]:.1f} mm, half a slice, is allowed",
            place=place,
            advice="Name the series it was drawn on; check coordinate_system and time_point.",
        )
    overhangs = {number: _overhang(planes[number], points=points) for number in near}
    inside = [number for number in near if overhangs[number] <= 0]
    if not inside:
        raise _outside(min(overhangs.values()), place)
    # frames at one place differ by rounding only: the first of them is the key image
    least = min(misfits[number] for number in inside)
    return tuple(planes[number] for number in inside if misfits[number] <= least + TOUCH)


def _outside(overhang: float, place: str) -> CaseError:
    return CaseError(
        f"reaches {overhang:.1f} mm out of the image",
        place=place,
        advice="Name the series it was drawn on; check coordinate_system and time_point.",
    )


def _overhang(plane: Plane, pixels: Vector | None = None, *, points: Vector | None = None) -> float:
    """Return how far positions reach out of the image in mm; 0 when all are on it."""
    rows, columns = plane.size
    if pixels is None:
        pixels = plane.project(points if points is not None else np.zeros((0, 3)))
    beyond = np.maximum(-0.5 - pixels, pixels - np.array([columns - 0.5, rows - 0.5]))
    if float(beyond.max()) <= _EDGE:
        return 0.0
    return float((beyond * np.array([plane.spacing[1], plane.spacing[0]])).max())
