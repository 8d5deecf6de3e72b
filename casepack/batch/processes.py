"""Processes that run a case each: one that dies takes its own case with it and no other.

`concurrent.futures.ProcessPoolExecutor` ends all its processes when one dies, and does not say
whose fault it was. Here each thread of a small pool owns a process, and another when that one dies.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any, Final, ParamSpec, TypeVar

from casepack.batch.run import Workers
from casepack.batch.telling import Listener, Step, ignore, listen

P = ParamSpec("P")
T = TypeVar("T")

_PRELOADED: Final = ["casepack.batch.stages"]
"""Loaded once, before the first process is forked."""
_MOST_CALLS: Final = 500
"""Of one process: what libraries remember grows by some 25 kB a case."""


class WorkerDiedError(Exception):
    """The process that ran a call was ended from outside."""


class Processes(Executor):
    """An executor of `count` processes that survives their deaths."""

    def __init__(self, count: int) -> None:
        methods = multiprocessing.get_all_start_methods()
        # a fork of this process, which has threads, may wait for ever for a lock
        self._context = multiprocessing.get_context(
            "forkserver" if "forkserver" in methods else "spawn"
        )
        if "forkserver" in methods:
            self._context.set_forkserver_preload(_PRELOADED)
        self._free: SimpleQueue[_Process | None] = SimpleQueue()
        self._running: dict[_Process, Step | None] = {}
        """With how far its case is."""
        self._lock = threading.Lock()
        self._ended = False
        for _ in range(count):
            self._free.put(None)
        self._threads = ThreadPoolExecutor(max_workers=count)

    def submit(  # noqa: D102  # as in the base class
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        return self._threads.submit(self._call, fn, args, kwargs)

    def shutdown(  # noqa: D102  # as in the base class
        self, wait: bool = True, *, cancel_futures: bool = False
    ) -> None:
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        while not self._free.empty():
            process = self._free.get()
            if process is not None:
                process.end()

    def read_steps(self) -> list[Step]:
        """Return how far the cases are that run now."""
        with self._lock:
            return [step for step in self._running.values() if step is not None]

    def kill(self) -> None:
        """End all processes at once, whatever they do; what they ran fails."""
        with self._lock:
            self._ended = True
            for process in self._running:
                process.kill()
        self.shutdown(cancel_futures=True)

    def _begin(self, process: _Process | None) -> _Process:
        with self._lock:
            if self._ended:
                raise WorkerDiedError
            if process is None or not process.is_alive():
                process = _Process(self._context)
            self._running[process] = None
        return process

    def _call(self, fn: Callable[P, T], args: Any, kwargs: Any) -> T:  # noqa: ANN401  # as they come
        process = self._free.get()
        try:
            process = self._begin(process)
            try:
                result: T = process.call(fn, args, kwargs, partial(self._note, process))
            finally:
                with self._lock:
                    del self._running[process]
            if process.calls >= _MOST_CALLS:
                process.end()
                process = None
        except WorkerDiedError:
            if process is not None:
                process.kill()
                process = None
            raise
        finally:
            self._free.put(process)
        return result

    def _note(self, process: _Process, step: Step) -> None:
        with self._lock:
            self._running[process] = step


@contextmanager
def local_workers(count: int) -> Iterator[Workers]:
    """Yield `count` processes of this machine."""
    processes = Processes(count)
    try:
        yield Workers(
            executor=processes,
            width=lambda: count,
            kill=processes.kill,
            read_steps=processes.read_steps,
        )
    finally:
        processes.shutdown(cancel_futures=True)


class _Process:
    """One process and the pipe to it."""

    def __init__(self, context: Any) -> None:  # noqa: ANN401  # kinds of context share no base
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=False)
        self._process.start()
        self.calls = 0
        theirs.close()

    def is_alive(self) -> bool:
        return bool(self._process.is_alive())

    def call(
        self,
        fn: Callable[..., T],
        args: Any,  # noqa: ANN401  # as they come
        kwargs: Any,  # noqa: ANN401  # as they come
        listener: Listener = ignore,
    ) -> T:
        self.calls += 1
        try:
            self._connection.send((fn, args, kwargs))
            while isinstance(said := self._connection.recv(), Step):
                listener(said)
            done, result = said
        except (EOFError, OSError):
            raise WorkerDiedError from None
        if not done:
            raise WorkerDiedError
        returned: T = result
        return returned

    def end(self) -> None:
        self._connection.close()
        self._process.join()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()


def _serve(connection: Connection) -> None:
    """Run what comes through the pipe until it is closed."""
    # the coordinator alone answers Ctrl-C; a worker whose coordinator was killed must not write on
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    lock = threading.Lock()

    def send(said: object) -> None:
        # a stage may tell of itself from a thread of its own
        with lock:
            connection.send(said)

    listen(send)
    while True:
        try:
            fn, args, kwargs = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer = (True, fn(*args, **kwargs))
        except Exception:  # noqa: BLE001  # its text may quote a value of the input
            answer = (False, None)
        send(answer)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
