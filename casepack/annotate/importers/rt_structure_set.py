"""RT Structure Sets: closed planar contours in mm (PS3.3 C.8.8.5, C.8.8.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from casepack.annotate.geometry.planes import READ_ERRORS, Vector
from casepack.annotate.importers.imported import (
    LESION,
    as_point,
    name_label,
    not_understood,
    nothing_drawn,
    open_ring,
    tracking_id,
)
from casepack.lesion import Lesion, Outline, Point

_DIGITS = 3
_SAME_PLANE = 0.1
"""mm; contours nearer than this lie on one slice."""


def read_structure_set(path: Path, ds: Dataset) -> tuple[Lesion, ...]:
    """Return a lesion for each region of interest with closed contours, and its points.

    A region with holes, as contours inside others or as keyholes, is what an odd number of its
    contours encloses: it is filled on the images, and measured as a mask is.

    Raises
    ------
    CaseError
        The file does not hold what it should, or no closed contour.
    """
    try:
        named = {int(each.ROINumber): each for each in ds.StructureSetROISequence}
        contours = {int(each.ReferencedROINumber): each for each in ds.ROIContourSequence}
        lesions = [
            _lesion(number, named[roi], contours[roi])
            for number, roi in enumerate(named, 1)
            if roi in contours
        ]
    except READ_ERRORS:
        raise not_understood(path) from None
    usable = tuple(lesion for lesion in lesions if lesion.outlines)
    if not usable:
        raise nothing_drawn(path)
    return usable


def _lesion(number: int, roi: Dataset, contour: Dataset) -> Lesion:
    frame_of_reference = str(roi.get("ReferencedFrameOfReferenceUID") or "")
    drawn: dict[str, list[Outline]] = {"CLOSED_PLANAR": [], "CLOSEDPLANAR_XOR": [], "POINT": []}
    for each in contour.get("ContourSequence") or []:
        data = np.array(each.ContourData, dtype=np.float64).reshape(-1, 3)
        if each.ContourGeometricType in drawn:
            found = tuple(as_point(row) for row in data.tolist())
            drawn[each.ContourGeometricType].append(_outline(found, frame_of_reference))
    exclusive = drawn["CLOSEDPLANAR_XOR"]
    closed = drawn["CLOSED_PLANAR"] + exclusive
    holed = bool(exclusive) or _has_hole([np.array(each.points) for each in closed])
    return Lesion(
        tracking_id=tracking_id(number),
        label=name_label(roi.get("ROIName"), number),
        finding=LESION,
        sites=(),
        outlines=tuple(replace(each, even_odd=holed) for each in closed),
        markers=tuple(drawn["POINT"]),
    )


def _outline(points: tuple[Point, ...], frame_of_reference: str) -> Outline:
    return Outline(
        time_point=None,
        series_number=None,
        points=open_ring(points),
        frame_of_reference_uid=frame_of_reference,
    )


def _has_hole(contours: Sequence[Vector]) -> bool:
    """Tell whether a contour begins inside another one on its plane, or is a keyhole.

    A keyhole runs from the outer edge into a hole and back the same way (PS3.3 C.8.8.6.3).
    """
    for outer in contours:
        if len({tuple(point) for point in outer.round(_DIGITS).tolist()}) < len(outer):
            return True
        centred = outer - outer.mean(axis=0)
        _, _, axes = np.linalg.svd(centred, full_matrices=True)
        for inner in contours:
            if inner is outer or abs(float((inner[0] - outer[0]) @ axes[2])) > _SAME_PLANE:
                continue
            if _is_inside((inner[0] - outer[0]) @ axes[:2].T, (outer - outer[0]) @ axes[:2].T):
                return True
    return False


def _is_inside(point: Vector, polygon: Vector) -> bool:
    """Tell by the number of edges that a ray crosses."""
    ends = np.roll(polygon, -1, axis=0)
    crossed = (polygon[:, 1] <= point[1]) != (ends[:, 1] <= point[1])
    start, end = polygon[crossed], ends[crossed]
    cuts = start[:, 0] + (point[1] - start[:, 1]) / (end[:, 1] - start[:, 1]) * (
        end[:, 0] - start[:, 0]
    )
    return bool(np.count_nonzero(cuts > point[0]) % 2)
