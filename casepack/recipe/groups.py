"""Named groups: ``%fields`` finds Attributes by name, ``%values`` collects what they say.

The group ``%values known_words`` is casepack's own: each ``FIELD`` line of it names no Attribute
but a word of the site's protocols, which Clean Descriptors then leaves in texts. To deid such a
line is an Attribute that no file has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from casepack.errors import RecipeError
from casepack.recipe.selectors import Kind, Selector, parse_selector
from casepack.recipe.words import Line, split_words

KNOWN_WORDS: Final = "known_words"
_FIELD_WORDS: Final = 2
_FEWEST_LETTERS: Final = 2
_WORD_OF_SITE: Final = re.compile(r"[^\W_]{2,48}")
_LENGTH: Final = re.compile("[0-9]{1,6}")
_PARAMETER: Final = re.compile(r"\s*(\w+)\s*=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A line of a group: ``FIELD`` takes values whole, ``SPLIT`` takes their parts."""

    selector: Selector
    separator: str | None = None
    """Of ``SPLIT``: what parts are split by."""
    shortest: int = 1
    """Of ``SPLIT``: parts of fewer characters are not taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A section ``%fields`` or ``%values``."""

    name: str
    source: str
    members: tuple[Member, ...] = ()


def parse_member(line: Line) -> Member:
    """Parse a line of ``%fields`` or ``%values``.

    Raises
    ------
    RecipeError
        The line is not of deid's language.
    """
    words = split_words(line.text, line.place)
    allowed = ("FIELD",) if line.section == "%fields" else ("FIELD", "SPLIT")
    if not words or words[0] not in allowed:
        advice = f"{line.section} takes {' and '.join(allowed)}."
        raise RecipeError("unknown action", place=line.place, advice=advice)
    most = _FIELD_WORDS if words[0] == "FIELD" else len(words)
    if not 1 < len(words) <= most:
        raise RecipeError(f"{words[0]} takes one selector", place=line.place)
    selector = parse_selector(words[1], line.place)
    if selector.kind in {Kind.FIELDS, Kind.VALUES}:
        raise RecipeError("a group cannot hold another group", place=line.place)
    if words[0] == "FIELD":
        return Member(selector=selector)
    return _split(selector, " ".join(words[2:]), line.place)


def parse_known_word(line: Line) -> str:
    """Parse a line of ``%values known_words``.

    Raises
    ------
    RecipeError
        It is not ``FIELD`` with one word of two letters or more: numbers cannot be made known.
    """
    words = split_words(line.text, line.place)
    word = words[1] if len(words) == _FIELD_WORDS and words[0] == "FIELD" else ""
    letters = sum(char.isalpha() for char in word)
    if not _WORD_OF_SITE.fullmatch(word) or letters < _FEWEST_LETTERS:
        raise RecipeError(
            f"a line of {KNOWN_WORDS} is FIELD and one word",
            place=line.place,
            advice="A word is of letters, at least two, and digits: one line for each.",
        )
    return word


def _split(selector: Selector, parameters: str, place: str) -> Member:
    """Parse ``by="^";minlength=4``; deid ignores parameters that it does not know."""
    separator, shortest = " ", 1
    for parameter in parameters.split(";") if parameters else ():
        match = _PARAMETER.fullmatch(parameter)
        name = match[1] if match else ""
        value = match[2].strip() if match else ""
        if name == "by":
            separator = value.strip("'").strip('"')
        elif name == "minlength" and _LENGTH.fullmatch(value.strip("'\"")):
            shortest = int(value.strip("'\""))
        else:
            raise RecipeError(
                "SPLIT takes by= and minlength=", place=place, advice='As in: by="^";minlength=4'
            )
    if not separator:
        raise RecipeError("by= is empty", place=place)
    return Member(selector=selector, separator=separator, shortest=shortest)
