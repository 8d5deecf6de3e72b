"""Scripts without spaces: running text as the longest known words, the rest unknown."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from casepack.deidentify.descriptors.late import LatePattern
from casepack.deidentify.descriptors.vocabulary import Use, Vocabulary
from casepack.deidentify.descriptors.word_list import WordList

IDEOGRAPHS: Final = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u303b\u30a1-\u30fa\u30fc-\u30ff"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
"""CJK ideographs, katakana (hiragana is folded to it) and Hangul syllables, as a set of ``re``."""


@cache
def ideograph() -> re.Pattern[str]:
    """Return the pattern of one; large, so made when a text first has other letters."""
    return re.compile(f"[{IDEOGRAPHS}]")


_SYLLABLE: Final = LatePattern("[\u30a1-\u30ff\u31f0-\u31ff\uac00-\ud7af]")
_SIDES: Final = frozenset("右左両双")
"""Stay beside an unknown word of two characters and more: right, left, both."""

_OF_NAMES: Final = frozenset(
    "大小中上下内外前后後高低多少年月日天白水金木山川田本村石原林森間野門葉弓主"
)
"""Words on their own, and the two characters of many a name together."""

_LENGTH_OF_SHORT_NAME: Final = 2
_LENGTH_OF_KOREAN_NAME: Final = 3
_KATAKANA: Final = LatePattern("[\u30a1-\u30ff\u31f0-\u31ff]")
_PARTICLES: Final = frozenset(
    "\uc740\ub294\uc774\uac00\uc744\ub97c\uc758\uc5d0\ub3c4\ub9cc\uacfc\uc640\ub85c\ud568\ub428\ud6c4\uc804\uc911\uc2dc\ubd80"
)
"""Korean particles, and what stands behind a noun in reports: done, after, before, during."""

KOREAN_SURNAMES: Final = frozenset(
    "김이박최정강조윤장임한오서권황안송류홍고문양손배백허유남심노하곽성차주구민나진지엄채원천방공현함염여추도소석선설마"
)
"""The commonest surnames of one syllable; before a word of two they begin a person's name."""

Found = tuple[int, int, Use]


def split_ideographs(run: str, vocabulary: Vocabulary) -> list[Found]:
    """Return the words of a run, in order, each KNOWN, EPONYM or UNKNOWN.

    A single character says little: beside an unknown one it may be half of a name, and two
    syllables in a row are no words.
    """
    found = _merge(_find_longest(run, vocabulary))
    single = [last - first == 1 and use is Use.KNOWN for first, last, use in found]
    for order in (range(len(found)), reversed(range(len(found)))):
        for place in order:
            first, last, _ = found[place]
            stays = run[first] in _SIDES and len(run) > _LENGTH_OF_SHORT_NAME
            if single[place] and not stays and _is_doubtful(found, place, run):
                found[place] = (first, last, Use.UNKNOWN)
    if len(found) > 1 and all(single) and set(run) <= _OF_NAMES:
        return [(0, len(run), Use.UNKNOWN)]
    if _is_korean_name(run, found):
        return [(0, len(run), Use.UNKNOWN)]
    return _merge(found)


def _is_korean_name(run: str, found: list[Found]) -> bool:
    """Tell whether a word of two syllables and one more have a name's length and no other sense.

    One behind that is no particle, or one before that is a surname.
    """
    if len(run) != _LENGTH_OF_KOREAN_NAME or not _SYLLABLE.match(run) or _KATAKANA.match(run):
        return False
    if run[0] in KOREAN_SURNAMES and found[0][:2] == (0, 1):
        return True
    return (
        len(found) == _LENGTH_OF_KOREAN_NAME - 1
        and found[1][1] - found[1][0] == 1
        and found[0][2] is Use.KNOWN
        and run[-1] not in _PARTICLES
    )


@cache
def _longest_word(words: WordList) -> int:
    return max(map(len, words))


def _find_longest(run: str, vocabulary: Vocabulary) -> list[Found]:
    found: list[Found] = []
    place = 0
    while place < len(run):
        for length in range(min(_longest_word(vocabulary.ideographs), len(run) - place), 0, -1):
            word = run[place : place + length]
            if word in vocabulary.ideograph_eponyms:
                found.append((place, place + length, Use.EPONYM))
                place += length
                break
            if word in vocabulary.ideographs or word in vocabulary.own:
                found.append((place, place + length, Use.KNOWN))
                place += length
                break
        else:
            found.append((place, place + 1, Use.UNKNOWN))
            place += 1
    return found


def _is_doubtful(found: list[Found], place: int, run: str) -> bool:
    first, last, _ = found[place]
    beside = found[max(0, place - 1) : place] + found[place + 1 : place + 2]
    if any(use is Use.UNKNOWN for _, _, use in beside):
        return True
    return bool(_SYLLABLE.match(run[first:last])) and any(
        end - start == 1 and _SYLLABLE.match(run[start:end]) for start, end, _ in beside
    )


def _merge(found: list[Found]) -> list[Found]:
    """Put unknown characters in a row together."""
    merged: list[Found] = []
    for first, last, use in found:
        if merged and use is Use.UNKNOWN and merged[-1][2] is Use.UNKNOWN:
            merged[-1] = (merged[-1][0], last, use)
        else:
            merged.append((first, last, use))
    return merged
