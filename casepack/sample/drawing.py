"""The lesion drawn on both studies: polygons in mm, LPS, in the planes of the images."""

from __future__ import annotations

from typing import Any

import numpy as np

from casepack.sample.anatomy import build_spine
from casepack.sample.geometry import POSES, Slice, Vector, to_curve
from casepack.sample.lesion import LESIONS

_POINTS = 36
_T1 = {"value": "110804", "scheme": "DCM", "meaning": "T1 Weighted MR Signal Intensity"}
_T2 = {"value": "110805", "scheme": "DCM", "meaning": "T2 Weighted MR Signal Intensity"}
_DARK = {"value": "RID35804", "scheme": "RADLEX", "meaning": "Hypointense"}
_PATTERN = {"value": "RID6058", "scheme": "RADLEX", "meaning": "Enhancement pattern"}
_EVEN = {"value": "112160", "scheme": "DCM", "meaning": "Homogeneous"}


def lesion_depth(points: Vector, study: int) -> Vector:
    """Return the signed distance of patient coordinates (N, 3) from the lesion's surface, mm."""
    x, u, s = to_curve(POSES[study - 1], points)
    return np.asarray(LESIONS[study - 1].distance(x, u, s), dtype=np.float64)


def key_slice(planes: tuple[Slice, ...], study: int) -> int:
    """Return the place, from 0, of the slice that holds most of the lesion."""
    centre = _centre(study)
    gaps = [abs(float(np.dot(plane.normal, centre)) - plane.location) for plane in planes]
    return int(np.argmin(gaps))


def _centre(study: int) -> Vector:
    x, u, s = LESIONS[study - 1].centre
    straight = x - 1.4 * float(np.sin(s / 70))
    return POSES[study - 1].to_patient(build_spine().point(straight, u, s))


def outline(plane: Slice, study: int) -> list[list[float]] | None:
    """Return the border of the lesion in a plane, or None when it does not meet the plane.

    Rays run from the lesion's middle, put into the plane; each is halved until it ends on the
    surface, so every point lies in the plane to the last digit.
    """
    centre = _centre(study)
    centre = centre - plane.normal * (np.dot(plane.normal, centre) - plane.location)
    if lesion_depth(centre[None, :], study)[0] >= 0:
        return None
    angles = 2 * np.pi * np.arange(_POINTS) / _POINTS
    rays = np.outer(np.cos(angles), plane.row) + np.outer(np.sin(angles), plane.column)
    near, far = np.zeros(_POINTS), np.full(_POINTS, 30.0)
    for _ in range(30):
        middle = (near + far) / 2
        within = lesion_depth(centre + rays * middle[:, None], study) < 0
        near, far = np.where(within, middle, near), np.where(within, far, middle)
    points = centre + rays * near[:, None]
    return [[round(float(value), 4) + 0.0 for value in point] for point in points]


def lesion_drawings(planes: dict[tuple[int, int], tuple[Slice, ...]]) -> dict[str, Any]:
    """Return the content of ``lesions.json``; `planes` by (time point, Series Number)."""
    outlines = []
    for time_point in (1, 2):
        for series in (5, 4):
            stack = planes[time_point, series]
            points = outline(stack[key_slice(stack, time_point)], time_point)
            if points:
                outlines.append(
                    {"time_point": time_point, "series_number": series, "points": points}
                )
    seen = ((_T1, _DARK), (_T2, _DARK), (_PATTERN, _EVEN))
    return {
        "casepack_lesions": 1,
        "coordinate_system": "LPS",
        "unit": "mm",
        "lesions": [
            {
                "tracking_id": "lesion-1",
                "label": "Intramedullary metastasis at D12",
                "finding": {
                    "value": "14799000",
                    "scheme": "SCT",
                    "meaning": "Neoplasm, metastatic",
                },
                "sites": [
                    {"value": "2748008", "scheme": "SCT", "meaning": "Spinal cord"},
                    {"value": "23215003", "scheme": "SCT", "meaning": "T12 vertebra"},
                ],
                "outlines": outlines,
                "evaluations": [
                    {"time_point": time_point, "concept": concept, "value": value}
                    for time_point in (1, 2)
                    for concept, value in seen
                ],
            }
        ],
    }
