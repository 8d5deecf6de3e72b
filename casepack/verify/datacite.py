"""Whether the DataCite metadata are well formed and complete enough for a DOI (DataCite 4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from lxml import etree

from casepack.model import Finding
from casepack.verify.documents import BadDocument, as_mapping, as_sequence, as_text, read_json
from casepack.verify.findings import make_finding
from casepack.verify.holdings import relative_name

_NAMESPACE: Final = "{http://datacite.org/schema/kernel-4}"
_UNAVAILABLE: Final = re.compile(r":(unac|unal|unap|unas|unav|unkn|none|null|tba|etal)\b.*")
"""Standard values for unknown information (DataCite 4, Appendix 3)."""
_YEAR: Final = re.compile(r"(1[5-9]|20)\d\d")
_DOI: Final = re.compile(r"10\.\d{4,9}/\S+")
_GENERAL_TYPES: Final = frozenset(
    {
        *("Audiovisual", "Award", "Book", "BookChapter", "Collection", "ComputationalNotebook"),
        *("ConferencePaper", "ConferenceProceeding", "DataPaper", "Dataset", "Dissertation"),
        *("Event", "Image", "Instrument", "InteractiveResource", "Journal", "JournalArticle"),
        *("Model", "OutputManagementPlan", "PeerReview", "PhysicalObject", "Poster", "Preprint"),
        *("Presentation", "Project", "Report", "Service", "Software", "Sound", "Standard"),
        *("StudyRegistration", "Text", "Workflow", "Other"),
    }
)


def check_datacite(payload: Path, root: Path) -> Iterator[Finding]:
    """Check ``doi/datacite.json`` and ``doi/datacite.xml``, and that they say the same."""
    prefix = relative_name(payload, root)
    json_name, xml_name = f"{prefix}/doi/datacite.json", f"{prefix}/doi/datacite.xml"
    record = _read_record(payload / "doi" / "datacite.json")
    tree = _read_tree(payload / "doi" / "datacite.xml")
    if record is None:
        yield make_finding("datacite-invalid", file=json_name)
    else:
        for code, place in _check_record(record):
            yield make_finding(code, file=json_name, place=place)
    if tree is None:
        yield make_finding("datacite-invalid", file=xml_name)
    elif record is not None and _said_in_json(record) != _said_in_xml(tree):
        yield make_finding("datacite-differs", file=xml_name)


def _read_record(path: Path) -> Mapping[str, Any] | None:
    try:
        record = as_mapping(read_json(path))
    except BadDocument:
        return None
    return record or None


def _read_tree(path: Path) -> Any:  # noqa: ANN401  # lxml has no types
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        tree = etree.fromstring(path.read_bytes(), parser)
    except (OSError, ValueError, etree.XMLSyntaxError):
        return None
    return tree if tree.tag == f"{_NAMESPACE}resource" else None


def _check_record(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    creators = [as_text(as_mapping(one).get("name")) for one in as_sequence(record.get("creators"))]
    titles = [as_text(as_mapping(one).get("title")) for one in as_sequence(record.get("titles"))]
    publisher = record.get("publisher")
    publisher_name = as_text(as_mapping(publisher).get("name")) or as_text(publisher)
    said = {
        "creators": bool(creators) and all(map(_is_said, creators)),
        "titles": bool(titles) and all(map(_is_said, titles)),
        "publisher": _is_said(publisher_name),
        "publicationYear": bool(_YEAR.fullmatch(str(record.get("publicationYear", "")))),
    }
    for name, is_said in said.items():
        if not is_said:
            yield "datacite-incomplete", name
    general = as_mapping(record.get("types")).get("resourceTypeGeneral")
    if general not in _GENERAL_TYPES:
        yield "datacite-invalid", "types.resourceTypeGeneral"
    doi = as_text(record.get("doi"))
    if doi and not _DOI.fullmatch(doi):
        yield "datacite-invalid", "doi"


def _is_said(text: str) -> bool:
    return bool(text.strip()) and not _UNAVAILABLE.fullmatch(text.strip())


def _said_in_json(record: Mapping[str, Any]) -> tuple[list[str], list[str], str]:
    return (
        [as_text(as_mapping(one).get("title")) for one in as_sequence(record.get("titles"))],
        [as_text(as_mapping(one).get("name")) for one in as_sequence(record.get("creators"))],
        str(record.get("publicationYear", "")),
    )


def _said_in_xml(tree: Any) -> tuple[list[str], list[str], str]:  # noqa: ANN401  # lxml has no types
    return (
        _texts(tree, "titles/title"),
        _texts(tree, "creators/creator/creatorName"),
        "".join(_texts(tree, "publicationYear")),
    )


def _texts(tree: Any, path: str) -> list[str]:  # noqa: ANN401  # lxml has no types
    steps = "/".join(_NAMESPACE + step for step in path.split("/"))
    return ["".join(element.itertext()).strip() for element in tree.findall(steps)]
