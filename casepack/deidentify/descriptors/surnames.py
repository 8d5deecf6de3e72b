"""Surnames that are words too, by what stands before them: van der Zee, de Kok, P.J. Slot.

A particle and a capital are a name behind a title, a person's part or "by". Alone they are one only
where no language says so of anything else: nobody writes "van der" or "in 't" of a knee.
"""

from __future__ import annotations

from typing import Final

from casepack.deidentify.descriptors.reading import Reading
from casepack.deidentify.descriptors.removals import Kind
from casepack.deidentify.descriptors.vocabulary import Role, Use

_MOST_PARTICLES: Final = 3
LEADING: Final = frozenset({"in", "op", "uit", "onder", "over", "aan", "bij", "v", "d", "m"})
"""Begin a surname before a particle only: in 't, op den, v.d."""
_OF_SURNAMES: Final = frozenset(
    {
        *(("van", "der"), ("van", "den"), ("van", "t"), ("in", "t")),
        *(("op", "den"), ("op", "t"), ("op", "der"), ("uit", "den"), ("uit", "t"), ("aan", "den")),
        *(("van", "ter"), ("van", "ten"), ("vd",), ("vander",), ("vanden",), ("ter",), ("ten",)),
    }
)
"""Of surnames alone before a capital; "van de" and "von der" lead to any noun."""
_PREPOSITIONS: Final = frozenset({"zu", "zum", "zur", "vom", "af", "y", "o", "e", "und"})
"""Lead to any noun far more often than to a surname."""
_NOT_BEHIND_NAMES: Final = _PREPOSITIONS | frozenset(
    "von der den de des del della di da do dos das du la le los las el al".split()  # noqa: SIM905  # a list of words
)
_NAMES_TOO: Final = frozenset({Use.DOUBLE, Use.GIVEN, Use.EPONYM, Use.SURNAME, Use.UNKNOWN})
_ORDINARY: Final = frozenset({Use.KNOWN, Use.BODY}) | _NAMES_TOO
_BETWEEN: Final = frozenset({" ", ".", ". ", "'", " '", "/", "-", "_", ".'"})
_SHORTEST: Final = 2
_SHORTEST_NOUN: Final = 4
_FEWEST_INITIALS: Final = 2
_OF_PLACES: Final = Role.INSTITUTION | Role.SPECIALTY | Role.STREET | Role.STREET_BEFORE
_NO_NAME: Final = _OF_PLACES | Role.CONNECTIVE | Role.AGENT | Role.PERSON | Role.PATIENT
"""Lead on to a name, or are of a place."""


def end_of_surname(
    reading: Reading, index: int, *, named: bool = False, titled: bool = False
) -> int:
    """Return the place behind a surname with particles that begins here; `index` if none does.

    What stands behind the particles is written as a name is; whether it is one, the caller knows.

    Parameters
    ----------
    named
        Whether a name stands before it: "Frau Stern von der Station" goes on with no surname.
    titled
        Whether a title stands before it, so that small letters are a name, too.
    """
    last = _end_of_particles(reading, index)
    if last == index or not _may_be_surname(reading, last):
        return index
    if reading.words[index].text in (_NOT_BEHIND_NAMES if named else _PREPOSITIONS):
        return index
    if not (_is_written_as_name(reading, index, last) or (titled and not reading.cased)):
        return index
    end = last + 1
    while end < len(reading) and reading.gap(end - 1) == "-" and _may_be_surname(reading, end):
        end += 1
    return end


def remove_surnames_with_particles(reading: Reading) -> None:
    """Mark "van der Zee" wherever it stands, and "de Jong" where nothing else has a capital."""
    for index in range(len(reading)):
        if not reading.stays(index):
            continue
        end = end_of_surname(reading, index)
        if end == index:
            continue
        particles = _particles(reading, index)
        sure = particles in _OF_SURNAMES and (
            len(particles) > 1 or (reading.cased and reading.written(index)[:1].islower())
        )
        double = reading.uses[end - 1] in {Use.DOUBLE, Use.GIVEN} or _is_initial(reading, index - 1)
        if sure or (double and _is_only_name(reading, index, end)):
            for place in range(index, end):
                reading.remove(place, Kind.NAME_USE)


def remove_names_with_initials(reading: Reading) -> None:
    """Mark "P.J. Groot" and "Groot, P.J."; "A.C.I. Stenose" has no word that is a name, too."""
    if not reading.cased or not reading.all_uses & Use.LETTER:
        return
    index = 0
    while index < len(reading):
        end = _end_of_initials(reading, index)
        if end - index >= _FEWEST_INITIALS:
            surname = end_of_surname(reading, end) if end < len(reading) else end
            if surname == end and _is_double(reading, end):
                surname += 1
            first = index
            if surname == end and _is_double(reading, index - 1):
                first -= reading.gap(index - 1) in {" ", ", "}
            if surname > end or first < index:
                for place in range(first, surname):
                    reading.remove(place, Kind.NAME_USE)
        index = max(end, index + 1)


def _end_of_initials(reading: Reading, index: int) -> int:
    """Return the place behind capitals with points that are no known abbreviation together."""
    place = index
    while (
        place < len(reading)
        and reading.stays(place)
        and reading.uses[place] is Use.LETTER
        and reading.written(place).isupper()
        and reading.gap(place).startswith(".")
        and (place == index or reading.gap(place - 1) in {".", ". "})
    ):
        place += 1
    return place


def _is_double(reading: Reading, index: int) -> bool:
    return (
        0 <= index < len(reading)
        and reading.uses[index] in _NAMES_TOO
        and _is_surname(reading, index)
    )


def _is_surname(reading: Reading, index: int) -> bool:
    return _may_be_surname(reading, index) and reading.is_titled(index)


def _end_of_particles(reading: Reading, index: int) -> int:
    """Return the place behind the particles that begin here; `index` if none do."""
    place, found = index, False
    while place < len(reading) and place - index < _MOST_PARTICLES:
        if place > index and reading.gap(place - 1) not in _BETWEEN:
            break
        if is_particle(reading, place):
            found = True
        elif place > index or reading.words[place].text not in LEADING:
            break
        place += 1
    return place if found else index


def is_particle(reading: Reading, index: int) -> bool:
    """Tell whether a word that stays is a particle here: van, 't, vd, the d of v.d."""
    text = reading.words[index].text
    if reading.kinds[index] is not None:
        return False
    if text == "t":
        start = reading.words[index].start
        return reading.folded.text[max(0, start - 1) : start] == "'"
    if text == "d" and index > 0:
        return reading.words[index - 1].text == "v" and reading.gap(index - 1) in {".", "/", ". "}
    return bool(reading.role(index) & Role.PARTICLE)


def _may_be_surname(reading: Reading, index: int) -> bool:
    """Tell whether a word that stays is written as a surname is; no department, no verb."""
    return (
        reading.stays(index)
        and reading.uses[index] in _ORDINARY
        and len(reading.words[index].text) >= _SHORTEST
        and not reading.role(index) & _NO_NAME
        and (index == 0 or reading.gap(index - 1) in _BETWEEN)
    )


def _is_written_as_name(reading: Reading, first: int, last: int) -> bool:
    """Tell whether capitals show a name, or particles that have no other use do without them."""
    written = reading.written(last)
    if reading.is_titled(last):
        return True
    if not written.isupper() or len(written) < _SHORTEST_NOUN - 1:
        return _particles(reading, first) in _OF_SURNAMES and not reading.cased
    return not reading.cased or _particles(reading, first) in _OF_SURNAMES


def _particles(reading: Reading, index: int) -> tuple[str, ...]:
    return tuple(word.text for word in reading.words[index : _end_of_particles(reading, index)])


def is_second_surname(reading: Reading, index: int) -> bool:
    """Tell whether another surname follows behind "and" or a stroke: "Drs. Kok en Slot"."""
    modifies = reading.describes_next(index)
    return (
        index < len(reading)
        and _is_surname(reading, index)
        and not modifies
        and reading.is_running()
    )


def _is_initial(reading: Reading, index: int) -> bool:
    """Tell whether a capital with a point stands there: "J. de Kok"."""
    return (
        index >= 0
        and reading.uses[index] is Use.LETTER
        and reading.written(index).isupper()
        and reading.gap(index).startswith(".")
    )


def _is_only_name(reading: Reading, index: int, end: int) -> bool:
    """Tell whether nothing else inside of the text is written as a name, and nothing is of it.

    "Quiste de Baker" has a noun before it, "de Larga evolución" one behind.
    """
    if not reading.cased or reading.describes_next(end - 1):
        return False
    if reading.is_close(index - 1) and reading.is_plain(index - 1):
        noun = reading.written(index - 1)
        if len(noun) >= _SHORTEST_NOUN and noun[1:].islower():
            return False
    return reading.written(index).islower() and reading.is_only_titled(index, end)
