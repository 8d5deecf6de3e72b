"""Whether the case of a package says what its place of publication asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from casepack.case import Case
from casepack.case.completeness import find_doubts, find_gaps
from casepack.case.profiles import PUBLICATION_PROFILES, read_profile
from casepack.model import Finding, Severity
from casepack.verify.findings.findings import make_finding
from casepack.verify.holdings import relative_name
from casepack.verify.packaged.documents import BadDocument, as_mapping, as_text, read_json

_CASE: Final = "case.json"


def read_content(payload: Path) -> Mapping[str, Any]:
    """Return what ``case.json`` says of the case; empty if it cannot be read."""
    try:
        return as_mapping(as_mapping(read_json(payload / _CASE)).get("case"))
    except BadDocument:
        return {}


def names_profile(content: Mapping[str, Any]) -> bool:
    """Tell whether the case was written for a publication profile that is known here."""
    return as_text(content.get("profile")) in PUBLICATION_PROFILES


def check_case(payload: Path, root: Path) -> Iterator[Finding]:
    """Check the case against its publication profile, and for what a reviewer would ask about.

    Generic and Eurorad ask for what the CARE guideline asks for, as far as a case of images has it.
    What they only recommend is for the author, who is told when the case is packed. The findings
    name places and no text.
    """
    content = read_content(payload)
    file = f"{relative_name(payload, root)}/{_CASE}"
    try:
        case = Case.model_validate(content)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False, include_context=False):
            place = ".".join(str(step) for step in one["loc"])
            yield make_finding("case-invalid", file=file, place=place)
        return
    for gap in (*find_gaps(case, read_profile(case.profile)), *find_doubts(case)):
        if gap.severity is not Severity.NOTE:
            yield make_finding(gap.code, file=file, place=f"{gap.place}: {gap.message}")
