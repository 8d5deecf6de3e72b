"""Reading of DICOM files (PS3.10 Section 7.1, PS3.5 Section 7) into elements with their places.

A reader of the verifier's own: it shares nothing with the one that de-identification uses, and
never raises on bad input: what it could read is returned together with what is wrong.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from casepack.standard.dictionary import dictionary_vr
from casepack.verify.contents.elements import (
    PIXEL_TAGS,
    PREFIX_AT,
    Buffer,
    Element,
    PartTen,
    Path,
    plain_text,
)

_DEFLATED: Final = "1.2.840.10008.1.2.1.99"
_IMPLICIT: Final = "1.2.840.10008.1.2"
_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
_LONG: Final = frozenset(
    {
        *("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"),
    }
)
_SHORT: Final = frozenset(
    {
        *("AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH"),
        *("SL", "SS", "ST", "TM", "UI", "UL", "US"),
    }
)
_VRS: Final = {vr.encode(): vr for vr in _LONG | _SHORT}
_UNDEFINED: Final = 0xFFFFFFFF
TRANSFER_SYNTAX: Final = 0x00020010
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_DELIMITERS: Final = 0xFFFE0000
_FIRST_GROUPS: Final = frozenset({0x0002, 0x0008})
_TELLING: Final = 3
_MOST_ELEMENTS: Final = 1 << 20
_FIRST_ITEM: Final = b"\xfe\xff\x00\xe0"
_DEEPEST: Final = 48
_KEEP_VALUE: Final = 1 << 16
_MOST_INFLATED: Final = 256 << 20


_make_element: Final[Callable[[tuple[int, str, Path, int, int, bytes, bool]], Element]] = partial(
    tuple.__new__, Element
)
"""Of all its values: this is done for each element of each file, and is quicker than the class."""


class Problem(Exception):  # noqa: N818  # internal: becomes a finding
    """Bad encoding at an offset; `code` is a code of the findings table."""

    def __init__(self, code: str, offset: int) -> None:
        super().__init__(code)
        self.code = code
        self.offset = offset


def is_part_ten(data: Buffer) -> bool:
    """Tell whether the file has the prefix of PS3.10 7.1."""
    return data[PREFIX_AT : PREFIX_AT + 4] == b"DICM"


def is_bare_data_set(data: Buffer) -> bool:
    """Tell a file that begins with Data Elements, as old programs write them.

    Three of them in a row, in ascending order, are met in no other file by chance.
    """
    for implicit, little in ((False, True), (True, True), (False, False)):
        reader = _Reader(data, implicit=implicit, little=little)
        if reader.begins_with_elements(_TELLING):
            return True
    return False


def read_part_ten(data: Buffer) -> PartTen:
    """Read the elements of a DICOM file, at every nesting level.

    Never raises on bad input: `problem` then holds the code of a finding, and the elements before
    it are returned.
    """
    meta_reader = _Reader(data, implicit=False, little=True)
    preamble = bytes(data[:PREFIX_AT])
    try:
        start = meta_reader.read_meta(PREFIX_AT + 4)
    except Problem as problem:
        return PartTen(
            preamble=preamble,
            meta=tuple(meta_reader.elements),
            elements=(),
            data_set_at=PREFIX_AT + 4,
            problem=problem.code,
            problem_at=problem.offset,
        )
    syntax = next(
        (plain_text(e.value) for e in meta_reader.elements if e.tag == TRANSFER_SYNTAX), ""
    )
    return _read_data_set(data, start, preamble, tuple(meta_reader.elements), syntax)


def read_rest(data: Buffer, position: int, before: Sequence[Element]) -> tuple[Element, ...]:
    """Read on behind elements that were read, in Explicit VR Little Endian.

    Raises
    ------
    Problem
        Bad encoding.
    """
    reader = _Reader(data, implicit=False, little=True)
    reader.elements += before
    reader.read(position, len(data), ())
    return tuple(reader.elements)


def is_hidden_sequence(vr: str, value: bytes) -> bool:
    """Tell whether a value begins as the Items of a Sequence do that is stored as UN."""
    return vr == "UN" and value[:4] == _FIRST_ITEM


def _read_data_set(
    data: Buffer, start: int, preamble: bytes, meta: tuple[Element, ...], syntax: str
) -> PartTen:
    body, at, inflated, code, offset = data, start, None, "", 0
    if syntax == _DEFLATED:
        inflated, code = _inflate(data[start:])
        body, at = inflated, 0
    little = syntax != _BIG_ENDIAN
    reader = _Reader(body, implicit=syntax == _IMPLICIT, little=little)
    try:
        reader.read(at, len(body), ())
    except Problem as problem:
        code, offset = code or problem.code, problem.offset
        last = next((e for e in reversed(reader.elements) if not e.path), None)
        if code != "file-too-large" and last is not None and last.tag in PIXEL_TAGS:
            # every element up to the pixels was read: what follows is none
            code = "trailing-bytes" if last.stop == offset else code
    return PartTen(
        preamble=preamble,
        meta=meta,
        elements=tuple(reader.elements),
        data_set_at=start,
        inflated=inflated,
        problem=code,
        problem_at=offset,
        little=little,
    )


def _inflate(data: bytes) -> tuple[bytes, str]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = inflater.decompress(data, _MOST_INFLATED)
    except zlib.error:
        return b"", "file-malformed"
    if inflater.unconsumed_tail:
        return inflated, "file-too-large"
    return inflated, "" if inflater.eof else "file-truncated"


class _Reader:
    """Reads elements in one encoding into `elements`, Sequences before what is in them."""

    def __init__(self, data: Buffer, *, implicit: bool, little: bool) -> None:
        self.data = data
        self.implicit = implicit
        order = "<" if little else ">"
        self.tag_and_length = struct.Struct(order + "HHI").unpack_from
        self.explicit_header = struct.Struct(order + "HH2sH").unpack_from
        self.long_length = struct.Struct(order + "I").unpack_from
        self.elements: list[Element] = []

    def read_meta(self, position: int) -> int:
        """Read group 0002; return the offset of the Data Set."""
        data = self.data
        while data[position : position + 2] == b"\x02\x00":
            tag, vr, start, length = self._header(position, len(data))
            if length == _UNDEFINED:
                raise Problem("file-malformed", position)
            stop = start + length
            if stop > len(data):
                raise Problem("file-truncated", position)
            self.elements.append(Element(tag, vr, (), start, stop, bytes(data[start:stop])))
            position = stop
        return position

    def read(self, position: int, end: int, path: Path, *, item: bool = False) -> int:
        """Read elements up to `end`, or up to the delimiter of an Item of undefined length."""
        if len(path) > _DEEPEST:
            raise Problem("file-malformed", position)
        while position < end:
            if len(self.elements) >= _MOST_ELEMENTS:
                raise Problem("elements-too-many", position)
            tag, vr, start, length = self._header(position, end)
            if tag >= _DELIMITERS and tag < 0xFFFF0000:  # noqa: PLR2004  # group FFFE
                if item and tag == _ITEM_END:
                    return start
                raise Problem("file-malformed", position)
            position = self._read_value(tag, vr, start, length, end, path)
        if item:
            raise Problem("file-truncated", position)
        return position

    def begins_with_elements(self, count: int) -> bool:
        """Tell whether so many elements of the first groups stand at the beginning."""
        position, before = 0, 0
        for _ in range(count):
            try:
                tag, _, start, length = self._header(position, len(self.data))
            except Problem:
                return False
            if tag <= before or tag >> 16 not in _FIRST_GROUPS or start + length > len(self.data):
                return False
            position, before = start + length, tag
        return True

    def _header(self, position: int, end: int) -> tuple[int, str, int, int]:
        if position + 8 > end:
            raise Problem("file-truncated", position)
        if self.implicit:
            group, number, length = self.tag_and_length(self.data, position)
            tag = group << 16 | number
            return tag, _implied_vr(tag, length), position + 8, length
        group, number, code, length = self.explicit_header(self.data, position)
        tag = group << 16 | number
        if group == _DELIMITERS >> 16:
            return tag, "", position + 8, self.long_length(self.data, position + 4)[0]
        vr = _VRS.get(code)
        if vr is None:
            raise Problem("file-malformed", position)
        if vr in _SHORT:
            return tag, vr, position + 8, length
        if position + 12 > end:
            raise Problem("file-truncated", position)
        return tag, vr, position + 12, self.long_length(self.data, position + 8)[0]

    def _read_value(self, tag: int, vr: str, start: int, length: int, end: int, path: Path) -> int:
        if length == _UNDEFINED:
            return self._read_undefined(tag, vr, start, end, path)
        stop = start + length
        if stop > end:
            raise Problem("file-truncated", start)
        if vr == "SQ":
            self.elements.append(Element(tag, vr, path, start, stop, b""))
            self.read_items(tag, start, stop, path, delimited=False)
            return stop
        whole = length <= _KEEP_VALUE and tag not in PIXEL_TAGS
        value = self.data[start:stop] if whole else b""
        self.elements.append(_make_element((tag, vr, path, start, stop, value, False)))
        if is_hidden_sequence(vr, value):
            self._try_hidden_sequence(tag, start, stop, path)
        return stop

    def _read_undefined(self, tag: int, vr: str, start: int, end: int, path: Path) -> int:
        index = len(self.elements)
        self.elements.append(Element(tag, vr, path, start, end, b""))
        if vr in {"SQ", "UN"}:
            inner = self._inside(vr)
            stop = inner.read_items(tag, start, end, path, delimited=True)
        else:
            stop = self._skip_fragments(start, end)
        self.elements[index] = Element(tag, vr, path, start, stop, b"", undefined=True)
        return stop

    def _inside(self, vr: str) -> _Reader:
        """Items below UN are Implicit VR Little Endian in any Transfer Syntax (PS3.5 6.2.2)."""
        if vr != "UN":
            return self
        inner = _Reader(self.data, implicit=True, little=True)
        inner.elements = self.elements
        return inner

    def _try_hidden_sequence(self, tag: int, start: int, stop: int, path: Path) -> None:
        """Read a Sequence stored as UN of defined length; if it is none, it stays a value."""
        kept = len(self.elements)
        for inner in (self._inside("UN"), self):
            try:
                inner.read_items(tag, start, stop, path, delimited=False)
            except Problem:
                del self.elements[kept:]
            else:
                return

    def read_items(self, tag: int, position: int, end: int, path: Path, *, delimited: bool) -> int:
        number = 0
        while position < end:
            if position + 8 > end:
                raise Problem("file-truncated", position)
            group, element, length = self.tag_and_length(self.data, position)
            found = group << 16 | element
            start = position + 8
            if delimited and found == _SEQUENCE_END:
                return start
            if found != _ITEM:
                raise Problem("file-malformed", position)
            inside = (*path, (tag, number))
            if length == _UNDEFINED:
                position = self.read(start, end, inside, item=True)
            else:
                if start + length > end:
                    raise Problem("file-truncated", position)
                position = self.read(start, start + length, inside)
            number += 1
        if delimited:
            raise Problem("file-truncated", position)
        return position

    def _skip_fragments(self, position: int, end: int) -> int:
        while position + 8 <= end:
            group, element, length = self.tag_and_length(self.data, position)
            found = group << 16 | element
            if found == _SEQUENCE_END:
                return position + 8
            if found != _ITEM or length == _UNDEFINED:
                raise Problem("file-malformed", position)
            position += 8 + length
        raise Problem("file-truncated", position)


def _implied_vr(tag: int, length: int) -> str:
    vr = dictionary_vr(tag)
    if vr is None:
        if tag & 0xFFFF == 0:
            return "UL"
        if tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF:  # noqa: PLR2004  # Private Creator
            return "LO"
        return "SQ" if length == _UNDEFINED else "UN"
    return vr[:2]
