"""What each line of a recipe does, against what the Profile with its Options does without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final

from casepack.deidentify.explaining.explain import (
    GONE,
    PlannedAttribute,
    becomes_dummy_code,
    plan_attributes,
)
from casepack.deidentify.plan import (
    Rule,
    added_tags,
    carried_out,
    compile_plan,
    refuse_held_class,
)
from casepack.errors import InstanceHeld
from casepack.model import Action, AttributeType, Option
from casepack.recipe import HeaderAction, Kind, Recipe, RecipeLine, Target
from casepack.recipe.limits import fault_of_touching
from casepack.recipe.literals import fault_of_literal
from casepack.standard.dictionary import dictionary_vr
from casepack.standard.safe_private import safe_private_vrs
from casepack.standard.types import Iod, Path, core_sop_classes

_LOST: Final = frozenset({Action.ZERO, Action.DUMMY})
_SAID: Final = frozenset({Action.KEEP, Action.CLEAN, Action.UID})


@dataclass(slots=True, kw_only=True)
class LineEffect:
    """What a line does, over all IODs; not frozen: it is collected."""

    line: RecipeLine
    changes: set[int] = field(default_factory=set)
    """Attributes that it treats otherwise than the Profile, or keeps from another line."""
    same: set[int] = field(default_factory=set)
    """Attributes for which it holds, and says what the Profile does anyway."""
    shadowed_by: set[str] = field(default_factory=set)
    """Lines that hold for Attributes in its stead."""
    protected: set[int] = field(default_factory=set)
    required: set[int] = field(default_factory=set)
    """Attributes found by a pattern that must be there, whose values it takes away."""
    required_named: set[int] = field(default_factory=set)
    """Such Attributes that the line names one by one."""
    unfit: set[int] = field(default_factory=set)
    """Attributes that cannot take its value."""
    left: set[int] = field(default_factory=set)
    """Attributes that a KEEP leaves to the Profile, which does not keep them as they are."""


def line_effects(recipe: Recipe) -> list[LineEffect]:
    """Return what each line does, over the SOP Classes that case reports are made of."""
    effects = [LineEffect(line=line) for line in recipe.lines]
    for uid, _iod in open_classes(recipe):
        _look_at(uid, recipe, effects)
    _look_at_private(recipe, effects)
    return effects


def open_classes(recipe: Recipe) -> list[tuple[str, Iod]]:
    """Return the SOP Classes of the core table that are not held, with their IODs."""
    found = []
    for uid in core_sop_classes():
        try:
            found.append((uid, refuse_held_class(uid, recipe.options)))
        except InstanceHeld:
            continue
    return found


@cache
def _without_lines(
    sop_class_uid: str, options: frozenset[Option]
) -> tuple[tuple[PlannedAttribute, Target], ...]:
    """Return what the Profile with these Options does to the Attributes of an IOD."""
    recipe = Recipe(name="", digest="", options=options)
    planned = plan_attributes(sop_class_uid, recipe)
    return tuple((each, Target(each.path)) for each in planned)


def _look_at(sop_class_uid: str, recipe: Recipe, effects: list[LineEffect]) -> None:
    plan = compile_plan(sop_class_uid, recipe, frozenset())
    gone: set[Path] = set()
    for before, target in _without_lines(sop_class_uid, recipe.options):
        hits = [effect for effect in effects if effect.line.selector.matches(target)]
        if not hits:
            continue
        path = before.path
        if _is_protected(path[-1], hits) or any(path[:n] in gone for n in range(1, len(path))):
            # no line can touch it, or one did away with the Sequence around it
            continue
        if plan.present != (present := plan.iod.present_modules(_held(path, recipe))):
            plan = replace(plan, present=present, rules={})
        after = plan.rule(path)
        if after.action in GONE or becomes_dummy_code(plan.iod, present, path, after):
            gone.add(path)
        holding = recipe.line_for(target)
        for effect in hits:
            if effect.line is holding:
                _note(effect, before, after, others=len(hits) > 1)
            elif holding is not None:
                effect.shadowed_by.add(holding.source)


def _is_protected(tag: int, hits: Sequence[LineEffect]) -> bool:
    protected = bool(fault_of_touching(tag))
    for effect in hits if protected else ():
        effect.protected.add(tag)
    return protected


def _held(path: Path, recipe: Recipe) -> frozenset[int]:
    return added_tags(recipe) | {path[0]}


def _note(effect: LineEffect, before: PlannedAttribute, after: Rule, *, others: bool) -> None:
    line, tag = effect.line, before.path[-1]
    changed = (after.action, after.value) != (before.rule.action, None)
    if changed or (line.action is HeaderAction.KEEP and others):
        effect.changes.add(tag)
    else:
        effect.same.add(tag)
    if line.action is HeaderAction.KEEP:
        if after.action is not Action.KEEP:
            effect.left.add(tag)
        return
    if line.value is not None and fault_of_literal(tag, line.value):
        effect.unfit.add(tag)
    if _is_lost(before, after):
        named = any(exact.matches(Target(before.path)) for exact in line.selector.exact_members)
        (effect.required_named if named else effect.required).add(tag)


def _is_lost(before: PlannedAttribute, after: Rule) -> bool:
    """Tell whether a value goes that the Profile would let stay, of an Attribute that stays."""
    if before.type in {None, AttributeType.TYPE_3} or after.value is not None:
        return False
    if dictionary_vr(before.path[-1]) == "UI" and after.action is Action.DUMMY:
        return False
    return before.rule.action in _SAID and after.action in _LOST


def _look_at_private(recipe: Recipe, effects: list[LineEffect]) -> None:
    """Look at the lines for private Attributes: those of Table E.3.10-1, and those kept by name."""
    safe = Option.RETAIN_SAFE_PRIVATE in carried_out(recipe.options)
    named = {
        (exact.creator, exact.group, exact.element)
        for line in recipe.lines
        for exact in line.selector.exact_members
        if exact.kind is Kind.PRIVATE
    }
    for creator, group, element in sorted(named | (safe_private_vrs().keys() if safe else set())):
        tag = (group << 16) | 0x1000 | element
        vrs = safe_private_vrs().get((creator, group, element), frozenset())
        target = Target(path=(tag,), creator=creator, vr=min(vrs, default=""))
        kept = safe and bool(vrs)
        holding = recipe.line_for(target)
        for effect in effects:
            if holding is None or not effect.line.selector.matches(target):
                continue
            if effect.line is not holding:
                effect.shadowed_by.add(holding.source)
            elif kept is (holding.action is HeaderAction.KEEP):
                effect.same.add(tag)
            else:
                effect.changes.add(tag)
