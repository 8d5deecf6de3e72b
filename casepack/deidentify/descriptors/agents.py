"""Who did it: "ordered by Young", "technologist: AB", "for Rose by JS"."""

from __future__ import annotations

import re
from typing import Final

from casepack.deidentify.descriptors.reading import Reading
from casepack.deidentify.descriptors.removals import Kind
from casepack.deidentify.descriptors.surnames import end_of_surname
from casepack.deidentify.descriptors.vocabulary import MODALITIES, Role, Use

_MOST_WORDS_OF_NAME: Final = 5
_LONGEST_INITIALS: Final = 4
_REACH_OF_AGENT: Final = 6
_SHORTEST_NAME: Final = 3
_LEADING: Final = Role.BY | Role.FOR | Role.PERSON | Role.PATIENT
_NO_NAMES: Final = (
    Role.CONNECTIVE | Role.AGENT | Role.INSTITUTION | Role.PERSON | Role.PATIENT | Role.SPECIALTY
)
_AND: Final = frozenset({"and", "und", "et", "y", "e", "en", "ve", "и", "και"})


def remove_by_phrases(reading: Reading) -> None:
    """Mark who did it: "ordered by Young", "technologist: AB", "for Rose by JS"."""
    for index in range(len(reading)):
        role = reading.role(index)
        with_somebody = role & Role.WITH and reading.role(index - 1) & Role.TALK
        if not (role & _LEADING or with_somebody) or not reading.stays(index):
            continue
        agent = None if with_somebody else _agent_before(reading, index)
        labelled = bool(re.match(r"\s?[:=]", reading.gap(index)))
        if role & (Role.PERSON | Role.PATIENT) and not labelled and not reading.is_close(index):
            continue
        by = labelled or bool(role & (Role.BY | Role.PERSON) or with_somebody)
        sure = labelled or (bool(role & Role.BY) and agent is not None) or bool(with_somebody)
        taken = _take_agent(reading, index + 1, sure=sure, by=by)
        if not taken:
            continue
        for place in taken:
            reading.remove(place, Kind.BY_PHRASE)
        if agent is not None:
            for place in range(agent, index):
                if reading.role(place) & (Role.AGENT | Role.CONNECTIVE):
                    reading.remove(place, Kind.BY_PHRASE)
        if not role & Role.PATIENT:
            reading.remove(index, Kind.BY_PHRASE)


def _agent_before(reading: Reading, index: int) -> int | None:
    """Return the place of the verb that a "by" or "for" belongs to, in the same clause."""
    place = index - 1
    while place >= 0 and index - place <= _REACH_OF_AGENT:
        if reading.ends_clause(place):
            return None
        if reading.role(place) & Role.AGENT:
            return place
        if reading.stays(place) and not reading.role(place) & Role.CONNECTIVE:
            return None
        place -= 1
    return None


def _take_agent(reading: Reading, first: int, *, sure: bool, by: bool) -> list[int]:
    """Return the words of a name behind "by" and the like; none if no name stands there."""
    taken: list[int] = []
    index = first
    while index < len(reading) and len(taken) < _MOST_WORDS_OF_NAME:
        gap = reading.gap(index - 1)
        if not re.fullmatch(r"[\s.'_^-]{0,3}" if taken else r"[\s.'_:=^-]{0,4}", gap):
            break
        end = end_of_surname(reading, index, named=any(map(reading.is_name, taken)))
        led = sure or (index == first and _is_person(reading, index - 1))
        if end > index and (led or reading.uses[end - 1] is not Use.KNOWN):
            taken += range(index, end)
            index = end
            continue
        if reading.kinds[index] is not None:
            if not reading.is_name(index):
                break
        elif not _is_agent(reading, index, sure=sure, by=by, alone=not taken):
            if not (sure and taken and _joins_agents(reading, index)):
                break
            taken.append(index)
            index += 1
        taken.append(index)
        index += 1
    return taken


def _joins_agents(reading: Reading, index: int) -> bool:
    """Tell whether "and" and a second name follow: read by Young and Strong."""
    return (
        reading.words[index].text in _AND
        and index + 1 < len(reading)
        and (_is_agent(reading, index + 1, sure=True, by=True, alone=True))
    )


def _is_agent(reading: Reading, index: int, *, sure: bool, by: bool, alone: bool) -> bool:
    use, word = reading.uses[index], reading.words[index].text
    if use in {Use.UNKNOWN, Use.SURNAME}:
        return word.isalpha()
    if reading.role(index) & (Role.HONORIFIC | Role.TITLE | Role.TITLE_PART):
        return bool(reading.role(index) & Role.HONORIFIC) or reading.gap(index).startswith(".")
    if sure and _are_initials(reading, index):
        return word not in MODALITIES
    if use is Use.LETTER:
        return sure and (alone or reading.gap(index).startswith("."))
    if use in {Use.DOUBLE, Use.EPONYM, Use.GIVEN}:
        return reading.is_capital(index) and (sure or not reading.describes_next(index))
    if not by or not (alone or reading.uses[index - 1] is Use.LETTER):
        return False
    if use is Use.BODY and sure:
        return reading.is_capital(index)
    return use is Use.KNOWN and _is_word_for_name(reading, index, sure=sure)


def _is_person(reading: Reading, index: int) -> bool:
    """Tell whether a person's part stands there inside of a sentence: "huisarts Kok"."""
    if not reading.role(index) & Role.PERSON:
        return False
    return reading.written(index).islower() or index == 0 or reading.ends_clause(index - 1)


def _is_word_for_name(reading: Reading, index: int, *, sure: bool) -> bool:
    """Tell whether a known word has a name's capital and is no department: "seen by Slot"."""
    led = (
        sure
        or _is_person(reading, index - 1)
        or (
            reading.role(index - 1) & Role.BY
            and not reading.role(index - 1) & (Role.PARTICLE | Role.FOR)
            and reading.is_only_titled(index, index + 1)
        )
    )
    return (
        bool(led)
        and reading.cased
        and reading.is_titled(index)
        and len(reading.words[index].text) >= _SHORTEST_NAME
        and not reading.role(index) & _NO_NAMES
        and not reading.describes_next(index)
        and reading.is_running()
    )


def _are_initials(reading: Reading, index: int) -> bool:
    word = reading.written(index)
    return (
        word.isalpha()
        and word.isupper()
        and len(word) < _LONGEST_INITIALS
        and (
            reading.ends_clause(index)
            or not reading.stays(index + 1)
            or not reading.is_plain(index + 1)
        )
    )
