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
from casepack.deidentify.elements import Applied, ElementDeidentifier
from casepack.deidentify.lift import MR_IMAGE_STORAGE, lift_mr_essentials
from casepack.deidentify.plan import Plan
from casepack.deidentify.private import Kept, without_idle_creators
from casepack.encoding import (
    Buffer,
    Element,
    Encoding,
    encode_element,
)
from casepack.errors import InstanceHeld
from casepack.layout import Layout
from casepack.model import Action, Reason
from casepack.standard.dictionary import dictionary_vr

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
        self._elements = ElementDeidentifier(plan, context, encoding, character_set)
        self._context = context
        self._encoding = encoding
        self._stamps = tuple(stamps)
        self._stamped = frozenset(tag for tag, _ in stamps)
        self._applied: Counter[Applied] = Counter()
        self._texts: set[CleanedText] = set()
        self._removed: Counter[tuple[int, ...]] = Counter()
        self._steps: dict[Layout, _Steps] = {}
        self._decided: dict[int, Action] = {}
        self._trusted: dict[int, frozenset[str]] = {}
        self._memo: dict[bytes, _Result] = {}
        self._used: list[_Result] = []
        self._remember = remember
        self._added = tuple(
            (tag, encode_element(tag, dictionary_vr(tag) or "UN", value, encoding), source)
            for tag, value, source in plan.added
        )
        self._lifts = plan.sop_class_uid == MR_IMAGE_STORAGE

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
        safe = self._elements.find_safe(buffer, steps.private)
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
        gone = tuple(tag for tag in steps.removed if tag not in safe) if safe else steps.removed
        self._removed[gone] += 1
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
                encoded, applied = self._elements.apply_safe(
                    buffer, element, kept, (), self._encoding
                )
                self._applied.update(applied)
                self._texts.update(self._context.take_texts())
                if encoded:
                    yield element.tag, encoded

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
        return _Result(*self._elements.apply(buffer, element, (), self._encoding, 0))

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
        if vr == "UI" and self._context.covered:
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
        applied, uids = Counter(self._applied), dict(self._elements.uids)
        for tags, uses in self._removed.items():
            for tag in tags:
                rule = self.plan.rule((tag,))
                applied[Applied(tag, rule.action, rule.source)] += uses
        self._applied.clear()
        self._removed.clear()
        self._elements.uids.clear()
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


def _trusted_vrs(tag: int) -> frozenset[str]:
    """Return the VRs with which the value of an Attribute is what the dictionary says it is."""
    known = (dictionary_vr(tag) or "UN")[:2]
    if known in actions.FORMS:
        return frozenset({known})
    return actions.TEXT_VRS if known in actions.TEXT_VRS else _BINARY_VRS
