"""Search for the identifying values of the originals in everything below a folder.

Every byte of every file is searched, and every file and folder name: see `contents` for what is
unpacked, `forms` for the spellings and encodings, `matcher` for the one pass. Values that are not
distinctive are compared only where such values stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from casepack.model import Finding, Progress, no_progress
from casepack.verify.contents.contents import split_parts
from casepack.verify.contents.elements import PREFIX_AT, Buffer, Element, PartTen, forget_pages
from casepack.verify.contents.parts import Part, TooLarge
from casepack.verify.findings.findings import make_finding
from casepack.verify.holdings import (
    Holdings,
    open_buffer,
    read_holdings,
    relative_name,
)
from casepack.verify.identifiers.identifiers import NAMES, Identifier, Identifiers, Kind
from casepack.verify.identifiers.matcher import Hit
from casepack.verify.identifiers.names import Name, search_paths
from casepack.verify.identifiers.values import Search, compile_search
from casepack.verify.identifiers.vocabulary import fold, split_words
from casepack.verify.profile import read_rows

_MOST_LINES: Final = 1000
"""Findings in one text: more would say no more."""
_STRETCH: Final = 1 << 16


class Revealed(NamedTuple):
    """What a finding hides: for the eyes of who may see the originals."""

    code: str
    file: str
    place: str
    value: str


Reveal = Callable[[Revealed], object]


def keep_secret(_: Revealed) -> None:
    """Reveal nothing."""


def search_identifiers(
    root: Path, identifiers: Identifiers, *, progress: Progress = no_progress
) -> list[Finding]:
    """Search every byte of every file below `root`, and every name.

    Returns
    -------
    list[Finding]
        One for each kind of value, file and place. A name that holds a value is not repeated: the
        finding says which component it is.
    """
    return search_holdings(read_holdings(root), lambda _: identifiers, progress=progress)


def search_holdings(
    holdings: Holdings,
    identifiers_under: Callable[[frozenset[str]], Identifiers],
    *,
    declared: frozenset[str] = frozenset(),
    reveal: Reveal = keep_secret,
    progress: Progress = no_progress,
) -> list[Finding]:
    """Search every byte of every file that was read, and every name.

    Parameters
    ----------
    holdings
        The files.
    identifiers_under
        From the Options that a file claims to the values that may not stand in it. Files that are
        not DICOM may hold what any DICOM file may.
    declared
        Folded words that the case itself says of its authors and in its references. The radiologist
        who read the study may well be its author: outside of DICOM files such words are no leak.
    reveal
        Is told of each value that was found: for a terminal, never for a file.
    """
    files: list[tuple[Path, PartTen | None, frozenset[str]]] = [
        *((one.path, one.part_ten, one.claims.options) for one in holdings.dicom),
        *((one.path, one.part_ten, holdings.claimed) for one in holdings.directories),
        *((path, None, holdings.claimed) for path in holdings.others),
    ]
    searches: dict[frozenset[str], Search] = {}
    names: dict[Path, Name] = {}
    for claimed in dict.fromkeys(claimed for _, _, claimed in files):
        search = compile_search(identifiers_under(claimed), claimed, declared)
        paths = [path for path, _, theirs in files if theirs == claimed]
        names |= search_paths(paths, holdings.root, search)
        searches[claimed] = search
    if holdings.nameless:
        claimed = holdings.claimed
        search = compile_search(identifiers_under(claimed), claimed, declared)
        names |= search_paths(holdings.nameless, holdings.root, search)
    findings: list[Finding] = []
    for path in holdings.nameless:
        for code, place, value in names[path].found:
            findings.append(make_finding(code, file=names[path].shown, place=place))
            reveal(Revealed(code, relative_name(path, holdings.root), place, value))
    for number, (path, part_ten, claimed) in enumerate(files, 1):
        progress("search", number, len(files))
        for finding, value in _search_file(path, names[path], part_ten, searches[claimed]):
            findings.append(finding)
            if value:
                shown = relative_name(path, holdings.root)
                reveal(Revealed(finding.code, shown, finding.place, value))
    return findings


def _search_file(
    path: Path, name: Name, part_ten: PartTen | None, search: Search
) -> list[tuple[Finding, str]]:
    """Return the findings, each with the first value that makes it; empty if none does."""
    places = {(code, place): value for code, place, value in name.found}
    too_large = False
    try:
        with open_buffer(path, whole=True) as data:
            try:
                for code, place, value in _search_parts(data, part_ten, search):
                    places.setdefault((code, place), value)
                    if part_ten is None and len(places) >= _MOST_LINES:
                        break
            except TooLarge:
                too_large = True
    except OSError:
        return [(make_finding("file-unreadable", file=name.shown), "")]
    if part_ten is not None:
        for code, place, value in _search_in_place(part_ten, search):
            places.setdefault((code, place), value)
    findings = [
        (make_finding(code, file=name.shown, place=place), value)
        for (code, place), value in places.items()
    ]
    return findings + ([(make_finding("file-too-large", file=name.shown), "")] if too_large else [])


def _search_parts(
    data: Buffer, part_ten: PartTen | None, search: Search
) -> Iterator[tuple[str, str, str]]:
    for part in split_parts(data, part_ten):
        lines = _Lines(part.data)
        matcher = search.in_samples if part.samples else search.everywhere
        for hit in matcher.search(part.data, part.start, part.stop, part.bounds_at):
            value = search.values[hit.pattern.value]
            code = _code_in_text(value, search) if part_ten is None else f"identifier-{value.kind}"
            element = part.element_at(hit.offset)
            if not code or (element is not None and _is_retained(element, value, search)):
                continue
            if not part.place and part_ten is None:
                yield code, f"line {lines.number_at(hit.offset)}", value.value
            else:
                yield code, _place(part, hit), value.value


def _is_retained(element: Element, value: Identifier, search: Search) -> bool:
    """Tell whether a claimed Option lets the Attribute keep what it says; names it must lose."""
    if value.kind in NAMES:
        return False
    row = read_rows().get(element.tag)
    return row is not None and any(row.options.get(code) == "K" for code in search.claimed)


class _Lines:
    """Numbers of lines from 1, counted as far as somebody asks."""

    def __init__(self, data: Buffer) -> None:
        self._data = data
        self._before = [0]
        """Line ends before each stretch."""

    def number_at(self, offset: int) -> int:
        """Return the number of the line that an offset is in."""
        stretch = offset // _STRETCH
        while len(self._before) <= stretch:
            start = (len(self._before) - 1) * _STRETCH
            ends = self._data[start : start + _STRETCH].count(b"\n")
            forget_pages(self._data, start, start + _STRETCH)
            self._before.append(self._before[-1] + ends)
        return self._before[stretch] + self._data[stretch * _STRETCH : offset].count(b"\n") + 1


def _code_in_text(value: Identifier, search: Search) -> str:
    """Return the finding for a value in a page or another text that people wrote.

    There, one word that is also a physician's surname, or an institution's town, may mean another;
    a whole name is no chance. Of the patient, each word counts, unless the case declares it.
    """
    declared = search.declared.issuperset(split_words(value.value))
    if value.kind is Kind.PATIENT_NAME:
        return "name-in-text" if declared and value.part else "identifier-patient-name"
    if value.kind in {Kind.PERSON_NAME, Kind.INSTITUTION}:
        if declared:
            return ""
        if value.part:
            return "name-in-text" if value.kind in NAMES else "institution-in-text"
    return f"identifier-{value.kind}"


def _place(part: Part, hit: Hit) -> str:
    if part.place:
        return part.place
    element = part.element_at(hit.offset)
    if element is not None:
        return element.place
    inflated = part.part_ten is None or part.data is part.part_ten.inflated
    return "preamble" if hit.offset < PREFIX_AT and not inflated else f"offset {hit.offset}"


def _search_in_place(part_ten: PartTen, search: Search) -> Iterator[tuple[str, str, str]]:
    """Compare values that are not distinctive with the Attributes that hold such values."""
    if not search.in_place:
        return
    for element in part_ten.with_text:
        encodings = part_ten.encodings_of(element.path)
        key = (element.tag, element.vr, element.value, encodings)
        codes = search.known.get(key)
        if codes is None:
            codes = tuple(_codes_in_place(part_ten, element, search))
            search.remember(key, codes)
        for code, value in codes:
            yield code, element.place, value


def _codes_in_place(
    part_ten: PartTen, element: Element, search: Search
) -> Iterator[tuple[str, str]]:
    for text in part_ten.texts(element):
        words = split_words(text) if element.vr == "PN" else ()
        for key in dict.fromkeys((fold(text), *words)):
            for value in search.in_place.get(key, ()):
                if _stands_in_place(value, element.tag, element.vr, private=element.private):
                    yield f"identifier-{value.kind}", value.value


def _stands_in_place(value: Identifier, tag: int, vr: str, *, private: bool) -> bool:
    if value.kind in NAMES:
        return vr == "PN" or tag in value.tags
    return private or tag in value.tags
