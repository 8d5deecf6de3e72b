"""Unique Identifiers: those derived from a UUID (PS3.5 B.2), and those that are no one's."""

from __future__ import annotations

import hashlib

_VERSION_8_BITS = 0x8
_VARIANT_BITS = 0b10


def uid_from_digest(digest: bytes) -> str:
    """Return a ``2.25.`` UID whose UUID holds the first 16 bytes of `digest`.

    The version (8: free form, RFC 9562 5.8) and variant bits are set, so that the decimal number
    is a valid UUID (PS3.5 B.2).
    """
    number = int.from_bytes(digest[:16], "big")
    number &= ~(0xF << 76) & ~(0b11 << 62)
    number |= (_VERSION_8_BITS << 76) | (_VARIANT_BITS << 62)
    return f"2.25.{number}"


def derived_uid(*parts: str) -> str:
    """Return the UID of an object that is derived from other, already public, identifiers.

    The same parts give the same UID: annotations and file-sets are repeatable byte for byte.
    No secret is involved, so original identifiers must never be among the parts.
    """
    text = "\x00".join(parts)
    return uid_from_digest(hashlib.sha256(b"casepack\x00" + text.encode()).digest())
