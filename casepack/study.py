"""A folder on disk as the studies of one patient: headers only, sorted, nothing decoded."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

from casepack.encoding import Element, Encoding, read_items, unpad
from casepack.errors import InstanceHeld, StudyError
from casepack.layout import Layout
from casepack.model import (
    FileSet,
    IdentifyingValue,
    Instance,
    Progress,
    Reason,
    Series,
    Study,
    Unused,
    no_progress,
)
from casepack.part_ten import PartTen, open_part_ten
from casepack.standard.dictionary import dictionary_vr
from casepack.standard.profile import profile_rows
from casepack.standard.structured_content import IDENTIFIERS
from casepack.standard.uids import STANDARD_ROOT

_MEDIA_STORAGE_DIRECTORY: Final = b"1.2.840.10008.1.3.10"
_DICOM_SUFFIXES: Final = frozenset({".dcm", ".dicom", ".ima"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """What is read of one file; every value may identify, so none is shown."""

    instance: Instance
    study_uid: str = field(repr=False)
    series_uid: str = field(repr=False)
    patient: str = field(repr=False)
    date: str = field(repr=False)
    time: str = field(repr=False)
    modality: str
    series_number: int | None


def read_file_set(folder: Path, *, progress: Progress = no_progress) -> FileSet:
    """Read the headers of all files below `folder` and group them.

    Files that cannot be used are named with a `Reason`. A file that makes no claim to be DICOM
    (another suffix, no prefix) and the original DICOMDIR are left out without being held.

    Raises
    ------
    StudyError
        The folder is missing, holds no usable DICOM file, or holds more than one patient.
    """
    if not folder.is_dir():
        raise StudyError(
            "the study folder does not exist or is not a folder",
            advice="Give the folder that holds the DICOM files of one patient.",
        )
    paths = _list_files(folder)
    headers: list[_Header] = []
    unused: list[Unused] = []
    seen: dict[str, int] = {}
    reader = _HeaderReader()
    for number, path in enumerate(paths, 1):
        progress("read", number, len(paths))
        try:
            header = reader.read(path)
        except InstanceHeld as held:
            unused.append(Unused(number=number, path=path, reason=Reason(held.reason)))
            continue
        uid = header.instance.sop_instance_uid
        if uid in seen:
            unused.append(
                Unused(number=number, path=path, reason=Reason.DUPLICATE, sop_instance_uid=uid)
            )
            continue
        seen[uid] = number
        headers.append(header)
    if not headers:
        raise StudyError(
            f"none of the {len(paths)} file(s) in the folder is a DICOM file that can be used",
            advice="casepack inspect STUDY lists the files with the reason for each.",
        )
    return FileSet(
        root=folder,
        patient_id=_single_patient(headers),
        identifiers=tuple(sorted(reader.identifiers)),
        identity=tuple(reader.identity),
        studies=_group_studies(headers),
        unused=tuple(unused),
    )


def claims_dicom(path: Path, held: InstanceHeld) -> bool:
    """Tell whether a file that cannot be read as DICOM says that it is: by suffix or by prefix."""
    return Reason(held.reason).held or path.suffix.lower() in _DICOM_SUFFIXES


def _list_files(folder: Path) -> list[Path]:
    """Return all that is not a folder, and the folders that cannot be looked into.

    Links to folders are not followed: a ring of them has no end. What may hold images and is not
    read must be named, so they are listed like files that cannot be opened.
    """
    found: list[Path] = []

    def note(error: OSError) -> None:
        found.append(Path(str(error.filename)))

    for root, directories, names in os.walk(folder, onerror=note):
        directories.sort()
        links = [name for name in directories if (Path(root) / name).is_symlink()]
        found += [Path(root) / name for name in (*names, *links)]
    return sorted(found)


@dataclass(slots=True)
class _HeaderReader:
    """Reads the headers of a folder; elements that are equal in many files are looked at once.

    Not frozen: it collects the identifying values, duplicates' and others' that are not used too.
    """

    identifiers: set[bytes] = field(default_factory=set)
    """Identifying values and the parts of names, as encoded."""
    identity: dict[IdentifyingValue, None] = field(default_factory=dict)
    _known: set[tuple[bytes, bytes]] = field(default_factory=set)

    def read(self, path: Path) -> _Header:
        """Read one header.

        Raises
        ------
        InstanceHeld
            The file cannot be used.
        """
        try:
            with open_part_ten(path) as file:
                header = _read_header(path, file)
                self._collect(file)
        except InstanceHeld as held:
            if held.reason == Reason.NOT_DICOM and claims_dicom(path, held):
                raise InstanceHeld(Reason.CLAIMS_DICOM) from None
            raise
        return header

    def _collect(self, file: PartTen) -> None:
        """Collect the values of Attributes that Table E.1-1 lists, at every level."""
        character_set = file.value(_SPECIFIC_CHARACTER_SET) or b""
        telling = _telling(file.layout)
        pending = [(telling, file.encoding, 0)]
        while pending:
            elements, encoding, depth = pending.pop()
            for element in elements:
                raw = (character_set, file.buffer[element.start : element.end])
                if raw in self._known:
                    continue
                self._known.add(raw)
                if element.vr != "SQ":
                    self._add(file, element, character_set, top=depth == 0)
                    continue
                # what is not a valid Sequence is held when it is de-identified
                with suppress(InstanceHeld):
                    inner, items = read_items(file.buffer, element, encoding, depth=depth)
                    pending += [(_select_telling(item), inner, depth + 1) for item in items]
                    if element.tag == _CONTENT_SEQUENCE:
                        found = _identity_of_content(file, items, inner, character_set)
                        self.identity |= dict.fromkeys(found)

    def _add(self, file: PartTen, element: Element, character_set: bytes, *, top: bool) -> None:
        value = file.buffer[element.value : element.end]
        vr = element.vr if element.vr != "UN" else dictionary_vr(element.tag) or "UN"
        if top and (element.tag in _IDENTIFYING or vr == "PN"):
            self.identifiers |= _parts(value, vr)
        if value and element.vr in _IDENTITY_VRS and element.tag in profile_rows():
            self.identity[IdentifyingValue(element.tag, element.vr, character_set, value)] = None


def _read_header(path: Path, file: PartTen) -> _Header:
    if file.meta_value(0x00020002) == _MEDIA_STORAGE_DIRECTORY:
        raise InstanceHeld(Reason.DICOMDIR)
    places, buffer = file.layout.places, file.buffer

    def text(tag: int) -> str:
        element = places.get(tag)
        if element is None:
            return ""
        # names and IDs are only compared, never shown: Latin-1 keeps every byte apart
        return buffer[element.value : element.end].decode("latin-1").strip("\x00 ")

    sop_class, sop_instance = text(0x00080016), text(0x00080018)
    study, series = text(0x0020000D), text(0x0020000E)
    if not (sop_class and sop_instance and study and series):
        raise InstanceHeld(Reason.NO_UID)
    instance = Instance(
        path=path,
        sop_class_uid=sop_class if sop_class.startswith(STANDARD_ROOT) else "private",
        sop_instance_uid=sop_instance,
        transfer_syntax_uid=file.transfer_syntax_uid,
        number=_integer(text(0x00200013)),
        frames=_integer(text(0x00280008)) or 1,
    )
    return _Header(
        instance=instance,
        study_uid=study,
        series_uid=series,
        patient="\\".join((text(0x00100020), text(0x00100021))) if text(0x00100020) else "",
        date=text(0x00080020),
        time=text(0x00080030),
        modality=text(0x00080060),
        series_number=_integer(text(0x00200011)),
    )


_IDENTIFYING: Final = frozenset(
    # Accession Number, Institution Name and Address, Station Name, Department; Patient ID, Other
    # IDs, Address, Phone; Device Serial Number, Study ID, Admission ID, Requested Procedure ID
    {0x00080050, 0x00080080, 0x00080081, 0x00081010, 0x00081040, 0x00100020, 0x00101000}
    | {0x00101040, 0x00102154, 0x00181000, 0x00200010, 0x00380010, 0x00401001}
)
_SHORTEST_IDENTIFIER: Final = 4
_SPECIFIC_CHARACTER_SET: Final = 0x00080005
_NAME_DELIMITERS: Final = re.compile(rb"[\\^= ]+")


_IDENTITY_VRS: Final = frozenset({"AE", "DA", "DT", "LO", "PN", "SH", "ST", "UC"})
_LONGEST_IDENTITY: Final = 64 << 10
_CONTENT_SEQUENCE: Final = 0x0040A730
_CONCEPT_NAME: Final = 0x0040A043
_TEXT_VALUE: Final = 0x0040A160
_CODE_VALUE: Final = 0x00080100
_CODING_SCHEME: Final = 0x00080102


@lru_cache(maxsize=256)
def _telling(layout: Layout) -> tuple[Element, ...]:
    return _select_telling(layout.elements)


def _select_telling(elements: Iterable[Element]) -> tuple[Element, ...]:
    """Return the elements that may identify or hold Items; large ones say nothing."""
    rows = profile_rows()
    return tuple(
        element
        for element in elements
        if (element.end - element.start <= _LONGEST_IDENTITY or element.tag == _CONTENT_SEQUENCE)
        and (
            element.vr in {"SQ", "PN"}
            or element.tag in _IDENTIFYING
            or (element.vr in _IDENTITY_VRS and element.tag in rows)
            or (element.vr == "UN" and dictionary_vr(element.tag) == "PN")
        )
    )


def _parts(value: bytes, vr: str) -> set[bytes]:
    """Return an identifying value and the parts of a name; short ones say nothing."""
    value = value.strip(b"\x00 ")
    found = {value, *value.split(b"\\")}
    if vr == "PN":
        found.update(_NAME_DELIMITERS.split(value))
    return {part for part in found if len(part) >= _SHORTEST_IDENTIFIER}


def _identity_of_content(
    file: PartTen, items: list[list[Element]], encoding: Encoding, character_set: bytes
) -> Iterator[IdentifyingValue]:
    """Yield the texts of a report that are identifiers by what they are called."""
    for elements in items:
        found = {element.tag: element for element in elements}
        text, name = found.get(_TEXT_VALUE), found.get(_CONCEPT_NAME)
        if text is None or name is None:
            continue
        _, codes = read_items(file.buffer, name, encoding)
        values = {
            element.tag: unpad(file.buffer[element.value : element.end]).decode("latin-1").strip()
            for code in codes
            for element in code
            if element.tag in {_CODE_VALUE, _CODING_SCHEME}
        }
        concept = (values.get(_CODING_SCHEME, ""), values.get(_CODE_VALUE, ""))
        if concept in IDENTIFIERS:
            value = file.buffer[text.value : text.end]
            yield IdentifyingValue(*IDENTIFIERS[concept], character_set, value)


def _integer(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _single_patient(headers: Iterable[_Header]) -> str:
    """Return the one Patient ID; an empty one counts as that of the rest of its Study."""
    studies: dict[str, set[str]] = defaultdict(set)
    for header in headers:
        studies[header.study_uid].add(header.patient)
    patients = {patient for found in studies.values() for patient in found if patient}
    without_id = [found for found in studies.values() if found == {""}]
    if len(patients) + len(without_id) > 1:
        raise StudyError(
            f"the folder holds studies of {len(patients) + len(without_id)} patients",
            advice="Put each patient in a folder of its own; casepack inspect STUDY shows which.",
        )
    # a Study without a Patient ID is its own patient: another's shift and code must not be its own
    return next(iter(patients), "") or "\\" + min(studies)


def _group_studies(headers: Iterable[_Header]) -> tuple[Study, ...]:
    grouped: dict[str, dict[str, list[_Header]]] = defaultdict(lambda: defaultdict(list))
    for header in headers:
        grouped[header.study_uid][header.series_uid].append(header)
    studies = [_study(uid, series) for uid, series in grouped.items()]
    return tuple(sorted(studies, key=lambda s: (s.date, s.time, s.study_instance_uid)))


def _study(uid: str, grouped: dict[str, list[_Header]]) -> Study:
    first = min((header for found in grouped.values() for header in found), key=_by_time)
    series = [_series(series_uid, found) for series_uid, found in grouped.items()]
    return Study(
        study_instance_uid=uid,
        date=first.date,
        time=first.time,
        series=tuple(sorted(series, key=lambda s: (s.number or 0, s.series_instance_uid))),
    )


def _by_time(header: _Header) -> tuple[str, str, str]:
    return header.date, header.time, header.instance.sop_instance_uid


def _series(uid: str, headers: list[_Header]) -> Series:
    instances = sorted(
        (header.instance for header in headers),
        key=lambda instance: (instance.number or 0, instance.sop_instance_uid),
    )
    return Series(
        series_instance_uid=uid,
        modality=headers[0].modality,
        number=headers[0].series_number,
        instances=tuple(instances),
    )
