"""What became of the cases: for the terminal, and as ``summary.csv`` and ``summary.html`` in OUT.

What is written to OUT holds names of cases, new identifiers, codes and counts, and nothing that
differs from run to run: the same input gives the same bytes.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import resources
from string import Template
from typing import Final

from casepack.batch.journal import Journal
from casepack.batch.manifest import Entry
from casepack.batch.places import join, store_file
from casepack.batch.task import CaseResult, Form, Verdict
from casepack.deidentify.instance import SOFTWARE
from casepack.work_folder import target_error

_COLUMNS: Final = (
    *("case", "verdict", "fault", "result", "studies", "series", "instances", "lesions", "held"),
    *("held_reasons", "findings", "finding_codes", "doubts", "patient", "same_patient"),
    *("shared_instances", "patients_differ"),
)
_INDEX: Final = "data/index.html"
_SEEN_AT_ONCE: Final = 8
"""Rows of the page."""
_MOST_LINKS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One case, and what it has to do with others."""

    result: CaseResult
    asked: bool
    """In the present manifest."""
    unchanged: bool = False
    same_patient: tuple[str, ...] = ()
    """Other cases of the patient."""
    shared: tuple[tuple[str, int], ...] = ()
    """Other cases that hold identical SOP Instances, with how many."""
    patients_differ: tuple[str, ...] = ()
    """Those among them that have another patient: one person has two pseudonyms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What became of all cases of an OUT, by name."""

    lines: tuple[Line, ...]
    stopped: bool = False

    def count(self, verdict: Verdict) -> int:
        """Return how many cases of the present manifest have a verdict."""
        return sum(line.asked and line.result.verdict is verdict for line in self.lines)


def summarize(journal: Journal, entries: Sequence[Entry], unchanged: frozenset[str]) -> Summary:
    """Return what the journal says of all cases, and of those that it does not know yet."""
    known = journal.read_results()
    asked = {entry.name for entry in entries}
    unconfirmed = journal.find_unconfirmed()
    for name in asked - known.keys() | unconfirmed.keys():
        known[name] = CaseResult(name=name, verdict=Verdict.WAITING)
    shared = journal.count_shared()
    patients: dict[str, list[str]] = defaultdict(list)
    for name, result in sorted(known.items()):
        if result.patient and result.verdict is not Verdict.FAILED:
            patients[result.patient].append(name)
    return Summary(
        lines=tuple(
            _line(result, name in asked, name in unchanged, patients, shared.get(name, {}), known)
            for name, result in sorted(known.items())
        )
    )


def _line(
    result: CaseResult,
    asked: bool,
    unchanged: bool,
    patients: Mapping[str, Sequence[str]],
    shared: Mapping[str, int],
    known: Mapping[str, CaseResult],
) -> Line:
    return Line(
        result=result,
        asked=asked,
        unchanged=unchanged,
        same_patient=tuple(n for n in patients.get(result.patient, ()) if n != result.name),
        shared=tuple(sorted(shared.items())),
        patients_differ=tuple(
            sorted(name for name in shared if known[name].patient != result.patient)
        ),
    )


def write_summary(summary: Summary, out: str) -> None:
    """Write ``summary.csv`` and ``summary.html`` into OUT.

    Raises
    ------
    TargetError
        They cannot be written.
    """
    try:
        store_file(_write_csv(summary), join(out, "summary.csv"))
        store_file(_write_page(summary), join(out, "summary.html"))
    except OSError as error:
        raise target_error(error) from None


def _write_csv(summary: Summary) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for line in summary.lines:
        one = line.result
        writer.writerow(
            (
                *(one.name, one.verdict.value, one.fault.value if one.fault else ""),
                one.form.value,
                *(one.studies, one.series, one.instances, one.lesions),
                *(_total(one.held), _codes(one.held), _total(one.findings), _codes(one.findings)),
                *(one.doubts, one.patient, " ".join(line.same_patient)),
                *(_codes(line.shared), " ".join(line.patients_differ)),
            )
        )
    return text.getvalue()


def _total(counts: Sequence[tuple[str, int]]) -> int:
    return sum(count for _, count in counts)


def _codes(counts: Sequence[tuple[str, int]]) -> str:
    return " ".join(f"{code}:{count}" for code, count in counts)


def _write_page(summary: Summary) -> str:
    counts = Counter(line.result.verdict for line in summary.lines)
    said = ", ".join(f"{_number(counts[one])} {one}" for one in Verdict if counts[one])
    return Template(_page()).substitute(
        software=escape(SOFTWARE),
        cases=_number(len(summary.lines)),
        said=escape(said),
        tone="bad" if counts[Verdict.FAILED] else "good",
        instances=_number(sum(line.result.instances for line in summary.lines)),
        look=_look_at(summary),
        rows="\n".join(_row(line) for line in summary.lines),
    )


def _look_at(summary: Summary) -> str:
    """Return links to the cases that want a look: among a thousand they are not seen."""
    lines = []
    for verdict in (Verdict.FAILED, Verdict.HELD):
        names = [line.result.name for line in summary.lines if line.result.verdict is verdict]
        if names and len(summary.lines) > _SEEN_AT_ONCE:
            more = f" and {_number(len(names) - _MOST_LINKS)} more" * (len(names) > _MOST_LINKS)
            lines.append(f"<p>{verdict.capitalize()}: {_links(names[:_MOST_LINKS])}{more}</p>")
    return "\n".join(lines)


@cache
def _page() -> str:
    return resources.files(__package__).joinpath("summary.html").read_text("utf-8")


def _row(line: Line) -> str:
    one = line.result
    there = one.verdict in {Verdict.DONE, Verdict.HELD}
    picture, link = "", escape(one.name)
    if there and one.picture:
        source = escape(f"{one.name}/{one.picture}")
        picture = f'<img src="{source}" alt="" loading="lazy">'
    if there:
        page = f"{one.name}/{_INDEX if one.form is Form.PACKAGE else ''}"
        link = f'<a href="{escape(page)}">{escape(one.name)}</a>'
    cells = (
        f'<td class="picture">{picture}</td>',
        f'<th scope="row">{link}<small>{escape(one.patient)}</small></th>',
        f'<td><span class="{one.verdict.value}">{one.verdict.value}</span>{_form(one)}</td>',
        f'<td class="number">{_number(one.instances) if there else ""}</td>',
        f'<td class="number">{_number(one.lesions) if one.lesions else ""}</td>',
        f"<td>{_list(one.held)}</td>",
        f"<td>{_list(one.findings)}</td>",
        f"<td>{_notes(line)}</td>",
    )
    return f'<tr id="{escape(one.name)}">{"".join(cells)}</tr>'


def _form(one: CaseResult) -> str:
    """Say of a folder what the verdict does not: only packages are checked."""
    return "" if one.form is Form.PACKAGE else "<small>de-identified, not checked</small>"


def _list(counts: Sequence[tuple[str, int]]) -> str:
    return "<br>".join(f"{_number(count)} {escape(code)}" for code, count in counts)


def _notes(line: Line) -> str:
    one = line.result
    notes = []
    if one.fault:
        notes.append(f"<strong>{escape(one.fault.value)}</strong>: {escape(one.fault.advice)}")
    if line.same_patient:
        notes.append(f"same patient as {_links(line.same_patient)}")
    notes += [f"{_plural(n, 'instance')} also in {_links([name])}" for name, n in line.shared]
    if line.patients_differ:
        notes.append(
            f"<strong>another patient than in {_links(line.patients_differ)}</strong> in spite of"
            " identical instances: their Patient IDs differ, so one person has two pseudonyms"
        )
    if one.doubts:
        notes.append(f"{_plural(one.doubts, 'doubt')} about the case file")
    return "<br>".join(notes)


def _links(names: Sequence[str]) -> str:
    return ", ".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name in names)


def _number(value: int) -> str:
    return f"{value:,}".replace(",", "\u202f")


def _plural(count: int, noun: str) -> str:
    return f"{_number(count)} {noun}{'' if count == 1 else 's'}"
