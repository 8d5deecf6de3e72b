"""Layouts of DICOM files: where elements lie, read once for files that are laid out alike.

Where the elements lie depends on their headers alone. The slices of a series differ in values and
mostly not in lengths, so their headers are the same bytes at the same places: comparing these all
at once replaces the walk from element to element, and cannot give another result than the walk.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final, NamedTuple

from casepack.encoding import (
    EXPLICIT_LITTLE,
    Buffer,
    Element,
    Encoding,
    item_encoding,
    read_elements,
    walk_items,
)

_PREFIX: Final = (128, 132)
_ITEM_HEADER: Final = 8
_TRANSFER_SYNTAX_UID: Final = 0x00020010
_MAX_HEADERS: Final = 4096
_MAX_LAYOUTS: Final = 256
_MAX_ALIKE: Final = 8
_MAX_SIZES: Final = 20_000

Place = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """Where the elements of a DICOM file lie; compared by identity, so that it can be a key."""

    transfer_syntax_uid: str
    encoding: Encoding
    meta: tuple[Element, ...]
    elements: tuple[Element, ...]
    places: Mapping[int, Element]
    """The elements of the Data Set by tag."""
    recurring: bool = False
    """Files laid out alike are expected: what depends on the layout alone may be kept for them."""


class _Known(NamedTuple):
    read: Callable[[Buffer, int], tuple[bytes, ...]]
    headers: tuple[bytes, ...]
    layout: Layout


@dataclass(slots=True)
class LayoutMemory:
    """Layouts by the size of their files. Not frozen: it remembers, a bounded number."""

    _known: dict[int, list[_Known]] = field(default_factory=dict)
    _sizes: set[int] = field(default_factory=set)

    def find(self, data: Buffer) -> Layout | None:
        """Return the layout of a file if one laid out alike was remembered."""
        for read, headers, layout in self._known.get(len(data), ()):
            if read(data, 0) == headers:
                return layout
        return None

    def remember(self, data: Buffer, layout: Layout) -> None:
        """Remember a layout when it is the second one of its size; a single one never recurs."""
        size = len(data)
        if size not in self._sizes:
            if len(self._sizes) >= _MAX_SIZES:
                self._sizes.clear()
            self._sizes.add(size)
            return
        places = list(islice(_looked_at(data, layout), _MAX_HEADERS + 1))
        if len(places) > _MAX_HEADERS:
            return
        if len(self._known) >= _MAX_LAYOUTS:
            self._known.clear()
        alike = self._known.setdefault(size, [])
        del alike[: max(0, len(alike) - _MAX_ALIKE + 1)]
        read = struct.Struct(_format(places)).unpack_from
        alike.append(_Known(read, read(data, 0), replace(layout, recurring=True)))


def _format(places: Iterable[Place]) -> str:
    """Return the form of a struct that takes the bytes of all places and skips what is between."""
    parts, position = ["="], 0
    for start, stop in places:
        parts.append(f"{start - position}x{stop - start}s")
        position = stop
    return "".join(parts)


def _looked_at(data: Buffer, layout: Layout) -> Iterator[Place]:
    """Yield the places of all bytes on which a layout depends, in their order."""
    yield _PREFIX
    for element in layout.meta:
        whole = element.tag == _TRANSFER_SYNTAX_UID
        yield element.start, element.end if whole else element.value
        if element.undefined:
            yield from _items_looked_at(data, element, EXPLICIT_LITTLE)
    yield from _headers(data, layout.elements, layout.encoding)


def _headers(data: Buffer, elements: Iterable[Element], encoding: Encoding) -> Iterator[Place]:
    for element in elements:
        yield element.start, element.value
        if element.undefined:
            yield from _items_looked_at(data, element, encoding)


def _items_looked_at(data: Buffer, element: Element, encoding: Encoding) -> Iterator[Place]:
    inner = item_encoding(element.vr, encoding)
    for item in walk_items(data, element.value, element.end, inner, 0):
        yield item.start - _ITEM_HEADER, item.start
        if item.undefined:
            elements, _ = read_elements(data, item.start, item.end, inner, in_item=True)
            yield from _headers(data, elements, inner)
            yield item.stop, item.end
