"""The forms of identifiers in a case file: ORCID iD, ROR, DOI, ISSN, language, licence.

Each function returns its value, or raises ValueError with a message that does not quote it.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources

_ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]")
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_ISSN = re.compile(r"\d{4}-\d{3}[\dX]")
_ROR = re.compile(r"https://ror\.org/(0[0-9a-hj-km-np-tv-z]{6})(\d{2})")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"
_ISSN_WEIGHTS = range(8, 1, -1)


def check_orcid(value: str) -> str:
    """Check form and last character of an ORCID iD: ISO 7064 mod 11-2 over 15 digits."""
    total = 0
    if _ORCID.fullmatch(value):
        digits = value.replace("-", "")
        for digit in digits[:-1]:
            total = (total + int(digit)) * 2
        if "0123456789X"[(12 - total % 11) % 11] == digits[-1]:
            return value
    msg = "is not an ORCID iD (0000-0000-0000-0000, last character a checksum)"
    raise ValueError(msg)


def check_ror(value: str) -> str:
    """Check form and checksum of a ROR: ISO 7064 mod 97-10 over six base 32 characters."""
    match = _ROR.fullmatch(value)
    if match:
        number = 0
        for character in match[1]:
            number = number * 32 + _BASE32.index(character)
        if 98 - (number * 100) % 97 == int(match[2]):
            return value
    msg = "is not a ROR (https://ror.org/0abcdef12, last two digits a checksum)"
    raise ValueError(msg)


def check_doi(value: str) -> str:
    """Check the form of a DOI."""
    if not _DOI.fullmatch(value):
        msg = "is not a DOI (10.prefix/suffix, without https://doi.org/)"
        raise ValueError(msg)
    return value


def check_issn(value: str) -> str:
    """Check form and last character of an ISSN: weights 8 to 2, modulus 11 (ISO 3297)."""
    if _ISSN.fullmatch(value):
        digits = value.replace("-", "")
        total = sum(w * int(d) for w, d in zip(_ISSN_WEIGHTS, digits[:7], strict=True))
        if "0123456789X"[-total % 11] == digits[-1]:
            return value
    msg = "is not an ISSN (0000-0000, last character a checksum)"
    raise ValueError(msg)


def check_identifier(value: str) -> str:
    """Check that a name may stand in the name of a file."""
    if not _IDENTIFIER.fullmatch(value):
        msg = "may hold lower-case letters, digits and hyphens only, 64 at most"
        raise ValueError(msg)
    return value


def is_language(value: str) -> bool:
    """Return whether this has the form of a BCP 47 tag: ``en``, not ``english``."""
    return _LANGUAGE.fullmatch(value) is not None


def is_spdx(value: str) -> bool:
    """Return whether this is an identifier of the SPDX License List, or a ``LicenseRef-``."""
    return value in _spdx_identifiers() or value.startswith("LicenseRef-")


@cache
def _spdx_identifiers() -> frozenset[str]:
    text = resources.files(__package__).joinpath("spdx.json").read_text("utf-8")
    return frozenset(json.loads(text)["identifiers"])
