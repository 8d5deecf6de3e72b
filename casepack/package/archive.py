"""A package as one zip file: the same package gives the same bytes.

Names are sorted, dates and modes fixed, and each file is deflated only where that gains
something. ZIP64 where sizes need it (APPNOTE.TXT 4.3.9.2 and 4.5.3). Deflated bytes depend on the
deflate implementation of the Python that writes them; everything else is the same everywhere.
"""

from __future__ import annotations

import json
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

from casepack.errors import TargetError, UsageError
from casepack.model import Finding, Progress, Severity, no_progress
from casepack.package.bag import PAYLOAD, list_files, read_bagging_date
from casepack.package.text import one_line, wrap

_EXPLICIT_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1"
_MEDIA: Final = (
    "De-identified DICOM images and annotations of a case for teaching and research, not meant "
    "for diagnosis or treatment. There is no viewer on this media: open the file DICOMDIR with a "
    "DICOM viewer, or import it into an archive."
)
_SUFFIX: Final = ".zip"
_UNIX: Final = 3
_MODE: Final = (stat.S_IFREG | 0o644) << 16
_LEVEL: Final = 3
"""Of deflate: MR and CT become as small as by level 6, in half the time and less."""
_CHUNK: Final = 1 << 20
_SAMPLE: Final = 1 << 18
"""Bytes of a file that are deflated on trial, in the quickest way."""
_WORTH: Final = 0.95
"""Deflated by less than this factor, a file is stored."""
_OLDEST: Final = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip file can hold."""
_LAST_YEAR: Final = 2107

Date = tuple[int, int, int, int, int, int]


def write_archive(
    package: Path, target: Path | None = None, *, progress: Progress = no_progress
) -> Path:
    """Write a package as a zip file that holds one folder, and return its path.

    Parameters
    ----------
    target
        File to write; without: beside the package, under its name.

    Raises
    ------
    UsageError
        The folder is no package.
    TargetError
        The file exists, or cannot be written; nothing half-written is left.
    """
    refuse_other_folders(package)
    package = package.resolve()
    files = {f"{package.name}/{name}": path for name, path in _named(package).items()}
    target = target or name_archive(package)
    write_zip(files, target, _date(package), progress=progress)
    return target


def write_media(
    package: Path, target: Path | None = None, *, progress: Progress = no_progress
) -> Path:
    """Write the images as a zip file that unpacks to interchange media, and return its path.

    The DICOMDIR lies at the root (PS3.12 Annex V), beside a README.TXT: the DICOM-only form of
    IHE Portable Data for Imaging (RAD TF-2 4.47), which asks for the profile STD-GEN-CD and so for
    Explicit VR Little Endian (PS3.11 Annex D).

    Raises
    ------
    UsageError
        The folder is no package, or holds images in another Transfer Syntax.
    TargetError
        The file exists, or cannot be written; nothing half-written is left.
    """
    refuse_other_folders(package)
    package = package.resolve()
    content = json.loads((package / PAYLOAD / "case.json").read_text("utf-8"))
    if set(_transfer_syntaxes(content)) - {_EXPLICIT_LITTLE_ENDIAN}:
        raise UsageError(
            "the images are compressed, which the media profile STD-GEN-CD does not allow",
            advice="Write the package as one archive instead: casepack archive PACKAGE",
        )
    files: dict[str, Path | bytes] = {"README.TXT": _readme(content)}
    files |= _named(package / PAYLOAD / "dicom")
    target = target or package.with_name(f"{package.name}-pdi{_SUFFIX}")
    write_zip(files, target, _date(package), progress=progress)
    return target


def _named(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in list_files(folder)}


def _transfer_syntaxes(content: Mapping[str, Any]) -> Iterator[str]:
    for study in content["studies"]:
        for series in study["series"]:
            yield from (one["transfer_syntax_uid"] for one in series["instances"])


def _readme(content: Mapping[str, Any]) -> bytes:
    case = content["case"]
    lines = [
        *wrap(one_line(case["title"])),
        "",
        *wrap(_MEDIA),
        "",
        *wrap(f"Publisher: {one_line(case['publisher']) or 'not named'}"),
        *wrap(f"Persistent identifier: {case['doi'] or 'none'}"),
        *wrap(f"Written by: {content['software']}"),
    ]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii", "replace")


def write_zip(
    files: Mapping[str, Path | bytes],
    target: Path,
    date: Date,
    *,
    progress: Progress = no_progress,
) -> None:
    """Write files, or texts, into a new zip file in the order given.

    Raises
    ------
    TargetError
        The file exists, or cannot be written; nothing half-written is left.
    """
    work = target.with_name(f".{target.name}.part")
    if target.exists():
        raise TargetError("the archive exists", advice="Delete it, or name another file.")
    try:
        with work.open("wb") as stream:
            _write(files, stream, date, progress)
        work.rename(target)
    except OSError:
        raise TargetError(
            "the archive cannot be written", advice="Check the room and the rights in its folder."
        ) from None
    finally:
        work.unlink(missing_ok=True)


def name_archive(package: Path) -> Path:
    """Return where the archive of a package is written: beside it, under its name."""
    package = package.resolve()
    return package.with_name(package.name + _SUFFIX)


def verify_archive(archive: Path, package: Path) -> tuple[Finding, ...]:
    """Return where a zip file is not what `write_archive` makes of the package."""
    refuse_other_folders(package)
    package = package.resolve()
    try:
        with zipfile.ZipFile(archive) as opened:
            return tuple(_compare(opened, package))
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
        return (_finding("", "cannot be read as a zip file"),)


def refuse_other_folders(package: Path) -> None:
    """Raise UsageError for a folder that casepack pack did not write."""
    if not all((package / name).is_file() for name in ("bagit.txt", "data/case.json")):
        raise UsageError(
            "this is no package", advice="Give the folder that casepack pack wrote as OUT."
        )


def _write(
    files: Mapping[str, Path | bytes], stream: BinaryIO, date: Date, progress: Progress
) -> None:
    with zipfile.ZipFile(stream, "w", allowZip64=True) as archive:
        for done, (name, content) in enumerate(files.items(), 1):
            entry = zipfile.ZipInfo(name, date_time=date)
            entry.create_system = _UNIX
            entry.external_attr = _MODE
            if isinstance(content, bytes):
                archive.writestr(entry, content)
                continue
            entry.file_size = content.stat().st_size
            entry.compress_type = zipfile.ZIP_DEFLATED if _shrinks(content) else zipfile.ZIP_STORED
            # the only way to say it before 3.13
            entry._compresslevel = _LEVEL  # type: ignore[attr-defined]  # noqa: SLF001
            with content.open("rb") as source, archive.open(entry, "w") as out:
                while chunk := source.read(_CHUNK):
                    out.write(chunk)
            progress("zip", done, len(files))


def _shrinks(path: Path) -> bool:
    with path.open("rb") as source:
        sample = source.read(_SAMPLE)
    return len(zlib.compress(sample, 1)) < len(sample) * _WORTH


def _date(package: Path) -> Date:
    """Return the Bagging-Date as a zip file has it; the clock is never read."""
    date = read_bagging_date(package)
    if date is None or not _OLDEST[0] <= date.year <= _LAST_YEAR:
        return _OLDEST
    return (date.year, date.month, date.day, 0, 0, 0)


def _compare(archive: zipfile.ZipFile, package: Path) -> Iterator[Finding]:
    date = _date(package)
    files = {f"{package.name}/{name}": path for name, path in _named(package).items()}
    names = archive.namelist()
    if names != list(files) and set(names) == files.keys():
        yield _finding("", "does not list each file once, in the order of casepack")
    for name in sorted(files.keys() - set(names)):
        yield _finding(name, "is missing in the archive")
    for entry in archive.infolist():
        path = files.get(entry.filename)
        if path is None:
            # a name that the package does not have could be anything
            yield _finding("", "holds a file that the package does not have")
            continue
        if (entry.date_time, entry.create_system, entry.external_attr) != (date, _UNIX, _MODE):
            yield _finding(entry.filename, "has another date or mode than casepack writes")
        if not _same_bytes(archive, entry, path):
            yield _finding(entry.filename, "has another content in the archive")


def _same_bytes(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> bool:
    if entry.file_size != path.stat().st_size:
        return False
    try:
        with archive.open(entry) as packed, path.open("rb") as source:
            while chunk := source.read(_CHUNK):
                if packed.read(len(chunk)) != chunk:
                    return False
            return not packed.read(1)
    except (zipfile.BadZipFile, zlib.error, EOFError):
        return False


def _finding(name: str, message: str) -> Finding:
    return Finding(
        code="archive-differs",
        severity=Severity.ERROR,
        message=message,
        section="casepack archive",
        advice="Delete the archive and write it again: casepack archive PACKAGE",
        file=name,
    )
