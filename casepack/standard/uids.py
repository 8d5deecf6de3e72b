"""Unique Identifiers: those derived from a UUID (PS3.5 B.2), and those that are no one's."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Final

from casepack.standard.tables import read_table

_VERSION_8 = 0x8
_VARIANT = 0b10

STANDARD_ROOT: Final = "1.2.840.10008."
"""Root of the UIDs that the standard itself defines; they name no instance (PS3.6 Annex A)."""


@cache
def standard_uids() -> frozenset[str]:
    """Return the UIDs that PS3.6 Annex A registers, as far as pydicom knows them.

    Anything else below `STANDARD_ROOT` is somebody's invention, and may hold anything.
    """
    return frozenset(read_table("UID_dictionary"))


_NOT_FOR_FILES: Final = (
    # MIME and XML are encodings of other media, SMPTE ST 2110 is a stream (PS3.5 A.5, A.8)
    "1.2.840.10008.1.2.6.",
    "1.2.840.10008.1.2.7.",
)


@cache
def transfer_syntaxes() -> frozenset[str]:
    """Return the UIDs of the Transfer Syntaxes that a DICOM file can have (PS3.5 Annex A)."""
    return frozenset(
        uid
        for uid, row in read_table("UID_dictionary").items()
        if row[1] == "Transfer Syntax"
        and uid.startswith("1.2.840.10008.1.2")
        and not uid.startswith(("1.2.840.10008.1.20", *_NOT_FOR_FILES))
    )


def uid_from_digest(digest: bytes) -> str:
    """Return a ``2.25.`` UID whose UUID holds the first 16 bytes of `digest`.

    The version (8: free form, RFC 9562 5.8) and variant bits are set, so that the decimal number
    is a valid UUID (PS3.5 B.2).
    """
    number = int.from_bytes(digest[:16], "big")
    number &= ~(0xF << 76) & ~(0b11 << 62)
    number |= (_VERSION_8 << 76) | (_VARIANT << 62)
    return f"2.25.{number}"


def derived_uid(*parts: str) -> str:
    """Return the UID of an object that is derived from other, already public, identifiers.

    The same parts give the same UID: annotations and file-sets are repeatable byte for byte.
    No secret is involved, so original identifiers must never be among the parts.
    """
    text = "\x00".join(parts)
    return uid_from_digest(hashlib.sha256(b"casepack\x00" + text.encode()).digest())


IMPLEMENTATION_CLASS_UID: Final = derived_uid("Implementation Class UID")
"""(0002,0012) of every file that casepack writes (PS3.10 7.1)."""
