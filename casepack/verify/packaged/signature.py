"""The minisign signature over the payload manifest, https://jedisct1.github.io/minisign/."""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from casepack.errors import KeyFileError
from casepack.model import Finding
from casepack.verify.findings.findings import make_finding

MANIFEST: Final = "manifest-sha512.txt"
SIGNATURE: Final = f"{MANIFEST}.minisig"
_LINES: Final = 4
_SIGNATURE_BYTES: Final = 2 + 8 + 64
"""Algorithm, key number, Ed25519 signature."""
_GLOBAL_BYTES: Final = 64
_ALGORITHMS: Final = (b"Ed", b"ED")
_COMMENTS: Final = ("untrusted comment: ", "trusted comment: ")


def has_signature(root: Path) -> bool:
    """Tell whether the package is signed."""
    return (root / SIGNATURE).is_file()


def can_verify() -> bool:
    """Tell whether py-minisign, an extra, is installed."""
    return find_spec("minisign") is not None


def check_signature(root: Path, public_key: Path | None) -> Iterator[Finding]:
    """Check the form of the signature and, with a public key, that it is by the key's holder.

    The manifest holds the digest of every payload file, which the check of the bag compares.

    Raises
    ------
    KeyFileError
        The public key cannot be read.
    """
    if not has_signature(root):
        yield make_finding("signature-missing", file=SIGNATURE)
    elif not _is_well_formed(root / SIGNATURE):
        yield make_finding("signature-invalid", file=SIGNATURE, place="its form")
    elif public_key is not None and can_verify() and not _holds(root, public_key):
        yield make_finding("signature-invalid", file=SIGNATURE)


def _is_well_formed(path: Path) -> bool:
    try:
        lines = path.read_text("utf-8").splitlines()
        if len(lines) != _LINES or not all(map(str.startswith, lines[::2], _COMMENTS)):
            return False
        first, second = (binascii.a2b_base64(line, strict_mode=True) for line in lines[1::2])
    except (OSError, ValueError):
        return False
    right_size = len(first) == _SIGNATURE_BYTES and len(second) == _GLOBAL_BYTES
    return right_size and first.startswith(_ALGORITHMS)


def _holds(root: Path, public_key: Path) -> bool:
    from minisign import Error, PublicKey, Signature  # noqa: PLC0415  # an extra

    try:
        key = PublicKey.from_file(public_key)
    except (OSError, ValueError, Error):
        raise KeyFileError(
            "the public key cannot be read", advice="Give a .pub file of minisign."
        ) from None
    try:
        signature = Signature.from_bytes((root / SIGNATURE).read_bytes())
        key.verify((root / MANIFEST).read_bytes(), signature)
    except (OSError, ValueError, Error):
        return False
    return True
