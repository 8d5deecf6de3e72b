"""Clinical words in name use, addresses, initials, and the words that removals leave dangling."""

from __future__ import annotations

import re
from typing import Final

from casepack.deidentify.descriptors.ideographs import KOREAN_SURNAMES
from casepack.deidentify.descriptors.late import LatePattern
from casepack.deidentify.descriptors.reading import Reading
from casepack.deidentify.descriptors.removals import Kind
from casepack.deidentify.descriptors.surnames import LEADING, is_particle
from casepack.deidentify.descriptors.vocabulary import Role, Use

_DOUBLES: Final = frozenset({Use.DOUBLE, Use.GIVEN, Use.EPONYM})
_EPONYMS: Final = frozenset({Use.EPONYM, Use.SURNAME})
_NAMES_TOO: Final = _DOUBLES | {Use.BODY, Use.SURNAME}
_MOST_WORDS_OF_STREET: Final = 7
_LEAST_LETTERS: Final = 3
_LENGTH_OF_KOREAN_GIVEN: Final = 2
_HOUSE: Final = LatePattern(r"\d{1,5}[a-z]?")
_LABEL: Final = LatePattern(r"\s?[:=#.]{0,2}\s?[#(]?\s?")
_DANGLING: Final = Role.CONNECTIVE | Role.BY | Role.FOR | Role.AT
_PERSONAL: Final = frozenset(
    {
        Kind.ECHO_NAME,
        Kind.ECHO_PLACE,
        Kind.HONORIFIC_NAME,
        Kind.BY_PHRASE,
        Kind.PLACE_PHRASE,
        Kind.NAME_USE,
        Kind.ADDRESS,
    }
)


_ABBREVIATIONS: Final = frozenset({"op", "as", "re", "na", "an", "am", "abd", "ur", "af"})
"""Connectives that are abbreviations in capitals: OP, operation; AS, aortic stenosis."""
_AND: Final = frozenset({"y", "o", "e", "und"})
"""Particles that join two words as well."""
_OF: Final = frozenset({"of", "de", "di", "van", "von", "da", "do", "nach"})
"""Between a disease and the eponym that names it."""
_SAINTS: Final = frozenset(
    {"st", "ste", "sta", "sto", "san", "santa", "sankt", "saint", "sao", "sveti"}
)
_WHEN_OR_WHERE: Final = frozenset(
    {
        Kind.DATE,
        Kind.ECHO_DATE,
        Kind.TIME,
        Kind.PHONE,
        Kind.E_MAIL,
        Kind.URL,
        Kind.ADDRESS,
        Kind.PLACE_PHRASE,
        Kind.ECHO_PLACE,
    }
)


def protect_phrases(reading: Reading) -> None:
    """Mark the words of known phrases as in clinical use: white matter, Modic 1."""
    phrases = reading.vocabulary.phrases
    for index, word in enumerate(reading.words):
        for rest in phrases.get(word.text, ()):
            last = index + len(rest)
            if last < len(reading) and all(
                reading.words[index + 1 + place].text == part and reading.is_close(index + place)
                for place, part in enumerate(rest)
            ):
                for place in range(index, last + 1):
                    reading.uses[place] = Use.PROTECTED


def remove_name_uses(reading: Reading) -> None:
    """Mark words that are names too where they stand beside a name or in a name's form."""
    for index, use in enumerate(reading.uses):
        if reading.kinds[index] is not None or use not in _NAMES_TOO:
            continue
        if use is Use.SURNAME:
            named = True
        elif use is Use.BODY:
            named = _heads_name(reading, index)
        else:
            named = _is_beside_name(reading, index)
        if named and not _has_companion(reading, index):
            reading.remove(index, Kind.NAME_USE)


def _heads_name(reading: Reading, index: int) -> bool:
    """Tell whether a part of the body is a surname: "Hand, Maria", "HAND^MARIA"."""
    if not reading.has_comma(index) or not reading.is_name(index + 1):
        return False
    return reading.has_caret(index) or index == 0 or not _is_clinical(reading, index - 1)


def _is_clinical(reading: Reading, index: int) -> bool:
    return reading.is_close(index) and reading.use(index) in {Use.KNOWN, Use.PROTECTED, Use.NUMBER}


def _is_beside_name(reading: Reading, index: int) -> bool:
    for beside, between in ((index - 1, index - 1), (index + 1, index)):
        if not reading.is_close(between):
            continue
        pair = reading.has_comma(between)
        if reading.is_name(beside) and (pair or _fits(reading, index, beside)):
            return True
        doubled = reading.uses[beside] in _DOUBLES and reading.stays(beside)
        if doubled and reading.has_caret(between):
            return True
        given = Use.GIVEN in {reading.uses[index], reading.uses[beside]}
        if doubled and given and not pair and _fits(reading, index, beside):
            return True
        initial = reading.uses[beside] is Use.LETTER and reading.stays(beside)
        if initial and _is_initial(reading, beside, beside < index, pair=pair):
            return True
    return False


def _fits(reading: Reading, index: int, beside: int) -> bool:
    """Tell whether two words are both written as names are, and no measure stands before."""
    if reading.cased and not (reading.is_capital(index) and reading.is_capital(beside)):
        return False
    before = min(index, beside) - 1
    return not (
        before >= 0 and reading.uses[before] is Use.NUMBER and reading.role(index) & Role.UNIT
    )


def _is_initial(reading: Reading, index: int, before: bool, *, pair: bool) -> bool:
    """Tell whether a letter is an initial: "J. Young", "Young, J", not the side of "Head R"."""
    gap = reading.gap(index)
    return (gap.startswith(". ") or gap == ".") if before else (pair and reading.ends_clause(index))


def _has_companion(reading: Reading, index: int) -> bool:
    """Tell whether an eponym stands with a word of its disease: Schmorl node, Morbus Paget."""
    use = reading.uses[index]
    if use not in _EPONYMS:
        return False
    companion = Role.COMPANION | (Role.WEAK_COMPANION if use is Use.EPONYM else Role.NONE)
    behind, before = index + 1, index - 1
    if reading.gap(index) == "'" and reading.use(behind) is Use.LETTER:
        behind += 1
    if reading.is_close(before) and reading.words[before].text in _OF:
        # maladie de Wilson
        before -= 1
    return any(
        reading.is_close(between)
        and not reading.has_comma(between)
        and reading.role(beside) & companion
        for beside, between in ((before, before), (behind, behind - 1))
    )


def remove_addresses(reading: Reading) -> None:
    """Mark streets with their house number, and the postal code and town beside them."""
    for index in range(len(reading)):
        role = reading.role(index)
        text = reading.words[index].text
        behind = role & Role.STREET or re.fullmatch(
            r"[^\W\d_]{3,}(?:stra(?:ss|ß)e|str|gasse|allee|platz|damm|ufer|weg|straat|laan|plein|gracht|dijk|kade)",
            text,
        )
        if behind and reading.stays(index):
            _remove_street(reading, index, compound=not role & Role.STREET)
        elif role & Role.STREET_BEFORE and reading.stays(index):
            _remove_street_before(reading, index)


def _remove_street(reading: Reading, index: int, *, compound: bool) -> None:
    """Mark "12 Long Road", "Stern Str. 5", "Hauptstraße 5": a name and a number are needed."""
    first = index
    while (
        not compound
        and reading.is_close(first - 1)
        and index - first < _LEAST_LETTERS
        and (
            reading.is_name(first - 1)
            or (reading.may_be_name(first - 1) and reading.is_capital(first - 1))
        )
    ):
        first -= 1
    if first == index and not compound:
        return
    taken = list(range(first, index + 1))
    if reading.is_close(first - 1) and _is_house(reading, first - 1):
        taken.append(first - 1)
    elif reading.is_close(index) and _is_house(reading, index + 1):
        taken.append(index + 1)
    elif reading.role(index + 1) & Role.ID_CUE and _is_house(reading, index + 2):
        taken += [index + 1, index + 2]
    elif compound or not any(reading.is_name(place) for place in taken):
        return
    for place in taken:
        reading.remove(place, Kind.ADDRESS)


def _remove_street_before(reading: Reading, index: int) -> None:
    """Mark "12 rue de la Paix", "via Roma 3"."""
    last = index + 1
    while (
        last < min(len(reading), index + _MOST_WORDS_OF_STREET)
        and re.fullmatch(r"[\s.'_-]{0,3}", reading.gap(last - 1))
        and (
            reading.role(last) & Role.PARTICLE
            or reading.is_name(last)
            or (reading.may_be_name(last) and reading.is_capital(last))
            or (reading.cased and reading.stays(last) and reading.written(last).istitle())
        )
    ):
        last += 1
    if last == index + 1:
        return
    taken = list(range(index, last))
    if re.match(r",?\s?", reading.gap(last - 1)) and _is_house(reading, last):
        taken.append(last)
    elif re.fullmatch(r",?\s{0,2}", reading.gap(index - 1)) and _is_house(reading, index - 1):
        taken.append(index - 1)
    else:
        return
    for place in taken:
        reading.remove(place, Kind.ADDRESS)


def _is_house(reading: Reading, index: int) -> bool:
    return (
        0 <= index < len(reading)
        and reading.kinds[index] in {None, Kind.NUMBER}
        and bool(_HOUSE.fullmatch(reading.words[index].text))
    )


def remove_unknown(reading: Reading) -> None:
    """Mark what is no known clinical or technical language."""
    for index, use in enumerate(reading.uses):
        if use is Use.UNKNOWN and reading.kinds[index] is None:
            reading.remove(index, Kind.UNKNOWN_TOKEN)
        surname = reading.words[index].text in KOREAN_SURNAMES
        if surname and reading.kinds[index] is not None and _is_korean_given(reading, index + 1):
            reading.remove(index + 1, Kind.NAME_USE)


def _is_korean_given(reading: Reading, index: int) -> bool:
    """Tell whether a word of a given name's length stands behind a surname that went."""
    return (
        reading.stays(index)
        and reading.gap(index - 1) == " "
        and len(reading.words[index].text) == _LENGTH_OF_KOREAN_GIVEN
    )


def remove_initials(reading: Reading) -> None:
    """Mark single letters that belong to a removed name: "J. [Smith]", "[Smith], J.", "[O]'s"."""
    for index, use in enumerate(reading.uses):
        if use is not Use.LETTER or not reading.stays(index):
            continue
        if reading.cased and reading.written(index).islower() and reading.gap(index) != "'":
            # Z.n. [...]: no initial
            continue
        text = reading.words[index].text
        behind = reading.gap(index)
        before = reading.gap(index - 1) if index else ""
        if behind == "-" and reading.stays(index + 1) and reading.uses[index + 1] is Use.KNOWN:
            # L-spine, C-arm
            continue
        next_goes = reading.is_close(index) and _is_removed_word(reading, index + 1)
        last_went = (
            index > 0 and reading.is_close(index - 1) and _is_removed_word(reading, index - 1)
        )
        if (
            (next_goes and (behind.strip(" ") in {".", "'", ".-", "^"} or last_went))
            or (last_went and (before == "'" or before.strip(" ") in {"^", ","}))
            or (last_went and behind.startswith(".") and not text.isdecimal())
            or (last_went and _is_named(reading, index - 1) and text not in _SIDES)
        ):
            reading.remove(index, Kind.INITIAL)


_SIDES: Final = frozenset("lrapsihfxyzt")


def _is_removed_word(reading: Reading, index: int) -> bool:
    return reading.kinds[index] in _PERSONAL | {Kind.UNKNOWN_TOKEN, Kind.INITIAL}


def _is_named(reading: Reading, index: int) -> bool:
    return reading.kinds[index] in _PERSONAL


def remove_dangling(reading: Reading) -> None:
    """Mark words that lead to nothing now: "for [...]", "MRN: [...]", "born [...]"."""
    for index in reversed(range(len(reading))):
        if not reading.stays(index) or not _led_to_removed(reading, index):
            continue
        role = reading.role(index)
        label = role & (Role.ID_CUE | Role.PATIENT | Role.PERSON) and (
            re.match(r"\s?[:=#]", reading.gap(index)) or role & Role.ID_CUE
        )
        dated = reading.kinds[index + 1] in _WHEN_OR_WHERE
        if reading.words[index].text in _ABBREVIATIONS and reading.written(index).isupper():
            continue
        if _belongs_to_removed(reading, index):
            reading.remove(index, Kind.CONNECTIVE)
            continue
        saint = reading.words[index].text in _SAINTS and _is_removed_word(reading, index + 1)
        leads = role & _DANGLING and (dated or _nothing_follows(reading, index))
        if label or leads or saint:
            reading.remove(index, Kind.CONNECTIVE)
        elif reading.is_title(index) and _is_named(reading, index + 1):
            reading.remove(index, Kind.HONORIFIC_NAME)


def _belongs_to_removed(reading: Reading, index: int) -> bool:
    """Tell whether a particle of a removed name stands there, or what leads to one: "in [de]"."""
    behind = index + 1
    if not _is_removed_word(reading, behind) and reading.kinds[behind] is not Kind.CONNECTIVE:
        return False
    text = reading.words[index].text
    if is_particle(reading, index) or text == "v":
        return text not in _AND
    return (
        text in LEADING
        and len(text) > 1
        and (reading.role(behind) & Role.PARTICLE > 0 or reading.words[behind].text == "t")
    )


def _led_to_removed(reading: Reading, index: int) -> bool:
    if index + 1 >= len(reading) or reading.kinds[index + 1] is None:
        return False
    return bool(_LABEL.fullmatch(reading.gap(index))) or reading.is_close(index)


def _nothing_follows(reading: Reading, index: int) -> bool:
    """Tell whether what was removed behind a word was all that it led to."""
    place = index + 1
    while place < len(reading) and reading.kinds[place] is not None:
        if reading.ends_clause(place):
            return True
        place += 1
    if place >= len(reading):
        return True
    gap = reading.gap(place - 1)
    return bool(re.search(r"[,;.:()\n]", gap)) or bool(reading.role(place) & _DANGLING)
