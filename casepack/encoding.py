"""Data Set encoding (PS3.5 Section 7, PS3.10 Section 7.1): bytes to elements and back.

A strict reader that looks at headers and never at values: an element is a tuple of offsets into
the file, so that what is removed is never decoded and what is kept is copied as it stands. What is
not valid encoding is refused with a reason code; a declared length is never trusted beyond the
bytes that are there. Texts, dates and names are not this module's business.
"""

from __future__ import annotations

import io
import mmap
import os
import stat
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from casepack.errors import InstanceHeld
from casepack.model import Reason
from casepack.standard.dictionary import dictionary_vr
from casepack.standard.uids import transfer_syntaxes

Buffer = bytes | mmap.mmap

_LONG_VRS: Final = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN"} | {b"UR", b"UT", b"UV"}
)
_SHORT_VRS: Final = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS"}
    | {b"LO", b"LT", b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)
_VR_NAMES: Final = {vr: vr.decode() for vr in _LONG_VRS | _SHORT_VRS}
_MAYBE_UNDEFINED: Final = frozenset({"SQ", "UN", "OB", "OW"})
"""VRs of Sequences and of encapsulated Pixel Data (PS3.5 7.1.1, A.4)."""
_UNDEFINED: Final = 0xFFFFFFFF
_DELIMITERS: Final = 0xFFFE0000
_ITEM: Final = 0xFFFEE000
_ITEM_DELIMITER: Final = 0xFFFEE00D
_SEQUENCE_DELIMITER: Final = 0xFFFEE0DD
_MAX_SHORT: Final = 0xFFFF
_MAX_DEPTH: Final = 64
_MAX_INFLATED: Final = 512 << 20
_INFLATED_PIECE: Final = 256 << 10
_PREAMBLE: Final = 128
_SMALL_FILE: Final = 256 << 10

DEFLATED: Final = frozenset(
    # Deflated Explicit VR Little Endian, JPIP Referenced Deflate, JPIP HTJ2K Referenced Deflate
    {"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"}
)
"""Transfer Syntaxes whose Data Set is compressed as a whole."""
_IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
_EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PartTen:
    """A DICOM file (PS3.10): where its elements lie."""

    buffer: Buffer
    meta: Mapping[int, bytes]
    """File Meta Information values by tag, without padding."""
    encoding: Encoding
    transfer_syntax_uid: str
    elements: list[Element]

    def value(self, tag: int) -> bytes | None:
        """Return the value of a top-level element without padding; None if absent."""
        for element in self.elements:
            if element.tag == tag:
                return unpad(self.buffer[element.value : element.end])
        return None


def unpad(value: bytes) -> bytes:
    """Strip the trailing padding of a character string (PS3.5 6.2)."""
    return value.rstrip(b"\x00 ")


@contextmanager
def open_part_ten(path: Path) -> Iterator[PartTen]:
    """Open a DICOM file and read the offsets of its elements.

    Raises
    ------
    InstanceHeld
        With `Reason` UNREADABLE, NOT_DICOM, TRUNCATED, MALFORMED or TRANSFER_SYNTAX_UNKNOWN.
    """
    data = _open_file(path)
    if isinstance(data, bytes):
        yield _read_part_ten(data)
        return
    with data:
        yield _read_part_ten(data)


def _open_file(path: Path) -> Buffer:
    """Read a small file, map a large one: its pixels are not needed to look at its header."""
    try:
        with io.FileIO(path, opener=_open_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InstanceHeld(Reason.UNREADABLE)
            if status.st_size <= _SMALL_FILE:
                return file.readall()
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        raise InstanceHeld(Reason.UNREADABLE) from None


def _open_without_waiting(path: str, flags: int) -> int:
    # opening a pipe would wait for somebody to write
    return os.open(path, flags | os.O_NONBLOCK)


def _read_part_ten(data: Buffer) -> PartTen:
    if data[_PREAMBLE : _PREAMBLE + 4] != b"DICM":
        raise InstanceHeld(Reason.NOT_DICOM)
    start = _PREAMBLE + 4
    meta_end = _end_of_meta(data, start)
    meta_elements, _ = read_elements(data, start, meta_end, EXPLICIT_LITTLE)
    meta = {e.tag: unpad(data[e.value : e.end]) for e in meta_elements}
    transfer_syntax = meta.get(0x00020010, b"").decode("ascii", "replace")
    encoding = encoding_of(transfer_syntax)
    buffer: Buffer = data
    if transfer_syntax in DEFLATED:
        buffer, meta_end = _inflate(data[meta_end:]), 0
    elements, _ = read_elements(buffer, meta_end, len(buffer), encoding)
    return PartTen(
        buffer=buffer,
        meta=meta,
        encoding=encoding,
        transfer_syntax_uid=transfer_syntax,
        elements=elements,
    )


def encoding_of(transfer_syntax_uid: str) -> Encoding:
    """Return the encoding of a Transfer Syntax that the standard defines (PS3.5 Annex A)."""
    if transfer_syntax_uid == _IMPLICIT_LITTLE:
        return IMPLICIT_LITTLE
    if transfer_syntax_uid == _EXPLICIT_BIG:
        return EXPLICIT_BIG
    # one that only looks like the standard's could carry anybody's words into the new file
    if transfer_syntax_uid in transfer_syntaxes():
        return EXPLICIT_LITTLE
    raise InstanceHeld(Reason.TRANSFER_SYNTAX_UNKNOWN)


def _end_of_meta(data: Buffer, start: int) -> int:
    """Find the end of group 0002 by its elements; its length element is often wrong."""
    position = start
    while position + 8 <= len(data) and data[position : position + 2] == b"\x02\x00":
        vr = data[position + 4 : position + 6]
        if vr in _LONG_VRS:
            position += 12 + _unpack("<I", data, position + 8)
        elif vr in _SHORT_VRS:
            position += 8 + _unpack("<H", data, position + 6)
        else:
            raise InstanceHeld(Reason.MALFORMED)
    if position > len(data):
        raise InstanceHeld(Reason.TRUNCATED)
    return position


def _unpack(form: str, data: Buffer, offset: int) -> int:
    try:
        value: int = struct.unpack_from(form, data, offset)[0]
    except struct.error:
        raise InstanceHeld(Reason.TRUNCATED) from None
    return value


def _inflate(data: bytes) -> bytes:
    """Inflate in one allocation of the right size, which a bomb never gets."""
    size = _inflated_size(data)
    return zlib.decompress(data, wbits=-zlib.MAX_WBITS, bufsize=max(size, 1))


def _inflated_size(data: bytes) -> int:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    size = 0
    try:
        for start in range(0, len(data), _INFLATED_PIECE):
            piece = data[start : start + _INFLATED_PIECE]
            full = True
            while full and not inflater.eof:
                found = len(inflater.decompress(piece, _INFLATED_PIECE))
                piece = inflater.unconsumed_tail
                full = found == _INFLATED_PIECE  # more may be waiting, even without more input
                size += found
                if size > _MAX_INFLATED:
                    raise InstanceHeld(Reason.MALFORMED)
    except zlib.error:
        raise InstanceHeld(Reason.MALFORMED) from None
    if not inflater.eof:
        raise InstanceHeld(Reason.TRUNCATED)
    return size


def deflate(data: bytes) -> bytes:
    """Return `data` as the Deflated Explicit VR Little Endian Transfer Syntax stores it."""
    deflater = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    deflated = deflater.compress(data) + deflater.flush()
    return deflated + b"\x00" * (len(deflated) % 2)


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
                end = _skip_items(data, value, stop, _item_encoding(vr, encoding), vr, depth)
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
    short_vrs = {vr: vr.decode() for vr in _SHORT_VRS}

    def read_explicit(data: Buffer, position: int) -> tuple[int, str, int, int]:
        group, number, code, length = unpack_short(data, position)
        vr = short_vrs.get(code)
        if vr is not None:
            return group << 16 | number, vr, position + 8, length
        tag = group << 16 | number
        if code in _LONG_VRS:
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


def _item_encoding(vr: str, encoding: Encoding) -> Encoding:
    """Items below UN are Implicit VR Little Endian, whatever the Transfer Syntax (PS3.5 6.2.2)."""
    return IMPLICIT_LITTLE if vr == "UN" else encoding


def _skip_items(
    data: Buffer, start: int, stop: int, encoding: Encoding, vr: str, depth: int
) -> int:
    """Return the offset behind the Sequence Delimitation Item of an undefined-length value."""
    if vr not in _MAYBE_UNDEFINED:
        raise InstanceHeld(Reason.MALFORMED)
    for item in _walk_items(data, start, stop, encoding, depth):
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


def _walk_items(
    data: Buffer, start: int, stop: int, encoding: Encoding, depth: int
) -> Iterator[Item]:
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
    inner = _item_encoding(element.vr, encoding)
    items = []
    for item in _walk_items(data, element.value, element.end, inner, depth):
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
    if code in _LONG_VRS:
        return struct.pack(order + "HH2sHI", group, number, code, 0, len(value)) + value
    if len(value) > _MAX_SHORT:
        raise InstanceHeld(Reason.MALFORMED)
    return struct.pack(order + "HH2sH", group, number, code, len(value)) + value


def encode_sequence(tag: int, items: list[bytes], encoding: Encoding) -> bytes:
    """Encode a Sequence of Items that are already encoded, with explicit lengths."""
    item_header = struct.Struct(encoding.order + "HHI")
    value = b"".join(item_header.pack(0xFFFE, 0xE000, len(item)) + item for item in items)
    return encode_element(tag, "SQ", value, encoding)


def encode_part_ten(
    sop_class_uid: bytes,
    sop_instance_uid: bytes,
    transfer_syntax_uid: str,
    implementation: tuple[str, str],
) -> bytes:
    """Return a zero preamble and new File Meta Information (PS3.10 7.1), nothing of the old one.

    Parameters
    ----------
    implementation
        Implementation Class UID and Implementation Version Name.
    """
    class_uid, version = implementation
    values = (
        (0x00020001, "OB", b"\x00\x01"),
        (0x00020002, "UI", sop_class_uid),
        (0x00020003, "UI", sop_instance_uid),
        (0x00020010, "UI", transfer_syntax_uid.encode("ascii")),
        (0x00020012, "UI", class_uid.encode("ascii")),
        (0x00020013, "SH", version.encode("ascii")),
    )
    body = b"".join(encode_element(tag, vr, value, EXPLICIT_LITTLE) for tag, vr, value in values)
    length = encode_element(0x00020000, "UL", struct.pack("<I", len(body)), EXPLICIT_LITTLE)
    return b"\x00" * _PREAMBLE + b"DICM" + length + body
