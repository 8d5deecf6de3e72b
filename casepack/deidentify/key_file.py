"""The key file: the secret from which all pseudonyms of a project are computed."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from casepack.deidentify.pseudonyms import KEY_BYTES, Pseudonyms
from casepack.errors import KeyFileError

_PREFIX: Final = "casepack-key-1:"
_READABLE_BY_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def write_new_key(path: Path) -> None:
    """Write a fresh random key with mode 0600.

    Raises
    ------
    KeyFileError
        The file exists, or cannot be written.
    """
    text = f"{_PREFIX}{secrets.token_hex(KEY_BYTES)}\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
    except FileExistsError:
        raise KeyFileError(
            "the key file exists", advice="Whoever overwrites a key loses its pseudonyms."
        ) from None
    except OSError:
        raise KeyFileError(
            "the key file cannot be written", advice="Check the folder and its permissions."
        ) from None


def read_pseudonyms(path: Path | None) -> Pseudonyms:
    """Return the pseudonyms of the key in a file, or of a fresh random key that is not kept.

    Raises
    ------
    KeyFileError
        The file cannot be read, others may read it, or it holds no key.
    """
    if path is None:
        return Pseudonyms(key=secrets.token_bytes(KEY_BYTES))
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        raise KeyFileError(
            "the key file cannot be read", advice="Make one with: casepack key new FILE"
        ) from None
    if mode & _READABLE_BY_OTHERS:
        raise KeyFileError(
            "the key file can be read by others", advice="Protect it with: chmod 600 FILE"
        )
    try:
        key = bytes.fromhex(text.strip().removeprefix(_PREFIX))
    except ValueError:
        key = b""
    if not text.startswith(_PREFIX) or len(key) != KEY_BYTES:
        raise KeyFileError(
            "the key file holds no casepack key", advice="Make one with: casepack key new FILE"
        )
    return Pseudonyms(key=key)
