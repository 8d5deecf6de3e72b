"""The values that pass between the stages: frozen, without pydicom and without input or output.

Original paths, UIDs and dates are ``repr=False``, so that they reach no log and no traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from pathlib import Path
from typing import NamedTuple

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
    text: bool = False
    """Text was covered, not a face alone."""
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
    kept: int = 0
    """Images in which text was found and stays, on the word of the recipe or of a reviewer."""
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
            "kept": self.kept,
            "faces": None if self.faces is None else dict(self.faces),
            "changed": [
                {
                    "sop_instance_uid": uid,
                    "frames": change.frames,
                    "covered": [
                        {"frame": frame + 1, "boxes": [list(box) for box in boxes]}
                        for frame, boxes in change.boxes
                    ],
                    "text": change.text,
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


def unknown_record(software: str = "") -> Record:
    """Return what is known of a de-identification that another run did: nothing."""
    return Record(
        software=software,
        recipe="",
        recipe_digest="",
        edition="",
        options=(),
        overrides=(),
        actions=(),
        unused=(),
    )


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
