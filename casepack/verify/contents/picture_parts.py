"""Pictures as the parts in which identifiers are searched: what they say, and what they show."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Generator, Iterator
from typing import Final

from casepack.verify.contents.elements import Buffer
from casepack.verify.contents.parts import MOST_UNPACKED, Part, TooLarge

PNG: Final = b"\x89PNG\r\n\x1a\n"
_TEXT_CHUNKS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_SAMPLES: Final = frozenset({b"IDAT", b"fdAT"})
_WEBP_SAMPLES: Final = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANMF"})
_JPEG: Final = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51")
"""First bytes of JPEG and JPEG-LS, and of JPEG 2000."""
_SAMPLES_BEGIN: Final = frozenset({0xDA, 0x90})
"""Start of scan (ISO/IEC 10918-1 B.2.3), and of a tile-part (15444-1 A.4.2)."""
_TEXT_MARKERS: Final = frozenset({*range(0xE0, 0xF0), 0xFE, 0x64})
"""APPn and COM of JPEG, COM of JPEG 2000."""
_MARKER: Final = 0xFF


def is_jpeg(head: bytes) -> bool:
    """Tell a JPEG, JPEG-LS or JPEG 2000 codestream by its first bytes."""
    return head.startswith(_JPEG)


def split_jpeg(data: Buffer, start: int, stop: int) -> Iterator[Part]:
    """Yield the segments that say something, and the whole as samples.

    Thumbnails, profiles and camera data may fill many segments before a comment comes.
    """
    position = start + 2
    while position + 4 <= stop and data[position] == _MARKER:
        marker = data[position + 1]
        if marker in _SAMPLES_BEGIN:
            break
        end = min(position + 2 + int.from_bytes(data[position + 2 : position + 4], "big"), stop)
        if marker in _TEXT_MARKERS:
            yield Part(data=data, start=position + 4, stop=max(end, position + 4))
        position = max(end, position + 4)
    yield Part(data=data, start=start, stop=stop, samples=True)


def split_png(data: Buffer) -> Generator[Part, None, int]:
    """Yield the chunks of a PNG file; return the offset behind it."""
    position = len(PNG)
    name = b""
    while position + 8 <= len(data) and name != b"IEND":
        length, name = struct.unpack_from(">I4s", data, position)
        start, stop = position + 8, min(position + 8 + length, len(data))
        label = name.decode("latin-1") if name.isalpha() else "chunk"
        samples = name in _SAMPLES
        yield Part(data=data, start=start, stop=stop, samples=samples, place=label)
        if name in _TEXT_CHUNKS:
            yield from _inflate_chunk(name, bytes(data[start:stop]), label)
        position = stop + 4
    return position


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
        text = inflater.decompress(packed, MOST_UNPACKED)
    except zlib.error:
        return b""
    if inflater.unconsumed_tail:
        raise TooLarge
    return text


def is_webp(head: bytes) -> bool:
    """Tell a WebP file by its first bytes."""
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def split_webp(data: Buffer) -> Generator[Part, None, int]:
    """Yield the chunks of a WebP file; return the offset behind it."""
    position = 12
    while position + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, position)
        start, stop = position + 8, min(position + 8 + length, len(data))
        label = name.decode("latin-1").strip() if name.strip().isalnum() else "chunk"
        yield Part(data=data, start=start, stop=stop, samples=name in _WEBP_SAMPLES, place=label)
        position = stop + length % 2
    return position
