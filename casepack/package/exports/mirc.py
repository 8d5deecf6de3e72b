"""The case as a MIRCdocument, for RSNA MIRC teaching files.

Elements after "The MIRCdocument Schema" of the MIRC wiki and the templates of MIRC2: what is
displayed stands in sections, what is only indexed directly below the root. The schema is prose; no
XSD of it is published.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lxml import etree

from casepack.case import AGE_LIMIT, Author, Case
from casepack.package.exports.elements import add, add_paragraphs
from casepack.package.exports.markdown import case_sections
from casepack.package.licences import find_licence
from casepack.package.text import one_line
from casepack.package.wording import (
    abstract,
    cite,
    describe_differential,
    doi_url,
    name_affiliations,
)

_SEXES = {"F": "female", "M": "male"}
_NOT_SHOWN = frozenset({"Case type", "Section", "Patient", "Area of interest", "Special focus"})
"""Sections of case.md whose content MIRC has elements of its own for."""
_HEADINGS = {
    "Clinical history": "History",
    "Imaging findings": "Findings",
    "Differential diagnosis list": "Differential diagnosis",
    "Final diagnosis": "Diagnosis",
}
"""Where MIRC's templates have a heading of their own."""
_LISTS = frozenset({"Differential diagnosis list", "Timeline"})


def write_mirc_document(case: Case, captions: Mapping[str, str]) -> str:
    """Return the text of ``export/mirc.xml``.

    Parameters
    ----------
    captions
        Path in the payload to caption, for the figures; addressed from ``export/``.
    """
    root = etree.Element("MIRCdocument", display="page")
    add(root, "title", one_line(case.title))
    for author in case.authors:
        _add_author(root, author, case)
    add_paragraphs(add(root, "abstract"), abstract(case))
    if case.keywords:
        add(root, "keywords", ", ".join(map(one_line, case.keywords)))
    for heading, text in case_sections(case):
        if heading in _NOT_SHOWN:
            continue
        section = add(root, "section", heading=_HEADINGS.get(heading, heading))
        if heading in _LISTS:
            _add_list(section, text)
        else:
            add_paragraphs(section, text)
    if captions:
        _add_images(root, captions)
    _add_references(root, case)
    _add_index(root, case)
    etree.indent(root)
    body = etree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _add_list(parent: etree._Element, text: str) -> None:
    ordered = add(parent, "ol")
    for line in text.splitlines():
        add(ordered, "li", line.removeprefix("- "))


def _add_author(root: etree._Element, author: Author, case: Case) -> None:
    element = add(root, "author")
    add(element, "name", f"{one_line(author.given)} {one_line(author.family)}")
    add(element, "affiliation", "; ".join(name_affiliations(case, author)) or None)
    contact = f"https://orcid.org/{author.orcid}" if author.orcid else None
    add(element, "contact", contact)


def _add_images(root: etree._Element, captions: Mapping[str, str]) -> None:
    section = add(root, "image-section", heading="Images")
    for path, caption in captions.items():
        image = add(section, "image", src=f"../{path}")
        add(image, "image-caption", one_line(caption), display="always")


def _add_references(root: etree._Element, case: Case) -> None:
    if not case.references:
        return
    references = add(root, "references")
    for one in case.references:
        link = f" {doi_url(one.doi)}" if one.doi else ""
        add(references, "reference", one_line(one.text) + link)


def _add_index(root: etree._Element, case: Case) -> None:
    """Add what MIRC searches by and shows at the end of a document."""
    add(root, "document-type", "radiologic teaching file")
    final = case.final_diagnosis
    named: Sequence[tuple[str, Iterable[str]]] = (
        ("history", [case.clinical_history]),
        ("findings", [case.imaging_findings, *(one.findings for one in case.time_points)]),
        ("discussion", [case.discussion.background, case.discussion.imaging_perspective]),
        ("differential-diagnosis", map(describe_differential, case.differential_diagnosis)),
        ("diagnosis", [final.text] if final else []),
        ("anatomy", case.area_of_interest),
        ("modality", case.imaging_technique),
        ("category", [case.section]),
        ("level", [case.level or ""]),
    )
    for name, texts in named:
        text = "; ".join(one_line(text) for text in texts if text.strip())
        if text:
            add(root, name, text)
    _add_patient(root, case)
    add(root, "rights", one_line(f"{find_licence(case.licence).name}. {cite(case)}"))
    if case.publication_date:
        add(root, "publication-date", case.publication_date.isoformat())


def _add_patient(root: etree._Element, case: Case) -> None:
    age, sex = case.patient.age, case.patient.sex
    if age is None and sex not in _SEXES:
        return
    patient = add(root, "patient")
    if age is not None and age <= AGE_LIMIT:
        add(add(patient, "pt-age"), "years", str(age))
    if sex in _SEXES:
        add(patient, "pt-sex", _SEXES[sex])
