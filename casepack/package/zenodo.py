"""The case as the metadata of a draft record on Zenodo, or another InvenioRDM repository."""

from __future__ import annotations

from html import escape
from typing import Any

from casepack.case import Author, Case
from casepack.package.datacite import UNAVAILABLE
from casepack.package.licences import find_licence
from casepack.package.text import one_line
from casepack.package.wording import RISK, abstract, name_author

_LANGUAGES = {"de": "deu", "en": "eng", "es": "spa", "fr": "fra", "it": "ita", "pt": "por"}
"""ISO 639-1 to 639-3, which InvenioRDM wants; another language is left out."""


def describe_for_zenodo(case: Case) -> dict[str, Any]:
    """Return the content of ``doi/zenodo.json``: the body of a request for a draft.

    Without a publication date none is given: the repository then fills in the day of publication.
    """
    metadata: dict[str, Any] = {
        "resource_type": {"id": "dataset"},
        "title": one_line(case.title),
        "creators": [_creator(author) for author in case.authors] or [_unknown()],
        "description": escape(abstract(case), quote=False),  # InvenioRDM takes it as HTML
        "additional_descriptions": [
            {"description": escape(RISK, quote=False), "type": {"id": "technical-info"}}
        ],
    }
    if case.publication_date:
        metadata["publication_date"] = case.publication_date.isoformat()
    if case.publisher.strip():
        metadata["publisher"] = one_line(case.publisher)
    subjects = list(dict.fromkeys(one_line(word) for word in case.keywords))
    if subjects:
        metadata["subjects"] = [{"subject": word} for word in subjects]
    if case.language in _LANGUAGES:
        metadata["languages"] = [{"id": _LANGUAGES[case.language]}]
    if case.licence.strip():
        metadata["rights"] = [_rights(case)]
    related = _related(case)
    if related:
        metadata["related_identifiers"] = related
    body: dict[str, Any] = {
        "access": {"record": "public", "files": "public"},
        "files": {"enabled": True},
        "metadata": metadata,
    }
    if case.doi:
        # a DOI that the author brings; one that the repository reserves has its own provider
        body["pids"] = {"doi": {"identifier": case.doi, "provider": "external"}}
    return body


def _creator(author: Author) -> dict[str, Any]:
    person: dict[str, Any] = {
        "type": "personal",
        "name": name_author(author),
        "given_name": one_line(author.given),
        "family_name": one_line(author.family),
    }
    if author.orcid:
        person["identifiers"] = [{"scheme": "orcid", "identifier": author.orcid}]
    creator: dict[str, Any] = {"person_or_org": person}
    if author.affiliation:
        creator["affiliations"] = [{"name": one_line(author.affiliation)}]
    return creator


def _unknown() -> dict[str, Any]:
    return {"person_or_org": {"type": "organizational", "name": UNAVAILABLE}}


def _rights(case: Case) -> dict[str, Any]:
    licence = find_licence(case.licence)
    if licence.identifier:
        return {"id": licence.identifier.lower()}
    return {"title": {"en": licence.name}}


def _related(case: Case) -> list[dict[str, Any]]:
    pairs = [(case.is_supplement_to, "issupplementto")]
    pairs += [(reference.doi, "references") for reference in case.references]
    return [
        {"identifier": doi, "scheme": "doi", "relation_type": {"id": relation}}
        for doi, relation in dict.fromkeys(pairs)
        if doi
    ]
