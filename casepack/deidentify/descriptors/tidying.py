"""A text without its removed parts, so that the rest still reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from casepack.deidentify.descriptors.late import LatePattern

_PAIRS: Final = {")": "(", "]": "[", "}": "{", "」": "「", "）": "（", "”": "“", "»": "«"}  # noqa: RUF001  # brackets of print
_OPENING: Final = frozenset(_PAIRS.values())
_QUOTES: Final = frozenset("\"'`")
_LINE: Final = LatePattern(r"\r\n|\r|\n")
_SPACED_MARKS: Final = (";", ",", "，", "、", ":")  # noqa: RUF001
_JOINING_MARKS: Final = ("/", "^", "_", "-", ".", "|", "=", "&", "+", "*", "\\", "~", "–")  # noqa: RUF001
_ATTACHED_BEFORE: Final = LatePattern(r"(?:[+#±<>≤≥~*°$@&]+|(?<=\s)-(?=\Z)|\A-(?=\Z))\Z")
_ATTACHED_BEHIND: Final = LatePattern(r"[%°+*!?™®]+|['\"](?!\w)")


class _Text:
    """A text in the making, with the place that each character comes from."""

    def __init__(self) -> None:
        self.characters: list[str] = []
        self.places: list[int] = []

    def add(self, text: str, place: int, *, fixed: bool = False) -> None:
        """Add characters from consecutive places, or all from one."""
        self.characters.append(text)
        self.places += [place] * len(text) if fixed else range(place, place + len(text))


def remove_parts(text: str, parts: Sequence[tuple[int, int]]) -> tuple[str, list[int]]:
    """Return the text without the parts, and the place in `text` of each character of it.

    Of the separators that stood around a part one remains; brackets left empty go. What does not
    touch a part stays as it is. Without letters and digits, nothing stays.

    Parameters
    ----------
    parts
        Start and end, in order, not overlapping.
    """
    cores = list(_find_cores(text, parts))
    result = _Text()
    if not cores:
        return "", []
    first = cores[0][0]
    opening = _separators(text, 0, first, parts)
    if parts[0][0] >= first:
        result.add(text[:first], 0)
    else:
        _, _, kept = _split_separators(opening)
        result.add(kept, first - len(kept), fixed=True)
    for place, (start, end) in enumerate(cores):
        result.add(text[start:end], start)
        if place + 1 < len(cores):
            between = _separators(text, end, cores[place + 1][0], parts)
            result.add(_join(between), end, fixed=True)
    last = cores[-1][1]
    if parts[-1][0] < last:
        result.add(text[last:], last)
    else:
        kept, _, _ = _split_separators(_separators(text, last, len(text), parts))
        result.add(kept, last, fixed=True)
    return "".join(result.characters), result.places


def _find_cores(text: str, parts: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the stretches that stay, from their first to their last letter or digit."""
    position = 0
    for start, end in (*parts, (len(text), len(text))):
        inside = [place for place in range(position, start) if text[place].isalnum()]
        if inside:
            yield inside[0], inside[-1] + 1
        position = end


def _separators(text: str, start: int, end: int, parts: Sequence[tuple[int, int]]) -> str:
    """Return what stays between two places; a removed part between leaves a NUL."""
    kept, position = [], start
    for first, last in parts:
        if start <= first < end:
            kept.append(text[position:first])
            position = last
    kept.append(text[position:end])
    return "\x00".join(kept)


def _split_separators(between: str) -> tuple[str, str, str]:
    """Return what belongs to the word before, what separates, what belongs to the word behind."""
    before, _, rest = between.partition("\x00")
    middle, _, behind = rest.rpartition("\x00")
    suffix = _ATTACHED_BEHIND.match(before)
    left = suffix.group() if suffix else ""
    prefix = _ATTACHED_BEFORE.search(behind)
    right = prefix.group() if prefix else ""
    inner = before[len(left) :] + middle.replace("\x00", "") + behind[: len(behind) - len(right)]
    closing, inner, opening = _take_brackets(inner)
    return left + closing, inner, opening + right


def _take_brackets(between: str) -> tuple[str, str, str]:
    """Take out brackets: closing ones of the text before, the rest, opening ones behind."""
    closing: list[str] = []
    opened: list[str] = []
    rest: list[str] = []
    for char in between:
        if char in _OPENING:
            opened.append(char)
        elif char in _PAIRS:
            if opened and opened[-1] == _PAIRS[char]:
                opened.pop()
            else:
                closing.append(char)
        elif char not in _QUOTES:
            rest.append(char)
    return "".join(closing), "".join(rest), "".join(opened)


def _join(between: str) -> str:
    """Return the one separator that stands for all that stood around what was removed."""
    if "\x00" not in between:
        return between
    left, inner, right = _split_separators(between)
    behind = between.rpartition("\x00")[2]
    sentence = re.search(r"\.\s", between.partition("\x00")[0]) or behind.startswith(". ")
    return left + _choose_separator(inner, ends_sentence=bool(sentence)) + right


def _choose_separator(inner: str, *, ends_sentence: bool) -> str:
    line = _LINE.search(inner)
    if line:
        return line.group()
    spaced = any(char.isspace() for char in inner)
    for mark in _SPACED_MARKS:
        if mark in inner:
            return mark + " " if spaced else mark
    if ends_sentence:
        return ". "
    dash = re.search(r"\s([-–/|+&])\s", inner)  # noqa: RUF001
    if dash:
        return f" {dash[1]} "
    if spaced or not inner:
        return " "
    return next((mark for mark in _JOINING_MARKS if mark in inner), " ")
