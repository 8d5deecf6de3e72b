"""A text as words, each with what it is: known, a number in a technical form, a name, unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

from casepack.deidentify.descriptors.folding import Folded
from casepack.deidentify.descriptors.ideographs import IDEOGRAPHS, ideograph, split_ideographs
from casepack.deidentify.descriptors.late import LatePattern
from casepack.deidentify.descriptors.morphology import derive_use
from casepack.deidentify.descriptors.removals import Kind, Span
from casepack.deidentify.descriptors.vocabulary import Role, Use, Vocabulary


@cache
def _run() -> re.Pattern[str]:
    """Return the pattern of digits, ideographs or letters in a row."""
    return re.compile(rf"\d+|[{IDEOGRAPHS}]+|[^\W\d_{IDEOGRAPHS}]+")


@cache
def _script_run() -> re.Pattern[str]:
    """Return the pattern of ideographs, or of letters and digits, in a row."""
    return re.compile(rf"[{IDEOGRAPHS}]+|[^\W_{IDEOGRAPHS}]+")


class Word(NamedTuple):
    """A word of the folded text."""

    start: int
    end: int
    text: str
    use: Use


Piece = tuple[int, int, Use]

_CHUNK: Final = re.compile(r"[^\W_]+")
_ASCII_RUN: Final = LatePattern(r"\d+|[^\W\d_]+")
_LONGEST_WORD: Final = 48
_MOST_DIGITS: Final = 4
_MOST_MEASURED_DIGITS: Final = 5
_MOST_DIGITS_OF_LETTER: Final = 4
_MOST_DIGITS_IN_ALL: Final = 8
_MOST_RUNS: Final = 8
_SHORTEST_KEPT_PIECE: Final = 4

_TECHNICAL: Final = LatePattern(
    # P101 L5 T12 b50 x3; a level and the next one without its letter is two words
    r"[a-z\u03bc\u03c6\u03b8\u03b1]\d{1,3}"
    # 3d 4t, also with one more number: 2d1, 3d15
    r"|\d{1,4}[a-z\u03bc\u03c6\u03b8\u03b1](?:\d{1,2})?"
    # t2w, kernels b30s, br40d, i40f
    r"|[tbhiujqrxps]r?\d{1,3}[a-z]"
    # 256x256, 2x2x3, 1x1x1mm
    r"|\d{1,4}(?:x\d{1,4})+(?:x|[mc]m)?"
    r"|x\d{1,3}|\d{1,3}x"
    # ordinals
    r"|\d{1,2}(?:st|nd|rd|th|er|re|eme|ere|te|ter|os|as)"
    # levels: th12, l1l2, th12l1
    r"|(?:th|bwk|hwk|lwk|swk|wk|co)\d{1,2}"
    r"|(?:[ctdls]|th)\d{1,2}(?:[ctdls]|th)\d{1,2}"
    # versions of scanner software: va30a, xa30
    r"|(?:v[a-e]|xa)\d{1,3}[a-z]?"
    r"|\d{1,3}e\d{1,2}"
)
_RECORDS: Final = frozenset(
    "case study exam visit order record report file subj subject trial participant".split()  # noqa: SIM905  # a list of words
)
_SURNAME_PREFIXES: Final = frozenset(
    [
        "mc",
        "mac",
        "o",
        "de",
        "di",
        "du",
        "da",
        "del",
        "della",
        "van",
        "von",
        "le",
        "la",
        "st",
        "fitz",
        "san",
        "al",
        "el",
        "ben",
        "bin",
    ]
)


def split_words(
    original: str, folded: Folded, spans: Sequence[Span], vocabulary: Vocabulary
) -> Iterator[tuple[Word, Kind | None]]:
    """Yield the words in order; what the spans take comes as a word that is gone."""
    position = 0
    for start, end, kind in spans:
        yield from _words_between(original, folded, position, start, vocabulary)
        yield Word(start, end, "", Use.GONE), kind
        position = end
    yield from _words_between(original, folded, position, len(folded.text), vocabulary)


def _words_between(
    original: str, folded: Folded, start: int, end: int, vocabulary: Vocabulary
) -> Iterator[tuple[Word, None]]:
    text = folded.text
    uses = vocabulary.uses
    for match in _CHUNK.finditer(text, start, end):
        chunk = match.group()
        use = uses.get(chunk) or _judge_form(chunk)
        if use is not None:
            yield Word(match.start(), match.end(), chunk, use), None
            continue
        offset = match.start()
        for first, last, piece_use in _split_chunk(original, folded, offset, chunk, vocabulary):
            yield Word(offset + first, offset + last, chunk[first:last], piece_use), None


def _judge_form(chunk: str) -> Use | None:
    """Judge what needs no vocabulary: digits, single letters, technical forms."""
    if chunk.isdecimal():
        return Use.NUMBER if len(chunk) <= _MOST_DIGITS else Use.LONG_NUMBER
    if not chunk.isascii() and ideograph().search(chunk):
        return None
    if len(chunk) == 1:
        return Use.LETTER
    return Use.NUMBER if not chunk.isalpha() and _TECHNICAL.fullmatch(chunk) else None


def _split_chunk(
    original: str, folded: Folded, offset: int, chunk: str, vocabulary: Vocabulary
) -> Sequence[Piece]:
    """Return the pieces of a run of letters and digits that is no listed word as a whole."""
    if not chunk.isascii() and ideograph().search(chunk):
        return _split_scripts(chunk, vocabulary)
    whole = (0, len(chunk), _judge_runs(chunk, vocabulary))
    if whole[2] not in {Use.UNKNOWN, Use.LONG_NUMBER}:
        return [whole]
    start, end = folded.original(offset, offset + len(chunk))
    cased = original[start:end]
    if len(cased) != len(chunk):
        return [whole]
    return _split_camel_case(cased, chunk, vocabulary) or [whole]


def _split_scripts(chunk: str, vocabulary: Vocabulary) -> list[Piece]:
    """Judge what is written in ideographs, kana or Hangul apart from the rest."""
    pieces: list[Piece] = []
    for match in _script_run().finditer(chunk):
        run, start = match.group(), match.start()
        if ideograph().match(run):
            pieces += [
                (start + first, start + last, use)
                for first, last, use in split_ideographs(run, vocabulary)
            ]
        else:
            use = vocabulary.uses.get(run) or _judge_form(run) or _judge_runs(run, vocabulary)
            pieces.append((start, match.end(), use))
    return pieces


def _judge_runs(chunk: str, vocabulary: Vocabulary) -> Use:
    """Judge letters and digits glued together by their runs: ``ep2d``, ``tr3000``."""
    if len(chunk) > _LONGEST_WORD:
        return Use.UNKNOWN
    runs = (_ASCII_RUN if chunk.isascii() else _run()).findall(chunk)
    if len(runs) == 1:
        return derive_use(chunk, vocabulary)
    if _is_counted(runs, vocabulary):
        return Use.NUMBER
    digits = sum(len(run) for run in runs if run.isdecimal())
    bad = Use.LONG_NUMBER if digits >= _MOST_DIGITS else Use.UNKNOWN
    if len(runs) > _MOST_RUNS or digits > _MOST_DIGITS_IN_ALL:
        return bad
    anchored = False
    for place, run in enumerate(runs):
        if run.isdecimal():
            if len(run) >= _MOST_DIGITS and not _is_measured(runs, place, vocabulary):
                return bad
        elif len(run) > 1:
            if run not in vocabulary.uses and derive_use(run, vocabulary) is Use.UNKNOWN:
                return bad
            anchored = True
    return Use.NUMBER if anchored or _is_measured(runs, 1, vocabulary) else bad


def _is_counted(runs: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Tell whether a word is counted with leading zeros: ``Vertebra0001``, not ``Patient0001``."""
    word, number, *more = runs
    return (
        not more
        and len(word) >= _SHORTEST_KEPT_PIECE
        and len(number) == _MOST_DIGITS
        and number.startswith("0")
        and not vocabulary.role(word) & (Role.PATIENT | Role.ID_CUE | Role.PERSON)
        and word not in _RECORDS
        and vocabulary.uses.get(word) in {Use.KNOWN, Use.BODY}
    )


def _is_measured(runs: Sequence[str], place: int, vocabulary: Vocabulary) -> bool:
    """Tell whether a parameter stands before a number, or a unit behind it."""
    number = runs[place]
    before = vocabulary.role(runs[place - 1]) if place else Role.NONE
    after = vocabulary.role(runs[place + 1]) if place + 1 < len(runs) else Role.NONE
    # X7819472 is a case number, b1000 and TR10000 are none
    most = _MOST_DIGITS_OF_LETTER if place and len(runs[place - 1]) == 1 else _MOST_MEASURED_DIGITS
    return bool(before & Role.PARAMETER or after & Role.UNIT) and len(number) <= most


def _split_camel_case(cased: str, chunk: str, vocabulary: Vocabulary) -> list[Piece]:
    """Return the pieces that capitals show, ``LspineDoe``; none if that helps nothing.

    Of a chunk with an unknown piece, only distinct words stay: no litter of syllables.
    """
    places = [0, *_find_capitals(cased), len(cased)]
    pieces: list[Piece] = []
    for start, end in pairwise(places):
        piece = chunk[start:end]
        use = vocabulary.uses.get(piece) or _judge_form(piece) or _judge_runs(piece, vocabulary)
        pieces.append((start, end, use))
    if len(pieces) == 1 or chunk[: places[1]] in _SURNAME_PREFIXES:
        return []
    bad = {Use.UNKNOWN, Use.LONG_NUMBER}
    if not any(use in bad for _, _, use in pieces):
        return pieces
    return [
        (start, end, use if use in bad or _stands_alone(chunk[start:end], use) else Use.UNKNOWN)
        for start, end, use in pieces
    ]


def _stands_alone(piece: str, use: Use) -> bool:
    return len(piece) >= _SHORTEST_KEPT_PIECE or (use is Use.NUMBER and not piece.isdecimal())


def _find_capitals(cased: str) -> Iterator[int]:
    """Yield where a new word begins by its capital."""
    for place in range(1, len(cased)):
        before, here = cased[place - 1], cased[place]
        if here.isupper() and (
            before.islower()
            or (before.isdecimal() and cased[place + 1 : place + 2].islower())
            or (before.isupper() and cased[place + 1 : place + 2].islower())
        ):
            yield place
