"""Code streams decoded in a process of their own, with a limit on time and memory.

The decoders are written in C and C++. Given damaged streams, CharLS was seen to run without end and
GDCM to crash: both would take casepack along, and with it every image after the one at fault. Here
they take a process that is started anew, and the image is held.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import lru_cache
from multiprocessing import get_context
from multiprocessing.util import Finalize
from typing import Any, Final

from numpy.typing import NDArray

from casepack.errors import InstanceHeld
from casepack.model import Reason
from casepack.workers import end_with_parent

_SECONDS: Final = 60
"""For one frame; the largest that are examined take a few."""
_MEMORY: Final = 2 << 30
"""Of addresses, of which libraries take some hundred megabytes before a pixel is decoded."""
_PREFERRED: Final = {
    "1.2.840.10008.1.2.5": ("pydicom",),
    "1.2.840.10008.1.2.4.50": ("pillow",),
    "1.2.840.10008.1.2.4.80": ("pyjpegls",),
    "1.2.840.10008.1.2.4.81": ("pyjpegls",),
    "1.2.840.10008.1.2.4.90": ("pylibjpeg", "pillow"),
    "1.2.840.10008.1.2.4.91": ("pylibjpeg", "pillow"),
}
"""Plugins to ask first; GDCM reads the rest."""


def decode_stream(
    transfer_syntax_uid: str, stream: bytes, *, raw: bool, options: Mapping[str, Any]
) -> NDArray[Any]:
    """Decode one frame in the process for it.

    Parameters
    ----------
    transfer_syntax_uid
        How it is encoded.
    stream
        Its code stream.
    raw
        Without conversion of YBR to RGB.
    options
        The Image Pixel Module, as pydicom's decoders take it.

    Raises
    ------
    InstanceHeld
        It cannot be decoded, or not within the limits.
    """
    # one of its own for each process: what a fork inherits of another's cannot be used
    pool = _process(os.getpid())
    try:
        with _unseen_main():
            future = pool.submit(_attempt, transfer_syntax_uid, stream, raw, dict(options))
        values = future.result(timeout=_SECONDS)
    except (BrokenProcessPool, TimeoutError):
        _end(pool)
        values = None
    if values is None:
        raise InstanceHeld(Reason.PIXELS_NOT_DECODED)
    return values


@lru_cache(maxsize=1)
def _process(parent: int) -> ProcessPoolExecutor:
    context = get_context("spawn")
    pool = ProcessPoolExecutor(1, mp_context=context, initializer=_limit, initargs=(parent,))
    # worker processes end without `atexit`, and would wait for this one for ever
    Finalize(None, _end, args=(pool,), exitpriority=10)
    return pool


@contextmanager
def _unseen_main() -> Iterator[None]:
    """Hide the main module: a process that is spawned would run it again, guarded or not."""
    main = sys.modules["__main__"]
    hidden = {name: main.__dict__.pop(name, None) for name in ("__file__", "__spec__")}
    main.__spec__ = None
    try:
        yield
    finally:
        main.__dict__.update({name: value for name, value in hidden.items() if value is not None})


def _end(pool: ProcessPoolExecutor) -> None:
    """End a process that may be beyond asking."""
    processes = list((pool._processes or {}).values())  # noqa: SLF001  # 3.14 has kill_workers
    for process in processes:
        process.kill()
    pool.shutdown(wait=False, cancel_futures=True)
    _process.cache_clear()


def _limit(parent: int) -> None:
    end_with_parent(parent)
    # what decoders write is not for the terminal
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    try:
        import resource  # noqa: PLC0415  # not on every system
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _attempt(
    transfer_syntax_uid: str, stream: bytes, raw: bool, options: dict[str, Any]
) -> NDArray[Any] | None:
    try:
        return _decode(transfer_syntax_uid, stream, raw, options)
    except Exception:  # noqa: BLE001  # decoders raise all kinds, and quote values: those stay here
        return None


def _decode(
    transfer_syntax_uid: str, stream: bytes, raw: bool, options: dict[str, Any]
) -> NDArray[Any]:
    from pydicom.encaps import encapsulate  # noqa: PLC0415  # only compressed images need it
    from pydicom.pixels.decoders.base import get_decoder  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        decoder = get_decoder(transfer_syntax_uid)
        ready = set(decoder.available_plugins)
        chosen = [name for name in _PREFERRED.get(transfer_syntax_uid, ()) if name in ready]
        values, _ = decoder.as_array(
            encapsulate([stream]), raw=raw, decoding_plugin=chosen[0] if chosen else "", **options
        )
    return values
