"""Lines of ``%header``: an action, a selector, and for some a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from casepack.errors import RecipeError
from casepack.model import Option
from casepack.recipe.document import HeaderAction, Override, RecipeLine
from casepack.recipe.groups import Group
from casepack.recipe.limits import (
    fault_of_keeping,
    fault_of_touching,
    is_shifted,
    is_temporal,
    loosens,
)
from casepack.recipe.literals import fault_of_literal
from casepack.recipe.selectors import Kind, Selector, parse_selector
from casepack.recipe.words import Line, split_words
from casepack.standard.dictionary import attribute_name
from casepack.standard.profile import is_overlay_or_curve

_WITH_VALUE: Final = frozenset({HeaderAction.ADD, HeaderAction.REPLACE})
_CALLS: Final = ("func:", "var:", "deid_func:")


def parse_header_line(line: Line, groups: Mapping[str, Group]) -> RecipeLine:
    """Parse a line of ``%header``.

    Raises
    ------
    RecipeError
        The line is not understood, or asks for what casepack does not do.
    """
    words, place = split_words(line.text, line.place), line.place
    action = _action(words[0] if words else "", place)
    if len(words) == 1:
        raise RecipeError(f"{action} needs an Attribute", place=place)
    value = " ".join(words[2:])
    if any(word.startswith(_CALLS) for word in words[1:]):
        raise RecipeError("only literal values can be used", place=place)
    if bool(value) is not (action in _WITH_VALUE):
        takes = "needs a value" if action in _WITH_VALUE else "takes no value"
        raise RecipeError(f"{action} {takes}", place=place)
    selector = _with_members(parse_selector(words[1], place), groups, place)
    parsed = RecipeLine(action=action, selector=selector, value=value or None, source=place)
    _refuse_what_is_not_carried_out(parsed)
    return parsed


def _action(word: str, place: str) -> HeaderAction:
    if word == "JITTER":
        raise RecipeError(
            "JITTER is not used: dates are shifted by a keyed number of whole weeks",
            place=place,
            advice="Write below %labels: ADD Option RetainLongitudinalModifiedDates",
        )
    if word not in HeaderAction.__members__:
        raise RecipeError(
            "unknown action",
            place=place,
            advice=f"Actions, in capitals: {', '.join(HeaderAction)}.",
        )
    return HeaderAction(word)


def _with_members(selector: Selector, groups: Mapping[str, Group], place: str) -> Selector:
    if selector.kind is Kind.VALUES:
        raise RecipeError(
            "groups of values are not used yet",
            place=place,
            advice="Names and IDs of the patient are looked for in every kept text anyway.",
        )
    if selector.kind is not Kind.FIELDS:
        return selector
    group = groups.get(selector.text.partition(":")[2])
    if group is None:
        raise RecipeError("there is no section %fields of this name", place=place)
    return replace(selector, members=tuple(member.selector for member in group.members))


def _refuse_what_is_not_carried_out(line: RecipeLine) -> None:
    selector, action, place = line.selector, line.action, line.source
    if action is HeaderAction.ADD and selector.kind is not Kind.ATTRIBUTE:
        raise RecipeError("ADD names one Attribute of PS3.6, at top level", place=place)
    for exact in selector.exact_members:
        if exact.kind is Kind.PRIVATE:
            if action not in {HeaderAction.KEEP, HeaderAction.REMOVE}:
                raise RecipeError("private Attributes can be kept or removed only", place=place)
            continue
        tag = exact.path[-1]
        fault = fault_of_touching(tag)
        if not fault and is_overlay_or_curve(tag) and action is not HeaderAction.REMOVE:
            fault = fault_of_keeping(tag)
        if not fault and line.value is not None:
            fault = fault_of_literal(tag, line.value)
        if fault:
            raise RecipeError(fault, place=place)


def refuse_loosening(
    line: RecipeLine, options: frozenset[Option], allowances: Iterable[Override]
) -> None:
    """Refuse a KEEP of an Attribute by name that goes beyond the Profile without an override.

    A KEEP by pattern never loosens by itself: it only undoes other lines of the recipe, and leaves
    the Attribute to the Profile. So does a KEEP of a date that an Option shifts.

    Raises
    ------
    RecipeError
        An override is missing, or would not help.
    """
    if line.action is not HeaderAction.KEEP:
        return
    for exact in line.selector.exact_members:
        name = _name(exact)
        if exact.kind is not Kind.PRIVATE:
            tag = exact.path[-1]
            if not loosens(tag, options) or is_shifted(tag, options):
                continue
            if fault := fault_of_keeping(tag):
                raise RecipeError(
                    f"KEEP of {name}: {fault}",
                    place=line.source,
                    advice="An original beside shifted dates would give the shift away. Declare "
                    "RetainLongitudinalModifiedDates or RetainLongitudinalFullDates."
                    if is_temporal(tag)
                    else "",
                )
        if not any(allowance.selector.matches(exact.target) for allowance in allowances):
            raise RecipeError(
                f"KEEP of {name} loosens the Profile",
                place=line.source,
                advice="Declare the Option that retains it, or justify it below %labels: "
                f"ADD Override {exact.text} <why>",
            )


def _name(selector: Selector) -> str:
    if selector.kind is Kind.PRIVATE:
        return "a private Attribute"
    return attribute_name(selector.path[-1]) or "this Attribute"
