"""CITATION.cff: the Citation File Format 1.2.0, type dataset."""

from __future__ import annotations

import yaml

from casepack.case import Author, Case
from casepack.package.licences import find_licence
from casepack.package.text import one_line
from casepack.package.wording import abstract, name_affiliations


def write_citation(case: Case) -> str:
    """Return the text of ``CITATION.cff``.

    The format demands an author; its guide names unknown ones ``anonymous``.
    """
    licence = find_licence(case.licence)
    content: dict[str, object] = {
        "cff-version": "1.2.0",
        "message": "If you use this data set, please cite it as below.",
        "type": "dataset",
        "title": one_line(case.title),
        "authors": [_author(author, case) for author in case.authors] or [{"name": "anonymous"}],
        "abstract": abstract(case),
    }
    if case.keywords:
        content["keywords"] = list(dict.fromkeys(one_line(word) for word in case.keywords))
    if licence.known:
        content["license"] = licence.identifier
    elif licence.url:
        # the format's list of SPDX identifiers is closed: another one goes in as an address
        content["license-url"] = licence.url
    if case.version.strip():
        content["version"] = one_line(case.version)
    if case.publication_date:
        content["date-released"] = case.publication_date
    if case.doi:
        content["doi"] = case.doi
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=1000)


def _author(author: Author, case: Case) -> dict[str, str]:
    person = {"family-names": one_line(author.family), "given-names": one_line(author.given)}
    places = name_affiliations(case, author)
    if places:
        person["affiliation"] = "; ".join(places)
    if author.orcid:
        person["orcid"] = f"https://orcid.org/{author.orcid}"
    return person
