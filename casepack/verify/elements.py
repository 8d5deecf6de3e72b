"""Data Elements with their place in the file (PS3.5 Section 7, PS3.10 Section 7.1).

A reader of its own: it shares nothing with the one that de-identification uses, keeps the offset
of every value so that a search hit can name its Attribute, and never raises on bad input: what it
could read is returned together with what is wrong.
"""

from __future__ import annotations

import mmap
import struct
import warnings
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from pydicom.charset import convert_encodings, decode_bytes

from casepack.standard.dictionary import dictionary_vr, format_tag

Buffer = bytes | mmap.mmap
Path = tuple[tuple[int, int], ...]
"""The Sequences around an element, outermost first, each with the number of the Item from 0."""

PREFIX_AT: Final = 128
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
IMPLICIT: Final = "1.2.840.10008.1.2"
BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"

PIXEL_TAGS: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_BULK_TAGS: Final = PIXEL_TAGS | {0x54001010, 0x56000020, 0x00281201, 0x00281202, 0x00281203}
"""Values that are samples, not text: pixels, waveforms, spectra, palettes."""

_LONG: Final = frozenset(
    ["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"]
)
_SHORT: Final = frozenset(
    [
        "AE",
        "AS",
        "AT",
        "CS",
        "DA",
        "DS",
        "DT",
        "FD",
        "FL",
        "IS",
        "LO",
        "LT",
        "PN",
        "SH",
        "SL",
        "SS",
        "ST",
        "TM",
        "UI",
        "UL",
        "US",
    ]
)
_VRS: Final = {vr.encode(): vr for vr in _LONG | _SHORT}
_TEXT: Final = frozenset(["LO", "LT", "PN", "SH", "ST", "UC", "UT"])
"""VRs that Specific Character Set governs (PS3.5 6.1.2.2)."""
_SINGLE: Final = frozenset({"LT", "ST", "UT", "UR"})
"""VRs in which a backslash is no delimiter."""
_ASCII: Final = frozenset(["AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"])
_UNDEFINED: Final = 0xFFFFFFFF
_CHARACTER_SET: Final = 0x00080005
_TRANSFER_SYNTAX: Final = 0x00020010
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_DELIMITERS: Final = 0xFFFE0000
_DEEPEST: Final = 48
_KEEP_VALUE: Final = 1 << 16
_MOST_INFLATED: Final = 256 << 20


class Element(NamedTuple):
    """A Data Element and where its value lies."""

    tag: int
    vr: str
    path: Path
    start: int
    """Offset of the value in the buffer."""
    stop: int
    value: bytes
    """The value as encoded; empty for a Sequence, a bulk value, or one over 64 KiB."""
    undefined: bool = False
    """Of undefined length: Items or fragments up to a delimiter."""

    @property
    def place(self) -> str:
        """Tag path such as ``(0008,1032)[0].(0008,0104)``."""
        outer = "".join(f"{format_tag(tag)}[{item}]." for tag, item in self.path)
        return outer + format_tag(self.tag)

    @property
    def private(self) -> bool:
        """True for an odd group."""
        return bool(self.tag >> 16 & 1)

    @property
    def bulk(self) -> bool:
        """True for a value of samples, in which short texts occur by chance."""
        return self.tag in _BULK_TAGS or (self.tag >> 24 == 0x60 and self.tag & 0xFFFF == 0x3000)  # noqa: PLR2004  # Overlay Data (60xx,3000)

    @property
    def length(self) -> int:
        """Length of the value in bytes, delimiters included."""
        return self.stop - self.start


class Problem(Exception):  # noqa: N818  # internal: becomes a finding
    """Bad encoding at an offset; `code` is a code of the findings table."""

    def __init__(self, code: str, offset: int) -> None:
        super().__init__(code)
        self.code = code
        self.offset = offset


@dataclass(frozen=True, kw_only=True)
class PartTen:
    """What could be read of a DICOM file."""

    preamble: bytes = field(repr=False)
    meta: tuple[Element, ...] = field(repr=False)
    elements: tuple[Element, ...] = field(repr=False)
    data_set_at: int
    """Offset of the Data Set in the file."""
    inflated: bytes | None = field(repr=False, default=None)
    """The Data Set of a deflated file; offsets of elements are into it."""
    problem: str = ""
    problem_at: int = 0
    little: bool = True

    @cached_property
    def top(self) -> dict[int, Element]:
        """Top-level elements by tag."""
        return {element.tag: element for element in self.elements if not element.path}

    @cached_property
    def _meta_by_tag(self) -> dict[int, Element]:
        return {element.tag: element for element in self.meta}

    @cached_property
    def _starts(self) -> list[int]:
        return [element.start for element in self.elements]

    def text(self, tag: int) -> str:
        """Return the text of a top-level or File Meta element; empty when absent."""
        source = self._meta_by_tag if tag >> 16 == 2 else self.top  # noqa: PLR2004  # group 0002
        element = source.get(tag)
        return "" if element is None else plain_text(element.value)

    def texts(self, element: Element) -> list[str]:
        """Return the values of a text element, decoded by the Character Set in force."""
        if element.vr in _TEXT or element.vr == "UN":
            text = decode_text(element.value, self.encodings_of(element.path))
        else:
            text = element.value.decode("latin-1")
        parts = [text] if element.vr in _SINGLE else text.split("\\")
        return [part.strip(" \x00") for part in parts]

    @cached_property
    def _encodings(self) -> dict[Path, list[str]]:
        return {
            element.path: python_encodings(element.value)
            for element in self.elements
            if element.tag == _CHARACTER_SET
        }

    def encodings_of(self, path: Path) -> list[str]:
        """Return the Python codecs of the Specific Character Set that governs an Item."""
        for depth in range(len(path), -1, -1):
            found = self._encodings.get(path[:depth])
            if found is not None:
                return found
        return ["iso8859"]

    def element_at(self, offset: int) -> Element | None:
        """Return the innermost element whose value covers `offset`."""
        index = bisect_right(self._starts, offset) - 1
        while index >= 0:
            element = self.elements[index]
            if element.start <= offset < element.stop:
                return element
            if not element.path:
                return None
            index -= 1
        return None


def plain_text(value: bytes) -> str:
    """Return an ASCII value without padding; other bytes are kept as Latin-1."""
    return value.decode("latin-1").strip(" \x00")


def python_encodings(value: bytes) -> list[str]:
    """Return the Python codecs of a Specific Character Set value; Latin-1 if it is none."""
    terms = [term.strip() for term in plain_text(value).split("\\")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return convert_encodings(terms)
        except (LookupError, ValueError):
            return ["iso8859"]


def decode_text(value: bytes, encodings: list[str]) -> str:
    """Decode a text value; bytes that do not fit become replacement characters."""
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii").strip(" \x00")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return decode_bytes(value, encodings, {0x5C, 0x5E, 0x3D, 0x0D, 0x0A, 0x09, 0x0C}).strip(
                " \x00"
            )
        except (LookupError, UnicodeError, ValueError):
            return value.decode("latin-1").strip(" \x00")


def is_part_ten(data: Buffer) -> bool:
    """Tell whether the file has the prefix of PS3.10 7.1."""
    return data[PREFIX_AT : PREFIX_AT + 4] == b"DICM"


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
        (plain_text(e.value) for e in meta_reader.elements if e.tag == _TRANSFER_SYNTAX), ""
    )
    return _read_data_set(data, start, preamble, tuple(meta_reader.elements), syntax)


def _read_data_set(
    data: Buffer, start: int, preamble: bytes, meta: tuple[Element, ...], syntax: str
) -> PartTen:
    body, at, inflated, code, offset = data, start, None, "", 0
    if syntax == DEFLATED:
        inflated, code = _inflate(data[start:])
        body, at = inflated, 0
    little = syntax != BIG_ENDIAN
    reader = _Reader(body, implicit=syntax == IMPLICIT, little=little)
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
            tag, vr, start, length = self._header(position, end)
            if tag >= _DELIMITERS and tag < 0xFFFF0000:  # noqa: PLR2004  # group FFFE
                if item and tag == _ITEM_END:
                    return start
                raise Problem("file-malformed", position)
            position = self._read_value(tag, vr, start, length, end, path)
        if item:
            raise Problem("file-truncated", position)
        return position

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
        value = bytes(self.data[start:stop]) if whole else b""
        self.elements.append(Element(tag, vr, path, start, stop, value))
        if vr == "UN" and value[:4] == b"\xfe\xff\x00\xe0":
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


def iterate_items(elements: tuple[Element, ...], tag: int) -> Iterator[tuple[Path, list[Element]]]:
    """Yield each Item of each Sequence `tag`: its path, and the elements directly in it."""
    items: dict[Path, list[Element]] = {}
    for element in elements:
        if element.path and element.path[-1][0] == tag:
            items.setdefault(element.path, []).append(element)
    yield from items.items()
