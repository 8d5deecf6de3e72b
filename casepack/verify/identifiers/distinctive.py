"""When a value alone, anywhere, tells whose it is (see `vocabulary` for the ordinary words)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from casepack.verify.identifiers.identifiers import Kind
from casepack.verify.identifiers.vocabulary import (
    fold,
    is_distinctive,
    is_ideographic,
    ordinary_words,
    words_of_places,
)

_NO_TEXT: Final = re.compile(r"[\d.+\-eE*x/;:,\s]*")
_SHORTEST_NAME: Final = 4
_SHORTEST_TEXT: Final = 8
_SHORTEST_NUMBER_TEXT: Final = 6
_SHORTEST_PLACE: Final = 6
_SERVICES: Final = frozenset(
    {
        *("anyscp", "dcm4chee", "findscu", "getscu", "modality", "movescu", "orthanc", "osirix"),
        *("pacs", "storescp", "storescu", "workstation"),
    }
)
"""AE titles that programs come with."""


def is_distinctive_name(words: Sequence[str]) -> bool:
    """Weigh a whole name: of several words, the combination is searched, not each word."""
    if len(words) > 1:
        return sum(map(len, words)) >= _SHORTEST_NAME or any(map(is_ideographic, words))
    return is_distinctive(fold(words[0]))


def is_distinctive_place(word: str) -> bool:
    """Weigh one word of an institution or address: only longer ones mean that place."""
    long_enough = len(word) >= _SHORTEST_PLACE or is_ideographic(word)
    return long_enough and word.isalpha() and word not in words_of_places()


def is_distinctive_text(kind: Kind, text: str, words: Sequence[str]) -> bool:
    """Weigh a value of another kind, given with its folded words."""
    folded = fold(text)
    if any(is_ideographic(word) for word in words):
        return len(folded) > 1
    if kind is Kind.TEXT and _NO_TEXT.fullmatch(folded) and not folded.isdecimal():
        return False
    if len(words) == 1:
        return _is_distinctive_single(kind, words[0])
    if kind is Kind.NUMBER:
        return len(folded) >= _SHORTEST_TEXT or any(is_distinctive(word) for word in words)
    ordinary = all(word in ordinary_words() or not is_distinctive(word) for word in words)
    return len(folded) >= _SHORTEST_TEXT and not ordinary


def _is_distinctive_single(kind: Kind, word: str) -> bool:
    if kind is Kind.DEVICE and word in _SERVICES:
        return False
    if kind is not Kind.TEXT:
        return is_distinctive(word)
    if word.isdecimal():
        return len(word) >= _SHORTEST_NUMBER_TEXT and is_distinctive(word)
    return any(char.isdigit() for char in word) and len(word) >= _SHORTEST_TEXT
