"""What is searched for: the identifying values of the originals."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a value tells; the finding is named after it."""

    PATIENT_NAME = "patient-name"
    PERSON_NAME = "person-name"
    NUMBER = "number"
    DATE = "date"
    UID = "uid"
    INSTITUTION = "institution"
    DEVICE = "device"
    TEXT = "text"


NAMES = frozenset({Kind.PATIENT_NAME, Kind.PERSON_NAME})


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A value to search for.

    A *distinctive* value is searched in every byte; another only where such values stand: in the
    same Attribute, in a Person Name, as the name of a file.
    """

    kind: Kind
    value: str = field(repr=False)
    """As it stands in the originals: a name with its components parted by ``^``."""
    distinctive: bool
    part: bool = False
    """A single word of a name or of an institution."""
    tags: frozenset[int] = field(default=frozenset(), repr=False)
    """Attributes that hold it."""
    kept_under: frozenset[str] = frozenset()
    """Options (codes of CID 7050) that let it stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifiers:
    """All identifying values of the originals, sorted."""

    values: tuple[Identifier, ...] = field(repr=False)

    def under(self, claimed: frozenset[str]) -> Identifiers:
        """Return those that may not stand under the claimed Options."""
        return Identifiers(
            values=tuple(value for value in self.values if not value.kept_under & claimed)
        )

    def without_dates(self, dates: frozenset[str]) -> Identifiers:
        """Return these without some dates, given as YYYYMMDD."""
        kept = (v for v in self.values if v.kind is not Kind.DATE or v.value not in dates)
        return Identifiers(values=tuple(kept))
