"""Where a text repeats the study's own identifiers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from casepack.deidentify.descriptors.echo import Echo
from casepack.deidentify.descriptors.late import LatePattern
from casepack.deidentify.descriptors.morphology import derive_use
from casepack.deidentify.descriptors.places_echoed import remove_places
from casepack.deidentify.descriptors.reading import Reading
from casepack.deidentify.descriptors.removals import Kind, Span
from casepack.deidentify.descriptors.vocabulary import MODALITIES, Role, Use, Vocabulary
from casepack.deidentify.descriptors.words import Word

_RUN: Final = LatePattern(r"\d+|[^\W\d_]+")
_BETWEEN: Final = LatePattern(r"[\s./_:#-]{0,2}")
_MOST_RUNS: Final = 12
_FEWEST_FREE_DIGITS: Final = 5
_UNIT_BEHIND: Final = LatePattern(r"\s?(?:[^\W_]+|%|°)")
_SURELY: Final = frozenset({Use.UNKNOWN, Use.LONG_NUMBER, Use.EPONYM, Use.SURNAME, Use.DOUBLE})
_SHORTEST_LEFT: Final = 3
_BEFORE_NAMES: Final = (
    Role.HONORIFIC | Role.TITLE | Role.BY | Role.FOR | Role.PERSON | Role.PATIENT | Role.CONNECTIVE
)
_BEFORE_INITIALS: Final = Role.HONORIFIC | Role.BY | Role.FOR | Role.PERSON | Role.PATIENT


def find_echo(text: str, echo: Echo, vocabulary: Vocabulary) -> Iterator[Span]:
    """Yield the numbers of the study in a folded text, and its names in scripts without spaces."""
    if echo.numbers:
        yield from _find_numbers(text, echo, vocabulary)
    if not text.isascii():
        for form in echo.ideographs:
            if form not in vocabulary.ideographs:
                for match in re.finditer(re.escape(form), text):
                    yield Span(match.start(), match.end(), Kind.ECHO_NAME)


def _find_numbers(text: str, echo: Echo, vocabulary: Vocabulary) -> Iterator[Span]:
    runs = list(_RUN.finditer(text))
    digits = [run.group().isdecimal() for run in runs]
    for place, run in enumerate(runs):
        joined = ""
        for last in range(place, min(place + _MOST_RUNS, len(runs))):
            if last > place and not _BETWEEN.fullmatch(
                text, runs[last - 1].end(), runs[last].start()
            ):
                break
            joined = (joined + runs[last].group()).lstrip("0")
            if joined and joined not in echo.number_beginnings:
                break
            if joined not in echo.numbers or not any(digits[place : last + 1]):
                continue
            span = Span(run.start(), runs[last].end(), Kind.ECHO_ID)
            if len(joined) >= _FEWEST_FREE_DIGITS or not _is_measured(text, span, vocabulary):
                yield span


def _is_measured(text: str, span: Span, vocabulary: Vocabulary) -> bool:
    """Tell whether a short number belongs to a parameter or a unit: b1000, 1234 ms."""
    before = re.search(r"([^\W\d_]+)\s?[:=]?\s?\Z", text[: span.start])
    if before and vocabulary.role(before[1]) & Role.PARAMETER:
        return True
    behind = _UNIT_BEHIND.match(text, span.end)
    return bool(behind and vocabulary.role(behind.group().strip()) & Role.UNIT)


def remove_echo(reading: Reading, echo: Echo) -> None:
    """Mark the names, initials and places of the study."""
    if echo.places:
        remove_places(reading, echo)
    if echo.names:
        _cut_glued_names(reading, echo)
        _remove_names(reading, echo)
        _remove_initials(reading, echo)


def _remove_names(reading: Reading, echo: Echo) -> None:
    hits = [
        index
        for index, word in enumerate(reading.words)
        if word.text in echo.names and reading.kinds[index] in {None, Kind.ECHO_PLACE}
    ]
    if not hits:
        return
    weak = []
    for index in hits:
        base = reading.vocabulary.uses.get(reading.words[index].text)
        if reading.uses[index] in _SURELY or base in {Use.EPONYM, Use.SURNAME}:
            reading.remove(index, Kind.ECHO_NAME)
        else:
            weak.append(index)
    # ordinary and short words: beside another part of the name, or where names stand
    for index in (*weak, *reversed(weak)):
        if _stands_as_name(reading, echo, index):
            reading.remove(index, Kind.ECHO_NAME)


def _stands_as_name(reading: Reading, echo: Echo, index: int) -> bool:
    text = reading.words[index].text
    for beside, between in ((index - 1, index - 1), (index + 1, index)):
        if not reading.is_close(between):
            continue
        if reading.kinds[beside] is Kind.ECHO_NAME:
            return True
        other = reading.words[beside].text
        if other in echo.names and other != text and len(other) + len(text) > _SHORTEST_LEFT:
            return True
        if other in echo.initials and len(other) == 1 and reading.has_comma(between):
            return True
        if reading.is_name(beside) and (reading.has_caret(between) or reading.has_comma(between)):
            return True
    before = reading.role(index - 1)
    if not reading.is_close(index - 1) or not before & _BEFORE_NAMES:
        return False
    if before & (Role.HONORIFIC | Role.BY | Role.PATIENT | Role.PERSON):
        return True
    # "for May": but not "for head and neck", "with spine"
    return bool(before & Role.FOR) and not _goes_on(reading, index)


def _goes_on(reading: Reading, index: int) -> bool:
    """Tell whether a word belongs to what follows it."""
    return (
        reading.is_close(index)
        and reading.stays(index + 1)
        and (reading.uses[index + 1] in {Use.KNOWN, Use.PROTECTED, Use.BODY, Use.NUMBER})
    )


def _remove_initials(reading: Reading, echo: Echo) -> None:
    if Kind.ECHO_NAME not in reading.kinds and not reading.all_roles & _BEFORE_INITIALS:
        return
    for index, word in enumerate(reading.words):
        if word.text not in echo.initials or reading.kinds[index] is not None:
            continue
        if reading.gap(index) == "-" and reading.use(index + 1) is Use.KNOWN:
            # L-spine
            continue
        if word.text in MODALITIES and reading.use(index + 1) in {Use.KNOWN, Use.BODY}:
            # RM before a part of the body is no patient's initials
            continue
        beside = (reading.is_close(index - 1) and reading.kinds[index - 1] is Kind.ECHO_NAME) or (
            reading.is_close(index) and reading.kinds[index + 1] is Kind.ECHO_NAME
        )
        led = len(word.text) > 1 and reading.role(index - 1) & _BEFORE_INITIALS
        if beside or (led and reading.written(index).isupper()):
            reading.remove(index, Kind.INITIAL)


def _cut_glued_names(reading: Reading, echo: Echo) -> None:
    """Cut a name out of a longer unknown word, so that what is known beside it stays."""
    if not reading.all_uses & Use.UNKNOWN:
        return
    for index in reversed(range(len(reading))):
        word = reading.words[index]
        if reading.kinds[index] is not None or reading.uses[index] is not Use.UNKNOWN:
            continue
        name = next((name for name in echo.glued if name in word.text), None)
        if name is None or name == word.text:
            continue
        first = word.text.index(name)
        pieces: list[tuple[Word, Kind | None]] = []
        for start, end in (
            (0, first),
            (first, first + len(name)),
            (first + len(name), len(word.text)),
        ):
            if start == end:
                continue
            text = word.text[start:end]
            kind = Kind.ECHO_NAME if start == first and end > first else None
            use = Use.UNKNOWN if kind else _judge_rest(text, reading.vocabulary)
            pieces.append((Word(word.start + start, word.start + end, text, use), kind))
        reading.replace(index, pieces)


def _judge_rest(text: str, vocabulary: Vocabulary) -> Use:
    use = vocabulary.uses.get(text) or derive_use(text, vocabulary)
    if text.isdecimal():
        return Use.NUMBER if len(text) < _SHORTEST_LEFT else Use.LONG_NUMBER
    return use if len(text) >= _SHORTEST_LEFT else Use.UNKNOWN
