"""Lines of ``%labels``: Profile, Options, overrides, and what is done about faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Final

from casepack.errors import RecipeError
from casepack.model import Option
from casepack.recipe.document import OPTION_NAMES, FaceRule, Override
from casepack.recipe.limits import fault_of_keeping, fault_of_touching
from casepack.recipe.selectors import Kind, parse_selector
from casepack.recipe.words import Line, split_words

PROFILE: Final = "BasicApplicationLevelConfidentialityProfile"
_NAMES: Final = ("Profile", "Option", "Override", "Face")
_OF_SEVERAL_WORDS: Final = ("Override", "Face")
_FACES: Final = "Option CleanRecognizableVisualFeatures"
_FACE_FORMS: Final = (
    "Write ADD Face DropLocalizers, or ADD Face Above 118 InFrontOf -62 (mm, in patient "
    "coordinates: z grows to the head, y to the back)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A line ``ADD <name> <value>``."""

    name: str
    words: tuple[str, ...]
    place: str


def parse_label(line: Line) -> Label:
    """Parse a line of ``%labels``.

    Raises
    ------
    RecipeError
        It is no label, or one of another name.
    """
    words = split_words(line.text, line.place)
    if len(words) < 3 or words[0] != "ADD":  # noqa: PLR2004  # ADD, name, value
        raise RecipeError("a label is written 'ADD <name> <value>'", place=line.place)
    if words[1] not in _NAMES:
        raise RecipeError("labels are Profile, Option, Override and Face", place=line.place)
    if words[1] not in _OF_SEVERAL_WORDS and len(words) > 3:  # noqa: PLR2004  # ADD, name, value
        raise RecipeError(f"{words[1]} takes one word", place=line.place)
    return Label(name=words[1], words=tuple(words[2:]), place=line.place)


def require_profile(labels: Sequence[Label], file: str) -> None:
    """Refuse a recipe that does not declare the one Profile.

    Raises
    ------
    RecipeError
        There is none, or another, or more than one.
    """
    profiles = [label for label in labels if label.name == "Profile"]
    if [label.words[0] for label in profiles] != [PROFILE]:
        raise RecipeError(
            "must declare one Profile",
            place=profiles[-1].place if profiles else file,
            advice=f"Write below %labels: ADD Profile {PROFILE}",
        )


def read_option(label: Label) -> Option:
    """Return the Option that a label declares.

    Raises
    ------
    RecipeError
        PS3.15 has no such Option.
    """
    if label.words[0] not in OPTION_NAMES:
        raise RecipeError(
            "unknown Option", place=label.place, advice=f"Options: {', '.join(OPTION_NAMES)}."
        )
    return OPTION_NAMES[label.words[0]]


def refuse_contradiction(options: frozenset[Option], labels: Sequence[Label], file: str) -> None:
    """Refuse Options that exclude one another (PS3.15 E.3.6).

    Raises
    ------
    RecipeError
        Full and modified dates are declared both.
    """
    both = {Option.RETAIN_LONGITUDINAL_FULL_DATES, Option.RETAIN_LONGITUDINAL_MODIFIED_DATES}
    if both <= options:
        places = [label.place for label in labels if OPTION_NAMES.get(label.words[0], None) in both]
        raise RecipeError(
            "full and modified dates exclude one another",
            place=places[-1] if places else f"{file}:1",
        )


def read_override(label: Label) -> Override:
    """Return the override that a label declares.

    Raises
    ------
    RecipeError
        It names no single Attribute, or gives no reason.
    """
    if len(label.words) == 1:
        raise RecipeError(
            "an override gives its reason: ADD Override <Keyword> <why>", place=label.place
        )
    selector = parse_selector(label.words[0], label.place)
    if not selector.exact:
        raise RecipeError("an override names one Attribute", place=label.place)
    if selector.kind is not Kind.PRIVATE:
        tag = selector.path[-1]
        if fault := fault_of_touching(tag) or fault_of_keeping(tag):
            raise RecipeError(fault, place=label.place)
    return Override(selector=selector, reason=" ".join(label.words[1:]), source=label.place)


def read_face_rule(labels: Sequence[Label], options: frozenset[Option]) -> FaceRule | None:
    """Return what is done about faces; None when the Option is not declared.

    Raises
    ------
    RecipeError
        A label is not understood or stands twice, or the Option is not declared.
    """
    rule = FaceRule() if Option.CLEAN_RECOGNIZABLE_VISUAL_FEATURES in options else None
    for label in (each for each in labels if each.name == "Face"):
        if rule is None:
            raise RecipeError(
                "the Option that this belongs to is not declared",
                place=label.place,
                advice=f"Write below %labels: ADD {_FACES}",
            )
        if label.words == ("DropLocalizers",) and not rule.drop_localizers:
            rule = replace(rule, drop_localizers=True)
        elif (region := _face_region(label.words)) and rule.above is None:
            rule = replace(rule, above=region[0], in_front_of=region[1])
        else:
            raise RecipeError(
                "says nothing about faces that is understood", place=label.place, advice=_FACE_FORMS
            )
    return rule


def _face_region(words: Sequence[str]) -> tuple[float, float] | None:
    if tuple(words[::2]) != ("Above", "InFrontOf") or len(words) != 4:  # noqa: PLR2004  # two pairs
        return None
    try:
        above, in_front_of = float(words[1]), float(words[3])
    except ValueError:
        return None
    return (above, in_front_of) if isfinite(above) and isfinite(in_front_of) else None
