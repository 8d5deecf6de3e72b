"""Lines of a recipe: sections, words, comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from casepack.errors import RecipeError

_WORD: Final = re.compile(r'(?:[^\s"]|"[^"]*")+')
_NAMED: Final = frozenset({"%filter", "%fields", "%values"})
_UNNAMED: Final = frozenset({"%header", "%labels"})
_COMMENT: Final = "#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line that says something, in its section."""

    section: str
    name: str
    """Name of the section, as in ``%fields name``."""
    text: str
    place: str
    """``file:line``."""


def read_lines(text: str, file: str, errors: list[RecipeError]) -> Iterator[Line]:
    """Yield the lines of all sections; what is wrong with the frame is added to `errors`."""
    section, name = "", ""
    begun = False
    for number, raw in enumerate(text.split("\n"), 1):
        line, place = raw.strip(), f"{file}:{number}"
        if not line or line.startswith(_COMMENT):
            continue
        try:
            if not begun:
                begun = True
                _require_format(line, place)
            elif line.startswith("%"):
                section, name = _section(line, place)
                yield Line(section=section, name=name, text="", place=place)
            elif not section:
                errors.append(RecipeError("stands before any section", place=place))
            else:
                yield Line(section=section, name=name, text=line, place=place)
        except RecipeError as error:
            errors.append(error)
    if not begun:
        errors.append(
            RecipeError("is empty", place=f"{file}:1", advice="Begin it with: FORMAT dicom")
        )


def _require_format(line: str, place: str) -> None:
    word, *rest = line.split()
    if word != "FORMAT" or [each.lower() for each in rest] != ["dicom"]:
        raise RecipeError("a recipe begins with 'FORMAT dicom'", place=place)


def _section(line: str, place: str) -> tuple[str, str]:
    words = line.partition(_COMMENT)[0].split()
    section, name = words[0].lower(), " ".join(words[1:])
    if section not in _NAMED | _UNNAMED:
        raise RecipeError(
            "unknown section",
            place=place,
            advice=f"Sections: {', '.join(sorted(_NAMED | _UNNAMED))}.",
        )
    if (section in _NAMED) is not bool(name):
        takes = "needs a name" if section in _NAMED else "takes no name"
        raise RecipeError(f"{section} {takes}", place=place)
    return section, name


def split_words(text: str, place: str) -> list[str]:
    """Split a line at white space outside double quotes; a word that begins with # ends it.

    deid cuts a value at every #, inside words too. The same text would then mean two things, so a
    # inside a word is refused; inside the quotes of a Private Creator it is part of the creator.

    Raises
    ------
    RecipeError
        A quote is not closed, or a # is glued to a word.
    """
    words: list[str] = []
    for match in _WORD.finditer(text):
        word = match[0]
        if word.startswith(_COMMENT):
            return words
        if _COMMENT in re.sub('"[^"]*"', "", word):
            raise RecipeError("put a space before a comment", place=place)
        words.append(word)
    if text.count('"') % 2:
        raise RecipeError("a quote is not closed", place=place)
    return words
