"""A Plan applied to Data Elements: values, Sequences, and what is nested in them.

What becomes of an element is a function of its bytes, the Plan and the patient, and of nothing else
in the Data Set: who applies a Plan to many Data Sets may remember it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from casepack.deidentify import actions
from casepack.deidentify.actions import Context
from casepack.deidentify.graphics import clean_graphic_label
from casepack.deidentify.plan import CODE_MEANING, GRAPHIC_LABELS, Plan, Rule
from casepack.deidentify.private import Kept, keeps_private, kept_elements, without_idle_creators
from casepack.deidentify.structured_content import (
    CONTENT_SEQUENCES,
    Tools,
    clean_content_items,
    encode_code,
)
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
from casepack.standard.codes import PUBLIC_SCHEMES
from casepack.standard.dictionary import dictionary_vr
from casepack.standard.types import Path


class Applied(NamedTuple):
    """That an Action was applied to an Attribute, and on whose word."""

    tag: int
    action: Action
    source: str


class ElementDeidentifier:
    """Applies one Plan to elements of one encoding.

    Parameters
    ----------
    plan
        The rules of the SOP Class and of the Modules that the Data Sets hold.
    context
        Patient and key.
    encoding
        The encoding of the output; Items of VR UN may be encoded otherwise.
    character_set
        Specific Character Set (0008,0005) of the Data Sets.
    """

    def __init__(
        self, plan: Plan, context: Context, encoding: Encoding, character_set: bytes
    ) -> None:
        self.uids: dict[str, str] = {}
        """New UIDs by the original ones, since they were last cleared."""
        self._plan = plan
        self._context = context
        self._encoding = encoding
        self._character_set = character_set
        self._retains_safe = Option.RETAIN_SAFE_PRIVATE in plan.options
        self._retains_private = self._retains_safe or keeps_private(plan.recipe)
        self._tools = Tools(plan, context, encoding, self.apply, self._new_value)
        self._cleans_content = Option.CLEAN_STRUCTURED_CONTENT in plan.options

    def apply(
        self, buffer: Buffer, element: Element, parent: Path, encoding: Encoding, depth: int
    ) -> tuple[bytes, tuple[Applied, ...]]:
        """Return the encoded result, empty if removed, and what was applied on the way."""
        path = (*parent, element.tag)
        rule = self._plan.rule(path)
        action = rule.action
        if action is Action.REMOVE:
            return b"", (Applied(element.tag, action, rule.source),)
        if _is_sequence(element, encoding) and action is not Action.ZERO:
            if element.tag in CONTENT_SEQUENCES and self._cleans_content:
                place = (encoding, depth)
                content, done = clean_content_items(buffer, element, path, place, self._tools)
                done.append((element.tag, action, rule.source))
                return content, tuple(Applied(*one) for one in done)
            return self._apply_to_sequence(buffer, element, path, rule, (encoding, depth))
        value = buffer[element.value : element.end]
        result = self._new_value(element, value, rule)
        if result is None:
            action = rule.otherwise
            if action is Action.REMOVE:
                return b"", (Applied(element.tag, action, rule.source),)
            if action is Action.DUMMY and _known_vr(element) in actions.NUMBER_VRS | {"UI"}:
                # a size, a place or a class that is made up would be taken for the scanner's
                raise InstanceHeld(Reason.MALFORMED)
            result = self._new_value(element, value, Rule(action=action, source=rule.source)) or b""
        encoded = encode_element(element.tag, _known_vr(element), result, self._encoding)
        return encoded, (Applied(element.tag, action, rule.source),)

    def find_safe(self, buffer: Buffer, elements: Sequence[Element]) -> Mapping[int, Kept]:
        """Return by tag the private elements of one Data Set or Item that stay."""
        if not self._retains_private:
            return {}
        return kept_elements(buffer, elements, self._plan.recipe, safe=self._retains_safe)

    def apply_safe(
        self, buffer: Buffer, element: Element, kept: Kept, parent: Path, encoding: Encoding
    ) -> tuple[bytes, tuple[Applied, ...]]:
        """Keep a private element: UIDs replaced, Items judged one by one."""
        path, vr = (*parent, element.tag), kept.vr
        keep = Rule(action=Action.UID if vr == "UI" else Action.KEEP, source=kept.source)
        if not encoding.little and element.vr == "UN":
            raise InstanceHeld(Reason.MALFORMED)
        if vr == "SQ":
            place = (encoding, len(parent))
            return self._apply_to_sequence(buffer, element, path, keep, place)
        value = buffer[element.value : element.end]
        result = self._new_value(element._replace(vr=vr), value, keep)
        if result is None:
            return b"", (Applied(element.tag, Action.REMOVE, keep.source),)
        encoded = encode_element(element.tag, vr, result, self._encoding)
        return encoded, (Applied(element.tag, keep.action, keep.source),)

    def _new_value(self, element: Element, value: bytes, rule: Rule) -> bytes | None:
        """Return the new value; None if it cannot be cleaned."""
        tag, vr, context = element.tag, _known_vr(element), self._context
        match rule.action:
            case Action.KEEP:
                if vr == "UI" and context.covered:
                    value = actions.replace_covered(value, context, self.uids)
                return actions.keep_value(tag, vr, value, context)
            case Action.ZERO:
                required = tag in actions.REQUIRED_VALUES
                return actions.required_value(tag, value, context) if required else b""
            case Action.DUMMY if rule.value is not None:
                return rule.value.encode("ascii", "replace")
            case Action.DUMMY:
                return actions.dummy_value(tag, vr, value, context, self.uids)
            case Action.UID if vr == "UI":
                return actions.replace_uids(value, context, self.uids)
            case Action.CLEAN if tag in GRAPHIC_LABELS:
                return clean_graphic_label(tag, value, context)
            case Action.CLEAN:
                return actions.clean_value(tag, vr, value, context, self._character_set)
            case _:
                raise InstanceHeld(Reason.MALFORMED)

    def _apply_to_sequence(
        self,
        buffer: Buffer,
        element: Element,
        path: Path,
        rule: Rule,
        place: tuple[Encoding, int],
    ) -> tuple[bytes, tuple[Applied, ...]]:
        encoding, depth = place
        applied = [Applied(element.tag, rule.action, rule.source)]
        if rule.action is Action.DUMMY and _is_code_sequence(self._plan, path):
            code = _dummy_code(self._encoding)
            return encode_sequence(element.tag, [code], self._encoding), tuple(applied)
        inner, items = read_items(buffer, element, encoding, depth=depth)
        encoded_items = []
        for item in items:
            local = self._local_code(buffer, item)
            if local and element.tag == _CODING_SCHEMES:
                # where it says whose scheme it is
                applied.append(Applied(element.tag, Action.REMOVE, "local code"))
                continue
            encoded, done = self._apply_to_item(buffer, item, path, (inner, depth), local)
            encoded_items.append(encoded)
            applied += done
        return encode_sequence(element.tag, encoded_items, self._encoding), tuple(applied)

    def _apply_to_item(
        self,
        buffer: Buffer,
        item: Sequence[Element],
        path: Path,
        place: tuple[Encoding, int],
        local: bytes,
    ) -> tuple[bytes, list[Applied]]:
        inner, depth = place
        encoded: list[tuple[int, bytes]] = []
        applied = []
        _refuse_other_character_set(buffer, item, self._character_set)
        safe = self.find_safe(buffer, item)
        if local:
            encoded.append((0x00080100, local))
            applied.append(Applied(_CODING_SCHEME, Action.DUMMY, "local code"))
        for child in item:
            if local and child.tag in _CODE:
                continue
            if child.tag in safe:
                result, done = self.apply_safe(buffer, child, safe[child.tag], path, inner)
            else:
                result, done = self.apply(buffer, child, path, inner, depth + 1)
            applied += done
            if result:
                encoded.append((child.tag, result))
        if safe:
            encoded = without_idle_creators(encoded)
        encoded.sort(key=_tag)
        if len({tag for tag, _ in encoded}) != len(encoded):
            raise InstanceHeld(Reason.MALFORMED)
        return b"".join(part for _, part in encoded), applied

    def _local_code(self, buffer: Buffer, item: Sequence[Element]) -> bytes:
        """Return a code of casepack's for one of somebody's own: what it means, cleaned.

        Nothing for any other Item.
        """
        if not _is_local_code(buffer, item):
            return b""
        for element in item:
            if element.tag == CODE_MEANING and self._context.words is not None:
                value = buffer[element.value : element.end]
                meaning = self._new_value(element, value, _CLEANED_MEANING)
                if meaning and meaning.strip():
                    return encode_code(actions.code_of_meaning(meaning), meaning, self._encoding)
        return _dummy_code(self._encoding)


def _tag(entry: tuple[int, object]) -> int:
    return entry[0]


def _known_vr(element: Element) -> str:
    """Return the VR; for UN and for emptied Sequences that of the dictionary (PS3.5 6.2.2)."""
    if element.vr != "UN":
        return element.vr
    return (dictionary_vr(element.tag) or "UN")[:2]


def _is_sequence(element: Element, encoding: Encoding) -> bool:
    """Tell whether the element holds Items.

    Raises
    ------
    InstanceHeld
        The VR contradicts the dictionary, so that what is inside would escape the rules; or values
        of VR UN, which are little endian, stand in a big endian Data Set.
    """
    known = dictionary_vr(element.tag)
    if element.vr == "UN":
        if not encoding.little:
            raise InstanceHeld(Reason.MALFORMED)
        return known == "SQ" or element.undefined
    if known is not None and _kind(element.vr) != _kind(known[:2]):
        raise InstanceHeld(Reason.MALFORMED)
    return element.vr == "SQ"


def _kind(vr: str) -> str:
    """Return what a VR holds: text, Items, or numbers and bytes."""
    if vr in actions.TEXT_VRS:
        return "text"
    return "items" if vr == "SQ" else "bytes"


def _is_code_sequence(plan: Plan, path: Path) -> bool:
    return plan.iod.attribute_type((*path, 0x00080104), plan.present) is not None


_SPECIFIC_CHARACTER_SET: Final = 0x00080005
_CODING_SCHEME: Final = 0x00080102
_CODING_SCHEMES: Final = 0x00080110
_CODE: Final = frozenset(
    # Basic Coded Entry and Enhanced Encoding Mode (PS3.3 Table 8.8-1)
    {0x00080100, _CODING_SCHEME, 0x00080103, 0x00080104, 0x00080119, 0x00080120, 0x0008010F}
    | {0x00080105, 0x00080106, 0x00080107, 0x0008010B, 0x0008010D, 0x00080117, 0x00080118}
)


def _refuse_other_character_set(
    buffer: Buffer, item: Sequence[Element], character_set: bytes
) -> None:
    """Hold an Item whose text is in another Specific Character Set than its Data Set's."""
    for element in item:
        if element.tag == _SPECIFIC_CHARACTER_SET:
            own = unpad(buffer[element.value : element.end])
            if own != character_set:
                raise InstanceHeld(Reason.TEXT_NOT_DECODABLE)


def _is_local_code(buffer: Buffer, item: Sequence[Element]) -> bool:
    """Tell whether an Item's code is of a scheme of somebody's own: it names the institution."""
    for element in item:
        if element.tag == _CODING_SCHEME:
            scheme = unpad(buffer[element.value : element.end]).decode("latin-1").strip()
            return bool(scheme) and scheme not in PUBLIC_SCHEMES
    return False


_CLEANED_MEANING: Final = Rule(action=Action.CLEAN, source="local code")


def _dummy_code(encoding: Encoding) -> bytes:
    return encode_code(b"REMOVED", b"Removed", encoding)
