"""What keeps DataCite metadata from being minted as a DOI, beyond what its schemas see.

DataCite's service accepts drafts with invalid values, and neither its XML nor its JSON schema
looks at the meaning of names, dates, addresses and languages.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from casepack.case.completeness import holds_placeholder
from casepack.case.forms import check_doi, check_issn, check_orcid, check_ror
from casepack.model import Finding, Severity
from casepack.package.doi.datacite import TO_BE_ASSIGNED, UNAVAILABLE
from casepack.package.wording import UNPUBLISHED_YEAR

_DOI = re.compile(r"10\.\d{4,9}/\S+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_UNKNOWN = frozenset({"", TO_BE_ASSIGNED, UNAVAILABLE})


def find_minting_faults(record: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Return what is missing from a DataCite record, or not what it should be."""
    faults = (
        *_missing(record),
        *_dates(record),
        *_identifiers(record),
        *_languages(record),
        *_rights(record),
    )
    return tuple(_finding(*fault) for fault in faults)


_Fault = tuple[str, str] | tuple[str, str, str]
"""Place, message, and the advice if it is another than the usual one."""
_USUAL = "Correct it in the case file and write the package again."


def _finding(place: str, message: str, advice: str = _USUAL) -> Finding:
    return Finding(
        code="doi-metadata",
        severity=Severity.ERROR,
        message=message,
        section="DataCite Metadata Schema 4",
        advice=advice,
        file="doi/datacite.json",
        place=place,
    )


def _missing(record: Mapping[str, Any]) -> Iterable[_Fault]:
    if not _DOI.fullmatch(record.get("doi", "")):
        message = "no DOI is set, or it has not the form of one"
        yield "doi", message, "Reserve one with casepack doi reserve; casepack doi set writes it."
    for place, title in enumerate(record.get("titles", ())):
        if title["title"].strip() in _UNKNOWN:
            yield f"titles[{place}]", "the title is empty or unknown"
        if holds_placeholder(title["title"]):
            yield f"titles[{place}]", "the title still holds a placeholder"
    for place, creator in enumerate(record.get("creators", ())):
        if creator["name"].strip(" ,") in _UNKNOWN:
            yield f"creators[{place}]", "no author is known"
    if record["publisher"]["name"].strip() in _UNKNOWN:
        yield "publisher", "no publisher is known"


def _dates(record: Mapping[str, Any]) -> Iterable[_Fault]:
    if record["publicationYear"] == f"{UNPUBLISHED_YEAR:04d}":
        yield "publicationYear", "there is no publication date"
    for place, date in enumerate(record.get("dates", ())):
        try:
            dt.date.fromisoformat(date["date"])
        except ValueError:
            yield f"dates[{place}]", "is not a date"


def _identifiers(record: Mapping[str, Any]) -> Iterable[_Fault]:
    for place, creator in enumerate(record.get("creators", ())):
        for identifier in creator.get("nameIdentifiers", ()):
            if not _is_orcid(identifier["nameIdentifier"]):
                yield f"creators[{place}].nameIdentifiers", "is not an ORCID iD"
        for affiliation in creator.get("affiliation", ()):
            if not _holds(check_ror, affiliation.get("affiliationIdentifier")):
                yield f"creators[{place}].affiliation", "is not a ROR"
    for place, related in enumerate(record.get("relatedIdentifiers", ())):
        kind, name = related["relatedIdentifierType"], related["relatedIdentifier"]
        if kind in _FORMS and not _holds(_FORMS[kind], name):
            yield f"relatedIdentifiers[{place}]", f"has not the form of its type, {kind}"
    for place, grant in enumerate(record.get("fundingReferences", ())):
        if not _holds(check_ror, grant.get("funderIdentifier")):
            yield f"fundingReferences[{place}]", "is not a ROR"


def _check_address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError
    return text


_FORMS: Mapping[str, Callable[[str], str]] = {
    "DOI": check_doi,
    "ISSN": check_issn,
    "URL": _check_address,
}


def _holds(check: Callable[[str], str], value: str | None) -> bool:
    """Return whether a value has a form; one that is not given has none to break."""
    if value is None:
        return True
    try:
        check(value)
    except ValueError:
        return False
    return True


def _is_orcid(text: str) -> bool:
    address = "https://orcid.org/"
    return text.startswith(address) and _holds(check_orcid, text.removeprefix(address))


def _languages(record: Mapping[str, Any]) -> Iterable[_Fault]:
    if not _LANGUAGE.fullmatch(record.get("language", "")):
        yield "language", "no language is set, or it is not a BCP 47 tag such as 'en'"


def _rights(record: Mapping[str, Any]) -> Iterable[_Fault]:
    rights = record.get("rightsList", ())
    if not rights:
        yield "rightsList", "no licence was given"
    for place, licence in enumerate(rights):
        if not _ADDRESS.fullmatch(licence.get("rightsUri", "")):
            yield f"rightsList[{place}]", "the licence has no address"
