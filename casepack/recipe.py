"""Recipes: which Options of the Profile are declared, and which Attributes are treated apart.

The text is in deid's recipe format (``FORMAT dicom``, ``%header``, ``%labels``). Profile and
Options stand in ``%labels``; lines of ``%header`` tighten. A line that loosens the Profile beyond
the declared Options needs a label ``ADD Override <Keyword> <why>``; reports and packages name it.
Whatever is not understood is an error with file and line: a rule that is silently lost is a leak.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from casepack.errors import RecipeError
from casepack.model import Action, Option
from casepack.shipped import shipped_folder
from casepack.standard.dictionary import attribute_name, tag_for_keyword
from casepack.standard.profile import profile_rows

DEFAULT_RECIPE: Final = "publication"
_SUFFIX: Final = ".dicom"
_PROFILE: Final = "BasicApplicationLevelConfidentialityProfile"
_SECTIONS: Final = frozenset({"%header", "%labels"})
_DEID_SECTIONS: Final = frozenset({"%filter", "%fields", "%values"})
_TAG: Final = re.compile(r"\(?([0-9A-Fa-f]{4}),?([0-9A-Fa-f]{4})\)?")
_PROTECTED: Final = frozenset(
    {0x00080005, 0x00080016, 0x00080018, 0x0020000D, 0x0020000E, 0x7FE00010}
    | {0x00120062, 0x00120063, 0x00120064, 0x00280303}
)

OPTION_NAMES: Final = {
    "".join(word.capitalize() for word in option.name.split("_")).replace("Uids", "UIDs"): option
    for option in Option
}
"""Names of the Options as recipes write them: ``CleanDescriptors``, ``RetainSafePrivate``, ..."""


class HeaderAction(StrEnum):
    """Actions of a ``%header`` line that casepack carries out."""

    ADD = "ADD"
    BLANK = "BLANK"
    KEEP = "KEEP"
    REMOVE = "REMOVE"
    REPLACE = "REPLACE"


PRECEDENCE: Final = (
    HeaderAction.KEEP,
    HeaderAction.ADD,
    HeaderAction.REPLACE,
    HeaderAction.REMOVE,
    HeaderAction.BLANK,
)
"""Which of several lines for one Attribute holds, as deid documents it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeLine:
    """One line of ``%header``."""

    action: HeaderAction
    tag: int
    value: str | None
    source: str
    """``publication.dicom:14``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A parsed recipe."""

    name: str
    digest: str
    """SHA-256 of the text."""
    options: frozenset[Option]
    lines: tuple[RecipeLine, ...] = ()
    overrides: tuple[str, ...] = ()
    """``Keyword (file:line): why`` for each line that loosens the Profile."""
    text: str = field(repr=False, default="")

    def line_for(self, tag: int) -> RecipeLine | None:
        """Return the line that holds for `tag`, by `PRECEDENCE`, then the first."""
        found = [line for line in self.lines if line.tag == tag]
        return min(found, key=lambda line: PRECEDENCE.index(line.action), default=None)


def list_recipes() -> tuple[str, ...]:
    """Return the names of the shipped recipes."""
    return tuple(sorted(path.stem for path in shipped_folder("recipes").glob(f"*{_SUFFIX}")))


def read_recipe(name: str) -> Recipe:
    """Read a shipped recipe by name, or a recipe file by path.

    Raises
    ------
    RecipeError
        There is no such recipe, or a line is not understood; names file and line.
    """
    path = Path(name) if name.endswith(_SUFFIX) else shipped_folder("recipes") / f"{name}{_SUFFIX}"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise RecipeError(
            "there is no such recipe",
            place=path.name,
            advice=f"Shipped recipes: {', '.join(list_recipes())}; a file must end in {_SUFFIX}.",
        ) from None
    return parse_recipe(text, path.name)


def parse_recipe(text: str, file: str) -> Recipe:
    """Parse the text of a recipe.

    Raises
    ------
    RecipeError
        A line is not understood, Options exclude one another, a line loosens the Profile without
        an override, or touches an Attribute that casepack itself must set.
    """
    labels: list[tuple[str, list[str]]] = []
    lines: list[RecipeLine] = []
    section = ""
    first = True
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        place = f"{file}:{number}"
        if first:
            _require_format(line, place)
            first = False
        elif line.startswith("%"):
            section = _section(line, place)
        elif section == "%labels":
            labels.append((place, _label(line, place)))
        elif section == "%header":
            lines.append(_header_line(line, place))
        else:
            raise RecipeError("stands before any section", place=place)
    if first:
        raise RecipeError("is empty", place=f"{file}:1", advice="Begin it with: FORMAT dicom")
    options = _options(labels, file)
    overrides = dict(_override(words, place) for place, words in labels if words[0] == "Override")
    _refuse_loosening(lines, options, overrides)
    return Recipe(
        name=file.removesuffix(_SUFFIX),
        digest=hashlib.sha256(text.encode()).hexdigest(),
        options=options,
        lines=tuple(lines),
        overrides=tuple(overrides.values()),
        text=text,
    )


def _require_format(line: str, place: str) -> None:
    if line.split() != ["FORMAT", "dicom"]:
        raise RecipeError("a recipe begins with 'FORMAT dicom'", place=place)


def _section(line: str, place: str) -> str:
    name, *_ = line.split()
    if name in _DEID_SECTIONS:
        raise RecipeError(f"section {name} is not supported yet", place=place)
    if name not in _SECTIONS:
        raise RecipeError(
            "unknown section", place=place, advice=f"Sections: {', '.join(sorted(_SECTIONS))}."
        )
    return name


def _label(line: str, place: str) -> list[str]:
    words = line.split()
    if words[0] != "ADD" or len(words) < 3:  # noqa: PLR2004  # ADD, name, value
        raise RecipeError("a label is written 'ADD <name> <value>'", place=place)
    if words[1] not in {"Profile", "Option", "Override"}:
        raise RecipeError("labels are Profile, Option and Override", place=place)
    return words[1:]


def _options(labels: list[tuple[str, list[str]]], file: str) -> frozenset[Option]:
    profiles = [(place, words[1]) for place, words in labels if words[0] == "Profile"]
    if [name for _place, name in profiles] != [_PROFILE]:
        raise RecipeError(
            "must declare one Profile",
            place=profiles[-1][0] if profiles else f"{file}:1",
            advice=f"Write below %labels: ADD Profile {_PROFILE}",
        )
    options = set()
    for place, words in labels:
        if words[0] != "Option":
            continue
        if words[1] not in OPTION_NAMES:
            raise RecipeError(
                "unknown Option", place=place, advice=f"Options: {', '.join(OPTION_NAMES)}."
            )
        options.add(OPTION_NAMES[words[1]])
    if {
        Option.RETAIN_LONGITUDINAL_FULL_DATES,
        Option.RETAIN_LONGITUDINAL_MODIFIED_DATES,
    } <= options:
        raise RecipeError("full and modified dates exclude one another", place=f"{file}:1")
    return frozenset(options)


def _override(words: list[str], place: str) -> tuple[int, str]:
    if len(words) < 3:  # noqa: PLR2004  # Override, keyword, reason
        raise RecipeError("an override gives its reason: ADD Override <Keyword> <why>", place=place)
    return _tag(words[1], place), f"{words[1]} ({place}): {' '.join(words[2:])}"


def _header_line(line: str, place: str) -> RecipeLine:
    words = line.split(maxsplit=2)
    if words[0] == "JITTER":
        raise RecipeError(
            "JITTER is not used: dates are shifted by a keyed number of whole weeks",
            place=place,
            advice="Write below %labels: ADD Option RetainLongitudinalModifiedDates",
        )
    if words[0] not in HeaderAction.__members__:
        raise RecipeError(
            "unknown action", place=place, advice=f"Actions: {', '.join(HeaderAction)}."
        )
    action = HeaderAction(words[0])
    needs_value = action in {HeaderAction.ADD, HeaderAction.REPLACE}
    expected = 3 if needs_value else 2
    if len(words) != expected:
        raise RecipeError(f"{action} takes {expected - 1} word(s)", place=place)
    value = words[2] if needs_value else None
    if value is not None and (value.startswith(("func:", "var:", "deid_func:"))):
        raise RecipeError("only literal values can be used", place=place)
    tag = _tag(words[1], place)
    if tag in _PROTECTED:
        raise RecipeError("casepack sets this Attribute itself", place=place)
    return RecipeLine(action=action, tag=tag, value=value, source=place)


def _tag(text: str, place: str) -> int:
    match = _TAG.fullmatch(text)
    tag = int(match[1] + match[2], 16) if match else tag_for_keyword(text)
    if tag is None:
        raise RecipeError(
            "unknown Attribute", place=place, advice="Use its keyword (PS3.6) or (gggg,eeee)."
        )
    return tag


def _refuse_loosening(
    lines: list[RecipeLine], options: frozenset[Option], overrides: dict[int, str]
) -> None:
    for line in lines:
        if line.action is not HeaderAction.KEEP or line.tag in overrides:
            continue
        row = profile_rows().get(line.tag)
        kept = row is None or any(
            row.options.get(option) == Action.KEEP for option in options & row.options.keys()
        )
        if not kept or line.tag >> 16 & 1:
            name = attribute_name(line.tag) or "a private Attribute"
            raise RecipeError(
                f"KEEP of {name} loosens the Profile",
                place=line.source,
                advice="Declare the Option that retains it, or justify it below %labels: "
                "ADD Override <Keyword> <why>",
            )
