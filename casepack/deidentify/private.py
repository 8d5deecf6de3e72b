"""Retain Safe Private (PS3.15 E.3.10): private elements that Table E.3.10-1 names, no others.

An element is known by its Private Creator, not by its block, which archives renumber. The creator's
own element stays only with an element that stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from casepack.encoding import Buffer, Element
from casepack.standard.safe_private import safe_private_vrs

_FIRST_BLOCK, _LAST_BLOCK = 0x10, 0xFF
_BLOCK_SIZE: Final = 0x100


def private_creators(buffer: Buffer, elements: Iterable[Element]) -> dict[int, str]:
    """Return the Private Creators of one Data Set or Item, by the tag of the reserving element."""
    return {
        element.tag: buffer[element.value : element.end].decode("latin-1").strip("\x00 ")
        for element in elements
        if element.tag >> 16 & 1 and _FIRST_BLOCK <= element.tag & 0xFFFF <= _LAST_BLOCK
    }


def creator_tag(tag: int) -> int:
    """Return the tag that reserves the block of a private element (PS3.5 7.8.1)."""
    return tag & 0xFFFF0000 | (tag & 0xFFFF) // _BLOCK_SIZE


def safe_elements(buffer: Buffer, elements: Iterable[Element]) -> Mapping[int, str]:
    """Return VR by tag of what may stay of one Data Set or Item, creators included.

    A VR of UN, or none in Implicit VR, takes the VR of the table; another VR than the table's
    makes an element unsafe.
    """
    listed = [element for element in elements if element.tag >> 16 & 1]
    creators = private_creators(buffer, listed)
    if not creators:
        return {}
    table = safe_private_vrs()
    safe: dict[int, str] = {}
    for element in listed:
        reserving = creator_tag(element.tag)
        key = (creators.get(reserving, ""), element.tag >> 16, element.tag & 0xFF)
        vrs = table.get(key)
        if vrs is None or element.tag & 0xFFFF < _BLOCK_SIZE * _FIRST_BLOCK:
            continue
        if element.vr in vrs or element.vr == "UN" or (element.vr == "SQ" and "SQ" in vrs):
            safe[element.tag] = element.vr if element.vr in vrs else min(vrs)
            safe[reserving] = "LO"
    return safe
