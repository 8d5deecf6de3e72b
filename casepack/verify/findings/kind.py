"""What a code of a finding means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from casepack.model import Severity

E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE
ANNEX_E: Final = "PS3.15 E.1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A row of the table: what a code means, whatever the file."""

    severity: Severity
    message: str
    section: str
    advice: str


def describe(severity: Severity, message: str, section: str, advice: str) -> Kind:
    """Return a row of the table."""
    return Kind(severity=severity, message=message, section=section, advice=advice)
