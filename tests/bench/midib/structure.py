"""The header around the sentences: an image of a scanner, and what its structure is asked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, MRImageStorage

from tests.bench.midib.check import Action, AttributePath, Check
from tests.bench.midib.identities import Identity, Person
from tests.bench.midib.planting import Planter

Pixels = np.ndarray[tuple[int, int], np.dtype[np.uint16]]

SIDE: Final = 32
_PRIVATE: Final = (
    ("SIEMENS MR HEADER", 0x0019, 0x0C, "IS", "1000"),
    ("SIEMENS MR HEADER", 0x0019, 0x0D, "CS", "DIRECTIONAL"),
    ("Philips Imaging DD 001", 0x2001, 0x03, "FL", 1000.0),
    ("Philips Imaging DD 001", 0x2001, 0x87, "SH", "1H"),
    ("GEMS_PARM_01", 0x0043, 0x39, "IS", "800"),
)
"""Elements of Table E.3.10-1, safe to keep."""

_stamps = iter(range(1, 1 << 20))


def make_code(value: str, scheme: str, meaning: str) -> Dataset:
    """Return an Item of a code sequence."""
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyHeader:
    """What all instances of a study share."""

    identity: Identity
    character_set: str
    root: str

    def make_common(self, sop_class: str, series: int) -> Dataset:
        """Return patient, study and series of an instance."""
        who = self.identity
        ds = Dataset()
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.file_meta.MediaStorageSOPClassUID = UID(sop_class)
        ds.SpecificCharacterSet = self.character_set.split("\\")
        ds.SOPClassUID, ds.SOPInstanceUID = UID(sop_class), UID(f"{self.root}.{series}.1")
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        ds.StudyInstanceUID = UID(f"{self.root}.0")
        ds.SeriesInstanceUID = UID(f"{self.root}.{series}")
        day = who.study.strftime("%Y%m%d")
        ds.StudyDate = ds.SeriesDate = ds.ContentDate = ds.InstanceCreationDate = day
        ds.StudyTime = ds.SeriesTime = ds.ContentTime = "101500"
        ds.AccessionNumber, ds.StudyID = who.accession, who.draw_number(6)
        ds.PatientName = write_name(who.patient, who.language)
        ds.ReferringPhysicianName = write_name(who.doctor, who.language)
        ds.OperatorsName = write_name(who.operator, who.language)
        ds.PatientID, ds.PatientSex, ds.PatientAge = who.mrn, "F", "060Y"
        ds.PatientBirthDate = who.birth.strftime("%Y%m%d")
        ds.InstitutionName = who.institution_city
        ds.Manufacturer, ds.ManufacturerModelName = "SIEMENS", "Avanto"
        ds.SeriesNumber, ds.InstanceNumber = series, 1
        return ds

    def make_image(self, series: int, *, is_ct: bool = False) -> Dataset:
        """Return an MR or CT image with a stamp in its first pixels."""
        ds = self.make_common(CTImageStorage if is_ct else MRImageStorage, series)
        ds.Modality = "CT" if is_ct else "MR"
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL" if is_ct else "OTHER"]
        ds.AcquisitionDate, ds.AcquisitionTime = ds.StudyDate, "101600"
        ds.PerformedProcedureStepStartDate = ds.StudyDate
        ds.BodyPartExamined = "SPINE"
        _describe_acquisition(ds, is_ct=is_ct)
        ds.FrameOfReferenceUID = f"{self.root}.0.1"
        ds.PositionReferenceIndicator = ""
        ds.ImageOrientationPatient, ds.ImagePositionPatient = [0, 1, 0, 0, 0, -1], [series, -48, 64]
        other = Dataset()
        other.ReferencedSOPClassUID = MRImageStorage
        other.ReferencedSOPInstanceUID = f"{self.root}.{1 + series % 3}.1"
        ds.ReferencedImageSequence = Sequence([other])
        ds.BurnedInAnnotation = "NO"
        put_pixels(ds, _draw_anatomy(series))
        return ds


def write_name(person: Person, language: str) -> str:
    """Return a PN: with ideographic group where the language has one, else as it is written."""
    native = f"{person.surname}^{person.given}"
    if language in {"ja", "zh", "ko"}:
        return f"{person.latin_surname}^{person.latin_given}={native}"
    return native


def put_pixels(ds: Dataset, pixels: Pixels) -> None:
    """Put 12 bits of grey, with the next stamp in the first two pixels."""
    stamp = next(_stamps)
    pixels[0, 0], pixels[0, 1] = stamp >> 10, stamp & 1023
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelSpacing, ds.SliceThickness = [2, 2], 4
    ds.WindowCenter, ds.WindowWidth = 400, 800
    ds.PixelData = pixels.astype("<u2").tobytes()


def read_stamp(ds: Dataset) -> int:
    """Return the number in the first two pixels; 0 without plain pixels."""
    data = ds.get("PixelData")
    if not isinstance(data, bytes) or len(data) < SIDE:
        return 0
    high, low = np.frombuffer(data[:4], "<u2")
    return int(high) << 10 | int(low)


def check_structure(ds: Dataset) -> list[Check]:
    """Return what an image is asked beside its sentences."""
    checks = [_ask(Action.TAG_RETAINED, k, "", "DICOM-iod") for k in _TYPE_2 if k in ds]
    checks += [_ask(Action.TEXT_NOTNULL, k, "", "DICOM-iod") for k in _TYPE_1 if k in ds]
    checks += [
        _ask(Action.TEXT_RETAINED, k, _draw_value(ds, k), "TCIA-p15", kind="kept Attribute")
        for k in _KEPT
        if k in ds
    ]
    checks += [
        _ask(Action.DATE_SHIFTED, k, str(ds[k].value), "HIPAA-C", kind="header date")
        for k in _DATES
        if k in ds
    ]
    for path, uid in _list_uids(ds):
        checks.append(_ask(Action.UID_CHANGED, path, uid, "HIPAA-R", kind="UID"))
        checks.append(_ask(Action.UID_CONSISTENT, path, uid, "DICOM-P15-U", kind="UID"))
    checks += [
        _ask(
            Action.TEXT_REMOVED,
            k,
            str(ds[k].value).replace("=", "^"),
            letter,
            kind="header identifier",
        )
        for k, letter in _IDENTIFIERS.items()
    ]
    checks.append(_ask(Action.PATID_CONSISTENT, "PatientID", str(ds.PatientID), "DICOM-P15-C"))
    digest = hashlib.md5(ds.PixelData, usedforsecurity=False).hexdigest()
    checks.append(_ask(Action.PIXELS_RETAINED, "PixelData", digest, "TCIA-PIX-K", kind="pixels"))
    return checks + _plant_meta(ds)


def plant_private(ds: Dataset, planter: Planter) -> list[Check]:
    """Add safe private elements, one of them with a name, and a block whose creator is a name."""
    checks = []
    for creator, group, element, vr, value in _PRIVATE:
        ds.private_block(group, creator, create=True).add_new(element, vr, value)
        path = (f"private:{group:04X}:{creator}:{element:02X}",)
        checks.append(
            _ask(Action.TEXT_RETAINED, path, str(value), "TCIA-ptkb", kind="safe private")
        )
    surname = planter.identity.patient.latin_surname
    city = planter.draw_latin_city()
    name = f"{city.upper()} RADIOLOGY"[:48]
    note = planter.plant("short", 64)
    ds.private_block(0x0029, name, create=True).add_new(0x10, "LO", note.text)
    ds.private_block(0x2001, "Philips Imaging DD 001").add_new(0x6E, "SH", surname[:16])
    place = (f"private:0029:{name}:10",)
    removed = [c for c in note.place(place) if c.action != Action.TEXT_RETAINED]
    checks += removed
    checks.append(
        _ask(Action.TEXT_REMOVED, ("tag:00290010",), city, "HIPAA-B", kind="private creator")
    )
    typed = ("private:2001:Philips Imaging DD 001:6E",)
    checks.append(
        _ask(Action.TEXT_REMOVED, typed, surname[:16], "HIPAA-A", kind="safe private with a name")
    )
    return checks


def _plant_meta(ds: Dataset) -> list[Check]:
    ds.file_meta.SourceApplicationEntityTitle = f"AE{str(ds.PatientID)[:8]}"
    ds.file_meta.PrivateInformationCreatorUID = UID("1.2.826.0.1.3680043.10.9999")
    ds.file_meta.PrivateInformation = str(ds.PatientID).encode()
    ds.preamble = str(ds.AccessionNumber).encode().ljust(128, b"\0")
    return [
        _ask(
            Action.TEXT_REMOVED,
            "meta:SourceApplicationEntityTitle",
            str(ds.PatientID),
            "HIPAA-H",
            kind="file meta",
        ),
        _ask(
            Action.TEXT_REMOVED,
            "meta:PrivateInformation",
            str(ds.PatientID),
            "HIPAA-H",
            kind="file meta",
        ),
        _ask(
            Action.TEXT_REMOVED, "preamble:", str(ds.AccessionNumber), "HIPAA-R", kind="file meta"
        ),
    ]


def _list_uids(ds: Dataset) -> list[tuple[AttributePath, str]]:
    plain = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
    paths: list[AttributePath] = [(keyword,) for keyword in plain]
    found = [(path, str(ds[path[0]].value)) for path in paths]
    found.append((("meta:MediaStorageSOPInstanceUID",), str(ds.SOPInstanceUID)))
    nested = ds.ReferencedImageSequence[0].ReferencedSOPInstanceUID
    found.append((("ReferencedImageSequence", 0, "ReferencedSOPInstanceUID"), str(nested)))
    return found


def _ask(
    action: Action, path: AttributePath | str, text: str, category: str, *, kind: str = "structure"
) -> Check:
    steps = (path,) if isinstance(path, str) else path
    return Check(action=action, path=steps, text=text, category=category, kind=kind, planted=text)


def _draw_value(ds: Dataset, keyword: str) -> str:
    value = ds[keyword].value
    return str(value[0]) if ds[keyword].VM > 1 else str(value)


def _describe_acquisition(ds: Dataset, *, is_ct: bool) -> None:
    if is_ct:
        ds.KVP, ds.ConvolutionKernel, ds.AcquisitionNumber = 120, "B30f", 1
        ds.RescaleIntercept, ds.RescaleSlope = -1024, 1
        return
    ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions = "SE", "SK", ""
    ds.MRAcquisitionType, ds.RepetitionTime, ds.EchoTime, ds.EchoTrainLength = "2D", 3500, 102, 9
    ds.MagneticFieldStrength, ds.FlipAngle, ds.PatientPosition = 1.5, 150, "HFS"
    ds.SequenceName = "*tse2d1_19"


def _draw_anatomy(seed: int) -> Pixels:
    """Return a soft blob: nothing that looks like letters."""
    rows, columns = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    blob: Pixels = (900 * np.exp(-(rows**2 + columns**2) / (90.0 + seed))).astype(np.uint16)
    return blob


_TYPE_1: Final = (
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "Modality",
    "ImageType",
    "Rows",
    "PixelSpacing",
)
_TYPE_2: Final = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyID",
    "SeriesNumber",
)
_KEPT: Final = (
    "Modality",
    "PatientSex",
    "PatientAge",
    "BodyPartExamined",
    "SliceThickness",
    "RepetitionTime",
    "EchoTime",
    "MagneticFieldStrength",
    "ScanningSequence",
    "KVP",
    "ConvolutionKernel",
    "SequenceName",
    "SOPClassUID",
)
_DATES: Final = (
    "StudyDate",
    "SeriesDate",
    "ContentDate",
    "AcquisitionDate",
    "InstanceCreationDate",
    "PatientBirthDate",
    "PerformedProcedureStepStartDate",
)
_IDENTIFIERS: Final = {
    "PatientName": "HIPAA-A",
    "ReferringPhysicianName": "HIPAA-A",
    "OperatorsName": "HIPAA-A",
    "PatientID": "HIPAA-H",
    "AccessionNumber": "HIPAA-R",
    "InstitutionName": "HIPAA-B",
    "StudyID": "HIPAA-R",
}
