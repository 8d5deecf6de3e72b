from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

from casepack.case import Case
from casepack.package.doi.datacite import describe_for_datacite, write_datacite_xml
from casepack.package.doi.minting import find_minting_faults
from casepack.package.doi.readiness import check_readiness
from casepack.package.doi.zenodo import describe_for_zenodo
from casepack.package.exports.bibtex import write_bibtex
from casepack.package.exports.exports import export_case
from casepack.package.exports.jats import write_jats
from casepack.package.exports.mirc import write_mirc_document
from casepack.package.identification import set_doi
from tests.package import cases

CAPTIONS = {"figures/fig1a.png": f"Caption {cases.MARKUP}", "figures/fig1b.png": "Second"}


@pytest.fixture
def extended() -> Case:
    return cases.extended_case()


def test_mirc_has_the_elements_that_its_templates_have(package: Path) -> None:
    root = etree.fromstring((package / "data" / "export" / "mirc.xml").read_bytes())
    assert root.tag == "MIRCdocument"
    headings = [one.get("heading") for one in root.findall("section")]
    assert headings[:2] == ["Procedure", "Imaging technique"]
    assert {"History", "Findings", "Diagnosis", "Differential diagnosis"} <= set(headings)
    assert root.findtext("author/name") == "Zoë Müller"
    for name in ("history", "findings", "discussion", "differential-diagnosis", "diagnosis"):
        assert root.findtext(name), name
    assert root.findtext("document-type") == "radiologic teaching file"
    assert root.findtext("patient/pt-sex") == "female"
    assert root.find("patient/pt-age") is None, "over 89 is not a number of years"
    assert root.findtext("publication-date") == "2024-05-06"
    for image in root.findall("image-section/image"):
        assert (package / "data" / "export" / str(image.get("src"))).resolve().is_file()


def test_markup_in_the_case_stays_text() -> None:
    case = cases.full_case()
    for text in (write_mirc_document(case, CAPTIONS), write_jats(case, CAPTIONS)):
        root = etree.fromstring(text.encode())
        assert not root.findall(".//script")
        assert f"Title {cases.MARKUP}" in "".join(root.itertext())


def test_jats_is_a_case_report_with_its_parts() -> None:
    root = etree.fromstring(write_jats(cases.full_case(), CAPTIONS).encode())
    assert root.get("article-type") == "case-report"
    meta = root.find("front/article-meta")
    assert meta is not None
    assert [child.tag for child in meta] == [
        *("article-id", "title-group", "contrib-group", "aff", "pub-date", "permissions"),
        *("related-object", "abstract", "kwd-group"),
    ]
    assert meta.findtext("contrib-group/contrib/contrib-id") == (
        "https://orcid.org/0000-0002-1825-0097"
    )
    assert [one.get("id") for one in root.iter("fig")] == ["fig1a", "fig1b"]
    assert [one.text for one in root.findall("body/sec/title")] == [
        *("Case presentation", "Discussion", "Differential diagnosis", "Final diagnosis"),
    ]
    assert root.findtext("back/ref-list/ref/mixed-citation/pub-id") == "10.1000/a<b>&c"
    linked = {one.get("rid") for one in root.iter("xref")}
    assert linked == {one.get("id") for one in root.iter("aff")}


def test_new_parts_of_the_case_are_in_jats(extended: Case) -> None:
    root = etree.fromstring(write_jats(extended, {}).encode())
    assert root.findtext(".//award-group/funding-source") == "Example Fund"
    assert root.findtext(".//institution-id") == "https://ror.org/03yrm5c26"
    text = "".join(root.itertext())
    assert "Day \N{MINUS SIGN}21: Weakness of the legs" in text
    assert "Consent to publication: patient." in text


def test_new_parts_of_the_case_are_in_the_doi_metadata(extended: Case) -> None:
    record = describe_for_datacite(extended)
    first = record["creators"][0]["affiliation"]
    assert first[0]["affiliationIdentifier"] == "https://ror.org/03yrm5c26"
    assert [one["name"] for one in first] == ["Radiology, Example University", "Invented Institute"]
    assert record["version"] == "1.1"
    assert record["fundingReferences"][0]["awardNumber"] == "A-1"
    kinds = {
        (one["relatedIdentifierType"], one["relationType"]) for one in record["relatedIdentifiers"]
    }
    assert kinds == {("DOI", "IsDerivedFrom"), ("URL", "IsDocumentedBy"), ("ISSN", "IsPublishedIn")}
    xml = write_datacite_xml(record)
    assert "<version>1.1</version>" in xml
    assert 'affiliationIdentifierScheme="ROR"' in xml
    assert "<funderName>Example Fund</funderName>" in xml
    metadata = describe_for_zenodo(extended)["metadata"]
    assert metadata["funding"][0]["funder"] == {"id": "01ggx4157"}
    assert metadata["creators"][0]["affiliations"][0]["id"] == "03yrm5c26"
    places = [one.place for one in find_minting_faults(record)]
    assert places == ["doi", "publisher", "publicationYear"]


def test_minting_faults_of_new_parts_are_found(extended: Case) -> None:
    record = describe_for_datacite(extended)
    record["creators"][0]["affiliation"][0]["affiliationIdentifier"] = "https://ror.org/03yrm5c27"
    record["fundingReferences"][0]["funderIdentifier"] = "100000001"
    for related in record["relatedIdentifiers"]:
        related["relatedIdentifier"] = "nonsense"
    places = [one.place for one in find_minting_faults(record)]
    assert {"creators[0].affiliation", "fundingReferences[0]", "relatedIdentifiers[2]"} <= set(
        places
    )


def test_bibtex_braces_are_balanced_and_special_characters_escaped() -> None:
    text = write_bibtex(cases.full_case(title="50 % of {cases} & \\more_"))
    assert text.startswith("@misc{case-0001,\n  author = {Müller, Zoë and O'Neil, A.},\n")
    assert r"title = {{50 \% of \{cases\} \& \textbackslash{}more\_}}" in text
    plain = re.sub(r"\\[{}]", "", text)
    assert plain.count("{") == plain.count("}")
    assert "doi = {10.5072/case-0001}" in text


@pytest.mark.parametrize("form", ["eurorad", "mirc", "jats", "bibtex", "datacite"])
def test_every_form_can_be_exported_from_a_package(package: Path, form: str) -> None:
    text = export_case(package, form)
    assert "Müller" in text
    assert text.endswith("\n")
    if form in {"mirc", "jats", "datacite"}:
        etree.fromstring(text.encode())


def test_exports_of_a_package_are_the_files_that_it_holds(package: Path) -> None:
    for form, name in (("eurorad", "export/eurorad.md"), ("mirc", "export/mirc.xml")):
        assert export_case(package, form) == (package / "data" / name).read_text("utf-8")
    xml = (package / "data" / "doi" / "datacite.xml").read_text("utf-8")
    assert export_case(package, "datacite") == xml


def test_readiness_is_about_the_doi_first_and_the_case_then(package: Path) -> None:
    before = check_readiness(package)
    assert [one.place for one in before if one.severity == "error"] == ["doi"]
    assert {one.file for one in before} == {"doi/datacite.json", "case.json"}
    set_doi(package, "10.5072/case-0001")
    assert not [one for one in check_readiness(package) if one.severity == "error"]
