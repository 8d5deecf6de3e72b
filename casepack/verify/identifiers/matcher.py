"""All search values in one pass over the bytes.

Each pattern has pieces by which it is found. The bytes are looked at through windows, at every
second, fourth or eighth byte: the longer a pattern, the rarer, since it has a known piece at one of
these places wherever it lies. The pieces, in lower case, are looked up by hash in a table, for all
places of a stretch at once; what remains is compared byte by byte. Of the shortest patterns, whose
places are the most, the first two bytes alone are looked up before.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from casepack.verify.contents.elements import Buffer, forget_pages
from casepack.verify.identifiers.edges import Pattern, edges_hold

Bounds = Callable[[int], tuple[int, int]]
_Words = NDArray[np.unsignedinteger]
_Places = NDArray[np.intp]
_Pieces = dict[bytes, list[tuple[Pattern, int]]]
"""Patterns with the same piece, by what stands before it; each with its offset."""


class _Window(NamedTuple):
    """How the bytes are looked at for patterns of ``hashed + step - 1`` bytes or more."""

    size: int
    """Bytes of a word."""
    hashed: int
    """How many of them, the first ones, are looked up."""
    step: int
    """Bytes from one word to the next: a power of two, so that words are aligned."""


_WINDOWS: Final = (_Window(4, 3, 2), _Window(4, 4, 4), _Window(8, 8, 8))
_CHUNK: Final = 1 << 18
"""Bytes at a time, after which the pages of a large file are let go."""
_WORDS: Final = 1 << 15
"""Words at a time: what is worked out for them stays in the processor's cache."""
_FEWEST_BITS, _MOST_BITS = 12, 19
"""Of a hash. A larger table tells more words apart, but does not stay in the cache."""
_SPARSE: Final = 6
"""Bits beyond those that number the keys: most words that are none meet an empty place."""
_BEFORE: Final = 3
"""Bytes before a piece: many forms of a name or a date end alike."""
_PAIR: Final = 2
_MULTIPLIERS: Final = {4: 0x9E3779B1, 8: 0x9E3779B97F4A7C15}


@dataclass(frozen=True, slots=True)
class Hit:
    """A pattern at an offset."""

    offset: int
    pattern: Pattern


class _Scratch(threading.local):
    """Memory to work in, a thread's own: taken anew, it would cost more than the work itself."""

    def __init__(self) -> None:
        self.words = {size: np.empty(_WORDS, dtype=f"<u{size}") for size in _MULTIPLIERS}
        self.indexes = np.empty(_WORDS, dtype=np.intp)
        self.known = np.empty(_WORDS, dtype=np.bool_)


_scratch: Final = _Scratch()


class _Tier:
    """Patterns that are looked for through the same window."""

    def __init__(self, patterns: Sequence[Pattern], window: _Window) -> None:
        self._window = window
        self._word = np.dtype(f"<u{window.size}")
        self._fold = self._word.type(int.from_bytes(b"\x20" * window.size, "little"))
        self._by_piece: defaultdict[int, dict[int, _Pieces]] = defaultdict(dict)
        """By how many bytes of a word are known, and by that word."""
        for pattern in patterns:
            self._add(pattern)
        self._keys = {
            known: np.array(sorted(by_word), dtype=self._word)
            for known, by_word in self._by_piece.items()
        }
        bits = (sum(map(len, self._keys.values())) << _SPARSE).bit_length()
        bits = min(max(bits, _FEWEST_BITS), _MOST_BITS)
        self._shift = self._word.type(8 * window.size - bits)
        # what is not looked up is multiplied out of the word
        multiplier = _MULTIPLIERS[window.size] << 8 * (window.size - window.hashed)
        self._multiplier = self._word.type(multiplier % (1 << 8 * window.size))
        self._table = np.zeros(1 << bits, dtype=np.bool_)
        self._pairs = np.zeros(1 << 16, dtype=np.bool_) if window.step == _PAIR else None
        for keys in self._keys.values():
            self._table[self._hash(keys.copy()).astype(np.intp)] = True
            if self._pairs is not None:
                # both cases, since pairs of bytes are looked up as they are
                for cases in (0xFFFF, 0xFFDF, 0xDFFF, 0xDFDF):
                    self._pairs[keys.astype(np.intp) & cases] = True

    def _add(self, pattern: Pattern) -> None:
        """Enter as many pieces that one of them stands at a place that is looked at."""
        size, _, step = self._window
        # the end of a UID tells more than its beginning, which all of a device share
        first = max(0, len(pattern.text) - size - step + 1)
        for offset in range(first, first + step):
            piece = pattern.text[offset : offset + size]
            word = int.from_bytes(piece, "little") | int(self._fold) | self._unknown(len(piece))
            pieces = self._by_piece[len(piece)].setdefault(word, {})
            before = pattern.text[max(0, offset - _BEFORE) : offset]
            # of fewer bytes there may be others before them
            before = before if len(before) == _BEFORE else b""
            pieces.setdefault(before, []).append((pattern, offset))

    def _unknown(self, known: int) -> int:
        """Return the word that hides all but so many bytes, when it is added by OR."""
        size = self._window.size
        return int.from_bytes(b"\x00" * known + b"\xff" * (size - known), "little")

    def _hash(self, words: _Words) -> _Words:
        """Turn folded words into their places in the table."""
        np.multiply(words, self._multiplier, out=words)
        np.right_shift(words, self._shift, out=words)
        return words

    def matches(
        self, data: Buffer, begin: int, end: int, limits: tuple[int, int]
    ) -> Iterator[tuple[int, Pattern]]:
        """Yield the patterns within `limits` whose known piece starts between `begin` and `end`."""
        start, stop = limits
        for at, pieces in self._find_pieces(data, begin, end, stop):
            alike = pieces.get(b"", ())
            if at >= _BEFORE:
                alike = (*alike, *pieces.get(data[at - _BEFORE : at].lower(), ()))
            for pattern, offset in alike:
                begins = at - offset
                ends = begins + len(pattern.text)
                if start <= begins and ends <= stop and data[begins:ends].lower() == pattern.text:
                    yield begins, pattern

    def _find_pieces(
        self, data: Buffer, begin: int, end: int, stop: int
    ) -> Iterator[tuple[int, _Pieces]]:
        size, hashed, step = self._window
        # places from the beginning of the buffer on, so that the words are aligned
        first, last = -(-begin // step), min((end - 1) // step, (stop - hashed) // step)
        whole = min(last, (len(data) - size) // step)
        for number in range(first, whole + 1, _WORDS):
            count = min(_WORDS, whole + 1 - number)
            words = np.ndarray((count,), self._word, data, number * step, (step,))
            places = None
            if self._pairs is not None:
                pairs = np.ndarray((count,), "<u2", data, number * step)
                places = _look_up(pairs, self._pairs)
                words = words[places]
            for place, pieces in self._find_keys(words, places):
                yield (number + place) * step, pieces
        for number in range(max(first, whole + 1), last + 1):
            # the buffer ends inside of the word
            word = data[number * step : stop].ljust(size, b"\x00")
            for _, pieces in self._find_keys(np.frombuffer(word, self._word)):
                yield number * step, pieces

    def _find_keys(self, words: _Words, places: _Places | None = None) -> list[tuple[int, _Pieces]]:
        """Return the places of the words that are known, each with what it is a piece of.

        Parameters
        ----------
        words
            At most `_WORDS`.
        places
            Theirs; from zero on if not given.
        """
        # lower case: other bytes may fall together too, which the comparison tells apart
        folded = np.bitwise_or(words, self._fold, out=_scratch.words[words.itemsize][: len(words)])
        candidates = _look_up(self._hash(folded), self._table)
        if not len(candidates):
            return []
        found = words[candidates] | self._fold
        if places is not None:
            candidates = places[candidates]
        pieces: list[tuple[int, _Pieces]] = []
        for length, keys in self._keys.items():
            as_known = found | self._word.type(self._unknown(length))
            index = np.minimum(keys.searchsorted(as_known), len(keys) - 1)
            is_key = keys[index] == as_known
            by_word = self._by_piece[length]
            pieces += [
                (place, by_word[word])
                for place, word in zip(
                    candidates[is_key].tolist(), as_known[is_key].tolist(), strict=True
                )
            ]
        return pieces


def _look_up(entries: _Words, table: NDArray[np.bool_]) -> _Places:
    """Return the places of the entries for which the table says yes."""
    count = len(entries)
    indexes, known = _scratch.indexes[:count], _scratch.known[:count]
    indexes[:] = entries
    table.take(indexes, mode="clip", out=known)
    return known.nonzero()[0]


class Matcher:
    """Finds any of many patterns in a buffer, in one pass."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        by_window: defaultdict[_Window, list[Pattern]] = defaultdict(list)
        for pattern in patterns:
            fitting = [one for one in _WINDOWS if one.hashed + one.step <= len(pattern.text) + 1]
            # of what is shorter than any window's, nothing could be told from chance
            if fitting:
                by_window[fitting[-1]].append(pattern)
        self._tiers = [_Tier(some, window) for window, some in by_window.items()]

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
