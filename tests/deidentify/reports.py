"""Structured Reports item by item, as pydicom Data Sets."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from tests.builders import mr_instance

COMPREHENSIVE_3D = "1.2.840.10008.5.1.4.1.1.88.34"
KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"
MR = "1.2.840.10008.5.1.4.1.1.4"
Code = tuple[str, str, str]
"""Value, scheme, meaning."""
FINDING: Code = ("121071", "DCM", "Finding")
UNLISTED: Code = ("121401", "DCM", "Derivation")
MILLIMETRE: Code = ("mm", "UCUM", "mm")
_VALUES = {
    "TEXT": "TextValue",
    "PNAME": "PersonName",
    "UIDREF": "UID",
    "DATE": "Date",
    "TIME": "Time",
    "DATETIME": "DateTime",
}


def code(value: Code) -> Dataset:
    ds = Dataset()
    ds.CodeValue, ds.CodingSchemeDesignator, ds.CodeMeaning = value
    return ds


def number(value: str, unit: Code = MILLIMETRE) -> Dataset:
    ds = Dataset()
    ds.MeasurementUnitsCodeSequence = [code(unit)]
    ds.NumericValue = value
    return ds


def reference(uid: str, sop_class: str = MR) -> Dataset:
    ds = Dataset()
    ds.ReferencedSOPClassUID, ds.ReferencedSOPInstanceUID = sop_class, uid
    return ds


def item(
    value_type: str,
    concept: Code | None,
    value: Any = None,
    *children: Dataset,
    relationship: str = "CONTAINS",
    **more: Any,
) -> Dataset:
    """Return a Content Item; `value` as its Value Type wants it, `more` as Attributes."""
    ds = Dataset()
    ds.RelationshipType, ds.ValueType = relationship, value_type
    if concept is not None:
        ds.ConceptNameCodeSequence = [code(concept)]
    _set_value(ds, value_type, value)
    for keyword, given in more.items():
        setattr(ds, keyword, given)
    if children:
        ds.ContentSequence = Sequence(children)
    return ds


def _set_value(ds: Dataset, value_type: str, value: Any) -> None:
    if value_type in _VALUES:
        setattr(ds, _VALUES[value_type], value)
    elif value_type == "NUM":
        ds.MeasuredValueSequence = [value if isinstance(value, Dataset) else number(value)]
    elif value_type == "CODE":
        ds.ConceptCodeSequence = [code(value)]
    elif value_type in {"IMAGE", "COMPOSITE", "WAVEFORM"}:
        ds.ReferencedSOPSequence = [value if isinstance(value, Dataset) else reference(value)]
    elif value_type == "CONTAINER":
        ds.ContinuityOfContent = value or "SEPARATE"
    elif value_type.startswith("SCOORD"):
        ds.GraphicType, ds.GraphicData = value[:2]
        if value_type == "SCOORD3D":
            ds.ReferencedFrameOfReferenceUID = value[2]
    elif value_type == "TCOORD":
        ds.TemporalRangeType, ds.ReferencedDateTime = value


def by_reference(*place: int, relationship: str = "INFERRED FROM") -> Dataset:
    ds = Dataset()
    ds.RelationshipType = relationship
    ds.ReferencedContentItemIdentifier = list(place) if len(place) > 1 else place[0]
    return ds


def report(*children: Dataset, sop_class: str = COMPREHENSIVE_3D, **attributes: Any) -> Dataset:
    """Return a report of the patient DOE^JANE with these Content Items."""
    image = mr_instance()
    ds = Dataset()
    ds.file_meta = image.file_meta
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = UID(sop_class)
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.4.88")
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = "20240108"
    ds.StudyTime = ds.ContentTime = "101500"
    ds.AccessionNumber, ds.StudyID = "ACC778899", "1"
    ds.Modality = "KO" if sop_class == KEY_OBJECTS else "SR"
    ds.Manufacturer = "Nobody"
    ds.ManufacturerModelName = "Reporter"
    ds.DeviceSerialNumber = "SN123987"
    ds.SoftwareVersions = "1"
    ds.ReferringPhysicianName = "Knatterton^Nick"
    ds.PatientName, ds.PatientID = "Doe^Jane", "4711-A"
    ds.PatientBirthDate, ds.PatientSex = "19510203", "F"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = image.StudyInstanceUID, "1.2.3.4.8"
    ds.SeriesNumber, ds.InstanceNumber = 88, 1
    ds.ReferencedPerformedProcedureStepSequence = []
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    ds.ConceptNameCodeSequence = [code(("126000", "DCM", "Imaging Measurement Report"))]
    ds.ContentTemplateSequence = [Dataset()]
    ds.ContentTemplateSequence[0].MappingResource = "DCMR"
    ds.ContentTemplateSequence[0].TemplateIdentifier = "1500"
    if sop_class != KEY_OBJECTS:
        ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "UNVERIFIED"
        ds.PerformedProcedureCodeSequence = []
    ds.ContentSequence = Sequence(children)
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def tree(ds: Dataset) -> list[Any]:
    """Return relationship, Value Type, value and children of every Content Item below one."""
    return [
        (
            child.RelationshipType,
            child.get("ValueType", ""),
            _shown(child),
            tree(child),
        )
        for child in ds.get("ContentSequence", [])
    ]


def _shown(ds: Dataset) -> Any:
    kind = ds.get("ValueType", "")
    if not kind:
        return tuple(ds["ReferencedContentItemIdentifier"].value)
    if kind in _VALUES:
        return str(ds.get(_VALUES[kind], None))
    if kind == "NUM":
        return str(ds.MeasuredValueSequence[0].NumericValue)
    if kind == "CODE":
        return ds.ConceptCodeSequence[0].CodeMeaning
    if kind in {"SCOORD", "SCOORD3D"}:
        return [float(each) for each in ds.GraphicData]
    return kind
