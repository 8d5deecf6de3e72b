"""Data Set encoding (PS3.5 Section 7, PS3.10 Section 7.1): bytes to elements and back.

A strict reader that looks at headers and never at values: an element is a tuple of offsets into
the file, so that what is removed is never decoded and what is kept is copied as it stands. What is
not valid encoding is refused with a reason code; a declared length is never trusted beyond the
bytes that are there. Texts, dates and names are not this module's business.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final, NamedTuple

from casepack.errors import InstanceHeld
from casepack.model import Reason
from casepack.standard.dictionary import dictionary_vr

Buffer = bytes | mmap.mmap

LONG_VRS: Final = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN"} | {b"UR", b"UT", b"UV"}
)
SHORT_VRS: Final = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS"}
    | {b"LO", b"LT", b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)
_VR_NAMES: Final = {vr: vr.decode() for vr in LONG_VRS | SHORT_VRS}
_MAYBE_UNDEFINED: Final = frozenset({"SQ", "UN", "OB", "OW"})
"""VRs of Sequences and of encapsulated Pixel Data (PS3.5 7.1.1, A.4)."""
_UNDEFINED: Final = 0xFFFFFFFF
_DELIMITERS: Final = 0xFFFE0000
_ITEM: Final = 0xFFFEE000
_ITEM_DELIMITER: Final = 0xFFFEE00D
_SEQUENCE_DELIMITER: Final = 0xFFFEE0DD
_MAX_SHORT: Final = 0xFFFF
_MAX_DEPTH: Final = 64


class Encoding(NamedTuple):
    """How a Data Set is encoded."""

    implicit: bool
    little: bool

    @property
    def order(self) -> str:
        """Byte order as `struct` names it."""
        return "<" if self.little else ">"


IMPLICIT_LITTLE: Final = Encoding(implicit=True, little=True)
EXPLICIT_LITTLE: Final = Encoding(implicit=False, little=True)
EXPLICIT_BIG: Final = Encoding(implicit=False, little=False)


class Element(NamedTuple):
    """A Data Element as offsets into the buffer it was read from."""

    tag: int
    vr: str
    start: int
    """First byte of the tag."""
    value: int
    """First byte of the value, or of the first Item."""
    end: int
    """One past the last byte, any delimiter included."""
    undefined: bool
    """Of undefined length: Items up to a Sequence Delimitation Item."""


def unpad(value: bytes) -> bytes:
    """Strip the trailing padding of a character string (PS3.5 6.2)."""
    return value.rstrip(b"\x00 ")


def read_elements(
    data: Buffer,
    start: int,
    stop: int,
    encoding: Encoding,
    *,
    in_item: bool = False,
    depth: int = 0,
) -> tuple[list[Element], int]:
    """Read the elements of a Data Set between two offsets.

    Parameters
    ----------
    data, start, stop
        Where the Data Set lies; nothing beyond `stop` is read.
    encoding
        How it is encoded.
    in_item
        The Data Set is an Item of undefined length: it ends at its delimiter.
    depth
        How many Sequences it is nested in.

    Returns
    -------
    list[Element], int
        The elements in the order of the file, and the offset behind the last one.

    Raises
    ------
    InstanceHeld
        TRUNCATED when an element ends behind `stop`, MALFORMED for an unknown VR, an unexpected
        delimiter, or Sequences nested deeper than 64.
    """
    if depth > _MAX_DEPTH:
        raise InstanceHeld(Reason.MALFORMED)
    elements: list[Element] = []
    read_header = _header_reader(encoding)
    position = start
    try:
        while position < stop:
            tag, vr, value, length = read_header(data, position)
            end = value + length
            if length == _UNDEFINED or tag >= _DELIMITERS:
                if tag >= _DELIMITERS:
                    if in_item and tag == _ITEM_DELIMITER and value <= stop:
                        return elements, value
                    raise InstanceHeld(Reason.MALFORMED)
                end = _skip_items(data, value, stop, item_encoding(vr, encoding), vr, depth)
            if end > stop:
                raise InstanceHeld(Reason.TRUNCATED)
            elements.append(
                _new_element(Element, (tag, vr, position, value, end, length == _UNDEFINED))
            )
            position = end
    except struct.error:
        # the header itself ends behind the data
        raise InstanceHeld(Reason.TRUNCATED) from None
    if in_item:
        raise InstanceHeld(Reason.TRUNCATED)
    return elements, position


_new_element: Final = tuple.__new__
"""A third of the time of `Element(...)`, which matters here alone."""

_HeaderReader = Callable[[Buffer, int], tuple[int, str, int, int]]
"""From the offset of an element to its tag, VR, offset of the value, and length."""


@cache
def _header_reader(encoding: Encoding) -> _HeaderReader:
    """Return the reader of element headers; it raises struct.error behind the end of the data."""
    if encoding.implicit:
        unpack = struct.Struct("<HHI").unpack_from

        def read_implicit(data: Buffer, position: int) -> tuple[int, str, int, int]:
            group, number, length = unpack(data, position)
            tag = group << 16 | number
            return tag, _implicit_vr(tag, undefined=length == _UNDEFINED), position + 8, length

        return read_implicit
    unpack_short = struct.Struct(encoding.order + "HH2sH").unpack_from
    unpack_long = struct.Struct(encoding.order + "I").unpack_from
    short_vrs = {vr: vr.decode() for vr in SHORT_VRS}

    def read_explicit(data: Buffer, position: int) -> tuple[int, str, int, int]:
        group, number, code, length = unpack_short(data, position)
        vr = short_vrs.get(code)
        if vr is not None:
            return group << 16 | number, vr, position + 8, length
        tag = group << 16 | number
        if code in LONG_VRS:
            return tag, _VR_NAMES[code], position + 12, unpack_long(data, position + 8)[0]
        if tag >= _DELIMITERS:
            return tag, "", position + 8, 0
        raise InstanceHeld(Reason.MALFORMED)

    return read_explicit


def _implicit_vr(tag: int, *, undefined: bool) -> str:
    vr = dictionary_vr(tag)
    if vr is None:
        return "SQ" if undefined else "UN"
    # "US or SS", "OB or OW": the first serves, since such values are copied or removed as they are
    return vr[:2]


def item_encoding(vr: str, encoding: Encoding) -> Encoding:
    """Items below UN are Implicit VR Little Endian, whatever the Transfer Syntax (PS3.5 6.2.2)."""
    return IMPLICIT_LITTLE if vr == "UN" else encoding


def _skip_items(
    data: Buffer, start: int, stop: int, encoding: Encoding, vr: str, depth: int
) -> int:
    """Return the offset behind the Sequence Delimitation Item of an undefined-length value."""
    if vr not in _MAYBE_UNDEFINED:
        raise InstanceHeld(Reason.MALFORMED)
    for item in walk_items(data, start, stop, encoding, depth):
        if item.undefined and vr not in {"SQ", "UN"}:
            raise InstanceHeld(Reason.MALFORMED)
        if item.last:
            return item.end
    raise InstanceHeld(Reason.TRUNCATED)


class Item(NamedTuple):
    """An Item of a Sequence, or a fragment, as offsets; `last` marks the delimiter itself."""

    start: int
    stop: int
    end: int
    undefined: bool
    last: bool


def walk_items(
    data: Buffer, start: int, stop: int, encoding: Encoding, depth: int
) -> Iterator[Item]:
    """Yield the Items or fragments between two offsets, the delimiter included.

    Raises
    ------
    InstanceHeld
        As `read_elements`.
    """
    header = struct.Struct(encoding.order + "HHI").unpack_from
    position = start
    while position < stop:
        if position + 8 > stop:
            raise InstanceHeld(Reason.TRUNCATED)
        group, number, length = header(data, position)
        tag = group << 16 | number
        value = position + 8
        if tag == _SEQUENCE_DELIMITER:
            yield Item(value, value, value, undefined=False, last=True)
            return
        if tag != _ITEM:
            raise InstanceHeld(Reason.MALFORMED)
        if length == _UNDEFINED:
            _, end = read_elements(data, value, stop, encoding, in_item=True, depth=depth + 1)
            yield Item(value, end - 8, end, undefined=True, last=False)
        else:
            end = value + length
            if end > stop:
                raise InstanceHeld(Reason.TRUNCATED)
            yield Item(value, end, end, undefined=False, last=False)
        position = end


def read_items(
    data: Buffer, element: Element, encoding: Encoding, *, depth: int = 0
) -> tuple[Encoding, list[list[Element]]]:
    """Read the Items of a Sequence.

    Returns
    -------
    Encoding, list[list[Element]]
        How the Items are encoded (PS3.5 6.2.2 for UN), and each Item's elements.

    Raises
    ------
    InstanceHeld
        As `read_elements`.
    """
    inner = item_encoding(element.vr, encoding)
    items = []
    for item in walk_items(data, element.value, element.end, inner, depth):
        if item.last:
            break
        elements, _ = read_elements(data, item.start, item.stop, inner, depth=depth + 1)
        items.append(elements)
    return inner, items


def encode_element(tag: int, vr: str, value: bytes, encoding: Encoding) -> bytes:
    """Encode an element; `value` is in the byte order of `encoding`, and is padded to even length.

    Raises
    ------
    InstanceHeld
        MALFORMED if the value is longer than its VR can hold.
    """
    if len(value) % 2:
        value += b"\x00" if vr in {"UI", "OB", "UN"} else b" "
    order = encoding.order
    group, number = tag >> 16, tag & 0xFFFF
    if encoding.implicit:
        return struct.pack(order + "HHI", group, number, len(value)) + value
    code = vr.encode()
    if code in LONG_VRS:
        return struct.pack(order + "HH2sHI", group, number, code, 0, len(value)) + value
    if len(value) > _MAX_SHORT:
        raise InstanceHeld(Reason.MALFORMED)
    return struct.pack(order + "HH2sH", group, number, code, len(value)) + value


def encode_sequence(tag: int, items: list[bytes], encoding: Encoding) -> bytes:
    """Encode a Sequence of Items that are already encoded, with explicit lengths."""
    item_header = struct.Struct(encoding.order + "HHI")
    value = b"".join(item_header.pack(0xFFFE, 0xE000, len(item)) + item for item in items)
    return encode_element(tag, "SQ", value, encoding)
