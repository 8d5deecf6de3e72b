"""The de-identification report as a page to read and to print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from string import Template
from typing import Any

from casepack.package.text import one_line

Row = Sequence[object]


def write_report_page(report: Mapping[str, Any], actions: Sequence[Row]) -> str:
    """Return the text of ``deid/report.html``: self-contained, without script.

    Parameters
    ----------
    report
        From `casepack.package.report.describe_report`.
    actions
        From `casepack.package.report.action_rows`.
    """
    template = resources.files(__package__).joinpath("report_page.html").read_text("utf-8")
    return Template(template).substitute(
        title=_text(report["title"]),
        case=_text(report["case"]),
        verdict=_verdict(report),
        facts=_facts(report),
        statements="\n".join(f"<li>{_text(one)}</li>" for one in report["statements"]),
        options=_options(report["options"]),
        overrides=_overrides(report["overrides"]),
        left_out=_left_out(report["left_out"]),
        checks=_checks(report["checks"]),
        warnings=_warnings(report["warnings"]),
        summary=_table(
            ("Action", "Meaning", "Data Elements"),
            [(one["action"], one["meaning"], one["count"]) for one in report["actions"]],
        ),
        actions=_table(
            ("SOP Class", "Tag", "Attribute", "Action", "Source", "Count"),
            actions,
            empty="No Action was recorded.",
        ),
    )


def _text(value: object) -> str:
    return escape(one_line(str(value)))


def _number(value: int) -> str:
    return f"{value:,}".replace(",", "\u202f")


def _table(heads: Sequence[str], rows: Iterable[Row], *, empty: str = "") -> str:
    body = "\n".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in rows)
    if not body:
        return f"<p>{_text(empty)}</p>"
    head = "".join(f'<th scope="col">{_text(name)}</th>' for name in heads)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _cell(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f'<td class="number">{_number(value)}</td>'
    return f"<td>{_text(value)}</td>"


def _verdict(report: Mapping[str, Any]) -> str:
    checks = report["checks"]
    run = sum(not check["skipped"] for check in checks)
    if not run:
        return "<strong>Not checked.</strong> No check is on record."
    parts = [f"{_plural(run, 'check')} on {_plural(report['instances'], 'DICOM instance')}"]
    parts.append(_plural(len(report["warnings"]), "warning"))
    if run < len(checks):
        parts.append(f"{_plural(len(checks) - run, 'check')} not run (see below)")
    return f"<strong>Passed.</strong> {'; '.join(parts)}."


def _plural(count: int, noun: str) -> str:
    return f"{_number(count)} {noun}{'' if count == 1 else 's'}"


def _facts(report: Mapping[str, Any]) -> str:
    software = report["software"]
    facts = (
        ("De-identified by", software["deidentified_by"]),
        ("Packaged by", software["packaged_by"]),
        ("Rules", f"{report['standard']['name']}, edition {report['standard']['edition']}"),
        ("Profile", f"{report['profile']['meaning']} (DCM {report['profile']['code']})"),
        ("Recipe", f"{report['recipe']['name']} (SHA-256 {report['recipe']['sha256']})"),
        ("Studies", report["studies"]),
        ("DICOM instances", report["instances"]),
    )
    return "\n".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in facts)


def _options(options: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            "yes" if one["carried_out"] else "no",
            one["meaning"],
            one["code"],
            one["explanation"],
        )
        for one in options
    ]
    return _table(("Carried out", "Option", "Code (DCM)", "What it means here"), rows)


def _overrides(lines: Sequence[str]) -> str:
    if not lines:
        return "<p>None: no rule of the recipe is looser than the Profile and its Options.</p>"
    return "<ul>" + "\n".join(f"<li>{_text(line)}</li>" for line in lines) + "</ul>"


def _left_out(rows: Sequence[Mapping[str, Any]]) -> str:
    return _table(
        ("Reason", "Files", "What it means"),
        [(row["reason"], row["count"], row["advice"]) for row in rows],
        empty="None: every file of the input is in this package.",
    )


def _checks(checks: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            check["title"],
            check["examined"],
            f"not run: {check['skipped']}" if check["skipped"] else check["findings"],
        )
        for check in checks
    ]
    return _table(("Check", "Examined", "Findings"), rows, empty="No check was recorded.")


def _warnings(warnings: Sequence[Mapping[str, str]]) -> str:
    rows = [
        (
            f"{one['message']} ({one['code']}, {one['severity']})",
            " ".join(part for part in (one["file"], one["place"]) if part),
            one["section"],
            one["advice"],
        )
        for one in warnings
    ]
    return _table(("What", "Where", "Section", "Advice"), rows, empty="None.")
