from __future__ import annotations

import datetime as dt

import pytest
import yaml

from casepack.case import untitled_case
from casepack.package.doi.citation import write_citation
from casepack.package.doi.zenodo import describe_for_zenodo
from casepack.package.exports.readme import write_readme
from casepack.package.licences import find_licence, write_licence_text
from casepack.package.wording import abstract, cite, describe_age, describe_patient, doi_url
from tests.package.cases import MARKUP, SOFTWARE, full_case


def test_the_citation_file_reads_back_as_it_was_written() -> None:
    content = yaml.safe_load(write_citation(full_case()))
    assert content["cff-version"] == "1.2.0"
    assert content["type"] == "dataset"
    assert content["title"] == f"Title {MARKUP}"
    assert content["authors"][0]["orcid"] == "https://orcid.org/0000-0002-1825-0097"
    assert content["license"] == "CC-BY-NC-SA-4.0"
    assert content["date-released"] == dt.date(2024, 5, 6)
    assert content["doi"] == "10.5072/case-0001"


def test_a_case_without_anything_has_a_citation_file_all_the_same() -> None:
    content = yaml.safe_load(write_citation(untitled_case(1)))
    assert content["authors"] == [{"name": "anonymous"}]
    assert {"doi", "license", "license-url", "date-released", "keywords"}.isdisjoint(content)


def test_keywords_are_unique_as_the_format_demands() -> None:
    content = yaml.safe_load(write_citation(full_case(keywords=("a", "b", "a"))))
    assert content["keywords"] == ["a", "b"]


@pytest.mark.parametrize(
    "licence", ["CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC0-1.0"]
)
def test_the_licence_file_names_licence_and_address(licence: str) -> None:
    text = write_licence_text(full_case(licence=licence))
    assert f"SPDX-License-Identifier: {licence}" in text
    assert find_licence(licence).url in text
    assert find_licence(licence).known


def test_without_a_licence_all_rights_are_reserved() -> None:
    text = write_licence_text(untitled_case(1))
    assert "All rights reserved; no licence was given." in text
    assert "http" not in text


def test_the_readme_says_that_risk_remains_and_how_to_cite() -> None:
    text = write_readme(full_case(), SOFTWARE)
    assert "does not" in text
    assert "https://doi.org/10.5072/case-0001" in text
    assert all(len(line) <= 78 for line in text.splitlines())


def test_the_citation_without_doi_date_or_author_says_so() -> None:
    assert cite(untitled_case(1)) == "Unknown authors (unpublished): Untitled case. Data set."


@pytest.mark.parametrize(
    ("years", "text"), [(0, "0 years"), (1, "1 year"), (89, "89 years"), (90, "over 89 years")]
)
def test_ages_over_89_are_not_told_apart(years: int, text: str) -> None:
    assert describe_age(years) == text


def test_the_patient_is_described_by_what_is_known() -> None:
    assert describe_patient(full_case()) == "over 89 years, female"
    assert describe_patient(full_case(patient={"sex": "M"})) == "male"
    assert describe_patient(untitled_case(1)) == ""
    assert abstract(untitled_case(1))


def test_a_doi_in_an_address_cannot_end_it() -> None:
    assert doi_url('10.1/a<b>"c#d?e') == "https://doi.org/10.1/a%3Cb%3E%22c%23d%3Fe"


def test_the_zenodo_draft_has_html_where_it_wants_html() -> None:
    body = describe_for_zenodo(full_case())
    assert "&lt;script&gt;" in body["metadata"]["description"]
    assert "<script>" in body["metadata"]["title"]
    assert body["metadata"]["rights"] == [{"id": "cc-by-nc-sa-4.0"}]
    assert body["pids"]["doi"]["identifier"] == "10.5072/case-0001"


def test_the_zenodo_draft_of_a_bare_case_leaves_out_what_it_does_not_know() -> None:
    body = describe_for_zenodo(untitled_case(1))
    assert body["metadata"]["creators"][0]["person_or_org"]["name"] == ":unav"
    assert {"publication_date", "publisher", "rights"}.isdisjoint(body["metadata"])
    assert "pids" not in body
