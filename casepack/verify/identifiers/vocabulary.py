"""Which words identify nobody: the standard's own vocabulary, and the language of the package.

A search for "Long" or "White" as a patient's name would find the long axis and the white point.
Such words are searched only where names stand. The rule, written down:

- a word is *ordinary* when PS3.6 uses it (names of Attributes and UIDs), when at least four Code
  Meanings of PS3.16 use it (fewer may be an eponym, which is somebody's name), when it is a word of
  this program's closed lists, of HTML or CSS, or one of the commonest English words;
- a number is *ordinary* when it has fewer than five digits, or is a Code Value of PS3.16;
- a word of fewer than four letters is never distinctive, unless it is in a script without spaces.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import Any, Final

from pydicom._dicom_dict import DicomDictionary
from pydicom.sr._concepts_dict import concepts as _typed_concepts

from casepack.model import Action, Option, Reason, Severity
from casepack.standard.tables import read_table

_CONCEPTS: Final[dict[str, Any]] = _typed_concepts
"""Coding scheme, keyword, Code Value: (Code Meaning, context groups)."""

_WORD: Final = re.compile(r"[^\W_]+", re.UNICODE)
_SHORTEST_WORD: Final = 4
_SHORTEST_NUMBER: Final = 5
_SHORTEST_IDEOGRAPHS: Final = 2
_FEWEST_MEANINGS: Final = 4

PLACEHOLDERS: Final = frozenset(
    [
        "a",
        "anon",
        "anonym",
        "anonymised",
        "anonymized",
        "anonymous",
        "case",
        "deid",
        "deidentified",
        "dummy",
        "empty",
        "n",
        "na",
        "nil",
        "no",
        "nobody",
        "noname",
        "none",
        "null",
        "patient",
        "phantom",
        "removed",
        "research",
        "subject",
        "tba",
        "tbd",
        "test",
        "unknown",
        "unnamed",
        "unspecified",
        "x",
        "xx",
        "xxx",
        "xxxx",
        "xxxxx",
        "yes",
    ]  # a list of words is read as words
)
"""Words that stand for "no value": they are never an identifier."""

TITLES: Final = frozenset(
    [
        "doctor",
        "dr",
        "frau",
        "herr",
        "jr",
        "junior",
        "md",
        "med",
        "miss",
        "mr",
        "mrs",
        "ms",
        "phd",
        "prof",
        "professor",
        "rn",
        "rt",
        "sr",
    ]  # a list of words is read as words
)
"""Forms of address: no part of a name."""


@cache
def ordinary_words() -> frozenset[str]:
    """Return the words that identify nobody, folded."""
    texts = [entry[2] for entry in DicomDictionary.values()]
    texts += [entry[0] for entry in read_table("UID_dictionary").values()]
    texts += [str(member.value) for enum in (Action, Reason, Severity) for member in enum]
    texts += [option.name for option in Option]
    found = {word for text in texts for word in split_words(text)}
    return frozenset(found | _words_of_meanings() | _plain_words() | PLACEHOLDERS | TITLES)


def _plain_words() -> set[str]:
    text = (files("casepack.verify.identifiers") / "ordinary_words.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return set(" ".join(lines).split())


@cache
def words_of_places() -> frozenset[str]:
    """Return the words that are no part of the proper name of an institution or place."""
    return ordinary_words() | _words_of_meanings(1)


def _words_of_meanings(fewest: int = _FEWEST_MEANINGS) -> set[str]:
    meanings = {
        meaning
        for scheme in _CONCEPTS.values()
        for codes in scheme.values()
        for meaning, _ in codes.values()
    }
    counts = Counter(word for meaning in meanings for word in set(split_words(meaning)))
    return {word for word, count in counts.items() if count >= fewest}


@cache
def ordinary_numbers() -> frozenset[str]:
    """Return the numeric Code Values of PS3.16."""
    codes = (code for scheme in _CONCEPTS.values() for item in scheme.values() for code in item)
    return frozenset(code for code in codes if code.isdecimal())


def fold(text: str) -> str:
    """Return `text` for comparison: compatibility forms, case and white space made equal."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def split_words(text: str) -> list[str]:
    """Return the folded words of `text`; hyphens, carets, underscores and spaces part them."""
    return _WORD.findall(fold(text))


def is_ideographic(word: str) -> bool:
    """Tell scripts that write words without spaces, and where two characters are a name."""
    return any(
        "\u2e80" <= char <= "\u9fff" or "\uac00" <= char <= "\ud7af"
        for char in unicodedata.normalize("NFKC", word)
    )


def is_distinctive(word: str) -> bool:
    """Tell whether the word alone, anywhere, means that a person or thing is named."""
    if is_ideographic(word):
        return len(word) >= _SHORTEST_IDEOGRAPHS
    if word.isdecimal():
        return len(word) >= _SHORTEST_NUMBER and word not in ordinary_numbers()
    return len(word) >= _SHORTEST_WORD and word not in ordinary_words()
