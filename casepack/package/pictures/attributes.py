"""Attributes of one frame, wherever its SOP Class keeps them.

A classic image holds them at top level; an Enhanced one in the macros of its Per-frame and Shared
Functional Groups Sequences (PS3.3 C.7.6.16). Values that are not what their VR asks for are
treated as absent: a picture is then shown without them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, OverflowError, NotImplementedError)


class FrameAttributes:
    """Looks Attributes up for one frame: its own groups first, then the shared ones, then the top.

    Parameters
    ----------
    dataset
        The Data Set of the SOP Instance.
    frame
        Frame number, 1 for the first.
    """

    def __init__(self, dataset: Dataset, frame: int = 1) -> None:
        own = _items(dataset, "PerFrameFunctionalGroupsSequence")
        shared = _items(dataset, "SharedFunctionalGroupsSequence")
        groups = [*own[frame - 1 : frame], *shared[:1]]
        self._places = [*(macro for group in groups for macro in _macros(group)), dataset]

    def items(self, keyword: str) -> Sequence[Dataset]:
        """Return the Items of a Sequence; none when it is absent or empty."""
        for place in self._places:
            found = _items(place, keyword)
            if found:
                return found
        return ()

    def words(self, keyword: str) -> tuple[str, ...]:
        """Return the values as text without padding, upper case; empty values are left out."""
        values = (str(value).strip().upper() for value in self._values(keyword))
        return tuple(value for value in values if value)

    def text(self, keyword: str) -> str:
        """Return the values as one text, as they were written."""
        return " ".join(str(value).strip() for value in self._values(keyword)).strip()

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """Return the values as finite numbers; none when any of them is not one."""
        try:
            values = tuple(float(str(value)) for value in self._values(keyword))
        except _MALFORMED:
            return ()
        return values if all(map(math.isfinite, values)) else ()

    def number(self, keyword: str) -> float | None:
        """Return the first value as a number, or None."""
        values = self.numbers(keyword)
        return values[0] if values else None

    def _values(self, keyword: str) -> tuple[object, ...]:
        for place in self._places:
            value = _value(place, keyword)
            if value is None or value == "":
                continue
            if isinstance(value, MultiValue | list | tuple):
                return tuple(value)
            return (value,)
        return ()


def _value(dataset: Dataset, keyword: str) -> object:
    try:
        return dataset.get(keyword)
    except _MALFORMED:
        return None


def _items(dataset: Dataset, keyword: str) -> Sequence[Dataset]:
    value = _value(dataset, keyword)
    if not isinstance(value, Sequence) or isinstance(value, str):
        return ()
    return tuple(item for item in value if isinstance(item, Dataset))


def _macros(group: Dataset) -> Iterator[Dataset]:
    for tag in sorted(group.keys()):
        if tag.is_private:
            continue
        try:
            element = group[tag]
        except _MALFORMED:
            continue
        if element.VR == "SQ" and element.value:
            yield element.value[0]
