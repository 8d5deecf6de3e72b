"""Whole processes, timed from outside: wall time, processor time, peak memory.

Results go to memory (tmpfs) where there is room: the disk's write-back would fall on whoever runs
next. They go to a new folder each time and, on a disk, stay until all is done: ext4 walks past
inodes that were freed in the last seconds, which makes each new file ten times as dear.
"""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")
_ROOM_BYTES: Final = 4 << 30
_LIMIT_SECONDS: Final = 1800.0
_MEASURED_ONCE_ABOVE_SECONDS: Final = 45.0


class MeasuringFailedError(Exception):
    """A command could not be measured; the message names no path of the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program in its usual form for a whole folder."""

    name: str
    arguments: Callable[[str, str], Sequence[str]]
    """From source and target folder to the command line."""
    makes_target: bool = True
    """The program makes its target folder itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run: `cpu` is that of the process and of all its workers, user and system together."""

    seconds: float
    cpu: float
    peak_bytes: int
    """Resident set of the largest process of the tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A command on a corpus."""

    command: Command
    source: str = ""
    files: int = 0
    """How many files the command must write at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Where the programs write."""

    folder: Path
    in_memory: bool


@contextmanager
def open_results(work: Path) -> Iterator[Results]:
    """Yield a folder for results, and remove it afterwards."""
    in_memory = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES
    parent = _MEMORY if in_memory else work
    folder = Path(tempfile.mkdtemp(prefix="casepack-bench-", dir=parent))
    try:
        yield Results(folder=folder, in_memory=in_memory)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(jobs: Sequence[Job], work: Path, runs: int) -> list[list[Run]]:
    """Run the jobs in turn, `runs` times; return the runs by job.

    Each round starts with another job, so that a drift of the machine hits all alike. A job that
    takes longer than 45 s is run once.

    Raises
    ------
    MeasuringFailedError
        A command failed, was too slow, or wrote fewer files than it should.
    """
    done: list[list[Run]] = [[] for _ in jobs]
    with open_results(work) as results:
        for number in range(runs):
            for step in range(len(jobs)):
                place = (number + step) % len(jobs)
                before = done[place]
                if before and before[0].seconds > _MEASURED_ONCE_ABOVE_SECONDS:
                    continue
                target = results.folder / f"{number}-{place}" / "result"
                before.append(_run_job(jobs[place], work, target))
                if results.in_memory:
                    shutil.rmtree(target.parent)
    return done


def median_seconds(runs: Sequence[Run]) -> float:
    """Return the median wall time."""
    return statistics.median(run.seconds for run in runs)


def least_cpu(runs: Sequence[Run]) -> float:
    """Return the processor time of the cheapest run; waiting for other jobs is no part of it."""
    return min(run.cpu for run in runs)


def least_seconds(runs: Sequence[Run]) -> float:
    """Return the wall time of the fastest run: what other jobs disturb least."""
    return min(run.seconds for run in runs)


def _run_job(job: Job, work: Path, target: Path) -> Run:
    (target.parent if job.command.makes_target else target).mkdir(parents=True)
    arguments = job.command.arguments(job.source, str(target))
    log = work / "logs" / f"{job.command.name.split()[0]}.txt"
    log.parent.mkdir(exist_ok=True)
    run, code = _run_process(arguments, work, log)
    if code != 0:
        raise MeasuringFailedError(_failure(job, f"ended with code {code}", log))
    written = sum(1 for path in target.rglob("*") if path.is_file())
    if written < job.files:
        raise MeasuringFailedError(_failure(job, f"wrote {written} of {job.files} files", log))
    return run


def _failure(job: Job, what: str, log: Path) -> str:
    return f"{job.command.name} {what}; with --keep its output is in bench-out/logs/{log.name}"


def _run_process(arguments: Sequence[str], work: Path, log: Path) -> tuple[Run, int]:
    with log.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            arguments,
            cwd=work,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        watchdog = threading.Timer(_LIMIT_SECONDS, _end_group, args=(process.pid,))
        watchdog.start()
        try:
            # wait4, since its usage holds that of the workers which the process has waited for
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            _end_group(process.pid)
            process.wait()
            raise
        finally:
            watchdog.cancel()
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    run = Run(
        seconds=seconds,
        cpu=usage.ru_utime + usage.ru_stime,
        peak_bytes=usage.ru_maxrss * 1024,
    )
    return run, process.returncode


def _end_group(process: int) -> None:
    try:
        os.killpg(process, signal.SIGKILL)
    except ProcessLookupError:
        return
