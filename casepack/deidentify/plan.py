"""Table E.1-1, Options and recipe compiled to a Plan: what happens to each Attribute, and why.

A Plan belongs to one SOP Class and one set of top-level Attributes, since the Type that decides a
compound code (X/Z/D) depends on the Modules that are present. Rules are resolved by path when first
asked for, and kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from typing import Final

from casepack.errors import InstanceHeld
from casepack.model import Action, AttributeType, Option, Reason
from casepack.recipe import HeaderAction, Recipe, RecipeLine, Target
from casepack.recipe.limits import fault_of_keeping, fault_of_touching
from casepack.recipe.literals import fault_of_literal
from casepack.standard.dictionary import dictionary_vr
from casepack.standard.profile import ProfileRow, is_overlay_or_curve, profile_rows
from casepack.standard.types import Iod, Path, read_iod

CARRIED_OUT: Final = frozenset(
    {
        Option.CLEAN_GRAPHICS,
        Option.CLEAN_STRUCTURED_CONTENT,
        Option.CLEAN_PIXEL_DATA,
        Option.CLEAN_RECOGNIZABLE_VISUAL_FEATURES,
        Option.CLEAN_DESCRIPTORS,
        Option.RETAIN_LONGITUDINAL_FULL_DATES,
        Option.RETAIN_LONGITUDINAL_MODIFIED_DATES,
        Option.RETAIN_PATIENT_CHARACTERISTICS,
        Option.RETAIN_DEVICE_IDENTITY,
        Option.RETAIN_UIDS,
        Option.RETAIN_SAFE_PRIVATE,
        Option.RETAIN_INSTITUTION_IDENTITY,
    }
)
"""Options that this version carries out. A recipe may declare the others: what they would clean is
removed or held as the Basic Profile says, and their codes are not claimed."""


def carried_out(options: frozenset[Option]) -> frozenset[Option]:
    """Return those of the Options that this installation carries out."""
    done = options & CARRIED_OUT
    if not finds_text():
        done -= {Option.CLEAN_PIXEL_DATA}
    if Option.CLEAN_PIXEL_DATA not in done:
        # faces are covered in images that are examined, and nowhere else
        done -= {Option.CLEAN_RECOGNIZABLE_VISUAL_FEATURES}
    return done


@cache
def finds_text() -> bool:
    """Tell whether the runtime of the text detector is installed, without loading it."""
    return find_spec("onnxruntime") is not None


_COMPOUND: Final[Mapping[str, tuple[Action, Action, Action]]] = {
    # code: for Type 3, for Type 2 and 2C, for Type 1 and 1C (PS3.15 Table E.1-1a)
    "X/Z": (Action.REMOVE, Action.ZERO, Action.DUMMY),
    "X/D": (Action.REMOVE, Action.ZERO, Action.DUMMY),
    "X/Z/D": (Action.REMOVE, Action.ZERO, Action.DUMMY),
    "Z/D": (Action.ZERO, Action.ZERO, Action.DUMMY),
    "X/Z/U*": (Action.REMOVE, Action.ZERO, Action.KEEP),
}
_TYPE_RANK: Final = {
    AttributeType.TYPE_3: 0,
    AttributeType.TYPE_2: 1,
    AttributeType.TYPE_2C: 1,
    AttributeType.TYPE_1: 2,
    AttributeType.TYPE_1C: 2,
}
_REQUIRED: Final = frozenset({AttributeType.TYPE_1, AttributeType.TYPE_1C})
_MAY_BE_EMPTY: Final = frozenset({AttributeType.TYPE_2, AttributeType.TYPE_2C})

CODE_MEANING: Final = 0x00080104
_VERIFYING_OBSERVER_SEQUENCE: Final = 0x0040A073
_PIXEL_DATA_PROVIDER_URL: Final = 0x00287FE0
"""Type 1C, on account of the Transfer Syntax, which stays."""
_VOCABULARY_DATES: Final = frozenset({0x00080106, 0x00080107, 0x0040DB06, 0x0040DB07})
_TIMEZONE: Final = 0x00080201
_FREE_TEXT: Final = frozenset({"ST", "LT", "UT"})
_TEXT: Final = _FREE_TEXT | {"LO", "SH", "UC"}
_CODES: Final = frozenset(
    # Code Value, Coding Scheme Designator and Version, Long Code Value: no language, and codes of
    # schemes that are not public are replaced with their Item
    {0x00080100, 0x00080102, 0x00080103, 0x00080119}
)
_READS_PIXELS: Final = frozenset(
    # Spacing Between Slices; Number of Frames, Pixel Spacing, Pixel Aspect Ratio, Pixel Padding,
    # Rescale Intercept, Slope and Type
    {0x00180088, 0x00280008, 0x00280030, 0x00280034, 0x00280120, 0x00280121}
    | {0x00281052, 0x00281053, 0x00281054}
)
"""Kept at top level even where the IOD does not define them, as scanners of some vendors write
them: without these numbers the Pixel Data mean something else."""
_OF_THE_REQUEST: Final = frozenset(
    # Requested Procedure Description, Scheduled Procedure Step Description, Reason for the
    # Requested Procedure: Items of the Request Attributes Sequence have them (PS3.3 Table 10-9)
    {0x00321060, 0x00400007, 0x00401002}
)
_REFERENCED: Final = "common-instance-reference"

_PLAIN_VRS: Final = frozenset(
    {"AS", "AT", "CS", "DS", "FD", "FL", "IS", "OD", "OF", "OL", "SL", "SQ", "SS", "UL", "US"}
)
_EXTENDED: Final[Mapping[str, frozenset[int]]] = {
    # Standard Extended SOP Class: diffusion in MR Image, of Enhanced MR's MR Diffusion Macro
    "1.2.840.10008.5.1.4.1.1.4": frozenset({0x00189075, 0x00189087, 0x00189089}),
}

_HELD_CLASSES: Final = (
    ("1.2.840.10008.5.1.4.1.1.104", Reason.ENCAPSULATED_DOCUMENT),
    ("1.2.840.10008.5.1.4.1.1.9.4", Reason.AUDIO),
    # Inventory: what an archive holds, of all its patients
    ("1.2.840.10008.5.1.4.1.1.201", Reason.NOT_UNDERSTOOD),
)
_CLEANED_CLASSES: Final = (
    # captures of screens and films; reports with key object selections; presentation states
    ("1.2.840.10008.5.1.4.1.1.7", Option.CLEAN_PIXEL_DATA, Reason.SECONDARY_CAPTURE),
    ("1.2.840.10008.5.1.4.1.1.88", Option.CLEAN_STRUCTURED_CONTENT, Reason.STRUCTURED_CONTENT),
    ("1.2.840.10008.5.1.4.1.1.11", Option.CLEAN_GRAPHICS, Reason.GRAPHICS),
)
"""Held without the Option that cleans them: the Basic Profile leaves nothing of what they say."""
GRAPHIC_LABELS: Final = frozenset({0x00700002, 0x00700080})
"""Graphic Layer, Content Label: terms of nobody's list, which people make up."""
_CLEANED_INSIDE: Final = frozenset({Option.CLEAN_STRUCTURED_CONTENT, Option.CLEAN_GRAPHICS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What happens to an Attribute, and on whose word."""

    action: Action
    source: str
    value: str | None = None
    """Literal value of a recipe line."""
    otherwise: Action = Action.REMOVE
    """What happens instead when a value cannot be cleaned (an invalid date)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The rules for one SOP Class and one set of present Modules, by path."""

    sop_class_uid: str
    iod: Iod = field(repr=False)
    present: frozenset[str] = field(repr=False)
    recipe: Recipe
    options: frozenset[Option]
    rules: dict[Path, Rule] = field(default_factory=dict, repr=False)

    def rule(self, path: Path) -> Rule:
        """Return the rule for the Attribute at `path` (tags from the root of the Data Set)."""
        found = self.rules.get(path)
        if found is None:
            found = self.rules[path] = self._resolve(path)
        return found

    @property
    def added(self) -> tuple[tuple[int, bytes, str], ...]:
        """Attributes that the recipe adds where the IOD defines them: tag, value, source."""
        return tuple(
            (tag, line.value.encode("ascii"), line.source)
            for tag in sorted(added_tags(self.recipe))
            if (line := self.recipe.line_for(Target((tag,)))) is not None
            and line.action is HeaderAction.ADD
            and line.value is not None
            and self.iod.attribute_type((tag,), self.present) is not None
        )

    def attribute_type(self, path: Path) -> AttributeType | None:
        """Return the Type that decides the rule for the Attribute at `path`."""
        return self._attribute_type(path, profile_rows().get(path[-1]))

    def _resolve(self, path: Path) -> Rule:
        tag = path[-1]
        if not tag & 0xFFFF:
            return Rule(action=Action.REMOVE, source="group length")
        if tag >> 16 & 1:
            return Rule(action=Action.REMOVE, source="E.1-1")
        if is_overlay_or_curve(tag):
            return Rule(action=Action.REMOVE, source="E.1-1")
        return self.rule_of_type(path, self.attribute_type(path))

    def rule_of_type(self, path: Path, attribute_type: AttributeType | None) -> Rule:
        """Return the rule for a standard Attribute if it is of this Type; None: not in the IOD."""
        tag = path[-1]
        profile = self._profile_rule(path, profile_rows().get(tag), attribute_type)
        if not self.recipe.lines or fault_of_touching(tag):
            return profile
        if attribute_type is None and profile.action is Action.REMOVE:
            return profile
        attribute_type = attribute_type or AttributeType.TYPE_3
        line = self.recipe.line_for(Target(path))
        if line is not None:
            return self._line_rule(line, path, profile, attribute_type)
        source = self._taken_away(path)
        if not source or profile.action in {Action.REMOVE, Action.ZERO}:
            return profile
        return Rule(action=resolve_code(tag, "X/Z/D", attribute_type), source=source)

    def _taken_away(self, path: Path) -> str:
        """Return the line that takes away a Sequence around the Attribute, which had to stay.

        A Sequence of Type 1 stays, so what it says goes from inside it.
        """
        for depth in range(len(path) - 1, 0, -1):
            line = None
            if not path[depth - 1] >> 16 & 1:
                line = self.recipe.line_for(Target(path[:depth]))
            if line is not None:
                return "" if line.action is HeaderAction.KEEP else line.source
        return ""

    def _line_rule(
        self, line: RecipeLine, path: Path, profile: Rule, attribute_type: AttributeType
    ) -> Rule:
        """Return what a line of the recipe makes of an Attribute; never less than its Type asks.

        A KEEP beyond the Profile needs an override that names the Attribute; without one it leaves
        the Attribute to the Profile.
        """
        tag = path[-1]
        removed = resolve_code(tag, "X/Z/D", attribute_type)
        if line.action is HeaderAction.KEEP:
            allowed = not fault_of_keeping(tag) and self.recipe.may_keep(Target(path))
            if profile.action is Action.KEEP or not allowed:
                return profile
            return Rule(action=Action.KEEP, source=line.source, otherwise=removed)
        if line.action is HeaderAction.BLANK:
            emptied = resolve_code(tag, "Z/D", attribute_type)
            return Rule(action=emptied, source=line.source)
        if line.value is not None and not fault_of_literal(tag, line.value):
            return Rule(action=Action.DUMMY, source=line.source, value=line.value)
        return Rule(action=removed, source=line.source)

    def _attribute_type(self, path: Path, row: ProfileRow | None) -> AttributeType | None:
        """Return the Type in the IOD; Type 3 for what may stay in a private Sequence.

        No IOD defines what is inside a private Sequence: listed Attributes go by the table, others
        stay if their VR holds no free text (PS3.15 E.3.10).
        """
        tag = path[-1]
        if any(parent >> 16 & 1 for parent in path[:-1]):
            plain = row is not None or dictionary_vr(tag) in _PLAIN_VRS
            return AttributeType.TYPE_3 if plain else None
        found = self.iod.attribute_type(path, self.present)
        if found is None and len(path) == 1 and tag in _EXTENDED.get(self.sop_class_uid, ()):
            return AttributeType.TYPE_3
        return found

    def _profile_rule(
        self, path: Path, row: ProfileRow | None, attribute_type: AttributeType | None
    ) -> Rule:
        tag = path[-1]
        if attribute_type is None and len(path) == 1 and tag in _READS_PIXELS:
            return Rule(action=Action.KEEP, source="reads Pixel Data")
        if attribute_type is None:
            return self._undefined_rule(path, row)
        if tag == CODE_MEANING:
            return Rule(action=Action.CLEAN, source="known meanings", otherwise=Action.DUMMY)
        if row is None:
            emptied = resolve_code(tag, "X/Z/D", attribute_type)
            vr = dictionary_vr(tag)
            if tag in GRAPHIC_LABELS and Option.CLEAN_GRAPHICS in self.options:
                source = "E.1-1 113103, not listed"
                return Rule(action=Action.CLEAN, source=source, otherwise=emptied)
            if vr in _TEXT and tag not in _CODES and Option.CLEAN_DESCRIPTORS in self.options:
                source = "E.1-1 113105, not listed"
                return Rule(action=Action.CLEAN, source=source, otherwise=emptied)
            if vr in _FREE_TEXT:
                # the table lists no more than the Attributes that are known to identify
                return Rule(action=emptied, source="free text")
            return Rule(action=Action.KEEP, source="not in E.1-1", otherwise=emptied)
        basic = resolve_code(tag, row.basic, attribute_type)
        if row.basic == "X/Z/U*" and basic is Action.ZERO and _REFERENCED in self.present:
            # the Common Instance Reference Module lists what is referenced here (PS3.3 C.12.2)
            basic = Action.KEEP
        contradicted = row.basic == Action.REMOVE and basic is Action.DUMMY
        source = f"{row.source}, Type 1" if contradicted else row.source
        return self._option_rule(row, basic) or Rule(action=basic, source=source)

    def _undefined_rule(self, path: Path, row: ProfileRow | None) -> Rule:
        """Return the rule for what the IOD does not define: a misplaced or a retired Attribute.

        It goes; but Table E.1-1 lists descriptors that no Composite IOD has, with C for Clean
        Descriptors, and scanners write those of the request at top level (Standard Extended SOP
        Classes, PS3.2 7.3).
        """
        tag = path[-1]
        if (
            row is not None
            and len(path) == 1
            and Option.CLEAN_DESCRIPTORS in self.options & row.options.keys()
            and (not row.composite or tag in _OF_THE_REQUEST)
            and dictionary_vr(tag) in _TEXT
        ):
            source = f"{row.source} {Option.CLEAN_DESCRIPTORS.value}"
            return Rule(action=Action.CLEAN, source=source)
        return Rule(action=Action.REMOVE, source="not in IOD")

    def _option_rule(self, row: ProfileRow, basic: Action) -> Rule | None:
        for option in sorted(self.options & row.options.keys(), key=lambda o: o.value):
            source = f"{row.source} {option.value}"
            if row.options[option] == Action.KEEP:
                return Rule(action=Action.KEEP, source=source, otherwise=basic)
            if option is Option.RETAIN_LONGITUDINAL_MODIFIED_DATES:
                return _modified_date_rule(row, basic, source)
            if option in _CLEANED_INSIDE:
                return Rule(action=Action.CLEAN, source=source, otherwise=basic)
            if option is Option.CLEAN_DESCRIPTORS:
                # a Sequence of descriptors is cleaned Attribute by Attribute
                sequence = dictionary_vr(row.tag) == "SQ"
                action = Action.KEEP if sequence else Action.CLEAN
                return Rule(action=action, source=source, otherwise=basic)
        return None


def _modified_date_rule(row: ProfileRow, basic: Action, source: str) -> Rule | None:
    """Shift dates of the patient; never those from which the shift could be computed."""
    if row.tag in _VOCABULARY_DATES or row.tag == _TIMEZONE:
        return Rule(action=Action.KEEP, source=source, otherwise=basic)
    if Option.RETAIN_DEVICE_IDENTITY in row.options:
        return None
    vr = dictionary_vr(row.tag)
    if vr == "TM":
        # a shift by whole days leaves the time of day as it is
        return Rule(action=Action.KEEP, source=source, otherwise=basic)
    if vr in {"DA", "DT"}:
        return Rule(action=Action.CLEAN, source=source, otherwise=basic)
    return None


def resolve_code(tag: int, code: str, attribute_type: AttributeType) -> Action:
    """Resolve a code of Table E.1-1, compound or not, by the Attribute's Type.

    X of an Attribute that must be present empties it, or gives it a dummy where it must have a
    value (Type 1), so that the IOD stays intact (PS3.15 E.1.1). Of Type 1C it goes: what asks for
    it goes too.
    """
    if code in _COMPOUND:
        return _COMPOUND[code][_TYPE_RANK[attribute_type]]
    if tag == _VERIFYING_OBSERVER_SEQUENCE and attribute_type not in _REQUIRED:
        return Action.REMOVE
    if code == Action.REMOVE and _must_have_value(tag, attribute_type):
        return Action.DUMMY
    if code == Action.REMOVE and attribute_type in _MAY_BE_EMPTY:
        return Action.ZERO
    return Action(code)


def _must_have_value(tag: int, attribute_type: AttributeType) -> bool:
    required = attribute_type is AttributeType.TYPE_1 or tag == _PIXEL_DATA_PROVIDER_URL
    return required and attribute_type in _REQUIRED and dictionary_vr(tag) != "SQ"


def added_tags(recipe: Recipe) -> frozenset[int]:
    """Return the Attributes that lines of the recipe add."""
    return frozenset(
        line.tag
        for line in recipe.lines
        if line.action is HeaderAction.ADD and line.tag is not None
    )


def refuse_held_class(sop_class_uid: str, options: frozenset[Option]) -> Iod:
    """Return the IOD of a SOP Class that can be de-identified under these Options.

    Raises
    ------
    InstanceHeld
        The SOP Class is private or unknown, or nothing may clean its content.
    """
    if sop_class_uid == "private":
        raise InstanceHeld(Reason.SOP_CLASS_PRIVATE)
    for root, reason in _HELD_CLASSES:
        if _is_below(sop_class_uid, root):
            raise InstanceHeld(reason)
    for root, option, reason in _CLEANED_CLASSES:
        if option not in carried_out(options) and _is_below(sop_class_uid, root):
            raise InstanceHeld(reason)
    iod = read_iod(sop_class_uid)
    if iod is None:
        raise InstanceHeld(Reason.SOP_CLASS_UNKNOWN)
    return iod


def _is_below(sop_class_uid: str, root: str) -> bool:
    return sop_class_uid == root or sop_class_uid.startswith(root + ".")


def compile_plan(sop_class_uid: str, recipe: Recipe, tags: frozenset[int]) -> Plan:
    """Compile the Plan for Data Sets of a SOP Class with these top-level Attributes.

    Raises
    ------
    InstanceHeld
        As `refuse_held_class`.
    """
    options = carried_out(recipe.options)
    iod = refuse_held_class(sop_class_uid, options)
    return Plan(
        sop_class_uid=sop_class_uid,
        iod=iod,
        present=iod.present_modules(tags | added_tags(recipe)),
        recipe=recipe,
        options=options,
    )
