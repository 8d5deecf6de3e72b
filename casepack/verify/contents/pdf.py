"""The text of a PDF (ISO 32000-1), as far as it can be had without drawing the pages.

Streams are unpacked. Text is shown string by string, often letter by letter with the distances in
between, so that the strings are put together again. Fonts that number their glyphs come with a
table of the characters (9.10.3), by which the numbers are read.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Final

from casepack.verify.contents.elements import Buffer
from casepack.verify.contents.parts import MOST_UNPACKED, Part, TooLarge

HEAD: Final = b"%PDF-"
_PLACE: Final = "inside of the document"
_STREAM: Final = re.compile(rb"stream\r?\n")
_END: Final = b"endstream"
_PACKED: Final = re.compile(rb"[\x08\x18\x28\x38\x48\x58\x68\x78]")
"""First byte of a compressed stream: its low bits say "deflate"."""
_LARGEST: Final = 1 << 24
"""Bytes of a stream in which shown text is looked for: pages are far smaller."""
_MOST_TABLES: Final = 64
_SHOWN: Final = re.compile(
    rb"\((?P<text>(?:[^()\\]|\\.)*+)\)|<(?P<digits>[0-9A-Fa-f\s]*+)>"
    rb"|(?P<move>-?\d+(?:\.\d*)?)|(?P<word>[A-Za-z'\"*]+|[\[\]])",
    re.DOTALL,
)
_SPACE: Final = -180
"""Thousandths of the size of the font: a larger step to the right is a space."""
_MOVES: Final = frozenset({b"Td", b"TD", b"T*", b"Tm", b"ET"})
_ESCAPED: Final = re.compile(rb"\\([0-7]{1,3}|\r?\n|.)", re.DOTALL)
_ESCAPES: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b""}
_TABLE: Final = re.compile(rb"begin(bfchar|bfrange)(.*?)end\1", re.DOTALL)
_CODES: Final = re.compile(rb"<([0-9A-Fa-f\s]+)>")


def check_pdf(data: Buffer) -> Iterator[tuple[str, str]]:
    """Yield code and place of what keeps a PDF from being searched."""
    if data[: len(HEAD)] == HEAD and re.search(rb"/Encrypt\b", data):
        yield "document-encrypted", ""


def split_pdf(data: Buffer) -> Iterator[Part]:
    """Yield the streams that are compressed, and the text that is shown by any stream.

    Raises
    ------
    TooLarge
        After so much was unpacked.
    """
    streams: list[bytes] = []
    left = MOST_UNPACKED
    for is_packed, stream in _read_streams(data):
        text = _inflate(stream, left) if is_packed else stream
        if is_packed and text:
            yield _part(text)
        left -= len(text)
        if left <= 0:
            raise TooLarge
        if text and len(text) <= _LARGEST:
            streams.append(text)
    tables = list(islice(filter(None, map(_read_table, streams)), _MOST_TABLES))
    for stream in streams:
        if b"Tj" in stream or b"TJ" in stream or b"'" in stream:
            for apart in (False, True):
                shown = list(_shown(stream, apart=apart))
                yield _part(b"".join(shown))
                for table in tables:
                    yield _part("".join(_look_up(one, table) for one in shown).encode())


def _part(text: bytes) -> Part:
    return Part(data=text, start=0, stop=len(text), place=_PLACE)


def _read_streams(data: Buffer) -> Iterator[tuple[bool, bytes]]:
    """Yield the streams as they are stored, and whether they may be compressed."""
    position = 0
    while match := _STREAM.search(data, position):
        start = match.end()
        end = data.find(_END, start)
        end = end if end >= 0 else len(data)
        yield _PACKED.match(data, start) is not None, bytes(data[start:end])
        position = end + len(_END)


def _inflate(packed: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, most)
    except zlib.error:
        return b""


def _shown(stream: bytes, *, apart: bool) -> Iterator[bytes]:
    """Yield the strings that are shown; with `apart`, a space where the next place is set."""
    in_array = False
    for match in _SHOWN.finditer(stream):
        kind = match.lastgroup
        if kind == "text":
            yield _ESCAPED.sub(_unescape, match["text"])
        elif kind == "digits":
            digits = b"".join(match["digits"].split())
            yield bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())
        elif kind == "move":
            if in_array and float(match["move"]) < _SPACE:
                yield b" "
        else:
            in_array = match["word"] == b"["
            if apart and match["word"] in _MOVES:
                yield b" "


def _unescape(match: re.Match[bytes]) -> bytes:
    escaped = match[1]
    if escaped.isdigit():
        return bytes([int(escaped, 8) & 0xFF])
    return b"" if escaped.endswith(b"\n") else _ESCAPES.get(escaped, escaped)


def _read_table(stream: bytes) -> dict[int, str]:
    """Return the characters of the glyphs of a font, if the stream is such a table."""
    table: dict[int, str] = {}
    for match in _TABLE.finditer(stream):
        codes = [b"".join(code.split()) for code in _CODES.findall(match[2])]
        if match[1] == b"bfchar":
            for code, text in zip(codes[::2], codes[1::2], strict=False):
                table[int(code, 16)] = _character(text)
        else:
            for first, last, text in zip(codes[::3], codes[1::3], codes[2::3], strict=False):
                begin = _character(text)
                for step in range(min(int(last, 16) - int(first, 16), 0xFFFF) + 1):
                    if begin and ord(begin[-1]) + step <= 0xFFFF:  # noqa: PLR2004  # the plane
                        table[int(first, 16) + step] = begin[:-1] + chr(ord(begin[-1]) + step)
    return table


def _character(code: bytes) -> str:
    raw = bytes.fromhex((code + b"0" * (len(code) % 2)).decode())
    return raw.decode("utf-16-be", "ignore") if len(raw) > 1 else raw.decode("latin-1")


def _look_up(shown: bytes, table: dict[int, str]) -> str:
    """Read glyph numbers of two bytes; spaces that stand between strings stay."""
    if shown == b" ":
        return " "
    numbers = (int.from_bytes(shown[at : at + 2], "big") for at in range(0, len(shown) - 1, 2))
    return "".join(table.get(number, "\ufffd") for number in numbers)
