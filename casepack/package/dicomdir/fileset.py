"""The DICOM file-set of a package: the instances, copied, and their DICOMDIR (PS3.10, PS3.3 F).

pydicom's own writer takes quadratic time and a random UID; this one is linear and repeatable.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomIO
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.uid import UID, ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from casepack.model import Deidentified, Instance, Progress, Series, Study, no_progress
from casepack.package.dicomdir.records import IN_USE, make_record, read_keys, record_type, refer
from casepack.standard.uids import derived_uid

DICOMDIR = "DICOMDIR"
IMPLEMENTATION_CLASS_UID = UID(derived_uid("implementation", "file-set"))
IMPLEMENTATION_VERSION = "CASEPACK"

_ITEM = struct.Struct("<HHI")
_NEXT = slice(8, 12)
"""Value bytes of (0004,1400), the first element of each record, Explicit VR Little Endian."""
_IMAGE_START = struct.pack(
    *("<HH2sHI HH2sHH HH2sHI HH2sH6s", 4, 0x1400, b"UL", 4, 0),
    *(4, 0x1410, b"US", 2, IN_USE, 4, 0x1420, b"UL", 4, 0, 4, 0x1430, b"CS", 6, b"IMAGE "),
)
"""The first elements of an image's record: offsets, in use, type (PS3.3 Table F.3-3)."""
_LOWER = slice(30, 34)
"""Value bytes of (0004,1420), the third: after 12 bytes of (0004,1400) and 10 of (0004,1410)."""


@dataclass(slots=True, kw_only=True)
class _Node:
    """A Directory Record in the tree of Directory Entities, encoded."""

    content: bytearray
    children: list[_Node] = field(default_factory=list)
    offset: int = 0

    def walk(self) -> Iterator[_Node]:
        yield self
        for child in self.children:
            yield from child.walk()


def write_fileset(
    folder: Path,
    deidentified: Deidentified,
    *,
    link: bool = False,
    progress: Progress = no_progress,
) -> Mapping[str, str]:
    """Copy, or link, all instances into a file-set and write its DICOMDIR.

    File IDs are ``PT000000/ST000000/SE000000/IM000000``: components of 8 upper-case characters,
    which every media profile allows (PS3.10 8.2). The bytes of the instances do not change.

    Parameters
    ----------
    folder
        Root of the file-set; must exist and be empty.
    link
        Whether to make hard links instead of copies, where the file system knows them.

    Returns
    -------
    Mapping
        SOP Instance UID to path relative to `folder`, in the order of the directory.
    """
    paths: dict[str, str] = {}
    roots = _patients(deidentified)
    for number, (patient, studies) in enumerate(roots):
        for study_number, study in enumerate(studies):
            name = f"PT{number:06d}/ST{study_number:06d}"
            patient.children.append(_study(study, study_number, name, paths))
    _place_files(folder, deidentified, paths, link, progress)
    uid = derived_uid("file-set", *sorted(paths))
    (folder / DICOMDIR).write_bytes(_encode_directory([node for node, _ in roots], uid))
    return paths


def _patients(deidentified: Deidentified) -> list[tuple[_Node, list[Study]]]:
    """Group the studies by Patient ID; one patient is the rule."""
    groups: dict[str, tuple[_Node, list[Study]]] = {}
    for study in deidentified.studies:
        keys = read_keys(study.instances[0].path, "PATIENT")
        key = str(keys.get("PatientID", ""))
        if key not in groups:
            groups[key] = (_node(make_record("PATIENT", keys, len(groups) + 1)), [])
        groups[key][1].append(study)
    return list(groups.values())


def _study(study: Study, number: int, name: str, paths: dict[str, str]) -> _Node:
    keys = read_keys(study.instances[0].path, "STUDY")
    node = _node(make_record("STUDY", keys, number + 1))
    for series_number, series in enumerate(study.series):
        series_name = f"{name}/SE{series_number:06d}"
        node.children.append(_series(series, series_number, series_name, paths))
    return node


def _series(series: Series, number: int, name: str, paths: dict[str, str]) -> _Node:
    keys = read_keys(series.instances[0].path, "SERIES")
    node = _node(make_record("SERIES", keys, number + 1))
    for place, instance in enumerate(series.instances):
        file_id = f"{name}/IM{place:06d}"
        paths[instance.sop_instance_uid] = file_id
        node.children.append(_instance(instance, place, file_id))
    return node


def _instance(instance: Instance, place: int, file_id: str) -> _Node:
    kind = record_type(instance.sop_class_uid)
    if kind == "IMAGE":
        return _Node(content=bytearray(_encode_image_record(instance, place, file_id)))
    return _node(_instance_record(kind, read_keys(instance.path, kind), instance, place, file_id))


def _instance_record(
    kind: str, keys: Dataset, instance: Instance, place: int, file_id: str
) -> Dataset:
    record = make_record(kind, keys, place + 1)
    refer(
        record,
        file_id,
        instance.sop_class_uid,
        instance.sop_instance_uid,
        instance.transfer_syntax_uid,
    )
    return record


def _encode_image_record(instance: Instance, place: int, file_id: str) -> bytes:
    """Encode the record of an image without a Data Set: there are thousands, all alike.

    Its one key is known, so that the file need not be opened either.
    """
    number = place + 1 if instance.number is None else instance.number
    return b"".join(
        (
            _IMAGE_START,
            _text(0x00041500, b"CS", file_id.replace("/", "\\")),
            _text(0x00041510, b"UI", instance.sop_class_uid),
            _text(0x00041511, b"UI", instance.sop_instance_uid),
            _text(0x00041512, b"UI", instance.transfer_syntax_uid),
            _text(0x00200013, b"IS", str(number)),
        )
    )


def _text(tag: int, vr: bytes, text: str) -> bytes:
    """Encode an element of a short text, Explicit VR Little Endian (PS3.5 7.1.2)."""
    value = text.encode("ascii")
    if len(value) % 2:
        value += b"\0" if vr == b"UI" else b" "
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def _place_files(
    folder: Path,
    deidentified: Deidentified,
    paths: Mapping[str, str],
    link: bool,
    progress: Progress,
) -> None:
    instances = deidentified.instances
    for name in dict.fromkeys(path.rpartition("/")[0] for path in paths.values()):
        (folder / name).mkdir(parents=True)
    for done, instance in enumerate(instances, 1):
        _place_file(instance.path, folder / paths[instance.sop_instance_uid], link=link)
        progress("copy images", done, len(instances))


def _place_file(source: Path, target: Path, *, link: bool) -> None:
    if link:
        try:
            target.hardlink_to(source)
        except OSError:  # not every file system knows them, and some limit their number
            pass
        else:
            return
    shutil.copyfile(source, target)


def _node(record: Dataset) -> _Node:
    return _Node(content=bytearray(_encode(record)))


def _encode(dataset: Dataset) -> bytes:
    buffer = BytesIO()
    stream = DicomIO(buffer)
    stream.is_little_endian, stream.is_implicit_VR = True, False
    write_dataset(stream, dataset)
    return buffer.getvalue()


def _encode_directory(roots: list[_Node], uid: str) -> bytes:
    """Encode the Basic Directory; offsets count from the first byte of the preamble."""
    start = _encode_start(roots, uid, length=0)
    offset = len(start)
    nodes = [node for root in roots for node in root.walk()]
    for node in nodes:
        node.offset = offset
        offset += _ITEM.size + len(node.content)
    _link(roots)
    parts = [_encode_start(roots, uid, length=offset - len(start))]
    for node in nodes:
        parts += [_ITEM.pack(0xFFFE, 0xE000, len(node.content)), bytes(node.content)]
    return b"".join(parts)


def _encode_start(roots: list[_Node], uid: str, *, length: int) -> bytes:
    """Encode all that precedes the first Item of the Directory Record Sequence."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    meta.MediaStorageSOPInstanceUID = UID(uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION
    buffer = BytesIO()
    write_file_meta_info(DicomIO(buffer), meta, enforce_standard=True)
    directory = Dataset()
    directory.FileSetID = ""
    directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = (
        roots[0].offset if roots else 0
    )
    directory.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = (
        roots[-1].offset if roots else 0
    )
    directory.FileSetConsistencyFlag = 0
    sequence = struct.pack("<HH2sHI", 0x0004, 0x1220, b"SQ", 0, length)
    return bytes(128) + b"DICM" + buffer.getvalue() + _encode(directory) + sequence


def _link(nodes: list[_Node]) -> None:
    """Set the two offsets of each record: its next sibling's and its first child's."""
    for node, following in zip(nodes, [*nodes[1:], None], strict=True):
        if following is not None:
            node.content[_NEXT] = struct.pack("<I", following.offset)
        if node.children:
            node.content[_LOWER] = struct.pack("<I", node.children[0].offset)
            _link(node.children)
