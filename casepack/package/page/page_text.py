"""The sections of the case page, each an HTML text made from the case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from casepack.case import Case
from casepack.model import Verified
from casepack.package import wording
from casepack.package.licences import NO_LICENCE, find_licence
from casepack.package.page.markup import escape, link, paragraphs
from casepack.package.wording import (
    RISK,
    cite,
    describe_differential,
    describe_patient,
    doi_url,
    name_affiliations,
)
from casepack.standard.codes import deidentification_methods

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_PROFILE = "Basic Application Level Confidentiality Profile (DICOM PS3.15"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A section of the page; one with an empty body is left out."""

    name: str
    """Anchor."""
    title: str
    body: str
    short: str = ""
    """Title in the contents, when the heading is too long for it."""
    full: bool = False
    """True when the body takes the whole width and not that of a line of text."""


def front_matter(case: Case) -> str:
    """Return kicker, title, authors, affiliations and imprint."""
    kicker = " \u00b7 ".join(escape(part) for part in (case.case_type, case.section) if part)
    parts = [f'<p class="kicker">{kicker}</p>' if kicker else "", f"<h1>{escape(case.title)}</h1>"]
    named = [name_affiliations(case, one) for one in case.authors]
    places = list(dict.fromkeys(place for one in named for place in one))
    if case.authors:
        names = ", ".join(
            _author(one.given, one.family, _mark(own, places), one.orcid)
            for one, own in zip(case.authors, named, strict=True)
        )
        parts.append(f'<p class="authors">{names}</p>')
    if places:
        items = "".join(
            f"<li>{f'<sup>{number}</sup>' if len(places) > 1 else ''}{escape(place)}</li>"
            for number, place in enumerate(places, 1)
        )
        parts.append(f'<ul class="affiliations">{items}</ul>')
    parts.append(f'<ul class="imprint">{"".join(f"<li>{one}</li>" for one in _imprint(case))}</ul>')
    return "\n".join(part for part in parts if part)


def opening(case: Case) -> str:
    """Return the clinical history beside the facts of the case."""
    history = paragraphs(case.clinical_history)
    facts = "".join(
        f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>"
        for name, value in (
            ("Patient", describe_patient(case).capitalize()),
            ("Area of interest", ", ".join(case.area_of_interest)),
            ("Imaging technique", ", ".join(case.imaging_technique)),
            ("Procedure", ", ".join(case.procedure)),
            ("Special focus", ", ".join(case.special_focus)),
            ("Keywords", ", ".join(case.keywords)),
        )
        if value
    )
    listed = f'<dl class="facts">{facts}</dl>' if facts else ""
    if history and listed:
        return f'<div class="opening-text"><div>{history}</div>{listed}</div>'
    return history or listed


def findings(case: Case) -> str:
    """Return the imaging findings, then those of each time point with what came before it."""
    parts = [paragraphs(case.imaging_findings)]
    for number, point in enumerate(case.time_points):
        told = [point.technique, point.findings, *wording.series_findings(point)]
        body = "\n".join(paragraphs(text) for text in told if text.strip())
        if not (body or point.treatment_before.strip()):
            continue
        if point.treatment_before.strip():
            text = escape(" ".join(point.treatment_before.split()))
            when = "Before" if number == 0 else "Between the studies"
            parts.append(f'<p class="treatment">{when}: {text}</p>')
        day = f'<span class="day">day {point.day}</span>' if len(case.time_points) > 1 else ""
        parts.append(f"<h3>{escape(point.label)}{day}</h3>{body}")
    return "\n".join(part for part in parts if part)


def course(case: Case) -> str:
    """Return timeline, treatment, outcome and the patient's perspective."""
    named = wording.course(case)
    return "\n".join(f"<h3>{name}</h3>{paragraphs(text)}" for name, text in named)


def discussion(case: Case) -> str:
    """Return the sub-headings of the discussion that have a text."""
    text = case.discussion
    named = (
        ("Background", text.background),
        ("Clinical perspective", text.clinical_perspective),
        ("Imaging perspective", text.imaging_perspective),
        ("Outcome", text.outcome),
    )
    parts = [f"<h3>{name}</h3>{paragraphs(body)}" for name, body in named if body.strip()]
    if text.take_home_message.strip():
        body = paragraphs(text.take_home_message)
        parts.append(f'<div class="take-home"><h3>Take-home message</h3>{body}</div>')
    return "\n".join(parts)


def differential(case: Case) -> str:
    """Return the differential diagnosis list in its order."""
    items = "".join(
        f"<li>{escape(describe_differential(one))}</li>" for one in case.differential_diagnosis
    )
    return f'<ol class="differential">{items}</ol>' if items else ""


def diagnosis(case: Case) -> str:
    """Return the final diagnosis, folded until it is asked for."""
    found = case.final_diagnosis
    if found is None:
        return ""
    details = [
        f"{name}: {escape(value)}"
        for name, value in (("Certainty", found.certainty), ("Confirmed by", found.confirmed_by))
        if value
    ]
    note = f'<p class="note">{". ".join(details)}.</p>' if details else ""
    return (
        '<details class="diagnosis"><summary><span class="folded">Show diagnosis</span>'
        '<span class="unfolded">Hide diagnosis</span></summary>'
        f'<p class="diagnosis-text">{escape(found.text)}</p>{note}</details>'
    )


def references(case: Case) -> str:
    """Return the numbered references with their DOI."""
    items = "".join(
        f"<li>{escape(one.text)}"
        f"{' ' + link(doi_url(one.doi), 'doi:' + one.doi) if one.doi else ''}</li>"
        for one in case.references
    )
    return f'<ol class="references">{items}</ol>' if items else ""


def citation(case: Case) -> str:
    """Return how to cite the case, its licence, and the article that it belongs to."""
    licence = find_licence(case.licence)
    name = link(licence.url, licence.name) if licence.url else escape(licence.name)
    parts = [f'<p class="cite">{escape(cite(case))}</p>']
    if case.is_supplement_to:
        article = link(doi_url(case.is_supplement_to), f"doi:{case.is_supplement_to}")
        parts.append(f"<p>This package supplements the article {article}.</p>")
    summary = f" {escape(licence.summary)}" if licence.summary else ""
    parts.append(f'<p class="note">Licence: {name}.{summary}</p>')
    return "\n".join(parts)


def statements(case: Case) -> str:
    """Return consent, ethics and funding."""
    named = wording.statements(case)
    return "\n".join(f"<h3>{name}</h3>{paragraphs(text)}" for name, text in named)


def deidentification(verified: Verified) -> str:
    """Return what was done and checked, and what that does not promise."""
    record = verified.deidentified.record
    run = [check for check in verified.checks if not check.skipped]
    passed = sum(1 for check in run if not check.findings)
    count = len(verified.deidentified.instances)
    what = f"on the {count} DICOM {'instance' if count == 1 else 'instances'} of this package"
    verdict = f"<b>{passed} of {len(run)} checks passed</b>" if run else "No check was run"
    checks = f"{verdict} {what}; {link('deid/report.html', 'read the report')}."
    done = (
        f"De-identified by the {_PROFILE}, edition {escape(record.edition)}) with "
        f"{escape(record.software)}, recipe \u201c{escape(record.recipe)}\u201d"
    )
    names = deidentification_methods()
    options = "".join(
        f'<li>{escape(names[option.value].meaning)} <span class="note">({option.value})</span></li>'
        for option in record.options
    )
    held = sum(count for reason, count in record.unused if reason.held)
    parts = [f'<p class="verdict"><span>{checks}</span></p>']
    parts.append(f"<p>{done}{', and these Options:' if options else '.'}</p>")
    if options:
        parts.append(f"<ul>{options}</ul>")
    if held:
        were = "file was" if held == 1 else "files were"
        parts.append(f"<p>{held} {were} held back, for what they hold could not be cleaned.</p>")
    parts.append(f'<p class="note">{escape(RISK)}</p>')
    return "\n".join(parts)


def files(*, lesions: bool, figures: bool) -> str:
    """Return the list of what the package holds besides this page."""
    listed = (
        ("dicom/DICOMDIR", "The images and annotations as a DICOM file-set; open it in a viewer"),
        ("annotations/lesions.json" if lesions else "", "Outlines and measurements, plain"),
        ("figures/figures.json" if figures else "", "Which image each figure shows, and how"),
        ("case.json", "This case as data"),
        ("ro-crate-metadata.json", "Description of every file (RO-Crate)"),
        ("doi/datacite.json", "Metadata for a DOI (DataCite)"),
        ("CITATION.cff", "Citation file"),
        ("deid/report.html", "De-identification: what was done and checked"),
    )
    items = "".join(
        f"<li>{link(path, path)}<span>{text}</span></li>" for path, text in listed if path
    )
    return f'<ul class="files">{items}</ul>'


def name_case(case: Case) -> str:
    """Return the DOI as a link, or the case's own name."""
    if case.doi:
        return link(doi_url(case.doi), f"doi:{case.doi}")
    return f"Case <b>{escape(case.id)}</b>, no DOI yet"


def _imprint(case: Case) -> list[str]:
    licence = find_licence(case.licence)
    items = [name_case(case)]
    if case.publication_date:
        items.append(f"Published {_write_date(case.publication_date)}")
    if case.publisher:
        items.append(escape(case.publisher))
    if licence is not NO_LICENCE:
        name = licence.identifier or licence.name
        items.append(link(licence.url, name) if licence.url else escape(name))
    return items


def _author(given: str, family: str, mark: str, orcid: str | None) -> str:
    name = f"{escape(given)}\u00a0{escape(family)}{mark}"
    if orcid is None:
        return name
    address = escape(f"https://orcid.org/{orcid}")
    return (
        f'{name}<a class="orcid" href="{address}" '
        f'aria-label="ORCID iD of {escape(given)} {escape(family)}">iD</a>'
    )


def _mark(own: Sequence[str], places: Sequence[str]) -> str:
    if not own or len(places) < 2:  # noqa: PLR2004  # one needs no number
        return ""
    return f"<sup>{','.join(str(places.index(place) + 1) for place in own)}</sup>"


def _write_date(date: dt.date) -> str:
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year}"
