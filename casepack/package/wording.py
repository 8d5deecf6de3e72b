"""Sentences about a case that several files of a package need: citation, abstract, patient."""

from __future__ import annotations

from urllib.parse import quote

from casepack.case import AGE_LIMIT, Author, Case, Differential, Event, Grant, TimePoint
from casepack.package.text import one_line

RISK = (
    "De-identification reduces the risk that a patient is recognised; it does not remove it. Do "
    "not try to identify the patient, and tell the publisher if you find something that could."
)
UNPUBLISHED_YEAR = 9999
"""Publication year of a case without a publication date.

DataCite and RO-Crate demand a year of four digits (no ``:tba``), and the clock is never read.
DataCite asks for the year in which the resource "was or will be made publicly available", at the
end of an embargo if there is one: a package that has not been published is one without an end
yet, and 9999 is the last year of ISO 8601 that every reader can parse.
"""
_SEXES = {"F": "female", "M": "male", "O": "other sex"}


def name_author(author: Author) -> str:
    """Return ``Family, Given``."""
    return f"{one_line(author.family)}, {one_line(author.given)}"


def name_authors(case: Case) -> tuple[str, ...]:
    """Return the authors as ``Family, Given``, in the order of citation."""
    return tuple(name_author(author) for author in case.authors)


def publication_year(case: Case) -> int:
    """Return the year of publication, or `UNPUBLISHED_YEAR`."""
    return case.publication_date.year if case.publication_date else UNPUBLISHED_YEAR


def doi_url(doi: str) -> str:
    """Return the address of a DOI, quoted for HTML and Markdown."""
    return "https://doi.org/" + quote(doi, safe="/:;().,-_~+!*'@$=&")


def cite(case: Case) -> str:
    """Return the citation: authors (year): title. Publisher. Data set. DOI."""
    authors = "; ".join(name_authors(case)) or "Unknown authors"
    year = str(case.publication_date.year) if case.publication_date else "unpublished"
    parts = [f"{authors} ({year}): {one_line(case.title).rstrip('.')}"]
    if case.publisher:
        parts.append(one_line(case.publisher).rstrip("."))
    parts.append("Data set")
    if case.doi:
        parts.append(doi_url(case.doi))
    text = ". ".join(parts)
    return text if case.doi else f"{text}."


def name_affiliations(case: Case, author: Author) -> tuple[str, ...]:
    """Return the institutions of an author, each in one line."""
    return tuple(one_line(one.line) for one in case.affiliations_of(author))


def describe_differential(one: Differential) -> str:
    """Return an entry of the differential diagnosis list in one line."""
    return one_line(f"{one.text}: {one.reason}" if one.reason.strip() else one.text)


def statements(case: Case) -> tuple[tuple[str, str], ...]:
    """Return heading and text of consent, ethics, funding and interests, as far as said."""
    consented = f"Consent to publication: {case.consent_from}." if case.consent_from else ""
    committee = ", approval ".join(filter(None, (case.ethics_committee, case.ethics_approval)))
    grants = "\n".join(map(_describe_grant, case.grants))
    named = (
        ("Consent", case.consent, consented),
        ("Ethics", case.ethics, committee),
        ("Funding", case.funding, grants),
        ("Competing interests", case.competing_interests, ""),
    )
    texts = ((name, "\n\n".join(t.strip() for t in said if t.strip())) for name, *said in named)
    return tuple((name, text) for name, text in texts if text)


def _describe_grant(grant: Grant) -> str:
    parts = (grant.funder, f"award {grant.award}" if grant.award else "", grant.title)
    return ", ".join(one_line(part) for part in parts if part.strip())


def course(case: Case) -> tuple[tuple[str, str], ...]:
    """Return heading and text of timeline, treatment, outcome and perspective, as far as said."""
    events = "\n".join(f"- {_when(one)}: {one_line(one.event)}" for one in case.timeline)
    named = (
        ("Timeline", events),
        ("Treatment", case.treatment.strip()),
        ("Outcome", case.outcome.strip()),
        ("Patient perspective", case.patient_perspective.strip()),
    )
    return tuple((name, text) for name, text in named if text)


def series_findings(point: TimePoint) -> tuple[str, ...]:
    """Return what each series of a time point shows, one line each."""
    told = ((one, one_line(f"{one.technique} {one.findings}")) for one in point.series)
    return tuple(f"Series {one.series}: {text}" for one, text in told if text)


def _when(event: Event) -> str:
    until = f" to {_signed(event.until)}" if event.until is not None else ""
    return f"Day {_signed(event.day)}{until}"


def _signed(day: int) -> str:
    return str(day).replace("-", "\N{MINUS SIGN}")


def describe_age(years: int) -> str:
    """Return an age in words; ages over 89 identify and are not told apart."""
    if years > AGE_LIMIT:
        return f"over {AGE_LIMIT} years"
    return f"{years} year" if years == 1 else f"{years} years"


def describe_patient(case: Case) -> str:
    """Return age and sex in words; empty when neither is known."""
    age, sex = case.patient.age, case.patient.sex
    parts = [
        describe_age(age) if age is not None else "",
        _SEXES[sex] if sex is not None else "",
    ]
    return ", ".join(part for part in parts if part)


def abstract(case: Case) -> str:
    """Return the abstract, or one derived from the parts of the case; never empty."""
    if case.abstract.strip():
        return one_line(case.abstract)
    patient = describe_patient(case)
    parts = [
        f"Patient: {patient}." if patient else "",
        one_line(case.clinical_history),
        one_line(case.imaging_findings),
        f"Final diagnosis: {one_line(case.final_diagnosis.text)}" if case.final_diagnosis else "",
    ]
    text = " ".join(part for part in parts if part)
    return text or f"De-identified DICOM images of the case: {one_line(case.title)}"
