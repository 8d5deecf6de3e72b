"""Findings: a code of the closed list with a place, never a value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from casepack.model import Finding, Severity
from casepack.verify.findings.kinds import KINDS


def make_finding(code: str, *, file: str = "", place: str = "") -> Finding:
    """Return the finding of `code`; a code outside of the table is a `KeyError`."""
    kind = KINDS[code]
    return Finding(
        code=code,
        severity=kind.severity,
        message=kind.message,
        section=kind.section,
        advice=kind.advice,
        file=file,
        place=place,
    )


_RANK: Final = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


def sort_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the distinct findings, worst first, then by code, file and place."""
    distinct = set(findings)
    return tuple(sorted(distinct, key=lambda f: (_RANK[f.severity], f.code, f.file, f.place)))


def has_error(findings: Iterable[Finding]) -> bool:
    """Tell whether one of the findings is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)
