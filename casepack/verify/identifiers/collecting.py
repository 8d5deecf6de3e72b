"""Collect the identifying values of the originals.

Every original file is read again, by pydicom, at every nesting level, private and unknown elements
too. Which Attributes identify is Table E.1-1's word, and every Person Name; what stands inside of a
Sequence that the table removes goes with it.

A value that a technical Attribute of the same study also has is not distinctive, if it is of a
station, an institution or a free text: a station called as its scanner's model.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from casepack.errors import StudyError
from casepack.model import FileSet, Progress, Reason, no_progress
from casepack.verify.contents.elements import silence_pydicom
from casepack.verify.holdings import Holdings
from casepack.verify.identifiers.clinical_words import is_clinical
from casepack.verify.identifiers.distinctive import (
    is_distinctive_name,
    is_distinctive_place,
    is_distinctive_text,
)
from casepack.verify.identifiers.echo import UID, is_date, names_in, read_echo
from casepack.verify.identifiers.identifiers import NAMES, Identifier, Identifiers, Kind
from casepack.verify.identifiers.originals import RUN, OriginalValue, read_values
from casepack.verify.identifiers.vocabulary import (
    PLACEHOLDERS,
    TITLES,
    fold,
    is_distinctive,
    split_words,
)
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

_PATIENT_NAME: Final = 0x00100010
_PATIENT_NAMES: Final = frozenset(
    {_PATIENT_NAME, 0x00101001, 0x00101005, 0x00101060, 0x00102297, 0x00100012}
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
_SOFTWARE: Final = frozenset({0x00020012, 0x00020013})
"""Implementation Class UID and Version Name: of a program, and the same in everyone's files."""
_PRODUCT: Final = frozenset({0x00080070, 0x00081090})
"""Manufacturer and Manufacturer's Model Name: kept."""
_CODES: Final = frozenset({0x00080100, 0x00080104, 0x00080119, 0x00080120})
"""Code Value and Code Meaning: of a Sequence that stays, they are everyone's."""
_SCHEMES: Final = frozenset({0x00080102, 0x00080103, 0x00080105, 0x0008010F})
"""Names and versions of vocabularies."""
_ACQUISITION_GROUP: Final = 0x0018
_META_GROUP: Final = 0x0002
_LAST_CREATOR: Final = 0xFF
_STANDARD_ROOT: Final = "1.2.840.10008."
_OLD_DATE: Final = re.compile(r"((?:1[89]|20)\d\d)\.(\d\d)\.(\d\d)")
_KEYWORD_NUMBER: Final = re.compile(r"(ID|IDs|Numbers?|Locator|Identifier|Identification)$")
_KEYWORD_PLACE: Final = re.compile(
    r"Address|Location|Residence|Institution|Organization|Telephone|Telecom|Phone"
)
_TEXTS: Final = frozenset(["LO", "SH", "ST", "LT", "UT", "UC", "UR", "UN", "OB"])
_FREE_TEXTS: Final = frozenset(["LO", "ST", "LT", "UT"])
_SHORTEST_UID: Final = 14
_LONGEST: Final = 1024


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


def names_of_holdings(holdings: Holdings) -> tuple[Identifier, ...]:
    """Return the Patient's Names that stand in the files that are checked, unless dummies.

    Of a file that is not marked as de-identified, every identifying value. They serve only to keep
    them out of the report, when no originals are at hand.
    """
    collector = _Collector()
    seen: set[tuple[object, ...]] = set()
    for holding in holdings.dicom:
        element = holding.part_ten.top.get(_PATIENT_NAME)
        for text in holding.part_ten.texts(element) if element is not None else ():
            if not any(char.isdigit() for char in text):
                collector.add(OriginalValue(tag=_PATIENT_NAME, vr="PN", text=text, private=False))
        if not holding.claims.identity_removed:
            for value in _read(holding.path, seen, required=False):
                collector.add(value)
    return collector.result().values


def _read(path: Path, seen: set[tuple[object, ...]], *, required: bool) -> list[OriginalValue]:
    with silence_pydicom():
        try:
            return list(read_values(path, seen))
        except Exception:  # noqa: BLE001  # pydicom raises many kinds, and quotes values
            if not required:
                return []
            raise StudyError(
                "an original cannot be read again to learn its identifiers",
                advice="Check the files with: casepack inspect STUDY",
            ) from None


def _kept(row: Row | None) -> frozenset[str]:
    """Options under which the value may stand as it is."""
    if row is None:
        return frozenset()
    return frozenset(code for code, action in row.options.items() if action == "K")


class _Collector:
    """Gathers values; the same value of the same kind is kept once."""

    def __init__(self) -> None:
        self.found: dict[tuple[Kind, str, bool], Identifier] = {}
        self.technical: set[str] = set()
        self.products: set[str] = set()
        self.codes: set[str] = set()
        self.class_uids: set[str] = set()
        self.rows = read_rows()

    def add(self, value: OriginalValue) -> None:
        """Take one value of one element."""
        text = value.text.strip(" \x00\r\n\t")
        if len(text) > _LONGEST or value.vr == RUN:
            for uid in UID.findall(value.text):
                self._add_uid(uid, value.tag)
        elif not text:
            return
        elif value.tag in _SOFTWARE:
            self._add_text(Kind.DEVICE, text, value.tag, distinctive=False)
        elif value.vr == "PN":
            self._add_person(text, value.tag)
        elif value.vr in {"DA", "DT"}:
            self._add_date(text, value.tag)
        elif value.vr == "UI":
            self._add_uid(text, value.tag)
        else:
            self._add_other(text, value)

    def _add_other(self, text: str, value: OriginalValue) -> None:
        row = self.rows.get(value.tag)
        if value.private:
            self._add_private(text, value)
        elif value.tag >> 16 == _META_GROUP or value.vr == "AE":
            self._add_text(Kind.DEVICE, text, value.tag, _kept(row))
            self._add_echo(text, value.tag, _kept(row))
        elif row is not None:
            self._add_listed(text, value, row)
        elif value.tag in _SCHEMES:
            return
        elif value.within is not None and value.vr in _TEXTS:
            # not listed itself, but the Sequence around it is removed
            self._add_echo(text, value.tag)
            self._add_text(Kind.TEXT, text, value.tag, frozenset(self.rows[value.within].options))
        else:
            self._note_technical(text, value)
            if value.vr in _FREE_TEXTS:
                for name in names_in(text):
                    self._add_person(name, value.tag, guessed=True)

    def _note_technical(self, text: str, value: OriginalValue) -> None:
        in_group = value.tag >> 16 == _ACQUISITION_GROUP and value.vr in {"LO", "SH"}
        if value.tag in _PRODUCT:
            self.products |= {fold(text), *split_words(text)}
        if value.vr == "CS" or in_group or value.tag in _PRODUCT:
            self.technical.add(fold(text))
        elif value.tag in _CODES:
            self.codes.add(fold(text))

    def _add_person(self, text: str, tag: int, *, guessed: bool = False) -> None:
        """Add a name and its words; of one guessed from its form, not those of clinical language.

        Scanners write ``Clinic^Spine`` as an examination, and "Spine" alone names nobody.
        """
        kind = Kind.PATIENT_NAME if tag in _PATIENT_NAMES else Kind.PERSON_NAME
        for group in text.split("="):
            words = [
                word
                for word in re.split(r"[\s^,_\u3000]+", group)
                if word and fold(word).rstrip(".") not in TITLES
            ]
            if not words or all(fold(word) in PLACEHOLDERS for word in words):
                continue
            parts = [part.strip() for part in group.split("^")]
            parts = [part for part in parts if fold(part).rstrip(".") not in TITLES]
            whole = "^".join(parts).strip("^") if len(words) > 1 else words[0]
            self._put(kind, whole, tag, distinctive=is_distinctive_name(words))
            for word in words:
                if not guessed or not is_clinical(word):
                    self._add_name_word(kind, word, tag)

    def _add_name_word(self, kind: Kind, word: str, tag: int) -> None:
        for piece in dict.fromkeys((word, *re.split(r"[-'.]", word))):
            if len(piece) > 1 and fold(piece) not in PLACEHOLDERS:
                self._put(kind, piece, tag, distinctive=is_distinctive(fold(piece)), part=True)

    def _add_date(self, text: str, tag: int) -> None:
        if tag in _VOCABULARY_DATES:
            return
        old = _OLD_DATE.match(text)
        digits = "".join(old.groups()) if old else text[:8]
        if is_date(digits):
            listed = self.rows.get(tag)
            kept = frozenset({FULL_DATES}) if listed is None else _kept(listed)
            self._put(Kind.DATE, digits, tag, distinctive=True, kept=kept)

    def _add_uid(self, text: str, tag: int) -> None:
        if tag in _STRUCTURAL_UIDS:
            self.class_uids.add(text)
        elif (
            UID.fullmatch(text)
            and len(text) >= _SHORTEST_UID
            and not text.startswith((_STANDARD_ROOT, "0."))
        ):
            kept = _kept(self.rows.get(tag)) & {RETAIN_UIDS, DEVICE_IDENTITY}
            self._put(Kind.UID, text, tag, distinctive=True, kept=kept or frozenset({RETAIN_UIDS}))

    def _add_private(self, text: str, value: OriginalValue) -> None:
        self._add_echo(text, value.tag)
        if value.tag & 0xFFFF > _LAST_CREATOR and value.vr in _TEXTS and not is_date(text):
            self._add_text(Kind.TEXT, text, value.tag, frozenset({SAFE_PRIVATE}))

    def _add_listed(self, text: str, value: OriginalValue, row: Row) -> None:
        if value.vr not in _TEXTS:
            return
        kept = _kept(row)
        self._add_echo(text, value.tag, kept)
        if row.options.get(CLEAN_DESCRIPTORS) == "C":
            self._add_text(Kind.TEXT, text, value.tag, kept | {CLEAN_DESCRIPTORS})
        elif PATIENT_CHARACTERISTICS in row.options:
            self._add_text(Kind.TEXT, text, value.tag, kept)
        elif DEVICE_IDENTITY in row.options:
            self._add_text(Kind.DEVICE, text, value.tag, kept)
        elif INSTITUTION_IDENTITY in row.options or _KEYWORD_PLACE.search(row.keyword):
            self._add_place(text, value.tag, kept)
        elif _KEYWORD_NUMBER.search(row.keyword):
            self._add_text(Kind.NUMBER, text, value.tag, kept)
        else:
            self._add_text(Kind.TEXT, text, value.tag, kept)

    def _add_place(self, text: str, tag: int, kept: frozenset[str]) -> None:
        self._add_text(Kind.INSTITUTION, text, tag, kept)
        for part in re.split(r"[,;\r\n]+", text):
            if len(split_words(part)) > 1 and part.strip() != text:
                self._add_text(Kind.INSTITUTION, part.strip(), tag, kept)
        for word in split_words(text):
            if is_distinctive_place(word):
                self._put(Kind.INSTITUTION, word, tag, distinctive=True, part=True, kept=kept)

    def _add_echo(self, text: str, tag: int, kept: frozenset[str] = frozenset()) -> None:
        for kind, found in read_echo(text):
            if kind in NAMES:
                self._add_person(found, tag, guessed=True)
            elif kind is Kind.UID:
                self._add_uid(found, tag)
            elif kind is Kind.DATE:
                self._put(kind, found, tag, distinctive=True, kept=kept | {FULL_DATES})
            elif found != text:
                self._add_text(kind, found, tag, kept)

    def _add_text(
        self,
        kind: Kind,
        text: str,
        tag: int,
        kept: frozenset[str] = frozenset(),
        *,
        distinctive: bool = True,
    ) -> None:
        words = split_words(text)
        if words and not all(word in PLACEHOLDERS for word in words):
            weighed = distinctive and is_distinctive_text(kind, text, words)
            self._put(kind, text, tag, distinctive=weighed, kept=kept)

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
        """Return what was found, weighed against what technical Attributes also say."""
        values = (value for value in self.found.values() if not self._is_class(value))
        weighed = (
            replace(value, distinctive=False) if self._is_technical(value) else value
            for value in values
        )
        return Identifiers(values=tuple(sorted(weighed, key=lambda v: (v.kind, v.value, v.part))))

    def _is_class(self, value: Identifier) -> bool:
        return value.kind is Kind.UID and value.value in self.class_uids

    def _is_technical(self, value: Identifier) -> bool:
        """Tell whether kept technical Attributes say the same."""
        folded = fold(value.value)
        if value.kind is Kind.TEXT:
            return folded in self.codes or any(folded in text for text in self.technical)
        if value.kind is Kind.DEVICE:
            return folded in self.technical or folded in self.products
        return value.kind is Kind.INSTITUTION and folded in self.products
