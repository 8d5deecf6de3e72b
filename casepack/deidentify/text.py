"""Text of a Data Set as characters, by its Specific Character Set (PS3.3 C.12.1.1.2).

Plain ASCII, which most values are in every character set, is decoded here; for all else pydicom's
decoders are asked, which is slow to begin with, so they are imported when first needed.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Final

_ESCAPE: Final = b"\x1b"
_REPLACEMENT: Final = "\ufffd"
_DELIMITERS: Final = {0x09, 0x0A, 0x0C, 0x0D, ord("\\"), ord("^"), ord("=")}
"""Where code extensions are reset (PS3.5 6.1.2.5.3)."""
_MULTI_VALUED: Final = frozenset({"AE", "LO", "PN", "SH", "UC"})
"""Value Representations of text in which a backslash parts values (PS3.5 6.2)."""


@cache
def _codecs(character_set: bytes) -> tuple[str, ...]:
    from pydicom.charset import convert_encodings  # noqa: PLC0415  # see the module's docstring

    terms = character_set.decode("ascii", "replace").split("\\")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the warning quotes the value
        return tuple(convert_encodings([term.strip() for term in terms]))


def decode_text(value: bytes, character_set: bytes) -> str | None:
    """Return the characters of a value; None if they do not fit the character set."""
    if value.isascii() and _ESCAPE not in value:
        return value.decode("ascii")
    from pydicom.charset import decode_bytes  # noqa: PLC0415  # see the module's docstring

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            text = str(decode_bytes(value, list(_codecs(character_set)), _DELIMITERS))
    except (LookupError, UserWarning, ValueError):
        return None
    return None if _REPLACEMENT in text else text


def encode_text(text: str, character_set: bytes) -> bytes | None:
    """Return the bytes of a text; None if the character set lacks one of its characters."""
    if text.isascii():
        return text.encode("ascii")
    from pydicom.charset import encode_string  # noqa: PLC0415  # see the module's docstring

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return encode_string(text, list(_codecs(character_set)))
    except (LookupError, UserWarning, ValueError):
        return None


def split_values(vr: str, text: str) -> list[str]:
    """Return the values of a text element; one, for the Value Representations without several."""
    return text.split("\\") if vr in _MULTI_VALUED else [text]
