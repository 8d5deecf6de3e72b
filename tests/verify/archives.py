"""Hostile and broken archives, each with the one code that names it."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import zipfile
from typing import Final


def zip_of(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name)
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def of_kind(name: str, kind: int) -> zipfile.ZipInfo:
    """Return a member that is no plain file on Unix."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    return info


def encrypted(archive: bytes) -> bytes:
    """Set the flag of encryption of the one member, in both of its headers."""
    spoiled = bytearray(archive)
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        spoiled[spoiled.index(magic) + flags] |= 1
    return bytes(spoiled)


def with_wrong_size(archive: bytes, size: int) -> bytes:
    """Let the central directory declare another size than there is."""
    spoiled = bytearray(archive)
    at = spoiled.index(b"PK\x01\x02") + 24
    spoiled[at : at + 4] = size.to_bytes(4, "little")
    return bytes(spoiled)


def twice(name: str) -> bytes:
    """Return an archive of two members whose names have the same length, made the same."""
    first = "x" * len(name)
    return zip_of((first, b"one"), (name, b"two")).replace(first.encode(), name.encode())


def tar_of(name: str, kind: bytes = tarfile.REGTYPE, times: int = 1, content: bytes = b"") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for _ in range(times):
            info = tarfile.TarInfo(name)
            info.type = kind
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def deep(times: int) -> bytes:
    content = b"nothing to see here"
    for _ in range(times):
        content = zip_of(("a", content))
    return content


PLAIN: Final = zip_of(("a.txt", b"nothing to see here, " * 20))
_BOMB: Final = zip_of(("zeros", bytes(70 << 20)))

ARCHIVES: Final[tuple[tuple[str, str, bytes], ...]] = (
    ("archive-escape", "to the parent", zip_of(("../a.txt", b"x"))),
    ("archive-escape", "to the parent, from inside", zip_of(("a/../../b.txt", b"x"))),
    ("archive-escape", "absolute", zip_of(("/etc/a.txt", b"x"))),
    ("archive-escape", "absolute on Windows", zip_of(("C:/a.txt", b"x"))),
    ("archive-escape", "with backslashes", zip_of((r"..\a.txt", b"x"))),
    ("archive-escape", "in an archive", zip_of(("b.zip", zip_of(("../a.txt", b"x"))))),
    ("archive-escape", "compressed again", gzip.compress(zip_of(("../a.txt", b"x")), mtime=0)),
    ("archive-link", "a link", zip_of((of_kind("a", stat.S_IFLNK), b"/etc/hostname"))),
    ("archive-link", "a device", zip_of((of_kind("a", stat.S_IFCHR), b""))),
    ("archive-encrypted", "a password", encrypted(PLAIN)),
    ("archive-repeated", "a name twice", twice("a.txt")),
    ("archive-bomb file-too-large", "zeros", _BOMB),
    ("archive-bomb file-too-large", "gzip", gzip.compress(bytes(70 << 20), mtime=0)),
    ("archive-escape", "behind a program", b"MZ" + bytes(600) + zip_of(("../a.txt", b"x"))),
    ("archive-escape", "tar", tar_of("../a.txt")),
    ("archive-escape", "tar, compressed", gzip.compress(tar_of("/etc/a.txt"), mtime=0)),
    ("archive-link", "tar, a link", tar_of("a.txt", tarfile.SYMTYPE)),
    ("archive-repeated", "tar, a name twice", tar_of("a.txt", tarfile.REGTYPE, 2)),
    ("archive-unknown", "7-Zip", b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(range(200))),
    ("archive-unknown", "Zstandard", b"\x28\xb5\x2f\xfd" + bytes(range(200))),
    ("archive-unknown", "RAR in a zip", zip_of(("a.rar", b"Rar!\x1a\x07\x01\x00" + bytes(99)))),
    ("file-too-large", "deeper than anyone archives", deep(6)),
    ("archive-broken", "cut", PLAIN[:-30]),
    ("archive-broken", "a changed byte", PLAIN[:60] + b"\xff" + PLAIN[61:]),
    ("archive-broken", "smaller than it says", with_wrong_size(PLAIN, 5000)),
    ("archive-broken", "gzip, cut", gzip.compress(b"nothing to see here", mtime=0)[:-9]),
    ("archive-broken", "nothing but its first bytes", b"PK\x03\x04 and no archive"),
)
"""Codes, what it is, bytes."""
