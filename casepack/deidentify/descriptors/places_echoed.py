"""Where a text repeats the study's own institution, address or station, whole or in part.

Articles and prepositions may differ, words may be shortened: "Hosp. Sto. André" is "Hospital de
Santo André". What describes any institution ("Spine", "Radiologie") says nothing alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from casepack.deidentify.descriptors.echo import Echo
from casepack.deidentify.descriptors.reading import Reading
from casepack.deidentify.descriptors.removals import Kind
from casepack.deidentify.descriptors.vocabulary import MODALITIES, Role, Use, Vocabulary

_LINKS: Final = Role.PARTICLE | Role.CONNECTIVE
_GENERIC: Final = _LINKS | Role.INSTITUTION | Role.QUALIFIER | Role.SPECIALTY | Role.STREET
_SURELY: Final = frozenset({Use.UNKNOWN, Use.LONG_NUMBER})
_NAMES_TOO: Final = frozenset({Use.DOUBLE, Use.GIVEN, Use.EPONYM, Use.SURNAME})
_LONGEST_SHORTENED: Final = 5
_LONG_RUN: Final = 4
_BEFORE_PLACES: Final = Role.AT | Role.BY | Role.INSTITUTION | Role.AGENT


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Words of a text that repeat words of a place."""

    first: int
    end: int
    place: tuple[str, ...]
    matched: frozenset[int]
    """Which words of the place."""


def remove_places(reading: Reading, echo: Echo) -> None:
    """Mark what repeats so much of a place that it says which one."""
    if not any(word.text in echo.places for word in reading.words):
        return
    index = 0
    while index < len(reading):
        runs = [
            _match_place(reading, index, place, start)
            for place in echo.places.get(reading.words[index].text, ())
            for start, word in enumerate(place)
            if word == reading.words[index].text
        ]
        own = [run for run in runs if _is_own(reading, run, echo)]
        end = max((run.end for run in own), default=index + 1)
        if own:
            taken = range(_first_shortened(reading, index, own), end)
            # beside a person's name another name may stand, beside a place a clinical word
            person = all(reading.uses[place] in _NAMES_TOO for place in taken)
            for place in taken:
                reading.remove(place, Kind.ECHO_NAME if person else Kind.ECHO_PLACE)
        index = end


def _match_place(reading: Reading, index: int, place: tuple[str, ...], start: int) -> _Run:
    """Walk through text and place side by side; articles and prepositions may differ."""
    roles = reading.vocabulary.roles
    here, there, end = index + 1, start + 1, index + 1
    matched = {start}
    while here < len(reading) and there < len(place) and reading.is_close(here - 1):
        if _is_word_of(reading, here, place[there]):
            matched.add(there)
            here, there = here + 1, there + 1
            end = here
        elif roles.get(place[there], 0) & _LINKS:
            there += 1
        elif reading.role(here) & _LINKS:
            here += 1
        else:
            break
    return _Run(first=index, end=end, place=place, matched=frozenset(matched))


def _is_word_of(reading: Reading, index: int, word: str) -> bool:
    return reading.words[index].text == word or is_shortened(reading, index, word)


def is_shortened(reading: Reading, index: int, word: str) -> bool:
    """Tell whether a word of the text is the other one with letters left out: Sta., Hosp., N."""
    short = reading.words[index].text
    if not (short and short[0] == word[:1] and len(short) < min(len(word), _LONGEST_SHORTENED)):
        return False
    if not (reading.gap(index).startswith(".") or reading.uses[index] is Use.UNKNOWN):
        return False
    letters = iter(word)
    return all(letter in letters for letter in short)


def _first_shortened(reading: Reading, index: int, runs: list[_Run]) -> int:
    """Return where shortened words of the place begin before a run: "[Sta.] Clara"."""
    first = index
    for run in runs:
        there, here = min(run.matched) - 1, index - 1
        while there >= 0 and here >= 0 and reading.is_close(here):
            if is_shortened(reading, here, run.place[there]) and reading.stays(here):
                first = min(first, here)
                here, there = here - 1, there - 1
            elif reading.vocabulary.roles.get(run.place[there], 0) & _LINKS:
                there -= 1
            else:
                break
    return first


def _is_own(reading: Reading, run: _Run, echo: Echo) -> bool:
    """Tell whether a run of words says which place: not just "MRI", "general", "spine center"."""
    words = range(run.first, run.end)
    if any(reading.uses[index] in _SURELY and reading.stays(index) for index in words):
        return True
    vocabulary = reading.vocabulary
    if _names_institution(reading, words):
        return True
    proper = {at for at, word in enumerate(run.place) if not _is_generic(word, vocabulary)}
    said = proper & run.matched
    if not said:
        return False
    if len(words) >= _LONG_RUN:
        return True
    if len(words) > 1 and len(run.matched) == len(run.place):
        return True
    capitals = [i for i in words if not _is_generic(reading.words[i].text, vocabulary)]
    if len(said) > 1:
        return not reading.original.islower() and all(map(reading.is_capital, capitals))
    return (said == proper or len(words) > 1) and _stands_as_place(reading, run, capitals[0], echo)


def _names_institution(reading: Reading, words: range) -> bool:
    """Tell whether a word for an institution stands in a run with another one that says more."""
    kinds = [reading.role(index) & (_LINKS | Role.INSTITUTION) for index in words]
    return any(kind & Role.INSTITUTION for kind in kinds) and 0 in kinds


def _is_generic(word: str, vocabulary: Vocabulary) -> bool:
    return (
        bool(vocabulary.role(word) & _GENERIC)
        or word in MODALITIES
        or len(word) == 1
        or word.isdecimal()
        or vocabulary.uses.get(word) is Use.BODY
    )


def _stands_as_place(reading: Reading, run: _Run, word: int, echo: Echo) -> bool:
    """Tell whether an ordinary word that is all that names the institution stands as its name."""
    if reading.uses[word] is Use.PROTECTED or reading.role(word) & Role.PARAMETER:
        return False
    whole = len(run.matched) == len(run.place)
    led = _role_before(reading, run.first)
    if (led & _BEFORE_PLACES and reading.is_capital(word)) or (led & Role.INSTITUTION and whole):
        return True
    if not (whole and reading.words[word].text in echo.institutions):
        named = len(run.matched) > 1 or run.first > 0
        return reading.uses[word] in _NAMES_TOO and reading.is_titled(word) and named
    if reading.original.islower() or not reading.is_capital(word):
        last = reading.ends_clause(run.end - 1)
        return last and run.first > 0 and not reading.role(run.first - 1) & _LINKS
    # a sentence begins with a capital, too
    followed = reading.is_close(run.end - 1) and reading.is_plain(run.end)
    return run.first > 0 or not followed or not reading.written(run.end).islower()


def _role_before(reading: Reading, index: int) -> int:
    """Return the roles of the word before, articles and prepositions passed over."""
    place, roles = index - 1, 0
    while place >= 0 and reading.is_close(place):
        roles |= reading.role(place)
        if not reading.role(place) & _LINKS:
            break
        place -= 1
    return roles
