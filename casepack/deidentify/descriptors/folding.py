"""Text without case, diacritics and widths, with the way back to the original.

Equal words in different dress fold to one string: ``Müller``, ``MÜLLER`` and its decomposed form to
``muller``; Turkish i with and without its dot to ``i``; half-width kana and hiragana to katakana;
full-width and Arabic-Indic digits to ASCII digits. Invisible characters vanish.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

_LETTERS: Final = {
    "ß": "ss",
    "ẞ": "ss",
    "æ": "ae",
    "Æ": "ae",
    "œ": "oe",
    "Œ": "oe",
    "ø": "o",
    "Ø": "o",
    "đ": "d",
    "Đ": "d",
    "ð": "d",
    "Ð": "d",
    "þ": "th",
    "Þ": "th",
    "ł": "l",
    "Ł": "l",
    "\u0131": "i",
    "İ": "i",
    "ħ": "h",
    "Ħ": "h",
    "\u02bc": "'",
    "’": "'",  # noqa: RUF001  # the apostrophe of print
    "‘": "'",  # noqa: RUF001
    "´": "'",  # noqa: RUF001
    "‐": "-",  # noqa: RUF001  # hyphens and dashes of print
    "‑": "-",  # noqa: RUF001
    "–": "-",  # noqa: RUF001
    "—": "-",
    "−": "-",  # noqa: RUF001
    "、": ",",
    "。": ".",
    "・": " ",
    # signs of print between the numbers of a date
    "·": ".",
    "\u2044": "/",
    "\u2215": "/",
    "\u00ad": "",
    # ordinals and shortened titles: 1º, Dr.ª
    "\u00aa": "",
    "\u00ba": "",
}
_SPELLED_OUT: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}
    | {"Ø": "Oe", "Å": "Aa"}
)
_HIRAGANA: Final = range(0x3041, 0x3097)
_TO_KATAKANA: Final = 0x60


class Folded(NamedTuple):
    """A folded text."""

    text: str
    starts: Sequence[int] | None
    """Where each character comes from; None if the places are the same."""
    length: int
    """Of the original."""

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the part of the original that gave ``text[start:end]``, which is not empty."""
        if self.starts is None:
            return start, end
        last = self.starts[end] if end < len(self.starts) else self.length
        # a ligature gives two characters of one place
        return self.starts[start], max(last, self.starts[end - 1] + 1)


@cache
def _fold_character(char: str) -> str:
    special = _LETTERS.get(char)
    if special is not None:
        return special
    decimal = unicodedata.decimal(char, None)
    if decimal is not None:
        return str(decimal)
    letters = "".join(
        _LETTERS.get(part, part)
        for part in unicodedata.normalize("NFKD", char)
        if unicodedata.category(part) not in {"Mn", "Me", "Cf"}
    )
    folded = unicodedata.normalize("NFKC", letters.casefold())
    return "".join(
        chr(ord(part) + _TO_KATAKANA) if ord(part) in _HIRAGANA else part for part in folded
    )


def fold_text(text: str) -> Folded:
    """Fold a text."""
    if text.isascii():
        return Folded(text.lower(), None, len(text))
    parts: list[str] = []
    starts: list[int] = []
    for place, char in enumerate(text):
        folded = _fold_character(char)
        parts.append(folded)
        starts += [place] * len(folded)
    return Folded("".join(parts), starts, len(text))


def fold_word(word: str) -> str:
    """Fold a word, where the way back is not needed."""
    return fold_text(word).text


def spellings(word: str) -> frozenset[str]:
    """Return the folded spellings of a word: ``Müller`` gives ``muller`` and ``mueller``."""
    composed = unicodedata.normalize("NFC", word)
    folded = {fold_word(composed)}
    if not composed.isascii():
        folded.add(fold_word(composed.translate(_SPELLED_OUT)))
    return frozenset(folded)


_UMLAUTS: Final = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a"), ("ss", "s"))


def name_spellings(name: str) -> frozenset[str]:
    """Return the spellings under which a name may be met: ``Mueller`` is also ``Müller``."""
    found = set(spellings(name))
    for word in tuple(found):
        contracted = word
        for two, one in _UMLAUTS:
            contracted = contracted.replace(two, one)
            found.add(word.replace(two, one))
        found.add(contracted)
    return frozenset(found)
