"""The identifying values of the originals: what must not be found in any result.

Every original file is read again, by pydicom, at every nesting level, private and unknown elements
too. Which Attributes identify is Table E.1-1's word, and every Person Name.

A value is searched in every byte of the result when it is *distinctive*; else only where such
values stand (the same Attribute, a Person Name, a file name). Not distinctive are ordinary words
and short numbers (see `vocabulary`), and values of stations, institutions and free text that a
technical Attribute of the same study also has: a station called as its scanner's model.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from casepack.errors import StudyError
from casepack.model import FileSet, Progress, Reason, no_progress
from casepack.verify.originals import RUN, OriginalValue, read_values
from casepack.verify.profile import (
    CLEAN_DESCRIPTORS,
    DEVICE_IDENTITY,
    FULL_DATES,
    INSTITUTION_IDENTITY,
    PATIENT_CHARACTERISTICS,
    RETAIN_UIDS,
    SAFE_PRIVATE,
    Row,
    read_rows,
)
from casepack.verify.vocabulary import (
    PLACEHOLDERS,
    TITLES,
    fold,
    is_distinctive,
    is_ideographic,
    ordinary_words,
    split_words,
)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A value to search for."""

    kind: Kind
    value: str = field(repr=False)
    """As it stands in the originals: a name with its components parted by ``^``."""
    distinctive: bool
    part: bool = False
    """A single word of a name."""
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
        return Identifiers(
            values=tuple(
                value
                for value in self.values
                if value.kind is not Kind.DATE or value.value not in dates
            )
        )


_PATIENT_NAMES: Final = frozenset(
    {0x00100010, 0x00101001, 0x00101005, 0x00101060, 0x00102297, 0x00100012}
)
"""Names of the patient or of relatives."""
_STRUCTURAL_UIDS: Final = frozenset(
    {
        *(0x00020002, 0x00020010, 0x00020012, 0x00080016, 0x00081150, 0x0008001A, 0x0008001B),
        *(0x0008010C, 0x00080117, 0x00080118, 0x00080062, 0x0008005A, 0x04000010, 0x04000510),
        *(0x00041510, 0x00041512, 0x00480001),
    }
)
"""UIDs that name classes, syntaxes and vocabularies, not instances."""
_VOCABULARY_DATES: Final = frozenset({0x00080106, 0x00080107, 0x0040DB06, 0x0040DB07, 0x00440002})
"""Versions of code lists: the same in everyone's files."""
_TECHNICAL_TEXTS: Final = frozenset({0x00080070, 0x00081090})
"""Manufacturer and Manufacturer's Model Name: kept, and outside of group 0018."""
_ACQUISITION_GROUP: Final = 0x0018
_STANDARD_ROOT: Final = "1.2.840.10008."
_DUMMY_DATES: Final = frozenset(
    ["00010101", "18000101", "18581117", "19000101", "19700101", "19991111", "19991231", "20000101"]
)
_DATE: Final = re.compile(r"(?:1[89]|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_OLD_DATE: Final = re.compile(r"((?:1[89]|20)\d\d)\.(\d\d)\.(\d\d)")
_DATE_IN_TEXT: Final = re.compile(rf"(?<!\d)({_DATE.pattern})(?!\d)")
_NUMBER_IN_TEXT: Final = re.compile(r"(?<![\w.])\d{6,20}(?![\w.])")
_MAIL: Final = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
_TITLED_NAME: Final = re.compile(
    r"\b(?:(?i:dr|prof|frau|herr)|Mr|Mrs|Ms)\b\.?\s+([^\W\d_]{3,})"  # MR is a Modality
)
_UID: Final = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*)){4,}")
_KEYWORD_NUMBER: Final = re.compile(r"(ID|IDs|Numbers?|Locator|Identifier|Identification)$")
_KEYWORD_PLACE: Final = re.compile(
    r"(Address|Location|Residence|Institution|Organization|Organisation|Telephone|Telecom|Phone)"
)
_SOFTWARE: Final = frozenset({0x00020012, 0x00020013})
"""Implementation Class UID and Version Name: of a program, and the same in everyone's files."""
_NO_TEXT: Final = re.compile(r"[\d.+\-eE*x/;:,\s]*")
_SHORTEST_UID: Final = 14
_SHORTEST_TEXT: Final = 8
_SHORTEST_SINGLE_WORD_TEXT: Final = 6
_LONGEST: Final = 256
_LONG_NAME: Final = 4
_DEVICE_WORDS: Final = frozenset(
    [
        "anyscp",
        "dcm4chee",
        "findscu",
        "getscu",
        "modality",
        "movescu",
        "orthanc",
        "osirix",
        "pacs",
        "storescp",
        "storescu",
        "workstation",
        "ws",
    ]
)


def collect_identifiers(originals: FileSet, *, progress: Progress = no_progress) -> Identifiers:
    """Read every original file and collect the values that identify.

    Files that were left out are read too, as far as they are readable: a held secondary capture
    knows the patient's name as well.

    Raises
    ------
    StudyError
        An original that is used cannot be read, so that its identifiers would not be known.
    """
    collector = _Collector()
    used = [instance.path for instance in originals.instances]
    left = [file.path for file in originals.unused if file.reason is not Reason.NOT_DICOM]
    seen: set[tuple[object, ...]] = set()
    for number, path in enumerate([*used, *left], 1):
        progress("identifiers", number, len(used) + len(left))
        for value in _read(path, seen, required=number <= len(used)):
            collector.add(value)
    return collector.result()


def _read(path: Path, seen: set[tuple[object, ...]], *, required: bool) -> list[OriginalValue]:
    with warnings.catch_warnings():
        # pydicom's warnings quote values
        warnings.simplefilter("ignore")
        try:
            return list(read_values(path, seen))
        except Exception:  # noqa: BLE001  # pydicom raises many kinds, and quotes values
            if not required:
                return []
            raise StudyError(
                "an original cannot be read again to learn its identifiers",
                advice="Check the files with: casepack inspect STUDY",
            ) from None


class _Collector:
    """Gathers values; the same value of the same kind is kept once."""

    def __init__(self) -> None:
        self.found: dict[tuple[Kind, str, bool], Identifier] = {}
        self.technical: set[str] = set()
        self.class_uids: set[str] = set()
        self.rows = read_rows()

    def add(self, value: OriginalValue) -> None:
        """Take one value of one element."""
        text = value.text.strip(" \x00\r\n\t")
        if len(text) > _LONGEST or value.vr == RUN:
            self._add_uids_within(value)
            return
        if not text or value.tag in _SOFTWARE:
            return
        row = self.rows.get(value.tag)
        kept = (
            frozenset(code for code, action in row.options.items() if action == "K")
            if row
            else frozenset()
        )
        if value.vr == "PN":
            self._add_person(text, value.tag)
        elif value.vr in {"DA", "DT"}:
            self._add_date(text, value.tag, kept)
        elif value.vr == "UI":
            self._add_uid(text, value.tag)
        elif value.private:
            self._add_private(text, value)
        elif value.tag >> 16 == 2 or value.vr == "AE":  # noqa: PLR2004  # File Meta
            self._add_text(Kind.DEVICE, text, value.tag, kept)
        elif row is not None:
            self._add_listed(text, value, row, kept)
        else:
            self._note_technical(text, value)

    def _note_technical(self, text: str, value: OriginalValue) -> None:
        in_group = value.tag >> 16 == _ACQUISITION_GROUP and value.vr in {"LO", "SH"}
        if value.vr == "CS" or in_group or value.tag in _TECHNICAL_TEXTS:
            self.technical.add(fold(text))

    def _add_uids_within(self, value: OriginalValue) -> None:
        for uid in _UID.findall(value.text):
            self._add_uid(uid, value.tag)

    def _add_person(self, text: str, tag: int) -> None:
        kind = Kind.PATIENT_NAME if tag in _PATIENT_NAMES else Kind.PERSON_NAME
        for group in text.split("="):
            components = [part.strip() for part in group.split("^")]
            words = [
                word
                for word in re.split(r"[\s^,_\u3000]+", group)
                if word and fold(word).rstrip(".") not in TITLES
            ]
            if not words or all(fold(word) in PLACEHOLDERS for word in words):
                continue
            whole = "^".join(components).strip("^") if len(words) > 1 else words[0]
            self._put(kind, whole, tag, distinctive=_is_distinctive_name(words))
            if len(words) > 1:
                for word in words:
                    self._add_name_word(kind, word, tag)

    def _add_name_word(self, kind: Kind, word: str, tag: int) -> None:
        for piece in dict.fromkeys((word, *re.split(r"[-'.]", word))):
            if len(piece) > 1 and fold(piece) not in PLACEHOLDERS:
                self._put(kind, piece, tag, distinctive=is_distinctive(fold(piece)), part=True)

    def _add_date(self, text: str, tag: int, kept: frozenset[str]) -> None:
        if tag in _VOCABULARY_DATES:
            return
        old = _OLD_DATE.match(text)
        digits = "".join(old.groups()) if old else text[:8]
        if _is_date(digits):
            options = kept or (frozenset() if tag in self.rows else frozenset({FULL_DATES}))
            self._put(Kind.DATE, digits, tag, distinctive=True, kept=options)

    def _add_uid(self, text: str, tag: int) -> None:
        if tag in _STRUCTURAL_UIDS:
            self.class_uids.add(text)
        elif (
            _UID.fullmatch(text)
            and len(text) >= _SHORTEST_UID
            and not text.startswith((_STANDARD_ROOT, "0."))
        ):
            kept = frozenset({RETAIN_UIDS, DEVICE_IDENTITY} & set(self._options(tag)))
            kept = kept or frozenset({RETAIN_UIDS})
            self._put(Kind.UID, text, tag, distinctive=True, kept=kept)

    def _options(self, tag: int) -> list[str]:
        row = self.rows.get(tag)
        return [] if row is None else [code for code, act in row.options.items() if act == "K"]

    def _add_private(self, text: str, value: OriginalValue) -> None:
        if value.tag & 0xFFFF <= 0xFF:  # noqa: PLR2004  # a Private Creator
            return
        self._add_from_free_text(text, value.tag)
        if value.vr not in {"IS", "DS"} and not _is_date(text):
            self._add_text(Kind.TEXT, text, value.tag, frozenset({SAFE_PRIVATE}))

    def _add_listed(self, text: str, value: OriginalValue, row: Row, kept: frozenset[str]) -> None:
        options = frozenset(row.options)
        if value.vr not in {"LO", "SH", "ST", "LT", "UT", "UC", "UR", "UN", "OB"}:
            return
        if row.options.get(CLEAN_DESCRIPTORS) == "C":
            self._add_from_free_text(text, value.tag)
            self._add_text(Kind.TEXT, text, value.tag, kept | {CLEAN_DESCRIPTORS})
        elif PATIENT_CHARACTERISTICS in options:
            self._add_text(Kind.TEXT, text, value.tag, kept)
        elif DEVICE_IDENTITY in options:
            self._add_text(Kind.DEVICE, text, value.tag, kept)
        elif INSTITUTION_IDENTITY in options or _KEYWORD_PLACE.search(row.keyword):
            self._add_place(text, value.tag, kept)
        elif _KEYWORD_NUMBER.search(row.keyword):
            self._add_text(Kind.NUMBER, text, value.tag, kept)
        else:
            self._add_from_free_text(text, value.tag)
            self._add_text(Kind.TEXT, text, value.tag, kept)

    def _add_place(self, text: str, tag: int, kept: frozenset[str]) -> None:
        self._add_text(Kind.INSTITUTION, text, tag, kept)
        for part in re.split(r"[,;\r\n]+", text):
            if len(split_words(part)) > 1 and part.strip() != text:
                self._add_text(Kind.INSTITUTION, part.strip(), tag, kept)

    def _add_from_free_text(self, text: str, tag: int) -> None:
        """Dates, numbers, addresses and titled names inside of a text."""
        for digits in _DATE_IN_TEXT.findall(text):
            if _is_date(digits):
                kept = frozenset({FULL_DATES})
                self._put(Kind.DATE, digits, tag, distinctive=True, kept=kept)
        for digits in _NUMBER_IN_TEXT.findall(text):
            if not _is_date(digits):
                self._add_text(Kind.NUMBER, digits, tag, frozenset())
        for mail in _MAIL.findall(text):
            self._put(Kind.NUMBER, mail, tag, distinctive=True)
        for uid in _UID.findall(text):
            self._add_uid(uid, tag)
        for name in _TITLED_NAME.findall(text):
            self._add_name_word(Kind.PERSON_NAME, name, tag)

    def _add_text(self, kind: Kind, text: str, tag: int, kept: frozenset[str]) -> None:
        words = split_words(text)
        if not words or all(word in PLACEHOLDERS for word in words):
            return
        self._put(kind, text, tag, distinctive=_is_distinctive_text(kind, text, words), kept=kept)

    def _put(
        self,
        kind: Kind,
        value: str,
        tag: int,
        *,
        distinctive: bool,
        part: bool = False,
        kept: frozenset[str] = frozenset(),
    ) -> None:
        key = (kind, value, part)
        known = self.found.get(key)
        if known is None:
            self.found[key] = Identifier(
                kind=kind,
                value=value,
                distinctive=distinctive,
                part=part,
                tags=frozenset({tag}),
                kept_under=kept,
            )
        elif tag not in known.tags or known.kept_under != kept:
            # what no Option lets stand in one Attribute may stand nowhere
            self.found[key] = replace(
                known, tags=known.tags | {tag}, kept_under=known.kept_under & kept
            )

    def result(self) -> Identifiers:
        """Return what was found, without what technical Attributes also say."""
        values = [value for value in self.found.values() if not self._is_class(value)]
        weighed = [
            replace(value, distinctive=False) if self._is_technical(value) else value
            for value in values
        ]
        return Identifiers(values=tuple(sorted(weighed, key=lambda v: (v.kind, v.value, v.part))))

    def _is_class(self, value: Identifier) -> bool:
        return value.kind is Kind.UID and value.value in self.class_uids

    def _is_technical(self, value: Identifier) -> bool:
        if value.kind not in {Kind.DEVICE, Kind.INSTITUTION, Kind.TEXT}:
            return False
        folded = fold(value.value)
        return any(folded in text for text in self.technical)


def _is_date(digits: str) -> bool:
    if not _DATE.fullmatch(digits) or digits in _DUMMY_DATES:
        return False
    return int(digits[6:]) <= _DAYS[int(digits[4:6]) - 1]


_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _is_distinctive_name(words: list[str]) -> bool:
    """Weigh a whole name: of several words, the combination is searched, not each word."""
    if len(words) > 1:
        return sum(map(len, words)) >= _LONG_NAME or any(map(is_ideographic, words))
    return is_distinctive(fold(words[0]))


def _is_distinctive_text(kind: Kind, text: str, words: list[str]) -> bool:
    folded = fold(text)
    if any(is_ideographic(word) for word in words):
        return len(folded) > 1
    if kind is Kind.TEXT and _NO_TEXT.fullmatch(folded) and not folded.isdecimal():
        return False
    if len(words) == 1:
        return _is_distinctive_single(kind, words[0])
    if kind is Kind.NUMBER:
        return len(folded) >= _SHORTEST_TEXT or any(is_distinctive(word) for word in words)
    ordinary = all(word in ordinary_words() or not is_distinctive(word) for word in words)
    return len(folded) >= _SHORTEST_TEXT and not ordinary


def _is_distinctive_single(kind: Kind, word: str) -> bool:
    if kind is Kind.DEVICE and word in _DEVICE_WORDS:
        return False
    if kind is Kind.TEXT:
        mixed = any(char.isdigit() for char in word) and not word.isdecimal()
        return (mixed and len(word) >= _SHORTEST_TEXT) or (
            word.isdecimal() and len(word) >= _SHORTEST_SINGLE_WORD_TEXT and is_distinctive(word)
        )
    return is_distinctive(word)


def iterate_words(values: Iterator[Identifier]) -> Iterator[str]:
    """Yield the folded words of values."""
    for value in values:
        yield from split_words(value.value)
