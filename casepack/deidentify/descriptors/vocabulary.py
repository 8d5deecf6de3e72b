"""What is known clinical or technical language, and what words do around names: read from data.

``vocabulary.txt`` beside this file is made by ``build_vocabulary.py``; its header and README.md
name the sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cache
from importlib.resources import files
from typing import Final

from casepack.deidentify.descriptors.folding import fold_word
from casepack.deidentify.descriptors.word_list import WordList


class Use(IntEnum):
    """What a word is; powers of two, so that the uses of a text are told by one number."""

    KNOWN = 1 << 0
    """Clinical, technical or ordinary; stays."""
    PROTECTED = 1 << 1
    """Part of a phrase that shows its clinical use; stays, also beside a name."""
    NUMBER = 1 << 2
    """A number in a technical form."""
    LETTER = 1 << 3
    """A single letter."""
    BODY = 1 << 4
    """A part of the body, and a surname."""
    DOUBLE = 1 << 5
    """Another clinical or everyday word, and a surname."""
    GIVEN = 1 << 6
    """An everyday word, and a given name."""
    EPONYM = 1 << 7
    """A name that is a clinical word."""
    SURNAME = 1 << 8
    """A common surname; a clinical word only beside a word of its disease."""
    UNKNOWN = 1 << 9
    LONG_NUMBER = 1 << 10
    """Digits, or digits with letters, without a technical form."""
    GONE = 1 << 11
    """Already removed."""


class Role:
    """What a word does beside a name, a place or a number; a word may have several.

    Plain numbers: roles are tested for every word, and those of `enum.IntFlag` are slow.
    """

    NONE: Final = 0
    HONORIFIC: Final = 1 << 0
    """A title; never an abbreviation of anything clinical."""
    TITLE: Final = 1 << 1
    """A title, or an abbreviation of another meaning: Dr (Digital Radiography), Mr, Ms."""
    TITLE_AFTER: Final = 1 << 2
    PARTICLE: Final = 1 << 3
    CONNECTIVE: Final = 1 << 4
    BY: Final = 1 << 5
    FOR: Final = 1 << 6
    AT: Final = 1 << 7
    AGENT: Final = 1 << 8
    """Ordered, performed, read ..."""
    PERSON: Final = 1 << 9
    """Technologist, radiologist ..."""
    PATIENT: Final = 1 << 10
    INSTITUTION: Final = 1 << 11
    QUALIFIER: Final = 1 << 12
    """Part of the name of an institution."""
    STREET: Final = 1 << 13
    STREET_BEFORE: Final = 1 << 14
    ID_CUE: Final = 1 << 15
    TITLE_PART: Final = 1 << 19
    """Beside a title only: med., Op."""
    WEAK_COMPANION: Final = 1 << 20
    COMPANION: Final = 1 << 16
    """Beside it an eponym is in clinical use."""
    ADDRESS_CUE: Final = 1 << 21
    """Lives at, domiciled in: an address follows."""
    PLACE_WORD: Final = 1 << 22
    """Ends the name of a place: Plains, Heights."""
    PLACE_PREFIX: Final = 1 << 23
    """Begins the name of a place: San, Bad, Nueva."""
    SOFT: Final = 1 << 24
    """Short, and no abbreviation: in capitals they are somebody's initials."""
    SPECIALTY: Final = 1 << 25
    """A department, specialty or device: no person, and not what makes a place's name its own."""
    TALK: Final = 1 << 26
    """Discussed, spoken: with a person."""
    WITH: Final = 1 << 27
    PARAMETER: Final = 1 << 17
    UNIT: Final = 1 << 18


_ROLES: Final = {
    "honorifics": Role.HONORIFIC,
    "titles": Role.TITLE,
    "title_parts": Role.TITLE_PART,
    "companions_weak": Role.WEAK_COMPANION,
    "titles_after": Role.TITLE_AFTER,
    "particles": Role.PARTICLE,
    "connectives": Role.CONNECTIVE,
    "by": Role.BY,
    "for": Role.FOR,
    "at": Role.AT,
    "agents": Role.AGENT,
    "persons": Role.PERSON,
    "patients": Role.PATIENT,
    "institutions": Role.INSTITUTION,
    "qualifiers": Role.QUALIFIER,
    "streets": Role.STREET,
    "streets_before": Role.STREET_BEFORE,
    "address_cues": Role.ADDRESS_CUE,
    "place_words": Role.PLACE_WORD,
    "place_prefixes": Role.PLACE_PREFIX,
    "soft": Role.SOFT,
    "specialties": Role.SPECIALTY,
    "talks": Role.TALK,
    "with": Role.WITH,
    "id_cues": Role.ID_CUE,
    "companions": Role.COMPANION,
    "parameters": Role.PARAMETER,
    "units": Role.UNIT,
}
_DOUBTFUL_USES: Final = {
    # later ones win
    "other": Use.DOUBLE,
    "given": Use.GIVEN,
    "eponyms": Use.EPONYM,
    "common_eponyms": Use.SURNAME,
    "body": Use.BODY,
}


MODALITIES: Final = frozenset(
    "mr mri mrt ct cta us usg pet xr dx cr nm rx tc rm irm tac echo ai cad spect мрт кт узи".split()  # noqa: SIM905  # a list of words, Cyrillic
)
"""Modalities and machines, no initials of anybody."""


class Uses:
    """What each known word is.

    Parameters
    ----------
    doubtful
        Words that are names too, or body parts.
    words
        All others.
    own
        Words that the site has added.
    """

    __slots__ = ("_doubtful", "_own", "_words")

    def __init__(
        self, doubtful: Mapping[str, Use], words: WordList, own: frozenset[str] = frozenset()
    ) -> None:
        self._doubtful = doubtful
        self._words = words
        self._own = own

    def get(self, word: str) -> Use | None:
        """Return what a word is; None if nobody knows it."""
        if word in self._own:
            return Use.KNOWN
        use = self._doubtful.get(word)
        return Use.KNOWN if use is None and word in self._words else use

    def __contains__(self, word: str) -> bool:
        """Tell whether a word is known."""
        return self.get(word) is not None

    def __iter__(self) -> Iterator[str]:
        """Yield each known word once."""
        yield from sorted({*self._own, *self._doubtful, *self._words})

    def with_words(self, own: frozenset[str]) -> Uses:
        """Return the same with the words that a site adds."""
        return Uses(self._doubtful, self._words, own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Known words and their parts in a sentence, all folded."""

    uses: Uses = field(repr=False)
    roles: Mapping[str, int] = field(repr=False)
    phrases: Mapping[str, tuple[tuple[str, ...], ...]] = field(repr=False)
    """By first word: the further words."""
    ideographs: WordList = field(repr=False)
    """Words of scripts without spaces."""
    ideograph_eponyms: WordList = field(repr=False)
    """Names in these scripts that are clinical words."""
    stems: WordList = field(repr=False)
    """Beginnings of long Cyrillic and Greek words, which inflect at their end."""
    marked_stems: WordList = field(repr=False)
    """Stems that are listed as such: Polish, Russian, Greek."""
    names: WordList = field(repr=False)
    """Names that would pass as inflected words."""
    own: frozenset[str] = field(repr=False, default=frozenset())
    """Words that the site has added."""

    def role(self, word: str) -> int:
        """Return what the word does, if anything."""
        return self.roles.get(word, Role.NONE)


@cache
def read_sections() -> Mapping[str, str]:
    """Return the text of each section of ``vocabulary.txt``."""
    text = (files("casepack.deidentify.descriptors") / "vocabulary.txt").read_bytes().decode()
    # a pattern would take longer than all the rest
    sections = {}
    for part in text.split("\n[")[1:]:
        name, _, body = part.partition("]\n")
        sections[name] = body
    return sections


@cache
def _read() -> Vocabulary:
    sections = read_sections()
    doubtful: dict[str, Use] = {}
    for name, use in _DOUBTFUL_USES.items():
        doubtful.update(dict.fromkeys(sections[name].split(), use))
    roles: dict[str, int] = {}
    for name, role in _ROLES.items():
        for word in sections[name].split():
            roles[word] = roles.get(word, Role.NONE) | role
    phrases: dict[str, list[tuple[str, ...]]] = {}
    for phrase in sections["phrases"].split():
        first, *rest = phrase.split("_")
        phrases.setdefault(first, []).append(tuple(rest))
    return Vocabulary(
        uses=Uses(doubtful, WordList(sections["words"])),
        roles=roles,
        phrases={first: tuple(rest) for first, rest in phrases.items()},
        ideographs=WordList(sections["ideographs"]),
        ideograph_eponyms=WordList(sections["ideograph_eponyms"]),
        names=WordList(sections["personal_names"]),
        stems=WordList(sections["inflected_stems"]),
        marked_stems=WordList(sections["stems"]),
    )


def is_name(word: str) -> bool:
    """Tell whether a word is listed as a name of people, alone or beside its clinical meaning."""
    vocabulary = _read()
    folded = fold_word(word)
    uses = {Use.GIVEN, Use.EPONYM, Use.SURNAME}
    return folded in vocabulary.names or vocabulary.uses.get(folded) in uses


def read_vocabulary(extra: Iterable[str] = ()) -> Vocabulary:
    """Return the vocabulary, with the words that a site adds; read once.

    Parameters
    ----------
    extra
        Protocol words of the site; of an entry of several words, each is known.
    """
    vocabulary = _read()
    own = frozenset(
        word for entry in extra for word in re.findall(r"[^\W_]+", fold_word(entry)) if word
    )
    if not own:
        return vocabulary
    return replace(vocabulary, uses=vocabulary.uses.with_words(own), own=own)
