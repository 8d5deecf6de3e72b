"""Words that are no clinical or technical language: names, perhaps.

The list of words is the one that de-identification cleans descriptions by: data of many languages,
read here as a plain set. What its sections mean there plays no part, nor what stands beside a word.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from casepack.verify.identifiers.vocabulary import ordinary_words, split_words

_SECTION: Final = re.compile(r"^\[(\w*)\]\n", re.MULTILINE)
_NAMES: Final = "personal_names"
_BARE: Final = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "đ": "d", "ł": "l", "þ": "th"})
"""Letters that Unicode does not take apart, as the list writes them."""
_SHORTEST: Final = 4
"""Letters: shorter words are abbreviations of everything."""
_ENDINGS: Final = (1, 2)
"""Letters by which a form of a known word is longer than it."""


def find_unknown_words(text: str) -> list[str]:
    """Return the words in Latin letters that no list knows, folded."""
    words = dict.fromkeys(split_words(text))
    return [word for word in words if len(word) >= _SHORTEST and _is_unknown(word)]


def is_clinical(text: str) -> bool:
    """Tell whether every word of a text is known, short ones too."""
    return not any(_is_unknown(word) for word in split_words(text))


@lru_cache(maxsize=1 << 16)
def _is_unknown(word: str) -> bool:
    if not word.isalpha() or not all(map(_is_latin, word)):
        return False
    bare = _strip_marks(word)
    forms = (bare, *(bare[:-end] for end in _ENDINGS if len(bare) - end >= _SHORTEST))
    return known_words().isdisjoint(forms)


def _is_latin(char: str) -> bool:
    return unicodedata.name(char, "").startswith("LATIN")


def _strip_marks(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word.translate(_BARE))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


@cache
def known_words() -> frozenset[str]:
    """Return the words of all lists but that of names, without case and marks."""
    path = files("casepack") / "deidentify" / "descriptors" / "vocabulary.txt"
    parts = _SECTION.split(path.read_text("utf-8"))
    listed = {
        word
        for name, words in zip(parts[1::2], parts[2::2], strict=True)
        if name != _NAMES
        for phrase in words.split()
        for word in phrase.split("_")
    }
    return frozenset(listed | {_strip_marks(word) for word in ordinary_words()})
