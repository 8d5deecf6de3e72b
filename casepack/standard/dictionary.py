"""The data dictionary (PS3.6): pydicom's, with the Attributes of later editions that it lacks."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from pydicom._dicom_dict import DicomDictionary


@cache
def _supplement() -> dict[int, tuple[str, str, str]]:
    text = (files("casepack.standard") / "pydicom_dict_supplement.json").read_text("utf-8")
    rows: list[dict[str, Any]] = json.loads(text)
    return {
        parse_tag(row["tag"]): (row["vr"], row["keyword"] or "", row["name"])
        for row in rows
        if "x" not in row["tag"]
    }


def parse_tag(text: str) -> int:
    """Return the tag of ``(gggg,eeee)`` or of eight hexadecimal digits."""
    return int(text.strip("()").replace(",", ""), 16)


def format_tag(tag: int) -> str:
    """Return ``(gggg,eeee)``."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def dictionary_vr(tag: int) -> str | None:
    """Return the Value Representation of `tag`, such as ``LO`` or ``US or SS``; None if unknown."""
    entry = DicomDictionary.get(tag)
    if entry is not None:
        return str(entry[0])
    added = _supplement().get(tag)
    if added is not None:
        return added[0]
    if tag >> 24 in {0x50, 0x60} and not tag >> 16 & 1:
        entry = _repeating().get(tag & 0xFF00FFFF)
        return str(entry[0]) if entry is not None else None
    return None


@cache
def _repeating() -> dict[int, tuple[str, str, str, str, str]]:
    from pydicom._dicom_dict import RepeatersDictionary  # noqa: PLC0415  # seldom needed

    return {
        int(mask.replace("x", "0"), 16): entry
        for mask, entry in RepeatersDictionary.items()
        if mask[:2] in {"50", "60"}
    }


def attribute_name(tag: int) -> str:
    """Return the name of the Attribute, or an empty string for private and unknown tags."""
    entry = DicomDictionary.get(tag)
    if entry is not None:
        return str(entry[2])
    added = _supplement().get(tag)
    return added[2] if added is not None else ""


@cache
def _tags_by_keyword() -> dict[str, int]:
    known = {str(entry[4]): tag for tag, entry in DicomDictionary.items() if entry[4]}
    return known | {entry[1]: tag for tag, entry in _supplement().items() if entry[1]}


def tag_for_keyword(keyword: str) -> int | None:
    """Return the tag of `keyword`, such as ``PatientName``; None if PS3.6 has no such keyword."""
    return _tags_by_keyword().get(keyword)
