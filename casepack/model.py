"""The values that pass between the stages: frozen, without pydicom and without input or output.

Original paths, UIDs and dates are ``repr=False``, so that they reach no log and no traceback.
Coordinates are in mm in the patient coordinate system of the Frame of Reference
(LPS: x to the left, y to posterior, z to the head; PS3.3 C.7.6.2.1.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from pathlib import Path
from typing import NamedTuple

Point = tuple[float, float, float]
Pixel = tuple[float, float]
Edges = tuple[int, int, int, int]
"""Of a rectangle: first column, first row, end column, end row; 0-based, ends excluded."""
Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total); the library itself never prints."""


def no_progress(_stage: str, _done: int, _total: int) -> None:
    """Observe nothing: the default of every long-running function."""


class Action(StrEnum):
    """Action codes of PS3.15 Table E.1-1a."""

    DUMMY = "D"
    ZERO = "Z"
    REMOVE = "X"
    KEEP = "K"
    CLEAN = "C"
    UID = "U"


class Option(Enum):
    """Options of the Basic Application Level Confidentiality Profile; value: code in CID 7050."""

    CLEAN_PIXEL_DATA = "113101"
    CLEAN_RECOGNIZABLE_VISUAL_FEATURES = "113102"
    CLEAN_GRAPHICS = "113103"
    CLEAN_STRUCTURED_CONTENT = "113104"
    CLEAN_DESCRIPTORS = "113105"
    RETAIN_LONGITUDINAL_FULL_DATES = "113106"
    RETAIN_LONGITUDINAL_MODIFIED_DATES = "113107"
    RETAIN_PATIENT_CHARACTERISTICS = "113108"
    RETAIN_DEVICE_IDENTITY = "113109"
    RETAIN_UIDS = "113110"
    RETAIN_SAFE_PRIVATE = "113111"
    RETAIN_INSTITUTION_IDENTITY = "113112"


class AttributeType(StrEnum):
    """Data Element Types of PS3.5 Section 7.4."""

    TYPE_1 = "1"
    TYPE_1C = "1C"
    TYPE_2 = "2"
    TYPE_2C = "2C"
    TYPE_3 = "3"


class Reason(StrEnum):
    """Why a file was not used: a closed list, the only words that leave for reports."""

    NOT_DICOM = "not-dicom"
    DICOMDIR = "dicomdir"
    CLAIMS_DICOM = "claims-dicom"
    UNREADABLE = "unreadable"
    TRUNCATED = "truncated"
    MALFORMED = "malformed"
    NO_UID = "no-uid"
    TRANSFER_SYNTAX_UNKNOWN = "transfer-syntax-unknown"
    SOP_CLASS_UNKNOWN = "sop-class-unknown"
    SOP_CLASS_PRIVATE = "sop-class-private"
    DUPLICATE = "duplicate"
    SECONDARY_CAPTURE = "secondary-capture"
    BURNED_IN = "burned-in"
    PIXELS_NOT_DECODED = "pixels-not-decoded"
    STRUCTURED_CONTENT = "structured-content"
    GRAPHICS = "graphics"
    ENCAPSULATED_DOCUMENT = "encapsulated-document"
    AUDIO = "audio"
    TEXT_NOT_DECODABLE = "text-not-decodable"
    REFERENCE_MISSING = "reference-missing"
    LOCALIZER = "localizer"
    OUTPUT_COLLISION = "output-collision"
    NOT_UNDERSTOOD = "not-understood"

    @property
    def held(self) -> bool:
        """True when content may be lost by leaving the file out, so that the exit code is 3."""
        return self not in {Reason.NOT_DICOM, Reason.DICOMDIR, Reason.LOCALIZER}

    @property
    def advice(self) -> str:
        """What the user can do about it."""
        return _ADVICE[self]


_ADVICE: Mapping[Reason, str] = {
    Reason.NOT_DICOM: "not a DICOM file; left out",
    Reason.DICOMDIR: "the original DICOMDIR is never passed on; a new one is written",
    Reason.CLAIMS_DICOM: "named like a DICOM file but is none; export it again or delete it",
    Reason.UNREADABLE: "the file cannot be opened; check its permissions",
    Reason.TRUNCATED: "the file ends inside an element; export it again from the PACS",
    Reason.MALFORMED: "the encoding is not valid DICOM; export it again from the PACS",
    Reason.NO_UID: "a Study, Series or SOP Instance UID or the SOP Class is missing",
    Reason.TRANSFER_SYNTAX_UNKNOWN: "convert it to a standard Transfer Syntax first",
    Reason.SOP_CLASS_UNKNOWN: "casepack has no Attribute Types for this SOP Class",
    Reason.SOP_CLASS_PRIVATE: "PS3.15 defines no de-identification of private SOP Classes",
    Reason.DUPLICATE: "another file has the same SOP Instance UID; the first by name was taken",
    Reason.SECONDARY_CAPTURE: "may hold burned-in text; review it and leave it out",
    Reason.BURNED_IN: "its header does not exclude burned-in text; review it and leave it out",
    Reason.PIXELS_NOT_DECODED: "no decoder for its Pixel Data, or they contradict the header",
    Reason.STRUCTURED_CONTENT: (
        "a report needs the Option CleanStructuredContent; with it, one that holds tables or terms "
        "that PS3.3 does not define is held"
    ),
    Reason.GRAPHICS: (
        "a presentation state needs the Option CleanGraphics; with it, one whose shutter is drawn "
        "in an overlay is held"
    ),
    Reason.REFERENCE_MISSING: (
        "refers to an instance that is not in the folder or is held; add it, or leave this one out"
    ),
    Reason.ENCAPSULATED_DOCUMENT: "documents inside DICOM cannot be cleaned; leave it out",
    Reason.AUDIO: "a voice identifies the speaker; leave it out",
    Reason.TEXT_NOT_DECODABLE: "text does not fit its Specific Character Set",
    Reason.LOCALIZER: "a localizer that may show the face; the recipe has it left out",
    Reason.OUTPUT_COLLISION: "two inputs gave one output; report this",
    Reason.NOT_UNDERSTOOD: "casepack failed on this file; report this with casepack's version",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One SOP Instance in one file."""

    path: Path = field(repr=False)
    sop_class_uid: str
    sop_instance_uid: str = field(repr=False)
    transfer_syntax_uid: str
    number: int | None = None
    """Instance Number (0020,0013)."""
    frames: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The instances of one Series, sorted by Instance Number, then by SOP Instance UID."""

    series_instance_uid: str = field(repr=False)
    modality: str
    number: int | None
    """Series Number (0020,0011)."""
    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """The series of one Study, sorted by Series Number."""

    study_instance_uid: str = field(repr=False)
    date: str = field(repr=False)
    time: str = field(repr=False)
    series: tuple[Series, ...]

    @property
    def instances(self) -> tuple[Instance, ...]:
        """All instances, series by series."""
        return tuple(instance for series in self.series for instance in series.instances)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    """A file that was not used; `number` is its place in the sorted listing of the folder."""

    number: int
    path: Path = field(repr=False)
    reason: Reason
    sop_instance_uid: str = field(repr=False, default="")


class IdentifyingValue(NamedTuple):
    """A value of an Attribute that Table E.1-1 lists, as it stands in a file."""

    tag: int
    vr: str
    character_set: bytes
    """Specific Character Set (0008,0005) of its Data Set."""
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSet:
    """The studies of one patient found in a folder, by date: time point 1, 2, ..."""

    root: Path = field(repr=False)
    patient_id: str = field(repr=False, default="")
    """Patient ID with its issuer: whom the pseudonyms and the date shift belong to."""
    identifiers: tuple[bytes, ...] = field(repr=False, default=())
    """Names and IDs of the patient as they stand in the files, encoded: no kept text may echo
    them."""
    identity: tuple[IdentifyingValue, ...] = field(repr=False, default=())
    """Each distinct value of the listed names, IDs, places and dates, at every nesting level."""
    studies: tuple[Study, ...]
    unused: tuple[Unused, ...] = ()

    @property
    def instances(self) -> tuple[Instance, ...]:
        """All instances of all studies."""
        return tuple(instance for study in self.studies for instance in study.instances)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionCount:
    """How often an Action was applied to an Attribute, and on whose word."""

    sop_class_uid: str
    tag: str
    """``(gggg,eeee)``; private tags are counted together as ``(odd groups)``."""
    name: str
    action: Action
    source: str
    """``E.1-1``, ``E.1-1 113107``, ``E.1-1 gap``, ``not in IOD`` or ``recipe:line``."""
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TextCounts:
    """What became of the texts that were cleaned: counts of distinct values of an Attribute."""

    cleaned: int
    changed: int
    unknown_words: int
    """Distinct words that went because no list knows them."""
    approved: int = 0
    rejected: int = 0
    kept: int = 0
    """As they were, on the word of a person."""
    refused: int = 0
    """Decisions that were not carried out: they would write an identifier of the study."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelChange:
    """How the Pixel Data of an image differ from those of its original."""

    frames: int
    """Frames of the image."""
    boxes: tuple[tuple[int, tuple[Edges, ...]], ...] = ()
    """What was covered, by 0-based frame; frames without a box are left out."""
    cleared: bool = False
    """Bits beyond Bits Stored were cleared."""
    decompressed: str = ""
    """Why the Transfer Syntax is another one, if it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelRecord:
    """What cleaning pixels did."""

    examined: int
    """Images that were looked at."""
    doubtful: int = 0
    """Images in which something looks like large text and was not drawn; it stays."""
    changes: tuple[tuple[str, PixelChange], ...] = ()
    """By new SOP Instance UID."""
    faces: tuple[tuple[str, int], ...] | None = None
    """How many images had no face, one that was removed, or were not assessed; None where the
    recipe does not ask."""

    def as_json(self) -> dict[str, object]:
        """Return it as reports hold it: frames from 1, boxes as in `Edges`."""
        return {
            "examined": self.examined,
            "doubtful": self.doubtful,
            "faces": None if self.faces is None else dict(self.faces),
            "changed": [
                {
                    "sop_instance_uid": uid,
                    "frames": change.frames,
                    "covered": [
                        {"frame": frame + 1, "boxes": [list(box) for box in boxes]}
                        for frame, boxes in change.boxes
                    ],
                    "unused_bits_cleared": change.cleared,
                    "decompressed": change.decompressed,
                }
                for uid, change in self.changes
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a de-identification did: counts and codes, never a value."""

    software: str
    """``casepack 0.1.0``."""
    recipe: str
    recipe_digest: str
    edition: str
    options: tuple[Option, ...]
    """The Options that were truly carried out."""
    overrides: tuple[str, ...]
    """Lines of the recipe that loosen the Profile, with their justification."""
    actions: tuple[ActionCount, ...]
    unused: tuple[tuple[Reason, int], ...]
    not_carried_out: tuple[str, ...] = ()
    """What the recipe asks for and this version does not do: Options, filters."""
    texts: TextCounts | None = None
    """None where no text was cleaned as a descriptor."""
    pixels: PixelRecord | None = None
    """None where pixels were not examined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deidentified:
    """De-identified studies below `root`; paths and UIDs in it are all new."""

    root: Path
    studies: tuple[Study, ...]
    record: Record

    @property
    def instances(self) -> tuple[Instance, ...]:
        """All instances of all studies."""
        return tuple(instance for study in self.studies for instance in study.instances)


class Severity(StrEnum):
    """How bad a finding is; an error makes the exit code 1."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a check found. Names a place, never a value."""

    code: str
    severity: Severity
    message: str
    section: str
    """Section of the standard or specification."""
    advice: str
    file: str = ""
    """Path relative to what was checked; holds new identifiers only."""
    place: str = ""
    """Tag path such as ``(0008,1032)[0].(0008,0104)``, or a key, line or offset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check that was run: what it looked at, and how much of it."""

    name: str
    title: str
    examined: int
    findings: int
    skipped: str = ""
    """Why it was not run, when it was not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """De-identified studies that passed every check. Only `casepack.verify` makes one."""

    deidentified: Deidentified
    checks: tuple[Check, ...]
    warnings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A coded concept: Code Value, Coding Scheme Designator, Code Meaning (PS3.3 8.8)."""

    value: str
    scheme: str
    meaning: str


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
