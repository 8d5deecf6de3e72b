"""Private elements that stay: those that Table E.3.10-1 names, and those that a recipe keeps.

An element is known by its Private Creator, not by its block, which archives renumber. The creator's
own element stays only with an element that stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from casepack.encoding import Buffer, Element
from casepack.recipe import HeaderAction, Kind, Recipe, Target
from casepack.standard.dictionary import private_attribute
from casepack.standard.safe_private import safe_private_vrs

_FIRST_BLOCK, _LAST_BLOCK = 0x10, 0xFF
_BLOCK_SIZE: Final = 0x100
_ITEM: Final = b"\xfe\xff\x00\xe0"


class Kept(NamedTuple):
    """A private element that stays: its VR, and on whose word."""

    vr: str
    source: str


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


Entry = TypeVar("Entry")


def without_idle_creators(entries: Sequence[tuple[int, Entry]]) -> list[tuple[int, Entry]]:
    """Return entries by tag less the Private Creators that no entry follows any more.

    A value that is not what the table says goes; its creator then has nothing to say.
    """
    followed = {
        creator_tag(tag) for tag, _ in entries if tag & 0xFFFF >= _BLOCK_SIZE * _FIRST_BLOCK
    }
    return [
        (tag, entry)
        for tag, entry in entries
        if not (tag >> 16 & 1 and tag & 0xFFFF <= _LAST_BLOCK) or tag in followed
    ]


def keeps_private(recipe: Recipe) -> bool:
    """Tell whether a recipe keeps private Attributes beyond the Option."""
    return any(
        allowance.selector.kind is Kind.PRIVATE and recipe.uses(allowance)
        for allowance in recipe.allowances
    )


def kept_elements(
    buffer: Buffer, elements: Sequence[Element], recipe: Recipe, *, safe: bool
) -> Mapping[int, Kept]:
    """Return by tag what may stay of one Data Set or Item, creators included.

    Parameters
    ----------
    recipe
        Its lines remove what the Option would keep, and keep what an override names.
    safe
        Whether the Retain Safe Private Option is carried out.
    """
    listed = [element for element in elements if element.tag >> 16 & 1]
    if not listed:
        return {}
    table = safe_elements(buffer, listed) if safe else {}
    if not recipe.lines:
        return {tag: Kept(vr, "E.3.10-1") for tag, vr in table.items()}
    creators = private_creators(buffer, listed)
    kept: dict[int, Kept] = {}
    for element in listed:
        creator = creators.get(creator_tag(element.tag), "")
        if not creator or element.tag & 0xFFFF < _BLOCK_SIZE * _FIRST_BLOCK:
            continue
        found = _kept(buffer, element, creator, recipe, table.get(element.tag))
        if found is not None:
            kept[element.tag] = found
            kept[creator_tag(element.tag)] = Kept("LO", found.source)
    return kept


def _kept(
    buffer: Buffer, element: Element, creator: str, recipe: Recipe, safe_vr: str | None
) -> Kept | None:
    target = Target(path=(element.tag,), creator=creator, vr=safe_vr or element.vr)
    line = recipe.line_for(target)
    if line is not None and line.action is not HeaderAction.KEEP:
        return None
    if safe_vr is not None:
        return Kept(safe_vr, "E.3.10-1")
    if line is None or not recipe.may_keep(target):
        return None
    return Kept(_kept_vr(buffer, element, creator), line.source)


def _kept_vr(buffer: Buffer, element: Element, creator: str) -> str:
    """Return the VR of an element; UN that is known to hold UIDs or Items is treated as these."""
    if element.vr != "UN":
        return element.vr
    known = private_attribute(creator, element.tag >> 16, element.tag & 0xFF)
    if element.undefined or buffer[element.value : element.value + len(_ITEM)] == _ITEM:
        return "SQ"
    return known[0] if known is not None and known[0] in {"SQ", "UI"} else "UN"
