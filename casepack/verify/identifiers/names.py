"""Identifying values in the names of files and folders.

All paths are searched together, as one text: to search each would take longer than its file.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final, NamedTuple

from casepack.verify.holdings import raw_name, relative_name
from casepack.verify.identifiers.values import Search
from casepack.verify.identifiers.vocabulary import fold

_BETWEEN: Final = b"\n"


class Name(NamedTuple):
    """A path as it may be shown, and what it holds."""

    shown: str
    found: tuple[tuple[str, str, str], ...]
    """Code, place, value."""


class _Found(NamedTuple):
    first: int
    last: int
    """Components that hold the value, from 0."""
    code: str
    value: str


def search_paths(paths: Sequence[Path], root: Path, search: Search) -> dict[Path, Name]:
    """Search the paths of files below `root`; of each, what may be shown, and what was found."""
    raw = [raw_name(path, root) for path in paths]
    names = _search([relative_name(path, root) for path in paths], raw, search)
    return dict(zip(paths, names, strict=True))


def hide_values(texts: Sequence[str], search: Search) -> list[str]:
    """Return paths or places without the components that hold a value."""
    return [name.shown for name in _search(texts, [text.encode() for text in texts], search)]


def _search(texts: Sequence[str], raw: Sequence[bytes], search: Search) -> list[Name]:
    found: list[list[_Found]] = [_find_in_place(text, search) for text in texts]
    whole = _BETWEEN.join(raw)
    starts = [0, *accumulate(len(one) + len(_BETWEEN) for one in raw)]

    def bounds_at(offset: int) -> tuple[int, int]:
        number = bisect_right(starts, offset) - 1
        begin = whole.rfind(b"/", starts[number], offset) + 1 or starts[number]
        end = whole.find(b"/", offset, starts[number + 1])
        return begin, end if end >= 0 else starts[number + 1] - len(_BETWEEN)

    for hit in search.everywhere.search(whole, bounds=bounds_at):
        number = bisect_right(starts, hit.offset) - 1
        begin = hit.offset - starts[number]
        end = begin + len(hit.pattern.text)
        if end <= len(raw[number]):
            first, last = (raw[number].count(b"/", 0, at) for at in (begin, end))
            value = search.values[hit.pattern.value]
            found[number].append(_Found(first, last, f"identifier-{value.kind}", value.value))
    return [_name(text, some) for text, some in zip(texts, found, strict=True)]


def _find_in_place(text: str, search: Search) -> list[_Found]:
    """Find the values that are not distinctive where they are a whole name."""
    if not search.in_place:
        return []
    return [
        _Found(number, number, f"identifier-{value.kind}", value.value)
        for number, component in enumerate(text.split("/"))
        for value in search.in_place.get(fold(component.rsplit(".", 1)[0] or component), ())
    ]


def _name(text: str, found: Iterable[_Found]) -> Name:
    components = text.split("/")
    places: dict[tuple[str, str], str] = {}
    for first, last, code, value in sorted(found):
        place = f"component {first + 1} of its path"
        if last > first:
            place = f"components {first + 1} to {last + 1} of its path"
        places.setdefault((code, place), value)
        for number in range(first, last + 1):
            components[number] = f"(component {number + 1})"
    shown = "/".join(components)
    return Name(shown, tuple((code, place, value) for (code, place), value in places.items()))
