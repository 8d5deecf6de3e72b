"""The lesion as it passes between case, annotations and package: frozen, without input or output.

Coordinates are in mm in the patient coordinate system of the Frame of Reference
(LPS: x to the left, y to posterior, z to the head; PS3.3 C.7.6.2.1.1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from casepack.model import Code

Point = tuple[float, float, float]
Pixel = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageName:
    """One image of a series, named by its Instance Number, or by its SOP Instance UID.

    The UID may be the original one, where a drawing was made on the original study.
    """

    instance_number: int | None = None
    sop_instance_uid: str = field(repr=False, default="")
    frame: int = 1
    """1-based frame number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A closed planar polygon drawn on one series at one time point.

    It is given as points in the patient, or as pixel positions on a named image.
    """

    time_point: int | None
    """1 for the earliest study, 2 for the next; None: the only one that its Frame of Reference,
    its image or its geometry fits."""
    series_number: int | None
    """None: the first series, by Series Number, whose images it fits best."""
    points: tuple[Point, ...] = ()
    """At least three points, not repeating the first; mm, LPS."""
    image: ImageName | None = None
    pixels: tuple[Pixel, ...] = ()
    """(column, row) on `image`, 0-based, pixel centres at whole numbers."""
    frame_of_reference_uid: str = field(repr=False, default="")
    """Of the study it was drawn on, as far as it is known; may be the original one."""
    even_odd: bool = False
    """One of several contours that enclose a region together: what lies in an even number of them
    is a hole."""


class Extent(StrEnum):
    """What a distance drawn by hand measures."""

    LENGTH = "length"
    LONG_AXIS = "long axis"
    SHORT_AXIS = "short axis"
    CRANIOCAUDAL = "craniocaudal"
    ANTEROPOSTERIOR = "anteroposterior"
    TRANSVERSE = "transverse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caliper:
    """A distance drawn by hand: two ends, placed as the points of an outline are."""

    extent: Extent
    ends: Outline


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """A region of voxels on a grid in the patient."""

    time_point: int | None
    series_number: int | None
    shape: tuple[int, int, int]
    """Number of voxels along the three indices (k, j, i), as `values` runs."""
    affine: tuple[tuple[float, float, float, float], ...]
    """Three rows: from the indices (i, j, k, 1) to the centre of the voxel, mm, LPS."""
    values: bytes = field(repr=False)
    """One byte a voxel, i running fastest: how much of it is lesion, 0 to 255."""
    fractional: bool = False
    """True: values between 0 and 255 mean something; else each is 0 or 255."""
    resample: bool = False
    """Take the nearest voxel where the grid is not that of the series."""
    frame_of_reference_uid: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A qualitative finding at a time point: concept name and coded value."""

    time_point: int
    concept: Code
    value: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A qualitative finding of another program's report: said of a drawing, not of a time point."""

    concept: Code
    value: Code
    drawing: Outline = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesion:
    """One lesion as drawn, followed over time points under one tracking identifier."""

    tracking_id: str
    label: str
    finding: Code
    sites: tuple[Code, ...]
    outlines: tuple[Outline, ...]
    evaluations: tuple[Evaluation, ...] = ()
    remarks: tuple[Remark, ...] = ()
    """Become evaluations once it is known which image each drawing lies on."""
    masks: tuple[Mask, ...] = ()
    calipers: tuple[Caliper, ...] = ()
    markers: tuple[Outline, ...] = ()
    """Single points."""
    references: tuple[Outline, ...] = ()
    """Regions of normal tissue, to which the signal of the lesion on the same series relates."""
    absent: tuple[int, ...] = ()
    """Time points at which the lesion was looked for and is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """An outline tied to its key image and measured in its plane."""

    time_point: int
    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    frame: int
    """1-based frame number."""
    frame_of_reference_uid: str
    polygon_mm: tuple[Point, ...]
    polygon_px: tuple[Pixel, ...]
    """(column, row), 0-based, pixel centres at whole numbers."""
    long_axis_mm: float
    long_axis_px: tuple[Pixel, Pixel]
    short_axis_mm: float
    short_axis_px: tuple[Pixel, Pixel]
    craniocaudal_mm: float
    area_mm2: float
    anteroposterior_mm: float | None = None
    """None where the plane is coronal and shows no such extent."""
    transverse_mm: float | None = None
    """None where the plane is sagittal and shows no such extent."""
    signal_ratio: float | None = None
    """Mean signal inside the outline over that of the reference region on the same series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentedFrame:
    """What of one frame is lesion."""

    sop_class_uid: str
    sop_instance_uid: str
    frame: int
    """1-based frame number."""
    values: bytes = field(repr=False)
    """Rows times Columns, row by row: 0 to 255."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A lesion as voxels of the images of a series, and its measures in space."""

    time_point: int
    study_instance_uid: str
    series_instance_uid: str
    frame_of_reference_uid: str
    rows: int
    columns: int
    fractional: bool
    frames: tuple[SegmentedFrame, ...]
    """Frames that hold some of the lesion, from one end of the stack to the other."""
    volume_ml: float | None
    """Voxels times pixel area times distance of the slices; None on a single slice."""
    craniocaudal_mm: float | None = None
    """Extents of the voxels along z, y and x of the patient; None on a single slice."""
    anteroposterior_mm: float | None = None
    transverse_mm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredCaliper:
    """A distance drawn by hand, or a marked point, tied to its image."""

    time_point: int
    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    frame: int
    frame_of_reference_uid: str
    extent: Extent | None
    """None for a marked point."""
    points_mm: tuple[Point, ...]
    points_px: tuple[Pixel, ...]
    length_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """How a lesion changed from the first time point at which it was measured."""

    time_point: int
    baseline: int
    """Time point compared with."""
    long_axis_percent: float | None
    """Changes in percent of the value at baseline: -38.0 is smaller."""
    axis_product_percent: float | None
    volume_percent: float | None
    category: Code
    """RECIST 1.1 applied to this lesion alone."""
    compared: tuple[str, ...] = ()
    """Series Instance UIDs of the outlines that were compared, that of baseline first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredLesion:
    """A lesion with its tracking UID and its measurements, one for each outline."""

    lesion: Lesion
    tracking_uid: str
    measurements: tuple[Measurement, ...]
    segments: tuple[Segment, ...] = ()
    calipers: tuple[MeasuredCaliper, ...] = ()
    """Calipers, then marked points."""
    responses: tuple[Response, ...] = ()
