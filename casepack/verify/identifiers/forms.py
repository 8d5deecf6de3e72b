"""The written forms of an identifying value, and each form as bytes.

A name is written family first or given first, with any separator; a date as DICOM, ISO 8601 or a
person writes it; a number with and without its separators. A form becomes bytes in every encoding
in which a package may hold it: the character sets of PS3.3 C.12.1.1.2, UTF-16, and the escapes of
JSON, HTML and URLs.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from html.entities import codepoint2name
from itertools import permutations
from typing import Final, NamedTuple
from urllib.parse import quote

from casepack.verify.identifiers.edges import Edge, Pattern
from casepack.verify.identifiers.identifiers import Identifier, Kind
from casepack.verify.identifiers.vocabulary import is_ideographic

_NAME_SEPARATORS: Final = ("^", " ", ", ", ",", "_", "-", ".", "")
_FREE_NAME: Final = 8
"""Letters from which a name is also found inside of a longer word."""
_FREE_NUMBER: Final = 8
"""Digits from which a number is also found beside a decimal point."""
_MOST_PARTS: Final = 3
_MOST_PIECES: Final = 5
_SHORTEST_GLUED: Final = 8
_MONTHS: Final = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_ONE_BYTE: Final = (
    *("latin-1", "utf-8", "cp1252", "mac-roman", "cp437"),
    *(f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 15)),
    *("cp1250", "cp1251", "cp1253", "cp1254", "koi8-r"),
)
_MANY_BYTES: Final = ("shift_jis", "euc_jp", "euc_kr", "gb18030", "big5")
_ESCAPES: Final = ("iso2022_jp", "iso2022_jp_2", "iso2022_kr")
_ESCAPED_RUN: Final = re.compile(rb"(?:\x1b\$[\x20-\x2f]?[\x30-\x7e]|\x0e)([^\x1b\x0e\x0f]+)")
"""What stands in a multi-byte set (ISO/IEC 2022): ASCII between such runs is not escaped."""
_TRANSLITERATED: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "æ": "ae", "å": "aa", "þ": "th"}
)
_BARE: Final = str.maketrans(
    {"ø": "o", "ß": "s", "æ": "a", "đ": "d", "ð": "d", "ł": "l", "\u0131": "i"}
)
"""Letters that Unicode does not take apart."""
_FEWEST_BYTES: Final = 4
_BULK_CHARACTERS: Final = 12
"""Shorter texts occur in pixels by chance: a run of 12 letters, either case, in noise that is
spread over 60 values has a probability of (2/60)**12 = 2e-18 a place."""


def make_patterns(values: Iterable[Identifier], *, bulk: bool = False) -> Iterator[Pattern]:
    """Yield the byte patterns of the distinctive values; `value` is the place in `values`.

    Parameters
    ----------
    values
        Indistinctive ones give no pattern: they are compared where they stand.
    bulk
        Only patterns that do not occur by chance in samples.
    """
    for index, identifier in enumerate(values):
        if identifier.distinctive:
            for form in _encode_forms(identifier):
                if not bulk or form.characters >= _BULK_CHARACTERS:
                    yield Pattern(
                        text=form.text,
                        edge=form.edge,
                        width=form.width,
                        big=form.big,
                        value=index,
                    )


class _Encoded(NamedTuple):
    text: bytes
    edge: Edge
    width: int
    big: bool
    characters: int


@lru_cache(maxsize=1 << 14)
def _encode_forms(identifier: Identifier) -> tuple[_Encoded, ...]:
    """Return each form in each encoding, once; long forms first, so that these count for samples.

    Remembered: several Options, and several verifications, search for mostly the same values.
    """
    found: dict[tuple[bytes, int, bool], _Encoded] = {}
    for form in sorted(written_forms(identifier), key=len, reverse=True):
        edge = _edge(identifier, form)
        for text, width, big, escaped in encoded_forms(form):
            if len(text) >= _FEWEST_BYTES and (text, width, big) not in found:
                found[text, width, big] = _Encoded(
                    text, Edge.ESCAPED if escaped else edge, width, big, len(form)
                )
    return tuple(found.values())


def _edge(identifier: Identifier, form: str) -> Edge:
    if identifier.kind is Kind.UID:
        return Edge.UID
    if identifier.kind is Kind.DATE:
        return Edge.DATE if form.isdecimal() else Edge.DIGITS
    letters = sum(char.isalpha() for char in form)
    if is_ideographic(form):
        return Edge.ANY
    if form.isdecimal():
        return Edge.DIGITS if len(form) >= _FREE_NUMBER else Edge.NUMBER
    if identifier.kind in {Kind.PATIENT_NAME, Kind.PERSON_NAME}:
        return Edge.ANY if letters >= _FREE_NAME else Edge.WORD
    return Edge.TOKEN


def written_forms(identifier: Identifier) -> list[str]:
    """Return the ways in which people and programs write the value; no two the same."""
    match identifier.kind:
        case Kind.DATE:
            forms = _date_forms(identifier.value)
        case Kind.UID:
            forms = [identifier.value]
        case Kind.PATIENT_NAME | Kind.PERSON_NAME:
            forms = _name_forms(identifier.value)
        case _:
            forms = _text_forms(identifier.value)
    return list(dict.fromkeys(form for form in forms if form))


def _text_forms(value: str) -> list[str]:
    words = value.split()
    forms = [value, " ".join(words), "_".join(words)]
    forms += [unicodedata.normalize("NFKC", form) for form in forms]
    if any(char.isdigit() for char in value):
        bare = re.sub(r"[\s\-_/.()+]", "", value)
        if len(bare) >= 5 and not (bare.isdecimal() and len(bare) > 20):  # noqa: PLR2004  # no shorter number is distinctive
            forms.append(bare)
        pieces = re.split(r"[\s\-_/.]+", value)
        if 1 < len(pieces) <= _MOST_PIECES:
            forms += [separator.join(pieces) for separator in (" ", "-", "_", "/", ".")]
    return forms + _other_letters(forms)


def _name_forms(value: str) -> list[str]:
    """Orders and separators of a name given as components ``family^given^...``."""
    raw = [part for part in re.split(r"[\^\s,_]+", value) if part]
    forms = [value, value.rstrip("^")]
    for form in (value, unicodedata.normalize("NFKC", value)):
        parts = [part for part in re.split(r"[\^\s,_]+", form) if part]
        if len(parts) == 1:
            forms.append(parts[0])
        for count in range(2, min(len(parts), _MOST_PARTS) + 1):
            # family and given stand first; a middle name may be left out
            for order in permutations(parts[:count]):
                forms += [separator.join(order) for separator in _NAME_SEPARATORS if separator]
                glued = "".join(order)
                if len(glued) >= _SHORTEST_GLUED:
                    forms.append(glued)
    if len(raw) > _MOST_PARTS:
        forms += [" ".join(raw), "_".join(raw)]
    return forms + _other_letters(forms)


def _other_letters(forms: list[str]) -> list[str]:
    """Without diacritics, and as umlauts are spelled out; kana in its other widths."""
    others = []
    for form in forms:
        if form.isascii():
            continue
        lower = form.casefold()
        others += [_strip_marks(lower), _strip_marks(lower.translate(_TRANSLITERATED))]
        others.append(unicodedata.normalize("NFC", form))
        others.append(unicodedata.normalize("NFD", form))
    return others


def _strip_marks(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    bare = "".join(char for char in decomposed if not unicodedata.combining(char)).translate(_BARE)
    return bare if bare.isascii() else text


def _date_forms(value: str) -> list[str]:
    """``YYYYMMDD`` and the ways people write it."""
    date = dt.date(int(value[:4]), int(value[4:6]), int(value[6:]))
    year, month, day = date.year, date.month, date.day
    forms = [value]
    for sign in "-/._ ":
        forms.append(f"{year}{sign}{month:02}{sign}{day:02}")
        if sign in "-/.":
            forms += [
                f"{first:02}{sign}{second:02}{sign}{year}"
                for first, second in ((day, month), (month, day))
            ]
            forms += [
                f"{first}{sign}{second}{sign}{year}"
                for first, second in ((day, month), (month, day))
            ]
    name = _MONTHS[month - 1]
    for month_name in dict.fromkeys((name, name[:3])):
        forms += [
            *(f"{number} {month_name} {year}" for number in dict.fromkeys((str(day), f"{day:02}"))),
            *(
                f"{month_name} {number}, {year}"
                for number in dict.fromkeys((str(day), f"{day:02}"))
            ),
            f"{day:02}-{month_name}-{year}",
            f"{day}. {month_name} {year}",
        ]
    forms.append(f"{year}年{month}月{day}日")
    return forms


def encoded_forms(form: str) -> Iterator[tuple[bytes, int, bool, bool]]:
    """Yield bytes in lower case, width of a character, high byte first, reached by an escape."""
    for spelling in _spellings(form):
        if spelling.isascii():
            yield spelling.encode().lower(), 1, False, False
        else:
            yield from _encode_other(spelling)
        yield spelling.encode("utf-16-le", "ignore").lower(), 2, False, False
        yield spelling.encode("utf-16-be", "ignore").lower(), 2, True, False


@cache
def _spellings(form: str) -> tuple[str, ...]:
    """Cases that lower-casing ASCII bytes does not make equal."""
    if form.isascii():
        return (form.lower(),)
    return tuple(dict.fromkeys((form, form.lower(), form.upper(), form.title())))


def _encode_other(text: str) -> Iterator[tuple[bytes, int, bool, bool]]:
    for codec in _ONE_BYTE:
        encoded = _encode(text, codec)
        if encoded is not None:
            yield encoded.lower(), 1, False, False
    for codec in _MANY_BYTES:
        encoded = _encode(text, codec)
        if encoded is not None:
            yield encoded.lower(), 1, False, False
    for codec in _ESCAPES:
        encoded = _encode(text, codec)
        runs = _ESCAPED_RUN.findall(encoded) if encoded is not None else ()
        if runs:
            # the escape may stand far before the name, or inside of it: search the longest run
            yield max(runs, key=len).lower(), 1, False, True
    for escaped in _escaped_texts(text):
        yield escaped.encode().lower(), 1, False, False


def _encode(text: str, codec: str) -> bytes | None:
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        return None


def _escaped_texts(text: str) -> set[str]:
    return {
        json.dumps(text)[1:-1],
        text.encode("ascii", "xmlcharrefreplace").decode(),
        "".join(char if char.isascii() else f"&#x{ord(char):x};" for char in text),
        "".join(
            char if char.isascii() else f"&{codepoint2name.get(ord(char), '')};" for char in text
        ),
        quote(text),
    }
