"""Selectors: which Attributes a line of ``%header`` or ``%fields`` is about.

deid matches the elements that a file happens to hold; here a selector is matched against the
standard's dictionary, at any depth, and never against a value. What the patterns see of an
Attribute is what deid's see: its keyword, its name, the path of keywords to it
(``RequestAttributesSequence__ScheduledProcedureStepID``), ``(gggg,eeee)`` and ``ggggeeee``; of a
private one also ``gggg,"CREATOR",ee``. Case does not matter.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from casepack.errors import RecipeError
from casepack.standard.dictionary import (
    attribute_keyword,
    attribute_name,
    dictionary_vr,
    format_tag,
    private_attribute,
    tag_for_keyword_in_any_case,
)
from casepack.standard.types import Path

_TAG: Final = re.compile(r"\(([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4})\)|([0-9A-Fa-f]{4})([0-9A-Fa-f]{4})")
_PRIVATE: Final = re.compile(r'(\(?)([0-9A-Fa-f]{4}),"([^"]*)",([0-9A-Fa-f]{2})(\)?)')
_SPLIT: Final = re.compile(r'([^:"]*(?:"[^"]*"[^:"]*)*):(.*)')
_SELECT: Final = re.compile(r"(VR|GROUP):(.*)", re.IGNORECASE)
_VR: Final = re.compile(r"[A-Z]{2}")
_GROUP: Final = re.compile(r"[0-9A-Fa-f]{1,4}")
_PATH_SEPARATOR: Final = "__"
_CREATOR_LENGTH: Final = 64
_UNNAMED_PRIVATE: Final = "Private tag data"


class Kind(Enum):
    """What a selector looks at, the most specific first."""

    PATH = "path"
    ATTRIBUTE = "attribute"
    PRIVATE = "private"
    PATTERN = "pattern"
    VR = "vr"
    GROUP = "group"
    EXCEPT = "except"
    ALL = "all"
    FIELDS = "fields"
    VALUES = "values"


_SPECIFICITY: Final = {
    Kind.PATH: 0,
    Kind.ATTRIBUTE: 1,
    Kind.PRIVATE: 1,
    Kind.PATTERN: 2,
    Kind.VR: 2,
    Kind.GROUP: 2,
    Kind.EXCEPT: 3,
    Kind.ALL: 4,
}


class Target(NamedTuple):
    """An Attribute that a selector may be about."""

    path: Path
    creator: str = ""
    """Private Creator of the last tag of the path, if it is a private one."""
    vr: str = ""
    """Value Representation of a private Attribute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """The middle word of a line: an Attribute by name or tag, or a rule that finds several."""

    text: str
    """As the recipe writes it."""
    kind: Kind
    path: Path = ()
    """Tag of an Attribute, or the tags from the root down to it."""
    creator: str = ""
    group: int = 0
    element: int = 0
    """Low byte of a private element's number."""
    pattern: re.Pattern[str] | None = None
    vr: str = ""
    members: tuple[Selector, ...] = ()
    """Of a named group: its own selectors."""

    @property
    def exact(self) -> bool:
        """Whether it names one Attribute."""
        return self.kind in {Kind.PATH, Kind.ATTRIBUTE, Kind.PRIVATE}

    @property
    def exact_members(self) -> tuple[Selector, ...]:
        """Return what it names one by one: itself, or the Attributes of a named group."""
        if self.kind is Kind.FIELDS:
            return tuple(exact for member in self.members for exact in member.exact_members)
        return (self,) if self.exact else ()

    @property
    def target(self) -> Target:
        """The Attribute that an exact selector names."""
        if self.kind is Kind.PRIVATE:
            return Target(path=((self.group << 16) | 0x1000 | self.element,), creator=self.creator)
        return Target(path=self.path)

    def matches(self, target: Target) -> bool:
        """Tell whether the selector is about an Attribute."""
        return self.specificity(target) is not None

    def specificity(self, target: Target) -> int | None:
        """Return how narrowly the selector hits an Attribute, 0 the most; None if it does not."""
        if self.kind is Kind.FIELDS:
            found = [member.specificity(target) for member in self.members]
            return min((rank for rank in found if rank is not None), default=None)
        return _SPECIFICITY[self.kind] if self._hits(target) else None

    def _hits(self, target: Target) -> bool:
        tag = target.path[-1]
        match self.kind:
            case Kind.PATH:
                return target.path == self.path
            case Kind.ATTRIBUTE:
                return tag == self.path[-1]
            case Kind.PRIVATE:
                return (
                    tag >> 16 == self.group
                    and tag & 0xFF == self.element
                    and target.creator.casefold() == self.creator.casefold()
                )
            case Kind.VR:
                return self.vr in (target.vr or dictionary_vr(tag) or "").split(" or ")
            case Kind.GROUP:
                return tag >> 16 == self.group
            case Kind.PATTERN:
                return self._finds(target)
            case Kind.EXCEPT:
                return not self._finds(target)
            case _:
                return self.kind is Kind.ALL

    def _finds(self, target: Target) -> bool:
        pattern = self.pattern
        return pattern is not None and any(pattern.search(text) for text in _texts(target))


def _texts(target: Target) -> list[str]:
    """Return what patterns see of an Attribute."""
    tag = target.path[-1]
    keywords = [attribute_keyword(parent) for parent in target.path]
    texts = [format_tag(tag), f"{tag:08X}", _PATH_SEPARATOR.join(keywords), keywords[-1]]
    if not tag >> 16 & 1:
        return [*texts, attribute_name(tag)]
    known = private_attribute(target.creator, tag >> 16, tag & 0xFF)
    stripped = f'{tag >> 16:04X},"{target.creator}",{tag & 0xFF:02X}'
    return [*texts, stripped, f"({stripped})", f"[{known[1]}]" if known else _UNNAMED_PRIVATE]


def parse_selector(text: str, place: str) -> Selector:
    """Parse a selector; that of a named group comes without its members.

    Raises
    ------
    RecipeError
        It is not of deid's language, or names no Attribute of PS3.6.
    """
    if text.casefold() == "all":
        return Selector(text=text, kind=Kind.ALL)
    private = _PRIVATE.fullmatch(text)
    if private is not None:
        return _private(text, private, place)
    split = _SPLIT.fullmatch(text)
    if split is not None:
        return _expander(text, split[1], split[2], place)
    if '"' in text:
        raise RecipeError(
            "not the form of a private Attribute",
            place=place,
            advice='Write gggg,"CREATOR",ee: group, Private Creator, low byte of the element.',
        )
    return _named(text, place)


def _named(text: str, place: str) -> Selector:
    tags = tuple(_tag(part, place) for part in text.split(_PATH_SEPARATOR))
    if tags[-1] >> 16 & 1:
        raise RecipeError(
            "a private Attribute is named by its creator: its block may be any",
            place=place,
            advice='Write gggg,"CREATOR",ee: group, Private Creator, low byte of the element.',
        )
    return Selector(text=text, kind=Kind.PATH if len(tags) > 1 else Kind.ATTRIBUTE, path=tags)


def _tag(text: str, place: str) -> int:
    match = _TAG.fullmatch(text)
    if match:
        return int("".join(part for part in match.groups() if part), 16)
    tag = tag_for_keyword_in_any_case(text)
    if tag is None:
        raise RecipeError(
            "unknown Attribute", place=place, advice="Use its keyword (PS3.6) or (gggg,eeee)."
        )
    return tag


def _private(text: str, match: re.Match[str], place: str) -> Selector:
    group, creator = int(match[2], 16), match[3].strip()
    if bool(match[1]) != bool(match[5]):
        raise RecipeError("a parenthesis is missing", place=place)
    if not group & 1:
        raise RecipeError("private groups are odd", place=place)
    if not creator or len(creator) > _CREATOR_LENGTH:
        raise RecipeError("a Private Creator has 1 to 64 characters", place=place)
    return Selector(
        text=text, kind=Kind.PRIVATE, creator=creator, group=group, element=int(match[4], 16)
    )


def _expander(text: str, word: str, expression: str, place: str) -> Selector:
    anchored = {
        "startswith": f"^({expression})",
        "endswith": f"({expression})$",
        "contains": expression,
        "except": expression,
    }
    word = word.casefold()
    if not expression:
        raise RecipeError(f"{word}: says nothing after the colon", place=place)
    if word == "select":
        return _select(text, expression, place)
    if word in {"fields", "values"}:
        return Selector(text=text, kind=Kind(word))
    if word not in anchored:
        raise RecipeError(
            "unknown selector",
            place=place,
            advice="Selectors: ALL, startswith:, endswith:, contains:, except:, select:VR:, "
            "select:group:, fields:, a keyword, a tag.",
        )
    kind = Kind.EXCEPT if word == "except" else Kind.PATTERN
    return Selector(text=text, kind=kind, pattern=compile_pattern(anchored[word], place))


def compile_pattern(expression: str, place: str) -> re.Pattern[str]:
    """Compile a regular expression that takes no heed of case.

    Raises
    ------
    RecipeError
        It is none, or one whose meaning is about to change.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return re.compile(expression, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError, Warning):
        raise RecipeError("not a regular expression", place=place) from None


def _select(text: str, expression: str, place: str) -> Selector:
    match = _SELECT.fullmatch(expression)
    if match is None:
        raise RecipeError("select: takes VR or group, as in select:VR:PN", place=place)
    prop, value = match[1].upper(), match[2]
    if prop == "VR":
        if not _VR.fullmatch(value.upper()):
            raise RecipeError("a Value Representation has two letters", place=place)
        return Selector(text=text, kind=Kind.VR, vr=value.upper())
    if not _GROUP.fullmatch(value):
        raise RecipeError("a group has up to four hexadecimal digits", place=place)
    return Selector(text=text, kind=Kind.GROUP, group=int(value, 16))
