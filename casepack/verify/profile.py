"""Table E.1-1 of PS3.15 as the verifier reads it: what may stand under which Options.

A reader of its own, so that a slip in the one of de-identification is not repeated here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

EDITION: Final = "PS3.15 2026d"

BASIC_PROFILE: Final = "113100"
CLEAN_PIXEL_DATA: Final = "113101"
CLEAN_VISUAL_FEATURES: Final = "113102"
CLEAN_GRAPHICS: Final = "113103"
CLEAN_STRUCTURED_CONTENT: Final = "113104"
CLEAN_DESCRIPTORS: Final = "113105"
FULL_DATES: Final = "113106"
MODIFIED_DATES: Final = "113107"
PATIENT_CHARACTERISTICS: Final = "113108"
DEVICE_IDENTITY: Final = "113109"
RETAIN_UIDS: Final = "113110"
SAFE_PRIVATE: Final = "113111"
INSTITUTION_IDENTITY: Final = "113112"
CID_7050: Final = frozenset(str(code) for code in range(113100, 113113))

_OPTION_COLUMNS: Final = {
    "rtnSafePrivOpt": SAFE_PRIVATE,
    "rtnUIDsOpt": RETAIN_UIDS,
    "rtnDevIdOpt": DEVICE_IDENTITY,
    "rtnInstIdOpt": INSTITUTION_IDENTITY,
    "rtnPatCharsOpt": PATIENT_CHARACTERISTICS,
    "rtnLongFullDatesOpt": FULL_DATES,
    "rtnLongModifDatesOpt": MODIFIED_DATES,
    "cleanDescOpt": CLEAN_DESCRIPTORS,
    "cleanStructContOpt": CLEAN_STRUCTURED_CONTENT,
    "cleanGraphOpt": CLEAN_GRAPHICS,
}
_GAP_OPTIONS: Final = {
    None: (),
    "rtnDevIdOpt=K": (DEVICE_IDENTITY,),
    "rtnUIDsOpt=K": (RETAIN_UIDS,),
    "full K / modif C": (FULL_DATES, MODIFIED_DATES),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of Table E.1-1."""

    tag: int
    keyword: str
    vr: str
    codes: frozenset[str]
    """Actions of the Basic Profile; a compound code such as X/Z/D gives each."""
    options: Mapping[str, str]
    """Codes of CID 7050 with the Action of that Option, K or C."""
    listed: bool = True
    """False for an Attribute that the table lacks and that is treated all the same."""

    def allows(self, claimed: Collection[str]) -> bool:
        """Tell whether a value may stand under the claimed Options."""
        return self.codes != {"X"} or any(option in claimed for option in self.options)


@cache
def read_rows() -> dict[int, Row]:
    """Return the rows of single Attributes, with those that the table lacks, by tag."""
    rows = {
        _parse_tag(row["id"]): _row(row)
        for row in _load("confidentiality_profile.json")
        if row["id"] is not None and "x" not in row["id"]
    }
    gaps = {_parse_tag(row["tag"]): _gap(row) for row in _load("e11_gaps.json")["rows"]}
    return {tag: row for tag, row in gaps.items() if tag not in rows} | rows


@cache
def read_safe_private() -> frozenset[tuple[str, int, int]]:
    """Return Table E.3.10-1: Private Creator, group, element within the block."""
    return frozenset(
        (row["privateCreator"], int(row["group"], 16), int(row["element"], 16))
        for row in _load("safe_private.json")
    )


def _row(row: dict[str, Any]) -> Row:
    return Row(
        tag=_parse_tag(row["id"]),
        keyword=row["keyword"] or "",
        vr=(row["vr"] or "")[:2],
        codes=frozenset(row["basicProfile"].rstrip("*").split("/")),
        options={code: row[key] for key, code in _OPTION_COLUMNS.items() if row[key]},
    )


def _gap(row: dict[str, Any]) -> Row:
    return Row(
        tag=_parse_tag(row["tag"]),
        keyword=row["keyword"] or "",
        vr=(row["vr"] or "")[:2],
        codes=frozenset({row["suggestedAction"]}),
        options=dict.fromkeys(_GAP_OPTIONS[row["option"]], "K"),
        listed=False,
    )


def _parse_tag(text: str) -> int:
    return int(text.strip("()").replace(",", ""), 16)


def _load(name: str) -> Any:  # noqa: ANN401  # JSON
    return json.loads((files("casepack.standard") / name).read_text("utf-8"))


def is_overlay_or_curve(tag: int) -> bool:
    """Tell the repeating groups 5000-501E and 6000-601E (PS3.5 7.6)."""
    group = tag >> 16
    return not group & 1 and (0x5000 <= group <= 0x501E or 0x6000 <= group <= 0x601E)  # noqa: PLR2004  # repeating groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a file says was done to it (PS3.15 E.1.1)."""

    identity_removed: bool
    method: str
    codes: frozenset[str]
    """Code Values in (0012,0064) with Coding Scheme DCM."""
    dates: str
    """Longitudinal Temporal Information Modified (0028,0303)."""

    @property
    def options(self) -> frozenset[str]:
        """The codes of CID 7050 that are claimed."""
        return self.codes & CID_7050
