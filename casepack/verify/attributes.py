"""What each file may hold under the Profile and the Options that it claims (PS3.15 Annex E).

Table E.1-1 is read here anew, row by row, at every nesting level; what it says in prose (file
meta, preamble, groups 0004 and 60xx, markers) is checked beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from casepack.model import Finding
from casepack.verify.contents.elements import Element, PartTen, Path, plain_text
from casepack.verify.findings.findings import make_finding
from casepack.verify.holdings import Holding
from casepack.verify.identifiers.vocabulary import PLACEHOLDERS, split_words
from casepack.verify.profile import (
    BASIC_PROFILE,
    CID_7050,
    CLEAN_GRAPHICS,
    CLEAN_PIXEL_DATA,
    CLEAN_VISUAL_FEATURES,
    FULL_DATES,
    MODIFIED_DATES,
    SAFE_PRIVATE,
    Row,
    is_overlay_or_curve,
    read_rows,
    read_safe_private,
)

_META: Final = frozenset(
    {0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012, 0x00020013}
)
"""File Meta elements that a rebuilt header needs."""
_GSPS_DATES: Final = frozenset({0x00700082, 0x00700083})
"""X in Table E.1-1, but Type 1 in presentation states: a dummy is all that can be done."""
_TYPE_1: Final = frozenset(
    # Timezone Offset, Series Description, Unique Device Identifier, Radiopharmaceutical Start
    # DateTime, Pixel Data Provider URL, HL7 Instance Identifier, Retrieve URI, Template Name
    {0x00080201, 0x0008103E, 0x00181009, 0x00181078, 0x00287FE0, 0x0040E001, 0x0040E010}
    | {0x30020121}
)
"""X in Table E.1-1, but Type 1 where some IODs have them."""
_NOTHING: Final = frozenset({"REMOVED", "about:blank", "+0000", "19000101000000"})
_PRESENTATION_STATES: Final = "1.2.840.10008.5.1.4.1.1.11."
_DATES: Final = frozenset({"DA", "DT"})
_DATE_OPTIONS: Final = frozenset({FULL_DATES, MODIFIED_DATES})
_DUMMY_DATES: Final = frozenset(
    ["00010101", "18000101", "19000101", "19700101", "19991111", "20000101"]
)
_MARKERS: Final = {
    FULL_DATES: "UNMODIFIED",
    MODIFIED_DATES: "MODIFIED",
}
_DECLARED: Final = frozenset({"REMOVED", "UNMODIFIED", "MODIFIED"})
_STUDY_DATE: Final = 0x00080020
_BIRTH_DATE: Final = 0x00100030
_AGE: Final = 0x00101010
_OLDEST_YEARS: Final = 90
_VISUAL_FEATURES: Final = 0x00280302
_ENCRYPTED: Final = 0x04000500
_GROUP_DIRECTORY: Final = 0x0004
_PRIVATE_CREATOR_END: Final = 0xFF
_CREATOR_START: Final = 0x10
_DRAWN, _BIT_POSITION = 0x3000, 0x0102
"""Elements of the repeating groups 50xx and 60xx."""
_MOST: Final = 1000
"""Findings in one file: more would say no more."""


def check_attributes(
    holding: Holding, claimed_by_files: frozenset[str] = frozenset()
) -> Iterator[Finding]:
    """Check one DICOM file; yields what may not stand in it.

    Parameters
    ----------
    holding
        The file.
    claimed_by_files
        Options that the files claim which a DICOMDIR lists; it has no claims of its own.
    """
    claimed = claimed_by_files if holding.is_directory else holding.claims.options
    for code, place in islice(_check(holding, claimed), _MOST):
        yield make_finding(code, file=holding.name, place=place)


def _check(holding: Holding, claimed: frozenset[str]) -> Iterator[tuple[str, str]]:
    part_ten = holding.part_ten
    if part_ten.preamble.strip(b"\x00"):
        yield "preamble-not-zero", "preamble"
    yield from _check_meta(holding)
    if not holding.is_directory:
        yield from _check_markers(holding)
    seen: set[tuple[Path, int]] = set()
    for element in part_ten.elements:
        if (element.path, element.tag) in seen:
            yield "element-repeated", element.place
        seen.add((element.path, element.tag))
    # the record of a presentation state repeats its two dates, Type 1 (PS3.3 F.5)
    gsps = holding.is_directory or holding.sop_class_uid.startswith(_PRESENTATION_STATES)
    standing: dict[int, Row] = {}
    for element in part_ten.elements:
        if holding.is_directory and element.tag >> 16 == _GROUP_DIRECTORY:
            continue
        for code, place in _check_element(part_ten, element, claimed, gsps=gsps):
            yield code, place
            if code == "attribute-not-removed":
                standing[element.tag] = read_rows()[element.tag]
    private = list(_check_private(part_ten, claimed))
    yield from private
    if BASIC_PROFILE in holding.claims.codes and not private:
        yield from _find_unclaimed(list(standing.values()))


def _find_unclaimed(left: list[Row]) -> Iterator[tuple[str, str]]:
    """Yield the Options that, were they claimed, would let all stand that may not stand now."""
    needed: list[str] = []
    while left:
        codes = sorted({code for row in left for code in row.options})
        # the Option that explains most; of equal ones the first
        best = max(codes, key=lambda code: sum(code in row.options for row in left), default="")
        rest = [row for row in left if best not in row.options]
        if len(rest) == len(left):
            return
        needed.append(best)
        left = rest
    yield from (("option-not-claimed", f"(0012,0064) {code}") for code in sorted(needed))


def _check_meta(holding: Holding) -> Iterator[tuple[str, str]]:
    for element in holding.part_ten.meta:
        if element.tag not in _META:
            yield "meta-element", element.place
    if holding.is_directory:
        return
    for meta_tag, tag in ((0x00020002, 0x00080016), (0x00020003, 0x00080018)):
        if holding.text(meta_tag) != holding.text(tag):
            yield "meta-mismatch", f"({meta_tag >> 16:04X},{meta_tag & 0xFFFF:04X})"


def _check_markers(holding: Holding) -> Iterator[tuple[str, str]]:
    claims = holding.claims
    if not claims.identity_removed:
        yield "not-marked", "(0012,0062)"
    if BASIC_PROFILE not in claims.codes:
        yield "method-missing", "(0012,0064)"
    if claims.codes - CID_7050:
        yield "method-unknown", "(0012,0064)"
    if claims.options >= _DATE_OPTIONS:
        yield "method-contradiction", "(0012,0064)"
    elif claims.dates not in _DECLARED:
        yield "dates-not-declared", "(0028,0303)"
    elif claims.dates != _expected_dates(claims.options):
        yield "dates-contradiction", "(0028,0303)"
    if CLEAN_VISUAL_FEATURES in claims.options and holding.text(_VISUAL_FEATURES) != "NO":
        yield "visual-claim-not-met", "(0028,0302)"
    yield from _check_burned_in(holding)


def _check_burned_in(holding: Holding) -> Iterator[tuple[str, str]]:
    burned_in = holding.text(0x00280301)
    if burned_in == "YES":
        yield "burned-in", "(0028,0301)"
    elif holding.is_image and CLEAN_PIXEL_DATA in holding.claims.options and burned_in != "NO":
        yield "pixel-claim-not-met", "(0028,0301)"


def _expected_dates(options: frozenset[str]) -> str:
    return next((value for option, value in _MARKERS.items() if option in options), "REMOVED")


def _check_element(
    part_ten: PartTen, element: Element, claimed: frozenset[str], *, gsps: bool
) -> Iterator[tuple[str, str]]:
    tag = element.tag
    group = tag >> 16
    if tag & 0xFFFF == 0 and not element.private:
        yield ("command-group" if group == 0 else "group-length"), element.place
    elif group == 0:
        yield "command-group", element.place
    elif group == _GROUP_DIRECTORY:
        yield "group-0004", element.place
    elif tag == _VISUAL_FEATURES and CLEAN_VISUAL_FEATURES in claimed:
        # the claim itself: that it says NO is checked with the other marks
        return
    elif tag == _ENCRYPTED:
        yield "encrypted-attributes", element.place
    elif is_overlay_or_curve(tag):
        if CLEAN_GRAPHICS not in claimed:
            yield "overlay-or-curve", element.place
        elif _is_drawn(element):
            yield "overlay-not-shown", element.place
    else:
        row = read_rows().get(tag)
        dummy = tag in _TYPE_1 and plain_text(element.value) in _NOTHING
        dummy |= gsps and tag in _GSPS_DATES and _is_dummy_moment(part_ten, element)
        if row is not None and _holds_value(element) and not dummy:
            yield from _check_row(element, row, claimed)
        yield from _check_value(part_ten, element, row, claimed)


def _is_drawn(element: Element) -> bool:
    """Tell the data of a curve or an overlay, or that they are in other bits of Pixel Data."""
    number = element.tag & 0xFFFF
    return number == _DRAWN or (number == _BIT_POSITION and bool(element.value.strip(b"\0")))


def _holds_value(element: Element) -> bool:
    if element.vr == "SQ":
        return element.length > (8 if element.undefined else 0)
    return element.length > len(element.value) or bool(element.value.strip(b" \x00"))


def _check_row(element: Element, row: Row, claimed: frozenset[str]) -> Iterator[tuple[str, str]]:
    if not row.allows(claimed):
        yield ("attribute-not-removed" if row.listed else "attribute-not-listed"), element.place


def _check_value(
    part_ten: PartTen, element: Element, row: Row | None, claimed: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Look at values that the Profile lets stand as dummies."""
    if not element.value:
        return
    if element.vr == "PN":
        if any(_is_name_like(text) for text in part_ten.texts(element)):
            yield "name-not-dummy", element.place
    elif element.tag == _BIRTH_DATE:
        if plain_text(element.value) not in _DUMMY_DATES | {""}:
            yield "birth-date-kept", element.place
    elif element.vr in _DATES and row is not None and row.listed:
        if row.codes != {"X"} and not claimed & _DATE_OPTIONS and _is_real_date(element):
            yield "date-without-option", element.place
    elif element.tag == _AGE:
        yield from _check_age(element)


def _is_dummy_moment(part_ten: PartTen, element: Element) -> bool:
    """Tell a date or time of nothing, or the Study Date, which is checked where it stands."""
    text = plain_text(element.value)
    if element.vr == "TM":
        return not text.strip("0.")
    return text in _DUMMY_DATES | _study_dates(part_ten)


def _study_dates(part_ten: PartTen) -> frozenset[str]:
    return frozenset(
        plain_text(element.value) for element in part_ten.elements if element.tag == _STUDY_DATE
    )


def _is_real_date(element: Element) -> bool:
    digits = plain_text(element.value)[:8]
    return digits.isdecimal() and digits not in _DUMMY_DATES


def _check_age(element: Element) -> Iterator[tuple[str, str]]:
    match = re.fullmatch(r"(\d{3})Y", plain_text(element.value))
    if match and int(match[1]) > _OLDEST_YEARS:
        yield "age-over-89", element.place


def _is_name_like(text: str) -> bool:
    """Tell a name from a dummy such as ``Case^0001``, ``ANONYMOUS`` or ``XXXX``."""
    words = split_words(text)
    if not words or any(char.isdigit() for char in text):
        return False
    return not any(word in PLACEHOLDERS or len(set(word)) == 1 for word in words)


def _check_private(part_ten: PartTen, claimed: frozenset[str]) -> Iterator[tuple[str, str]]:
    creators = {
        (element.path, element.tag): plain_text(element.value)
        for element in part_ten.elements
        if element.private and _CREATOR_START <= element.tag & 0xFFFF <= _PRIVATE_CREATOR_END
    }
    for element in part_ten.elements:
        if not element.private:
            continue
        number = element.tag & 0xFFFF
        if SAFE_PRIVATE not in claimed:
            yield "private-element", element.place
        elif number > _PRIVATE_CREATOR_END:
            block = number >> 8
            creator = creators.get((element.path, element.tag & 0xFFFF0000 | block), "")
            known = (creator, element.tag >> 16, number & 0xFF)
            if not creator:
                yield "private-unclaimed", element.place
            elif known not in read_safe_private():
                yield "private-not-safe", element.place
