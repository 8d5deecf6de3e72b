"""Content Items (PS3.3 C.17.3): a tree, read with strictness, in which Items have their places.

An Item may refer to another by its place in the tree; when Items go, the places of others change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from casepack.deidentify.content_rules import dummy_action
from casepack.deidentify.plan import Rule
from casepack.encoding import Buffer, Element, Encoding, encode_element, read_items, unpad
from casepack.errors import InstanceHeld
from casepack.model import Action, Reason
from casepack.standard.structured_content import Concept

CONTENT_SEQUENCE: Final = 0x0040A730
VALUE_TYPE: Final = 0x0040A040
CONCEPT_NAME: Final = 0x0040A043
RELATIONSHIP: Final = 0x0040A010
BY_REFERENCE: Final = 0x0040DB73
MEASURED_VALUE: Final = 0x0040A300
NUMERIC_VALUE: Final = 0x0040A30A
UNITS: Final = 0x004008EA
REFERENCED_SOP: Final = 0x00081199
CODE_VALUES: Final = (0x00080100, 0x00080119, 0x00080120)
CODING_SCHEME: Final = 0x00080102
_SPECIFIC_CHARACTER_SET: Final = 0x00080005
_COORDINATES: Final = frozenset(
    # Graphic Type and Data, Fiducial UID, Pixel Origin Interpretation, Frame of Reference UID
    {0x00700023, 0x00700022, 0x0070031A, 0x00480301, 0x30060024}
)
VALUES: Final[Mapping[str, int]] = {
    "TEXT": 0x0040A160,
    "PNAME": 0x0040A123,
    "UIDREF": 0x0040A124,
    "DATE": 0x0040A121,
    "TIME": 0x0040A122,
    "DATETIME": 0x0040A120,
    "CODE": 0x0040A168,
    "NUM": MEASURED_VALUE,
    "IMAGE": REFERENCED_SOP,
    "COMPOSITE": REFERENCED_SOP,
    "WAVEFORM": REFERENCED_SOP,
}
"""The Attribute that holds the value, by Value Type."""
BESIDE: Final[Mapping[str, frozenset[int]]] = {
    # other Attributes that a Value Type brings (PS3.3 C.18); those of Content Item Macros too,
    # where a number stands beside its units (PS3.3 10.2)
    "NUM": frozenset({0x0040A301, NUMERIC_VALUE, UNITS, 0x0040A161, 0x0040A162, 0x0040A163}),
    "SCOORD": _COORDINATES,
    "SCOORD3D": _COORDINATES,
    "TCOORD": frozenset({0x0040A130, 0x0040A132, 0x0040A138, 0x0040A13A}),
    "CONTAINER": frozenset({0x0040A050, 0x0040A504}),
}
_RELATIONSHIPS: Final = frozenset(
    {"CONTAINS", "HAS PROPERTIES", "HAS OBS CONTEXT", "HAS ACQ CONTEXT", "INFERRED FROM"}
    | {"SELECTED FROM", "HAS CONCEPT MOD", ""}
)
_SELECTED_FROM: Final = "SELECTED FROM"
_NO_RULE: Final = Rule(action=Action.KEEP, source="")

Place = tuple[int, ...]
"""From the root, which is 1, the number of each Item among its siblings."""
_ROOT: Final[Place] = (1,)
_Order = Literal["little", "big"]


@dataclass(slots=True, kw_only=True)
class ContentItem:
    """A Content Item as read, and what is to become of it."""

    elements: dict[int, Element]
    """Its Attributes but for the Content Sequence."""
    encoding: Encoding
    value_type: str
    relationship: str
    concept: Concept = field(repr=False)
    target: Place
    """Where the Item is that this one refers to; empty for an Item with a value of its own."""
    children: list[ContentItem]
    rule: Rule = _NO_RULE

    @property
    def removed(self) -> bool:
        """Whether the Item goes, with all below it."""
        return self.rule.action is Action.REMOVE

    @property
    def value(self) -> Element | None:
        """The element that holds the value."""
        return self.elements.get(VALUES.get(self.value_type, 0))

    def let_stay(self) -> None:
        """Keep an Item that would go, with a value that says nothing."""
        self.rule = Rule(action=dummy_action(self.value_type), source=self.rule.source)


def read_content_items(
    buffer: Buffer, element: Element, encoding: Encoding, depth: int
) -> list[ContentItem]:
    """Read a Sequence of Content Items and all below them.

    Raises
    ------
    InstanceHeld
        STRUCTURED_CONTENT for a Value Type or relationship that the standard did not define when
        this was written, MALFORMED for an Item that holds a tag twice, TEXT_NOT_DECODABLE for one
        with a character set of its own.
    """
    inner, items = read_items(buffer, element, encoding, depth=depth)
    return [_read_item(buffer, elements, inner, depth + 1) for elements in items]


def _read_item(
    buffer: Buffer, elements: list[Element], encoding: Encoding, depth: int
) -> ContentItem:
    found = {element.tag: element for element in elements}
    if len(found) != len(elements):
        raise InstanceHeld(Reason.MALFORMED)
    if _SPECIFIC_CHARACTER_SET in found:
        raise InstanceHeld(Reason.TEXT_NOT_DECODABLE)
    target = _read_target(buffer, found.get(BY_REFERENCE), encoding)
    relationship = read_text(buffer, found.get(RELATIONSHIP))
    value_type = read_text(buffer, found.get(VALUE_TYPE))
    if not (value_type or relationship):
        value_type = _type_of(found)
    known = value_type in VALUES or value_type in BESIDE
    if relationship not in _RELATIONSHIPS or known is bool(target):
        raise InstanceHeld(Reason.STRUCTURED_CONTENT)
    below = found.pop(CONTENT_SEQUENCE, None)
    return ContentItem(
        elements=found,
        encoding=encoding,
        value_type=value_type,
        relationship=relationship,
        concept=read_concept(buffer, found.get(CONCEPT_NAME), encoding),
        target=target,
        children=read_content_items(buffer, below, encoding, depth) if below is not None else [],
    )


def _type_of(found: Mapping[int, Element]) -> str:
    """Return the Value Type of an Item that need not say it (PS3.3 C.7.6.14), by its value."""
    if NUMERIC_VALUE in found:
        return "NUM"
    return next((name for name, tag in VALUES.items() if tag in found), "")


def read_text(buffer: Buffer, element: Element | None) -> str:
    """Return a value of a code or defined term; empty if there is none."""
    if element is None:
        return ""
    return unpad(buffer[element.value : element.end]).decode("latin-1").strip()


def _read_target(buffer: Buffer, element: Element | None, encoding: Encoding) -> tuple[int, ...]:
    if element is None:
        return ()
    value = buffer[element.value : element.end]
    if not value or len(value) % 4:
        raise InstanceHeld(Reason.MALFORMED)
    order: _Order = "little" if encoding.little else "big"
    return tuple(
        int.from_bytes(value[start : start + 4], order) for start in range(0, len(value), 4)
    )


def encode_target(place: Place, output: Encoding) -> bytes:
    """Encode Referenced Content Item Identifier."""
    order: _Order = "little" if output.little else "big"
    value = b"".join(number.to_bytes(4, order) for number in place)
    return encode_element(BY_REFERENCE, "UL", value, output)


def read_concept(buffer: Buffer, element: Element | None, encoding: Encoding) -> Concept:
    """Return Coding Scheme Designator and Code Value of a Sequence of one code."""
    if element is None:
        return "", ""
    _, items = read_items(buffer, element, encoding)
    if not items:
        return "", ""
    found = {one.tag: one for one in items[0]}
    value = next((found[tag] for tag in CODE_VALUES if tag in found), None)
    return read_text(buffer, found.get(CODING_SCHEME)), read_text(buffer, value)


def drop_lost_references(items: list[ContentItem]) -> None:
    """Mark Items that refer to one that goes; repeat, as others may refer to them.

    What coordinates are selected from stays, with a value that says nothing.

    Raises
    ------
    InstanceHeld
        MALFORMED for a tree that refers to nowhere, STRUCTURED_CONTENT where coordinates would be
        left with nothing to lie on.
    """
    by_place = dict(_places(items, _ROOT))
    for item in by_place.values():
        if item.relationship == _SELECTED_FROM:
            basis = by_place.get(item.target, item)
            if basis.removed:
                basis.let_stay()
    gone = True
    while gone:
        there = {place for place in by_place if _stays(place, by_place)} | {_ROOT}
        referring = [item for item in by_place.values() if item.target and not item.removed]
        if any(item.target not in by_place and item.target != _ROOT for item in referring):
            raise InstanceHeld(Reason.MALFORMED)
        lost = [item for item in referring if item.target not in there]
        if any(item.relationship == _SELECTED_FROM for item in lost):
            raise InstanceHeld(Reason.STRUCTURED_CONTENT)
        for item in lost:
            item.rule = Rule(action=Action.REMOVE, source="refers to an Item that is removed")
        gone = bool(lost)


def _stays(place: Place, by_place: Mapping[Place, ContentItem]) -> bool:
    return not any(by_place[place[:depth]].removed for depth in range(2, len(place) + 1))


def _places(items: Iterable[ContentItem], parent: Place) -> Iterator[tuple[Place, ContentItem]]:
    for number, item in enumerate(items, 1):
        yield (*parent, number), item
        yield from _places(item.children, (*parent, number))


def _move(items: Iterable[ContentItem], old: Place, new: Place) -> Iterator[tuple[Place, Place]]:
    """Yield old and new place of the root and of every Item that stays."""
    yield old, new
    staying = 0
    for number, item in enumerate(items, 1):
        if not item.removed:
            staying += 1
            yield from _move(item.children, (*old, number), (*new, staying))


def new_places(items: list[ContentItem]) -> Mapping[Place, Place]:
    """Return the new place of the root and of every Item that stays, by the old one."""
    return dict(_move(items, _ROOT, _ROOT))
