"""Workers on a Dask cluster that is there: the same tasks, handed to its scheduler.

The key of the pseudonyms travels with each task, so the connection must be trusted: ``tls://``, or
a network of one's own. Names of tasks hold nothing of the input, and `run_case` never raises, so
there is nothing in Dask's logs and pages to be read about it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from casepack.batch.run import Workers
from casepack.deidentify.instance import SOFTWARE
from casepack.errors import CasepackError, ToolMissingError, UsageError

_CONNECT_SECONDS: Final = "20s"
_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
_RUNNING: Final = ("running", "connecting")


@contextmanager
def dask_workers(address: str) -> Iterator[Workers]:
    """Connect to a scheduler.

    Raises
    ------
    ToolMissingError
        Dask is not installed.
    UsageError
        The scheduler does not answer.
    """
    try:
        from distributed import Client  # noqa: PLC0415  # an extra, and slow
    except ImportError:
        raise ToolMissingError(
            "--scheduler needs Dask, which is not installed", advice="pip install 'casepack[dask]'"
        ) from None
    # its messages name addresses and repeat what a failed call was given
    for name in ("distributed", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except Exception:  # noqa: BLE001  # of many kinds, and names the address
        raise UsageError(
            "the scheduler does not answer",
            advice="Give its address, as tcp://HOST:8786; start one with: dask scheduler",
        ) from None
    try:
        _refuse_other_versions(client)
        yield Workers(
            # not pure: Dask would name a task after its arguments and remember its result
            executor=client.get_executor(pure=False),
            width=lambda: _count_workers(client),
            # what runs on a cluster cannot be ended; its results are thrown away
            kill=lambda: None,
            shares_folders=False,
        )
    finally:
        with suppress(Exception):
            client.close(timeout=_CONNECT_SECONDS)


def _refuse_other_versions(client: Any) -> None:  # noqa: ANN401  # an extra: its types are not ours
    """Refuse workers without casepack, or with another one: their bytes would differ."""
    try:
        found = set(client.run(_software).values())
    except Exception:  # noqa: BLE001  # whatever the import raised there
        raise UsageError(
            "casepack is not installed on the workers",
            advice="Install the same version in the environment that the workers run in.",
        ) from None
    if found - {_software()}:
        raise UsageError(
            "workers run another version of casepack", advice="Install the same version everywhere."
        )


def _software() -> str:
    return SOFTWARE


def _count_workers(client: Any) -> int:  # noqa: ANN401  # an extra: its types are not ours
    """Return how many processes the cluster has now; each runs one case at a time.

    Raises
    ------
    CasepackError
        The connection to the scheduler is lost.
    """
    if client.status not in _RUNNING:
        raise CasepackError(
            "the scheduler does not answer any more",
            advice="Start it again and call again: what is finished is kept.",
        )
    return len(client.scheduler_info(n_workers=-1)["workers"])


def is_exposed(address: str) -> bool:
    """Tell whether the key would travel in the clear over a network."""
    scheme, _, host = address.rpartition("://")
    return scheme != "tls" and not host.startswith(_LOOPBACK)
