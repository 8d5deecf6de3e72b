"""Names by their titles: Dr. Smith, Young MD, 山下様."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from casepack.deidentify.descriptors.late import LatePattern
from casepack.deidentify.descriptors.reading import Reading
from casepack.deidentify.descriptors.removals import Kind
from casepack.deidentify.descriptors.surnames import end_of_surname, is_second_surname
from casepack.deidentify.descriptors.vocabulary import Role, Use, read_sections

_TAKEN: Final = frozenset({Use.UNKNOWN, Use.DOUBLE, Use.GIVEN, Use.EPONYM, Use.SURNAME})
_MOST_WORDS_OF_NAME: Final = 5
_DOCTORS: Final = frozenset({"dr", "dra"})
_AND: Final = frozenset({"and", "und", "et", "y", "e", "en", "ve", "и", "και"})
_STROKES: Final = frozenset({"/", " / ", "&", " & ", "+", " + "})
_NAME_GAP: Final = LatePattern(r"[\s.'_^-]{0,3}")


@cache
def _name_suffixes() -> tuple[str, ...]:
    """Return the titles behind a name in scripts without spaces, longest first."""
    return tuple(
        sorted(read_sections()["name_suffixes"].split(), key=lambda word: (-len(word), word))
    )


def remove_titled_names(reading: Reading) -> None:
    """Mark titles with the name that follows: Dr. Smith, Prof. Dr. med. Young, Frau Stern."""
    for index in range(len(reading)):
        if not reading.is_title(index) or not reading.stays(index):
            continue
        sure = _is_sure_title(reading, index)
        taken = _take_name(reading, index + 1, sure)
        if taken:
            if _joins_second(reading, taken[-1] + 1):
                taken += [taken[-1] + 1, taken[-1] + 2]
            elif reading.gap(taken[-1]) in _STROKES and is_second_surname(reading, taken[-1] + 1):
                taken.append(taken[-1] + 1)
            for place in (index, *taken):
                reading.remove(place, Kind.HONORIFIC_NAME)
            _take_titles_before(reading, index)


def _is_sure_title(reading: Reading, index: int) -> bool:
    """Tell whether the word before a name is surely a title: by its form, or it can be no other."""
    if reading.role(index) & Role.HONORIFIC:
        return True
    written = reading.written(index)
    if reading.cased and reading.words[index].text in _DOCTORS and written.islower():
        # "gezien door dr Kok", but "dr Chest PA" may be Digital Radiography
        behind = range(index + 2, len(reading))
        return index > 0 or any(reading.written(place).islower() for place in behind)
    return reading.gap(index).startswith(".") or (reading.cased and written.istitle())


def _take_titles_before(reading: Reading, index: int) -> None:
    """Mark the titles before a title: Op. Dr., Prof. Dr."""
    place = index - 1
    while (
        reading.is_close(place)
        and reading.stays(place)
        and (reading.role(place) & (Role.HONORIFIC | Role.TITLE | Role.TITLE_PART))
    ):
        reading.remove(place, Kind.HONORIFIC_NAME)
        place -= 1


def _take_name(reading: Reading, first: int, sure: bool) -> list[int]:
    """Return the words of the name that begins here; none if none does."""
    taken: list[int] = []
    index = first
    while index < len(reading) and len(taken) < _MOST_WORDS_OF_NAME:
        gap = reading.gap(index - 1)
        if not _NAME_GAP.fullmatch(gap):
            break
        named = any(reading.uses[place] in _TAKEN or reading.kinds[place] for place in taken)
        end = end_of_surname(reading, index, named=named, titled=sure) if sure else index
        if end > index:
            taken += range(index, end)
            index = end
            continue
        if reading.kinds[index] is not None:
            if not reading.is_name(index):
                break
            taken.append(index)
        elif _belongs_to_name(reading, index, sure, taken):
            taken.append(index)
        else:
            break
        index += 1
    while (
        taken
        and reading.role(taken[-1]) & (Role.PARTICLE | Role.HONORIFIC | Role.TITLE)
        and (reading.uses[taken[-1]] not in _TAKEN)
    ):
        taken.pop()
    return taken


def _belongs_to_name(reading: Reading, index: int, sure: bool, taken: list[int]) -> bool:
    use, role = reading.uses[index], reading.role(index)
    word = reading.words[index].text
    named = any(
        (reading.uses[place] in _TAKEN and not reading.role(place) & Role.TITLE_PART)
        or reading.kinds[place]
        for place in taken
    )
    if role & (Role.HONORIFIC | Role.TITLE | Role.TITLE_PART) or (
        role & Role.PARTICLE and use is not Use.PROTECTED
    ):
        return True
    if use in {Use.UNKNOWN, Use.SURNAME}:
        return word.isalpha()
    if use is Use.LETTER:
        # an initial; the point tells it from laterality
        if reading.gap(index - 1) == "'":
            return False
        return reading.gap(index).startswith(".") or (sure and reading.is_name(index + 1))
    if use in {Use.DOUBLE, Use.EPONYM, Use.GIVEN, Use.PROTECTED}:
        if use is Use.PROTECTED:
            return False
        return (sure or not named) and reading.is_capital(index)
    if use is Use.BODY:
        return sure and not named and reading.is_capital(index)
    # Dr. Knee, Dr. Scan: no such list is complete
    honorific = bool(reading.role(index - 1) & Role.HONORIFIC) or _is_doctor(reading, index - 1)
    return (
        sure
        and not named
        and use is Use.KNOWN
        and word.isalpha()
        and not role & (Role.CONNECTIVE | Role.AGENT | Role.INSTITUTION)
        and (honorific or reading.gap(index - 1).startswith("."))
        and (
            reading.written(index).istitle()
            if reading.cased
            else honorific and "," in reading.gap(index)
        )
    )


def _is_doctor(reading: Reading, index: int) -> bool:
    """Tell whether "Dr" stands there, which is no Digital Radiography among small letters."""
    return reading.words[index].text in _DOCTORS and (
        reading.is_titled(index) or reading.written(index).islower()
    )


def _joins_second(reading: Reading, index: int) -> bool:
    """Tell whether "and" and a second name follow: Drs. Young and Strong."""
    if not 0 < index < len(reading) - 1:
        return False
    if not reading.is_close(index - 1) or reading.words[index].text not in _AND:
        return False
    named = reading.is_name(index + 1) or reading.may_be_name(index + 1)
    modifies = reading.is_close(index + 1) and reading.is_plain(index + 2)
    return (named and reading.is_capital(index + 1) and not modifies) or is_second_surname(
        reading, index + 1
    )


def remove_names_with_titles_behind(reading: Reading) -> None:
    """Mark names with a title behind: Young MD."""
    for index in range(1, len(reading)):
        if not reading.role(index) & Role.TITLE_AFTER or not reading.stays(index):
            continue
        place, taken = index - 1, False
        while (
            place >= 0
            and re.fullmatch(r"[\s.,_-]{0,3}", reading.gap(place))
            and (
                reading.is_name(place) or (reading.may_be_name(place) and reading.is_capital(place))
            )
        ):
            reading.remove(place, Kind.HONORIFIC_NAME)
            place, taken = place - 1, True
        if taken and place > 0 and reading.words[place].text in _AND:
            joined = reading.is_name(place - 1) or reading.may_be_name(place - 1)
            if joined and reading.is_capital(place - 1):
                reading.remove(place, Kind.HONORIFIC_NAME)
                reading.remove(place - 1, Kind.HONORIFIC_NAME)
        if taken:
            reading.remove(index, Kind.HONORIFIC_NAME)


def remove_names_with_ideographic_titles(reading: Reading) -> None:
    """Mark the name before 様 and its like; folding has made hiragana katakana."""
    for index in range(len(reading)):
        word = reading.words[index].text
        if word.isascii():
            continue
        title = next((title for title in _name_suffixes() if word.endswith(title)), None)
        if title is None:
            continue
        whole = word == title
        reading.remove(index, Kind.HONORIFIC_NAME)
        place = index - 1
        while (
            whole
            and place >= 0
            and reading.is_close(place)
            and (
                reading.is_name(place)
                or reading.may_be_name(place)
                or len(reading.words[place].text) == 1
            )
        ):
            reading.remove(place, Kind.HONORIFIC_NAME)
            place -= 1
