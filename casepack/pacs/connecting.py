"""Connecting to a PACS, by the protocol of its address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from casepack.credentials import read_credentials
from casepack.errors import ToolMissingError
from casepack.pacs.address import KEYRING, Pacs
from casepack.pacs.peer import Peer
from casepack.pacs.silence import silence_libraries, without_warnings


@contextmanager
def connect(pacs: Pacs) -> Iterator[Peer]:
    """Yield a connection to a PACS.

    Raises
    ------
    ToolMissingError
        The libraries are not installed.
    UsageError
        Certificates or credentials cannot be used.
    """
    peer = _open(pacs)
    silence_libraries()
    try:
        with without_warnings():
            yield peer
    finally:
        peer.close()


def _open(pacs: Pacs) -> Peer:
    try:
        if pacs.is_web:
            from casepack.pacs.web import WebPeer  # noqa: PLC0415  # an extra

            return WebPeer(pacs, _credentials(pacs))
        from casepack.pacs.dimse import DimsePeer  # noqa: PLC0415  # an extra

        return DimsePeer(pacs)
    except ImportError:
        raise ToolMissingError(
            "speaking with a PACS needs an extra", advice="Install it: pip install 'casepack[pacs]'"
        ) from None


def _credentials(pacs: Pacs) -> str:
    if pacs.credentials is None:
        return ""
    path = None if pacs.credentials == KEYRING else pacs.credentials
    form = "Write USER:PASSWORD, or a bearer token."
    return read_credentials(path, pacs.host, form=form)
