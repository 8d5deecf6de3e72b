"""Which numbers have a technical form, and which are years or records."""

from __future__ import annotations

import re
from typing import Final

from casepack.deidentify.descriptors.echo import Echo
from casepack.deidentify.descriptors.late import LatePattern
from casepack.deidentify.descriptors.reading import Reading
from casepack.deidentify.descriptors.removals import Kind
from casepack.deidentify.descriptors.vocabulary import Role, Use

_FRACTION: Final = LatePattern(r"(?<![\d.])\d{1,4}\.\Z")
_YEARS: Final = frozenset(range(1900, 2050))
_YEAR_DIGITS: Final = 4
_LONGEST_FRACTION: Final = 8
_LONGEST_MEASURED: Final = 7
_ATTACHED: Final = LatePattern(r"\s?[:=~<>≤≥±x*+/,;-]?\s?")
_SIGN_OF_VALUE: Final = LatePattern(r"[=x*+<>≤≥±/]\s?\Z|\d\s?-\s?\Z|[,;]\s?\Z")
_SIGNED: Final = LatePattern(r"(?:^|[\s(,])[-+±]\Z")
_POWERS_OF_TWO: Final = frozenset({2048})
_SIGN_BEHIND: Final = LatePattern(r"\s?(?:%|°|x\s?\d|\*|/\s?\d)")


def judge_numbers(reading: Reading, echo: Echo) -> None:
    """Mark long digits that are no fraction or measure, and years."""
    for index, use in enumerate(reading.uses):
        if reading.kinds[index] is not None:
            continue
        word = reading.words[index]
        if use is Use.LONG_NUMBER:
            if not _is_fraction(reading, index) and not _is_measured(reading, index):
                reading.remove(index, Kind.NUMBER)
        elif use is Use.NUMBER and len(word.text) == _YEAR_DIGITS and word.text.isdecimal():
            year = int(word.text)
            if year in _YEARS - _POWERS_OF_TWO and not _is_value(reading, index):
                kind = Kind.ECHO_DATE if echo.knows_year(year) else Kind.DATE
                reading.remove(index, kind)


def _is_fraction(reading: Reading, index: int) -> bool:
    """Tell whether digits stand behind a decimal point: 0.084906."""
    word = reading.words[index]
    text = reading.folded.text
    return (
        word.text.isdecimal()
        and len(word.text) <= _LONGEST_FRACTION
        and bool(_FRACTION.search(text, 0, word.start))
        and not re.match(r"\.\d", text[word.end : word.end + 2])
    )


def _is_measured(reading: Reading, index: int) -> bool:
    """Tell whether digits that are not too many have a unit behind them: 63870 Hz."""
    word = reading.words[index]
    if not word.text.isdecimal() or len(word.text) > _LONGEST_MEASURED:
        return False
    return reading.gap(index) in {"", " "} and bool(reading.role(index + 1) & Role.UNIT)


def _is_value(reading: Reading, index: int) -> bool:
    """Tell whether four digits are a value and no year: a parameter, unit, sign or list beside."""
    word = reading.words[index]
    text = reading.folded.text
    if _is_measured(reading, index) or _SIGN_BEHIND.match(text, word.end):
        return True
    if _SIGNED.search(text, max(0, word.start - 2), word.start):
        return True
    if index and _ATTACHED.fullmatch(reading.gap(index - 1)):
        if reading.role(index - 1) & Role.PARAMETER:
            return True
        before = reading.uses[index - 1] is Use.NUMBER and reading.kinds[index - 1] is None
        return before and bool(
            _SIGN_OF_VALUE.search(text, 0, word.start) or _in_list(reading, index)
        )
    return False


def _in_list(reading: Reading, index: int) -> bool:
    """Tell whether a list of numbers began with a parameter: b 50 400 2000."""
    place = index - 1
    while place >= 0 and reading.uses[place] is Use.NUMBER and reading.kinds[place] is None:
        text = reading.words[place].text
        if not text.isdecimal():
            return bool(reading.vocabulary.role(text.rstrip("0123456789")) & Role.PARAMETER)
        place -= 1
    return place >= 0 and bool(reading.role(place) & Role.PARAMETER)
