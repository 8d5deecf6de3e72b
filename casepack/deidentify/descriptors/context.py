"""Names by the company they keep: titles, "by", "performed at", institutions."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from casepack.deidentify.descriptors.reading import Reading
from casepack.deidentify.descriptors.removals import Kind
from casepack.deidentify.descriptors.vocabulary import Role, Use, read_sections

_TAKEN: Final = frozenset({Use.UNKNOWN, Use.DOUBLE, Use.GIVEN, Use.EPONYM, Use.SURNAME})
_MOST_WORDS_OF_NAME: Final = 5
_MOST_WORDS_OF_PLACE: Final = 9
_LONGEST_INITIALS: Final = 4
_REACH_OF_AGENT: Final = 6
MODALITIES: Final = frozenset(
    {
        "mr",
        "mri",
        "mrt",
        "ct",
        "cta",
        "us",
        "usg",
        "pet",
        "xr",
        "dx",
        "cr",
        "nm",
        "rx",
        "tc",
        "rm",
        "irm",
        "tac",
        "echo",
        "ai",
        "cad",
    }
)
_AND: Final = frozenset({"and", "und", "et", "y", "e", "en", "ve", "и", "και"})
_AT_TOWNS: Final = frozenset({"te", "a", "em", "at"})
"""At a town, in languages that write no other noun with a capital."""
_NAME_GAP: Final = re.compile(r"[\s.'_^-]{0,3}")


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
            for place in (index, *taken):
                reading.remove(place, Kind.HONORIFIC_NAME)
            _take_titles_before(reading, index)


def _is_sure_title(reading: Reading, index: int) -> bool:
    """Tell whether the word before a name is surely a title: by its form, or it can be no other."""
    if reading.role(index) & Role.HONORIFIC:
        return True
    written = reading.written(index)
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
    named = any(reading.uses[place] in _TAKEN or reading.kinds[place] for place in taken)
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
    return (
        sure
        and not named
        and reading.cased
        and use is Use.KNOWN
        and word.isalpha()
        and reading.written(index).istitle()
        and not role & (Role.CONNECTIVE | Role.AGENT | Role.INSTITUTION)
        and (
            reading.gap(index - 1).startswith(".") or bool(reading.role(index - 1) & Role.HONORIFIC)
        )
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


def remove_by_phrases(reading: Reading) -> None:
    """Mark who did it: "ordered by Young", "technologist: AB", "for Rose by JS"."""
    for index in range(len(reading)):
        role = reading.role(index)
        if not role & (Role.BY | Role.FOR | Role.PERSON | Role.PATIENT) or not reading.stays(index):
            continue
        agent = _agent_before(reading, index)
        labelled = bool(re.match(r"\s?[:=]", reading.gap(index)))
        if role & (Role.PERSON | Role.PATIENT) and not labelled and not reading.is_close(index):
            continue
        sure = labelled or (bool(role & Role.BY) and agent is not None)
        taken = _take_agent(reading, index + 1, sure=sure, by=bool(role & (Role.BY | Role.PERSON)))
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


def _joins_second(reading: Reading, index: int) -> bool:
    """Tell whether "and" and a second name follow: Drs. Young and Strong."""
    return (
        0 < index < len(reading) - 1
        and reading.is_close(index - 1)
        and reading.words[index].text in _AND
        and reading.is_capital(index + 1)
        and (reading.is_name(index + 1) or reading.may_be_name(index + 1))
        and not (reading.is_close(index + 1) and _is_plain(reading, index + 2))
    )


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
        return sure and alone
    if use in {Use.DOUBLE, Use.EPONYM, Use.GIVEN}:
        if not reading.is_capital(index):
            return False
        return sure or not (reading.is_close(index) and _is_plain(reading, index + 1))
    return use is Use.BODY and sure and by and alone and reading.is_capital(index)


def _are_initials(reading: Reading, index: int) -> bool:
    word = reading.written(index)
    return (
        word.isalpha()
        and word.isupper()
        and len(word) < _LONGEST_INITIALS
        and (
            reading.ends_clause(index)
            or not reading.stays(index + 1)
            or not _is_plain(reading, index + 1)
        )
    )


def _is_plain(reading: Reading, index: int) -> bool:
    """Tell whether a word is there that is no name: what stands before it may modify it."""
    return (
        reading.stays(index)
        and reading.use(index)
        in {
            Use.KNOWN,
            Use.PROTECTED,
            Use.NUMBER,
            Use.BODY,
            Use.LETTER,
        }
        and not reading.role(index) & Role.CONNECTIVE
    )


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
            and not (reading.is_close(place) and _is_plain(reading, place + 1))
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
