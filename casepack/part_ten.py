"""DICOM files (PS3.10): where the elements of one lie, and what surrounds its Data Set."""

from __future__ import annotations

import io
import mmap
import os
import stat
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from casepack.encoding import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    LONG_VRS,
    SHORT_VRS,
    Buffer,
    Element,
    Encoding,
    encode_element,
    read_elements,
    unpad,
)
from casepack.errors import InstanceHeld
from casepack.layout import Layout, LayoutMemory
from casepack.model import Reason
from casepack.standard.uids import transfer_syntaxes

_PREAMBLE: Final = 128
_SMALL_FILE: Final = 256 << 10
_MAX_INFLATED: Final = 512 << 20
_INFLATED_PIECE: Final = 256 << 10
_TRANSFER_SYNTAX_UID: Final = 0x00020010

DEFLATED: Final = frozenset(
    # Deflated Explicit VR Little Endian, JPIP Referenced Deflate, JPIP HTJ2K Referenced Deflate
    {"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"}
)
"""Transfer Syntaxes whose Data Set is compressed as a whole."""
_IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
_EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartTen:
    """A DICOM file (PS3.10): where its elements lie."""

    data: Buffer
    """The file as it stands."""
    buffer: Buffer
    """What the elements lie in: the file, or its Data Set inflated."""
    layout: Layout

    @property
    def encoding(self) -> Encoding:
        """How the Data Set is encoded."""
        return self.layout.encoding

    @property
    def transfer_syntax_uid(self) -> str:
        """The Transfer Syntax of the Data Set."""
        return self.layout.transfer_syntax_uid

    @property
    def elements(self) -> tuple[Element, ...]:
        """The top-level elements of the Data Set, in the order of the file."""
        return self.layout.elements

    def value(self, tag: int) -> bytes | None:
        """Return the value of a top-level element without padding; None if absent."""
        element = self.layout.places.get(tag)
        return None if element is None else unpad(self.buffer[element.value : element.end])

    def meta_value(self, tag: int) -> bytes | None:
        """Return a value of the File Meta Information without padding; None if absent."""
        return _value(self.data, self.layout.meta, tag)


def _value(data: Buffer, elements: Iterable[Element], tag: int) -> bytes | None:
    for element in elements:
        if element.tag == tag:
            return unpad(data[element.value : element.end])
    return None


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
        yield read_part_ten(data)
        return
    with data:
        yield read_part_ten(data)


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


_layouts: Final = LayoutMemory()
"""Layouts of the files read before: a memory of this process, which changes no result."""


def read_part_ten(data: Buffer, layouts: LayoutMemory = _layouts) -> PartTen:
    """Read the offsets of the elements of a DICOM file.

    Parameters
    ----------
    layouts
        Where the layouts of files are remembered.

    Raises
    ------
    InstanceHeld
        As `open_part_ten`.
    """
    layout = layouts.find(data)
    if layout is not None:
        return PartTen(data=data, buffer=data, layout=layout)
    if data[_PREAMBLE : _PREAMBLE + 4] != b"DICM":
        raise InstanceHeld(Reason.NOT_DICOM)
    start = _PREAMBLE + 4
    meta_end = _end_of_meta(data, start)
    meta, _ = read_elements(data, start, meta_end, EXPLICIT_LITTLE)
    transfer_syntax = (_value(data, meta, _TRANSFER_SYNTAX_UID) or b"").decode("ascii", "replace")
    encoding = encoding_of(transfer_syntax)
    buffer: Buffer = data
    if transfer_syntax in DEFLATED:
        buffer, meta_end = _inflate(data[meta_end:]), 0
    elements, _ = read_elements(buffer, meta_end, len(buffer), encoding)
    layout = Layout(
        transfer_syntax_uid=transfer_syntax,
        encoding=encoding,
        meta=tuple(meta),
        elements=tuple(elements),
        places={element.tag: element for element in reversed(elements)},
    )
    if buffer is data:
        layouts.remember(data, layout)
    return PartTen(data=data, buffer=buffer, layout=layout)


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
        if vr in LONG_VRS:
            position += 12 + _unpack("<I", data, position + 8)
        elif vr in SHORT_VRS:
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
