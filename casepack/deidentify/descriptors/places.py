"""Places by their company: "performed at", named institutions."""

from __future__ import annotations

import re
from typing import Final

from casepack.deidentify.descriptors.reading import Reading
from casepack.deidentify.descriptors.removals import Kind
from casepack.deidentify.descriptors.vocabulary import Role, Use

_MOST_WORDS_OF_PLACE: Final = 9
_AT_TOWNS: Final = frozenset({"te", "a", "em", "at"})
"""At a town, in languages that write no other noun with a capital."""


def remove_place_phrases(reading: Reading) -> None:
    """Mark named institutions, and what follows "performed at" when it names a place."""
    for index in range(len(reading)):
        if not reading.stays(index):
            continue
        if reading.role(index) & Role.INSTITUTION:
            _remove_institution(reading, index)
        elif reading.role(index) & Role.AGENT and reading.role(index + 1) & Role.AT:
            _remove_place_of_work(reading, index)


def _remove_place_of_work(reading: Reading, index: int) -> None:
    """Mark verb, preposition and all up to the last word that names the place."""
    last, place = None, index + 2
    while place < len(reading) and place - index < _MOST_WORDS_OF_PLACE:
        if reading.ends_clause(place - 1) or (place > index + 2 and reading.role(place) & Role.BY):
            break
        named = reading.role(place) & Role.INSTITUTION or (
            reading.uses[place] is Use.DOUBLE
            and reading.is_capital(place)
            and not (reading.is_close(place) and reading.is_plain(place + 1))
        )
        if named or reading.is_name(place) or reading.kinds[place] is Kind.ECHO_PLACE:
            last = place
        place += 1
    town = index + 2
    if last is None and reading.words[index + 1].text in _AT_TOWNS and _is_town(reading, town):
        last = town
    if last is not None:
        for taken in range(index, last + 1):
            reading.remove(taken, Kind.PLACE_PHRASE)


def _is_town(reading: Reading, index: int) -> bool:
    """Tell whether a known word with a capital ends the clause: "uitgevoerd te Proven"."""
    return (
        reading.cased
        and reading.stays(index)
        and reading.is_close(index - 1)
        and reading.uses[index] in {Use.KNOWN, Use.DOUBLE, Use.GIVEN}
        and reading.written(index).istitle()
        and reading.ends_clause(index)
    )


def _remove_institution(reading: Reading, index: int) -> None:
    """Mark "Mercy General Hospital", "Klinikum Stern": the word, its name and what is between."""
    ends = [_reach_of_name(reading, index, -1), _reach_of_name(reading, index, 1)]
    if ends == [index, index]:
        return
    for place in range(ends[0], ends[1] + 1):
        reading.remove(place, Kind.PLACE_PHRASE)


def _reach_of_name(reading: Reading, index: int, step: int) -> int:
    """Return the farthest word of the institution's name on one side."""
    farthest, place = index, index + step
    while 0 <= place < len(reading) and abs(place - index) < _MOST_WORDS_OF_PLACE:
        between = place if step < 0 else place - 1
        if not re.fullmatch(r"[\s.'_-]{0,3}", reading.gap(between)):
            break
        named = reading.is_name(place) or reading.kinds[place] is Kind.ECHO_PLACE
        double = (
            reading.uses[place] is Use.DOUBLE
            and reading.stays(place)
            and (
                reading.is_capital(place)
                and (step < 0 or bool(reading.role(place - 1) & Role.PARTICLE))
            )
        )
        if named or double:
            farthest = place
        elif not reading.role(place) & (Role.QUALIFIER | Role.PARTICLE | Role.INSTITUTION) and not (
            reading.role(place) & Role.CONNECTIVE and not reading.role(place) & Role.BY and step > 0
        ):
            break
        place += step
    return farthest
