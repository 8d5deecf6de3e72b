"""A file as the parts in which identifiers are searched.

Text and headers are searched for every value. Samples (pixels, compressed pictures) are searched
only for long ones, since short texts occur there by chance. Compressed text is unpacked.
"""

from __future__ import annotations

import mmap
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from casepack.verify.contents.archives import (
    BROKEN,
    ZIP,
    BufferFile,
    has_zip_end,
    is_stream,
    is_tar,
    read_member,
    read_tar,
    unpack_bare,
    unpack_stream,
)
from casepack.verify.contents.elements import Buffer, Element, PartTen
from casepack.verify.contents.encoded import find_base64, find_short_base64
from casepack.verify.contents.parts import DEEPEST, MOST_UNPACKED, Part, TooLarge, inside
from casepack.verify.contents.pdf import HEAD as PDF
from casepack.verify.contents.pdf import split_pdf
from casepack.verify.contents.picture_parts import (
    PNG,
    is_jpeg,
    is_webp,
    split_jpeg,
    split_png,
    split_webp,
)
from casepack.verify.contents.reading import is_part_ten, read_part_ten

_MOST_MEMBERS: Final = 10_000
_MOST_IN_ALL: Final = 1 << 30
_MOST_RATIO: Final = 64
"""An archive is unpacked up to 1 GiB, or to 64 times its size: images do not deflate as well."""
_HEAD: Final = 1 << 12
_SHORTEST_PACKED: Final = 20
"""Bytes: nothing that is shorter is an archive."""
_ITEM: Final = b"\xfe\xff\x00\xe0"


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
    elif head.startswith(PNG):
        yield from _split_behind(data, (yield from split_png(data)), depth)
    elif is_webp(head):
        yield from _split_behind(data, (yield from split_webp(data)), depth)
    elif is_jpeg(head):
        yield from split_jpeg(data, 0, len(data))
        yield from _unpack_end(data, depth)
    else:
        yield Part(data=data, start=0, stop=len(data))
        yield from _unpack(data, head, depth)
        for content in find_short_base64(data):
            yield Part(data=content, start=0, stop=len(content), place="inside of base64")


def _split_behind(data: Buffer, position: int, depth: int) -> Iterator[Part]:
    """Yield the parts of what was written behind a picture."""
    if position >= len(data):
        return
    if depth >= DEEPEST:
        raise TooLarge
    for part in split_parts(data[position:], depth=depth + 1):
        yield inside(part, "behind the picture")


def _unpack(data: Buffer, head: bytes, depth: int) -> Iterator[Part]:
    is_packed = head.startswith(ZIP) or is_stream(head)
    if depth >= DEEPEST:
        if is_packed:
            raise TooLarge
    elif head.startswith(ZIP):
        yield from _split_zip(data, depth)
    elif is_packed:
        yield from _split_stream(data, depth)
    elif head.startswith(PDF):
        yield from split_pdf(data)
        yield from _unpack_end(data, depth)
    elif is_tar(data):
        yield from _split_tar(data, depth)
    elif content := unpack_bare(data, head, MOST_UNPACKED):
        for part in split_parts(content, depth=depth + 1):
            yield inside(part, "inside of the archive")
    else:
        yield from _split_base64(data, depth)
        yield from _unpack_end(data, depth)


def _unpack_end(data: Buffer, depth: int) -> Iterator[Part]:
    """Yield the parts of a zip file that stands behind something else, as in a program."""
    if depth < DEEPEST and has_zip_end(data):
        yield from _split_zip(data, depth)


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
            if element.undefined:
                yield from _split_fragments(body, element, part_ten)
            yield Part(
                data=body, start=element.start, stop=element.stop, samples=True, part_ten=part_ten
            )
            position = element.stop
    if position < end:
        yield Part(data=body, start=position, stop=end, part_ten=part_ten)
    for element in part_ten.opaque:
        if element.length > _SHORTEST_PACKED:
            yield from _split_value(body, element, depth)


def _split_fragments(body: Buffer, element: Element, part_ten: PartTen) -> Iterator[Part]:
    """Yield what encapsulated fragments say before they show something."""
    head = min(element.start + _HEAD, element.stop)
    yield Part(data=body, start=element.start, stop=head, part_ten=part_ten)
    position = element.start
    while body[position : position + 4] == _ITEM and position + 8 <= element.stop:
        start = position + 8
        position = start + int.from_bytes(body[position + 4 : start], "little")
        if is_jpeg(body[start : start + 4]):
            for part in split_jpeg(body, start, min(position, element.stop)):
                if not part.samples and part.stop > head:
                    yield replace(part, part_ten=part_ten)


def _split_value(body: Buffer, element: Element, depth: int) -> Iterator[Part]:
    """Yield what a value unpacks to: a document, an archive, or base64 in a private text."""
    if depth < DEEPEST:
        value = bytes(body[element.start : element.stop])
        for part in _unpack(value, value[:16], depth):
            yield inside(part, element.place)


def _split_zip(data: Buffer, depth: int) -> Iterator[Part]:
    """Yield the parts of the members that can be read; `archives` tells of the others."""
    left = max(_MOST_IN_ALL, _MOST_RATIO * len(data))
    too_large = False
    try:
        with zipfile.ZipFile(BufferFile(data)) as archive:
            for member in archive.infolist()[:_MOST_MEMBERS]:
                most = min(MOST_UNPACKED, left)
                content = read_member(archive, member, most)
                left -= len(content)
                too_large = too_large or member.file_size > most
                try:
                    for part in split_parts(content, depth=depth + 1):
                        yield inside(part, "inside of the archive")
                except TooLarge:
                    too_large = True
            too_large = too_large or len(archive.infolist()) > _MOST_MEMBERS
    except BROKEN:
        return
    if too_large:
        raise TooLarge


def _split_stream(data: Buffer, depth: int) -> Iterator[Part]:
    """Yield the parts of what is compressed as a whole."""
    content, is_whole = unpack_stream(data, MOST_UNPACKED)
    for part in split_parts(content, depth=depth + 1):
        yield inside(part, "inside of the archive")
    if not is_whole:
        raise TooLarge


def _split_tar(data: Buffer, depth: int) -> Iterator[Part]:
    """Yield the parts of the members of a tar file, which stand in it as they are."""
    left = _MOST_MEMBERS
    for content in read_tar(data, MOST_UNPACKED):
        left -= 1
        if left < 0:
            raise TooLarge
        for part in split_parts(content, depth=depth + 1):
            yield inside(part, "inside of the archive")


def _split_base64(data: Buffer, depth: int) -> Iterator[Part]:
    """Decode long runs of base64, as in the data URLs of a page."""
    too_large = False
    for content in find_base64(data, MOST_UNPACKED):
        too_large = too_large or len(content) >= MOST_UNPACKED
        for part in split_parts(content, depth=depth + 1):
            yield inside(part, "inside of base64")
    if too_large:
        raise TooLarge


def map_file(file_number: int) -> Buffer:
    """Map an open file into memory; an empty one gives no bytes."""
    try:
        return mmap.mmap(file_number, 0, access=mmap.ACCESS_READ)
    except ValueError:
        return b""
