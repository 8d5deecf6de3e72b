"""A file as the parts in which identifiers are searched.

Text and headers are searched for every value. Samples (pixels, compressed pictures) are searched
only for long ones, since short texts occur there by chance. Compressed text is unpacked.
"""

from __future__ import annotations

import mmap
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from casepack.verify.archives import (
    BROKEN,
    ZIP,
    BufferFile,
    is_stream,
    read_member,
    unpack_stream,
)
from casepack.verify.elements import PREFIX_AT, Buffer, Element, PartTen
from casepack.verify.encoded import find_base64
from casepack.verify.reading import is_part_ten, read_part_ten

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_TEXT_CHUNKS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_SAMPLES: Final = frozenset({b"IDAT", b"fdAT"})
_WEBP_SAMPLES: Final = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANMF"})
_MOST_UNPACKED: Final = 64 << 20
_MOST_MEMBERS: Final = 10_000
_MOST_IN_ALL: Final = 1 << 30
_MOST_RATIO: Final = 64
"""An archive is unpacked up to 1 GiB, or to 64 times its size: images do not deflate as well."""
_DEEPEST: Final = 3
_JPEG_HEAD: Final = 1 << 12
_PDF: Final = b"%PDF-"
_PDF_STREAM: Final = re.compile(rb"stream\r?\n(?=[\x08\x18\x28\x38\x48\x58\x68\x78])")
"""Of compressed streams (ISO 32000-1 7.3.8): the low bits of the first byte say "deflate"."""
_SHORTEST_PACKED: Final = 20
"""Bytes: nothing that is shorter is an archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of bytes to search."""

    data: Buffer = field(repr=False)
    start: int
    stop: int
    samples: bool = False
    """True where short texts occur by chance."""
    place: str = ""
    """Where in the file, when it is not a plain offset."""
    part_ten: PartTen | None = field(default=None, repr=False)
    """The elements, when the offsets are those of a DICOM file."""

    def element_at(self, offset: int) -> Element | None:
        """Return the element, File Meta included, whose value covers an offset."""
        if self.part_ten is None:
            return None
        if self.data is self.part_ten.inflated or offset >= self.part_ten.data_set_at:
            return self.part_ten.element_at(offset)
        return next((e for e in self.part_ten.meta if e.start <= offset < e.stop), None)

    def bounds_at(self, offset: int) -> tuple[int, int]:
        """Return where the text around an offset begins and ends."""
        element = self.element_at(offset)
        if element is not None:
            return element.start, element.stop
        if self.part_ten is not None and offset < PREFIX_AT:
            return 0, PREFIX_AT
        return self.start, self.stop


class TooLarge(Exception):  # noqa: N818  # internal: becomes a finding
    """Something unpacks to more than is searched."""


def split_parts(data: Buffer, part_ten: PartTen | None = None, depth: int = 0) -> Iterator[Part]:
    """Yield the parts of a file.

    Raises
    ------
    TooLarge
        After the parts that could be unpacked.
    """
    head = bytes(data[:16])
    if part_ten is not None or is_part_ten(data):
        yield from _split_dicom(data, part_ten or read_part_ten(data), depth)
    elif head.startswith(_PNG):
        yield from _split_png(data, depth)
    elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        yield from _split_webp(data, depth)
    elif head.startswith(b"\xff\xd8\xff"):
        yield Part(data=data, start=0, stop=min(_JPEG_HEAD, len(data)))
        yield Part(data=data, start=0, stop=len(data), samples=True)
    else:
        yield Part(data=data, start=0, stop=len(data))
        yield from _unpack(data, head, depth)


def _unpack(data: Buffer, head: bytes, depth: int) -> Iterator[Part]:
    if depth >= _DEEPEST:
        return
    if head.startswith(ZIP):
        yield from _split_zip(data, depth)
    elif is_stream(head):
        yield from _split_stream(data, depth)
    elif head.startswith(_PDF):
        yield from _split_pdf(data)
    else:
        yield from _split_base64(data, depth)


def _split_dicom(data: Buffer, part_ten: PartTen, depth: int) -> Iterator[Part]:
    body: Buffer = data
    position = 0
    if part_ten.inflated is not None:
        yield Part(data=data, start=0, stop=part_ten.data_set_at, part_ten=part_ten)
        body = part_ten.inflated
    end = len(body)
    for element in part_ten.bulk:
        if element.start >= position:
            yield Part(data=body, start=position, stop=element.start, part_ten=part_ten)
            # encapsulated fragments begin with marker segments that may hold a comment
            if element.undefined:
                head = min(element.start + _JPEG_HEAD, element.stop)
                yield Part(data=body, start=element.start, stop=head, part_ten=part_ten)
            yield Part(
                data=body, start=element.start, stop=element.stop, samples=True, part_ten=part_ten
            )
            position = element.stop
    if position < end:
        yield Part(data=body, start=position, stop=end, part_ten=part_ten)
    for element in part_ten.opaque:
        if element.length > _SHORTEST_PACKED:
            yield from _split_value(body, element, depth)


def _split_value(body: Buffer, element: Element, depth: int) -> Iterator[Part]:
    """Yield what a value unpacks to: a document, an archive, or base64 in a private text."""
    if depth < _DEEPEST:
        value = bytes(body[element.start : element.stop])
        for part in _unpack(value, value[:16], depth):
            yield _inside(part, element.place)


def _split_png(data: Buffer, depth: int) -> Iterator[Part]:
    position = len(_PNG)
    while position + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        start, stop = position + 8, min(position + 8 + length, len(data))
        label = name.decode("latin-1") if name.isalpha() else "chunk"
        samples = name in _SAMPLES
        yield Part(data=data, start=start, stop=stop, samples=samples, place=label)
        if name in _TEXT_CHUNKS:
            yield from _inflate_chunk(name, bytes(data[start:stop]), label)
        position = stop + 4
        if name == b"IEND":
            break
    if position < len(data):
        for part in split_parts(data[position:], depth=depth + 1):
            yield _inside(part, "behind the picture")


def _inflate_chunk(name: bytes, chunk: bytes, label: str) -> Iterator[Part]:
    keyword_end = chunk.find(b"\x00")
    if keyword_end < 0:
        return
    if name == b"zTXt":
        packed = chunk[keyword_end + 2 :]
    elif name == b"iTXt" and chunk[keyword_end + 1 : keyword_end + 2] == b"\x01":
        rest = chunk[keyword_end + 3 :].split(b"\x00", 2)
        packed = rest[2] if len(rest) > 2 else b""  # noqa: PLR2004  # language, keyword, text
    else:
        return
    text = _inflate(packed)
    yield Part(data=text, start=0, stop=len(text), place=label)


def _inflate(packed: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(packed, _MOST_UNPACKED)
    except zlib.error:
        return b""
    if inflater.unconsumed_tail:
        raise TooLarge
    return text


def _split_webp(data: Buffer, depth: int) -> Iterator[Part]:
    position = 12
    while position + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, position)
        start, stop = position + 8, min(position + 8 + length, len(data))
        label = name.decode("latin-1").strip() if name.strip().isalnum() else "chunk"
        yield Part(data=data, start=start, stop=stop, samples=name in _WEBP_SAMPLES, place=label)
        position = stop + length % 2
    if position < len(data):
        for part in split_parts(data[position:], depth=depth + 1):
            yield _inside(part, "behind the picture")


def _split_zip(data: Buffer, depth: int) -> Iterator[Part]:
    """Yield the parts of the members that can be read; `archives` tells of the others."""
    left = max(_MOST_IN_ALL, _MOST_RATIO * len(data))
    too_large = False
    try:
        with zipfile.ZipFile(BufferFile(data)) as archive:
            for member in archive.infolist()[:_MOST_MEMBERS]:
                most = min(_MOST_UNPACKED, left)
                content = read_member(archive, member, most)
                left -= len(content)
                too_large = too_large or member.file_size > most
                try:
                    for part in split_parts(content, depth=depth + 1):
                        yield _inside(part, "inside of the archive")
                except TooLarge:
                    too_large = True
            too_large = too_large or len(archive.infolist()) > _MOST_MEMBERS
    except BROKEN:
        return
    if too_large:
        raise TooLarge


def _split_stream(data: Buffer, depth: int) -> Iterator[Part]:
    """Yield the parts of what is compressed as a whole."""
    content, is_whole = unpack_stream(data, _MOST_UNPACKED)
    for part in split_parts(content, depth=depth + 1):
        yield _inside(part, "inside of the archive")
    if not is_whole:
        raise TooLarge


def _split_pdf(data: Buffer) -> Iterator[Part]:
    """Unpack the compressed streams of a PDF, whose text would else be seen by readers only."""
    unpacked = 0
    for match in _PDF_STREAM.finditer(data):
        inflater = zlib.decompressobj()
        try:
            end = data.find(b"endstream", match.end())
            packed = bytes(data[match.end() : end if end >= 0 else len(data)])
            text = inflater.decompress(packed, _MOST_UNPACKED - unpacked)
        except zlib.error:
            continue
        unpacked += len(text)
        yield Part(data=text, start=0, stop=len(text), place="inside of the document")
        if unpacked >= _MOST_UNPACKED:
            raise TooLarge


def _split_base64(data: Buffer, depth: int) -> Iterator[Part]:
    """Decode long runs of base64, as in the data URLs of a page."""
    too_large = False
    for content in find_base64(data, _MOST_UNPACKED):
        too_large = too_large or len(content) >= _MOST_UNPACKED
        for part in split_parts(content, depth=depth + 1):
            yield _inside(part, "inside of base64")
    if too_large:
        raise TooLarge


def _inside(part: Part, place: str) -> Part:
    return Part(
        data=part.data,
        start=part.start,
        stop=part.stop,
        samples=part.samples,
        place=place,
        part_ten=part.part_ten,
    )


def map_file(file_number: int) -> Buffer:
    """Map an open file into memory; an empty one gives no bytes."""
    try:
        return mmap.mmap(file_number, 0, access=mmap.ACCESS_READ)
    except ValueError:
        return b""
