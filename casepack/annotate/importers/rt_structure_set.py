"""RT Structure Sets: closed planar contours in mm (PS3.3 C.8.8.5, C.8.8.6)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from casepack.annotate.importers.imported import (
    LESION,
    as_point,
    name_label,
    not_understood,
    nothing_drawn,
    open_ring,
    tracking_id,
)
from casepack.annotate.planes import READ_ERRORS, Vector
from casepack.errors import CaseError
from casepack.model import Lesion, Outline, Point

_SAME_PLANE = 0.1
"""mm; contours nearer than this lie on one slice."""


def read_structure_set(path: Path, ds: Dataset) -> tuple[Lesion, ...]:
    """Return a lesion for each region of interest with closed contours, and its points.

    Raises
    ------
    CaseError
        A contour lies inside another on its slice: holes are not taken, as contours are joined.
    """
    try:
        named = {int(each.ROINumber): each for each in ds.StructureSetROISequence}
        contours = {int(each.ReferencedROINumber): each for each in ds.ROIContourSequence}
        lesions = [
            _lesion(number, named[roi], contours[roi], path)
            for number, roi in enumerate(named, 1)
            if roi in contours
        ]
    except CaseError:
        raise
    except READ_ERRORS:
        raise not_understood(path) from None
    usable = tuple(lesion for lesion in lesions if lesion.outlines)
    if not usable:
        raise nothing_drawn(path)
    return usable


def _lesion(number: int, roi: Dataset, contour: Dataset, path: Path) -> Lesion:
    frame_of_reference = str(roi.get("ReferencedFrameOfReferenceUID") or "")
    closed: list[tuple[Point, ...]] = []
    points: list[tuple[Point, ...]] = []
    for each in contour.get("ContourSequence") or []:
        data = np.array(each.ContourData, dtype=np.float64).reshape(-1, 3)
        found = tuple(as_point(row) for row in data.tolist())
        if each.ContourGeometricType == "CLOSED_PLANAR":
            closed.append(found)
        elif each.ContourGeometricType == "POINT":
            points.append(found)
    if _has_hole([np.array(each) for each in closed]):
        raise CaseError(
            "has a contour inside another on one slice",
            place=path.name,
            advice="Export the region as a DICOM Segmentation, which can hold holes.",
        )
    return Lesion(
        tracking_id=tracking_id(number),
        label=name_label(roi.get("ROIName"), number),
        finding=LESION,
        sites=(),
        outlines=tuple(_outline(each, frame_of_reference) for each in closed),
        markers=tuple(_outline(each, frame_of_reference) for each in points),
    )


def _outline(points: tuple[Point, ...], frame_of_reference: str) -> Outline:
    return Outline(
        time_point=None,
        series_number=None,
        points=open_ring(points),
        frame_of_reference_uid=frame_of_reference,
    )


def _has_hole(contours: Sequence[Vector]) -> bool:
    """Tell whether a contour begins inside another one on its plane."""
    for outer in contours:
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
