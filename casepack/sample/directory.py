"""The DICOMDIR of the sample study (PS3.3 Annex F), written as an archive would, names and all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import zip_longest
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, ExplicitVRLittleEndian, MediaStorageDirectoryStorage

_ITEM_HEADER = 8
_LINKS = ("OffsetOfTheNextDirectoryRecord", "OffsetOfReferencedLowerLevelDirectoryEntity")

_KEYS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("PATIENT", "PatientID", ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")),
    ("STUDY", "StudyInstanceUID", ("StudyDate", "StudyTime", "AccessionNumber", "StudyDescription",
                                   "StudyInstanceUID", "StudyID")),
    ("SERIES", "SeriesInstanceUID", ("Modality", "InstitutionName", "PerformingPhysicianName",
                                     "SeriesInstanceUID", "SeriesNumber")),
    ("IMAGE", "SOPInstanceUID", ("ImageType", "InstanceNumber")),
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class _Record:
    ds: Dataset
    below: list[_Record] = field(default_factory=list)


def write_directory(
    path: Path, files: Sequence[tuple[Dataset, Path]], uid: str, meta: FileMetaDataset
) -> None:
    """Write a DICOMDIR for files of one patient, in their order.

    Parameters
    ----------
    files
        Data Sets and their paths relative to the folder of the DICOMDIR.
    uid
        SOP Instance UID of the DICOMDIR.
    meta
        File Meta Information of an image; all but its UIDs is taken over.
    """
    roots = _tree(files)
    order: list[_Record] = []
    _flatten(roots, order)
    directory = Dataset()
    directory.FileSetID = "ELDERMOOR"
    directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    directory.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    directory.FileSetConsistencyFlag = 0
    directory.DirectoryRecordSequence = Items([record.ds for record in order])
    directory.file_meta = FileMetaDataset()
    directory.file_meta.update(meta)
    directory.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    directory.file_meta.MediaStorageSOPInstanceUID = UID(uid)
    _link(directory, roots, order)
    directory.save_as(path, enforce_file_format=True)


def _tree(files: Sequence[tuple[Dataset, Path]]) -> list[_Record]:
    roots: list[_Record] = []
    for ds, path in files:
        siblings, record = roots, None
        for kind, key, keywords in _KEYS:
            value = str(ds[key].value)
            record = next((r for r in siblings if str(r.ds.get(key, "")) == value), None)
            if record is None:
                record = _Record(ds=_record(kind, ds, keywords, path))
                siblings.append(record)
            siblings = record.below
    return roots


def _record(kind: str, ds: Dataset, keywords: tuple[str, ...], path: Path) -> Dataset:
    record = Dataset()
    for keyword in _LINKS:
        setattr(record, keyword, 0)
    record.RecordInUseFlag = 0xFFFF
    record.DirectoryRecordType = kind
    if kind == "IMAGE":
        record.ReferencedFileID = list(path.parts)
        record.ReferencedSOPClassUIDInFile = ds.SOPClassUID
        record.ReferencedSOPInstanceUIDInFile = ds.SOPInstanceUID
        record.ReferencedTransferSyntaxUIDInFile = ExplicitVRLittleEndian
    record.SpecificCharacterSet = ds.SpecificCharacterSet
    for keyword in keywords:
        if keyword in ds:
            record[keyword] = ds[keyword]
    return record


def _flatten(records: list[_Record], order: list[_Record]) -> None:
    for record in records:
        order.append(record)
        _flatten(record.below, order)


def _link(directory: Dataset, roots: list[_Record], order: list[_Record]) -> None:
    """Fill in the offsets: all have fixed lengths, so a first writing tells where records lie."""
    buffer = BytesIO()
    directory.save_as(buffer, enforce_file_format=True)
    lengths = [_ITEM_HEADER + _length(record.ds) for record in order]
    start = len(buffer.getvalue()) - sum(lengths)
    offsets: dict[int, int] = {}
    for record, length in zip(order, lengths, strict=True):
        offsets[id(record)] = start
        start += length
    for siblings in [roots, *(record.below for record in order)]:
        for record, following in zip_longest(siblings, siblings[1:]):
            record.ds[_LINKS[0]].value = offsets[id(following)] if following else 0
            record.ds[_LINKS[1]].value = offsets[id(record.below[0])] if record.below else 0
    directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = offsets[id(roots[0])]
    directory.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = offsets[id(roots[-1])]


def _length(record: Dataset) -> int:
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, record)
    return len(buffer.getvalue())
