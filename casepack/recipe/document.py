"""What a recipe says, as data: Options, lines of ``%header``, overrides, groups and filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from casepack.model import Option
from casepack.recipe.filters import Filter
from casepack.recipe.groups import KNOWN_WORDS, Group
from casepack.recipe.limits import loosens
from casepack.recipe.selectors import Kind, Selector, Target

OPTION_NAMES: Final = {
    "".join(word.capitalize() for word in option.name.split("_")).replace("Uids", "UIDs"): option
    for option in Option
}
"""Names of the Options as recipes write them: ``CleanDescriptors``, ``RetainSafePrivate``, ..."""


class HeaderAction(StrEnum):
    """Actions of a ``%header`` line that casepack carries out."""

    ADD = "ADD"
    BLANK = "BLANK"
    KEEP = "KEEP"
    REMOVE = "REMOVE"
    REPLACE = "REPLACE"


PRECEDENCE: Final = (
    HeaderAction.KEEP,
    HeaderAction.ADD,
    HeaderAction.REPLACE,
    HeaderAction.REMOVE,
    HeaderAction.BLANK,
)
"""Which of several lines for one Attribute holds, as deid documents it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeLine:
    """One line of ``%header``."""

    action: HeaderAction
    selector: Selector
    value: str | None
    source: str
    """``publication.dicom:14``."""

    @property
    def tag(self) -> int | None:
        """The Attribute that the line names; None for a line about several, or a private one."""
        return self.selector.path[-1] if self.selector.path else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """An Attribute that may be kept beyond the Profile and its Options, and why."""

    selector: Selector
    reason: str
    source: str

    def __str__(self) -> str:
        return f"{self.selector.text} ({self.source}): {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceRule:
    """What is done about faces: Clean Recognizable Visual Features (PS3.15 E.3.2)."""

    above: float | None = None
    """z above which, and y in front of which, all is covered: mm in patient coordinates. None for
    both: the face is looked for."""
    in_front_of: float | None = None
    drop_localizers: bool = False
    """Localizers that may show the head are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A parsed recipe."""

    name: str
    digest: str
    """SHA-256 of the text."""
    options: frozenset[Option]
    lines: tuple[RecipeLine, ...] = ()
    allowances: tuple[Override, ...] = ()
    """Every override that is declared, whether a KEEP line makes use of it or not."""
    groups: Mapping[str, Group] = field(default_factory=dict, hash=False)
    """Sections ``%fields`` by name."""
    values: Mapping[str, Group] = field(default_factory=dict, hash=False)
    """Sections ``%values`` by name; read, but not used."""
    known_words: tuple[str, ...] = ()
    """Words of the site that stay in texts: the section ``%values known_words``."""
    filters: tuple[Filter, ...] = ()
    """Sections ``%filter`` in the order of the recipe; used where pixels are cleaned."""
    faces: FaceRule | None = None
    """None when Clean Recognizable Visual Features is not declared."""
    text: str = field(repr=False, default="")

    @property
    def overrides(self) -> tuple[str, ...]:
        """``Keyword (file:line): why`` for each Attribute that a line keeps beyond the Profile."""
        return tuple(str(allowance) for allowance in self.allowances if self.uses(allowance))

    def uses(self, allowance: Override) -> bool:
        """Tell whether a KEEP line makes use of an override to go beyond the Profile."""
        selector = allowance.selector
        needed = selector.kind is Kind.PRIVATE or loosens(selector.path[-1], self.options)
        return needed and self.keeps(allowance)

    def keeps(self, allowance: Override) -> bool:
        """Tell whether a KEEP line is about the Attribute of an override."""
        return any(
            line.action is HeaderAction.KEEP and line.selector.matches(allowance.selector.target)
            for line in self.lines
        )

    def line_for(self, target: Target) -> RecipeLine | None:
        """Return the line that holds for an Attribute.

        Of several: by `PRECEDENCE`, then the more specific selector, then the later line, which
        is the one that deid would carry out last.
        """
        best = None
        rank: tuple[int, int, int] | None = None
        for number, line in enumerate(self.lines):
            specificity = line.selector.specificity(target)
            if specificity is None or (line.action is HeaderAction.ADD and len(target.path) > 1):
                continue
            found = (PRECEDENCE.index(line.action), specificity, -number)
            if rank is None or found < rank:
                best, rank = line, found
        return best

    def may_keep(self, target: Target) -> bool:
        """Tell whether an override allows to keep an Attribute beyond the Profile."""
        return any(
            allowance.selector.matches(target) and self.uses(allowance)
            for allowance in self.allowances
        )

    @property
    def not_carried_out(self) -> tuple[str, ...]:
        """What the recipe says that this version reads and does not use, in plain words."""
        unused = () if Option.CLEAN_PIXEL_DATA in self.options else self.filters
        filters = [
            f"%filter {each.name} ({each.source}): used with Option CleanPixelData alone"
            for each in unused
        ]
        values = [
            f"%values {name} ({group.source}): only {KNOWN_WORDS} is used"
            for name, group in self.values.items()
        ]
        return (*filters, *values)
