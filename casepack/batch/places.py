"""Folders and files by path or by URL (s3://, gs://, ...), the latter through fsspec.

Messages never hold a path or a URL: both may name a patient.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from casepack.errors import CasepackError, ToolMissingError, UsageError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_STAMPS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "updated")
_TALKATIVE = ("fsspec", "s3fs", "aiobotocore", "botocore", "gcsfs", "google")
"""Loggers of storages: they name buckets and paths."""


class NotReachedError(CasepackError):
    """A storage behind a URL did not answer, or refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of a folder, and what tells that it has not changed."""

    name: str
    """Relative to the folder."""
    size: int
    stamp: str


def is_url(place: str) -> bool:
    """Tell whether a place is to be reached through fsspec."""
    return "://" in place


def read_place(text: str, folder: Path) -> str:
    """Return a place as a URL or an absolute path; ``file://`` is a path.

    Raises
    ------
    UsageError
        The URL holds a password: it would end up in files and on other machines.
    """
    if not is_url(text):
        return str((folder / text).absolute())
    parts = urlsplit(text)
    if parts.password:
        raise UsageError(
            "a URL holds a password",
            advice="Leave it out; fsspec takes credentials from where the storage's own tools do.",
        )
    if parts.scheme == "file":
        return str(Path(unquote(parts.path)).absolute())
    return text.rstrip("/")


def join(place: str, name: str) -> str:
    """Return the place of what lies in a folder."""
    return f"{place}/{name}" if is_url(place) else str(Path(place) / name)


def list_place(place: str) -> list[File]:
    """Return all files below a folder, by name; none if there is no such folder."""
    if not is_url(place):
        return [_local_file(path, Path(place)) for path in list_files(Path(place))]
    with _remote(place) as (system, root):
        found = system.find(root, detail=True) if system.exists(root) else {}
        files = [_remote_file(path, root, entry) for path, entry in found.items()]
    return sorted((file for file in files if file.name), key=lambda file: file.name)


def list_files(folder: Path) -> list[Path]:
    """Return all files below a folder; links to folders are not followed."""
    return sorted(Path(root) / name for root, _, names in os.walk(folder) for name in names)


def _local_file(path: Path, root: Path) -> File:
    name = path.relative_to(root).as_posix()
    try:
        status = path.stat()
    except OSError:
        return File(name=name, size=0, stamp="unreadable")
    return File(name=name, size=status.st_size, stamp=str(status.st_mtime_ns))


def _remote_file(path: str, root: str, entry: dict[str, Any]) -> File:
    name = PurePosixPath(path).relative_to(root).as_posix() if path != root else ""
    stamp = next((str(entry[key]) for key in _STAMPS if entry.get(key)), "")
    return File(name="" if name == "." else name, size=int(entry.get("size") or 0), stamp=stamp)


def read_file(place: str) -> bytes | None:
    """Return the content of a file; None if there is none."""
    if not is_url(place):
        try:
            return Path(place).read_bytes()
        except FileNotFoundError:
            return None
    with _remote(place) as (system, path):
        try:
            return bytes(system.cat_file(path))
        except FileNotFoundError:
            return None


def fetch_folder(place: str, folder: Path) -> None:
    """Copy all files below a URL into a new folder.

    Raises
    ------
    NotReachedError
        The storage failed, or a name would lead out of the folder.
    """
    for file in list_place(place):
        fetch_file(join(place, file.name), _inside(folder, file.name))


def fetch_file(place: str, path: Path) -> None:
    """Copy the file at a URL."""
    with _remote(place) as (system, source):
        path.parent.mkdir(parents=True, exist_ok=True)
        system.get_file(source, str(path))


def _inside(folder: Path, name: str) -> Path:
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise NotReachedError("a name in the storage leads out of its folder")
    return folder / name


def store_folder(folder: Path, place: str, *, last: str) -> None:
    """Copy a folder to a URL so that it is only complete at the end.

    Storages know no rename. The file `last`, without which a folder counts as nothing, is the first
    to go of what is there, and the last to come of what is new.
    """
    names = [path.relative_to(folder).as_posix() for path in list_files(folder)]
    with _remote(place) as (system, root):
        if system.exists(f"{root}/{last}"):
            system.rm_file(f"{root}/{last}")
        former = {file.name for file in list_place(place)}
        for name in sorted(former - set(names)):
            system.rm_file(f"{root}/{name}")
        for name in sorted(names, key=lambda name: (name == last, name)):
            system.put_file(str(folder / name), f"{root}/{name}")


def store_file(text: str, place: str) -> None:
    """Write a text file, whole or not at all."""
    if not is_url(place):
        path = Path(place)
        temporary = path.with_name(f".{path.name}.new")
        temporary.write_text(text, encoding="utf-8", newline="")
        temporary.replace(path)
        return
    with _remote(place) as (system, path_there):
        system.pipe_file(path_there, text.encode())


def take_away(place: str, folder: Path) -> None:
    """Move what lies at a place into a folder that does not exist yet."""
    if not is_url(place):
        Path(place).rename(folder)
        return
    fetch_folder(place, folder)
    with _remote(place) as (system, root):
        system.rm(root, recursive=True)


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that it holds, if it is there."""
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _remote(place: str) -> Iterator[tuple[AbstractFileSystem, str]]:
    """Yield the file system behind a URL, with its own name for the place."""
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415  # an extra
    except ImportError:
        raise ToolMissingError(
            "URLs need fsspec, which is not installed", advice="pip install 'casepack[s3]'"
        ) from None
    scheme = urlsplit(place).scheme
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        # what another process wrote a moment ago must be seen
        system, path = url_to_fs(place, use_listings_cache=False)
    except (ImportError, ValueError):
        raise ToolMissingError(
            f"no file system for {scheme}:// is installed",
            advice="For s3:// pip install 'casepack[s3]'; for gs:// pip install gcsfs.",
        ) from None
    try:
        yield system, path
    except (CasepackError, FileNotFoundError):
        raise
    except Exception as error:  # noqa: BLE001  # each storage has its own; the text names the place
        raise NotReachedError(
            f"the storage behind {scheme}:// failed ({type(error).__name__})",
            advice="Check the address, the credentials and the network.",
        ) from None
