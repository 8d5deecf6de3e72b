"""PS3.15 Table E.1-1: the Basic Application Level Confidentiality Profile and its Options.

Edition and origin of the table are in README.md beside the data. Attributes outside the table that
identify all the same (``e11_gaps.json``; casepack's judgement, not normative) are read with it and
marked as such.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from casepack.model import Option
from casepack.standard.dictionary import attribute_name, parse_tag

EDITION: Final = "2026d"

_COLUMNS: Final = {
    "rtnSafePrivOpt": Option.RETAIN_SAFE_PRIVATE,
    "rtnUIDsOpt": Option.RETAIN_UIDS,
    "rtnDevIdOpt": Option.RETAIN_DEVICE_IDENTITY,
    "rtnInstIdOpt": Option.RETAIN_INSTITUTION_IDENTITY,
    "rtnPatCharsOpt": Option.RETAIN_PATIENT_CHARACTERISTICS,
    "rtnLongFullDatesOpt": Option.RETAIN_LONGITUDINAL_FULL_DATES,
    "rtnLongModifDatesOpt": Option.RETAIN_LONGITUDINAL_MODIFIED_DATES,
    "cleanDescOpt": Option.CLEAN_DESCRIPTORS,
    "cleanStructContOpt": Option.CLEAN_STRUCTURED_CONTENT,
    "cleanGraphOpt": Option.CLEAN_GRAPHICS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRow:
    """One row: the Basic Profile's code (maybe compound, ``X/Z/D``) and the Options' codes."""

    tag: int
    name: str
    basic: str
    options: Mapping[Option, str]
    source: str
    """``E.1-1`` or ``E.1-1 gap``."""
    composite: bool = True
    """Whether a Standard Composite IOD has the Attribute; retired ones are in none."""


def read_rows(name: str) -> Any:  # noqa: ANN401  # JSON
    """Return the rows of a table of PS3.15 as they are in its file."""
    return json.loads((files("casepack.standard") / name).read_text("utf-8"))


def option_codes(row: Mapping[str, Any]) -> Mapping[Option, str]:
    """Return the codes (K or C) in the Option columns of a row."""
    return {option: row[column] for column, option in _COLUMNS.items() if row.get(column)}


@cache
def profile_rows() -> Mapping[int, ProfileRow]:
    """Return the rows by tag; those of private, curve and overlay groups are not among them."""
    rows = {}
    for row in read_rows("confidentiality_profile.json"):
        identifier = row["id"]
        if identifier is None or "x" in identifier:
            continue
        tag = int(identifier, 16)
        rows[tag] = ProfileRow(
            tag=tag,
            name=row["name"],
            basic=row["basicProfile"],
            options=option_codes(row),
            source="E.1-1",
            composite=row["stdCompIOD"],
        )
    for row in read_rows("e11_gaps.json")["rows"]:
        tag = parse_tag(row["tag"])
        rows[tag] = ProfileRow(
            tag=tag,
            name=attribute_name(tag),
            # nothing cleans these yet: they go, or get a dummy where their Type asks for a value
            basic="X/Z/D" if row["suggestedAction"] == "C" else row["suggestedAction"],
            options=_gap_options(row["option"] or ""),
            source="E.1-1 gap",
        )
    return rows


def _gap_options(text: str) -> Mapping[Option, str]:
    if text == "full K / modif C":
        return {
            Option.RETAIN_LONGITUDINAL_FULL_DATES: "K",
            Option.RETAIN_LONGITUDINAL_MODIFIED_DATES: "C",
        }
    column, _, code = text.partition("=")
    return {_COLUMNS[column]: code} if code else {}


def is_overlay_or_curve(tag: int) -> bool:
    """Tell whether `tag` belongs to a Curve (50xx) or Overlay (60xx) group, PS3.5 7.6.

    Table E.1-1 lists Overlay Data and Comments only, but Overlay Data is Type 1 in its Module:
    the group goes as a whole.
    """
    group = tag >> 16
    return group & 0xFF00 in {0x5000, 0x6000} and not group & 1
