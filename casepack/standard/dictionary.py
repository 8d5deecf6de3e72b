"""The data dictionary (PS3.6): pydicom's, with the Attributes of later editions that it lacks."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

from casepack.standard.tables import read_table

_DICTIONARY: Final[dict[int, tuple[str, str, str, str, str]]] = read_table("DicomDictionary")
"""VR, VM, name, retired and keyword by tag."""


@cache
def _supplement() -> dict[int, tuple[str, str, str, str]]:
    text = (files("casepack.standard") / "pydicom_dict_supplement.json").read_text("utf-8")
    rows: list[dict[str, Any]] = json.loads(text)
    return {
        parse_tag(row["tag"]): (row["vr"], row["keyword"] or "", row["name"], row["vm"] or "1")
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
    entry = _DICTIONARY.get(tag)
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
    return {
        int(mask.replace("x", "0"), 16): entry
        for mask, entry in read_table("RepeatersDictionary").items()
        if mask[:2] in {"50", "60"}
    }


def attribute_name(tag: int) -> str:
    """Return the name of the Attribute, or an empty string for private and unknown tags."""
    entry = _DICTIONARY.get(tag)
    if entry is not None:
        return str(entry[2])
    added = _supplement().get(tag)
    return added[2] if added is not None else ""


def attribute_keyword(tag: int) -> str:
    """Return the keyword, such as ``PatientName``, or an empty string if there is none."""
    entry = _DICTIONARY.get(tag)
    if entry is not None:
        return str(entry[4])
    added = _supplement().get(tag)
    return added[1] if added is not None else ""


def value_multiplicity(tag: int) -> tuple[int, int | None]:
    """Return how few and how many values an Attribute may have; None for any number.

    Multiplicities such as ``2-2n`` are read as 2 or more (PS3.5 6.4).
    """
    entry = _DICTIONARY.get(tag)
    added = _supplement().get(tag)
    text = str(entry[1]) if entry is not None else added[3] if added is not None else "1-n"
    fewest, _, most = text.partition("-")
    if "n" in text:
        return int(fewest.strip("n") or 1), None
    return int(fewest), int(most or fewest)


@cache
def dictionary_tags() -> tuple[int, ...]:
    """Return the tags of all Attributes of PS3.6 with a keyword, repeating groups excepted."""
    return tuple(sorted(_tags_by_keyword().values()))


def private_attribute(creator: str, group: int, element: int) -> tuple[str, str] | None:
    """Return VR and name that vendors are known to give to a private Attribute; None if unknown.

    Parameters
    ----------
    element
        The low byte of the element number; the high byte is the block, which may be any.
    """
    entry = read_table("private_dictionaries").get(creator, {}).get(f"{group:04X}xx{element:02X}")
    return None if entry is None else (str(entry[0]), str(entry[2]))


@cache
def _tags_by_keyword() -> dict[str, int]:
    known = {str(entry[4]): tag for tag, entry in _DICTIONARY.items() if entry[4]}
    return known | {entry[1]: tag for tag, entry in _supplement().items() if entry[1]}


@cache
def _tags_by_folded_keyword() -> dict[str, int]:
    return {keyword.casefold(): tag for keyword, tag in _tags_by_keyword().items()}


def tag_for_keyword(keyword: str) -> int | None:
    """Return the tag of `keyword`, such as ``PatientName``; None if PS3.6 has no such keyword."""
    return _tags_by_keyword().get(keyword)


def tag_for_keyword_in_any_case(keyword: str) -> int | None:
    """Return the tag of `keyword` as `tag_for_keyword` does, ``patientname`` included."""
    return _tags_by_folded_keyword().get(keyword.casefold())
