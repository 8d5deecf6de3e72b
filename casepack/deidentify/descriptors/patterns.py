"""What a text's form alone gives away: mail and web addresses, UIDs, phone and record numbers.

All patterns read folded text: lower case, no diacritics, ASCII digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from casepack.deidentify.descriptors.dates import find_dates, find_great_ages, find_times
from casepack.deidentify.descriptors.echo import Echo
from casepack.deidentify.descriptors.late import LatePattern
from casepack.deidentify.descriptors.removals import Kind, Span
from casepack.deidentify.descriptors.vocabulary import read_sections

_E_MAIL: Final = LatePattern(r"[^\s@<>()\[\],;:]{1,64}@[^\s@<>()\[\],;]{0,250}[^\s@<>()\[\],;.]")
_URL: Final = LatePattern(
    r"\b(?:https?|ftps?|sftp|file|dicom)://\S*[^\s.,;)\]]"
    r"|\bwww\d?\.[^\s,;)\]]*[^\s.,;)\]]"
    r"|(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|info|biz|local|lan|internal|intra)(?![\w-])(?:[:/]\S*[^\s.,;)\]])?"
    r"|(?<![\w@.-])(?:[a-z0-9-]+\.)+[a-z0-9-]{3,}\.(?:de|fr|it|es|pt|tr|nl|uk|jp|cn|kr|ch|at|eu|ru|gr|pl|se|dk|no|be|ca|us|au|br|mx|il)(?![\w-])(?:/\S*)?"
    r"|\\\\[a-z0-9_.$-]+\\\S+"
)
_NETWORK: Final = LatePattern(
    r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{2,5}|/\d\d?)?(?![\d.])"
    r"|(?<![\w:])[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}(?![\w:])"
    r"|(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}:?[0-9a-f]{1,4}(?![\w:])"
)
_UID: Final = LatePattern(r"(?<![\w.])[0-2]\.\d+(?:\.\d+){3,}(?![\w.]\d)")
_UUID: Final = LatePattern(
    r"(?<!\w)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?!\w)"
)
_PHONE: Final = LatePattern(
    # international, area code in brackets, three groups, trunk prefix
    r"(?<![\w.,/-])(?:\+|00)\s?\d{1,3}[\s./-]?(?:\(0?\d{1,5}\)[\s./-]?)?\d{1,5}(?:[\s./-]?\d{2,5}){1,5}(?!\d)"
    r"|\(0?\d{2,5}\)[\s./-]{0,2}[\d][\d\s./-]{4,12}\d(?!\d)"
    r"|(?<![\w.,/-])\d{3}[-. ]\d{3}[-. ]\d{4}(?!\d)"
    r"|(?<![\w.,/-])[2-9]\d{2}-\d{4}(?![\d-])"
    r"|(?<![\w.,/-])0\d{1,5}\s?[/-]\s?\d{2,9}(?:[\s-]\d{1,6}){0,4}(?!\d)"
    r"|(?<![\w.,/-])0\d{1,4}(?:[\s.]\d{2,4}){2,5}(?!\d)"
)
_MEASURED: Final = LatePattern(
    r"\s?(?:mm|cm|ms|s|sec|hz|khz|mhz|ml|mg|kg|g|kv|ma|mas|t|°|deg|%|x)\b"
)
_NUMBERS: Final = LatePattern(
    # social security and the like
    r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"
    # grouped numbers with a long group or many digits
    r"|(?<![\w.,/-])\d{2,}(?:[-/]\d{2,}){2,}(?![\w-])"
    r"|(?<![\w.,/-])[a-z]{1,4}-?\d{2,4}-\d{4,}(?![\w-])"
    r"|(?<![\w.,/-])[a-z]{1,4}-\d{3,}-[a-z0-9]*\d[a-z0-9]*(?![\w-])"
    # postal codes: Canada, United Kingdom, Japan
    r"|(?<!\w)[abceghj-nprstvxy]\d[abceghj-nprstv-z] \d[abceghj-nprstv-z]\d(?!\w)"
    r"|(?<!\w)(?![tlcsd]\d{1,2} )[a-z]{1,2}\d[a-z\d]? \d[abd-hjlnp-uw-z]{2}(?!\w)"
    r"|〒\s?\d{3}-?\d{4}"
)
_POST_BOX: Final = LatePattern(
    r"(?<!\w)(?:p\.?\s?o\.?\s?box|postfach|postbus|casella postale|apartado(?: postal)?"
    r"|caixa postal|posta kutusu)\s?(?:nr|no|n)?\.?\s?\d+"
)
_ADDRESSES: Final = (
    (Kind.UID, _UID, ".", 4),
    (Kind.UID, _UUID, "-", 4),
    (Kind.URL, _NETWORK, ".", 3),
    (Kind.URL, _NETWORK, ":", 3),
    (Kind.URL, _NETWORK, "-", 5),
    (Kind.ADDRESS, _POST_BOX, "o", 1),
)
"""With a sign, and how often it stands in a text at the fewest."""
_FEWEST_DIGITS: Final = 4
_FEWEST_DIGITS_IN_GROUPS: Final = 7
_FEWEST_DIGITS_OF_PHONE: Final = 6
_ROUND: Final = 5
_ROUND_VALUE: Final = 50
_IDS: Final = frozenset({"id", "pid", "acc"})
"""Weak cues that make a short number of the study one; not "no" and "code"."""
_LEVEL: Final = LatePattern(r"(?:[tlcsd]|th)\d{1,2}w?|\d[dt]")
"""T2, L5, 3D: no number of a bed or a record."""
_DIGIT: Final = LatePattern(r"\d")
_LETTERS: Final = re.compile(r"[^\W_]+")


@cache
def _cued_phone() -> re.Pattern[str]:
    """Return the pattern of a phone number after a word for it."""
    return re.compile(
        rf"(?<![^\W_])(?:{_cues('phone_cues')})(?![^\W\d_])\.?\s?(?:(?:no|nr|number|num)\b)?\.?\s?[:#=]?\s?"
        r"(?:\+|00)?\(?\d[\d\s()./-]{1,18}\d(?!\d)"
    )


@cache
def _cued_record() -> re.Pattern[str]:
    """Return the pattern of a record number after a word for it."""
    return re.compile(
        rf"(?<![^\W_])(?:(?P<strong>{_cues('record_cues')})|(?P<weak>{_cues('weak_record_cues')}))"
        r"(?![^\W\d_])[\s._]{0,2}(?:[:=#-]|is|nr|no)?\s{0,2}#?"
        r"(?P<value>(?:[a-z]{1,6}[-/]?)?\d[a-z0-9]{0,30}(?:[-/.]\d[a-z0-9]{0,30}){0,5})(?![^\W_])"
    )


@cache
def _first_words(*sections: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return how the cues of a section begin, and the single letters that some begin with."""
    beginnings: set[str] = set()
    letters: set[str] = set()
    for section in sections:
        for cue in read_sections()[section].split():
            first = re.split(r"[\W_]", cue)[0]
            if len(first) == 1:
                letters.add(first)
                first = "".join(_LETTERS.findall(cue))
            beginnings.add(first or cue)
    return tuple(sorted(beginnings)), frozenset(letters)


def _may_have_cue(text: str, *sections: str) -> bool:
    """Tell whether a word of a text begins as a cue does; the large pattern says the rest."""
    beginnings, letters = _first_words(*sections)
    return any(run in letters or run.startswith(beginnings) for run in _LETTERS.findall(text))


def _cues(section: str) -> str:
    """Return the alternatives of a list of words, longest first."""
    words = sorted(read_sections()[section].split(), key=lambda word: (-len(word), word))
    return "|".join(re.escape(word).replace("_", r"[\s_.-]{0,2}") for word in words)


def find_patterns(text: str, echo: Echo) -> Iterator[Span]:
    """Yield what goes, most telling first; later ones may overlap earlier ones."""
    if "@" in text:
        for match in _E_MAIL.finditer(text):
            yield Span(match.start(), match.end(), Kind.E_MAIL)
    if "." in text or "//" in text or "\\" in text:
        for match in _URL.finditer(text):
            yield Span(match.start(), match.end(), Kind.URL)
    if _DIGIT.search(text):
        yield from _find_numbers(text, echo)


def _find_numbers(text: str, echo: Echo) -> Iterator[Span]:
    for kind, pattern, sign, fewest in _ADDRESSES:
        if text.count(sign) < fewest:
            continue
        for match in pattern.finditer(text):
            yield Span(match.start(), match.end(), kind)
    for start, end in find_great_ages(text):
        yield Span(start, end, Kind.AGE)
    for found in find_dates(text):
        kind = Kind.ECHO_DATE if echo.knows_date(found.dates) else Kind.DATE
        yield Span(found.start, found.end, kind)
    digits = sum(map(str.isdecimal, text))
    phones = (_PHONE,) if digits >= _FEWEST_DIGITS_OF_PHONE else ()
    cued = (_cued_phone(),) if _may_have_cue(text, "phone_cues") else ()
    for pattern in (*phones, *cued):
        for match in pattern.finditer(text):
            if _is_phone(match.group()) and not _MEASURED.match(text, match.end()):
                yield Span(match.start(), match.end(), Kind.PHONE)
    for start, end in find_times(text):
        yield Span(start, end, Kind.TIME)
    yield from _find_records(text, echo)


def _find_records(text: str, echo: Echo) -> Iterator[Span]:
    yield from _find_cued_records(text, echo)
    for match in _NUMBERS.finditer(text):
        if _is_grouped_number(match.group()) and not _MEASURED.match(text, match.end()):
            yield Span(match.start(), match.end(), Kind.NUMBER)


def _find_cued_records(text: str, echo: Echo) -> Iterator[Span]:
    if not _may_have_cue(text, "record_cues", "weak_record_cues"):
        return
    for match in _cued_record().finditer(text):
        start, end = match.span("value")
        digits = sum(char.isdecimal() for char in match["value"])
        short = bool(match["strong"]) or match["weak"] in _IDS
        known = echo.knows_number(match["value"], short=short)
        strong = match["strong"] and not _LEVEL.fullmatch(match["value"])
        if known or strong or digits >= _FEWEST_DIGITS:
            yield Span(start, end, Kind.ECHO_ID if known else Kind.NUMBER)


def _is_phone(text: str) -> bool:
    """Tell a phone number from a range of values, which are round."""
    groups = re.findall(r"\d+", text)
    if text[0] not in "+(0123456789":
        return sum(map(len, groups)) >= _FEWEST_DIGITS
    return sum(map(len, groups)) >= _FEWEST_DIGITS_OF_PHONE and any(
        int(group) % _ROUND_VALUE for group in groups
    )


def _is_grouped_number(text: str) -> bool:
    """Tell a record number from a row of values (``0-500-1000``), which are round."""
    groups = re.findall(r"\d+", text)
    uneven = any(int(group) % _ROUND for group in groups)
    if not text.replace("-", "").replace("/", "").isdecimal():
        return uneven or len(groups) == 1
    return uneven and sum(map(len, groups)) >= _FEWEST_DIGITS_IN_GROUPS
