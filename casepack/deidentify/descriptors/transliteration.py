"""Kana, Hangul, Cyrillic and Greek names in Latin letters, in the usual romanisations.

Hepburn, with Kunrei's and other people's spellings of the same sounds; Revised Romanization; plain
letter tables for Cyrillic and Greek.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from casepack.deidentify.descriptors.folding import fold_word

_VOWELS: Final = "aiueo"
_ROWS: Final = {
    "": "アイウエオ",
    "k": "カキクケコ",
    "s": "サシスセソ",
    "t": "タチツテト",
    "n": "ナニヌネノ",
    "h": "ハヒフヘホ",
    "m": "マミムメモ",
    "r": "ラリルレロ",
    "g": "ガギグゲゴ",
    "z": "ザジズゼゾ",
    "d": "ダヂヅデド",
    "b": "バビブベボ",
    "p": "パピプペポ",
}
_KANA: Final = {
    kana: row + vowel
    for row, line in _ROWS.items()
    for kana, vowel in zip(line, _VOWELS, strict=True)
} | {"ヤ": "ya", "ユ": "yu", "ヨ": "yo", "ワ": "wa", "ヲ": "o", "ン": "n", "ヴ": "vu"}
_HEPBURN: Final = (
    ("sya", "sha"),
    ("syu", "shu"),
    ("syo", "sho"),
    ("tya", "cha"),
    ("tyu", "chu"),
    ("tyo", "cho"),
    ("zya", "ja"),
    ("zyu", "ju"),
    ("zyo", "jo"),
    ("si", "shi"),
    ("ti", "chi"),
    ("tu", "tsu"),
    ("zi", "ji"),
    ("di", "ji"),
    ("du", "zu"),
)
_LONG: Final = (("ou", "o"), ("oo", "o"), ("uu", "u"), ("ou", "oh"))
_SMALL: Final = {"ャ": "<ya>", "ュ": "<yu>", "ョ": "<yo>"}
_HIRAGANA: Final = range(0x3041, 0x3097)
_TO_KATAKANA: Final = 0x60

_INITIALS: Final = [
    "g",
    "kk",
    "n",
    "d",
    "tt",
    "r",
    "m",
    "b",
    "pp",
    "s",
    "ss",
    "_",
    "j",
    "jj",
    "ch",
    "k",
    "t",
    "p",
    "h",
]
_MEDIALS: Final = [
    "a",
    "ae",
    "ya",
    "yae",
    "eo",
    "e",
    "yeo",
    "ye",
    "o",
    "wa",
    "wae",
    "oe",
    "yo",
    "u",
    "wo",
    "we",
    "wi",
    "yu",
    "eu",
    "ui",
    "i",
]
_FINALS: Final = [
    "_",
    "k",
    "k",
    "k",
    "n",
    "n",
    "n",
    "t",
    "l",
    "k",
    "m",
    "l",
    "l",
    "l",
    "p",
    "l",
    "m",
    "p",
    "p",
    "t",
    "t",
    "ng",
    "t",
    "t",
    "k",
    "t",
    "p",
    "t",
]
_HANGUL: Final = range(0xAC00, 0xD7A4)
_KOREAN_FAMILIES: Final = {
    "김": "kim",
    "이": "lee yi rhee",
    "박": "park pak",
    "최": "choi choe",
    "정": "jung chung jeong",
    "강": "kang",
    "조": "cho jo",
    "윤": "yoon yun",
    "장": "jang chang",
    "임": "lim im",
    "오": "oh",
    "신": "shin sin",
    "유": "yoo yu ryu",
    "노": "noh roh",
    "전": "jun jeon chun",
    "문": "moon mun",
    "우": "woo",
    "구": "koo gu",
}
_CYRILLIC: Final = dict(
    zip(
        "абвгдежзиклмнопрстуфхцчшщъыьэюяієїґ",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "zh",
            "z",
            "i",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "kh",
            "ts",
            "ch",
            "sh",
            "shch",
            "_",
            "y",
            "_",
            "e",
            "yu",
            "ya",
            "i",
            "ye",
            "yi",
            "g",
        ],
        strict=True,
    )
)
_GREEK: Final = dict(
    zip(
        "αβγδεζηθικλμνξοπρστυφχψω",
        [
            "a",
            "v",
            "g",
            "d",
            "e",
            "z",
            "i",
            "th",
            "i",
            "k",
            "l",
            "m",
            "n",
            "x",
            "o",
            "p",
            "r",
            "s",
            "t",
            "y",
            "f",
            "ch",
            "ps",
            "o",
        ],
        strict=True,
    )
)
_MOST_FORMS: Final = 24


def romanize_name(part: str) -> frozenset[str]:
    """Return the spellings of a name in Latin letters; none if it is written in them."""
    if not part or part.isascii():
        return frozenset()
    kana = "".join(
        chr(ord(char) + _TO_KATAKANA) if ord(char) in _HIRAGANA else char
        for char in unicodedata.normalize("NFKC", part)
    )
    if all("\u30a1" <= char <= "\u30ff" for char in kana):
        return frozenset(_romanize_kana(kana))
    if all(ord(char) in _HANGUL for char in kana):
        return frozenset(_romanize_hangul(kana))
    part = fold_word(part)
    if part[0] in _CYRILLIC:
        return _spell(part, _CYRILLIC)
    if part[0] in _GREEK:
        return _spell(part, _GREEK)
    return frozenset()


def _spell(part: str, letters: dict[str, str]) -> frozenset[str]:
    """Spell letter by letter, with the common other spellings of kh, ts, ks, y, ou."""
    if not all(char in letters for char in part):
        return frozenset()
    plain = "".join(letters[char] for char in part).replace("_", "")
    forms = {plain}
    for one, other in (
        ("kh", "h"),
        ("ts", "c"),
        ("ks", "x"),
        ("yu", "iu"),
        ("ya", "ia"),
        ("iy", "y"),
        ("ii", "y"),
        ("ii", "iy"),
        ("oy", "ou"),
        ("ch", "h"),
        ("zh", "j"),
        ("ay", "au"),
        ("ey", "eu"),
    ):
        forms |= {form.replace(one, other) for form in forms}
    return frozenset(sorted(forms)[:_MOST_FORMS]) | {plain}


def _romanize_kana(part: str) -> Iterator[str]:
    """Yield Kunrei and Hepburn spellings, with and without long vowels."""
    word = "".join(_SMALL.get(char) or _KANA.get(char, char) for char in part)
    word = re.sub(r"i<(y[auo])>", r"\1", word)
    word = re.sub(r"ッ([a-z])", r"\1\1", word)
    word = re.sub(r"([aiueo])ー", r"\1\1", word)
    if not word.isascii():
        return
    hepburn = re.sub("(?<![sc])hu", "fu", word)
    for kunrei, sound in _HEPBURN:
        hepburn = hepburn.replace(kunrei, sound)
    for form in (word, hepburn, re.sub("n(?=[bmp])", "m", hepburn)):
        yield form
        for long, short in _LONG:
            yield form.replace(long, short)


def _romanize_hangul(part: str) -> Iterator[str]:
    syllables = []
    for char in part:
        index = ord(char) - _HANGUL.start
        spelled = (
            _INITIALS[index // (len(_MEDIALS) * len(_FINALS))]
            + _MEDIALS[index // len(_FINALS) % len(_MEDIALS)]
            + _FINALS[index % len(_FINALS)]
        )
        syllables.append(spelled.replace("_", ""))
    yield "".join(syllables)
    yield from _KOREAN_FAMILIES.get(part, "").split()
