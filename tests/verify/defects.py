"""Defects, one at a time, each with the one code that names it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from tests.builders import write_instance
from tests.verify.archives import ARCHIVES
from tests.verify.studies import (
    ACCESSION,
    BIRTH,
    DATES,
    FAMILY,
    GIVEN,
    INSTITUTION,
    METHODS,
    NEW,
    PATIENT,
    PATIENT_ID,
    ROOT,
    SERIAL,
    STATION,
    Written,
    change,
    key_object,
    method,
    uid,
)


@dataclass(frozen=True)
class Defect:
    """What is done to clean results, and what must be found."""

    codes: frozenset[str]
    what: str
    spoil: Callable[[Written], object]

    def __str__(self) -> str:
        return f"{'+'.join(sorted(self.codes))}: {self.what}"


DEFECTS: list[Defect] = []


def defect(codes: str, what: str) -> Callable[[Callable[[Written], object]], None]:
    def add(spoil: Callable[[Written], object]) -> None:
        DEFECTS.append(Defect(codes=frozenset(codes.split()), what=what, spoil=spoil))

    return add


def on_first(codes: str, what: str, edit: Callable[[Dataset], object]) -> None:
    """The first file is changed."""
    defect(codes, what)(lambda written: change(written.first, edit))


def on_all(codes: str, what: str, edit: Callable[[Dataset], object]) -> None:
    """All files are changed alike, so that they do not disagree."""

    def spoil(written: Written) -> None:
        for path in sorted(written.root.rglob("*.dcm")):
            change(path, edit)

    defect(codes, what)(spoil)


def put(keyword: str, value: object) -> Callable[[Dataset], object]:
    return lambda ds: setattr(ds, keyword, value)


def put_tag(tag: int, vr: str, value: object) -> Callable[[Dataset], object]:
    def edit(ds: Dataset) -> None:
        ds.add_new(tag, vr, value)

    return edit


def claim(code: str) -> Callable[[Dataset], object]:
    return lambda ds: ds.DeidentificationMethodCodeSequence.append(method(code))


def take(keyword: str) -> Callable[[Dataset], object]:
    return lambda ds: delattr(ds, keyword)


def nested(keyword: str, value: object) -> Callable[[Dataset], object]:
    """Inside of a Sequence that may stand."""
    return lambda ds: setattr(ds.ReferencedImageSequence[0], keyword, value)


def _private(ds: Dataset) -> object:
    ds.private_block(0x0031, "NOBODY 1", create=True).add_new(0x01, "LO", "x")
    return ds


def _second_patient(ds: Dataset) -> None:
    if ds.StudyInstanceUID == uid(NEW, 2):
        ds.PatientID = "CASE0002"


def _other_reference(ds: Dataset) -> None:
    item = ds.ReferencedImageSequence[0]
    item.ReferencedSOPInstanceUID = uid(NEW, 1, 2, 2)


def _later(ds: Dataset) -> None:
    if ds.StudyInstanceUID == uid(NEW, 2):
        ds.StudyDate = str(int(ds.StudyDate) + 7)


def _unchanged(ds: Dataset) -> None:
    ds.SeriesDate = DATES[0]


def _add_archive(archive: bytes, written: Written) -> None:
    (written.root / "new").write_bytes(archive)


# ------------------------------------------------------------------------------ files
defect("file-empty", "a file of no bytes")(lambda w: (w.root / "new").write_bytes(b""))
defect("file-claims-dicom", "a text named like DICOM")(
    lambda w: (w.root / "new.dcm").write_text("text")
)
defect("file-symlink", "a link to a file")(lambda w: (w.root / "new").symlink_to(w.first))
defect("file-symlink", "a link to a folder")(lambda w: (w.root / "new").symlink_to(w.root))
defect("file-symlink", "a link to nothing")(lambda w: (w.root / "new").symlink_to("/nowhere"))
for _codes, _what, _archive in ARCHIVES:
    defect(_codes, f"an archive: {_what}")(partial(_add_archive, _archive))
defect("file-unreadable", "a pipe")(lambda w: os.mkfifo(w.root / "new"))


@defect("file-truncated instance-missing", "cut inside of the pixels")
def _cut(written: Written) -> None:
    written.first.write_bytes(written.first.read_bytes()[:-100])


@defect("file-malformed dates-not-declared instance-missing", "an unknown VR")
def _unknown_vr(written: Written) -> None:
    data = written.first.read_bytes()
    written.first.write_bytes(data.replace(b"\x28\x00\x10\x00US", b"\x28\x00\x10\x00ZZ"))


@defect("nothing-to-check instance-missing", "no file is left")
def _delete_all(written: Written) -> None:
    for path in written.root.rglob("*.dcm"):
        path.unlink()


# ------------------------------------------------------------------------ identifiers
on_first("identifier-patient-name", "in a kept text", put("SequenceName", FAMILY))
on_first("identifier-patient-name", "nested", nested("PositionReferenceIndicator", GIVEN))
on_first("identifier-person-name", "a physician in a kept text", put("SequenceName", "Oberländer"))
on_first("identifier-number", "the Patient ID in a kept text", put("SequenceName", PATIENT_ID))
on_first("identifier-number", "the accession number", put("PositionReferenceIndicator", ACCESSION))
on_first("identifier-number", "a weak Study ID where it was", put("StudyID", "4471"))
on_first("identifier-date", "a birth date in a text", put("SequenceName", BIRTH))
on_first("identifier-date", "a study date, written out", put("SequenceName", "8 Jan 2024"))
on_first("identifier-institution", "in a kept text", put("PositionReferenceIndicator", INSTITUTION))
on_first("identifier-institution", "its town", put("SequenceName", "seq tannweiler"))
on_first("identifier-device", "the station", put("SequenceName", STATION))
on_first("identifier-device", "the serial number", put("PositionReferenceIndicator", SERIAL))
on_first(
    "identifier-text identifier-number",
    "a private text",
    put("PositionReferenceIndicator", "as internal case 77-1234567"),
)
on_first("identifier-uid", "an original UID", put("IrradiationEventUID", uid(ROOT, 1, 1, 2)))
defect("identifier-patient-name", "the name of a file")(
    lambda w: (w.root / f"{FAMILY}.txt").write_text("nothing")
)


@defect("identifier-patient-name", "the name of a folder")
def _folder(written: Written) -> None:
    (written.root / PATIENT).mkdir()
    (written.root / PATIENT / "a.txt").write_text("nothing")


defect("name-in-text", "a physician's surname in a page")(
    lambda w: (w.root / "page.html").write_text("<p>Oberländer's sign</p>", "utf-8")
)
defect("institution-in-text", "a town in a page")(
    lambda w: (w.root / "page.html").write_text("<p>Born in Tannweiler.</p>", "utf-8")
)
on_first(
    "identifier-date date-unchanged date-without-option dates-contradiction",
    "nothing shifted, nothing claimed",
    lambda ds: (
        put("StudyDate", DATES[0])(ds),
        put(
            "DeidentificationMethodCodeSequence",
            Sequence([method(code) for code in METHODS if code != "113107"]),
        )(ds),
    ),
)

# ------------------------------------------------------------------------- attributes
on_first("attribute-not-removed", "a removed text", put("PatientAddress", "nowhere"))
on_first("attribute-not-removed", "nested", nested("OtherPatientIDs", "none"))
on_first(
    "attribute-not-removed option-not-claimed",
    "a device, and the Option that retains it is not claimed",
    put("GantryID", "GX-77001"),
)
on_first(
    "attribute-not-removed",
    "a device and what no Option retains",
    lambda ds: [put("GantryID", "GX-77001")(ds), put("OtherPatientIDs", "none")(ds)],
)
on_first("attribute-not-removed", "padding", put_tag(0xFFFCFFFC, "OB", b"\x01\x02"))
on_first("attribute-not-removed", "an admission", put("AdmissionID", "none at all"))
on_first(
    "attribute-not-removed",
    "an Attribute that pydicom does not know",
    lambda ds: ds.add_new(0x0040E012, "UR", "https://a.example"),
)
on_first("attribute-not-listed", "a URL", put("RetrieveURL", "https://archive.example/1"))
on_all("name-not-dummy", "a name that no original has", put("PatientName", "Fremd^Erich"))
on_all("birth-date-kept", "a birth date that no original has", put("PatientBirthDate", "19550101"))
on_all("age-over-89", "an age", put("PatientAge", "093Y"))
on_first("private-element", "with its creator", _private)
on_first(
    "private-not-safe",
    "claimed to be safe",
    lambda ds: [_private(ds), claim("113111")(ds)],
)
on_first(
    "private-unclaimed",
    "without a creator",
    lambda ds: [put_tag(0x00311001, "LO", "x")(ds), claim("113111")(ds)],
)
on_first("overlay-or-curve", "an overlay's row count", put_tag(0x60000010, "US", 8))
on_first("overlay-or-curve", "a curve", put_tag(0x50000005, "US", 1))


def _cleaned(tag: int, vr: str, value: object) -> Callable[[Dataset], object]:
    """Something drawn, and the claim that it was cleaned."""

    def edit(ds: Dataset) -> None:
        ds.DeidentificationMethodCodeSequence.append(method("113103"))
        ds.add_new(tag & 0xFFFF0000 | 0x0010, "US", 8)
        ds.add_new(tag, vr, value)

    return edit


on_first("overlay-not-shown", "an overlay, said to be clean", _cleaned(0x60003000, "OW", bytes(8)))
on_first("overlay-not-shown", "a curve, said to be clean", _cleaned(0x50003000, "OW", bytes(8)))
on_first("overlay-not-shown", "an overlay in a bit of the pixels", _cleaned(0x60020102, "US", 12))
on_first("claim-not-met", "UIDs are retained, it says", claim("113110"))
on_first("meaning-changed", "pixels of another size", put("PixelSpacing", [9, 9]))
on_first("meaning-changed", "another place", put("ImagePositionPatient", [-1, 2, 3]))
on_first("meaning-changed", "no place any more", take("ImagePositionPatient"))
on_first("meaning-changed", "the other side", put("Laterality", "L"))
on_first("meaning-changed", "brighter", put("RescaleSlope", 7))
on_first("meaning-changed", "the negative", put("PhotometricInterpretation", "MONOCHROME1"))


@defect("claim-not-met dates-contradiction", "full dates, it says, and they are shifted")
def _(written: Written) -> None:
    def edit(ds: Dataset) -> None:
        codes = ds.DeidentificationMethodCodeSequence
        ds.DeidentificationMethodCodeSequence = Sequence(
            [*(one for one in codes if one.CodeValue != "113107"), method("113106")]
        )

    change(written.first, edit)


def _bits(beyond: int, *, signed: bool = False) -> Callable[[Dataset], object]:
    def edit(ds: Dataset) -> None:
        ds.BitsStored, ds.HighBit = 12, 11
        ds.PixelRepresentation = int(signed)
        ds.PixelData = bytes(100) + beyond.to_bytes(2, "little") + bytes(len(ds.PixelData) - 102)

    return edit


ON_PIXELS = "instance-missing pixels-changed"
on_first(f"bits-unused {ON_PIXELS}", "a bit beyond Bits Stored", _bits(0x8001))
on_first(f"bits-unused {ON_PIXELS}", "a bit beyond a sign", _bits(0x8801, signed=True))
on_first(ON_PIXELS, "a sign that repeats itself", _bits(0xF801, signed=True))


on_first("group-0004", "a file ID", put_tag(0x00041500, "CS", "IM1"))
on_first(
    "encrypted-attributes",
    "an envelope",
    lambda ds: ds.add_new(0x04000500, "SQ", Sequence([Dataset()])),
)


def _insert(written: Written, at: bytes, element: bytes) -> None:
    """Put an encoded element before another one: pydicom writes no group lengths."""
    data = written.first.read_bytes()
    position = data.index(at, 300)
    written.first.write_bytes(data[:position] + element + data[position:])


defect("group-length", "of group 0010")(
    lambda w: _insert(w, b"\x10\x00\x10\x00PN", b"\x10\x00\x00\x00UL\x04\x00\x10\x00\x00\x00")
)
defect("element-repeated", "two Patient IDs")(
    lambda w: _insert(w, b"\x10\x00\x20\x00LO", b"\x10\x00\x20\x00LO\x08\x00CASE0001")
)
defect("command-group", "a command element")(
    lambda w: _insert(w, b"\x08\x00\x05\x00CS", b"\x00\x00\x02\x00UI\x04\x001.2\x00")
)


@defect("preamble-not-zero", "a TIFF header")
def _preamble(written: Written) -> None:
    written.first.write_bytes(b"II*\x00" + written.first.read_bytes()[4:])


@defect("trailing-bytes", "behind the pixels")
def _trailing(written: Written) -> None:
    written.first.write_bytes(written.first.read_bytes() + b"not an element at all")


def _meta(written: Written, edit: Callable[[Dataset], object]) -> None:
    ds = dcmread(written.first)
    edit(ds.file_meta)
    ds.save_as(written.first, enforce_file_format=False)


defect("meta-element", "an AE title")(
    lambda w: _meta(w, put("SourceApplicationEntityTitle", "ANYSCP"))
)
defect("meta-element", "private information")(
    lambda w: _meta(
        w,
        lambda meta: (
            put("PrivateInformationCreatorUID", "1.2.3.4")(meta),
            put("PrivateInformation", b"\x00\x01")(meta),
        ),
    )
)
defect("meta-mismatch", "another SOP Instance")(
    lambda w: _meta(w, put("MediaStorageSOPInstanceUID", "2.25.99"))
)

# ---------------------------------------------------------------------------- markers
on_first("not-marked", "the marker is missing", take("PatientIdentityRemoved"))
on_first("not-marked", "the marker says NO", put("PatientIdentityRemoved", "NO"))
on_first(
    "method-missing",
    "no code of the Profile",
    put(
        "DeidentificationMethodCodeSequence",
        Sequence([method(code) for code in METHODS if code != "113100"]),
    ),
)
on_first(
    "method-unknown",
    "a code of nothing",
    claim("113199"),
)
on_first(
    "method-contradiction",
    "full and modified dates",
    claim("113106"),
)
on_first("dates-not-declared", "missing", take("LongitudinalTemporalInformationModified"))
on_first(
    "dates-contradiction", "REMOVED", put("LongitudinalTemporalInformationModified", "REMOVED")
)
on_first("burned-in", "YES", put("BurnedInAnnotation", "YES"))
on_first(
    "pixel-claim-not-met",
    "claimed, not said",
    lambda ds: [take("BurnedInAnnotation")(ds), claim("113101")(ds)],
)
on_first(
    "visual-claim-not-met",
    "claimed, not said",
    claim("113102"),
)
on_first(
    "dates-contradiction date-without-option",
    "dates without their Option",
    put(
        "DeidentificationMethodCodeSequence",
        Sequence([method(code) for code in METHODS if code != "113107"]),
    ),
)

# ----------------------------------------------------------------------------- pixels
on_first(
    "pixels-changed instance-missing",
    "one bit",
    lambda ds: put("PixelData", bytes([ds.PixelData[0] ^ 1]) + ds.PixelData[1:])(ds),
)


@defect("pixels-repeated uid-duplicate instance-missing", "a file twice")
def _twice(written: Written) -> None:
    (written.root / "again.dcm").write_bytes(written.first.read_bytes())


@defect("pixels-repeated instance-missing", "an image twice, under another UID")
def _again(written: Written) -> None:
    ds = dcmread(written.first)
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = UID("2.25.4711")
    write_instance(ds, written.root / "again.dcm")


@defect("pixels-not-covered", "a box that the report declares and nobody covered")
def _not_covered(written: Written) -> None:
    uid = str(dcmread(written.first).SOPInstanceUID)
    covered = [{"frame": 1, "boxes": [[0, 0, 4, 4]]}]
    changed = [{"sop_instance_uid": uid, "frames": 1, "covered": covered}]
    report = {"pixels": {"examined": 1, "changed": changed}}
    (written.root / "report.json").write_text(json.dumps(report))


# ------------------------------------------------------------------------- references
on_first("uid-missing", "no Series", take("SeriesInstanceUID"))
on_first(
    "reference-broken",
    "an image that is not here",
    nested("ReferencedSOPInstanceUID", "2.25.123456"),
)
on_first(
    "reference-class", "another class", nested("ReferencedSOPClassUID", "1.2.840.10008.5.1.4.1.1.2")
)
on_first("reference-frame", "frame 2 of 1", nested("ReferencedFrameNumber", 2))
on_all("patients-mixed", "two patients", _second_patient)


defect("reference-dangling", "a key object of nothing")(
    lambda w: write_instance(key_object(target="2.25.123456"), w.root / "ko.dcm")
)


@defect("reference-series", "a key object that names another Study")
def _wrong_study(written: Written) -> None:
    ds = key_object()
    evidence = ds.CurrentRequestedProcedureEvidenceSequence[0]
    evidence.StudyInstanceUID = uid(NEW, 2)
    write_instance(ds, written.root / "ko.dcm")


# --------------------------------------------------------------------- correspondence
on_first("study-structure", "a series of its own", put("SeriesInstanceUID", "2.25.777"))
on_first(
    "uid-not-one-to-one", "a frame of reference of its own", put("FrameOfReferenceUID", "2.25.7")
)
on_first("reference-broken", "another image than the original names", _other_reference)
on_all("interval-changed", "one study a week later", _later)
on_first("date-unchanged identifier-date", "a date that stands where it stood", _unchanged)


@defect("instance-missing", "a file is deleted")
def _deleted(written: Written) -> None:
    max(written.root.rglob("*.dcm")).unlink()


# -------------------------------------------------------------------------- validators
on_first("iod-error", "a Type 1 Attribute is gone", take("SamplesPerPixel"))
on_first("entity-error", "two values in one Study", put("PatientSex", "M"))


@defect("sr-tree", "a content tree without a Value Type")
def _sr(written: Written) -> None:
    ds = key_object()
    ds.ValueType = "NOTHING"
    write_instance(ds, written.root / "ko.dcm")
