"""Files that are laid out alike, read at once.

Where elements lie depends on their headers alone, and those of a series are mostly the same bytes
at the same places. One look compares them all; what is left are the values, most of which are the
same too: what is the same in one file after the other is kept once. The result is the same as that
of `reading`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import compress
from operator import ne
from typing import Final, NamedTuple

from casepack.verify.contents.elements import PREFIX_AT, Buffer, Element, PartTen
from casepack.verify.contents.reading import (
    TRANSFER_SYNTAX,
    Problem,
    is_hidden_sequence,
    read_part_ten,
    read_rest,
)

_MOST_VALUES: Final = 8192
_MOST_LAYOUTS: Final = 16
_HEADER, _LONG_HEADER = 8, 12
"""Bytes. The last eight of any header hold the length, and the tag or the VR."""
_PIXEL_DATA: Final = b"\xe0\x7f\x10\x00"


class _Place(NamedTuple):
    """A value, whose bytes do not matter for what lies where."""

    start: int
    stop: int
    number: int
    """Of its element in the Data Set; of File Meta, counted from its end, below zero."""
    kept: bool
    """The element holds it."""


@dataclass(slots=True, kw_only=True)
class _Known:
    """A layout, with the latest file that has it. Not frozen: the next file takes its place."""

    size: int
    """Of the file; 0 if it ends in fragments, which are walked."""
    last: tuple[int, bytes]
    """Where the last header stands, and what it says: tells most other layouts apart."""
    read: Callable[[Buffer, int], tuple[bytes, ...]] = field(repr=False)
    """Returns headers and values by turns."""
    headers: tuple[bytes, ...] = field(repr=False)
    values: tuple[bytes, ...] = field(repr=False)
    numbers: tuple[int, ...]
    """Of the elements of the values; the first value is the preamble."""
    part_ten: PartTen = field(repr=False)

    def fits(self, data: Buffer) -> bool:
        """Tell quickly whether a file may be laid out so."""
        at, header = self.last
        return self.size in {0, len(data)} and data[at : at + _HEADER] == header


class AlikeReader:
    """Reads file after file, and remembers the latest layouts."""

    def __init__(self) -> None:
        self._known: list[_Known] = []

    def read_part_ten(self, data: Buffer) -> PartTen:
        """Return what `reading.read_part_ten` returns."""
        for number, known in enumerate(self._known):
            if not known.fits(data):
                continue
            part_ten = _read_alike(data, known)
            if part_ten is not None:
                self._known.insert(0, self._known.pop(number))
                return part_ten
        part_ten = read_part_ten(data)
        learnt = _learn(data, part_ten)
        if learnt is not None:
            self._known.insert(0, learnt)
            del self._known[_MOST_LAYOUTS:]
        return part_ten


def _read_alike(data: Buffer, known: _Known) -> PartTen | None:
    """Read a file as the one before; None if it is laid out in another way after all."""
    found = known.read(data, 0)
    if found[::2] != known.headers:
        return None
    values = found[1::2]
    before = known.part_ten
    meta, elements = list(before.meta), list(before.elements)
    is_new = list(map(ne, values, known.values))
    is_new[0] = False
    changed = zip(compress(known.numbers, is_new), compress(values, is_new), strict=True)
    for number, value in changed:
        source = meta if number < 0 else elements
        old = source[number]
        if is_hidden_sequence(old.vr, value):
            return None
        source[number] = old._replace(value=value)
    part_ten = replace(
        before,
        preamble=values[0],
        meta=tuple(meta),
        elements=tuple(elements),
        known_layout=before.layout,
    )
    if not known.size:
        # how long the last element is depends on its fragments
        *others, last = elements
        try:
            rest = read_rest(data, last.start - _LONG_HEADER, others)
        except Problem:
            return None
        if len(rest) != len(elements):
            return None
        part_ten = replace(part_ten, elements=rest)
    known.values, known.part_ten = values, part_ten
    return part_ten


def _learn(data: Buffer, part_ten: PartTen) -> _Known | None:
    """Return the layout of a file, unless where its elements lie depends on values."""
    if part_ten.problem or part_ten.inflated is not None or not part_ten.elements:
        return None
    *others, last = part_ten.elements
    in_fragments = _is_in_fragments(last)
    if in_fragments and data[last.start - _LONG_HEADER : last.start - _HEADER] != _PIXEL_DATA:
        return None
    if any(_is_in_fragments(one) or _may_hide_sequence(one) for one in others):
        return None
    end = last.start if in_fragments else len(data)
    places = list(_find_places(part_ten))
    if len(places) > _MOST_VALUES:
        return None
    read = struct.Struct(_format(places, end)).unpack_from
    found = read(data, 0)
    at = last.start - _HEADER
    return _Known(
        size=0 if in_fragments else len(data),
        last=(at, data[at : last.start]),
        read=read,
        headers=found[::2],
        values=found[1::2],
        numbers=tuple(place.number for place in places),
        part_ten=part_ten,
    )


def _is_in_fragments(element: Element) -> bool:
    return element.undefined and element.vr not in {"SQ", "UN"}


def _may_hide_sequence(element: Element) -> bool:
    """Tell whether the value was looked into, or would be in another file without a notice."""
    if element.vr != "UN" or element.undefined:
        return False
    return not _is_kept(element) or is_hidden_sequence(element.vr, element.value)


def _is_kept(element: Element) -> bool:
    return len(element.value) == element.length


def _find_places(part_ten: PartTen) -> Iterator[_Place]:
    yield _Place(0, PREFIX_AT, 0, kept=True)
    for number, element in enumerate(part_ten.meta, -len(part_ten.meta)):
        if element.tag != TRANSFER_SYNTAX:
            yield _Place(element.start, element.stop, number, kept=True)
    for number, element in enumerate(part_ten.elements):
        if element.vr != "SQ" and not element.undefined:
            yield _Place(element.start, element.stop, number, kept=_is_kept(element))


def _format(places: Iterable[_Place], end: int) -> str:
    """Return the form of a struct that takes headers and values by turns; empty if not kept."""
    parts, position = ["="], 0
    for place in places:
        length = place.stop - place.start
        value = f"{length}s" if place.kept else f"0s{length}x"
        parts.append(f"{place.start - position}s{value}")
        position = place.stop
    return "".join(parts) + f"{end - position}s"
