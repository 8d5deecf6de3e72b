from __future__ import annotations

import copy
from typing import Any

import pytest
from datacite import schema45
from lxml import etree

from casepack.case import Case, untitled_case
from casepack.package.doi.datacite import describe_for_datacite, write_datacite_xml
from casepack.package.doi.minting import find_minting_faults
from tests.package.cases import MARKUP, extended_case, full_case

NAMESPACE = {"d": "http://datacite.org/schema/kernel-4"}
CASES = [full_case(), full_case(doi=None), untitled_case(2), extended_case()]


def _elements(xml: str) -> list[Any]:
    """The elements with their attributes and text, without the order that kernel 4 leaves open."""

    def walk(element: Any) -> tuple[Any, ...]:
        attributes = sorted(
            (key, value) for key, value in element.attrib.items() if "schemaLocation" not in key
        )
        return (element.tag, attributes, (element.text or "").strip(), [walk(c) for c in element])

    return sorted(walk(child) for child in etree.fromstring(xml.encode()))


@pytest.mark.parametrize("case", CASES)
def test_the_json_is_valid_by_the_schema(case: Case) -> None:
    assert list(schema45.validator.iter_errors(describe_for_datacite(case))) == []


def test_the_schema_would_refuse_a_record_without_creators() -> None:
    record = describe_for_datacite(full_case())
    del record["creators"]
    assert list(schema45.validator.iter_errors(record))


@pytest.mark.parametrize("case", CASES)
def test_the_xml_equals_that_of_the_datacite_library(case: Case) -> None:
    record = describe_for_datacite(case)
    theirs = _elements(schema45.tostring(record))
    ours = _elements(write_datacite_xml(record))
    if case.doi is None:
        # the library leaves the mandatory identifier out
        identifier = f"{{{NAMESPACE['d']}}}identifier"
        assert (identifier, [("identifierType", "DOI")], ":tba", []) in ours
        ours = [one for one in ours if one[0] != identifier]
    assert ours == theirs


def test_a_case_without_authors_publisher_or_date_uses_the_standard_values() -> None:
    record = describe_for_datacite(untitled_case(1))
    assert record["creators"] == [{"name": ":unav"}]
    assert record["publisher"] == {"name": ":unav"}
    assert record["publicationYear"] == "9999"
    assert "doi" not in record
    assert "rightsList" not in record
    assert "dates" not in record


def test_markup_in_the_case_is_text_in_the_xml() -> None:
    root = etree.fromstring(write_datacite_xml(describe_for_datacite(full_case())).encode())
    assert root.findtext("d:titles/d:title", namespaces=NAMESPACE) == f"Title {MARKUP}"
    assert root.find(".//d:script", NAMESPACE) is None
    assert root.find(".//script") is None


def test_related_works_are_named_once_with_their_relation() -> None:
    record = describe_for_datacite(full_case(is_supplement_to="10.1000/a<b>&c"))
    assert [
        (one["relationType"], one["relatedIdentifier"]) for one in record["relatedIdentifiers"]
    ] == [
        ("IsSupplementTo", "10.1000/a<b>&c"),
        ("References", "10.1000/a<b>&c"),
    ]


def test_a_language_that_is_no_tag_is_left_out() -> None:
    record = describe_for_datacite(full_case(language="english"))
    assert "language" not in record
    assert "lang" not in record["titles"][0]


def test_an_unknown_licence_leads_to_its_spdx_page_and_free_text_is_a_name() -> None:
    record = describe_for_datacite(full_case(licence="ODC-By-1.0"))
    assert record["rightsList"][0]["rightsUri"] == "https://spdx.org/licenses/ODC-By-1.0.html"
    record = describe_for_datacite(full_case(licence="ask the authors"))
    assert record["rightsList"] == [{"rights": "ask the authors", "lang": "en"}]
    assert list(schema45.validator.iter_errors(record)) == []


def test_a_whole_record_can_be_minted() -> None:
    assert find_minting_faults(describe_for_datacite(full_case())) == ()


def test_a_bare_record_names_all_that_is_missing() -> None:
    places = [fault.place for fault in find_minting_faults(describe_for_datacite(untitled_case(1)))]
    assert places == ["doi", "creators[0]", "publisher", "publicationYear", "rightsList"]


def test_who_lacks_a_doi_is_told_how_to_get_one() -> None:
    first, *others = find_minting_faults(describe_for_datacite(untitled_case(1)))
    assert "casepack doi reserve" in first.advice
    assert "casepack doi set" in first.advice
    assert all("case file" in one.advice for one in others)


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("doi",), "doi:10.1/x", "doi"),
        (("titles", 0, "title"), " ", "titles[0]"),
        (("titles", 0, "title"), "TODO", "titles[0]"),
        (("dates", 0, "date"), "yesterday", "dates[0]"),
        (
            ("creators", 0, "nameIdentifiers", 0, "nameIdentifier"),
            "https://orcid.org/0000-0002-1825-0098",
            "creators[0].nameIdentifiers",
        ),
        (("relatedIdentifiers", 0, "relatedIdentifier"), "not a doi", "relatedIdentifiers[0]"),
        (("rightsList", 0, "rightsUri"), "", "rightsList[0]"),
        (("language",), "english", "language"),
        (("publicationYear",), "9999", "publicationYear"),
    ],
)
def test_what_the_schemas_miss_is_found(path: tuple[Any, ...], value: str, place: str) -> None:
    record = copy.deepcopy(describe_for_datacite(full_case()))
    *parents, last = path
    target: Any = record
    for step in parents:
        target = target[step]
    target[last] = value
    found = find_minting_faults(record)
    assert [fault.place for fault in found] == [place]
    assert all(value not in fault.message for fault in found if value.strip())
