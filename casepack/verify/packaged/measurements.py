"""The measurements in a Structured Report (PS3.16 TID 1410, 1411, 1501), read from its elements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from casepack.verify.contents.elements import Element, Path, plain_text
from casepack.verify.holdings import Holding

_CONTENT: Final = 0x0040A730
_CONCEPT_NAME: Final = 0x0040A043
_MEASURED: Final = 0x0040A300
_CODE_VALUE: Final = 0x00080100
_NUMBER: Final = 0x0040A30A
_UID_VALUE: Final = 0x0040A124
_TRACKING_UID: Final = "112040"
_STUDY: Final = 0x0020000D

LONG_AXIS, SHORT_AXIS, LENGTH, AREA = "103339001", "103340004", "410668003", "42798000"
VOLUME: Final = "118565006"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A number of a measurement group."""

    study_instance_uid: str = field(repr=False)
    tracking_uid: str
    concept: str
    """Code Value of the Concept Name."""
    value: float


def read_measurements(holding: Holding) -> Iterator[Measured]:
    """Yield the numbers of the groups that have a Tracking Unique Identifier."""
    items: defaultdict[Path, dict[int, Element]] = defaultdict(dict)
    for element in holding.part_ten.elements:
        items[element.path][element.tag] = element
    tracked = {
        path[:-1]: plain_text(item[_UID_VALUE].value)
        for path, item in items.items()
        if _UID_VALUE in item and _concept(items, path) == _TRACKING_UID
    }
    for path in list(items):
        if not path or path[-1][0] != _CONTENT or path[:-1] not in tracked:
            continue
        value = _value(items, path)
        if value is not None:
            yield Measured(
                study_instance_uid=holding.text(_STUDY),
                tracking_uid=tracked[path[:-1]],
                concept=_concept(items, path),
                value=value,
            )


def _concept(items: dict[Path, dict[int, Element]], path: Path) -> str:
    code = items.get((*path, (_CONCEPT_NAME, 0)), {}).get(_CODE_VALUE)
    return "" if code is None else plain_text(code.value)


def _value(items: dict[Path, dict[int, Element]], path: Path) -> float | None:
    number = items.get((*path, (_MEASURED, 0)), {}).get(_NUMBER)
    try:
        return None if number is None else float(plain_text(number.value))
    except ValueError:
        return None
