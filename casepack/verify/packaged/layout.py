"""Whether the files of the package layout are there, and the RO-Crate lists them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from casepack.model import Finding
from casepack.verify.findings.findings import make_finding
from casepack.verify.holdings import list_files, relative_name
from casepack.verify.packaged.documents import (
    BadDocument,
    as_mapping,
    as_sequence,
    as_text,
    is_folder_inside,
    is_inside,
    read_json,
)

EXPECTED: Final = (
    *("index.html", "ro-crate-metadata.json", "ro-crate-preview.html"),
    *("case.json", "case.md", "CITATION.cff", "LICENSE", "README.txt"),
    *("doi/datacite.json", "doi/datacite.xml", "doi/zenodo.json"),
    *("dicom/DICOMDIR", "annotations/lesions.json", "export/eurorad.md"),
    *("deid/report.json", "deid/report.html", "deid/actions.csv"),
)
_KNOWN: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"dicom/PT\d{6}/ST\d{6}/SE\d{6}/IM\d{6}",
        r"figures/(figures\.json|fig\d+[a-z]?(-plain|-detail)?\.(png|webp|svg))",
        r"preview/[\w.-]+/\d+\.webp|preview/[\w.-]+\.(json|webp)",
        r"annotations/[\w.-]+\.(json|svg)",
        r"export/(mirc\.xml|eurorad\.(md|docx))",
        r"doi/[\w.-]+\.(json|xml)",
        r"ro-crate-preview_files/[\w.-]+",
        r"linkset\.json",
    )
)
_METADATA: Final = "ro-crate-metadata.json"


def check_layout(payload: Path, root: Path) -> Iterator[Finding]:
    """Check which files are in the payload."""
    files, _ = list_files(payload)
    names = {relative_name(path, payload) for path in files}
    prefix = relative_name(payload, root)
    for name in EXPECTED:
        if name not in names:
            yield make_finding("package-file-missing", file=f"{prefix}/{name}")
    for name in sorted(names.difference(EXPECTED)):
        if not any(pattern.fullmatch(name) for pattern in _KNOWN):
            yield make_finding("package-file-unknown", file=f"{prefix}/{name}")


def check_crate(payload: Path, root: Path) -> Iterator[Finding]:
    """Check that the RO-Crate is readable, and lists all files and no others."""
    prefix = relative_name(payload, root)
    place = f"{prefix}/{_METADATA}"
    if not (payload / _METADATA).is_file():
        # the layout check names it
        return
    try:
        graph = as_sequence(as_mapping(read_json(payload / _METADATA)).get("@graph"))
    except BadDocument:
        yield make_finding("crate-invalid", file=place)
        return
    entities = {as_text(as_mapping(entity).get("@id")): as_mapping(entity) for entity in graph}
    about = as_mapping(entities.get(_METADATA, {}).get("about")).get("@id")
    if about != "./" or "./" not in entities or not entities["./"].get("hasPart"):
        yield make_finding("crate-invalid", file=place, place="./")
        return
    yield from _check_entities(payload, prefix, entities.keys())


def _check_entities(payload: Path, prefix: str, entities: object) -> Iterator[Finding]:
    listed = {unquote(name) for name in as_names(entities) if _is_relative(name)}
    folders = tuple(name for name in listed if name.endswith("/") and name != "./")
    for path in list_files(payload)[0]:
        name = relative_name(path, payload)
        covered = name in listed or name.startswith(folders) if folders else name in listed
        if not covered and name not in {_METADATA, "ro-crate-preview.html"}:
            yield make_finding("crate-unlisted", file=f"{prefix}/{name}")
    for name in sorted(listed - {"./"}):
        there = is_folder_inside(payload, name) if name.endswith("/") else is_inside(payload, name)
        if not there:
            yield make_finding("crate-missing", file=f"{prefix}/{_METADATA}", place=name)


def as_names(entities: object) -> list[str]:
    """Return the keys of a mapping as texts."""
    return [str(name) for name in entities] if hasattr(entities, "__iter__") else []


def _is_relative(name: str) -> bool:
    return bool(name) and not name.startswith("#") and not urlsplit(name).scheme
