"""The search values, compiled once for all files."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from casepack.verify.identifiers.forms import make_patterns
from casepack.verify.identifiers.identifiers import NAMES, Identifier, Identifiers, Kind
from casepack.verify.identifiers.matcher import Matcher
from casepack.verify.identifiers.vocabulary import fold, is_ideographic

_SHORTEST_IN_PLACE: Final = 3
_SHORTEST_NAME_IN_PLACE: Final = 2
_MOST_KNOWN: Final = 1 << 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The compiled search values."""

    values: tuple[Identifier, ...] = field(repr=False)
    everywhere: Matcher = field(repr=False)
    in_samples: Matcher = field(repr=False)
    in_place: dict[str, tuple[Identifier, ...]] = field(repr=False)
    """Values that are not distinctive, by their folded text."""
    claimed: frozenset[str] = frozenset()
    """Options that the files claim in which it searches."""
    declared: frozenset[str] = field(repr=False, default=frozenset())
    """Words that a case says openly: its authors, their institutions, its references."""
    known: dict[object, tuple[tuple[str, str], ...]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    """What was found in texts that come again in file after file: code, value."""

    def remember(self, key: object, codes: tuple[tuple[str, str], ...]) -> None:
        """Keep what was found in a text, among a bounded number."""
        if len(self.known) >= _MOST_KNOWN:
            self.known.clear()
        self.known[key] = codes


@lru_cache(maxsize=4)
def compile_search(
    identifiers: Identifiers,
    claimed: frozenset[str] = frozenset(),
    declared: frozenset[str] = frozenset(),
) -> Search:
    """Return what the search of a file needs; made once for all files."""
    values = identifiers.values
    in_place: dict[str, tuple[Identifier, ...]] = {}
    for value in values:
        folded = fold(value.value)
        if not value.distinctive and _counts_in_place(value, folded):
            in_place[folded] = (*in_place.get(folded, ()), value)
    return Search(
        values=values,
        everywhere=Matcher(make_patterns(values)),
        in_samples=Matcher(make_patterns(values, bulk=True)),
        in_place=in_place,
        claimed=claimed,
        declared=declared,
    )


def _counts_in_place(value: Identifier, folded: str) -> bool:
    if value.kind in NAMES:
        return len(folded) >= _SHORTEST_NAME_IN_PLACE or is_ideographic(folded)
    # a text that is to be removed whole is a matter of its Attribute, which is checked itself
    return len(folded) >= _SHORTEST_IN_PLACE and value.kind is not Kind.TEXT
