"""The lesions as plain JSON, for readers without a DICOM toolkit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from casepack.lesion import MeasuredCaliper, MeasuredLesion, Measurement, Response, Segment
from casepack.model import Code

_DIGITS = 3
"""Decimal places: 0.001 mm or pixel, far below what an image resolves."""


def describe_lesions(
    lesions: Sequence[MeasuredLesion], paths: Mapping[str, str]
) -> dict[str, object]:
    """Return the content of ``annotations/lesions.json``.

    Parameters
    ----------
    paths
        SOP Instance UID to path in the payload.
    """
    return {
        "format": "casepack-lesions/1",
        "about": {
            "mm": "Points are x, y, z in mm in the patient coordinate system of the Frame of "
            "Reference: x to the patient's left, y to posterior, z to the head "
            "(DICOM PS3.3 C.7.6.2.1.1).",
            "px": "Points are column, row; 0-based, pixel centres at whole numbers.",
            "frame": "1-based frame number.",
            "path": "Relative to the folder that holds index.html.",
        },
        "lesions": [_lesion(measured, paths) for measured in lesions],
    }


def _lesion(measured: MeasuredLesion, paths: Mapping[str, str]) -> dict[str, object]:
    lesion = measured.lesion
    return {
        "tracking_id": lesion.tracking_id,
        "tracking_uid": measured.tracking_uid,
        "label": lesion.label,
        "finding": _code(lesion.finding),
        "finding_sites": [_code(site) for site in lesion.sites],
        "evaluations": [
            {
                "time_point": evaluation.time_point,
                "concept": _code(evaluation.concept),
                "value": _code(evaluation.value),
            }
            for evaluation in lesion.evaluations
        ],
        "gone_at_time_points": list(lesion.absent),
        "measurements": [_measurement(one, paths) for one in measured.measurements],
        "segments": [_segment(one) for one in measured.segments],
        "calipers": [_caliper(one, paths) for one in measured.calipers],
        "responses": [_response(one) for one in measured.responses],
    }


def _place(one: Measurement | MeasuredCaliper, paths: Mapping[str, str]) -> dict[str, object]:
    """Return the image, or the frame of it, that something was drawn on."""
    return {
        "time_point": one.time_point,
        "study_instance_uid": one.study_instance_uid,
        "series_instance_uid": one.series_instance_uid,
        "sop_class_uid": one.sop_class_uid,
        "sop_instance_uid": one.sop_instance_uid,
        "path": paths.get(one.sop_instance_uid, ""),
        "frame": one.frame,
        "frame_of_reference_uid": one.frame_of_reference_uid,
    }


def _measurement(one: Measurement, paths: Mapping[str, str]) -> dict[str, object]:
    return _place(one, paths) | {
        "polygon_mm": _points(one.polygon_mm),
        "polygon_px": _points(one.polygon_px),
        "long_axis_mm": _round(one.long_axis_mm),
        "long_axis_px": _points(one.long_axis_px),
        "short_axis_mm": _round(one.short_axis_mm),
        "short_axis_px": _points(one.short_axis_px),
        "craniocaudal_mm": _round(one.craniocaudal_mm),
        "anteroposterior_mm": _known(one.anteroposterior_mm),
        "transverse_mm": _known(one.transverse_mm),
        "area_mm2": _round(one.area_mm2),
        "signal_ratio": _known(one.signal_ratio),
    }


def _segment(one: Segment) -> dict[str, object]:
    return {
        "time_point": one.time_point,
        "study_instance_uid": one.study_instance_uid,
        "series_instance_uid": one.series_instance_uid,
        "frame_of_reference_uid": one.frame_of_reference_uid,
        "frames": [
            {"sop_instance_uid": each.sop_instance_uid, "frame": each.frame} for each in one.frames
        ],
        "fractional": one.fractional,
        "volume_ml": _known(one.volume_ml),
        "craniocaudal_mm": _known(one.craniocaudal_mm),
        "anteroposterior_mm": _known(one.anteroposterior_mm),
        "transverse_mm": _known(one.transverse_mm),
    }


def _caliper(one: MeasuredCaliper, paths: Mapping[str, str]) -> dict[str, object]:
    return _place(one, paths) | {
        "extent": "point" if one.extent is None else str(one.extent),
        "points_mm": _points(one.points_mm),
        "points_px": _points(one.points_px),
        "length_mm": _round(one.length_mm),
    }


def _response(one: Response) -> dict[str, object]:
    return {
        "time_point": one.time_point,
        "baseline_time_point": one.baseline,
        "long_axis_percent": one.long_axis_percent,
        "axis_product_percent": one.axis_product_percent,
        "volume_percent": one.volume_percent,
        "category": _code(one.category),
        "compared_series_instance_uids": list(one.compared),
    }


def _code(code: Code) -> dict[str, str]:
    return {"value": code.value, "scheme": code.scheme, "meaning": code.meaning}


def _points(points: Sequence[Sequence[float]]) -> list[list[float]]:
    return [[_round(value) for value in point] for point in points]


def _known(value: float | None) -> float | None:
    return None if value is None else _round(value)


def _round(value: float) -> float:
    return round(float(value), _DIGITS) + 0.0  # the sum turns -0.0 into 0.0
