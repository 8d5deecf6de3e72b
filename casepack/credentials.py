"""Credentials of services: one line of a file that only its owner may read, or the keyring."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from casepack.errors import KeyFileError, ToolMissingError

KEYRING_SERVICE: Final = "casepack"
_READABLE_BY_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def read_credentials(path: Path | None, host: str, *, form: str) -> str:
    """Return the credentials for a host.

    Parameters
    ----------
    path
        File of one line. Without: the keyring, service ``casepack``, user the host.
    form
        What the line holds, for the user: ``an access token``.

    Raises
    ------
    KeyFileError
        They cannot be read, others may read them, or there are none.
    ToolMissingError
        The keyring is not installed.
    """
    if path is None:
        return _read_keyring(host)
    try:
        mode = path.stat().st_mode
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise KeyFileError("the credentials cannot be read", advice="Check the path.") from None
    if mode & _READABLE_BY_OTHERS:
        raise KeyFileError("others can read the credentials", advice="Change it: chmod 600 FILE")
    if not text or "\n" in text:
        raise KeyFileError("the file of the credentials does not hold one line", advice=form)
    return text


def _read_keyring(host: str) -> str:
    try:
        import keyring  # noqa: PLC0415  # an extra
        from keyring.errors import KeyringError  # noqa: PLC0415  # an extra
    except ImportError:
        raise ToolMissingError(
            "the keyring needs an extra",
            advice="Install it: pip install 'casepack[keyring]'; or name a file of credentials.",
        ) from None
    try:
        secret = keyring.get_password(KEYRING_SERVICE, host)
    except KeyringError:
        secret = None
    if not secret:
        raise KeyFileError(
            "the keyring holds no credentials for this service",
            advice=f"Put them in: keyring set {KEYRING_SERVICE} {host}; or name a file of them.",
        )
    return secret
