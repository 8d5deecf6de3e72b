"""The case as the metadata of a draft record on Zenodo, or another InvenioRDM repository."""

from __future__ import annotations

from html import escape
from typing import Any

from casepack.case import Affiliation, Author, Case, Grant
from casepack.package.doi.datacite import UNAVAILABLE, relate
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
        "creators": [_creator(author, case) for author in case.authors] or [_unknown()],
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
    if case.version.strip():
        metadata["version"] = one_line(case.version)
    if case.grants:
        metadata["funding"] = [_grant(one) for one in case.grants]
    body: dict[str, Any] = {
        "access": {"record": "public", "files": "public"},
        "files": {"enabled": True},
        "metadata": metadata,
    }
    if case.doi:
        # a DOI that the author brings; one that the repository reserves has its own provider
        body["pids"] = {"doi": {"identifier": case.doi, "provider": "external"}}
    return body


def _creator(author: Author, case: Case) -> dict[str, Any]:
    person: dict[str, Any] = {
        "type": "personal",
        "name": name_author(author),
        "given_name": one_line(author.given),
        "family_name": one_line(author.family),
    }
    if author.orcid:
        person["identifiers"] = [{"scheme": "orcid", "identifier": author.orcid}]
    creator: dict[str, Any] = {"person_or_org": person}
    places = [_affiliation(one) for one in case.affiliations_of(author)]
    if places:
        creator["affiliations"] = places
    return creator


def _affiliation(one: Affiliation) -> dict[str, str]:
    place = {"name": one_line(one.name)}
    return place | {"id": one.ror.removeprefix("https://ror.org/")} if one.ror else place


def _unknown() -> dict[str, Any]:
    return {"person_or_org": {"type": "organizational", "name": UNAVAILABLE}}


def _rights(case: Case) -> dict[str, Any]:
    licence = find_licence(case.licence)
    if licence.identifier:
        return {"id": licence.identifier.lower()}
    return {"title": {"en": licence.name}}


def _grant(grant: Grant) -> dict[str, Any]:
    funder: dict[str, str] = {"name": one_line(grant.funder)}
    if grant.funder_id:
        funder = {"id": grant.funder_id.removeprefix("https://ror.org/")}
    award: dict[str, Any] = {}
    if grant.award.strip():
        award["number"] = one_line(grant.award)
    if grant.title.strip():
        award["title"] = {"en": one_line(grant.title)}
    if grant.url:
        award["identifiers"] = [{"scheme": "url", "identifier": grant.url}]
    return {"funder": funder, "award": award} if award else {"funder": funder}


def _related(case: Case) -> list[dict[str, Any]]:
    return [
        {
            "identifier": one["relatedIdentifier"],
            "scheme": one["relatedIdentifierType"].lower(),
            "relation_type": {"id": one["relationType"].lower()},
        }
        for one in relate(case)
    ]
