"""What goes because of what went beside it: the rest of a name, a place or a number.

These rules look at the words of the text as it was, so they come last in a pass: once a name is
gone, nothing tells any longer that the word beside it belonged to it.
"""

from __future__ import annotations

from typing import Final

from casepack.deidentify.descriptors.late import LatePattern
from casepack.deidentify.descriptors.reading import Reading
from casepack.deidentify.descriptors.removals import Kind
from casepack.deidentify.descriptors.vocabulary import Role, Use

_PLACES: Final = frozenset(
    {
        Kind.ECHO_NAME,
        Kind.ECHO_PLACE,
        Kind.HONORIFIC_NAME,
        Kind.BY_PHRASE,
        Kind.NAME_USE,
        Kind.PLACE_PHRASE,
        Kind.ADDRESS,
        Kind.UNKNOWN_TOKEN,
    }
)
_NUMBERS: Final = frozenset({Kind.NUMBER, Kind.PHONE, Kind.ECHO_ID})
_FEWEST_DIGITS: Final = 5
_MOST_DIGITS_BESIDE: Final = 4
_BETWEEN_NUMBERS: Final = LatePattern(r"[ ()/.\-]{1,3}")
_POSTAL_CODE: Final = LatePattern(
    # 03-667, 88162-538, 1234-567; 752 36; 12345; 3572 VO
    r"(?<![\w.,/-])(?:\d{2}-\d{3}|\d{4,5}-\d{3}|\d{3} \d{2}|\d{4,6}|[1-9]\d{3} ?[a-z]{2})"
    r"(?=[ ,]{1,2}\Z)"
)
_LONGEST_ADDRESS: Final = 14
_ADDRESS_GAP: Final = LatePattern(r"[\s.,:'’/_-]{0,4}")  # noqa: RUF001  # the apostrophe of print
_ENDS_SENTENCE: Final = LatePattern(r"\.\s|[\n\r;]")
_LONGEST_ABBREVIATION: Final = 4
_SHORTEST_TAIL: Final = 2
_LONGEST_INITIALS: Final = 4
_AND: Final = frozenset({"and", "und", "et", "y", "e", "en", "ve", "и", "και", "i", "o", "a"})
_DATES: Final = frozenset({Kind.DATE, Kind.ECHO_DATE, Kind.TIME})
_BRACKETS: Final = {"(": ")", "[": "]", "{": "}"}


def spread_removals(reading: Reading) -> None:
    """Mark what belongs to something that was marked."""
    _take_addresses(reading)
    _take_postal_codes(reading)
    _take_numbers(reading)
    _take_names(reading)
    _take_signatures(reading)
    remove_bracketed_initials(reading)


def _take_addresses(reading: Reading) -> None:
    """Mark all that stands behind "lives at" up to the end of the address."""
    if not reading.all_roles & Role.ADDRESS_CUE:
        return
    for index in range(len(reading)):
        if not reading.role(index) & Role.ADDRESS_CUE or not reading.stays(index):
            continue
        taken = _address_behind(reading, index)
        named = [place for place in taken if _is_of_address(reading, place)]
        if named:
            for place in range(index, named[-1] + 1):
                reading.remove(place, Kind.ADDRESS)


def _address_behind(reading: Reading, index: int) -> list[int]:
    taken: list[int] = []
    place = index + 1
    while place < len(reading) and len(taken) < _LONGEST_ADDRESS:
        gap = reading.gap(place - 1)
        text = reading.words[place - 1].text
        if _ENDS_SENTENCE.search(gap) and not (
            gap.startswith(". ") and _is_abbreviation(reading, place - 1, text)
        ):
            break
        if not _ADDRESS_GAP.fullmatch(gap) or not _may_be_of_address(reading, place):
            break
        taken.append(place)
        place += 1
    return taken


def _is_abbreviation(reading: Reading, index: int, text: str) -> bool:
    street = reading.role(index) & (
        Role.STREET | Role.STREET_BEFORE | Role.PLACE_WORD | Role.ADDRESS_CUE
    )
    return len(text) <= _LONGEST_ABBREVIATION and bool(street)


def _may_be_of_address(reading: Reading, place: int) -> bool:
    role = reading.role(place)
    if reading.kinds[place] is not None:
        return reading.kinds[place] in _PLACES | _NUMBERS
    if reading.uses[place] in {Use.NUMBER, Use.LONG_NUMBER, Use.LETTER}:
        return True
    if role & (
        Role.STREET | Role.STREET_BEFORE | Role.PLACE_WORD | Role.PARTICLE | Role.AT | Role.ID_CUE
    ):
        return True
    return reading.cased and reading.written(place)[:1].isupper()


def _is_of_address(reading: Reading, place: int) -> bool:
    """Tell whether a word may end an address: no preposition that leads on."""
    return reading.kinds[place] is not None or (
        reading.uses[place] in {Use.NUMBER, Use.LONG_NUMBER}
        or (reading.cased and reading.written(place)[:1].isupper())
    )


def _take_postal_codes(reading: Reading) -> None:
    """Mark the postal code before a town that went."""
    if not reading.all_uses & (Use.NUMBER | Use.LONG_NUMBER):
        return
    text = reading.folded.text
    for index in range(1, len(reading)):
        if reading.kinds[index] not in _PLACES or not reading.is_titled(index):
            continue
        code = _POSTAL_CODE.search(text, 0, reading.words[index].start)
        if code is None:
            continue
        place = index - 1
        while place >= 0 and reading.words[place].start >= code.start():
            reading.remove(place, Kind.ADDRESS)
            place -= 1


def _take_numbers(reading: Reading) -> None:
    """Mark the groups of a number of which one group went."""
    for step in (1, -1):
        order = range(len(reading)) if step > 0 else reversed(range(len(reading)))
        for index in order:
            gone = index - step
            if (
                reading.stays(index)
                and reading.uses[index] is Use.NUMBER
                and reading.words[index].text.isdecimal()
                and 0 <= gone < len(reading)
                and reading.kinds[gone] in _NUMBERS
                and _belongs_to_number(reading, index, gone)
            ):
                reading.remove(index, Kind.NUMBER)


def _belongs_to_number(reading: Reading, index: int, gone: int) -> bool:
    if not _BETWEEN_NUMBERS.fullmatch(reading.gap(min(index, gone))):
        return False
    if _count_digits(reading, gone, gone - index) < _FEWEST_DIGITS:
        return False
    if len(reading.words[index].text) > _MOST_DIGITS_BESIDE:
        return False
    if index < gone and not reading.folded.text[reading.words[gone].start].isdecimal():
        # the span began with a word for a phone or a record
        return False
    measured = reading.gap(index) in {"", " "} and reading.role(index + 1) & Role.UNIT
    led = index > 0 and reading.role(index - 1) & Role.PARAMETER
    sign = reading.folded.text[reading.words[index].end :][:1]
    return not measured and not (led and index < gone) and sign not in {"%", "°"}


def _count_digits(reading: Reading, index: int, step: int) -> int:
    """Return how many digits went in a row of groups that ends here."""
    digits = 0
    while 0 <= index < len(reading) and reading.kinds[index] in _NUMBERS:
        word = reading.words[index]
        written = reading.folded.text[word.start : word.end]
        digits += sum(char.isdecimal() for char in written)
        index += step
    return digits


def _take_names(reading: Reading) -> None:
    """Mark the rest of a name: "Kelvin [Plains]", "Elvira [Dalla]", "[San] Nayeli"."""
    if not reading.cased:
        return
    running = reading.is_running()
    for index in range(len(reading)):
        if not reading.stays(index) or not reading.is_titled(index):
            continue
        role = reading.role(index)
        behind = index > 0 and _goes_as_name(reading, index - 1) and _is_joined(reading, index - 1)
        before = _goes_as_name(reading, index + 1) and _is_joined(reading, index)
        if (
            (behind and (role & (Role.PLACE_WORD | Role.PARTICLE | Role.CONNECTIVE)))
            or (behind and running and _may_be_of_name(reading, index))
            or (behind and reading.gap(index - 1) == "-" and _is_double_barrelled(reading, index))
            or (before and role & Role.PLACE_PREFIX)
            or (before and role & Role.STREET_BEFORE)
        ):
            reading.remove(index, Kind.NAME_USE)
    _take_surnames_behind_particles(reading, running=running)
    for index in range(1, len(reading) - 1):
        # an article between two parts of a name that went
        if (
            reading.stays(index)
            and reading.role(index) & (Role.PARTICLE | Role.CONNECTIVE)
            and reading.words[index].text not in _AND
            and _goes_as_name(reading, index - 1)
            and reading.kinds[index + 1] in _PLACES
            and _is_joined(reading, index - 1)
            and _is_joined(reading, index)
        ):
            reading.remove(index, Kind.NAME_USE)


def _is_double_barrelled(reading: Reading, index: int) -> bool:
    """Tell whether a surname goes on behind a hyphen: "T2 sag Jansen-Slot"."""
    return _may_be_of_name(reading, index) and reading.is_only_titled(index - 1, index + 1)


def _take_surnames_behind_particles(reading: Reading, *, running: bool) -> None:
    """Mark "van Wissen" behind a name that went, where Wissen is a word too."""
    for index in range(1, len(reading) - 1):
        if (
            running
            and reading.stays(index)
            and reading.role(index) & Role.PARTICLE
            and reading.words[index].text not in _AND
            and _goes_as_name(reading, index - 1)
            and _is_joined(reading, index - 1)
            and _is_joined(reading, index)
            and reading.is_titled(index + 1)
            and _may_be_of_name(reading, index + 1)
        ):
            reading.remove(index, Kind.NAME_USE)
            reading.remove(index + 1, Kind.NAME_USE)


def _may_be_of_name(reading: Reading, index: int) -> bool:
    """Tell whether a known word goes on with the name before it; a modality never does."""
    return (
        reading.uses[index] in {Use.KNOWN, Use.DOUBLE, Use.GIVEN, Use.EPONYM}
        and len(reading.words[index].text) >= _SHORTEST_TAIL
    )


def _goes_as_name(reading: Reading, index: int) -> bool:
    return (
        0 <= index < len(reading) and reading.kinds[index] in _PLACES and reading.is_titled(index)
    )


def _is_joined(reading: Reading, index: int) -> bool:
    return reading.gap(index) in {" ", "-", "\u00a0"}


def _take_signatures(reading: Reading) -> None:
    """Mark initials before a date that went: "15 mL iv RUT [10/13/2023]"."""
    for index in range(len(reading) - 1):
        if (
            reading.kinds[index + 1] in _DATES
            and reading.stays(index)
            and reading.is_initials(index)
            and reading.gap(index) in {" ", ", "}
        ):
            reading.remove(index, Kind.INITIAL)


def remove_bracketed_initials(reading: Reading) -> None:
    """Mark "[ETA]": capitals in brackets that are no abbreviation of anything."""
    text = reading.folded.text
    for index in range(len(reading)):
        word = reading.words[index]
        if not reading.stays(index) or not 1 < len(word.text) <= _LONGEST_INITIALS:
            continue
        closing = _BRACKETS.get(text[word.start - 1 : word.start])
        if closing and text[word.end : word.end + 1] == closing and reading.is_initials(index):
            reading.remove(index, Kind.INITIAL)
