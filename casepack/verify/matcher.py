"""All search values in one pass over the bytes.

Each pattern has pieces by which it is found. The bytes are looked at through a window of eight, at
every fourth or eighth byte, so that a pattern of eleven or fifteen bytes has a known piece at one
of these places wherever it lies. The pieces, in lower case, are looked up by hash in a table, for
all places of a stretch at once; what remains is compared byte by byte. Shorter patterns are found
through a window of four bytes, at every byte if there is one of four bytes among them, and only
where short texts do not occur by chance.

A pattern says what must not stand beside it (`Edge`), so that a number is not found inside of a
longer one, nor a name inside of a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

import numpy as np
from numpy.typing import NDArray

from casepack.verify.elements import Buffer, forget_pages

Bounds = Callable[[int], tuple[int, int]]

_LONG: Final = 12
"""Bytes from which a pattern is found through the wide window, and is no chance."""
_LONG_PIECE: Final = 8
_SHORT_PIECE: Final = 4
_BITS: Final = 18
_CHUNK: Final = 1 << 18
"""Bytes at a time: what is worked out for them stays in the processor's cache."""
_BEFORE: Final = 4
_AFTER: Final = 16
_MULTIPLIERS: Final = {8: 0x9E3779B97F4A7C15, 4: 0x9E3779B1}
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


@dataclass(frozen=True, slots=True)
class Hit:
    """A pattern at an offset."""

    offset: int
    pattern: Pattern


class _Tier:
    """Patterns that are looked for through a window of `piece` bytes, at every `step`-th byte.

    A pattern of ``piece + step - 1`` bytes or more has a known piece at one of these places,
    wherever it lies.
    """

    def __init__(self, patterns: Sequence[Pattern], piece: int) -> None:
        shortest = min(len(pattern.text) for pattern in patterns)
        self._piece = piece
        # a power of two, so that the words are aligned
        self._step = next(step for step in (8, 4, 2, 1) if piece + step - 1 <= shortest)
        self._word = np.dtype(f"<u{piece}")
        self._fold = self._word.type(int.from_bytes(b"\x20" * piece, "little"))
        self._shift = self._word.type(8 * piece - _BITS)
        self._multiplier = self._word.type(_MULTIPLIERS[piece])
        self._by_piece: dict[int, list[tuple[Pattern, int, int]]] = {}
        for pattern in patterns:
            # the end of a UID tells more than its beginning, which all of a device share
            first = len(pattern.text) - piece - self._step + 1
            for offset in range(first, first + self._step):
                key = int.from_bytes(pattern.text[offset : offset + piece], "little")
                known = self._by_piece.setdefault(key | int(self._fold), [])
                known.append((pattern, offset, len(pattern.text) - offset))
        self._keys = np.array(sorted(self._by_piece), dtype=self._word)
        self._table = np.zeros(1 << _BITS, dtype=np.bool_)
        self._table[self._hash(self._keys.copy())] = True

    def _hash(self, words: NDArray[np.unsignedinteger]) -> NDArray[np.intp]:
        """Return the places of folded words in the table; the words are lost."""
        np.multiply(words, self._multiplier, out=words)
        places = np.empty(len(words), dtype=np.intp)
        np.right_shift(words, self._shift, out=places, casting="unsafe")
        return places

    def matches(
        self, data: Buffer, begin: int, end: int, limits: tuple[int, int]
    ) -> Iterator[tuple[int, Pattern]]:
        """Yield the patterns within `limits` whose known piece starts between `begin` and `end`."""
        step, (start, stop) = self._step, limits
        # places from the beginning of the buffer on, so that the words are aligned
        first, last = -(-begin // step), min((end - 1) // step, (stop - self._piece) // step)
        if last < first:
            return
        words = np.ndarray((last - first + 1,), self._word, data, first * step, (step,))
        # lower case: other bytes may fall together too, which the comparison tells apart
        hashed = self._hash(words | self._fold)
        places = np.flatnonzero(np.take(self._table, hashed, mode="clip"))
        found = words[places] | self._fold
        index = np.minimum(np.searchsorted(self._keys, found), len(self._keys) - 1)
        is_key = self._keys[index] == found
        offsets = (places[is_key] + first) * step
        for at, key in zip(offsets.tolist(), found[is_key].tolist(), strict=True):
            for pattern, before, behind in self._by_piece[key]:
                begins, ends = at - before, at + behind
                if begins < start or ends > stop:
                    continue
                if data[begins:ends].lower() == pattern.text:
                    yield begins, pattern


class Matcher:
    """Finds any of many patterns in a buffer, in one pass."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        usable = [pattern for pattern in patterns if len(pattern.text) >= _SHORT_PIECE]
        wide = [pattern for pattern in usable if len(pattern.text) >= _LONG]
        narrow = [pattern for pattern in usable if len(pattern.text) < _LONG]
        self._tiers = [
            *([_Tier(wide, _LONG_PIECE)] if wide else []),
            *([_Tier(narrow, _SHORT_PIECE)] if narrow else []),
        ]

    def search(
        self, data: Buffer, start: int = 0, stop: int | None = None, bounds: Bounds | None = None
    ) -> Iterator[Hit]:
        """Yield the hits that lie between two offsets, in no particular order.

        Parameters
        ----------
        data, start, stop
            Where to search; a mapped file is not read into memory.
        bounds
            From an offset to the stretch of text around it, so that the bytes of a length or of a
            tag beside a value are not taken for letters; the whole buffer if not given.
        """
        stop = len(data) if stop is None else stop
        for begin in range(start, stop, _CHUNK):
            end = min(begin + _CHUNK, stop)
            for tier in self._tiers:
                for at, pattern in tier.matches(data, begin, end, (start, stop)):
                    limits = (0, len(data)) if bounds is None else bounds(at)
                    if edges_hold(data, at, pattern, limits):
                        yield Hit(at, pattern)
            forget_pages(data, begin, end)


def edges_hold(data: Buffer, at: int, pattern: Pattern, limits: tuple[int, int]) -> bool:
    """Tell whether what stands beside the match, within `limits`, leaves it what it is."""
    if pattern.edge is Edge.ANY:
        return True
    if pattern.edge is Edge.ESCAPED:
        return _is_escaped(data, at, limits[0])
    end = at + len(pattern.text)
    if len(pattern.text) < _LONG and _is_chance(data, at, end, limits):
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
