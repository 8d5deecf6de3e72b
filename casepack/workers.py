"""Chunks of files over processes: started once, given their task once, ended with their parent."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from casepack.errors import CasepackError

_GARBAGE_THRESHOLD: Final = 100_000
_PARENT_POLL_SECONDS: Final = 1.0

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")
Task = TypeVar("Task")


def over_processes(
    function: Callable[[Task, Chunk], Result], task: Task, chunks: Sequence[Chunk], workers: int
) -> Iterator[Result]:
    """Yield ``function(task, chunk)`` for each chunk, in their order.

    Parameters and errors are those of `begin_over_processes`.
    """
    with begin_over_processes(function, task, chunks, workers) as results:
        yield from results


@contextmanager
def begin_over_processes(
    function: Callable[[Task, Chunk], Result], task: Task, chunks: Sequence[Chunk], workers: int
) -> Iterator[Iterator[Result]]:
    """Begin ``function(task, chunk)`` for each chunk; the results come in the order of the chunks.

    Processes work on while the caller does something else. Leaving ends what was not asked for.

    Parameters
    ----------
    function
        Importable by name.
    task
        What all chunks have in common; each process keeps its own from chunk to chunk.
    workers
        Processes; with one, or with one chunk, all is done here, when it is asked for.

    Raises
    ------
    CasepackError
        A process was ended from outside.
    """
    if workers < 2 or len(chunks) < 2:  # noqa: PLR2004  # one process, one chunk
        yield (function(task, chunk) for chunk in chunks)
        return
    pool = ProcessPoolExecutor(
        max_workers=min(workers, len(chunks)),
        initializer=_start_worker,
        initargs=(function, task, os.getpid()),
    )
    try:
        with _own_error():
            results = pool.map(_run_in_worker, chunks)
        yield _take(results)
    finally:
        pool.shutdown(cancel_futures=True)


def _take(results: Iterator[Result]) -> Iterator[Result]:
    with _own_error():
        yield from results


@contextmanager
def _own_error() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool:
        raise CasepackError(
            "a worker process was ended from outside",
            advice="Perhaps memory ran out: try again with fewer workers.",
        ) from None


def in_chunks(entries: Iterable[Chunk], size: int) -> list[list[Chunk]]:
    """Return entries in chunks of a size, the last one shorter."""
    listed = list(entries)
    return [listed[start : start + size] for start in range(0, len(listed), size)]


_worker: dict[str, Any] = {}
"""Function and task of a worker process, which may remember from chunk to chunk."""


def _start_worker(function: Callable[..., object], task: object, parent: int) -> None:
    # the parent alone answers Ctrl-C; a worker whose parent was killed must not write on
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent(parent)
    # what was there before the fork is never garbage, and little of what comes after is cyclic
    gc.freeze()
    gc.set_threshold(_GARBAGE_THRESHOLD)
    _worker["function"], _worker["task"] = function, task


def end_with_parent(parent: int) -> None:
    """Make this process end soon after the one that started it."""
    threading.Thread(target=_wait_for_end, args=(parent,), daemon=True).start()


def _wait_for_end(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_POLL_SECONDS)
    os._exit(1)


def _run_in_worker(chunk: Any) -> Any:  # noqa: ANN401  # as the function of `over_processes` has it
    return _worker["function"](_worker["task"], chunk)
