"""Names of other scripts in Latin letters, as a foreign scanner's keyboard writes them."""

from __future__ import annotations

import unicodedata
from typing import Final

_CYRILLIC: Final = (
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh shch  y  e yu ya",
)
_GREEK: Final = (
    "αβγδεζηθικλμνξοπρσςτυφχψω",
    "a v g d e z i th i k l m n x o p r s s t y f ch ps o",
)
_INITIAL: Final = "g kk n d tt r m b pp s ss  j jj ch k t p h"
_MEDIAL: Final = "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i"
_FINAL: Final = " k k k n n n t l k m p l t p l m p p t t ng t t k t p h"
_DOTLESS_I: Final = "\N{LATIN SMALL LETTER DOTLESS I}"
_HANGUL: Final = range(0xAC00, 0xD7A4)


def romanize(name: str) -> str:
    """Return a name in letters without diacritics."""
    special = str.maketrans({"ß": "ss", _DOTLESS_I: "i", "ł": "l", "Ł": "L", "ø": "o", "æ": "ae"})
    plain = "".join(
        _spell_syllable(letter) if ord(letter) in _HANGUL else letter
        for letter in unicodedata.normalize("NFC", name)
    )
    folded = unicodedata.normalize("NFKD", plain.translate(special))
    letters = "".join(letter for letter in folded if not unicodedata.combining(letter))
    table = {
        letter: latin
        for script, spelling in (_CYRILLIC, _GREEK)
        for letter, latin in zip(script, spelling.split(" "), strict=True)
    }
    spelt = "".join(table.get(letter.lower(), letter) for letter in letters)
    return spelt if spelt == letters else spelt.capitalize()


def _spell_syllable(syllable: str) -> str:
    number = ord(syllable) - _HANGUL.start
    parts = ((_INITIAL, number // 588), (_MEDIAL, number % 588 // 28), (_FINAL, number % 28))
    return "".join(letters.split(" ")[place] for letters, place in parts)
