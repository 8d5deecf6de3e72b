"""The planes of a series' images: where each frame lies in the patient.

Classic images carry their plane at the top level (Image Plane Module, PS3.3 C.7.6.2), enhanced
multi-frame images in the Plane Position, Plane Orientation and Pixel Measures macros, shared or
per frame (PS3.3 C.7.6.16.2).
"""

from __future__ import annotations

import math
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from casepack.errors import StudyError
from casepack.lesion import Point
from casepack.model import Instance, Series

Vector = NDArray[np.float64]

READ_ERRORS = (
    OSError,
    InvalidDicomError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    NotImplementedError,
    struct.error,
)
"""What pydicom raises on a damaged file; its messages quote values and are never passed on."""

_PLANE_TAGS = [
    "FrameOfReferenceUID",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "SliceThickness",
    "SpacingBetweenSlices",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
]
_RIGHT_ANGLE = 1e-2
"""Largest cosine between row and column that is still rounding in the header."""
_SAME_PLACE = 1e-2
"""mm; parallel planes nearer than this are frames of one slice."""
_UNKNOWN_THICKNESS = 1.0
"""mm; taken where neither the header nor a neighbouring plane tells the slice thickness."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plane:
    """The plane of one frame; lengths in mm, LPS."""

    instance: Instance
    series_instance_uid: str
    frame: int
    """1-based."""
    frame_of_reference_uid: str
    origin: Vector
    """Image Position (Patient): centre of the first pixel, shape ``(3,)``."""
    row: Vector
    """Direction of increasing column index, a unit vector."""
    column: Vector
    """Direction of increasing row index, a unit vector."""
    spacing: tuple[float, float]
    """Pixel Spacing: between rows, between columns."""
    size: tuple[int, int]
    """Rows and Columns."""
    thickness: float | None
    """Slice Thickness, or else Spacing Between Slices."""

    @property
    def normal(self) -> Vector:
        """Unit vector perpendicular to the plane."""
        normal = np.cross(self.row, self.column)
        return np.asarray(normal / np.linalg.norm(normal))

    def distances(self, points: Vector) -> Vector:
        """Return the signed distances of points, shape ``(n, 3)``, from the plane."""
        return np.asarray((points - self.origin) @ self.normal)

    def project(self, points: Vector) -> Vector:
        """Return (column, row) of points, shape ``(n, 3)``, dropped onto the plane.

        0-based, pixel centres at whole numbers: the inverse of PS3.3 C.7.6.2.1.1.
        """
        axes = np.stack([self.row * self.spacing[1], self.column * self.spacing[0]])
        return np.asarray((points - self.origin) @ np.linalg.pinv(axes))

    def place(self, pixels: Vector) -> Vector:
        """Return the points in the patient of (column, row) positions, shape ``(n, 2)``."""
        axes = np.stack([self.row * self.spacing[1], self.column * self.spacing[0]])
        return np.asarray(self.origin + pixels @ axes)


def read_planes(series: Series) -> tuple[Plane, ...]:
    """Return the plane of every frame of a series, in the order of its instances and frames.

    Frames without a position, an orientation or a pixel spacing are left out.

    Raises
    ------
    StudyError
        A file of the series cannot be read.
    """
    planes: list[Plane] = []
    for instance in series.instances:
        planes.extend(_instance_planes(series, instance))
    return tuple(planes)


def slice_thickness(plane: Plane, planes: tuple[Plane, ...]) -> float:
    """Return the thickness of a frame's slice in mm.

    Without Slice Thickness and Spacing Between Slices it is the distance to the nearest parallel
    plane of the series.
    """
    if plane.thickness is not None:
        return plane.thickness
    gaps = [
        abs(float(plane.distances(other.origin[np.newaxis])[0]))
        for other in planes
        if abs(float(np.dot(other.normal, plane.normal))) > 1 - _RIGHT_ANGLE
    ]
    return min((gap for gap in gaps if gap > _SAME_PLACE), default=_UNKNOWN_THICKNESS)


def _instance_planes(series: Series, instance: Instance) -> Iterator[Plane]:
    try:
        with warnings.catch_warnings():
            # pydicom's warnings quote values; a value that cannot be used is found below
            warnings.simplefilter("ignore")
            header = dcmread(instance.path, stop_before_pixels=True, specific_tags=_PLANE_TAGS)
            yield from [
                plane
                for frame, groups in enumerate(_frame_groups(header), 1)
                if (plane := _plane(series, instance, frame, header, groups)) is not None
            ]
    except READ_ERRORS:
        raise StudyError(
            "an image of the de-identified study cannot be read",
            advice="De-identify the study again.",
        ) from None


def _frame_groups(header: Dataset) -> Iterator[list[Dataset]]:
    """Yield for each frame the Items that may hold its plane, the most specific first."""
    shared = list(header.get("SharedFunctionalGroupsSequence") or [])
    per_frame = list(header.get("PerFrameFunctionalGroupsSequence") or [])
    if not shared and not per_frame:
        yield [header]
        return
    count = int(header.get("NumberOfFrames") or len(per_frame) or 1)
    for frame in range(count):
        yield per_frame[frame : frame + 1] + shared


_MACROS = {
    "ImagePositionPatient": "PlanePositionSequence",
    "ImageOrientationPatient": "PlaneOrientationSequence",
    "PixelSpacing": "PixelMeasuresSequence",
    "SliceThickness": "PixelMeasuresSequence",
    "SpacingBetweenSlices": "PixelMeasuresSequence",
}


def _numbers(groups: list[Dataset], keyword: str, count: int) -> list[float] | None:
    """Return the values of an Attribute of a frame, or None unless all are finite numbers."""
    for group in groups:
        holders: list[Any] = [group, *(group.get(_MACROS[keyword]) or [])]
        for holder in holders:
            value = holder.get(keyword)
            if value is None or value == "":
                continue
            values = [float(each) for each in (value if count > 1 else [value])]
            if len(values) == count and all(math.isfinite(each) for each in values):
                return values
    return None


def _plane(
    series: Series, instance: Instance, frame: int, header: Dataset, groups: list[Dataset]
) -> Plane | None:
    position = _numbers(groups, "ImagePositionPatient", 3)
    orientation = _numbers(groups, "ImageOrientationPatient", 6)
    spacing = _numbers(groups, "PixelSpacing", 2)
    rows, columns = int(header.get("Rows") or 0), int(header.get("Columns") or 0)
    if position is None or orientation is None or spacing is None or not rows * columns:
        return None
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    lengths = float(np.linalg.norm(row)), float(np.linalg.norm(column))
    if min(*lengths, *spacing) <= 0:
        return None
    row, column = row / lengths[0], column / lengths[1]
    if abs(float(np.dot(row, column))) > _RIGHT_ANGLE:
        return None
    return Plane(
        instance=instance,
        series_instance_uid=series.series_instance_uid,
        frame=frame,
        frame_of_reference_uid=str(header.get("FrameOfReferenceUID") or ""),
        origin=np.array(position),
        row=row,
        column=column,
        spacing=(spacing[0], spacing[1]),
        size=(rows, columns),
        thickness=_thickness(groups),
    )


def _thickness(groups: list[Dataset]) -> float | None:
    for keyword in ("SliceThickness", "SpacingBetweenSlices"):
        values = _numbers(groups, keyword, 1)
        if values is not None and abs(values[0]) > 0:
            return abs(values[0])
    return None


def as_points(array: Vector) -> tuple[Point, ...]:
    """Return an array of shape ``(n, 3)`` as points rounded to a nanometre.

    Rounding makes the files independent of how a processor sums in the last place.
    """
    return tuple((round(float(x), 6), round(float(y), 6), round(float(z), 6)) for x, y, z in array)
