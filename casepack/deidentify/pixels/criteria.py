"""Does a known kind of image hold for a header: deid's filters and CTP's rules, as data.

deid's lines are evaluated as deid documents them (`casepack.recipe.filters`); CTP's conditions as
its script language does: ``*`` is *and*, ``+`` is *or*. A rule that does not test the Modality says
nothing about MR: one of CTP's would black out every MR rendering of 512 x 512 pixels.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, Protocol

from casepack.deidentify.pixels.boxes import Box, boxes_of, clip_boxes, mask_of
from casepack.recipe import Filter, parse_filters
from casepack.recipe.filters import Criterion, CriterionLine, Label, Predicate, Region
from casepack.standard.dictionary import parse_tag, tag_for_keyword

MODALITY: Final = 0x00080060
_WHITELIST: Final = "whitelist"
_TOKEN: Final = re.compile(
    r'\s*(?:([()*+])|(?:\[([0-9A-Fa-f]{4},[0-9A-Fa-f]{4})\]|(\w+))\.(\w+)\s*\(\s*"([^"]*)"\s*\))'
)


class ImageHeader(Protocol):
    """What rules ask of a header."""

    rows: int
    columns: int

    def text(self, tag: int) -> str | None:
        """Return the value as text, several values joined by a backslash; None if it is absent."""

    def regions(self, tag: int) -> tuple[Box, ...]:
        """Return where the Items of a Sequence say that regions are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A rule that holds for an image."""

    name: str
    """The label, as its author wrote it."""
    boxes: tuple[Box, ...]
    """What it wants covered; empty for a rule that only warns."""
    kept: tuple[Box, ...] = ()
    """Where it says that text identifies nobody: regions to keep of a filter ``whitelist``."""
    warns: bool = False
    """It says that there is something, and not where."""


def holds(criterion: Criterion, header: ImageHeader) -> bool:
    """Return the answer of a header to one question."""
    return _answer(criterion, header.text(criterion.tag))


def _answer(criterion: Criterion, text: str | None) -> bool:
    value = (criterion.value or "").strip()
    match criterion.predicate:
        case Predicate.MISSING:
            return text is None
        case Predicate.PRESENT:
            return text is not None
        case Predicate.EMPTY:
            return text is not None and not text.strip()
        case Predicate.CONTAINS:
            return text is not None and _searched(value, text)
        case Predicate.NOT_CONTAINS:
            return text is None or not _searched(value, text)
        case Predicate.EQUALS:
            return text is not None and _same(value, text)
        case Predicate.NOT_EQUALS:
            return text is None or not _same(value, text)


def _searched(pattern: str, text: str) -> bool:
    return re.search(pattern, text.strip(), re.IGNORECASE) is not None


def _same(value: str, text: str) -> bool:
    return value.casefold() == text.strip().casefold()


def flags(label: Label, header: ImageHeader) -> bool:
    """Return whether a label holds for an image: one without criteria always does."""
    if not label.lines:
        return True
    answers: list[bool] = []
    for line in label.lines:
        answer = _line_holds(line, header)
        if not answers or not line.joined:
            answers.append(answer)
        elif line.joined == "and":
            answers[-1] = answers[-1] and answer
        else:
            answers[-1] = answers[-1] or answer
    return any(answers)


def _line_holds(line: CriterionLine, header: ImageHeader) -> bool:
    answer = holds(line.criteria[0], header)
    for operator, criterion in zip(line.operators, line.criteria[1:], strict=True):
        one = holds(criterion, header)
        answer = (answer and one) if operator == "and" else (answer or one)
    return answer


def regions_to_cover(regions: Sequence[Region], header: ImageHeader) -> tuple[Box, ...]:
    """Return what the regions of a label cover, taken in turn.

    A list that begins with a region to keep begins with all else covered.
    """
    if not regions:
        return ()
    covered = mask_of((), header.rows, header.columns)
    covered[:] = regions[0].keep
    for region in regions:
        for box in clip_boxes(_boxes(region, header), header.rows, header.columns):
            covered[box.top : box.bottom, box.left : box.right] = not region.keep
    return boxes_of(covered)


def _boxes(region: Region, header: ImageHeader) -> tuple[Box, ...]:
    if region.tag is not None:
        return header.regions(region.tag)
    return (Box(*region.box) if region.box else Box(0, 0, header.columns, header.rows),)


def known_by_filters(filters: Sequence[Filter], header: ImageHeader) -> tuple[Known, ...]:
    """Return of each filter the first label that holds.

    A filter named ``whitelist`` covers nothing: its regions to keep are where text may stay, such
    as orientation letters and scale bars.
    """
    found = []
    for one in filters:
        label = next((label for label in one.labels if flags(label, header)), None)
        if label is None:
            continue
        if one.name == _WHITELIST:
            kept = [
                box for region in label.regions if region.keep for box in _boxes(region, header)
            ]
            clipped = clip_boxes(kept, header.rows, header.columns)
            found.append(Known(name=label.name, boxes=(), kept=clipped))
        else:
            boxes = regions_to_cover(label.regions, header)
            found.append(Known(name=label.name, boxes=boxes, warns=not label.regions))
    return tuple(found)


def known_devices(header: ImageHeader) -> tuple[Known, ...]:
    """Return every rule on known devices that holds: deid's bundled ones with regions, and CTP's.

    On MR only rules that test the Modality hold. deid's list of what is clean is not used: an image
    of a clean kind is examined too.
    """
    asked, regions = _asked()
    key = (
        (header.rows, header.columns, _same("MR", header.text(MODALITY) or "")),
        tuple(_answers_to(tag, header.text(tag)) for tag in asked),
        tuple(header.regions(tag) for tag in regions),
    )
    found = _answers.get(key)
    if found is None:
        if len(_answers) >= _MOST_ANSWERS:
            _answers.clear()
        found = _answers[key] = _ask_devices(header, magnetic_resonance=key[0][2])
    return found


_answers: dict[object, tuple[Known, ...]] = {}
"""By the answers that a header gives: images of a series mostly give the same."""
_MOST_ANSWERS: Final = 1000


@dataclass(slots=True, kw_only=True)
class _Questions:
    """What rules ask of one Attribute: windows differ from image to image, answers hardly do."""

    criteria: dict[Criterion, None] = field(default_factory=dict)
    of_ctp: dict[tuple[int, str, str], None] = field(default_factory=dict)


@cache
def _asked() -> tuple[dict[int, _Questions], tuple[int, ...]]:
    """Return what rules ask of Attributes, and the Sequences that give them regions."""
    asked: defaultdict[int, _Questions] = defaultdict(_Questions)
    labels = [label for label in _bundled_labels() if label.regions]
    for label in labels:
        for line in label.lines:
            for criterion in line.criteria:
                asked[criterion.tag].criteria[criterion] = None
    for rule in _ctp_rules():
        for token in _tokens(rule.condition):
            if not isinstance(token, str):
                asked[token[0]].of_ctp[token] = None
    regions = {region.tag for label in labels for region in label.regions if region.tag is not None}
    return dict(asked), tuple(sorted(regions))


@lru_cache(maxsize=10_000)
def _answers_to(tag: int, text: str | None) -> tuple[bool, ...]:
    """Return the answers of a value to all that rules ask of its Attribute."""
    questions = _asked()[0][tag]
    return (
        *(_answer(criterion, text) for criterion in questions.criteria),
        *(_answer_to_ctp(token, text) for token in questions.of_ctp),
    )


def _ask_devices(header: ImageHeader, *, magnetic_resonance: bool) -> tuple[Known, ...]:
    found = [
        Known(name=label.name, boxes=regions_to_cover(label.regions, header))
        for label in _bundled_labels()
        if label.regions
        and not (magnetic_resonance and not _tests_modality(label))
        and flags(label, header)
    ]
    for rule in _ctp_rules():
        if magnetic_resonance and "Modality" not in rule.condition:
            continue
        if _condition_holds(rule.condition, header):
            boxes = clip_boxes(rule.boxes, header.rows, header.columns)
            found.append(Known(name=rule.name, boxes=boxes))
    return tuple(found)


def _tests_modality(label: Label) -> bool:
    return any(
        criterion.tag == MODALITY and criterion.predicate in {Predicate.CONTAINS, Predicate.EQUALS}
        for line in label.lines
        for criterion in line.criteria
    )


@cache
def _bundled_labels() -> tuple[Label, ...]:
    text = (files("deid") / "data" / "deid.dicom").read_text("utf-8")
    # lines that are not understood lose their label, and no other
    filters, _ = parse_filters(text, "deid.dicom")
    return tuple(label for one in filters if one.name != _WHITELIST for label in one.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class _CtpRule:
    name: str
    condition: str
    boxes: tuple[Box, ...]


@cache
def _ctp_rules() -> tuple[_CtpRule, ...]:
    text = (files("casepack.standard") / "ctp_pixel_rules.json").read_text("utf-8")
    return tuple(
        _CtpRule(
            name=row["label"] or row["section"],
            condition=row["condition"],
            boxes=tuple(
                Box(left, top, left + width, top + height)
                for left, top, width, height in row["regions_xywh"]
            ),
        )
        for row in json.loads(text)
    )


def _condition_holds(condition: str, header: ImageHeader) -> bool:
    tokens = _tokens(condition)
    answer, rest = _sum(tuple(tokens), header)
    if rest:
        raise ValueError("a condition of CTP is not understood")
    return answer


_Token = str | tuple[int, str, str]


def _tokens(condition: str) -> Iterator[_Token]:
    position = 0
    while condition[position:].strip():
        match = _TOKEN.match(condition, position)
        if match is None:
            raise ValueError("a condition of CTP is not understood")
        sign, number, keyword, method, value = match.groups()
        if sign:
            yield sign
        else:
            tag = parse_tag(number) if number else tag_for_keyword(keyword)
            # File Meta Information is no part of the dictionary of Data Sets
            yield (tag if tag is not None else 0, method, value)
        position = match.end()


def _sum(tokens: tuple[_Token, ...], header: ImageHeader) -> tuple[bool, tuple[_Token, ...]]:
    answer, tokens = _product(tokens, header)
    while tokens and tokens[0] == "+":
        one, tokens = _product(tokens[1:], header)
        answer = answer or one
    return answer, tokens


def _product(tokens: tuple[_Token, ...], header: ImageHeader) -> tuple[bool, tuple[_Token, ...]]:
    answer, tokens = _factor(tokens, header)
    while tokens and tokens[0] == "*":
        one, tokens = _factor(tokens[1:], header)
        answer = answer and one
    return answer, tokens


def _factor(tokens: tuple[_Token, ...], header: ImageHeader) -> tuple[bool, tuple[_Token, ...]]:
    first, *_ = tokens
    if first == "(":
        answer, rest = _sum(tokens[1:], header)
        return answer, rest[1:]
    if isinstance(first, str):
        raise TypeError("a condition of CTP is not understood")
    return _answer_to_ctp(first, header.text(first[0])), tokens[1:]


def _answer_to_ctp(token: tuple[int, str, str], found: str | None) -> bool:
    _, method, value = token
    text = (found or "").strip()
    if method.endswith("IgnoreCase"):
        text, value = text.casefold(), value.casefold()
    return value in text if method.startswith("contains") else text == value
