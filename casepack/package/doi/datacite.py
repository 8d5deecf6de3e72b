"""The case as DataCite metadata, kernel 4: the JSON of its REST interface, and XML.

Values, vocabulary and order of elements are valid from version 4.5 to 4.7
(https://schema.datacite.org/meta/kernel-4/).

A value that is mandatory and not known is given by DataCite's standard codes for unknown
information (appendix of the schema's documentation): ``:unav``, value unavailable, possibly
unknown; ``:tba``, to be assigned or announced later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree

from casepack.case import Affiliation, Author, Case, Grant
from casepack.package.licences import find_licence
from casepack.package.text import one_line
from casepack.package.wording import RISK, abstract, name_author, publication_year, statements

UNAVAILABLE = ":unav"
TO_BE_ASSIGNED = ":tba"
KERNEL = "http://datacite.org/schema/kernel-4"
RESOURCE_TYPE = "Radiology teaching case (DICOM package)"
_SCHEMA_LOCATION = f"{KERNEL} https://schema.datacite.org/meta/kernel-4/metadata.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_ROR = "https://ror.org"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")

Record = Mapping[str, Any]


def describe_for_datacite(case: Case) -> dict[str, Any]:
    """Return the content of ``doi/datacite.json``: attributes for DataCite's REST interface.

    Without a DOI the property is left out, as for a draft whose DOI DataCite assigns.
    """
    language = language_tag(case)
    record: dict[str, Any] = {
        "schemaVersion": KERNEL,
        "types": {"resourceType": RESOURCE_TYPE, "resourceTypeGeneral": "Dataset"},
        "creators": [_creator(author, case) for author in case.authors] or [{"name": UNAVAILABLE}],
        "titles": [_with_language({"title": one_line(case.title)}, language)],
        "publisher": {"name": one_line(case.publisher) or UNAVAILABLE},
        "publicationYear": f"{publication_year(case):04d}",
        "alternateIdentifiers": [
            {"alternateIdentifier": case.id, "alternateIdentifierType": "casepack case"}
        ],
        "formats": ["application/dicom", "application/json", "image/png", "text/html"],
        "descriptions": [
            _with_language({"description": text, "descriptionType": kind}, language)
            for text, kind in _descriptions(case)
        ],
    }
    if case.doi:
        record["doi"] = case.doi
    if language:
        record["language"] = language
    subjects = _unique(one_line(word) for word in (*case.keywords, *case.area_of_interest))
    if subjects:
        record["subjects"] = [_with_language({"subject": word}, language) for word in subjects]
    if case.publication_date:
        date = case.publication_date.isoformat()
        record["dates"] = [{"date": date, "dateType": "Issued"}]
    if case.licence.strip():
        record["rightsList"] = [_rights(case)]
    related = relate(case)
    if related:
        record["relatedIdentifiers"] = related
    if case.version.strip():
        record["version"] = one_line(case.version)
    if case.grants:
        record["fundingReferences"] = [_grant(one) for one in case.grants]
    return record


def language_tag(case: Case) -> str:
    """Return the language when it has the form of a BCP 47 tag (``en``, not ``english``)."""
    return case.language if _LANGUAGE.fullmatch(case.language) else ""


def _with_language(value: dict[str, str], language: str) -> dict[str, str]:
    return {**value, "lang": language} if language else value


def _creator(author: Author, case: Case) -> dict[str, Any]:
    creator: dict[str, Any] = {
        "name": name_author(author),
        "nameType": "Personal",
        "givenName": one_line(author.given),
        "familyName": one_line(author.family),
    }
    if author.orcid:
        creator["nameIdentifiers"] = [
            {
                "nameIdentifier": f"https://orcid.org/{author.orcid}",
                "nameIdentifierScheme": "ORCID",
                "schemeUri": "https://orcid.org",
            }
        ]
    places = [_affiliation(one) for one in case.affiliations_of(author)]
    if places:
        creator["affiliation"] = places
    return creator


def _affiliation(one: Affiliation) -> dict[str, str]:
    place = {"name": one_line(one.line)}
    if one.ror:
        place["affiliationIdentifier"] = one.ror
        place["affiliationIdentifierScheme"] = "ROR"
        place["schemeUri"] = _ROR
    return place


def _grant(grant: Grant) -> dict[str, str]:
    """Return a fundingReference."""
    reference = {"funderName": one_line(grant.funder)}
    if grant.funder_id:
        reference["funderIdentifier"] = grant.funder_id
        reference["funderIdentifierType"] = "ROR"
    if grant.award.strip():
        reference["awardNumber"] = one_line(grant.award)
    if grant.url:
        reference["awardUri"] = grant.url
    if grant.title.strip():
        reference["awardTitle"] = one_line(grant.title)
    return reference


def _descriptions(case: Case) -> Iterable[tuple[str, str]]:
    yield abstract(case), "Abstract"
    yield RISK, "TechnicalInfo"
    for name, text in statements(case):
        if name == "Funding":
            yield f"Funding: {one_line(text)}", "Other"


def _rights(case: Case) -> dict[str, str]:
    licence = find_licence(case.licence)
    rights = {"rights": licence.name, "lang": "en"}
    if licence.url:
        rights["rightsUri"] = licence.url
    if licence.identifier:
        rights["rightsIdentifier"] = licence.identifier
        rights["rightsIdentifierScheme"] = "SPDX"
        rights["schemeUri"] = "https://spdx.org/licenses/"
    return rights


def relate(case: Case) -> list[dict[str, str]]:
    """Return the relatedIdentifiers: article, relations, journal, references; each once."""
    found = [(case.is_supplement_to, "DOI", "IsSupplementTo")]
    found += [(one.doi, "DOI", one.type) for one in case.relations]
    found += [(one.url, "URL", one.type) for one in case.relations]
    found.append((case.issn, "ISSN", "IsPublishedIn"))
    found += [(reference.doi, "DOI", "References") for reference in case.references]
    return [
        {"relatedIdentifier": name, "relatedIdentifierType": kind, "relationType": relation}
        for name, kind, relation in dict.fromkeys(found)
        if name
    ]


def _unique(texts: Iterable[str]) -> list[str]:
    return [text for text in dict.fromkeys(texts) if text]


def write_datacite_xml(record: Record) -> str:
    """Return the record as XML, for ``doi/datacite.xml``.

    The XML form cannot leave the identifier out: without a DOI it holds ``:tba``.
    """
    root = etree.Element(
        f"{{{KERNEL}}}resource",
        {f"{{{_XSI}}}schemaLocation": _SCHEMA_LOCATION},
        nsmap={None: KERNEL, "xsi": _XSI},
    )
    _add(root, "identifier", record.get("doi", TO_BE_ASSIGNED), identifierType="DOI")
    for creator in _group(root, "creators", record["creators"]):
        _add_creator(root[-1], creator)
    for title in _group(root, "titles", record["titles"]):
        _add(root[-1], "title", title["title"], lang=title.get("lang"))
    _add(root, "publisher", record["publisher"]["name"])
    _add(root, "publicationYear", record["publicationYear"])
    types = record["types"]
    general = types["resourceTypeGeneral"]
    _add(root, "resourceType", types["resourceType"], resourceTypeGeneral=general)
    for subject in _group(root, "subjects", record.get("subjects")):
        _add(root[-1], "subject", subject["subject"], lang=subject.get("lang"))
    for date in _group(root, "dates", record.get("dates")):
        _add(root[-1], "date", date["date"], dateType=date["dateType"])
    if "language" in record:
        _add(root, "language", record["language"])
    _add_references(root, record)
    for name in _group(root, "formats", record["formats"]):
        _add(root[-1], "format", name)
    _add_last(root, record)
    etree.indent(root)
    body = etree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _add_last(root: etree._Element, record: Record) -> None:
    if "version" in record:
        _add(root, "version", record["version"])
    for rights in _group(root, "rightsList", record.get("rightsList")):
        _add_rights(root[-1], rights)
    for text in _group(root, "descriptions", record["descriptions"]):
        kind, lang = text["descriptionType"], text.get("lang")
        _add(root[-1], "description", text["description"], lang=lang, descriptionType=kind)
    for grant in _group(root, "fundingReferences", record.get("fundingReferences")):
        _add_grant(root[-1], grant)


def _group(root: etree._Element, name: str, items: list[Any] | None) -> list[Any]:
    """Open a group element when there is something to put in it."""
    if items:
        _add(root, name)
    return items or []


def _add(
    parent: etree._Element,
    name: str,
    text: str | None = None,
    *,
    lang: str | None = None,
    **attributes: str,
) -> etree._Element:
    child = etree.SubElement(parent, f"{{{KERNEL}}}{name}")
    if lang:
        child.set(_LANG, lang)
    for key, value in attributes.items():
        child.set(key, value)
    child.text = text
    return child


def _add_creator(parent: etree._Element, creator: Mapping[str, Any]) -> None:
    element = _add(parent, "creator")
    kind = {"nameType": creator["nameType"]} if "nameType" in creator else {}
    _add(element, "creatorName", creator["name"], **kind)
    if "givenName" in creator:
        _add(element, "givenName", creator["givenName"])
        _add(element, "familyName", creator["familyName"])
    for identifier in creator.get("nameIdentifiers", ()):
        _add(
            element,
            "nameIdentifier",
            identifier["nameIdentifier"],
            nameIdentifierScheme=identifier["nameIdentifierScheme"],
            schemeURI=identifier["schemeUri"],
        )
    for affiliation in creator.get("affiliation", ()):
        names = ("affiliationIdentifier", "affiliationIdentifierScheme", "schemeUri")
        attributes = {
            name.replace("Uri", "URI"): affiliation[name] for name in names if name in affiliation
        }
        _add(element, "affiliation", affiliation["name"], **attributes)


def _add_grant(parent: etree._Element, grant: Mapping[str, str]) -> None:
    element = _add(parent, "fundingReference")
    _add(element, "funderName", grant["funderName"])
    if "funderIdentifier" in grant:
        _add(
            element,
            "funderIdentifier",
            grant["funderIdentifier"],
            funderIdentifierType=grant["funderIdentifierType"],
        )
    if "awardNumber" in grant:
        uri = {"awardURI": grant["awardUri"]} if "awardUri" in grant else {}
        _add(element, "awardNumber", grant["awardNumber"], **uri)
    if "awardTitle" in grant:
        _add(element, "awardTitle", grant["awardTitle"])


def _add_references(root: etree._Element, record: Record) -> None:
    for other in _group(root, "alternateIdentifiers", record["alternateIdentifiers"]):
        _add(
            root[-1],
            "alternateIdentifier",
            other["alternateIdentifier"],
            alternateIdentifierType=other["alternateIdentifierType"],
        )
    for related in _group(root, "relatedIdentifiers", record.get("relatedIdentifiers")):
        _add(
            root[-1],
            "relatedIdentifier",
            related["relatedIdentifier"],
            relatedIdentifierType=related["relatedIdentifierType"],
            relationType=related["relationType"],
        )


def _add_rights(parent: etree._Element, rights: Mapping[str, str]) -> None:
    names = {
        "rightsURI": "rightsUri",
        "rightsIdentifier": "rightsIdentifier",
        "rightsIdentifierScheme": "rightsIdentifierScheme",
        "schemeURI": "schemeUri",
    }
    attributes = {name: rights[key] for name, key in names.items() if key in rights}
    _add(parent, "rights", rights["rights"], lang=rights.get("lang"), **attributes)
