"""A folder to work in beside the target, which becomes the target by rename.

Whatever stops a run, the target is there whole or not at all. The work folder holds de-identified
data only; what a killed run left behind is removed by the next run for the same target, or taken
over where it can be used.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from casepack.errors import TargetError

Usable = Callable[[Path], bool]
"""Tells whether the result in a folder, finished or not, can be built upon."""


def never(_folder: Path) -> bool:
    """Build upon nothing."""
    return False


@contextmanager
def work_folder(out: Path, *, usable: Usable = never) -> Iterator[Path]:
    """Yield the path of the result-to-be, on the file system of `out`; remove it afterwards.

    The path does not exist, unless `usable` says so of the result at `out` or of what a killed run
    left: then it holds that result, as hard links where possible.

    Raises
    ------
    TargetError
        `out` exists and cannot be built upon, or its folder cannot be written.
    """
    out = out.absolute()
    try:
        finished = out.exists() and not (out.is_dir() and not any(out.iterdir()))
    except OSError as error:
        raise target_error(error) from None
    if finished and not (out.is_dir() and usable(out)):
        raise TargetError(
            "the target exists", advice="Name a folder that does not exist yet, or an empty one."
        )
    work = out.parent / f".{out.name}.casepack-{os.getpid()}"
    result = work / "result"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        left = _take_leftover(out, result.name, never if finished else usable)
        work.mkdir(mode=0o700)
        if left is not None:
            left.rename(result)
            shutil.rmtree(left.parent, ignore_errors=True)
        if finished:
            shutil.copytree(out, result, copy_function=_link)
    except OSError as error:
        shutil.rmtree(work, ignore_errors=True)
        raise target_error(error) from None
    try:
        yield result
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _take_leftover(out: Path, name: str, usable: Usable) -> Path | None:
    """Return the result of a killed run for the same target if it is usable; remove the others."""
    taken = None
    for folder in sorted(out.parent.glob(f".{out.name}.casepack-*")):
        process = folder.name.rpartition("-")[2]
        if not process.isdigit() or _is_running(int(process)):
            continue
        if taken is None and usable(folder / name):
            taken = folder / name
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return taken


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def publish(result: Path, out: Path) -> None:
    """Let the result appear under its name: whole, or not at all.

    Raises
    ------
    TargetError
        The result cannot be moved there.
    """
    out = out.absolute()
    former = result.parent / "former"
    try:
        result.chmod(0o755)
        if out.exists() and any(out.iterdir()):
            out.rename(former)
        result.rename(out)
    except OSError as error:
        if former.exists() and not out.exists():
            former.rename(out)
        raise target_error(error) from None


def target_error(error: OSError) -> TargetError:
    """Return what to tell the user about a result that cannot be written."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return TargetError("the disk is full", advice="Free some room; nothing was left behind.")
    if error.errno == errno.ENAMETOOLONG:
        return TargetError("the path of the target is too long", advice="Name a shorter one.")
    return TargetError(
        "the result cannot be written",
        advice="Check that the folder above the target exists and is writable.",
    )


_PRIVATE: Final = "casepack-originals-"


@contextmanager
def private_folder() -> Iterator[Path]:
    """Yield a folder for originals that only its owner can read; remove it afterwards.

    It lies where TMPDIR says. Those that killed runs left are removed as well.

    Raises
    ------
    TargetError
        It cannot be made.
    """
    root = Path(tempfile.gettempdir())
    for left in sorted(root.glob(f"{_PRIVATE}*")):
        process = left.name.removeprefix(_PRIVATE).partition("-")[0]
        if process.isdigit() and not _is_running(int(process)):
            shutil.rmtree(left, ignore_errors=True)
    try:
        folder = Path(tempfile.mkdtemp(prefix=f"{_PRIVATE}{os.getpid()}-", dir=root))
    except OSError as error:
        raise target_error(error) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
