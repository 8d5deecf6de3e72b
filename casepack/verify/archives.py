"""Archives and compressed files: reading them, and what is wrong with hostile or broken ones."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Final

from casepack.verify.elements import Buffer

ZIP: Final = b"PK\x03\x04"
_EMPTY_ZIP: Final = b"PK\x05\x06"
_STREAMS: Final[dict[bytes, Callable[[Any], Any]]] = {
    b"\x1f\x8b\x08": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
_ENCRYPTED: Final = 0x1
"""Bit 0 of the general purpose flag (APPNOTE.TXT 4.4.4)."""
_UNIX: Final = 3
_BOMB_BYTES: Final = 64 << 20
_BOMB_RATIO: Final = 200
"""What no archive of images, texts or zero bytes in a row comes to: see `_is_bomb`."""
_MOST_MEMBERS: Final = 100_000
_DEEPEST: Final = 3
_BLOCK: Final = 1 << 20
BROKEN: Final = (
    zipfile.BadZipFile,
    RuntimeError,
    NotImplementedError,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    ValueError,
)
"""What reading an archive of any bytes may raise."""


class BufferFile(io.RawIOBase):
    """A buffer as a file, without a copy of it."""

    def __init__(self, data: Buffer) -> None:
        self._data = data
        self._position = 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that any place of it can be read."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, and return it."""
        start = {io.SEEK_CUR: self._position, io.SEEK_END: len(self._data)}.get(whence, 0)
        if start + offset < 0:
            raise OSError
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        """Return the place."""
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """Return the next bytes."""
        stop = len(self._data) if size is None or size < 0 else self._position + size
        read = bytes(self._data[self._position : stop])
        self._position += len(read)
        return read


def is_stream(head: bytes) -> bool:
    """Tell a file that is compressed as a whole by its first bytes."""
    return head.startswith(tuple(_STREAMS))


def unpack_stream(data: Buffer, most: int) -> tuple[bytes, bool]:
    """Return what a compressed file holds, to at most `most` bytes, and whether that is all.

    Of a broken one, what can be unpacked.
    """
    found = bytearray()
    try:
        for block in _read_stream(data):
            found += block
            if len(found) > most:
                return bytes(found[:most]), False
    except BROKEN:
        pass
    return bytes(found), True


def _read_stream(data: Buffer) -> Iterator[bytes]:
    opener = next(opener for magic, opener in _STREAMS.items() if data[:8].startswith(magic))
    with opener(BufferFile(data)) as file:
        while block := file.read(_BLOCK):
            yield block


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    """Return a member of a zip file, to at most `most` bytes; of a broken one, what can be read."""
    found = bytearray()
    try:
        with archive.open(member) as file:
            while len(found) < most and (block := file.read(min(_BLOCK, most - len(found)))):
                found += block
    except BROKEN:
        pass
    return bytes(found)


def check_archive(data: Buffer, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield code and place of what is wrong with an archive, and with archives inside of it.

    Of other bytes, nothing. Names of members may be anything, so that they are given by number.
    """
    head = bytes(data[:8])
    if head.startswith((ZIP, _EMPTY_ZIP)):
        yield from _check_zip(data, depth)
    elif is_stream(head):
        yield from _check_stream(data, depth)


def _check_stream(data: Buffer, depth: int) -> Iterator[tuple[str, str]]:
    size, first = 0, b""
    try:
        for block in _read_stream(data):
            size += len(block)
            first = first or block
            if _is_bomb(size, len(data)):
                yield "archive-bomb", ""
                return
    except BROKEN:
        yield "archive-broken", ""
        return
    if depth < _DEEPEST and size == len(first):
        yield from check_archive(first, depth + 1)


def _check_zip(data: Buffer, depth: int) -> Iterator[tuple[str, str]]:
    try:
        with zipfile.ZipFile(BufferFile(data)) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if _is_bomb(size, len(data)) or len(members) > _MOST_MEMBERS:
                # not opened at all; members that share their bytes say much more than there is
                yield "archive-bomb", ""
                return
            names: set[str] = set()
            for number, member in enumerate(members, 1):
                place = f"member {number}"
                for code in _check_name(member, names):
                    yield code, place
                for code, inner in _check_member(archive, member, depth):
                    yield code, f"{place}, {inner}" if inner else place
    except BROKEN:
        yield "archive-broken", ""


def _is_bomb(size: int, packed: int) -> bool:
    return size > _BOMB_BYTES and size > _BOMB_RATIO * packed


def _check_name(member: zipfile.ZipInfo, names: set[str]) -> Iterator[str]:
    raw = member.orig_filename
    windows = PureWindowsPath(raw)
    if ".." in {*windows.parts, *PurePosixPath(raw).parts} or windows.anchor or raw.startswith("/"):
        yield "archive-escape"
    mode = member.external_attr >> 16
    if member.create_system == _UNIX and mode and not _is_plain(mode):
        yield "archive-link"
    if raw.casefold() in names:
        yield "archive-repeated"
    names.add(raw.casefold())


def _is_plain(mode: int) -> bool:
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or not stat.S_IFMT(mode)


def _check_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, depth: int
) -> Iterator[tuple[str, str]]:
    if member.flag_bits & _ENCRYPTED:
        yield "archive-encrypted", ""
        return
    size, first = 0, b""
    try:
        with archive.open(member) as file:
            while block := file.read(_BLOCK):
                size += len(block)
                first = first or block
    except BROKEN:
        size = -1
    if size != member.file_size:
        yield "archive-broken", ""
    elif depth < _DEEPEST and first.startswith((ZIP, _EMPTY_ZIP, *_STREAMS)):
        content = first if size == len(first) else read_member(archive, member, _BOMB_BYTES)
        yield from check_archive(content, depth + 1)
