"""Byte patterns, and what must not stand beside them.

A number is not found inside of a longer one, nor a name inside of a word, and short texts in
checksums and in base64 mean nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from casepack.verify.contents.elements import Buffer

_NO_CHANCE: Final = 12
"""Bytes from which a match is no chance anywhere."""
_BEFORE: Final = 4
_AFTER: Final = 16
_CLOCK: Final = re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d)?)?(?!\d)")
_ESCAPE_FAR: Final = 256
_HEX: Final = b"0123456789abcdefABCDEF"
_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_SHORTEST_HEX, _SHORTEST_BASE64, _RUN = 32, 76, 128
"""Characters: an MD5 checksum; a line of base64; how far is looked."""


class Edge(Enum):
    """What may stand beside a match."""

    ANY = auto()
    """Anything."""
    WORD = auto()
    """No letter, unless capitals show a new word ("LspineDoe")."""
    TOKEN = auto()
    """Neither letter nor digit."""
    NUMBER = auto()
    """No digit, and no digit behind a decimal point."""
    DIGITS = auto()
    """No digit."""
    DATE = auto()
    """No digit before; behind, no digit except a time of day (PS3.5 6.2, DT)."""
    UID = auto()
    """No digit and no further component."""
    ESCAPED = auto()
    """In the reach of an escape to a multi-byte character set (ISO/IEC 2022)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A sequence of bytes to search for."""

    text: bytes = field(repr=False)
    """In lower case (ASCII letters)."""
    edge: Edge
    width: int
    """Bytes per character, for looking at what stands beside: 1 or 2."""
    big: bool
    """Of two-byte characters, the high byte comes first."""
    value: int
    """Which of the search values this is a form of."""


def edges_hold(data: Buffer, at: int, pattern: Pattern, limits: tuple[int, int]) -> bool:
    """Tell whether what stands beside the match, within `limits`, leaves it what it is."""
    if pattern.edge is Edge.ANY:
        return True
    if pattern.edge is Edge.ESCAPED:
        return _is_escaped(data, at, limits[0])
    end = at + len(pattern.text)
    if len(pattern.text) < _NO_CHANCE and _is_chance(data, at, end, limits):
        return False
    before = _characters(data[max(limits[0], at - _BEFORE) : at], pattern, backwards=True)
    after = _characters(data[end : min(end + _AFTER, max(end, limits[1]))], pattern)
    if pattern.edge is Edge.WORD:
        first = _characters(data[at : at + pattern.width], pattern)
        last = _characters(data[end - pattern.width : end], pattern)
        return _word_ends(before[-1:], first) and _word_ends(last, after[:1])
    if pattern.edge is Edge.TOKEN:
        return not before[-1:].isalnum() and not after[:1].isalnum()
    return _number_ends(pattern.edge, before, after)


def _number_ends(edge: Edge, before: str, after: str) -> bool:
    match edge:
        case Edge.NUMBER:
            return not re.search(r"\d\.?$", before) and not re.match(r"\.?\d", after)
        case Edge.UID:
            return not re.search(r"[\d.]$", before) and not re.match(r"\.?\d", after)
        case Edge.DATE:
            begins = not before[-1:].isdecimal()
            return begins and (not after[:1].isdecimal() or _CLOCK.match(after) is not None)
        case _:
            return not before[-1:].isdecimal() and not after[:1].isdecimal()


def _is_chance(data: Buffer, at: int, end: int, limits: tuple[int, int]) -> bool:
    """Tell whether a short match lies in a checksum or in base64, where it means nothing.

    A manifest of a few hundred checksums holds most names of four letters from a to f, and any
    number of five digits with a probability of some percent.
    """
    before = data[max(limits[0], at - _RUN) : at]
    after = data[end : min(end + _RUN, max(end, limits[1]))]
    for letters, shortest in ((_HEX, _SHORTEST_HEX), (_BASE64, _SHORTEST_BASE64)):
        match = data[at:end]
        if match.strip(letters):
            continue
        left = len(before) - len(before.rstrip(letters))
        right = len(after) - len(after.lstrip(letters))
        if left + len(match) + right >= shortest:
            return True
    return False


def _characters(raw: bytes, pattern: Pattern, *, backwards: bool = False) -> str:
    """Return what stands beside a match as characters; those that are no ASCII count as signs."""
    if pattern.width == 1:
        text = raw.decode("latin-1")
    else:
        if backwards and len(raw) % 2:
            raw = raw[1:]
        text = raw.decode("utf-16-be" if pattern.big else "utf-16-le", "replace")
    return "".join(char if char.isascii() else "\x00" for char in text)


def _word_ends(left: str, right: str) -> bool:
    """Tell whether a word may end between two characters."""
    if not left.isalpha() or not right.isalpha():
        return True
    return left.islower() and right.isupper()


def _is_escaped(data: Buffer, at: int, start: int) -> bool:
    """Tell whether the last escape sequence before `at` begins a multi-byte set: ESC $ ..."""
    before = data[max(start, at - _ESCAPE_FAR) : at]
    last = before.rfind(b"\x1b")
    return last >= 0 and before[last + 1 : last + 2] == b"$"
