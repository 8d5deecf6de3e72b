"""A data set that comes as a zip file, and the zip file beside a package."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from casepack.errors import UsageError
from casepack.model import Finding
from casepack.verify.contents.archives import BROKEN, ZIP, check_archive
from casepack.verify.findings.findings import make_finding
from casepack.verify.holdings import list_files, open_buffer, relative_name

_BLOCK: Final = 1 << 20
_SUFFIX: Final = ".zip"
_READABLE: Final = frozenset({"archive-broken", "archive-encrypted"})
"""What is wrong with single members: these are left out, and the others are checked."""


@contextmanager
def open_subject(path: Path) -> Iterator[tuple[Path, tuple[Finding, ...]]]:
    """Yield the folder that is to be checked, and what is wrong with the zip file it came in.

    A zip file is unpacked to a folder for temporary files, which is removed afterwards. A hostile
    one is not unpacked at all.

    Parameters
    ----------
    path
        A folder, or a zip file of one.

    Raises
    ------
    UsageError
        It is neither, or there is no room to unpack it.
    """
    if path.is_dir():
        yield path, ()
        return
    if not is_zip(path):
        raise UsageError(
            "what is to be checked is neither a folder nor a zip file",
            advice="Give a package, its zip file, or a folder that holds DICOM files.",
        )
    with tempfile.TemporaryDirectory(prefix="casepack-") as folder:
        target = Path(folder) / "unpacked"
        target.mkdir()
        findings = tuple(_unpack(path, target))
        inner = sorted(target.iterdir())
        yield (inner[0] if len(inner) == 1 and inner[0].is_dir() else target), findings


def is_zip(path: Path) -> bool:
    """Tell whether a path is that of a zip file."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(ZIP)) == ZIP
    except OSError:
        return False


def _unpack(path: Path, target: Path) -> Iterator[Finding]:
    with open_buffer(path) as data:
        found = tuple(check_archive(data))
    for code, place in found:
        yield make_finding(code, place=place)
    if not _READABLE.issuperset(code for code, _ in found):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if not member.is_dir():
                    _write_member(archive, member, target / member.filename)
    except OSError:
        raise UsageError(
            "the zip file cannot be unpacked",
            advice="Make room where temporary files go (TMPDIR), or unpack it yourself.",
        ) from None
    except BROKEN:
        return


def _write_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    """Write a member that can be read whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        try:
            with archive.open(member) as packed:
                while block := packed.read(_BLOCK):
                    file.write(block)
        except BROKEN:
            path.unlink()


def find_copy(root: Path) -> Path | None:
    """Return the zip file beside a package, under its name, if there is one."""
    path = root.absolute().with_name(root.absolute().name + _SUFFIX)
    return path if is_zip(path) else None


def check_copy(root: Path) -> Iterator[Finding]:
    """Check that the zip file beside a package holds one folder with its files, byte for byte."""
    copy = find_copy(root)
    if copy is None:
        return
    with open_buffer(copy) as data:
        found = tuple(check_archive(data))
    for code, place in found:
        yield make_finding(code, file=copy.name, place=place)
    if found:
        return
    files = {f"{root.absolute().name}/{relative_name(path, root)}": path for path in _files(root)}
    with zipfile.ZipFile(copy) as archive:
        if archive.comment or any(member.comment for member in archive.infolist()):
            yield make_finding("archive-differs", file=copy.name, place="a comment")
        members = {one.filename: one for one in archive.infolist() if not one.is_dir()}
        for name in sorted(files.keys() | members.keys()):
            if name not in files or name not in members:
                where = "not in the folder" if name in members else "not in the zip file"
                yield make_finding("archive-differs", file=copy.name, place=f"{name}: {where}")
            elif not _is_same(archive, members[name], files[name]):
                yield make_finding("archive-differs", file=copy.name, place=f"{name}: other bytes")


def _files(root: Path) -> list[Path]:
    return [path for path in list_files(root)[0] if path.is_file()]


def _is_same(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> bool:
    try:
        with archive.open(member) as packed, path.open("rb") as file:
            while True:
                block = packed.read(_BLOCK)
                if block != file.read(_BLOCK):
                    return False
                if not block:
                    return True
    except OSError:
        return False
