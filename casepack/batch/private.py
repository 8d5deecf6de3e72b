"""What lies beside OUT and is not for others: journal, lock, key, names, crosswalks, work folder.

It is a folder of its own, ``OUT.private`` with mode 0700, so that OUT can be handed on as it is.
"""

from __future__ import annotations

import csv
import fcntl
import io
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from casepack.batch.places import is_url
from casepack.deidentify.key_file import read_pseudonyms, write_new_key
from casepack.deidentify.pseudonyms import Pseudonyms
from casepack.errors import KeyFileError, TargetError
from casepack.work_folder import target_error

_WORK: Final = "work-"
_TRIES: Final = 20
_PAUSE_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateFolder:
    """The private folder of an OUT whose lock is held."""

    path: Path = field(repr=False)
    work: Path = field(repr=False)
    """Where workers build; emptied before and after."""

    @property
    def journal(self) -> Path:
        """The journal."""
        return self.path / "journal.sqlite"

    def read_key(self, key_file: Path | None) -> Pseudonyms:
        """Return the pseudonyms of the key file, or of the batch's own key, made when it begins.

        Raises
        ------
        KeyFileError
            The key file cannot be used, or the batch was begun with one and none is named.
        """
        own = self.path / "project.key"
        if key_file is None and not own.exists():
            if self.journal.exists():
                raise KeyFileError(
                    "this batch was begun with a key file, and none is named",
                    advice="Name the same one with --key-file.",
                )
            write_new_key(own)
        return read_pseudonyms(key_file or own)

    def write_names(self, rows: Sequence[Sequence[str]]) -> None:
        """Write which case is which study, and why it failed: names of cases say nothing.

        Raises
        ------
        TargetError
            The file cannot be written.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("case", "study", "verdict", "fault", "message"))
        writer.writerows(rows)
        try:
            path = self.work / "cases.csv"
            path.touch(mode=0o600)
            path.write_text(text.getvalue(), encoding="utf-8", errors="surrogateescape")
            path.replace(self.path / "cases.csv")
        except OSError as error:
            raise target_error(error) from None

    def keep(self, folder: Path, kind: str, name: str) -> None:
        """Move a folder to ``kind/name``, in place of what is there."""
        target = self.path / kind / name
        target.parent.mkdir(mode=0o700, exist_ok=True)
        shutil.rmtree(target, ignore_errors=True)
        folder.rename(target)

    def free(self, kind: str, name: str) -> Path:
        """Return ``kind/name``, which does not exist any more."""
        target = self.path / kind / name
        target.parent.mkdir(mode=0o700, exist_ok=True)
        shutil.rmtree(target, ignore_errors=True)
        return target


def private_path(out: str) -> Path:
    """Return the private folder of OUT: beside it, or in the current folder if OUT is a URL."""
    if is_url(out):
        parts = urlsplit(out)
        name = parts.path.strip("/").rpartition("/")[2] or parts.netloc
        return Path.cwd() / f"{name}.private"
    path = Path(out)
    return path.with_name(f"{path.name}.private")


@contextmanager
def lock_private_folder(out: str) -> Iterator[PrivateFolder]:
    """Make the private folder of OUT and hold its lock, which ends with the process.

    Raises
    ------
    TargetError
        Another batch writes to the same OUT, or the folder cannot be made.
    """
    path = private_path(out)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        descriptor = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise target_error(error) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise TargetError(
                "another batch is writing to the same OUT",
                advice="Wait for it to end, or name another OUT.",
            ) from None
        _remove_work(path)
        try:
            work = Path(tempfile.mkdtemp(prefix=_WORK, dir=path))
        except OSError as error:
            raise target_error(error) from None
        try:
            yield PrivateFolder(path=path, work=work)
        finally:
            _remove_work(path)
    finally:
        os.close(descriptor)


def _remove_work(path: Path) -> None:
    """Remove what workers left; those of a killed batch may need a moment to end."""
    for _ in range(_TRIES):
        for folder in path.glob(f"{_WORK}*"):
            shutil.rmtree(folder, ignore_errors=True)
        if not any(path.glob(f"{_WORK}*")):
            return
        time.sleep(_PAUSE_SECONDS)
