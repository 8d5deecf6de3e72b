"""Archives and compressed files: reading them, and what is wrong with hostile or broken ones."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Final

from casepack.verify.contents.elements import Buffer
from casepack.verify.contents.parts import DEEPEST
from casepack.verify.contents.pdf import check_pdf

ZIP: Final = b"PK\x03\x04"
_EMPTY_ZIP: Final = b"PK\x05\x06"
_STREAMS: Final[dict[bytes, Callable[[Any], Any]]] = {
    b"\x1f\x8b\x08": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
_UNKNOWN: Final = (
    *(b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18"),
    *(
        b"\x1f\x9d",
        b"\x1f\xa0",
        b"LZIP",
        b"MSCF",
        b"xar!",
        b"\x89LZO\x00",
        b"\xff\x06\x00\x00sNaPpY",
    ),
)
"""First bytes of what is not unpacked here: 7-Zip, RAR, Zstandard, LZ4, compress, and others."""
_DEFLATED: Final = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_LZMA: Final = b"\x5d\x00\x00"
_TAR: Final = b"ustar"
_TAR_AT: Final = 257
_ZIP_END: Final = struct.Struct("<4s16xH")
"""End of central directory record (APPNOTE.TXT 4.3.16), up to the length of the comment."""
_ENCRYPTED: Final = 0x1
"""Bit 0 of the general purpose flag (APPNOTE.TXT 4.4.4)."""
_UNIX: Final = 3
_BOMB_BYTES: Final = 64 << 20
_BOMB_RATIO: Final = 200
"""What no archive of images, texts or zero bytes in a row comes to: see `_is_bomb`."""
_MOST_MEMBERS: Final = 100_000
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
    tarfile.TarError,
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


def unpack_bare(data: Buffer, head: bytes, most: int) -> bytes:
    """Return what a stream without a file format of its own holds; empty if it is none."""
    if head.startswith(_DEFLATED):
        unpacker: Any = zlib.decompressobj()
    elif head.startswith(_LZMA):
        unpacker = lzma.LZMADecompressor(lzma.FORMAT_ALONE)
    else:
        return b""
    try:
        found: bytes = unpacker.decompress(data[:most], most)
    except (zlib.error, lzma.LZMAError):
        return b""
    return found


def has_zip_end(data: Buffer) -> bool:
    """Tell whether a file ends as a zip file does, whatever it begins with."""
    tail = bytes(data[-(_ZIP_END.size + 0xFFFF) :])
    at = tail.rfind(_EMPTY_ZIP)
    if at < 0 or at + _ZIP_END.size > len(tail):
        return False
    comment: int = _ZIP_END.unpack_from(tail, at)[1]
    return comment == len(tail) - at - _ZIP_END.size


def is_tar(data: Buffer) -> bool:
    """Tell a tar file."""
    return data[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR


def read_tar(data: Buffer, most: int) -> Iterator[bytes]:
    """Yield the members of a tar file that are packed themselves, each to at most `most` bytes."""
    try:
        with tarfile.open(fileobj=BufferFile(data), mode="r:") as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isreg() else None
                content = b"" if file is None else file.read(most)
                if content.startswith((ZIP, *_STREAMS)):
                    yield content
    except BROKEN:
        return


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
    head = bytes(data[:16])
    if head.startswith((ZIP, _EMPTY_ZIP)):
        yield from _check_zip(data, depth)
    elif is_stream(head):
        yield from _check_stream(data, depth)
    elif head.startswith(_UNKNOWN):
        yield "archive-unknown", ""
    elif is_tar(data):
        yield from _check_tar(data, depth)
    elif has_zip_end(data):
        found = list(_check_zip(data, depth))
        # what only ends like one is none
        yield from (() if found == [("archive-broken", "")] else found)
    else:
        yield from check_pdf(data)


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
    if depth < DEEPEST:
        whole = first if size == len(first) else unpack_stream(data, _BOMB_BYTES)[0]
        yield from check_archive(whole, depth + 1)


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


def _check_tar(data: Buffer, depth: int) -> Iterator[tuple[str, str]]:
    try:
        with tarfile.open(fileobj=BufferFile(data), mode="r:") as archive:
            names: set[str] = set()
            for number, member in enumerate(archive, 1):
                place = f"member {number}"
                for code in _check_path(member.name, names):
                    yield code, place
                if not (member.isreg() or member.isdir()):
                    yield "archive-link", place
                file = archive.extractfile(member) if member.isreg() and depth < DEEPEST else None
                for code, inner in check_archive(file.read(_BOMB_BYTES), depth + 1) if file else ():
                    yield code, f"{place}, {inner}" if inner else place
    except BROKEN:
        yield "archive-broken", ""


def _is_bomb(size: int, packed: int) -> bool:
    return size > _BOMB_BYTES and size > _BOMB_RATIO * packed


def _check_name(member: zipfile.ZipInfo, names: set[str]) -> Iterator[str]:
    yield from _check_path(member.orig_filename, names)
    mode = member.external_attr >> 16
    if member.create_system == _UNIX and mode and not _is_plain(mode):
        yield "archive-link"


def _check_path(raw: str, names: set[str]) -> Iterator[str]:
    windows = PureWindowsPath(raw)
    if ".." in {*windows.parts, *PurePosixPath(raw).parts} or windows.anchor or raw.startswith("/"):
        yield "archive-escape"
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
    elif depth < DEEPEST and first.startswith((ZIP, _EMPTY_ZIP, *_STREAMS, *_UNKNOWN)):
        content = first if size == len(first) else read_member(archive, member, _BOMB_BYTES)
        yield from check_archive(content, depth + 1)
