"""Outlines tied to their key images and measured in the plane of the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from casepack.annotate.planes import Plane, Vector, as_points, read_planes, slice_thickness
from casepack.annotate.polygon import (
    TOUCH,
    Axis,
    crosses_itself,
    find_long_axis,
    find_short_axis,
    has_repeated_vertices,
    polygon_area,
)
from casepack.errors import CaseError
from casepack.model import Deidentified, Lesion, MeasuredLesion, Measurement, Outline, Study
from casepack.standard.uids import derived_uid

FLATNESS = 0.5
"""mm; a polygon whose points lie farther than this from their common plane is not planar."""
_EDGE = 1e-3
"""px; a point may lie this far outside the image: rounding of a point drawn on its edge."""
_FEWEST = 3


def measure_lesions(
    deidentified: Deidentified, lesions: Sequence[Lesion]
) -> tuple[MeasuredLesion, ...]:
    """Tie each outline to the image that it was drawn on, and measure it there.

    The image is the frame of the named series whose plane is nearest to the outline and that
    holds the whole of it; of frames at one place (echoes, b values) the first. Every point must
    lie within half a Slice Thickness of that plane (without Slice Thickness: half of Spacing
    Between Slices, or of the distance to the next plane). The points are dropped onto the plane
    and measured there:

    - long axis: the longest distance between two vertices (RECIST 1.1);
    - short axis: the longest chord perpendicular to the long axis inside the polygon, see
      `casepack.annotate.polygon.find_short_axis`;
    - craniocaudal extent: the extent along z of the patient coordinate system;
    - area: by the shoelace formula.

    Lengths are in mm, areas in mm2; pixel positions are (column, row), 0-based, with pixel
    centres at whole numbers. Numbers are rounded to 6 decimals.

    Returns
    -------
    tuple[MeasuredLesion, ...]
        In the order of `lesions`, one measurement for each outline.

    Raises
    ------
    CaseError
        An outline names an unknown time point or series, fits no image of the series, reaches
        out of the image, or is no simple planar polygon; an evaluation names a time point
        without an outline; two lesions have the same tracking identifier.
    StudyError
        An image of the series cannot be read.
    """
    if len({lesion.tracking_id for lesion in lesions}) < len(lesions):
        raise CaseError("two lesions have the same tracking identifier", place="lesions")
    shelf = _Shelf(studies=deidentified.studies)
    return tuple(
        _measured(shelf, lesion, f"lesions[{number}]") for number, lesion in enumerate(lesions)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shelf:
    """The studies, with the planes of the series read so far."""

    studies: tuple[Study, ...]
    planes: dict[tuple[int, int], tuple[Plane, ...]] = field(default_factory=dict)

    def find(self, outline: Outline, place: str) -> tuple[Plane, ...]:
        key = (outline.time_point, outline.series_number)
        if key not in self.planes:
            self.planes[key] = self._read(*key, place)
        return self.planes[key]

    def _read(self, time_point: int, series_number: int, place: str) -> tuple[Plane, ...]:
        if not 1 <= time_point <= len(self.studies):
            raise CaseError(
                f"names a time point that does not exist; there are {len(self.studies)}",
                place=f"{place}.time_point",
                advice="Time points count the studies by date, from 1 for the earliest.",
            )
        found = [
            series
            for series in self.studies[time_point - 1].series
            if series.number == series_number
        ]
        if not found:
            raise CaseError(
                "names a Series Number that the study of this time point does not have",
                place=f"{place}.series_number",
                advice="casepack inspect lists the series of each study.",
            )
        planes = tuple(plane for series in found for plane in read_planes(series))
        if not planes:
            raise CaseError(
                "names a series without an image plane in the patient",
                place=f"{place}.series_number",
                advice="Name a series whose images have a position, orientation and spacing.",
            )
        return planes


def _measured(shelf: _Shelf, lesion: Lesion, place: str) -> MeasuredLesion:
    if not lesion.outlines:
        raise CaseError("has no outline", place=place, advice="Draw the lesion on an image.")
    drawn = {outline.time_point for outline in lesion.outlines}
    for number, evaluation in enumerate(lesion.evaluations):
        if evaluation.time_point not in drawn:
            raise CaseError(
                "names a time point at which the lesion has no outline",
                place=f"{place}.evaluations[{number}].time_point",
                advice="Draw the lesion at that time point, or leave the evaluation out.",
            )
    measurements = tuple(
        _measure(shelf, outline, f"{place}.outlines[{number}]")
        for number, outline in enumerate(lesion.outlines)
    )
    first = shelf.studies[0].study_instance_uid
    return MeasuredLesion(
        lesion=lesion,
        tracking_uid=derived_uid("tracking", first, lesion.tracking_id),
        measurements=measurements,
    )


def _measure(shelf: _Shelf, outline: Outline, place: str) -> Measurement:
    planes = shelf.find(outline, place)
    points = _checked_points(outline, f"{place}.points")
    plane = _key_plane(planes, points, f"{place}.points")
    if not plane.frame_of_reference_uid:
        raise CaseError(
            "lies on an image without a Frame of Reference UID",
            place=place,
            advice="De-identify with a recipe that replaces this UID and does not remove it.",
        )
    rows, columns = plane.size
    pixels = np.clip(plane.project(points), -0.5, [columns - 0.5, rows - 0.5])
    scale = np.array([plane.spacing[1], plane.spacing[0]])
    vertices = pixels * scale
    if has_repeated_vertices(vertices) or crosses_itself(vertices):
        raise CaseError(
            "is a polygon that crosses or touches itself",
            place=f"{place}.points",
            advice="Draw a simple outline: each point once, in order along the edge.",
        )
    placed = plane.place(pixels)
    long_axis = find_long_axis(vertices)
    short_axis = find_short_axis(vertices, long_axis)
    return Measurement(
        time_point=outline.time_point,
        study_instance_uid=shelf.studies[outline.time_point - 1].study_instance_uid,
        series_instance_uid=plane.series_instance_uid,
        sop_class_uid=plane.instance.sop_class_uid,
        sop_instance_uid=plane.instance.sop_instance_uid,
        frame=plane.frame,
        frame_of_reference_uid=plane.frame_of_reference_uid,
        polygon_mm=as_points(placed),
        polygon_px=tuple(_pixel(pixel) for pixel in pixels),
        long_axis_mm=round(long_axis.length, 6),
        long_axis_px=_ends(long_axis, scale),
        short_axis_mm=round(short_axis.length, 6),
        short_axis_px=_ends(short_axis, scale),
        craniocaudal_mm=round(float(np.ptp(placed[:, 2])), 6),
        area_mm2=round(polygon_area(vertices), 6),
    )


def _checked_points(outline: Outline, place: str) -> Vector:
    points = np.array(outline.points, dtype=np.float64).reshape(-1, 3)
    if not np.all(np.isfinite(points)):
        raise CaseError("holds a coordinate that is not a number", place=place)
    if len(points) > 1 and np.linalg.norm(points[0] - points[-1]) < TOUCH:
        points = points[:-1]
    if len(points) < _FEWEST:
        raise CaseError(
            "has fewer than 3 different points", place=place, advice="Draw a closed outline."
        )
    deviation = _deviation(points)
    if deviation > FLATNESS:
        raise CaseError(
            f"is not planar: its points lie up to {deviation:.1f} mm from a common plane",
            place=place,
            advice="Draw the outline on one image.",
        )
    return points


def _deviation(points: Vector) -> float:
    """Return the largest distance of a point from the plane fitted to all, in mm."""
    centred = points - points.mean(axis=0)
    normal = np.linalg.svd(centred, full_matrices=True)[2][2]
    return float(np.abs(centred @ normal).max())


def _key_plane(planes: tuple[Plane, ...], points: Vector, place: str) -> Plane:
    misfits = [float(np.abs(plane.distances(points)).max()) for plane in planes]
    allowed = [slice_thickness(plane, planes) / 2 for plane in planes]
    near = [number for number, misfit in enumerate(misfits) if misfit <= allowed[number] + TOUCH]
    if not near:
        nearest = min(range(len(planes)), key=misfits.__getitem__)
        raise CaseError(
            f"reaches {misfits[nearest]:.1f} mm from the nearest image plane of the series; "
            f"{allowed[nearest]:.1f} mm, half a slice, is allowed",
            place=place,
            advice="Name the series it was drawn on; check coordinate_system and time_point.",
        )
    overhangs = {number: _overhang(planes[number], points) for number in near}
    inside = [number for number in near if overhangs[number] <= 0]
    if not inside:
        raise CaseError(
            f"reaches {min(overhangs.values()):.1f} mm out of the image",
            place=place,
            advice="Name the series it was drawn on; check coordinate_system and time_point.",
        )
    # frames at one place differ by rounding only: the first of them is the key image
    least = min(misfits[number] for number in inside)
    return planes[next(number for number in inside if misfits[number] <= least + TOUCH)]


def _overhang(plane: Plane, points: Vector) -> float:
    """Return how far the points reach out of the image in mm; 0 when all are on it."""
    rows, columns = plane.size
    pixels = plane.project(points)
    beyond = np.maximum(-0.5 - pixels, pixels - np.array([columns - 0.5, rows - 0.5]))
    if float(beyond.max()) <= _EDGE:
        return 0.0
    return float((beyond * np.array([plane.spacing[1], plane.spacing[0]])).max())


def _pixel(position: Vector) -> tuple[float, float]:
    return round(float(position[0]), 6), round(float(position[1]), 6)


def _ends(axis: Axis, scale: Vector) -> tuple[tuple[float, float], tuple[float, float]]:
    return _pixel(axis.start / scale), _pixel(axis.end / scale)
