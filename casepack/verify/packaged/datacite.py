"""Whether the DataCite metadata are well formed and complete enough for a DOI (DataCite 4)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from lxml import etree

from casepack.case.forms import check_doi, check_issn, check_orcid, is_language, is_spdx
from casepack.model import Finding
from casepack.verify.findings.findings import make_finding
from casepack.verify.holdings import relative_name
from casepack.verify.packaged.documents import (
    BadDocument,
    as_mapping,
    as_sequence,
    as_text,
    read_json,
)

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


def check_datacite(
    payload: Path, root: Path, case: Mapping[str, Any] | None = None
) -> Iterator[Finding]:
    """Check ``doi/datacite.json`` and ``doi/datacite.xml``, and that they say the same.

    With what ``case.json`` says of the case, also that it is this case which they describe.
    """
    prefix = relative_name(payload, root)
    json_name, xml_name = f"{prefix}/doi/datacite.json", f"{prefix}/doi/datacite.xml"
    record = _read_record(payload / "doi" / "datacite.json")
    tree = _read_tree(payload / "doi" / "datacite.xml")
    if record is None:
        yield make_finding("datacite-invalid", file=json_name)
    else:
        for code, place in _check_record(record):
            yield make_finding(code, file=json_name, place=place)
        for place in _check_case(record, case) if case else ():
            yield make_finding("datacite-other-case", file=json_name, place=place)
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
    for place in (*_without_meaning(record), *_without_date(record)):
        yield "datacite-invalid", place


def _without_meaning(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield the places of values that fit the schema, and are not what their property means."""
    for place, creator in _entries(record, "creators"):
        for inner, one in _entries(creator, "nameIdentifiers"):
            name = as_text(one.get("nameIdentifier"))
            if one.get("nameIdentifierScheme") == "ORCID" and not _is(
                check_orcid, name.removeprefix("https://orcid.org/")
            ):
                yield f"{place}.{inner}"
    for place, one in _entries(record, "relatedIdentifiers"):
        check = _FORMS.get(as_text(one.get("relatedIdentifierType")))
        if check is not None and not _is(check, as_text(one.get("relatedIdentifier"))):
            yield place
    for place, one in _entries(record, "rightsList"):
        licence = as_text(one.get("rightsIdentifier"))
        if one.get("rightsIdentifierScheme") == "SPDX" and not is_spdx(licence):
            yield place
    language = as_text(record.get("language"))
    if language and not is_language(language):
        yield "language"


def _without_date(record: Mapping[str, Any]) -> Iterator[str]:
    year = str(record.get("publicationYear", ""))
    for place, one in _entries(record, "dates"):
        date = as_text(one.get("date"))
        if not _is(dt.date.fromisoformat, date):
            yield place
        elif one.get("dateType") == "Issued" and date[:4] != year:
            yield "publicationYear"


def _entries(record: Mapping[str, Any], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, entry in enumerate(as_sequence(record.get(name))):
        yield f"{name}[{number}]", as_mapping(entry)


def _is(check: Callable[[str], object], text: str) -> bool:
    try:
        check(text)
    except ValueError:
        return False
    return True


_FORMS: Final[Mapping[str, Callable[[str], object]]] = {"DOI": check_doi, "ISSN": check_issn}


def _check_case(record: Mapping[str, Any], case: Mapping[str, Any]) -> Iterator[str]:
    """Yield the properties that describe another case than the one in the package."""
    titles = [as_text(one.get("title")) for _, one in _entries(record, "titles")]
    if _one_line(case.get("title")) not in titles:
        yield "titles"
    names = [
        f"{as_text(one.get('family'))}, {as_text(one.get('given'))}"
        for _, one in _entries(case, "authors")
    ]
    creators = [as_text(one.get("name")) for _, one in _entries(record, "creators")]
    if names and names != creators:
        yield "creators"
    if as_text(case.get("doi")) != as_text(record.get("doi")):
        yield "doi"
    date = as_text(case.get("publication_date"))
    if date and date[:4] != str(record.get("publicationYear", "")):
        yield "publicationYear"


def _one_line(text: object) -> str:
    return " ".join(as_text(text).split())


def schema_faults(payload: Path) -> list[str] | None:
    """Return where the JSON does not fit the schema of DataCite 4.5; None without `datacite`.

    The schema comes with the PyPI package `datacite` (BSD-3-Clause), an extra.
    """
    try:
        from datacite import schema45  # noqa: PLC0415  # an extra
    except ImportError:
        return None
    record = _read_record(payload / "doi" / "datacite.json")
    if record is None:
        return []
    errors = schema45.validator.iter_errors(record)
    return sorted({".".join(map(str, error.absolute_path)) or "record" for error in errors})


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
