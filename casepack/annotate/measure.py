"""Drawings tied to their images and measured: in the plane of the image, and in space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import numpy as np

from casepack.annotate.fitting import Fit, fit_points, fit_polygon
from casepack.annotate.geometry.planes import Plane, Vector, as_points
from casepack.annotate.geometry.polygon import (
    Axis,
    crosses_itself,
    find_long_axis,
    find_short_axis,
    has_repeated_vertices,
    polygon_area,
)
from casepack.annotate.geometry.raster import fill_polygon, trace_outline
from casepack.annotate.grid import VoxelStack, fit_mask, measure_stack, order_stack
from casepack.annotate.response import assess_responses
from casepack.annotate.shelf import Shelf, unknown_time_point
from casepack.annotate.signal import mean_signal
from casepack.errors import CaseError
from casepack.lesion import (
    Evaluation,
    Extent,
    Lesion,
    MeasuredCaliper,
    MeasuredLesion,
    Measurement,
    Outline,
    Segment,
)
from casepack.model import Deidentified
from casepack.standard.uids import derived_uid

_SAME_UIDS: Final[Mapping[str, str]] = MappingProxyType({})
_STEEP = float(np.cos(np.pi / 4))
"""A plane whose normal is within 45 degrees of an axis shows no extent along that axis."""
_FULL = 255


def measure_lesions(
    deidentified: Deidentified,
    lesions: Sequence[Lesion],
    *,
    uids: Mapping[str, str] = _SAME_UIDS,
) -> tuple[MeasuredLesion, ...]:
    """Tie each drawing to the images that it was made on, and measure it there.

    Which image that is, `casepack.annotate.fitting.fit_polygon` and
    `casepack.annotate.grid.fit_mask` say. Measured are, of an outline in its plane:

    - long axis: the longest distance between two vertices (RECIST 1.1);
    - short axis: the longest chord perpendicular to the long axis inside the polygon, see
      `casepack.annotate.geometry.polygon.find_short_axis`;
    - craniocaudal, anteroposterior and transverse extent: along z, y and x of the patient
      coordinate system; None for the one that the plane does not show;
    - area: by the shoelace formula, less the pixels of holes in a mask;
    - signal ratio: mean signal inside over that of the reference region on the same series.

    Of a mask, and of outlines on neighbouring slices: volume and extents of the voxels, see
    `casepack.annotate.grid.measure_stack`. A mask without an outline on its series is outlined
    on the slice where its area is largest. Lengths are in mm, areas in mm2, volumes in ml; pixel
    positions are (column, row), 0-based, with pixel centres at whole numbers. Numbers are rounded
    to 6 decimals.

    Parameters
    ----------
    uids
        Original UID to new UID, where drawings were made on the original study.

    Returns
    -------
    tuple[MeasuredLesion, ...]
        In the order of `lesions`, one measurement for each outline, then those of masks.

    Raises
    ------
    CaseError
        A drawing names an unknown time point, series or image, fits no image of the series,
        reaches out of the image, is no simple planar polygon or lies on another grid; two
        lesions have the same tracking identifier; a lesion is drawn where it is said to be gone.
    StudyError
        An image of the series cannot be read.
    """
    if len({lesion.tracking_id for lesion in lesions}) < len(lesions):
        raise CaseError("two lesions have the same tracking identifier", place="lesions")
    shelf = Shelf(studies=deidentified.studies, uids=uids)
    return tuple(
        _measured(shelf, lesion, f"lesions[{number}]") for number, lesion in enumerate(lesions)
    )


def _measured(shelf: Shelf, lesion: Lesion, place: str) -> MeasuredLesion:
    if not (lesion.outlines or lesion.masks or lesion.calipers):
        raise CaseError("has no outline", place=place, advice="Draw the lesion on an image.")
    fits = [
        _fit_simple(shelf, outline, f"{place}.outlines[{number}]")
        for number, outline in enumerate(lesion.outlines)
        if not outline.even_odd
    ]
    enclosed = _enclosed(shelf, lesion, place)
    masks = [
        (mask, fit_mask(shelf, mask, f"{place}.masks[{number}]"))
        for number, mask in enumerate(lesion.masks)
    ]
    stacks = [stack for _, stack in masks] + [stack for stack, _ in enclosed]
    fits += _traced(fits, stacks)
    references = [
        _fit_simple(shelf, outline, f"{place}.references[{number}]")
        for number, outline in enumerate(lesion.references)
    ]
    _refuse_lone_references(fits, references, place)
    measurements = tuple(_measure(shelf, fit, references, place) for fit in fits)
    segments = (
        *(measure_stack(shelf, stack, fractional=mask.fractional) for mask, stack in masks),
        *(
            measure_stack(shelf, stack, fractional=False, spatial=whole)
            for stack, whole in enclosed
        ),
        *_filled(shelf, fits, {stack.planes[0].series_instance_uid for stack in stacks}),
    )
    _refuse_times(shelf, lesion, {fit.plane.series_instance_uid for fit in fits}, place)
    return MeasuredLesion(
        lesion=_with_remarks(shelf, lesion, place),
        tracking_uid=derived_uid(
            "tracking", shelf.studies[0].study_instance_uid, lesion.tracking_id
        ),
        measurements=measurements,
        segments=tuple(sorted(segments, key=lambda one: one.time_point)),
        calipers=_calipers(shelf, lesion, place),
        responses=assess_responses(
            lesion, measurements, [_series_number(shelf, fit.plane) for fit in fits], segments
        ),
    )


def _with_remarks(shelf: Shelf, lesion: Lesion, place: str) -> Lesion:
    """Return the lesion with its remarks as evaluations; what the lesion file says comes first."""
    evaluations = list(lesion.evaluations)
    said = {(one.time_point, one.concept.value, one.concept.scheme) for one in evaluations}
    for number, remark in enumerate(lesion.remarks):
        where = f"{place}.remarks[{number}]"
        time_point = shelf.time_point(fit_points(shelf, remark.drawing, where).plane)
        key = (time_point, remark.concept.value, remark.concept.scheme)
        if key not in said:
            said.add(key)
            found = Evaluation(time_point=time_point, concept=remark.concept, value=remark.value)
            evaluations.append(found)
    return replace(lesion, evaluations=tuple(evaluations), remarks=())


def _series_number(shelf: Shelf, plane: Plane) -> int | None:
    return next(
        series.number
        for study in shelf.studies
        for series in study.series
        if series.series_instance_uid == plane.series_instance_uid
    )


def _refuse_times(shelf: Shelf, lesion: Lesion, drawn_on: set[str], place: str) -> None:
    count = len(shelf.studies)
    for number, evaluation in enumerate(lesion.evaluations):
        if not 1 <= evaluation.time_point <= count:
            raise unknown_time_point(count, f"{place}.evaluations[{number}].time_point")
    drawn = {
        time_point
        for time_point, study in enumerate(shelf.studies, 1)
        if drawn_on & {series.series_instance_uid for series in study.series}
    }
    for number, time_point in enumerate(lesion.absent):
        if not 1 <= time_point <= count:
            raise unknown_time_point(count, f"{place}.absent[{number}]")
        if time_point in drawn:
            raise CaseError(
                "says that the lesion is gone at a time point at which it is drawn",
                place=f"{place}.absent[{number}]",
                advice="Delete the one or the other.",
            )


def _fit_simple(shelf: Shelf, outline: Outline, place: str) -> Fit:
    fit = fit_polygon(shelf, outline, place)
    vertices = fit.pixels * _scale(fit.plane)
    if has_repeated_vertices(vertices) or crosses_itself(vertices):
        raise CaseError(
            "is a polygon that crosses or touches itself",
            place=f"{place}.points" if outline.image is None else f"{place}.pixels",
            advice="Draw a simple outline: each point once, in order along the edge.",
        )
    return fit


def _traced(fits: Sequence[Fit], stacks: Sequence[VoxelStack]) -> list[Fit]:
    """Return the outlines of masks where none is drawn: each on its slice of largest area."""
    drawn = {fit.plane.series_instance_uid for fit in fits}
    traced: list[Fit] = []
    for stack in stacks:
        if stack.planes[0].series_instance_uid in drawn:
            continue
        areas = stack.values.sum(axis=(1, 2), dtype=np.int64)
        number = int(np.argmax(areas))
        plane, values = stack.planes[number], stack.values[number]
        vertices = trace_outline(values)
        if vertices is not None:
            inside = fill_polygon(vertices, plane.size)
            hole = int(np.count_nonzero(inside & (values <= _FULL // 2)))
            traced.append(Fit(plane, vertices, hole))
    return traced


def _filled(shelf: Shelf, fits: Sequence[Fit], masked: set[str]) -> list[Segment]:
    """Return outlines as voxels, series by series, where no mask is given.

    A pixel is lesion when its centre lies in an outline of its slice. Outlines on at least two
    slices without one left out between them have a volume.
    """
    free = [fit for fit in fits if fit.plane.series_instance_uid not in masked]
    return [
        measure_stack(shelf, stack, fractional=False, spatial=whole)
        for stack, whole in _fill(shelf, free, even_odd=False)
    ]


def _enclosed(shelf: Shelf, lesion: Lesion, place: str) -> list[tuple[VoxelStack, bool]]:
    """Return the voxels that an odd number of contours encloses, and whether they have a volume."""
    fits = [
        fit_polygon(shelf, outline, f"{place}.outlines[{number}]")
        for number, outline in enumerate(lesion.outlines)
        if outline.even_odd
    ]
    return _fill(shelf, fits, even_odd=True)


def _fill(shelf: Shelf, fits: Sequence[Fit], *, even_odd: bool) -> list[tuple[VoxelStack, bool]]:
    on_series: dict[str, list[Fit]] = {}
    for fit in fits:
        on_series.setdefault(fit.plane.series_instance_uid, []).append(fit)
    filled: list[tuple[VoxelStack, bool]] = []
    for group in on_series.values():
        planes = order_stack((group[0].plane, *shelf.stack(group[0].plane)))
        values = np.zeros((len(planes), *planes[0].size), dtype=np.uint8)
        for fit in group:
            number = _place_of(fit.plane, planes)
            if number is not None:
                inside = fill_polygon(fit.pixels, fit.plane.size)
                before = values[number][inside]
                values[number][inside] = _FULL - before if even_odd else _FULL
        outlined = np.flatnonzero(values.any(axis=(1, 2)))
        if len(outlined):
            whole = len(outlined) > 1 and int(np.ptp(outlined)) + 1 == len(outlined)
            filled.append((VoxelStack(planes=planes, values=values), whole))
    return filled


def _place_of(plane: Plane, planes: Sequence[Plane]) -> int | None:
    return next(
        (
            number
            for number, each in enumerate(planes)
            if each.instance.sop_instance_uid == plane.instance.sop_instance_uid
            and each.frame == plane.frame
        ),
        None,
    )


def _measure(shelf: Shelf, fit: Fit, references: Sequence[Fit], place: str) -> Measurement:
    plane, pixels = fit.plane, fit.pixels
    scale = _scale(plane)
    vertices = pixels * scale
    placed = plane.place(pixels)
    long_axis = find_long_axis(vertices)
    short_axis = find_short_axis(vertices, long_axis)
    return Measurement(
        time_point=shelf.time_point(plane),
        study_instance_uid=shelf.study_uid(plane),
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
        area_mm2=round(polygon_area(vertices) - fit.hole * float(scale.prod()), 6),
        anteroposterior_mm=_extent(plane, placed, 1),
        transverse_mm=_extent(plane, placed, 0),
        signal_ratio=_signal_ratio(fit, references, place),
    )


def _extent(plane: Plane, points: Vector, axis: int) -> float | None:
    if abs(float(plane.normal[axis])) >= _STEEP:
        return None
    return round(float(np.ptp(points[:, axis])), 6)


def _signal_ratio(fit: Fit, references: Sequence[Fit], place: str) -> float | None:
    series = fit.plane.series_instance_uid
    same = [
        number for number, one in enumerate(references) if one.plane.series_instance_uid == series
    ]
    if not same:
        return None
    number = same[0]
    reference = references[number]
    below = mean_signal(reference.plane, reference.pixels, f"{place}.references[{number}]")
    if below <= 0:
        raise CaseError(
            "is a reference region without signal",
            place=f"{place}.references[{number}]",
            advice="Draw it on tissue.",
        )
    return round(mean_signal(fit.plane, fit.pixels, place) / below, 6)


def _refuse_lone_references(fits: Sequence[Fit], references: Sequence[Fit], place: str) -> None:
    outlined = {fit.plane.series_instance_uid for fit in fits}
    for number, reference in enumerate(references):
        if reference.plane.series_instance_uid not in outlined:
            raise CaseError(
                "is a reference region on a series that the lesion is not drawn on",
                place=f"{place}.references[{number}]",
                advice="Draw both on one series: signals of two series cannot be compared.",
            )


def _calipers(shelf: Shelf, lesion: Lesion, place: str) -> tuple[MeasuredCaliper, ...]:
    drawn: list[tuple[Extent | None, Outline, str]] = [
        (caliper.extent, caliper.ends, f"{place}.calipers[{number}]")
        for number, caliper in enumerate(lesion.calipers)
    ]
    drawn += [
        (None, marker, f"{place}.markers[{number}]") for number, marker in enumerate(lesion.markers)
    ]
    measured: list[MeasuredCaliper] = []
    for extent, drawing, where in drawn:
        fit = fit_points(shelf, drawing, where)
        placed = fit.plane.place(fit.pixels)
        if len(placed) != (1 if extent is None else 2):
            raise CaseError(
                "has not two different ends" if extent is not None else "is not one point",
                place=where,
            )
        measured.append(
            MeasuredCaliper(
                time_point=shelf.time_point(fit.plane),
                study_instance_uid=shelf.study_uid(fit.plane),
                series_instance_uid=fit.plane.series_instance_uid,
                sop_class_uid=fit.plane.instance.sop_class_uid,
                sop_instance_uid=fit.plane.instance.sop_instance_uid,
                frame=fit.plane.frame,
                frame_of_reference_uid=fit.plane.frame_of_reference_uid,
                extent=extent,
                points_mm=as_points(placed),
                points_px=tuple(_pixel(pixel) for pixel in fit.pixels),
                length_mm=round(float(np.linalg.norm(placed[-1] - placed[0])), 6),
            )
        )
    return tuple(measured)


def _scale(plane: Plane) -> Vector:
    return np.array([plane.spacing[1], plane.spacing[0]])


def _pixel(position: Vector) -> tuple[float, float]:
    return round(float(position[0]), 6), round(float(position[1]), 6)


def _ends(axis: Axis, scale: Vector) -> tuple[tuple[float, float], tuple[float, float]]:
    return _pixel(axis.start / scale), _pixel(axis.end / scale)
