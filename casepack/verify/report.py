"""The result of a validation, as data and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from casepack.model import Check, Finding, Severity
from casepack.verify.findings.findings import has_error, sort_findings
from casepack.verify.inventory import Inventory
from casepack.verify.profile import EDITION

SCHEMA: Final = "casepack-validate/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was checked, and what was found."""

    kind: Literal["package", "folder"]
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    """Worst first."""
    edition: str = EDITION
    """Edition of the standard whose tables were used."""
    tools: Mapping[str, str] = field(default_factory=dict)
    """Versions of the outside programs that were run."""

    compared: bool = False
    """Whether the originals were at hand."""
    inventory: Inventory = Inventory()  # noqa: RUF009  # frozen

    @property
    def ok(self) -> bool:
        """No finding is an error."""
        return not has_error(self.findings)


def add_findings(report: Report, findings: Iterable[Finding]) -> Report:
    """Return a report with what was found before its checks, as part of the first of them."""
    more = sort_findings(findings)
    if not more:
        return report
    first, *others = report.checks
    first = replace(first, findings=first.findings + len(more))
    return replace(
        report, checks=(first, *others), findings=sort_findings((*more, *report.findings))
    )


def report_json(report: Report) -> str:
    """Return the report as JSON: schema ``casepack-validate/1``, stable and sorted."""
    content = {
        "schema": SCHEMA,
        "kind": report.kind,
        "ok": report.ok,
        "edition": report.edition,
        "tools": dict(sorted(report.tools.items())),
        "compared": report.compared,
        "files": report.inventory.files,
        "instances": report.inventory.instances,
        "claimed": list(report.inventory.claimed),
        "counts": {
            str(severity): sum(finding.severity is severity for finding in report.findings)
            for severity in Severity
        },
        "checks": [
            {
                "name": check.name,
                "title": check.title,
                "examined": check.examined,
                "findings": check.findings,
                "skipped": check.skipped,
            }
            for check in report.checks
        ],
        "findings": [
            {
                "code": finding.code,
                "severity": str(finding.severity),
                "message": finding.message,
                "section": finding.section,
                "advice": finding.advice,
                "file": finding.file,
                "place": finding.place,
            }
            for finding in report.findings
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
