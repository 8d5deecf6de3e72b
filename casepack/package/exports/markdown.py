"""The case as text to read: case.md, and the text of a Eurorad submission in its form's order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from casepack.case import Author, Case, Picture
from casepack.package.licences import find_licence
from casepack.package.text import one_line
from casepack.package.wording import (
    RISK,
    cite,
    course,
    describe_differential,
    describe_patient,
    doi_url,
    name_affiliations,
    series_findings,
    statements,
)

_SPECIAL = re.compile(r"([\\`*_\[\]<>&|~])")
_LINE_START = re.compile(r"^(\s*)([#+=-]|\d+(?=[.)]))", re.MULTILINE)
_BACKTICKS = re.compile("`+")

Section = tuple[str, str]
"""A heading and its text, plain."""


def case_sections(case: Case) -> tuple[Section, ...]:
    """Return the parts of the case in the order of a Eurorad case; empty parts are left out."""
    discussion = case.discussion
    sections = (
        ("Case type", case.case_type),
        ("Section", case.section),
        ("Patient", describe_patient(case)),
        ("Area of interest", _list(case.area_of_interest)),
        ("Procedure", _list(case.procedure)),
        ("Imaging technique", _list(case.imaging_technique)),
        ("Special focus", _list(case.special_focus)),
        ("Clinical history", case.clinical_history),
        ("Imaging findings", case.imaging_findings),
        *_time_points(case),
        *course(case),
        ("Discussion: background", discussion.background),
        ("Discussion: clinical perspective", discussion.clinical_perspective),
        ("Discussion: imaging perspective", discussion.imaging_perspective),
        ("Discussion: outcome", discussion.outcome),
        ("Discussion: take home message", discussion.take_home_message),
        ("Differential diagnosis list", _differential(case)),
        ("Final diagnosis", _diagnosis(case)),
        *statements(case),
    )
    return tuple((heading, text.strip()) for heading, text in sections if text.strip())


def write_case_markdown(case: Case, captions: Mapping[str, str]) -> str:
    """Return ``case.md``; text of the case is escaped, so that it reads as it was written.

    Parameters
    ----------
    captions
        Path in the payload to caption, for the figures.
    """
    parts = [f"# {escape(one_line(case.title))}"]
    authors = "; ".join(
        f"{one_line(author.given)} {one_line(author.family)}"
        + (f" ({'; '.join(places)})" if (places := name_affiliations(case, author)) else "")
        for author in case.authors
    )
    if authors:
        parts.append(escape(authors))
    if case.doi:
        parts.append(f"<{doi_url(case.doi)}>")
    for heading, text in case_sections(case):
        parts += [f"## {escape(heading)}", _paragraphs(text)]
    if captions:
        parts.append("## Figures")
        for path, caption in captions.items():
            number = path.rpartition("/")[2].partition(".")[0].removeprefix("fig")
            parts.append(f"![Figure {number}]({path})")
            parts.append(f"Figure {number}: {escape(one_line(caption))}")
    if case.references:
        parts += ["## References", "\n".join(_references(case))]
    parts += ["## How to cite", escape(cite(case))]
    parts += ["## Licence", _licence(case)]
    parts += ["## De-identification", RISK]
    return "\n\n".join(parts)


def write_eurorad_markdown(case: Case) -> str:
    """Return ``export/eurorad.md``: each part in a block of its own, to copy into the form.

    The blocks are fenced, so the text in them stays as it is, without escapes.
    """
    parts = [
        "# Text for a Eurorad submission",
        "One block for each part of the form, in its order. Copy the text inside the fences.",
        *_block("Title", one_line(case.title)),
        *_block(
            "Authors",
            "\n".join(_author(author, case) for author in case.authors),
        ),
    ]
    for heading, text in case_sections(case):
        parts += _block(heading, text)
    for picture in case.pictures:
        parts += _block(f"Figure {picture.number}{picture.panel}", _figure(picture, case))
    parts += _block("References", "\n".join(_references(case, plain=True)))
    parts += _block("Keywords", ", ".join(map(one_line, case.keywords)))
    return "\n\n".join(parts)


def escape(text: str) -> str:
    """Escape what Markdown or HTML would read as markup."""
    return _LINE_START.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", text))


def _paragraphs(text: str) -> str:
    """Escape a text; single line ends are kept as line breaks."""
    return escape(text).replace("\n\n", "\0").replace("\n", "\\\n").replace("\0", "\n\n")


def _block(heading: str, text: str) -> list[str]:
    if not text.strip():
        return []
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"## {heading}", f"{fence}text\n{text.strip()}\n{fence}"]


def _author(author: Author, case: Case) -> str:
    places = "; ".join(name_affiliations(case, author))
    parts = (f"{author.given} {author.family}", places, author.orcid)
    return ", ".join(one_line(part) for part in parts if part)


def _list(items: Iterable[str]) -> str:
    return ", ".join(one_line(item) for item in items)


def _time_points(case: Case) -> Iterable[Section]:
    for number, point in enumerate(case.time_points, 1):
        heading = f"Imaging findings, time point {number}: {one_line(point.label)}"
        texts = [one_line(point.technique), point.findings.strip(), *series_findings(point)]
        if point.treatment_before.strip():
            texts.append(f"Treatment before: {point.treatment_before.strip()}")
        body = "\n\n".join(text for text in texts if text)
        if body and len(case.time_points) > 1:
            body = f"Day {point.day}.\n\n{body}"
        yield heading, body


def _differential(case: Case) -> str:
    return "\n".join(map(describe_differential, case.differential_diagnosis))


def _diagnosis(case: Case) -> str:
    diagnosis = case.final_diagnosis
    if diagnosis is None:
        return ""
    parts = [
        one_line(diagnosis.text),
        f"Certainty: {one_line(diagnosis.certainty)}" if diagnosis.certainty else "",
        f"Confirmed by: {one_line(diagnosis.confirmed_by)}" if diagnosis.confirmed_by else "",
    ]
    return "\n".join(part for part in parts if part)


def _references(case: Case, *, plain: bool = False) -> list[str]:
    lines = []
    for number, reference in enumerate(case.references, 1):
        text = one_line(reference.text)
        link = doi_url(reference.doi) if reference.doi else ""
        if plain:
            lines.append(f"[{number}] {text} {link}".rstrip())
        else:
            lines.append(f"{number}. {escape(text)} {f'<{link}>' if link else ''}".rstrip())
    return lines


def _figure(figure: Picture, case: Case) -> str:
    label = ""
    if figure.time_point <= len(case.time_points):
        label = f" ({one_line(case.time_points[figure.time_point - 1].label)})"
    return f"{one_line(figure.caption)}\nTime point {figure.time_point}{label}"


def _licence(case: Case) -> str:
    licence = find_licence(case.licence)
    name = escape(licence.name)
    return f"[{name}]({licence.url})" if licence.url else name
