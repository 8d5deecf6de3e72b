"""Recipe text to `Recipe`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from casepack.errors import RecipeError
from casepack.recipe.document import Recipe, RecipeLine
from casepack.recipe.filters import Filter, FilterReader
from casepack.recipe.groups import KNOWN_WORDS, Group, Member, parse_known_word, parse_member
from casepack.recipe.header import parse_header_line, refuse_loosening
from casepack.recipe.labels import (
    Label,
    parse_label,
    read_face_rule,
    read_option,
    read_override,
    refuse_contradiction,
    require_profile,
)
from casepack.recipe.words import Line, read_lines
from casepack.shipped import shipped_folder

DEFAULT_RECIPE: Final = "publication"
_SUFFIX: Final = ".dicom"

Result = TypeVar("Result")


def list_recipes() -> tuple[str, ...]:
    """Return the names of the shipped recipes."""
    return tuple(sorted(path.stem for path in shipped_folder("recipes").glob(f"*{_SUFFIX}")))


def read_text(name: str) -> tuple[str, str]:
    """Return the text of a shipped recipe by name, or of a recipe file by path, and the file name.

    Raises
    ------
    RecipeError
        There is no such recipe.
    """
    path = Path(name) if name.endswith(_SUFFIX) else shipped_folder("recipes") / f"{name}{_SUFFIX}"
    try:
        return path.read_text(encoding="utf-8"), path.name
    except (OSError, UnicodeDecodeError):
        raise RecipeError(
            "there is no such recipe",
            place=path.name,
            advice=f"Shipped recipes: {', '.join(list_recipes())}; a file must end in {_SUFFIX}.",
        ) from None


def read_recipe(name: str) -> Recipe:
    """Read a shipped recipe by name, or a recipe file by path.

    Raises
    ------
    RecipeError
        There is no such recipe, or a line is not understood; names file and line.
    """
    return parse_recipe(*read_text(name))


def parse_recipe(text: str, file: str) -> Recipe:
    """Parse the text of a recipe.

    Raises
    ------
    RecipeError
        A line is not understood, Options exclude one another, a line loosens the Profile without
        an override, or touches an Attribute that casepack itself must set.
    """
    recipe, errors = parse_with_errors(text, file)
    if errors:
        raise errors[0]
    return recipe


def parse_filters(text: str, file: str) -> tuple[tuple[Filter, ...], tuple[RecipeError, ...]]:
    """Read the ``%filter`` sections alone, of a recipe that need not be one of casepack's.

    Returns
    -------
    tuple[Filter, ...], tuple[RecipeError, ...]
        What was understood, and what was not. A label with a line that was not understood is left
        out whole: with a criterion less it would hold for more images than its author meant.
    """
    reader = FilterReader()
    errors: list[RecipeError] = []
    for line in read_lines(text, file, errors):
        if line.section == "%filter":
            _attempt(errors, reader.read, line)
    return reader.filters, tuple(errors)


def parse_with_errors(text: str, file: str) -> tuple[Recipe, Sequence[RecipeError]]:
    """Parse the text of a recipe; return what was understood, and all errors by their lines."""
    errors: list[RecipeError] = []
    by_section: dict[str, list[Line]] = {}
    for line in read_lines(text, file, errors):
        by_section.setdefault(line.section, []).append(line)
    reader = FilterReader()
    for line in by_section.get("%filter", ()):
        _attempt(errors, reader.read, line)
    fields = _groups(by_section.get("%fields", ()), errors)
    values, known_words = _values(by_section.get("%values", ()), errors)
    labels = _all(errors, parse_label, _said(by_section.get("%labels", ())))
    options = frozenset(
        _all(errors, read_option, [label for label in labels if label.name == "Option"])
    )
    allowances = _all(errors, read_override, [each for each in labels if each.name == "Override"])
    _attempt(errors, lambda _: require_profile(labels, file), None)
    _attempt(errors, lambda _: refuse_contradiction(options, _options(labels), file), None)
    faces = _attempt(errors, lambda _: read_face_rule(labels, options), None)
    lines: list[RecipeLine] = []
    for line in _said(by_section.get("%header", ())):
        parsed = _attempt(errors, lambda each: parse_header_line(each, fields), line)
        if parsed is not None:
            lines.append(parsed)
            _attempt(errors, lambda each: refuse_loosening(each, options, allowances), parsed)
    recipe = Recipe(
        name=file.removesuffix(_SUFFIX),
        digest=hashlib.sha256(text.encode()).hexdigest(),
        options=options,
        lines=tuple(lines),
        allowances=tuple(allowances),
        groups=fields,
        values=values,
        known_words=known_words,
        filters=reader.filters,
        faces=faces,
        text=text,
    )
    return recipe, sorted(errors, key=_line_number)


def _said(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if line.text]


def _options(labels: Sequence[Label]) -> list[Label]:
    return [label for label in labels if label.name == "Option"]


def _groups(lines: Sequence[Line], errors: list[RecipeError]) -> dict[str, Group]:
    members: dict[str, list[Member]] = {}
    sources: dict[str, str] = {}
    for line in lines:
        sources.setdefault(line.name, line.place)
        found = members.setdefault(line.name, [])
        parsed = _attempt(errors, parse_member, line) if line.text else None
        if parsed is not None:
            found.append(parsed)
    for name, found in members.items():
        if not found and not errors:
            errors.append(RecipeError("the section says nothing", place=sources[name]))
    return {
        name: Group(name=name, source=sources[name], members=tuple(found))
        for name, found in members.items()
    }


def _values(
    lines: Sequence[Line], errors: list[RecipeError]
) -> tuple[dict[str, Group], tuple[str, ...]]:
    """Return the groups of ``%values``, and the words of the site."""
    others = [line for line in lines if line.name != KNOWN_WORDS]
    words = _said([line for line in lines if line.name == KNOWN_WORDS])
    return _groups(others, errors), tuple(_all(errors, parse_known_word, words))


Given = TypeVar("Given")


def _attempt(
    errors: list[RecipeError], parse: Callable[[Given], Result], given: Given
) -> Result | None:
    try:
        return parse(given)
    except RecipeError as error:
        errors.append(error)
        return None


def _all(
    errors: list[RecipeError], parse: Callable[[Given], Result], given: Sequence[Given]
) -> list[Result]:
    found = [_attempt(errors, parse, each) for each in given]
    return [each for each in found if each is not None]


def _line_number(error: RecipeError) -> tuple[bool, int]:
    """Return what errors are sorted by; one of the whole file comes last."""
    number = error.place.rpartition(":")[2]
    return not number.isdecimal(), int(number) if number.isdecimal() else 0
