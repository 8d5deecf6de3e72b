"""``%filter``: which images may hold burned-in text, and where; read as data.

A filter is a list of labels, each with criteria on the header and regions of the image. What deid
documents: the lines of a label are taken in turn; ``+`` joins a line to those before it by *and*,
``||`` by *or*, and a line without either begins a new check, any of which flags the image.
Criteria on one line are evaluated first, as if in parentheses. A criterion compares without regard
to case and to blanks around the value; ``contains`` and ``notcontains`` take a regular expression
that is searched for in the value, ``equals`` and ``notequals`` a literal one. ``missing`` is an
absent Attribute, ``present`` one that is not, ``empty`` one that is there without a value. A label
with regions and no criteria holds for every image. Filters come in the order of their priority:
the first label of each that flags an image decides.

casepack covers the regions of a label, and looks for text in every image all the same. A label that
flags without a region says that there is text: the image is held unless it is found. In a filter
named ``whitelist``, regions to keep (``keepcoordinates``) are where text that is found may stay,
such as orientation letters and scale bars; it covers nothing and trusts no image as a whole.

deid 0.4.13 does otherwise than it documents in two points, which data read here must not be made
to repeat: lines are joined by *and* whatever stands before them, and values on a line slip to the
wrong criterion when one before them takes none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from casepack.errors import RecipeError
from casepack.recipe.selectors import compile_pattern
from casepack.recipe.words import Line
from casepack.standard.dictionary import tag_for_keyword_in_any_case


class Predicate(StrEnum):
    """What a criterion asks of an Attribute."""

    CONTAINS = "contains"
    NOT_CONTAINS = "notcontains"
    EQUALS = "equals"
    NOT_EQUALS = "notequals"
    MISSING = "missing"
    PRESENT = "present"
    EMPTY = "empty"


_WITHOUT_VALUE: Final = frozenset({Predicate.MISSING, Predicate.PRESENT, Predicate.EMPTY})
_SEARCHES: Final = frozenset({Predicate.CONTAINS, Predicate.NOT_CONTAINS})
_PREDICATES: Final = "|".join(Predicate)
_JOINED: Final = re.compile(rf"\s*(\|\||\+)\s+(?=(?:{_PREDICATES})\s)", re.IGNORECASE)
_HEX_TAG: Final = re.compile(r"0x([0-9A-Fa-f]{8})")
_COORDINATES: Final = re.compile(r"(ctp)?(keep)?coordinates(?:\s+(.*))?")
_NUMBER: Final = r"\s*([0-9]{1,6})\s*"
_BOX: Final = re.compile(",".join([_NUMBER] * 4))
_COMMENT: Final = re.compile(r"\s#")


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A question to one Attribute of the header."""

    predicate: Predicate
    tag: int
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionLine:
    """Criteria that stand on one line."""

    joined: str
    """How the line joins those before it: ``and``, ``or``, or nothing for a new check."""
    criteria: tuple[Criterion, ...]
    operators: tuple[str, ...] = ()
    """``and`` or ``or`` between the criteria, one fewer than these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A part of the image: to black out, or to keep when all else is blacked out."""

    keep: bool
    box: tuple[int, int, int, int] | None = None
    """First column, first row, end column, end row, 0-based, ends excluded; None for the whole
    image or for what an Attribute says."""
    tag: int | None = None
    """A Sequence whose Items say where the regions are (Sequence of Ultrasound Regions)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A known kind of image, its criteria and its regions."""

    name: str
    source: str
    lines: tuple[CriterionLine, ...] = ()
    regions: tuple[Region, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A section ``%filter``."""

    name: str
    source: str
    labels: tuple[Label, ...] = ()


class FilterReader:
    """Collects the lines of ``%filter`` sections; sections of one name are one filter."""

    def __init__(self) -> None:
        self._sources: dict[str, str] = {}
        self._labels: dict[str, list[Label]] = {}
        self._faulty: set[str] = set()

    def read(self, line: Line) -> None:
        """Take a line.

        Raises
        ------
        RecipeError
            The line is not of deid's language.
        """
        labels = self._labels.setdefault(line.name, [])
        self._sources.setdefault(line.name, line.place)
        if not line.text:
            return
        if line.text.startswith("LABEL"):
            name = line.text.removeprefix("LABEL").partition("#")[0].strip()
            if not name:
                raise RecipeError("LABEL needs a name", place=line.place)
            labels.append(Label(name=name, source=line.place))
            return
        if not labels:
            raise RecipeError("stands before any LABEL", place=line.place)
        try:
            labels[-1] = _extended(labels[-1], line)
        except RecipeError:
            self._faulty.add(labels[-1].source)
            raise

    @property
    def filters(self) -> tuple[Filter, ...]:
        """What was read and understood, in the order of the recipe."""
        return tuple(
            Filter(
                name=name,
                source=self._sources[name],
                labels=tuple(label for label in labels if label.source not in self._faulty),
            )
            for name, labels in self._labels.items()
        )


def _extended(label: Label, line: Line) -> Label:
    if _COMMENT.search(line.text):
        raise RecipeError(
            "deid reads a comment here as part of the value",
            place=line.place,
            advice="Put it on a line of its own.",
        )
    lines, regions = label.lines, label.regions
    coordinates = _COORDINATES.fullmatch(line.text)
    if coordinates is not None:
        regions = (*regions, _region(coordinates, line.place))
    else:
        lines = (*lines, _criterion_line(line))
    return Label(name=label.name, source=label.source, lines=lines, regions=regions)


def _region(match: re.Match[str], place: str) -> Region:
    keep, text = bool(match[2]), (match[3] or "").strip()
    if text == "all":
        return Region(keep=keep)
    if text.startswith("from:") and not match[1]:
        return Region(keep=keep, tag=_attribute(text.removeprefix("from:"), place))
    box = _BOX.fullmatch(text)
    if box is None:
        raise RecipeError(
            "coordinates are four whole numbers, 'all' or 'from:Attribute'", place=place
        )
    left, top, right, bottom = (int(part) for part in box.groups())
    if match[1]:
        # CTP writes width and height
        right, bottom = left + right, top + bottom
    if left >= right or top >= bottom:
        raise RecipeError("the region is empty", place=place)
    return Region(keep=keep, box=(left, top, right, bottom))


def _criterion_line(line: Line) -> CriterionLine:
    text, joined = line.text, ""
    for sign, word in (("+", "and"), ("||", "or")):
        if text.startswith(sign):
            text, joined = text.removeprefix(sign).strip(), word
    parts = _JOINED.split(text)
    return CriterionLine(
        joined=joined,
        criteria=tuple(_criterion(part, line.place) for part in parts[::2]),
        operators=tuple("and" if sign == "+" else "or" for sign in parts[1::2]),
    )


def _criterion(text: str, place: str) -> Criterion:
    word, _, rest = text.partition(" ")
    try:
        predicate = Predicate(word.lower())
    except ValueError:
        raise RecipeError(
            "unknown criterion", place=place, advice=f"Criteria: {', '.join(Predicate)}."
        ) from None
    name, _, value = rest.strip().partition(" ")
    value = value.strip()
    if not name or bool(value) is (predicate in _WITHOUT_VALUE):
        takes = "an Attribute" if predicate in _WITHOUT_VALUE else "an Attribute and a value"
        raise RecipeError(f"{predicate} takes {takes}", place=place)
    if predicate in _SEARCHES:
        compile_pattern(value, place)
    return Criterion(predicate=predicate, tag=_attribute(name, place), value=value or None)


def _attribute(name: str, place: str) -> int:
    match = _HEX_TAG.fullmatch(name)
    tag = int(match[1], 16) if match else tag_for_keyword_in_any_case(name)
    if tag is None:
        raise RecipeError(
            "unknown Attribute", place=place, advice="Use its keyword (PS3.6) or 0xggggeeee."
        )
    return tag
