"""Pseudonyms from a secret key: UIDs, codes and the date shift, by role.

HMAC-SHA256 with the key and the role, so that nobody without the key can compute a pseudonym from
a guessed original, and pseudonyms of different roles do not match. The same key gives the same
pseudonyms, whatever the process or the order. Patients who lose the key lose the link: wanted.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final

from casepack.standard.uids import standard_uids, uid_from_digest

KEY_BYTES: Final = 32
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
_CODE_LENGTH: Final = 8
_MIN_WEEKS, _MAX_WEEKS = 52, 520


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonyms:
    """All pseudonyms of one key."""

    key: bytes = field(repr=False)

    def _digest(self, role: str, original: str) -> bytes:
        message = f"{role}\x00{original}".encode("utf-8", "surrogatepass")
        return hmac.digest(self.key, message, hashlib.sha256)

    def uid(self, original: str) -> str:
        """Return the new UID of an instance-level UID; the standard's own UIDs stay (PS3.6 A)."""
        if original in standard_uids():
            return original
        return uid_from_digest(self._digest("uid", original))

    def code(self, role: str, original: str) -> str:
        """Return a short code, eight characters without look-alikes, for an identifier."""
        number = int.from_bytes(self._digest(role, original), "big")
        return "".join(_ALPHABET[number >> 5 * place & 31] for place in range(_CODE_LENGTH))

    def days_into_the_past(self, patient_id: str) -> int:
        """Return the patient's date shift: 52 to 520 whole weeks, so that weekdays stay."""
        digest = self._digest("date shift", patient_id)
        weeks = _MIN_WEEKS + int.from_bytes(digest[:8], "big") % (_MAX_WEEKS - _MIN_WEEKS + 1)
        return weeks * 7
