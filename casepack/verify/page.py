"""The report as a page for a data-protection officer: self-contained, without script or value."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib import resources
from itertools import groupby
from string import Template
from typing import Final

from casepack.model import Check, Finding, Severity
from casepack.standard.codes import deidentification_methods
from casepack.standard.dictionary import attribute_name
from casepack.verify.conformance import TOOLS
from casepack.verify.images.pictures import DOCUMENT, Picture
from casepack.verify.inventory import FINGERPRINT_COMMAND
from casepack.verify.report import Report

_MOST_PLACES: Final = 40
"""Rows of one kind of finding; the JSON report has them all."""
_LAST_TAG: Final = re.compile(r"\(([0-9A-F]{4}),([0-9A-F]{4})\)$")
_NOUNS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def report_page(
    report: Report, pictures: Iterable[Picture], *, fingerprint: str, software: str
) -> str:
    """Return the text of the page; the same report and pictures give the same bytes.

    Parameters
    ----------
    report
        From `casepack.verify.verify_folder`.
    pictures
        From `casepack.verify.images.pictures.draw_series`.
    fingerprint
        From `casepack.verify.inventory.fingerprint_folder`.
    software
        Name and version of the program that checked.
    """
    template = resources.files(__package__).joinpath("page.html").read_text("utf-8")
    shown = tuple(pictures)
    word, tone, sentence = _verdict(report)
    return Template(template).substitute(
        subject=_text(_subject(report)),
        verdict_word=_text(word),
        verdict_class=tone,
        verdict=f"<strong>{_text(word)}</strong> {_text(sentence)}",
        facts=_facts(report, software),
        statements="\n".join(f"<li>{_text(one)}</li>" for one in _statements(report)),
        checks=_checks(report),
        findings=_findings(report.findings),
        pictures="\n".join(_picture(one) for one in shown if one.skipped != DOCUMENT),
        documents=_documents([one for one in shown if one.skipped == DOCUMENT]),
        fingerprint=_text(fingerprint or "a file could not be read"),
        command=_text(FINGERPRINT_COMMAND),
    )


def _text(value: object) -> str:
    return escape(" ".join(str(value).split()))


def _count(number: int, noun: str) -> str:
    return f"{number:,}".replace(",", "\u202f") + f" {noun}{'' if number == 1 else 's'}"


def _subject(report: Report) -> str:
    return "casepack package" if report.kind == "package" else "folder of DICOM files"


def _numbers(findings: Sequence[Finding]) -> dict[Severity, int]:
    return {
        severity: sum(finding.severity is severity for finding in findings) for severity in Severity
    }


def _verdict(report: Report) -> tuple[str, str, str]:
    """Return the word, its class and the sentence that qualifies it."""
    numbers = _numbers(report.findings)
    said = [_count(number, _NOUNS[severity]) for severity, number in numbers.items() if number]
    counts = f"{' and '.join(said)} to read below. " if said else "No finding. "
    if not report.ok:
        return "Not passed.", "failed", f"{counts}Do not publish this data set as it is."
    if not report.compared:
        return (
            "Passed as far as it can be checked without the originals.",
            "partly",
            f"{counts}What the originals hold was not known, so that it was not searched.",
        )
    skipped = sum(bool(check.skipped) for check in report.checks)
    run = _count(len(report.checks) - skipped, "check")
    rest = f"{run} on {_count(report.inventory.instances, 'DICOM instance')}"
    rest += f"; {_count(skipped, 'check')} not run (see below)." if skipped else "."
    return "Passed.", "partly" if numbers[Severity.WARNING] else "passed", counts + rest


def _facts(report: Report, software: str) -> str:
    inventory = report.inventory
    others = inventory.files - inventory.instances
    programs = [software, *(f"{name} {version}" for name, version in sorted(report.tools.items()))]
    facts = [
        (
            "Checked",
            f"{_count(inventory.instances, 'DICOM instance')}, {_count(others, 'file')} more",
        ),
        ("Studies, Series", f"{inventory.studies}, {inventory.series}"),
        ("Compared with", _compared(report)),
        ("Rules", f"DICOM {report.edition}, Annex E"),
        ("All files claim", _methods(inventory.claimed) or "nothing"),
        ("Some files claim", _methods(inventory.disputed)),
        ("Checked by", ", ".join(programs)),
    ]
    return "\n".join(
        f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in facts if value
    )


def _compared(report: Report) -> str:
    if not report.compared:
        return "nothing: the originals were not at hand"
    searched = next((c.examined for c in report.checks if c.name == "identifiers"), 0)
    return f"the original study, of which {_count(searched, 'identifying value')} were searched"


def _methods(codes: Iterable[str]) -> str:
    """Return the meanings of codes of CID 7050; a code of nothing is only counted."""
    names = deidentification_methods()
    known = [f"{names[code].meaning} ({code})" for code in codes if code in names]
    unknown = sum(code not in names for code in codes)
    return "; ".join([*known, *([_count(unknown, "unknown code")] if unknown else [])])


def _statements(report: Report) -> Iterator[str]:
    yield (
        "Error: something identifies, or is broken. Warning: a person has to look at it. Note: "
        "something that is declared and may stand."
    )
    if report.compared:
        yield (
            "Each identifying value of the originals was searched in every byte, in file names and "
            "inside of compressed and encoded parts, in the usual spellings and character sets."
        )
    else:
        yield (
            "Without the originals only what may not stand anywhere was looked for, and what looks "
            "like a name, a date or a number of a person. Values that look like none are not found."
        )
    if any(check.name == "burned-in" and check.examined for check in report.checks):
        yield (
            "Text that is drawn into the pictures was looked for by a program that misses some, "
            "and does not read it: look at the pictures, too."
        )
    else:
        yield "Text that is drawn into the pictures was not looked for: look at the pictures."
    if any(check.skipped for check in report.checks):
        yield "A check that was not run says nothing, neither good nor bad."
    yield (
        "This page holds no identifying value: where a file name has one, its place in the path "
        "stands instead."
    )


def _checks(report: Report) -> str:
    rows = "\n".join(map(_check, report.checks))
    head = (
        '<th scope="col">Check</th><th scope="col" class="number">Examined</th>'
        '<th scope="col">Result</th>'
    )
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"


def _check(check: Check) -> str:
    if check.skipped:
        state, result = "skipped", f"not run: {check.skipped}"
    elif not check.findings and not check.examined:
        state, result = "skipped", "nothing of the kind"
    elif not check.findings:
        state, result = "good", "no finding"
    else:
        state, result = "found", _count(check.findings, "finding")
    return (
        f'<tr><td>{_text(check.title)}</td><td class="number">{check.examined}</td>'
        f'<td class="state {state}">{_text(result)}</td></tr>'
    )


def _findings(findings: Sequence[Finding]) -> str:
    if not findings:
        return "<p>None.</p>"
    kinds = groupby(findings, key=lambda one: (one.severity, one.code, one.message, one.advice))
    return "\n".join(_kind(tuple(group)) for _, group in kinds)


def _kind(findings: Sequence[Finding]) -> str:
    """Return all findings of one code: what it is, what to do, and where."""
    first = findings[0]
    files: dict[str, list[str]] = {}
    for finding in findings:
        files.setdefault(finding.place, []).append(finding.file)
    rows = "\n".join(
        f"<tr><td>{_place(place)}</td><td>{_files(names)}</td></tr>"
        for place, names in list(files.items())[:_MOST_PLACES]
    )
    more = len(files) - _MOST_PLACES
    rest = f"<p>{_count(more, 'place')} more: see the report as JSON.</p>" if more > 0 else ""
    advice = f"<p>{_text(first.advice)}</p>\n" if first.advice else ""
    facts = [f"<code>{_text(first.code)}</code>", _count(len(findings), "place")]
    facts += [_text(first.section)] if first.section else []
    return f"""<section class="finding">
<h3><span class="mark {first.severity}">{first.severity}</span> {_sentence(first.message)}</h3>
<p class="facts">{" &middot; ".join(facts)}</p>
{advice}<div class="scroll"><table>
<thead><tr><th scope="col">Where</th><th scope="col">File</th></tr></thead>
<tbody>
{rows}
</tbody>
</table></div>
{rest}</section>"""


def _sentence(message: str) -> str:
    if message.startswith(TOOLS):
        # the names of programs
        return _text(message)
    return _text(message[:1].upper() + message[1:])


def _place(place: str) -> str:
    match = _LAST_TAG.search(place)
    name = attribute_name(int(match[1] + match[2], 16)) if match else ""
    shown = f"<code>{_text(place)}</code>" if match else _text(place or "the file")
    return f"{shown} {_text(name)}" if name else shown


def _files(names: Sequence[str]) -> str:
    first = f"<code>{_text(names[0])}</code>" if names[0] else "the folder"
    return f"{first} and {_count(len(names) - 1, 'file')} more" if len(names) > 1 else first


def _picture(picture: Picture) -> str:
    label = f"Study {picture.study}, Series {picture.series}"
    if picture.skipped:
        frame = f'<div class="frame none">{_text(picture.skipped)}</div>'
    else:
        width, height = picture.size
        data = base64.b64encode(picture.webp).decode("ascii")
        frame = (
            f'<div class="frame"><img src="data:image/webp;base64,{data}" width="{width}" '
            f'height="{height}" alt="{_text(label)}"></div>'
        )
    caption = f"<b>{_text(label)}</b><br>{_text(picture.kind)}, "
    caption += _count(picture.instances, "instance")
    return f"<li><figure>{frame}<figcaption>{caption}</figcaption></figure></li>"


def _documents(pictures: Sequence[Picture]) -> str:
    if not pictures:
        return ""
    kinds = ", ".join(sorted({picture.kind for picture in pictures}))
    verb = "holds" if len(pictures) == 1 else "hold"
    return f"<p>{len(pictures)} more Series {verb} no image of their own: {_text(kinds)}.</p>"
