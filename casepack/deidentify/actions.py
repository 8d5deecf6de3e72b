"""The Actions of PS3.15 Table E.1-1a on the value of one element: pure functions of bytes.

None looks at the rest of the Data Set, so equal elements give equal results and may be remembered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from casepack.deidentify.dates import cap_age, shift_value
from casepack.deidentify.plan import CODE_MEANING
from casepack.deidentify.pseudonyms import Pseudonyms
from casepack.encoding import unpad
from casepack.standard.codes import known_meanings

_TEXT: Final = b"REMOVED"
_DUMMIES: Final[Mapping[str, bytes]] = {
    # a value that is valid for the VR and plainly nobody's (PS3.15 E.1.1)
    "AE": _TEXT,
    "AS": b"000Y",
    "AT": b"\x00" * 4,
    "CS": _TEXT,
    "DA": b"19000101",
    "DS": b"0",
    "DT": b"19000101000000",
    "FD": b"\x00" * 8,
    "FL": b"\x00" * 4,
    "IS": b"0",
    "LO": _TEXT,
    "LT": _TEXT,
    "OB": b"\x00" * 2,
    "OD": b"\x00" * 8,
    "OF": b"\x00" * 4,
    "OL": b"\x00" * 4,
    "OV": b"\x00" * 8,
    "OW": b"\x00" * 2,
    "PN": b"Removed^",
    "SH": _TEXT,
    "SL": b"\x00" * 4,
    "SS": b"\x00" * 2,
    "ST": _TEXT,
    "SV": b"\x00" * 8,
    "TM": b"000000",
    "UC": _TEXT,
    "UL": b"\x00" * 4,
    "UN": b"\x00" * 2,
    "UR": b"about:blank",
    "US": b"\x00" * 2,
    "UT": _TEXT,
    "UV": b"\x00" * 8,
}

STUDY_DATE: Final = 0x00080020
STUDY_TIME: Final = 0x00080030
PATIENT_NAME: Final = 0x00100010
PATIENT_ID: Final = 0x00100020
STUDY_ID: Final = 0x00200010


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the Actions need to know of the patient and the run."""

    pseudonyms: Pseudonyms
    patient_id: str = field(repr=False)
    days_into_the_past: int = field(repr=False)
    echo: re.Pattern[bytes] | None = field(repr=False, default=None)
    """Matches the patient's names and IDs in kept text."""

    @property
    def patient_code(self) -> str:
        """The new Patient ID."""
        return self.pseudonyms.code("patient", self.patient_id)


def compile_echo(identifiers: Sequence[bytes]) -> re.Pattern[bytes] | None:
    """Return a pattern of the patient's own identifiers, as whole words in any case."""
    if not identifiers:
        return None
    words = b"|".join(re.escape(word) for word in sorted(identifiers, key=len, reverse=True))
    return re.compile(rb"(?<![0-9A-Za-z])(?:" + words + rb")(?![0-9A-Za-z])", re.IGNORECASE)


ECHOING_VRS: Final = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UN", "UR", "UT"})
"""Value Representations that people or configured devices fill with words."""


def replace_uids(value: bytes, context: Context, uids: dict[str, str]) -> bytes:
    """U: replace each UID by its pseudonym; `uids` collects original and new."""
    parts = []
    for part in value.split(b"\\"):
        original = unpad(part).decode("latin-1").strip()
        if not original:
            parts.append("")
            continue
        new = uids.get(original)
        if new is None:
            new = uids[original] = context.pseudonyms.uid(original)
        parts.append(new)
    return "\\".join(parts).encode("ascii")


def shift_date(vr: str, value: bytes, context: Context) -> bytes | None:
    """C with 113107: move a DA or DT into the past; None if a value is not valid."""
    shifted = shift_value(vr, unpad(value).decode("latin-1"), context.days_into_the_past)
    return None if shifted is None else shifted.encode("latin-1")


CHECKED: Final = frozenset({0x00100040, 0x00102203, 0x001021A0, 0x00101010, 0x00101020, 0x00101030})
"""Patient characteristics that are kept only with a value of their kind: people type anything."""

_ENUMERATED: Final[Mapping[int, frozenset[bytes]]] = {
    0x00100040: frozenset({b"M", b"F", b"O"}),
    0x00102203: frozenset({b"ALTERED", b"UNALTERED"}),
    0x001021A0: frozenset({b"YES", b"NO", b"UNKNOWN"}),
}
_DECIMAL: Final = re.compile(rb"[-+0-9.eE ]*")


def keep_value(tag: int, vr: str, value: bytes, context: Context) -> bytes | None:
    """K: return the value; None if it is not of its kind, or echoes the patient's identifiers.

    Ages over 89 years become 090Y.
    """
    if context.echo is not None and vr in ECHOING_VRS and context.echo.search(value):
        return None
    if tag not in CHECKED and vr != "AS":
        return value
    text = unpad(value).strip()
    if vr == "AS":
        capped = cap_age(text.decode("latin-1"))
        return None if capped is None else capped.encode("ascii")
    if vr == "DS":
        return value if _DECIMAL.fullmatch(text) else None
    return value if not text or text in _ENUMERATED.get(tag, frozenset()) else None


def keep_known_meaning(value: bytes) -> bytes | None:
    """Keep a Code Meaning that PS3.16 or SNOMED CT knows; None for any other."""
    try:
        meaning = unpad(value).decode("ascii").strip()
    except UnicodeDecodeError:
        return None
    return value if not meaning or meaning.casefold() in known_meanings() else None


def clean_value(tag: int, vr: str, value: bytes, context: Context) -> bytes | None:
    """C: return a value of similar meaning that identifies nobody; None if there is none."""
    if tag == CODE_MEANING:
        return keep_known_meaning(value)
    if vr in {"DA", "DT"}:
        return shift_date(vr, value, context)
    return None


def dummy_value(tag: int, vr: str, value: bytes, context: Context, uids: dict[str, str]) -> bytes:
    """D: return a value that is valid for the VR and identifies nobody."""
    if vr == "UI":
        return replace_uids(value, context, uids)
    if tag in {PATIENT_ID, PATIENT_NAME, STUDY_ID}:
        return required_value(tag, value, context)
    return _DUMMIES[vr]


REQUIRED_VALUES: Final = (STUDY_DATE, STUDY_TIME, PATIENT_NAME, PATIENT_ID, STUDY_ID)
"""Attributes of Patient and Study that stay with a dummy where the Profile would let them be
empty: a DICOMDIR record needs a value (PS3.3 F.5), and objects derived later copy them."""

REQUIRED_EMPTY: Final[Mapping[int, str]] = {
    # Type 2 of Patient and General Study, which derived objects copy
    0x00080050: "SH",
    0x00080090: "PN",
    0x00100030: "DA",
    0x00100040: "CS",
}


def required_value(tag: int, value: bytes, context: Context) -> bytes:
    """Return the dummy of one of `REQUIRED_VALUES`; equal originals give equal dummies."""
    if tag == STUDY_DATE:
        return _DUMMIES["DA"]
    if tag == STUDY_TIME:
        return _DUMMIES["TM"]
    if tag == PATIENT_NAME:
        return f"Case^{context.patient_code}".encode("ascii")
    if tag == PATIENT_ID:
        return context.patient_code.encode("ascii")
    return context.pseudonyms.code("study", unpad(value).decode("latin-1")).encode("ascii")
