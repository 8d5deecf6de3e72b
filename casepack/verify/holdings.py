"""What lies below the folder that is checked: every file, read once, for all checks."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from casepack.model import Finding, Progress, no_progress
from casepack.verify.contents.alike import AlikeReader
from casepack.verify.contents.contents import map_file
from casepack.verify.contents.elements import Buffer, PartTen, plain_text
from casepack.verify.contents.reading import is_bare_data_set, is_part_ten
from casepack.verify.findings.findings import make_finding
from casepack.verify.profile import Claims

DIRECTORY_CLASS: Final = "1.2.840.10008.1.3.10"
_SMALL: Final = 1 << 20
"""Bytes."""
_DICOM_SUFFIXES: Final = frozenset({".dcm", ".dicom", ".ima"})
_METHOD_SEQUENCE: Final = 0x00120064
_CODE_VALUE: Final = 0x00080100
_SCHEME: Final = 0x00080102
_CLASSES_OF_DOCUMENTS: Final = (
    "1.2.840.10008.5.1.4.1.1.88.",
    "1.2.840.10008.5.1.4.1.1.11.",
    "1.2.840.10008.5.1.4.1.1.66.",
    "1.2.840.10008.5.1.4.1.1.481.3",
)
"""SR and KOS, presentation states, SEG and other derived objects, RT Structure Sets."""


@dataclass(frozen=True, kw_only=True)
class Holding:
    """A DICOM file below the folder."""

    path: Path = field(repr=False)
    name: str = field(repr=False)
    """Path relative to the folder, with forward slashes."""
    part_ten: PartTen = field(repr=False)

    def text(self, tag: int) -> str:
        """Return the text of a top-level element; empty when absent."""
        return self.part_ten.text(tag)

    @cached_property
    def sop_class_uid(self) -> str:
        """SOP Class UID (0008,0016)."""
        return self.text(0x00080016)

    @cached_property
    def sop_instance_uid(self) -> str:
        """SOP Instance UID (0008,0018)."""
        return self.text(0x00080018)

    @property
    def is_directory(self) -> bool:
        """True for a DICOMDIR."""
        return self.text(0x00020002) == DIRECTORY_CLASS

    @property
    def is_image(self) -> bool:
        """True when it has Pixel Data and is not derived by annotation."""
        return 0x7FE00010 in self.part_ten.top and not self.is_document  # noqa: PLR2004  # Pixel Data

    @property
    def is_document(self) -> bool:
        """True for objects that only make sense with the instances they refer to."""
        return self.sop_class_uid.startswith(_CLASSES_OF_DOCUMENTS)

    @cached_property
    def claims(self) -> Claims:
        """What the file says was done to it."""
        return _read_claims(self.part_ten)


def _read_claims(part_ten: PartTen) -> Claims:
    codes: dict[tuple[tuple[int, int], ...], dict[int, str]] = {}
    for element in part_ten.elements:
        if len(element.path) == 1 and element.path[0][0] == _METHOD_SEQUENCE:
            codes.setdefault(element.path, {})[element.tag] = plain_text(element.value)
    return Claims(
        identity_removed=part_ten.text(0x00120062) == "YES",
        method=part_ten.text(0x00120063),
        codes=frozenset(
            item[_CODE_VALUE]
            for item in codes.values()
            if _CODE_VALUE in item and item.get(_SCHEME) == "DCM"
        ),
        dates=part_ten.text(0x00280303),
    )


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """A folder: its DICOM files, its other files, and what could not be read."""

    root: Path = field(repr=False)
    dicom: tuple[Holding, ...]
    directories: tuple[Holding, ...] = ()
    """DICOMDIR files."""
    others: tuple[Path, ...] = field(repr=False, default=())
    nameless: tuple[Path, ...] = field(repr=False, default=())
    """Links and empty folders: nothing of them but their names."""
    findings: tuple[Finding, ...] = ()

    @cached_property
    def by_uid(self) -> dict[str, Holding]:
        """DICOM files by SOP Instance UID; of several, the first by name."""
        found: dict[str, Holding] = {}
        for holding in self.dicom:
            found.setdefault(holding.sop_instance_uid, holding)
        return found

    @cached_property
    def claimed(self) -> frozenset[str]:
        """The Options that any DICOM file claims: what texts and the DICOMDIR may tell, too."""
        return frozenset().union(*(holding.claims.options for holding in self.dicom))


def raw_name(path: Path, root: Path) -> bytes:
    """Return the path below the folder that is checked, with forward slashes."""
    whole, folder = os.fspath(path), os.path.join(root, "")  # noqa: PTH118  # a tenth of the time
    if whole.startswith(folder):
        return os.fsencode(whole[len(folder) :].replace(os.sep, "/"))
    return os.fsencode(path.relative_to(root).as_posix())


def relative_name(path: Path, root: Path) -> str:
    """Return the path below the folder that is checked, fit to be shown.

    With forward slashes; bytes that are no UTF-8, and characters that would move a cursor, are
    replaced.
    """
    text = raw_name(path, root).decode("utf-8", "replace")
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def list_files(root: Path) -> tuple[list[Path], list[Path]]:
    """Return regular files and symbolic links below `root`, sorted; links are not followed."""
    files: list[Path] = []
    links: list[Path] = []
    for folder, folders, names in os.walk(root, followlinks=False, onerror=None):
        folders.sort()
        here = Path(folder)
        links += [here / name for name in folders if (here / name).is_symlink()]
        for name in sorted(names):
            path = here / name
            (links if path.is_symlink() else files).append(path)
    return sorted(files), sorted(links)


def _list_folders(root: Path) -> tuple[list[Path], list[Path]]:
    """Return the folders below `root` that hold nothing, and those that cannot be listed."""
    closed: list[Path] = []
    walk = os.walk(root, onerror=lambda error: closed.append(Path(error.filename)))
    empty = [Path(one) for one, folders, names in walk if not folders and not names]
    return sorted(set(empty) - {root}), sorted(closed)


def read_holdings(root: Path, *, progress: Progress = no_progress) -> Holdings:
    """Read every file below `root`; bad ones become findings."""
    files, links = list_files(root)
    empty, closed = _list_folders(root)
    findings = [make_finding("file-symlink", file=relative_name(path, root)) for path in links]
    findings += [make_finding("file-unreadable", file=relative_name(one, root)) for one in closed]
    dicom: list[Holding] = []
    others: list[Path] = []
    reader = AlikeReader()
    with _without_collection():
        for number, path in enumerate(files, 1):
            progress("read", number, len(files))
            name = relative_name(path, root)
            holding, code = _read_file(path, name, reader)
            if code:
                findings.append(make_finding(code, file=name, place=_offset(holding)))
            if holding is not None:
                dicom.append(holding)
            elif code != "file-unreadable":
                others.append(path)
    return Holdings(
        root=root,
        dicom=tuple(holding for holding in dicom if not holding.is_directory),
        directories=tuple(holding for holding in dicom if holding.is_directory),
        others=tuple(others),
        nameless=(*links, *empty),
        findings=tuple(findings),
    )


@contextmanager
def _without_collection() -> Iterator[None]:
    """Put off the search for cycles: there are none in elements, and it takes half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _offset(holding: Holding | None) -> str:
    return "" if holding is None else f"offset {holding.part_ten.problem_at}"


def _read_file(path: Path, name: str, reader: AlikeReader) -> tuple[Holding | None, str]:
    if not path.is_file():
        # a pipe or a device would never end
        return None, "file-unreadable"
    try:
        with open_buffer(path) as data:
            if not len(data):
                return None, "file-empty"
            if not is_part_ten(data):
                return None, _code_of_other(path, data)
            part_ten = reader.read_part_ten(data)
    except OSError:
        return None, "file-unreadable"
    return Holding(path=path, name=name, part_ten=part_ten), part_ten.problem


def _code_of_other(path: Path, data: Buffer) -> str:
    if path.suffix.lower() in _DICOM_SUFFIXES or path.name.upper() == "DICOMDIR":
        return "file-claims-dicom"
    return "file-no-prefix" if is_bare_data_set(data) else ""


@contextmanager
def open_buffer(path: Path, *, whole: bool = False) -> Iterator[Buffer]:
    """Open a file as a buffer.

    Parameters
    ----------
    whole
        All of it will be looked at: unless it is large, to read it is quicker than to map it.

    Raises
    ------
    OSError
        It cannot be opened.
    """
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size if whole else 0
        is_read = 0 < size <= _SMALL
        yield os.read(file.fileno(), size) if is_read else map_file(file.fileno())
