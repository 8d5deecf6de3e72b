"""Whether citation, Zenodo and MIRC files can be read, and name the case as DataCite does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from lxml import etree

from casepack.model import Finding
from casepack.verify.findings.findings import make_finding
from casepack.verify.holdings import relative_name
from casepack.verify.packaged.documents import as_mapping, as_sequence, as_text

_LARGEST: Final = 1 << 24
Said = Mapping[str, str]
"""What a file says of the case; nothing of what it does not say."""


def check_citations(payload: Path, root: Path) -> Iterator[Finding]:
    """Check that the files about the case are readable, and agree on its title and DOI."""
    expected = _read(payload / "doi" / "datacite.json", _said_to_datacite)
    for name, said_in in _READERS.items():
        path = payload / name
        if not path.is_file():
            continue
        file = f"{relative_name(payload, root)}/{name}"
        said = _read(path, said_in)
        if said is None:
            yield make_finding("citation-differs", file=file)
            continue
        for key, value in said.items():
            if expected and value != expected.get(key, ""):
                yield make_finding("citation-differs", file=file, place=key)


def _read(path: Path, said_in: Callable[[bytes], Said]) -> Said | None:
    try:
        if path.stat().st_size > _LARGEST:
            return None
        return said_in(path.read_bytes())
    except (OSError, ValueError, RecursionError, yaml.YAMLError, etree.XMLSyntaxError):
        return None


def _said_to_datacite(raw: bytes) -> Said:
    record = as_mapping(json.loads(raw))
    titles = [as_text(as_mapping(one).get("title")) for one in as_sequence(record.get("titles"))]
    return {"title": next(iter(titles), ""), "doi": as_text(record.get("doi"))}


def _said_in_citation(raw: bytes) -> Said:
    record: Any = yaml.safe_load(raw)
    return {"title": as_text(as_mapping(record).get("title")), "doi": _text(record, "doi")}


def _said_to_zenodo(raw: bytes) -> Said:
    record = as_mapping(json.loads(raw))
    metadata = as_mapping(record.get("metadata")) or record
    return {"title": as_text(metadata.get("title"))}


def _said_in_mirc(raw: bytes) -> Said:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    return {"title": etree.fromstring(raw, parser).findtext("title") or ""}


def _text(record: object, key: str) -> str:
    return as_text(as_mapping(record).get(key))


_READERS: Final[dict[str, Callable[[bytes], Said]]] = {
    "CITATION.cff": _said_in_citation,
    "doi/zenodo.json": _said_to_zenodo,
    "export/mirc.xml": _said_in_mirc,
}
