"""Clean Structured Content (PS3.15 E.3.4): Content Items judged by concept and Value Type.

A Content Item says in its own Attributes what it is, so it is judged as a whole, by Table E.3.4-1
and, where that lists it not, by its Value Type: persons become dummies, texts are cleaned, UIDs
and references are replaced, dates follow the Options, and measurements, codes and coordinates
stay. The tree stays whole: what other Items rest upon gets a dummy, and Items that are referred to
by their place in the tree are found at their new one (PS3.3 C.17.3.2.5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from casepack.deidentify import actions
from casepack.deidentify.actions import Context
from casepack.deidentify.content_items import (
    BESIDE,
    BY_REFERENCE,
    CODING_SCHEME,
    CONCEPT_NAME,
    CONTENT_SEQUENCE,
    MEASURED_VALUE,
    NUMERIC_VALUE,
    REFERENCED_SOP,
    RELATIONSHIP,
    UNITS,
    VALUE_TYPE,
    VALUES,
    ContentItem,
    Place,
    drop_lost_references,
    encode_target,
    new_places,
    read_concept,
    read_content_items,
    read_text,
)
from casepack.deidentify.content_rules import judge_content
from casepack.deidentify.plan import Plan, Rule
from casepack.encoding import (
    Buffer,
    Element,
    Encoding,
    encode_element,
    encode_sequence,
    read_items,
    unpad,
)
from casepack.errors import InstanceHeld
from casepack.model import Action, Option, Reason
from casepack.recipe import Target
from casepack.standard.dictionary import dictionary_vr
from casepack.standard.structured_content import AGES, SOURCE
from casepack.standard.types import Path

CONTENT_SEQUENCES: Final = frozenset(
    # Content Sequence; Acquisition Context and Specimen Preparation Step Content Item Sequences;
    # Protocol Context and its modifiers
    {CONTENT_SEQUENCE, 0x00400555, 0x00400612, 0x00400440, 0x00400441}
)
"""Sequences of Content Items (PS3.3 10.2, 10.20, C.17.3)."""
_OBSERVATION_DATETIME: Final = 0x0040A032
_OBSERVATION_UID: Final = 0x0040A171
_READ: Final = frozenset({RELATIONSHIP, VALUE_TYPE})
"""Known to hold one of the terms that the standard defines."""
_OF_EVERY_TYPE: Final = frozenset({CONCEPT_NAME, _OBSERVATION_DATETIME, _OBSERVATION_UID})
_SUBJECT: Final = frozenset({("DCM", "121029")})
"""Subject Name."""
_OLDEST: Final[Mapping[str, float]] = {"a": 89, "mo": 89 * 12, "wk": 89 * 52.2, "d": 89 * 365.25}
"""The highest age that identifies nobody, by unit of UCUM (45 CFR 164.514(b)(2)(i)(C))."""
_OWN_SCHEME: Final = b"99CASEPACK"

Done = tuple[int, Action, str]
"""Tag, Action applied, and on whose word."""


class Tools(NamedTuple):
    """What is needed of the one who applies the Plan."""

    plan: Plan
    context: Context
    output: Encoding
    apply: Callable[[Buffer, Element, Path, Encoding, int], tuple[bytes, tuple[Done, ...]]]
    """Apply the Plan to an element of an Item."""
    new_value: Callable[[Element, bytes, Rule], bytes | None]
    """Apply a Rule to a value; None if it cannot be cleaned."""


def clean_content_items(
    buffer: Buffer, element: Element, path: Path, place: tuple[Encoding, int], tools: Tools
) -> tuple[bytes, list[Done]]:
    """Return a Sequence of Content Items without what identifies, and what was done.

    Parameters
    ----------
    buffer, element
        The Sequence.
    path
        Its path; Items at every level of a tree have that of the first.
    place
        Encoding and depth.
    tools
        How the Plan is applied.

    Raises
    ------
    InstanceHeld
        As `read_content_items` and `drop_lost_references`.
    """
    items = read_content_items(buffer, element, *place)
    _judge_items(buffer, items, tools)
    drop_lost_references(items)
    tree = _Tree(buffer, path, new_places(items), tools, [*_removals(items)])
    encoded = [_encode_item(tree, item, place[1] + 1) for item in items if not item.removed]
    if element.tag == CONTENT_SEQUENCE and not encoded:
        return b"", tree.done
    return encode_sequence(element.tag, encoded, tools.output), tree.done


class _Tree(NamedTuple):
    """What all Items of a tree share while they are encoded."""

    buffer: Buffer
    path: Path
    moved: Mapping[Place, Place]
    tools: Tools
    done: list[Done]


def _judge_items(buffer: Buffer, items: Iterable[ContentItem], tools: Tools) -> None:
    for item in items:
        _judge_items(buffer, item.children, tools)
        if not item.target:
            item.rule = judge_content(item.value_type, item.concept, tools.plan)
        if item.removed and item.relationship == "SELECTED FROM":
            # coordinates lie on what they are selected from
            item.let_stay()
        if item.value_type == "NUM" and item.concept in AGES and item.value is None:
            item.rule = Rule(action=Action.REMOVE, source=item.rule.source)
        if item.rule.action is Action.CLEAN and item.value is not None:
            item.rule = _settle(buffer, item.value, item, tools)


def _settle(buffer: Buffer, value: Element, item: ContentItem, tools: Tools) -> Rule:
    """Return the rule for a value that is to be cleaned: whether anything would be left of it."""
    rule = item.rule
    cleaned = tools.new_value(value, buffer[value.value : value.end], rule)
    if cleaned is not None:
        return rule
    # Items rest upon this one: it stays, and says nothing
    otherwise = Action.DUMMY if item.children else rule.otherwise
    return Rule(action=otherwise, source=rule.source)


def _removals(items: Iterable[ContentItem]) -> Iterator[Done]:
    for item in items:
        if item.removed:
            yield CONTENT_SEQUENCE, Action.REMOVE, item.rule.source
        else:
            yield from _removals(item.children)


def _encode_item(tree: _Tree, item: ContentItem, depth: int) -> bytes:
    parts: list[tuple[int, bytes]] = []
    for element in item.elements.values():
        encoded, applied = _encode_attribute(tree, element, item, depth)
        tree.done.extend(applied)
        if encoded:
            parts.append((element.tag, encoded))
    children = [
        _encode_item(tree, child, depth + 1) for child in item.children if not child.removed
    ]
    if children:
        tree.done.append((CONTENT_SEQUENCE, Action.CLEAN, SOURCE))
        encoded = encode_sequence(CONTENT_SEQUENCE, children, tree.tools.output)
        parts.append((CONTENT_SEQUENCE, encoded))
    return b"".join(encoded for _tag, encoded in sorted(parts))


def _encode_attribute(
    tree: _Tree, element: Element, item: ContentItem, depth: int
) -> tuple[bytes, tuple[Done, ...]]:
    tag = element.tag
    if element is item.value:
        return _encode_value(tree, element, item, depth)
    if tag == BY_REFERENCE:
        encoded = encode_target(tree.moved[item.target], tree.tools.output)
        return encoded, ((tag, Action.KEEP, SOURCE),)
    if tag in _READ:
        value = tree.buffer[element.value : element.end]
        encoded = encode_element(tag, "CS", value, tree.tools.output)
        return encoded, ((tag, Action.KEEP, SOURCE),)
    if tag == _OBSERVATION_UID:
        return _encode_uid(tree, element)
    if tag in _OF_EVERY_TYPE or tag in BESIDE.get(item.value_type, ()):
        return _apply(tree, element, item.encoding, depth)
    return b"", ((tag, Action.REMOVE, "not of its Value Type"),)


def _apply(
    tree: _Tree, element: Element, encoding: Encoding, depth: int
) -> tuple[bytes, tuple[Done, ...]]:
    """Apply the Plan; where the IOD has an Attribute of the root Item alone, as to that one."""
    known = tree.tools.plan.attribute_type((*tree.path, element.tag)) is not None
    parent = tree.path if known else ()
    return tree.tools.apply(tree.buffer, element, parent, encoding, depth)


def _encode_uid(tree: _Tree, element: Element) -> tuple[bytes, tuple[Done, ...]]:
    kept = Option.RETAIN_UIDS in tree.tools.plan.options
    rule = Rule(action=Action.KEEP if kept else Action.UID, source="E.1-1")
    value = tree.tools.new_value(element, tree.buffer[element.value : element.end], rule)
    if value is None:
        return b"", ((element.tag, Action.REMOVE, rule.source),)
    encoded = encode_element(element.tag, "UI", value, tree.tools.output)
    return encoded, ((element.tag, rule.action, rule.source),)


def _encode_value(
    tree: _Tree, element: Element, item: ContentItem, depth: int
) -> tuple[bytes, tuple[Done, ...]]:
    tag, rule, output = element.tag, item.rule, tree.tools.output
    done = (tag, rule.action, rule.source)
    if tree.tools.plan.recipe.line_for(Target((*tree.path, tag))) is not None:
        # a line of the recipe has the last word
        return tree.tools.apply(tree.buffer, element, tree.path, item.encoding, depth)
    if item.value_type == "NUM" and item.concept in AGES:
        capped = _encode_age(tree.buffer, element, item, output)
        if capped:
            return capped, ((tag, Action.CLEAN, rule.source),)
    if tag == VALUES["CODE"] and rule.action is Action.DUMMY:
        code = encode_code(b"REMOVED", b"Removed", output)
        return encode_sequence(tag, [code], output), (done,)
    if tag in {REFERENCED_SOP, MEASURED_VALUE, VALUES["CODE"]}:
        encoded, applied = _apply(tree, element, item.encoding, depth)
        return encoded, (done, *applied[1:])
    value = _new_value(tree, element, item)
    return encode_element(tag, dictionary_vr(tag) or "UN", value, output), (done,)


def _new_value(tree: _Tree, element: Element, item: ContentItem) -> bytes:
    """Return the value of a text, name, date or UID; always one, since Type 1 asks for it."""
    rule, value = item.rule, tree.buffer[element.value : element.end]
    if item.value_type == "PNAME":
        # no Option keeps a person; one and the same gets one and the same dummy
        if item.concept in _SUBJECT:
            return actions.required_value(actions.PATIENT_NAME, b"", tree.tools.context)
        return observer_dummy(value, tree.tools.context)
    found = tree.tools.new_value(element, value, rule)
    if found is None and item.value_type == "UIDREF":
        raise InstanceHeld(Reason.MALFORMED)
    if found is None:
        dummy = Rule(action=Action.DUMMY, source=rule.source)
        found = tree.tools.new_value(element, value, dummy)
    return found or b""


def observer_dummy(value: bytes, context: Context) -> bytes:
    """Return a name that is nobody's; two observers are still two."""
    name = unpad(value).decode("latin-1").strip(" ^=").casefold()
    return f"Removed^{context.pseudonyms.code('person', name)}".encode("ascii")


def _encode_age(buffer: Buffer, element: Element, item: ContentItem, output: Encoding) -> bytes:
    """Return the measured value of an age of 90 years; empty if the age is less than that."""
    inner, items = read_items(buffer, element, item.encoding)
    for elements in items:
        found = {one.tag: one for one in elements}
        unit = read_concept(buffer, found.get(UNITS), inner)
        try:
            number = float(read_text(buffer, found.get(NUMERIC_VALUE)))
        except ValueError:
            number = float("inf")
        if number <= _OLDEST.get(unit[1], 0):
            continue
        years = _years(output)
        ninety = encode_element(NUMERIC_VALUE, "DS", b"90", output)
        return encode_sequence(MEASURED_VALUE, [years + ninety], output)
    return b""


def _years(encoding: Encoding) -> bytes:
    """Return Measurement Units Code Sequence: years of UCUM."""
    parts = ((0x00080100, "SH", b"a"), (CODING_SCHEME, "SH", b"UCUM"), (0x00080104, "LO", b"year"))
    code = b"".join(encode_element(tag, vr, value, encoding) for tag, vr, value in parts)
    return encode_sequence(UNITS, [code], encoding)


def encode_code(value: bytes, meaning: bytes, encoding: Encoding) -> bytes:
    """Return the Item of a code of casepack's own scheme."""
    parts = (
        (0x00080100, "SH", value),
        (CODING_SCHEME, "SH", _OWN_SCHEME),
        (0x00080104, "LO", meaning),
    )
    return b"".join(encode_element(tag, vr, part, encoding) for tag, vr, part in parts)
