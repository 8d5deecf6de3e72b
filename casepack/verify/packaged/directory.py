"""Whether the DICOMDIR lists the files that are there, and no others (PS3.3 F, PS3.10 8)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from casepack.model import Finding
from casepack.verify.contents.elements import Element, plain_text
from casepack.verify.findings.findings import make_finding
from casepack.verify.holdings import Holding, Holdings, relative_name

_RECORDS: Final = 0x00041220
_FILE_ID: Final = 0x00041500
_REFERENCED: Final = {0x00041510: 0x00080016, 0x00041511: 0x00080018}
"""Elements of a record and the Attributes of the file that they repeat."""
_KEYS: Final = {0x0020000D: "STUDY", 0x0020000E: "SERIES", 0x00100020: "PATIENT"}
_TYPE: Final = 0x00041430
_COMPONENT: Final = re.compile(r"[A-Za-z0-9_.-]+")
_MOST_COMPONENTS: Final = 8


def check_directories(holdings: Holdings) -> Iterator[Finding]:
    """Check each DICOMDIR against the files beside and below it."""
    for directory in holdings.directories:
        for code, file, place in _check_directory(directory, holdings):
            yield make_finding(code, file=file or directory.name, place=place)


def _check_directory(directory: Holding, holdings: Holdings) -> Iterator[tuple[str, str, str]]:
    folder = directory.path.parent
    by_name = {holding.name: holding for holding in holdings.dicom}
    records = list(_read_records(directory))
    if not records:
        yield "directory-broken", "", "(0004,1220)"
        return
    listed: set[str] = set()
    for place, record in records:
        if _FILE_ID not in record:
            continue
        name = _file_name(record[_FILE_ID], folder, holdings.root)
        if name is None:
            yield "directory-file-id", "", place
        elif name not in by_name:
            yield "directory-missing-file", "", place
        else:
            listed.add(name)
            if _disagrees(record, by_name[name]):
                yield "directory-mismatch", name, place
    below = {holding.name for holding in holdings.dicom if folder in holding.path.parents}
    for name in sorted(below - listed):
        yield "directory-unlisted-file", name, ""
    for tag, place in _check_keys(records, [by_name[name] for name in sorted(listed)]):
        yield "directory-mismatch", "", f"{place} ({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _read_records(directory: Holding) -> Iterator[tuple[str, dict[int, Element]]]:
    items: defaultdict[int, dict[int, Element]] = defaultdict(dict)
    for element in directory.part_ten.elements:
        if len(element.path) == 1 and element.path[0][0] == _RECORDS:
            items[element.path[0][1]][element.tag] = element
    for number, record in sorted(items.items()):
        yield f"(0004,1220)[{number}]", record


def _file_name(element: Element, folder: Path, root: Path) -> str | None:
    """Return the path relative to what is checked; None if the File ID leads out of it."""
    components = [part.strip() for part in plain_text(element.value).split("\\")]
    harmless = all(_COMPONENT.fullmatch(part) and set(part) != {"."} for part in components)
    if not harmless or len(components) > _MOST_COMPONENTS:
        return None
    return str(PurePosixPath(relative_name(folder, root), *components))


def _disagrees(record: dict[int, Element], holding: Holding) -> bool:
    return any(
        tag in record and plain_text(record[tag].value) != holding.text(attribute)
        for tag, attribute in _REFERENCED.items()
    )


def _check_keys(
    records: list[tuple[str, dict[int, Element]]], files: list[Holding]
) -> Iterator[tuple[int, str]]:
    """Check that patients, studies and series of the records are those of the files."""
    for tag, kind in _KEYS.items():
        known = {holding.text(tag) for holding in files}
        for place, record in records:
            is_kind = _TYPE in record and plain_text(record[_TYPE].value) == kind
            value = record.get(tag)
            if is_kind and value is not None and plain_text(value.value) not in known:
                yield tag, place
