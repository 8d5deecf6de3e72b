"""The case as an article of type case-report in JATS 1.3, to start a manuscript from.

https://jats.nlm.nih.gov/archiving/1.3/. A fragment: what only the journal knows (journal-meta,
volume, pages) is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from casepack.case import Author, Case
from casepack.package.exports.elements import add, add_paragraphs
from casepack.package.licences import find_licence
from casepack.package.text import one_line
from casepack.package.wording import abstract, course, describe_differential, describe_patient
from casepack.package.wording import statements as said_statements

_XLINK = "http://www.w3.org/1999/xlink"
_HREF = f"{{{_XLINK}}}href"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def write_jats(case: Case, captions: Mapping[str, str]) -> str:
    """Return the article as XML.

    Parameters
    ----------
    captions
        Path in the payload to caption, for the figures.
    """
    root = etree.Element(
        "article",
        {"article-type": "case-report", "dtd-version": "1.3", _LANG: case.language},
        nsmap={"xlink": _XLINK},
    )
    _add_meta(add(add(root, "front"), "article-meta"), case)
    _add_body(add(root, "body"), case, captions)
    _add_back(add(root, "back"), case)
    etree.indent(root)
    body = etree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _add_section(parent: etree._Element, title: str, text: str = "") -> etree._Element:
    section = add(parent, "sec")
    add(section, "title", title)
    add_paragraphs(section, text)
    return section


def _add_meta(meta: etree._Element, case: Case) -> None:
    if case.doi:
        add(meta, "article-id", case.doi, pub_id_type="doi")
    add(add(meta, "title-group"), "article-title", one_line(case.title))
    if case.authors:
        _add_authors(meta, case)
    if case.publication_date:
        date = case.publication_date
        element = add(meta, "pub-date", date_type="pub", iso_8601_date=date.isoformat())
        for name, number in (("day", date.day), ("month", date.month), ("year", date.year)):
            add(element, name, str(number))
    _add_licence(meta, case)
    if case.is_supplement_to:
        related = add(meta, "related-object", document_id=case.is_supplement_to)
        related.set("document-id-type", "doi")
    add_paragraphs(add(meta, "abstract"), abstract(case))
    if case.keywords:
        group = add(meta, "kwd-group", kwd_group_type="author")
        for word in case.keywords:
            add(group, "kwd", one_line(word))
    _add_grants(meta, case)


def _add_authors(meta: etree._Element, case: Case) -> None:
    group = add(meta, "contrib-group")
    lines = {one.line: one for author in case.authors for one in case.affiliations_of(author)}
    numbers = {line: f"aff{number}" for number, line in enumerate(lines, 1)}
    for author in case.authors:
        _add_author(group, author, case, numbers)
    for line, one in lines.items():
        place = add(meta, "aff", id=numbers[line])
        wrap = add(place, "institution-wrap")
        if one.ror:
            add(wrap, "institution-id", one.ror, institution_id_type="ror")
        add(wrap, "institution", one_line(one.line))


def _add_grants(meta: etree._Element, case: Case) -> None:
    if case.grants:
        group = add(meta, "funding-group")
        for grant in case.grants:
            award = add(group, "award-group")
            add(award, "funding-source", one_line(grant.funder))
            if grant.award.strip():
                add(award, "award-id", one_line(grant.award))


def _add_author(
    group: etree._Element, author: Author, case: Case, numbers: Mapping[str, str]
) -> None:
    contributor = add(group, "contrib", contrib_type="author")
    if author.orcid:
        address = f"https://orcid.org/{author.orcid}"
        add(contributor, "contrib-id", address, contrib_id_type="orcid")
    name = add(contributor, "name")
    add(name, "surname", one_line(author.family))
    add(name, "given-names", one_line(author.given))
    for one in case.affiliations_of(author):
        add(contributor, "xref", ref_type="aff", rid=numbers[one.line])


def _add_licence(meta: etree._Element, case: Case) -> None:
    licence = find_licence(case.licence)
    permission = add(add(meta, "permissions"), "license")
    if licence.url:
        permission.set(_HREF, licence.url)
    add(permission, "license-p", licence.name)


def _add_body(body: etree._Element, case: Case, captions: Mapping[str, str]) -> None:
    patient = describe_patient(case)
    history = (
        f"Patient: {patient}.\n\n{case.clinical_history}" if patient else case.clinical_history
    )
    presentation = _add_section(body, "Case presentation", history)
    findings = "\n\n".join([case.imaging_findings, *(one.findings for one in case.time_points)])
    if findings.strip() or captions:
        _add_figures(_add_section(presentation, "Imaging findings", findings), captions)
    for title, text in course(case):
        if text.strip():
            _add_section(presentation, title, text)
    discussion = _add_section(body, "Discussion")
    parts = case.discussion
    for title, text in (
        ("Background", parts.background),
        ("Clinical perspective", parts.clinical_perspective),
        ("Imaging perspective", parts.imaging_perspective),
        ("Outcome", parts.outcome),
        ("Take-home message", parts.take_home_message),
    ):
        if text.strip():
            _add_section(discussion, title, text)
    if case.differential_diagnosis:
        section = _add_section(body, "Differential diagnosis")
        ordered = add(section, "list", list_type="order")
        for one in case.differential_diagnosis:
            add(add(ordered, "list-item"), "p", describe_differential(one))
    if case.final_diagnosis:
        _add_section(body, "Final diagnosis", case.final_diagnosis.text)


def _add_figures(section: etree._Element, captions: Mapping[str, str]) -> None:
    for path, caption in captions.items():
        number = path.rpartition("/")[2].partition(".")[0].removeprefix("fig")
        figure = add(section, "fig", id=f"fig{number}")
        add(figure, "label", f"Figure {number}")
        add(add(figure, "caption"), "p", one_line(caption))
        add(figure, "graphic").set(_HREF, path)


def _add_back(back: etree._Element, case: Case) -> None:
    for title, text in said_statements(case):
        _add_section(back, title, text)
    if not case.references:
        return
    references = add(back, "ref-list")
    for number, one in enumerate(case.references, 1):
        reference = add(add(references, "ref", id=f"ref{number}"), "mixed-citation")
        reference.text = one_line(one.text)
        for kind, value in (("doi", one.doi), ("pmid", one.pmid)):
            if value:
                add(reference, "pub-id", value, pub_id_type=kind)
