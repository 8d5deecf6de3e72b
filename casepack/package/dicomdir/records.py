"""What a Directory Record says about an instance: its type and its keys (PS3.3 F.4, F.5)."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import cast

from pydicom import config, dcmread
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

IN_USE = 0xFFFF

_DUMMIES: Mapping[str, str] = {
    "PatientID": "0",
    "StudyDate": "19000101",
    "StudyTime": "000000",
    "ContentDate": "19000101",
    "ContentTime": "000000",
    "PresentationCreationDate": "19000101",
    "PresentationCreationTime": "000000",
    "InstanceCreationDate": "19000101",
    "Modality": "OT",
    "ContentLabel": "UNNAMED",
    "CompletionFlag": "PARTIAL",
    "VerificationFlag": "UNVERIFIED",
}
"""Values for keys of Type 1 whose Attribute may be empty (Type 2) in the instance."""

_NUMBERS = frozenset({"StudyID", "SeriesNumber", "InstanceNumber"})
"""Keys of Type 1 that count: when empty, the place in the directory stands in."""


_READ_BESIDE: Mapping[str, tuple[str, ...]] = {"SR DOCUMENT": ("VerifyingObserverSequence",)}
"""Where a key stands deeper in the instance than in its record."""


@cache
def _table() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    text = resources.files(__package__).joinpath("directory_records.json").read_text("utf-8")
    return cast("Mapping[str, Mapping[str, Mapping[str, str]]]", json.loads(text))


def record_type(sop_class_uid: str) -> str:
    """Return the Directory Record Type of a SOP Class (PS3.3 Table F.4-1)."""
    return cast("str", _table()["recordTypes"].get(sop_class_uid, "IMAGE"))


def keys_of(kind: str) -> Mapping[str, str]:
    """Return the keys of a Directory Record Type with their Types (PS3.3 F.5)."""
    return _table()["keys"][kind]


def read_keys(path: Path, *kinds: str) -> Dataset:
    """Read from a file what the Directory Records of these types need, decoded."""
    words = [word for kind in kinds for word in (*keys_of(kind), *_READ_BESIDE.get(kind, ()))]
    return read_attributes(path, *words)


def read_attributes(path: Path, *keywords: str) -> Dataset:
    """Read these top-level Attributes of a file, decoded; missing ones stay missing.

    pydicom's warnings quote values of the file, so they are silenced.
    """
    tags = ["SpecificCharacterSet", *keywords]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        instance = dcmread(path, stop_before_pixels=True, specific_tags=tags)
        instance.decode()
    return instance


def make_record(kind: str, instance: Dataset, place: int) -> Dataset:
    """Return the Directory Record of this type for an instance, without offsets and file.

    Parameters
    ----------
    kind
        Directory Record Type (0004,1430).
    instance
        Attributes of the instance, decoded.
    place
        1-based place among the records of its Directory Entity.

    Notes
    -----
    Of the content tree of a structured report only the targets of HAS CONCEPT MOD are keys
    (PS3.3 F.5.25): observers, findings and measurements stay out of the directory.
    """
    record = Dataset()
    for keyword, key_type in keys_of(kind).items():
        value = _value(instance, keyword)
        if keyword == "ContentSequence":
            value = _concept_modifiers(cast("Sequence | None", value))
        if keyword == "VerificationDateTime":
            value = _last_verification(instance)
        if value is None and key_type == "1":
            value = str(place) if keyword in _NUMBERS else _DUMMIES.get(keyword)
        if value is not None or key_type == "2":
            _set(record, keyword, value)
    if not all(_is_ascii(element) for element in record.iterall()):
        record.SpecificCharacterSet = "ISO_IR 192"
    _set(record, "OffsetOfTheNextDirectoryRecord", 0)
    _set(record, "RecordInUseFlag", IN_USE)
    _set(record, "OffsetOfReferencedLowerLevelDirectoryEntity", 0)
    _set(record, "DirectoryRecordType", kind)
    return record


def refer(record: Dataset, file_id: str, sop_class: str, sop_instance: str, syntax: str) -> None:
    """Let a record refer to a file of the file-set (PS3.3 Table F.3-3)."""
    _set(record, "ReferencedFileID", file_id.split("/"))
    _set(record, "ReferencedSOPClassUIDInFile", sop_class)
    _set(record, "ReferencedSOPInstanceUIDInFile", sop_instance)
    _set(record, "ReferencedTransferSyntaxUIDInFile", syntax)


def _value(instance: Dataset, keyword: str) -> object:
    element = instance.get(keyword)
    if element is None or (hasattr(element, "__len__") and not len(element)):
        return None
    return element


def _last_verification(instance: Dataset) -> str | None:
    """Return the Verification DateTime that is the last of all (PS3.3 F.5.25)."""
    observers = instance.get("VerifyingObserverSequence") or ()
    return (
        max((str(one.get("VerificationDateTime") or "") for one in observers), default="") or None
    )


def _concept_modifiers(items: Sequence | None) -> Sequence | None:
    found = [
        _with_modifiers_only(item)
        for item in items or ()
        if item.get("RelationshipType") == "HAS CONCEPT MOD"
    ]
    return Sequence(found) if found else None


def _with_modifiers_only(item: Dataset) -> Dataset:
    kept = Dataset()
    kept.update({element.tag: element for element in item if element.keyword != "ContentSequence"})
    nested = _concept_modifiers(item.get("ContentSequence"))
    if nested is not None:
        _set(kept, "ContentSequence", nested)
    return kept


def _set(record: Dataset, keyword: str, value: object) -> None:
    """Set a key without validation: pydicom's messages quote the value it dislikes."""
    tag = cast("int", tag_for_keyword(keyword))
    vr = dictionary_VR(tag)
    record[tag] = DataElement(tag, vr, value, validation_mode=config.IGNORE)


def _is_ascii(element: DataElement) -> bool:
    return element.VR == "SQ" or str(element.value).isascii()
