"""What was taken out of a text, and why: kinds and places, never the text itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """Why a part of a text was removed: a closed list."""

    ECHO_NAME = "echo-name"
    """A name that stands in the study's own Attributes."""
    ECHO_ID = "echo-id"
    """An identifier or number of theirs."""
    ECHO_DATE = "echo-date"
    """A date of theirs."""
    ECHO_PLACE = "echo-place"
    """An institution, address, department or station of theirs."""
    DATE = "date"
    TIME = "time"
    AGE = "age"
    """An age of 90 years or more (45 CFR 164.514(b)(2)(i)(C))."""
    PHONE = "phone"
    E_MAIL = "e-mail"
    URL = "url"
    """A web or network address."""
    UID = "uid"
    ADDRESS = "address"
    NUMBER = "number"
    """Digits without a technical form: MRN, accession number, serial number and the like."""
    HONORIFIC_NAME = "honorific-name"
    """A title with the name that follows or precedes it."""
    BY_PHRASE = "by-phrase"
    """Who ordered, performed, read: with the name."""
    PLACE_PHRASE = "place-phrase"
    """Where it was performed; a named institution."""
    NAME_USE = "name-use"
    """A clinical word that is used as a name here."""
    INITIAL = "initial"
    """A single letter that belongs to a removed name."""
    CONNECTIVE = "connective"
    """A word that would be left dangling: by, for, ID."""
    UNKNOWN_TOKEN = "unknown-token"  # noqa: S105  # a kind of text, not a secret
    """No clinical or technical word that the vocabulary knows."""


@dataclass(frozen=True, slots=True)
class Removal:
    """A part of the original text, ``text[start:end]``, that was removed."""

    kind: Kind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text without what identifies; empty when nothing is left."""

    text: str = field(repr=False)
    removals: tuple[Removal, ...]
    """By place in the original text; they do not overlap."""


class Span(NamedTuple):
    """A part of the folded text that goes."""

    start: int
    end: int
    kind: Kind
