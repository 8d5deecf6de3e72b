"""Identifying values inside of free text: dates, numbers, addresses, names as people write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from casepack.verify.identifiers.clinical_words import is_clinical
from casepack.verify.identifiers.identifiers import Kind

_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
DUMMY_DATES: Final = frozenset(
    ["00010101", "18000101", "18581117", "19000101", "19700101", "19991111", "20000101"]
)
"""Dates that stand for "no date"."""
_DATE: Final = re.compile(r"(?:1[89]|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_DATE_IN_TEXT: Final = re.compile(rf"(?<!\d)({_DATE.pattern})(?!\d)")
_YEAR_FIRST: Final = re.compile(r"(?<!\d)((?:1[89]|20)\d\d)[-/.](\d\d?)[-/.](\d\d?)(?!\d)")
_DAY_FIRST: Final = re.compile(r"(?<!\d)(\d\d?)[-/.](\d\d?)[-/.]((?:1[89]|20)\d\d)(?!\d)")
_TOKEN: Final = re.compile(r"(?<![\w./-])[A-Za-z]{0,6}[-/]?\d[\d-]{4,}[A-Za-z]?(?![\w.])")
_PHONE: Final = re.compile(r"(?<![\w./-])\+?\d[\d ()/-]{7,}\d(?![\w.])")
_MAIL: Final = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
_CARETS: Final = re.compile(r"[^\W\d_][\w'.-]*(?:\^+[^\W\d_][\w'.-]*)+")
_TITLED: Final = re.compile(
    r"(?<![\w^])(?:(?i:dr|prof|frau|herr)|Mr|Mrs|Ms)(?:\.\s*|\s+)([^\W\d_]{3,}(?:-[^\W\d_]+)?)"
)  # MR is a Modality
UID: Final = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*)){4,}")
_FEWEST_DIGITS: Final = 6
_FEWEST_PHONE_DIGITS: Final = 8
_MOST_DIGITS: Final = 20


def is_date(digits: str) -> bool:
    """Tell whether YYYYMMDD is a day of 1800 to 2099 that is no dummy."""
    if not _DATE.fullmatch(digits) or digits in DUMMY_DATES:
        return False
    return int(digits[6:]) <= _DAYS[int(digits[4:6]) - 1]


def read_echo(text: str) -> Iterator[tuple[Kind, str]]:
    """Yield the identifying values that stand inside of a text, with their kind."""
    for digits in dict.fromkeys(_dates_in(text)):
        if is_date(digits):
            yield Kind.DATE, digits
    for mail in _MAIL.findall(text):
        yield Kind.NUMBER, mail
    for uid in UID.findall(text):
        yield Kind.UID, uid
    yield from _numbers_in(text)
    for name in names_in(text):
        yield Kind.PERSON_NAME, name


def _dates_in(text: str) -> Iterator[str]:
    yield from _DATE_IN_TEXT.findall(text)
    for year, month, day in _YEAR_FIRST.findall(text):
        yield f"{year}{int(month):02}{int(day):02}"
    for first, second, year in _DAY_FIRST.findall(text):
        yield f"{year}{int(second):02}{int(first):02}"
        yield f"{year}{int(first):02}{int(second):02}"


def _numbers_in(text: str) -> Iterator[tuple[Kind, str]]:
    for pattern, fewest in ((_PHONE, _FEWEST_PHONE_DIGITS), (_TOKEN, _FEWEST_DIGITS)):
        for token in pattern.findall(text):
            digits = re.sub(r"\D", "", token)
            is_day = any(form.fullmatch(token) for form in (_DATE, _YEAR_FIRST, _DAY_FIRST))
            if fewest <= len(digits) <= _MOST_DIGITS and not is_day:
                yield Kind.NUMBER, token
        # the parts of a telephone number are no numbers of their own
        text = pattern.sub(" ", text)


def names_in(text: str) -> Iterator[str]:
    """Yield names in the form of Person Name, and names behind a title.

    Scanners write body part and protocol with a caret too, ``Spine^LSpine``: known words alone are
    no name.
    """
    yield from (name for name in _CARETS.findall(text) if not is_clinical(name))
    yield from _TITLED.findall(text)
