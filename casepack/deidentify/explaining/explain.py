"""A Plan as a document: what happens to each Attribute of a SOP Class, and on whose word.

The Types that decide compound codes depend on the Modules that a Data Set holds. Each Attribute is
explained for a Data Set that holds it and otherwise the mandatory Modules alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from casepack.deidentify.instance import deidentification_stamps
from casepack.deidentify.plan import Plan, Rule, carried_out, compile_plan
from casepack.encoding import EXPLICIT_LITTLE
from casepack.model import Action, AttributeType, Option
from casepack.recipe import HeaderAction, Kind, Recipe, Target
from casepack.standard.dictionary import (
    attribute_keyword,
    attribute_name,
    dictionary_tags,
    format_tag,
)
from casepack.standard.profile import profile_rows
from casepack.standard.safe_private import safe_private_vrs
from casepack.standard.types import Iod, Path

COLUMNS: Final = ("tag", "name", "where", "type", "action", "otherwise", "source")
_CODE_MEANING: Final = 0x00080104
GONE: Final = frozenset({Action.REMOVE, Action.ZERO})
"""Actions that do away with what is inside a Sequence."""
_FALLING_BACK: Final = frozenset({Action.KEEP, Action.CLEAN})
_FIRST_GROUP: Final = 0x0008
_KEPT_UNSEEN: Final = "not in E.1-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAttribute:
    """What happens to an Attribute at one place, and why."""

    path: Path
    type: AttributeType | None
    rule: Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A row of the document; Attributes that fare alike inside Sequences share one."""

    tag: str
    """``(gggg,eeee)``, led by ``>`` inside Sequences."""
    name: str
    where: str
    """Nothing at top level; the Sequences around it, or in how many Sequences it is."""
    type: str
    action: str
    otherwise: str
    """What happens to a value that cannot be kept or cleaned."""
    source: str

    @property
    def row(self) -> tuple[str, ...]:
        """The cells, in the order of `COLUMNS`."""
        return (
            self.tag,
            self.name,
            self.where,
            self.type,
            self.action,
            self.otherwise,
            self.source,
        )


def plan_attributes(sop_class_uid: str, recipe: Recipe) -> Iterator[PlannedAttribute]:
    """Yield what happens to every Attribute of the IOD, in the order of paths.

    What is inside a Sequence that is removed, emptied or replaced as a whole is left out.

    Raises
    ------
    InstanceHeld
        The SOP Class is held.
    """
    iod = compile_plan(sop_class_uid, recipe, frozenset()).iod
    paths = sorted({path for module in iod.modules for path in module.attributes})
    plan: Plan | None = None
    top, gone = 0, frozenset[Path]()
    for path in paths:
        if plan is None or path[0] != top:
            top, gone = path[0], frozenset()
            plan = compile_plan(sop_class_uid, recipe, frozenset({top}))
        if any(path[:depth] in gone for depth in range(1, len(path))):
            continue
        rule = plan.rule(path)
        if rule.action in GONE or becomes_dummy_code(plan.iod, plan.present, path, rule):
            gone |= {path}
        yield PlannedAttribute(path=path, type=plan.attribute_type(path), rule=rule)


def becomes_dummy_code(iod: Iod, present: frozenset[str], path: Path, rule: Rule) -> bool:
    """Tell whether a Sequence of codes is replaced as a whole by a code that says nothing."""
    inside = (*path, _CODE_MEANING)
    return rule.action is Action.DUMMY and iod.attribute_type(inside, present) is not None


def explain_plan(sop_class_uid: str, recipe: Recipe) -> list[Explanation]:
    """Return the document: the IOD, what E.1-1 lists besides, then groups and private Attributes.

    Raises
    ------
    InstanceHeld
        The SOP Class is held.
    """
    planned = list(plan_attributes(sop_class_uid, recipe))
    plan = compile_plan(sop_class_uid, recipe, frozenset())
    stamped = frozenset(
        tag for tag, _ in deidentification_stamps(recipe, plan.options, EXPLICIT_LITTLE)
    )
    at_top = [each for each in planned if len(each.path) == 1]
    nested = [each for each in planned if len(each.path) > 1]
    rows = [_top_level(each, stamped) for each in at_top]
    rows += _inside_sequences(nested)
    shown = {each.path[-1] for each in planned}
    rows += _outside_the_iod(plan, {each.path[0] for each in at_top}, shown)
    rows += _groups()
    rows += _private(recipe)
    return rows


def _top_level(planned: PlannedAttribute, stamped: frozenset[int]) -> Explanation:
    if planned.path[0] in stamped:
        rule = Rule(action=Action.DUMMY, source="casepack")
        planned = PlannedAttribute(path=planned.path, type=planned.type, rule=rule)
    return _explanation(planned, "")


def _inside_sequences(nested: Sequence[PlannedAttribute]) -> list[Explanation]:
    """Return a row for each tag and rule, without what stays because E.1-1 does not list it."""
    alike: dict[tuple[int, str, Rule], list[PlannedAttribute]] = {}
    for each in nested:
        if each.rule.action is Action.KEEP and each.rule.source == _KEPT_UNSEEN:
            continue
        alike.setdefault((each.path[-1], each.type or "", each.rule), []).append(each)
    return [
        _explanation(found[0], _where(found)) for _key, found in sorted(alike.items(), key=_by_tag)
    ]


def _by_tag(
    item: tuple[tuple[int, str, Rule], list[PlannedAttribute]],
) -> tuple[int, str, str, str]:
    tag, attribute_type, rule = item[0]
    return tag, attribute_type, rule.action, rule.source


def _where(found: Sequence[PlannedAttribute]) -> str:
    if len(found) > 1:
        return f"in {len(found)} Sequences"
    return " > ".join(attribute_keyword(tag) or format_tag(tag) for tag in found[0].path[:-1])


def _explanation(planned: PlannedAttribute, where: str) -> Explanation:
    tag, rule = planned.path[-1], planned.rule
    return Explanation(
        tag=(">" if len(planned.path) > 1 else "") + format_tag(tag),
        name=attribute_name(tag),
        where=where,
        type=planned.type or "",
        action=rule.action,
        otherwise=rule.otherwise if rule.action in _FALLING_BACK else "",
        source=rule.source,
    )


def _outside_the_iod(plan: Plan, at_top: set[int], shown: set[int]) -> list[Explanation]:
    """Return what E.1-1 lists and the IOD lacks, and what stays without being in the IOD."""
    tags = {tag for tag in profile_rows() if tag not in shown}
    tags |= {
        tag
        for tag in dictionary_tags()
        if tag not in at_top
        and tag >> 16 >= _FIRST_GROUP
        and plan.rule((tag,)).action is not Action.REMOVE
    }
    rows = [
        _explanation(
            PlannedAttribute(path=(tag,), type=None, rule=plan.rule((tag,))), "not in the IOD"
        )
        for tag in sorted(tags)
    ]
    others = Explanation(
        tag="(gggg,eeee)",
        name="any other Attribute",
        where="not in the IOD",
        type="",
        action=Action.REMOVE,
        otherwise="",
        source="not in IOD",
    )
    return [*rows, others]


def _groups() -> list[Explanation]:
    return [
        Explanation(
            tag=tag,
            name=name,
            where="",
            type="",
            action=Action.REMOVE,
            otherwise="",
            source=source,
        )
        for tag, name, source in (
            ("(gggg,0000)", "Group Length", "group length"),
            ("(50xx,eeee)", "Curve groups", "E.1-1"),
            ("(60xx,eeee)", "Overlay groups", "E.1-1"),
            ("(odd,eeee)", "Private Attributes", "E.1-1"),
        )
    ]


def _private(recipe: Recipe) -> list[Explanation]:
    """Return a row for each creator and group; the elements stand where the Sequences would."""
    alike: dict[tuple[str, int, Action, str], list[str]] = {}
    for creator, group, element, vr, source in retained_private(recipe):
        action = Action.UID if vr == "UI" else Action.KEEP
        alike.setdefault((creator, group, action, source), []).append(f"{element:02X}")
    return [
        Explanation(
            tag=f'({group:04X},"{creator}",ee)',
            name="Private Attributes",
            where="ee = " + " ".join(elements),
            type="",
            action=action,
            otherwise=Action.REMOVE,
            source=source,
        )
        for (creator, group, action, source), elements in sorted(alike.items())
    ]


def retained_private(recipe: Recipe) -> list[tuple[str, int, int, str, str]]:
    """Return the private Attributes that a recipe retains: creator, group, element, VR, source."""
    found: dict[tuple[str, int, int], tuple[str, str]] = {}
    if Option.RETAIN_SAFE_PRIVATE in carried_out(recipe.options):
        found = {key: (min(vrs), "E.3.10-1") for key, vrs in safe_private_vrs().items()}
    for allowance in recipe.allowances:
        selector = allowance.selector
        if selector.kind is Kind.PRIVATE and recipe.uses(allowance):
            found.setdefault((selector.creator, selector.group, selector.element), ("", ""))
    retained = []
    for (creator, group, element), (vr, source) in sorted(found.items()):
        target = Target(path=((group << 16) | 0x1000 | element,), creator=creator, vr=vr)
        line = recipe.line_for(target)
        if line is None or line.action is HeaderAction.KEEP:
            by = source or (line.source if line is not None else "")
            retained.append((creator, group, element, vr, by))
    return retained
