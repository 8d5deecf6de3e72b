"""The Actions of PS3.15 Table E.1-1a on the value of one element: pure functions of bytes.

None looks at the rest of the Data Set, so equal elements give equal results and may be remembered.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from casepack.deidentify.dates import cap_age, shift_value
from casepack.deidentify.plan import CODE_MEANING
from casepack.deidentify.pseudonyms import Pseudonyms
from casepack.deidentify.text import decode_text, encode_text, split_values
from casepack.encoding import unpad
from casepack.standard.codes import is_known_meaning
from casepack.standard.dictionary import dictionary_vr, value_multiplicity

if TYPE_CHECKING:
    from casepack.deidentify.cleaner import CleanedText, TextCleaner

_TEXT: Final = b"REMOVED"
DUMMIES: Final[Mapping[str, bytes]] = {
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
"""D by Value Representation."""

STUDY_DATE: Final = 0x00080020
STUDY_TIME: Final = 0x00080030
TIMEZONE: Final = 0x00080201
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
    words: TextCleaner | None = field(repr=False, default=None)
    """Cleans texts of the study's identifiers; None without Clean Descriptors."""
    covered: Mapping[str, str] = field(repr=False, default_factory=dict)
    """Original SOP Instance UIDs of images whose pixels change, with what tells them apart."""

    def new_uid(self, original: str) -> str:
        """Return the pseudonym of a UID; an image with other pixels is another instance."""
        digest = self.covered.get(original)
        return self.pseudonyms.uid(f"{original} {digest}" if digest else original)

    @property
    def patient_code(self) -> str:
        """The new Patient ID."""
        return self.pseudonyms.code("patient", self.patient_id)

    def take_texts(self) -> tuple[CleanedText, ...]:
        """Return the texts that were cleaned since the last call."""
        return self.words.take() if self.words is not None else ()


def compile_echo(identifiers: Sequence[bytes]) -> re.Pattern[bytes] | None:
    """Return a pattern of the patient's own identifiers, as whole words in any case.

    Case is folded beyond ASCII too: an identifier is taken for UTF-8 if it can be, else for a
    single-byte character set.
    """
    if not identifiers:
        return None
    longest_first = sorted(identifiers, key=lambda word: (-len(word), word))
    words = b"|".join(_in_any_case(word) for word in longest_first)
    return re.compile(rb"(?<![0-9A-Za-z])(?:" + words + rb")(?![0-9A-Za-z])", re.IGNORECASE)


def _in_any_case(word: bytes) -> bytes:
    """Return a pattern of a word in any case, and in UTF-8 and Latin-1 alike."""
    if word.isascii():
        return re.escape(word)
    try:
        text = word.decode("utf-8")
    except UnicodeDecodeError:
        text = word.decode("latin-1")
    patterns = []
    for encoding in ("utf-8", "latin-1"):
        try:
            patterns.append(b"".join(_any_case(char, encoding) for char in text))
        except UnicodeEncodeError:
            continue
    return b"(?:" + b"|".join(patterns) + b")"


def _any_case(char: str, encoding: str) -> bytes:
    if char.isascii():
        return re.escape(char.encode(encoding))
    forms = {char.encode(encoding)}
    for other in (char.lower(), char.upper()):
        with suppress(UnicodeEncodeError):
            forms.add(other.encode(encoding))
    return b"(?:" + b"|".join(re.escape(form) for form in sorted(forms)) + b")"


ECHOING_VRS: Final = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UN", "UR", "UT"})
"""Value Representations that people or configured devices fill with words."""

_NUMBER: Final = rb" *+(?:[-+]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][-+]?[0-9]++)?)?+ *+"
_DAY: Final = rb"(?:[0-9]{8}|[0-9]{4}\.[0-9]{2}\.[0-9]{2})"
_TIME: Final = rb"[0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2}(?:\.[0-9]++)?)?)?"
_ZONE: Final = rb"[-+][0-9]{4}"


def _values(one: bytes) -> re.Pattern[bytes]:
    """Return the pattern of values separated by backslashes, with padding."""
    one = rb" *+(?:" + one + rb")?+ *+"
    return re.compile(one + rb"(?:\\" + one + rb")*+[\x00 ]*+")


FORMS: Final[Mapping[str, re.Pattern[bytes]]] = {
    "DA": _values(_DAY + rb"(?:-" + _DAY + rb")?|" + _DAY + rb"-|-" + _DAY),
    "DS": _values(_NUMBER),
    "DT": _values(rb"[0-9]{4,14}(?:\.[0-9]{1,6})?(?:" + _ZONE + rb")?"),
    "IS": _values(_NUMBER),
    "TM": _values(_TIME),
    "UI": _values(rb"[0-9.]++\x00?"),
}
"""What a kept value of numbers, dates or UIDs looks like: words have no place in it."""

TEXT_VRS: Final = ECHOING_VRS - {"UN"} | FORMS.keys() | {"AS"}
"""Value Representations of character strings (PS3.5 6.2)."""


_SIZES: Final[Mapping[str, int]] = {
    "AT": 4,
    "FD": 8,
    "FL": 4,
    "SL": 4,
    "SS": 2,
    "SV": 8,
    "UL": 4,
    "US": 2,
    "UV": 8,
}
NUMBER_VRS: Final = _SIZES.keys() | {"DS", "IS"}
"""Value Representations for which no dummy is honest: a number that is not one is no number."""


def fits(tag: int, vr: str, length: int) -> bool:
    """Tell whether binary numbers are as many as the Attribute may have: no room for more."""
    size = _SIZES.get(vr)
    if size is None or not length:
        return True
    most = value_multiplicity(tag)[1]
    return not length % size and (most is None or length <= size * most)


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
            new = uids[original] = context.new_uid(original)
        parts.append(new)
    return "\\".join(parts).encode("ascii")


def replace_covered(value: bytes, context: Context, uids: dict[str, str]) -> bytes:
    """K: keep UIDs, but for those of images whose pixels change."""
    parts = value.split(b"\\")
    if not any(unpad(part).decode("latin-1").strip() in context.covered for part in parts):
        return value
    return b"\\".join(
        replace_uids(part, context, uids)
        if unpad(part).decode("latin-1").strip() in context.covered
        else part
        for part in parts
    )


def shift_date(vr: str, value: bytes, context: Context) -> bytes | None:
    """C with 113107: move a DA or DT into the past; None if a value is not valid."""
    shifted = shift_value(vr, unpad(value).decode("latin-1"), context.days_into_the_past)
    return None if shifted is None else shifted.encode("latin-1")


_CHARACTERISTICS: Final[Mapping[int, re.Pattern[bytes]]] = {
    # Sex, Sex Neutered, Smoking Status, Timezone Offset From UTC; Size, Weight
    0x00100040: _values(rb"[MFO]"),
    0x00102203: _values(rb"(?:UN)?ALTERED"),
    0x001021A0: _values(rb"YES|NO|UNKNOWN"),
    0x00080201: _values(_ZONE),
    0x00101020: FORMS["DS"],
    0x00101030: FORMS["DS"],
}
_RETAINED_NAMES: Final = frozenset(
    # Institution Name and Address, Station Name, Department Name; Device Serial Number
    {0x00080080, 0x00080081, 0x00081010, 0x00081040, 0x00181000}
)
CHECKED: Final = frozenset(_CHARACTERISTICS)
"""Attributes that are kept only with a value of their kind: people type anything."""


def keep_value(tag: int, vr: str, value: bytes, context: Context) -> bytes | None:
    """K: return the value; None if it is not of its kind, or echoes the patient's identifiers.

    What the dictionary calls a number, date or UID must be one, whatever its VR says in the file.
    Ages over 89 years become 090Y.
    """
    known = dictionary_vr(tag) or vr
    kind = known if known == "AS" or known in FORMS else vr
    if kind == "AS":
        capped = cap_age(unpad(value).decode("latin-1"))
        return None if capped is None else capped.encode("ascii")
    form = _CHARACTERISTICS.get(tag) or FORMS.get(kind)
    if form is not None:
        return value if form.fullmatch(value) else None
    if not fits(tag, vr, len(value)):
        return None
    if vr in ECHOING_VRS and echoes(tag, vr, value, context):
        itself = context.echo is not None and context.echo.fullmatch(unpad(value).strip())
        if tag in _RETAINED_NAMES and itself:
            # it is looked for in other text, and finds itself where an Option retains it
            return value
        return _without_echo(tag, vr, value, context)
    return value


def echoes(tag: int, vr: str, value: bytes, context: Context) -> bool:
    """Tell whether kept text holds a name or ID of the study's.

    With Clean Descriptors coded values and private text are searched for other spellings too: with
    a title, or without diacritics.
    """
    if context.echo is not None and context.echo.search(value):
        return True
    searched = vr == "CS" or tag >> 16 & 1
    if context.words is None or not searched or not value.isascii():
        return False
    text = unpad(value).decode("ascii")
    return any(
        removal.kind in _NAMING
        for part in text.split("\\")
        for removal in context.words.read(part).removals
    )


_NAMING: Final = frozenset({"echo-name", "echo-id", "honorific-name"})
"""Values of `casepack.deidentify.descriptors.Kind`: only who cleans waits for the words."""


def _without_echo(tag: int, vr: str, value: bytes, context: Context) -> bytes | None:
    """Return coded values, such as an Image Type, less the one that echoes; no other text."""
    if vr != "CS" or b"\\" not in value:
        return None
    parts = [_TEXT if echoes(tag, vr, part, context) else part for part in value.split(b"\\")]
    rest = b"\\".join(parts)
    return None if echoes(tag, vr, rest, context) else rest


def keep_known_meaning(value: bytes) -> bytes | None:
    """Keep a Code Meaning that PS3.16 or SNOMED CT knows; None for any other."""
    try:
        meaning = unpad(value).decode("ascii").strip()
    except UnicodeDecodeError:
        return None
    return value if not meaning or is_known_meaning(meaning) else None


def code_of_meaning(meaning: bytes) -> bytes:
    """Return a code for a cleaned meaning: equal meanings have equal codes, and it tells no more.

    The code that it replaces, and its scheme, name the institution whose they are.
    """
    return b"M" + hashlib.sha256(unpad(meaning).strip()).hexdigest()[:12].upper().encode("ascii")


def clean_value(
    tag: int, vr: str, value: bytes, context: Context, character_set: bytes
) -> bytes | None:
    """C: return a value of similar meaning that identifies nobody; None if there is none."""
    if tag == CODE_MEANING:
        known = keep_known_meaning(value)
        return clean_text(tag, vr, value, context, character_set) if known is None else known
    if vr in {"DA", "DT"}:
        return shift_date(vr, value, context)
    return clean_text(tag, vr, value, context, character_set)


def clean_text(
    tag: int, vr: str, value: bytes, context: Context, character_set: bytes
) -> bytes | None:
    """C with 113105: return the clinical and technical words of a text; None if none is left.

    None also without the Option, and for a text that does not fit its character set.
    """
    if context.words is None or vr not in CLEANED_VRS:
        return None
    text = decode_text(unpad(value), character_set)
    if text is None:
        return None
    trusted = tag in _DEVICE_WORDS
    results = [context.words.clean(tag, one, trusted=trusted) for one in split_values(vr, text)]
    if None in results and len(results) == 1:
        return None
    values = [one or "" for one in results]
    cleaned = "\\".join(values)
    if cleaned == text:
        return value
    return encode_text(cleaned, character_set) if any(values) else None


_DEVICE_WORDS: Final = frozenset(
    # Manufacturer, Model Name; Sequence Name, Imaged Nucleus, Software Versions, Receive and
    # Transmit Coil Name, Pulse Sequence Name
    {0x00080070, 0x00081090, 0x00180024, 0x00180085, 0x00181020, 0x00181250, 0x00181251, 0x00189005}
)
"""Not listed in Table E.1-1 and written by the scanner: words that nobody knows may stay there."""

CLEANED_VRS: Final = frozenset({"LO", "LT", "SH", "ST", "UC", "UT"})
"""Value Representations of descriptive text (PS3.15 E.3.5)."""


_DUMMIES_OF: Final[Mapping[int, bytes]] = {TIMEZONE: b"+0000"}
"""Where the dummy of the VR is not a value that the Attribute may have."""


def dummy_value(tag: int, vr: str, value: bytes, context: Context, uids: dict[str, str]) -> bytes:
    """D: return a value that is valid for the VR and identifies nobody."""
    if vr == "UI":
        return replace_uids(value, context, uids)
    if tag in {PATIENT_ID, PATIENT_NAME, STUDY_ID}:
        return required_value(tag, value, context)
    if tag in _DUMMIES_OF:
        return _DUMMIES_OF[tag]
    fewest, _most = value_multiplicity(tag)
    separator = b"\\" if vr in TEXT_VRS else b""
    return separator.join([DUMMIES[vr]] * fewest)


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
        return DUMMIES["DA"]
    if tag == STUDY_TIME:
        return DUMMIES["TM"]
    if tag == PATIENT_NAME:
        return f"Case^{context.patient_code}".encode("ascii")
    if tag == PATIENT_ID:
        return context.patient_code.encode("ascii")
    return context.pseudonyms.code("study", unpad(value).decode("latin-1")).encode("ascii")
