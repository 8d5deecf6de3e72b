"""The study's own identifiers, collected from its headers, in the forms that texts repeat.

Names are kept part by part, folded, in every spelling and romanisation; numbers without separators
and leading zeros; dates as year, month and day; places word by word.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import permutations
from typing import Final

from casepack.deidentify.descriptors.dates import Date
from casepack.deidentify.descriptors.folding import fold_word, name_spellings
from casepack.deidentify.descriptors.ideographs import ideograph
from casepack.deidentify.descriptors.late import LatePattern
from casepack.deidentify.descriptors.transliteration import romanize_name

_NUMBER_TAGS: Final = frozenset(
    {
        0x00080050,  # Accession Number
        0x00080094,  # Referring Physician's Telephone Numbers
        0x00100020,  # Patient ID
        0x00100021,  # Issuer of Patient ID
        0x00101000,  # Other Patient IDs
        0x00101050,  # Insurance Plan Identification
        0x00101090,  # Medical Record Locator
        0x00102154,  # Patient's Telephone Numbers
        0x00102155,  # Patient's Telecom Information
        0x00120020,  # Clinical Trial Protocol ID
        0x00120030,  # Clinical Trial Site ID
        0x00120040,  # Clinical Trial Subject ID
        0x00120042,  # Clinical Trial Subject Reading ID
        0x00120082,  # Clinical Trial Protocol Ethics Committee Approval Number
        0x00160051,  # Lens Serial Number
        0x00181000,  # Device Serial Number
        0x00181003,  # Device ID
        0x00181004,  # Plate ID
        0x00181005,  # Generator ID
        0x00181006,  # Grid ID
        0x00181007,  # Cassette ID
        0x00181008,  # Gantry ID
        0x00181009,  # Unique Device Identifier
        0x00181010,  # Secondary Capture Device ID
        0x00181011,  # Hardcopy Creation Device ID
        0x0018700A,  # Detector ID
        0x00189367,  # X-Ray Source ID
        0x00189371,  # X-Ray Detector ID
        0x00200010,  # Study ID
        0x00320012,  # Study ID Issuer
        0x00380010,  # Admission ID
        0x00380011,  # Issuer of Admission ID
        0x00380014,  # Issuer of Admission ID Sequence
        0x00380060,  # Service Episode ID
        0x00380061,  # Issuer of Service Episode ID
        0x00400009,  # Scheduled Procedure Step ID
        0x00400031,  # Local Namespace Entity ID
        0x00400032,  # Universal Entity ID
        0x00400253,  # Performed Procedure Step ID
        0x0040050A,  # Specimen Accession Number
        0x00400512,  # Container Identifier
        0x00400551,  # Specimen Identifier
        0x004006FA,  # Slide Identifier
        0x00401001,  # Requested Procedure ID
        0x00401103,  # Person's Telephone Numbers
        0x00401104,  # Person's Telecom Information
        0x00402010,  # Order Callback Phone Number
        0x00402011,  # Order Callback Telecom Information
        0x00402016,  # Placer Order Number / Imaging Service Request
        0x00402017,  # Filler Order Number / Imaging Service Request
        0x0040A354,  # Telephone Number (Trial)
        0x30080105,  # Source Serial Number
    }
)
_PLACE_TAGS: Final = frozenset(
    {
        0x00080054,  # Retrieve AE Title
        0x00080055,  # Station AE Title
        0x00080080,  # Institution Name
        0x00080081,  # Institution Address
        0x00080092,  # Referring Physician's Address
        0x00081000,  # Network ID
        0x00081010,  # Station Name
        0x00081040,  # Institutional Department Name
        0x00101040,  # Patient's Address
        0x00102150,  # Country of Residence
        0x00102152,  # Region of Residence
        0x00102299,  # Responsible Organization
        0x00120010,  # Clinical Trial Sponsor Name
        0x00120031,  # Clinical Trial Site Name
        0x00120041,  # Issuer of Clinical Trial Subject ID
        0x00120060,  # Clinical Trial Coordinating Center Name
        0x00120081,  # Clinical Trial Protocol Ethics Committee Name
        0x00321020,  # Scheduled Study Location
        0x00321021,  # Scheduled Study Location AE Title
        0x00321033,  # Requesting Service
        0x0038001E,  # Scheduled Patient Institution Residence
        0x00380300,  # Current Patient Location
        0x00380400,  # Patient's Institution Residence
        0x00400001,  # Scheduled Station AE Title
        0x00400010,  # Scheduled Station Name
        0x00400011,  # Scheduled Procedure Step Location
        0x00400241,  # Performed Station AE Title
        0x00400242,  # Performed Station Name
        0x00400243,  # Performed Location
        0x00401005,  # Requested Procedure Location
        0x00401102,  # Person's Address
        0x00402009,  # Order Enterer's Location
        0x00404036,  # Human Performer's Organization
        0x0040A027,  # Verifying Organization
        0x0040A353,  # Address (Trial)
    }
)
_INSTITUTION_TAGS: Final = frozenset(
    {
        0x00080080,  # Institution Name
        0x00120031,  # Clinical Trial Site Name
        0x00120060,  # Clinical Trial Coordinating Center Name
    }
)
_DATE: Final = LatePattern(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})")
_WORD: Final = LatePattern(r"[^\W_]+")
_RUN: Final = LatePattern(r"\d+|[^\W\d_]+")
_PART: Final = LatePattern(r"[^\s,^_/.()\[\]\"]+")
_MARKS: Final = re.compile(r"['\-]")
_NAME_COMPONENTS: Final = 3
"""Family, given, middle; behind them stand titles (PS3.5 6.2, PN)."""
_MOST_JOINED: Final = 3
_SHORTEST_JOINED: Final = 5
_FEWEST_DIGITS: Final = 4
_FEWEST_MIXED: Final = 5
_FEWEST_PLAIN: Final = 6
"""Digits of a number that count without the letters before them."""
_LATIN: Final = "abcdefghijklmnopqrstuvwxyz"
_SHORTEST_GLUED: Final = 4
NO_ONE: Final = frozenset(
    [
        "anonymous",
        "anonym",
        "anonymized",
        "anonymised",
        "anon",
        "unknown",
        "none",
        "removed",
        "deleted",
        "empty",
        "withheld",
        "null",
        "nil",
        "no",
        "na",
        "nn",
        "not",
        "available",
        "noname",
        "unbekannt",
        "inconnu",
        "sconosciuto",
        "desconocido",
        "desconhecido",
        "x",
        "xx",
        "xxx",
        "xxxx",
        "default",
        "undefined",
        "unspecified",
    ]
)
TITLES: Final = frozenset(
    [
        "dr",
        "prof",
        "mr",
        "mrs",
        "ms",
        "herr",
        "frau",
        "jr",
        "sr",
        "ii",
        "iii",
        "iv",
        "md",
        "phd",
        "med",
        "dipl",
    ]
)
_NO_DATES: Final = frozenset({(1900, 1, 1), (1970, 1, 1), (1, 1, 1)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """What is needed to recognise a study's own identifiers in any text."""

    names: frozenset[str] = field(repr=False, default=frozenset())
    """Parts of names and joined names, folded."""
    glued: tuple[str, ...] = field(repr=False, default=())
    """Names that are also found inside of a longer unknown word, longest first."""
    initials: frozenset[str] = field(repr=False, default=frozenset())
    """Single initials, and the initials of whole names."""
    ideographs: tuple[str, ...] = field(repr=False, default=())
    """Names and places in scripts without spaces, longest first."""
    numbers: frozenset[str] = field(repr=False, default=frozenset())
    """Numbers without separators and leading zeros."""
    short_numbers: frozenset[str] = field(repr=False, default=frozenset())
    """Numbers so short that they count only behind a word such as ID."""
    number_beginnings: frozenset[str] = field(repr=False, default=frozenset())
    """All beginnings of the numbers: a search stops early."""
    dates: frozenset[Date] = field(repr=False, default=frozenset())
    places: Mapping[str, tuple[tuple[str, ...], ...]] = field(repr=False, default_factory=dict)
    """By word: the places that hold it, as words."""
    institutions: frozenset[str] = field(repr=False, default=frozenset())
    """Institutions that are named by one word; a station's may be that of its scanner."""

    def knows_date(self, dates: Iterable[Date]) -> bool:
        """Tell whether one of the dates, of whatever precision, is the study's own."""
        return any(
            (not year or year == own[0])
            and (not month or month == own[1])
            and (not day or day == own[2])
            for year, month, day in dates
            for own in self.dates
        )

    def knows_year(self, year: int) -> bool:
        """Tell whether a date of the study lies in the year."""
        return any(own[0] == year for own in self.dates)

    def knows_number(self, text: str, *, short: bool) -> bool:
        """Tell whether a folded text is one of the numbers, or also one of the short ones."""
        bare = canonical_number(text)
        return bare in self.numbers or (short and bare in self.short_numbers)


def canonical_number(text: str) -> str:
    """Return a number without separators and leading zeros, folded."""
    return "".join(_WORD.findall(text)).lstrip("0")


def collect_echo(values: Iterable[tuple[int, str, str]]) -> Echo:
    """Collect the identifying values of a study's headers.

    Parameters
    ----------
    values
        Tag, Value Representation and decoded text of elements at any level, Items included; those
        that identify nobody are passed over. A text may hold several values, separated by a
        backslash.
    """
    found = _Collection()
    for tag, vr, text in dict.fromkeys(values):
        for value in text.split("\\"):
            found.add(tag, vr, value.strip(" \x00"))
    return found.result()


class _Collection:
    """Echo in the making."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.initials: set[str] = set()
        self.ideographs: set[str] = set()
        self.numbers: set[str] = set()
        self.short_numbers: set[str] = set()
        self.dates: set[Date] = set()
        self.places: dict[str, dict[tuple[str, ...], None]] = {}
        self.institutions: set[str] = set()

    def add(self, tag: int, vr: str, value: str) -> None:
        if not value:
            return
        if vr == "PN":
            self._add_name(value)
        elif vr in {"DA", "DT"}:
            self._add_date(value)
        elif tag in _NUMBER_TAGS:
            self._add_number(value)
        elif tag in _PLACE_TAGS or vr == "AE":
            self._add_place(value)
            if tag in _INSTITUTION_TAGS:
                self.institutions |= {form[0] for form in _spell_place(value) if len(form) == 1}
            self._add_number(value)

    def _add_date(self, value: str) -> None:
        match = _DATE.match(value)
        if match is None:
            return
        date = (int(match[1]), int(match[2]), int(match[3]))
        try:
            dt.date(*date)
        except ValueError:
            return
        if date not in _NO_DATES:
            self.dates.add(date)

    def _add_name(self, value: str) -> None:
        for group in unicodedata.normalize("NFC", value).split("="):
            components = group.split("^")[:_NAME_COMPONENTS]
            parts = [part for component in components for part in _PART.findall(component)]
            parts = [part for part in parts if fold_word(part).strip("'-") not in NO_ONE | TITLES]
            if not parts:
                continue
            for part in parts:
                self._add_part(part)
            self._add_joined(parts)

    def _add_part(self, part: str) -> None:
        for piece in {part, _MARKS.sub("", part), *_MARKS.split(part)}:
            if not piece:
                continue
            for form in name_spellings(piece) | romanize_name(piece):
                if any(char.isalpha() for char in form):
                    self.names.add("".join(_WORD.findall(form)))
            if _has_ideograph(fold_word(piece)) and len(piece) > 1:
                self.ideographs.add(fold_word(piece))

    def _add_joined(self, parts: list[str]) -> None:
        """Add the whole name without spaces in every order, and its initials."""
        folded = [sorted(name_spellings(_MARKS.sub("", part))) for part in parts[:_MOST_JOINED]]
        firsts = [forms[0] for forms in folded if forms[0]]
        for count in range(2, len(firsts) + 1):
            for order in permutations(firsts, count):
                joined = "".join(order)
                if _has_ideograph(joined):
                    self.ideographs |= {sign.join(order) for sign in ("", " ", "^", ",", ", ")}
                elif len(joined) >= _SHORTEST_JOINED:
                    self.names.add(joined)
        letters = [first[0] for first in firsts if first[0].isalpha()]
        self.initials |= set(letters)
        if len(letters) > 1:
            self.initials |= {
                "".join(order)
                for count in range(2, len(letters) + 1)
                for order in permutations(letters, count)
            }

    def _add_number(self, value: str) -> None:
        folded = fold_word(value)
        bare = canonical_number(folded)
        if not any(char.isdecimal() for char in bare) or bare in NO_ONE:
            return
        digits = sum(char.isdecimal() for char in bare)
        if digits >= _FEWEST_DIGITS or (digits > 1 and len(bare) >= _FEWEST_MIXED):
            self.numbers.add(bare)
            # PX-4471920 is also quoted as 4.471.920
            plain = bare.lstrip(_LATIN).lstrip("0")
            if plain.isdecimal() and len(plain) >= _FEWEST_PLAIN:
                self.numbers.add(plain)
        else:
            self.short_numbers.add(bare)

    def _add_place(self, value: str) -> None:
        folded = fold_word(unicodedata.normalize("NFC", value))
        words = tuple(_WORD.findall(folded))
        if all(word in NO_ONE for word in words):
            return
        if _has_ideograph(folded):
            self.ideographs |= {word for word in words if len(word) > _MOST_JOINED - 1}
        for form in _spell_place(value):
            for word in form:
                self.places.setdefault(word, {})[form] = None

    def result(self) -> Echo:
        """Return what was collected."""
        names = {name for name in self.names if not name.isdecimal()}
        glued = {name for name in names if len(name) >= _SHORTEST_GLUED}
        numbers = {number for number in self.numbers if number}
        return Echo(
            names=frozenset(names),
            glued=tuple(sorted(glued, key=lambda name: (-len(name), name))),
            initials=frozenset(self.initials),
            ideographs=tuple(sorted(self.ideographs, key=lambda name: (-len(name), name))),
            numbers=frozenset(numbers),
            short_numbers=frozenset(self.short_numbers),
            number_beginnings=frozenset(
                number[:end] for number in numbers for end in range(1, len(number) + 1)
            ),
            dates=frozenset(self.dates),
            places={word: tuple(self.places[word]) for word in sorted(self.places)},
            institutions=frozenset(self.institutions - NO_ONE),
        )


def _has_ideograph(text: str) -> bool:
    return not text.isascii() and bool(ideograph().search(text))


def _spell_place(value: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of a place in its spellings (with ``ue`` and with ``u``)."""
    spellings = [sorted(name_spellings(word)) for word in _WORD.findall(value)]
    if not spellings:
        return
    yield tuple(forms[0] for forms in spellings)
    yield tuple(forms[-1] for forms in spellings)
