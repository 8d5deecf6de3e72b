"""A Plan applied to Data Sets: one pass over the elements, nothing done twice.

What is removed is never decoded, what is kept is copied as it stands, and what is changed is
remembered by its bytes: an Action is a function of the element and the patient, so the next
instance of a series costs a look-up. Remembering changes no result; a property test says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from casepack.deidentify import actions
from casepack.deidentify.actions import Context
from casepack.deidentify.graphics import clean_graphic_label
from casepack.deidentify.lift import MR_IMAGE_STORAGE, lift_mr_essentials
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
from casepack.layout import Layout
from casepack.model import Action, Option, Reason
from casepack.standard.codes import PUBLIC_SCHEMES
from casepack.standard.dictionary import dictionary_vr
from casepack.standard.types import Path

if TYPE_CHECKING:
    from casepack.deidentify.cleaner import CleanedText

_MEMO_VALUE: Final = 4096
_MEMO_ENTRIES: Final = 20_000
_MAX_LAYOUTS: Final = 512
_NOT_COPIED: Final = frozenset({"SQ", "UN", "AS"})
"""Value Representations that are looked into even when kept."""
_BINARY_VRS: Final = frozenset(
    {"AT", "FD", "FL", "OB", "OD", "OF", "OL", "OV", "OW", "SL", "SS", "SV", "UL", "US", "UV"}
)


class Applied(NamedTuple):
    """That an Action was applied to an Attribute, and on whose word."""

    tag: int
    action: Action
    source: str


class Extent(NamedTuple):
    """Bytes of the input that are passed on as they are."""

    start: int
    end: int


@dataclass(slots=True)
class _Result:
    """What became of an element, and how often equal bytes were met since it was counted."""

    encoded: bytes | Extent
    applied: tuple[Applied, ...]
    texts: tuple[CleanedText, ...] = ()
    uses: int = 0


class _Steps(NamedTuple):
    """What is to be done with Data Sets that are laid out alike."""

    looked_into: tuple[Element, ...]
    removed: tuple[int, ...]
    """Tags of what goes unseen, unless it is a private element that is safe."""
    private: tuple[Element, ...]


Output = list[tuple[int, bytes | Extent]]
"""Encoded elements by tag."""


class DataSetDeidentifier:
    """Applies one Plan to Data Sets of one encoding.

    Parameters
    ----------
    plan
        The rules of the SOP Class and of the Modules that the Data Sets hold.
    context
        Patient and key.
    encoding
        The encoding of the Data Sets, which the output keeps.
    stamps
        Encoded elements that say what was done; they replace whatever the input says.
    character_set
        Specific Character Set (0008,0005) of the Data Sets.
    remember
        Whether results are remembered; False is for the test that it makes no difference.
    """

    def __init__(
        self,
        plan: Plan,
        context: Context,
        encoding: Encoding,
        stamps: Sequence[tuple[int, bytes]],
        *,
        character_set: bytes = b"",
        remember: bool = True,
    ) -> None:
        self.plan = plan
        self._character_set = character_set
        self._uids: dict[str, str] = {}
        self._context = context
        self._encoding = encoding
        self._stamps = tuple(stamps)
        self._stamped = frozenset(tag for tag, _ in stamps)
        self._applied: Counter[Applied] = Counter()
        self._counts: Counter[int] = Counter()
        self._texts: set[CleanedText] = set()
        self._removed: Counter[tuple[int, ...]] = Counter()
        self._steps: dict[Layout, _Steps] = {}
        self._decided: dict[int, Action] = {}
        self._trusted: dict[int, frozenset[str]] = {}
        self._memo: dict[bytes, _Result] = {}
        self._used: list[_Result] = []
        self._remember = remember
        self._retains_safe = Option.RETAIN_SAFE_PRIVATE in plan.options
        self._retains_private = self._retains_safe or keeps_private(plan.recipe)
        self._added = tuple(
            (tag, encode_element(tag, dictionary_vr(tag) or "UN", value, encoding), source)
            for tag, value, source in plan.added
        )
        self._lifts = plan.sop_class_uid == MR_IMAGE_STORAGE
        self._tools = Tools(plan, context, encoding, self._apply, self._new_value)
        self._cleans_content = Option.CLEAN_STRUCTURED_CONTENT in plan.options

    def deidentify(self, buffer: Buffer, layout: Layout) -> Output:
        """Return the de-identified Data Set, sorted by tag.

        Raises
        ------
        InstanceHeld
            The Data Set holds a tag twice, or something that is not valid encoding.
        """
        output: Output = list(self._stamps)
        self._context.take_texts()  # what is left of a Data Set that was held
        steps = self._steps_for(layout)
        safe = self._safe(buffer, steps.private)
        memo, used = self._memo, self._used
        for element in steps.looked_into:
            tag, _vr, start, _value, end, _undefined = element
            if tag in safe:
                continue
            raw = buffer[start:end] if end - start <= _MEMO_VALUE else b""
            result = memo.get(raw) or self._new_result(raw, buffer, element)
            if not result.uses:
                used.append(result)
            result.uses += 1
            if result.encoded:
                output.append((tag, result.encoded))
        self._removed[steps.removed] += 1
        if safe:
            output = without_idle_creators([*output, *self._apply_all_safe(buffer, steps, safe)])
        if self._lifts and steps.private:
            lifted = lift_mr_essentials(buffer, steps.private, layout.places, self._encoding)
            output += [entry for entry in lifted if self._decide(entry[0]) is Action.KEEP]
        self._add_required(output)
        self._add_by_recipe(output)
        output.sort(key=_tag)
        if len(dict(output)) != len(output):
            raise InstanceHeld(Reason.MALFORMED)
        return output

    def _steps_for(self, layout: Layout) -> _Steps:
        steps = self._steps.get(layout)
        if steps is None:
            looked_into, removed = [], []
            for element in layout.elements:
                action = self._decided.get(element.tag) or self._decide(element.tag)
                if action is Action.REMOVE:
                    removed.append(element.tag)
                else:
                    looked_into.append(element)
            private = tuple(element for element in layout.elements if element.tag >> 16 & 1)
            steps = _Steps(tuple(looked_into), tuple(removed), private)
            if layout.recurring:
                if len(self._steps) >= _MAX_LAYOUTS:
                    self._steps.clear()
                self._steps[layout] = steps
        return steps

    def _apply_all_safe(
        self, buffer: Buffer, steps: _Steps, safe: Mapping[int, Kept]
    ) -> Iterator[tuple[int, bytes]]:
        """Yield the private elements that stay, which were not to be looked into otherwise."""
        for element in steps.private:
            if element.tag in safe:
                kept = safe[element.tag]
                encoded, applied = self._apply_safe(buffer, element, kept, (), self._encoding)
                self._applied.update(applied)
                self._texts.update(self._context.take_texts())
                if encoded:
                    yield element.tag, encoded
        self._counts.subtract(tag for tag in steps.removed if tag in safe)

    def _result(self, buffer: Buffer, element: Element) -> _Result:
        """Return what becomes of a top-level element that is not removed unseen."""
        if element.tag in self._stamped:
            return _Result(b"", ())
        if self._may_be_copied(buffer, element):
            rule = self.plan.rule((element.tag,))
            applied = (Applied(element.tag, rule.action, rule.source),)
            if element.end - element.start > _MEMO_VALUE:
                return _Result(Extent(element.start, element.end), applied)
            return _Result(buffer[element.start : element.end], applied)
        return _Result(*self._apply(buffer, element, (), self._encoding, 0))

    def _new_result(self, raw: bytes, buffer: Buffer, element: Element) -> _Result:
        """Return what becomes of an element, and remember it by its bytes unless it is large."""
        result = self._result(buffer, element)
        result.texts = self._context.take_texts()
        if not raw or not self._remember:
            self._applied.update(result.applied)
            self._texts.update(result.texts)
            return _Result(result.encoded, ())
        if len(self._memo) >= _MEMO_ENTRIES:
            self._count_uses()
            self._memo.clear()
        self._memo[raw] = result
        return result

    def _count_uses(self) -> None:
        for result in self._used:
            for applied in result.applied:
                self._applied[applied] += result.uses
            self._texts.update(result.texts)
            result.uses = 0
        self._used.clear()

    def _may_be_copied(self, buffer: Buffer, element: Element) -> bool:
        """Tell whether an element is kept and its value is what the VR and the patient allow."""
        vr = element.vr
        if self._decided[element.tag] is not Action.KEEP or vr not in self._trusted[element.tag]:
            return False
        form = actions.FORMS.get(vr)
        if form is not None:
            return form.fullmatch(buffer, element.value, element.end) is not None
        if not actions.fits(element.tag, vr, element.end - element.value):
            return False
        if vr not in actions.ECHOING_VRS:
            return True
        # a copy: in place, a pattern would see the length before the value as a letter
        value = buffer[element.value : element.end]
        return not actions.echoes(element.tag, vr, value, self._context)

    def take_totals(self) -> tuple[Counter[Applied], dict[str, str]]:
        """Return the Actions applied and the UIDs replaced since the last call."""
        self._count_uses()
        applied, uids = Counter(self._applied), dict(self._uids)
        for tags, uses in self._removed.items():
            for tag in tags:
                self._counts[tag] += uses
        for tag, count in self._counts.items():
            if count:
                rule = self.plan.rule((tag,))
                applied[Applied(tag, rule.action, rule.source)] += count
        self._applied.clear()
        self._counts.clear()
        self._removed.clear()
        self._uids.clear()
        return applied, uids

    def take_texts(self) -> set[CleanedText]:
        """Return the texts that were cleaned, once each, since the last call."""
        self._count_uses()
        texts, self._texts = self._texts, set()
        return texts

    def _decide(self, tag: int) -> Action:
        """Return the Action; KEEP only for what may be copied without a look at the value."""
        action = self.plan.rule((tag,)).action
        looked_into = tag in actions.CHECKED or dictionary_vr(tag) in _NOT_COPIED
        if tag in self._stamped or (action is Action.KEEP and looked_into):
            action = Action.CLEAN
        self._decided[tag] = action
        self._trusted[tag] = _trusted_vrs(tag)
        return action

    def _apply(
        self, buffer: Buffer, element: Element, parent: Path, encoding: Encoding, depth: int
    ) -> tuple[bytes, tuple[Applied, ...]]:
        """Return the encoded result, empty if removed, and what was applied on the way."""
        path = (*parent, element.tag)
        rule = self.plan.rule(path)
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

    def _safe(self, buffer: Buffer, elements: Sequence[Element]) -> Mapping[int, Kept]:
        if not self._retains_private:
            return {}
        return kept_elements(buffer, elements, self.plan.recipe, safe=self._retains_safe)

    def _apply_safe(
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
                return actions.keep_value(tag, vr, value, context)
            case Action.ZERO:
                required = tag in actions.REQUIRED_VALUES
                return actions.required_value(tag, value, context) if required else b""
            case Action.DUMMY if rule.value is not None:
                return rule.value.encode("ascii", "replace")
            case Action.DUMMY:
                return actions.dummy_value(tag, vr, value, context, self._uids)
            case Action.UID if vr == "UI":
                return actions.replace_uids(value, context, self._uids)
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
        if rule.action is Action.DUMMY and _is_code_sequence(self.plan, path):
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
        safe = self._safe(buffer, item)
        if local:
            encoded.append((0x00080100, local))
            applied.append(Applied(_CODING_SCHEME, Action.DUMMY, "local code"))
        for child in item:
            if local and child.tag in _CODE:
                continue
            if child.tag in safe:
                result, done = self._apply_safe(buffer, child, safe[child.tag], path, inner)
            else:
                result, done = self._apply(buffer, child, path, inner, depth + 1)
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

    def _add_by_recipe(self, output: Output) -> None:
        present = {tag for tag, _ in output}
        for tag, encoded, source in self._added:
            if tag not in present:
                output.append((tag, encoded))
                self._applied[Applied(tag, Action.DUMMY, source)] += 1

    def _add_required(self, output: Output) -> None:
        present = dict(output)
        for tag in actions.REQUIRED_VALUES:
            if not _has_value(present.get(tag), self._encoding):
                if tag in present:
                    output[:] = [entry for entry in output if entry[0] != tag]
                vr = dictionary_vr(tag) or "LO"
                value = actions.required_value(tag, b"", self._context)
                output.append((tag, encode_element(tag, vr, value, self._encoding)))
        for tag, vr in actions.REQUIRED_EMPTY.items():
            if tag not in present:
                output.append((tag, encode_element(tag, vr, b"", self._encoding)))


def _tag(entry: tuple[int, object]) -> int:
    return entry[0]


def _has_value(encoded: bytes | Extent | None, encoding: Encoding) -> bool:
    if encoded is None:
        return False
    header = len(encode_element(0x00080020, "DA", b"", encoding))
    length = encoded.end - encoded.start if isinstance(encoded, Extent) else len(encoded)
    return length > header


def _known_vr(element: Element) -> str:
    """Return the VR; for UN and for emptied Sequences that of the dictionary (PS3.5 6.2.2)."""
    if element.vr != "UN":
        return element.vr
    return (dictionary_vr(element.tag) or "UN")[:2]


def _trusted_vrs(tag: int) -> frozenset[str]:
    """Return the VRs with which the value of an Attribute is what the dictionary says it is."""
    known = (dictionary_vr(tag) or "UN")[:2]
    if known in actions.FORMS:
        return frozenset({known})
    return actions.TEXT_VRS if known in actions.TEXT_VRS else _BINARY_VRS


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
