"""What de-identification must leave as it was: structure, correspondence of UIDs, intervals.

Images are compared in pairs, an original and what was made of it (see `pairing`).

Dates under Retain Longitudinal Temporal Information With Modified Dates: all dates of a patient are
shifted by the same number of days. So an original date that is found in a result is a leak, unless
the shift maps another of the originals' dates on it (`explained_dates`); such dates are compared
place by place instead: no date of an image may be the one that its original has there.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

from casepack.model import Finding
from casepack.standard.dictionary import format_tag
from casepack.verify.contents.elements import Element, plain_text
from casepack.verify.findings.findings import make_finding
from casepack.verify.holdings import Holding
from casepack.verify.identifiers.identifiers import Identifiers, Kind
from casepack.verify.images.pairing import Pairing, read_date
from casepack.verify.profile import (
    DEVICE_IDENTITY,
    FULL_DATES,
    MODIFIED_DATES,
    RETAIN_UIDS,
    read_rows,
)
from casepack.verify.references import read_references

_STUDY, _SERIES, _INSTANCE, _FRAME = 0x0020000D, 0x0020000E, 0x00080018, 0x00200052
_MEANING: Final = {
    0x00200032: "Image Position (Patient)",
    0x00200037: "Image Orientation (Patient)",
    0x00280030: "Pixel Spacing",
    0x00180088: "Spacing Between Slices",
    0x00181164: "Imager Pixel Spacing",
    0x00185100: "Patient Position",
    0x00200020: "Patient Orientation",
    0x00200060: "Laterality",
    0x00200062: "Image Laterality",
    0x00080060: "Modality",
    0x00281052: "Rescale Intercept",
    0x00281053: "Rescale Slope",
}.keys()
_ENCODING: Final = {0x00280004: "Photometric Interpretation"}.keys()
"""May be another where pixels were covered, and had to be decoded for it."""
_VOCABULARY_DATES: Final = frozenset({0x00080106, 0x00080107, 0x0040DB06, 0x0040DB07, 0x00440002})
"""Versions of code lists are the same before and after."""


def check_structure(pairing: Pairing) -> Iterator[Finding]:
    """Check that UIDs correspond one to one, at the levels of Study, Series, Frame and Instance."""
    for tag in (_STUDY, _SERIES, _FRAME, _INSTANCE):
        forward: dict[str, str] = {}
        backward: dict[str, str] = {}
        code = "study-structure" if tag in {_STUDY, _SERIES} else "uid-not-one-to-one"
        for pair in pairing.pairs:
            old, new = pair.original.text(tag), pair.result.text(tag)
            if not old or not new:
                continue
            if forward.setdefault(old, new) != new or backward.setdefault(new, old) != old:
                yield make_finding(code, file=pair.result.name, place=format_tag(tag))


def check_intervals(pairing: Pairing) -> Iterator[Finding]:
    """Check that all studies were shifted by the same time."""
    if len(pairing.shifts) > 1:
        most = Counter(pair.shift for pair in pairing.pairs if pair.shift is not None).most_common(
            1
        )[0][0]
        for pair in pairing.pairs:
            if pair.shift not in {most, None}:
                yield make_finding("interval-changed", file=pair.result.name, place="(0008,0020)")


def explained_dates(pairing: Pairing, identifiers: Identifiers) -> frozenset[str]:
    """Return the original dates on which the shift maps another original date."""
    dates = {value.value for value in identifiers.values if value.kind is Kind.DATE}
    found = set()
    for days in pairing.shifts - {0}:
        for text in dates:
            shifted = _shift_date(text, days)
            if shifted is not None:
                found.add(f"{shifted:%Y%m%d}")
    return frozenset(found & dates)


def _shift_date(text: str, days: int) -> dt.date | None:
    date = read_date(text)
    try:
        return None if date is None else date + dt.timedelta(days=days)
    except OverflowError:
        return None


def check_dates(pairing: Pairing) -> Iterator[Finding]:
    """Check place by place that no date is the original's own."""
    for pair in pairing.pairs:
        claimed = pair.result.claims.options
        if FULL_DATES in claimed:
            continue
        before = {(e.path, e.tag): _day(e) for e in pair.original.part_ten.elements if _is_date(e)}
        for element in pair.result.part_ten.elements:
            if not _is_date(element) or _may_stay(element, claimed):
                continue
            day = _day(element)
            if day and before.get((element.path, element.tag)) == day:
                yield make_finding("date-unchanged", file=pair.result.name, place=element.place)


def _is_date(element: Element) -> bool:
    return element.vr in {"DA", "DT"} and element.tag not in _VOCABULARY_DATES


def _may_stay(element: Element, claimed: frozenset[str]) -> bool:
    row = read_rows().get(element.tag)
    return row is not None and DEVICE_IDENTITY in row.options and DEVICE_IDENTITY in claimed


def _day(element: Element) -> str:
    text = plain_text(element.value)[:8]
    return text if read_date(text) is not None else ""


def check_kept_references(pairing: Pairing) -> Iterator[Finding]:
    """Check that what an original refers to, its image refers to as well, under the new UID.

    A Sequence of references that was removed whole is no finding: the Profile may ask for it.
    """
    for pair in pairing.pairs:
        if RETAIN_UIDS in pair.result.claims.options:
            continue
        after = _targets(pair.result)
        for chain, targets in _targets(pair.original).items():
            if chain not in after:
                continue
            expected = {pairing.new_uids[uid] for uid in targets if uid in pairing.new_uids}
            if expected - after[chain]:
                place = ".".join(format_tag(tag) for tag in chain)
                yield make_finding("reference-broken", file=pair.result.name, place=place)


def _targets(holding: Holding) -> dict[tuple[int, ...], set[str]]:
    """Return the UIDs referred to, by the chain of Sequences that they stand in."""
    found: defaultdict[tuple[int, ...], set[str]] = defaultdict(set)
    for reference in read_references(holding.part_ten.elements):
        chain = tuple(tag for tag, _ in reference.path)
        found[chain].add(reference.sop_instance_uid)
    return dict(found)


def check_claims(pairing: Pairing) -> Iterator[Finding]:
    """Check that an Option that retains what was changed is not claimed."""
    for pair in pairing.pairs:
        if pair.result.sop_instance_uid in pairing.redacted:
            # another picture is another instance
            continue
        claimed = pair.result.claims.options
        is_new = pair.result.sop_instance_uid != pair.original.sop_instance_uid
        # that both kinds of dates are claimed is a finding of its own
        shifted = bool(pair.shift) and MODIFIED_DATES not in claimed
        for option, is_wrong in ((RETAIN_UIDS, is_new), (FULL_DATES, shifted)):
            if option in claimed and is_wrong:
                place = f"(0012,0064) {option}"
                yield make_finding("claim-not-met", file=pair.result.name, place=place)


def check_meaning(pairing: Pairing) -> Iterator[Finding]:
    """Check that each picture is still where, as large, on the side and as bright as it was.

    Pixels that are the original's say something else with another Rescale Slope or position. No
    Option and no row of Table E.1-1 asks for a change of these Attributes.
    """
    for pair in pairing.pairs:
        covered = pair.result.sop_instance_uid in pairing.redacted
        for tag in _MEANING if covered else _MEANING | _ENCODING:
            old, new = (_numbers_of(one.text(tag)) for one in (pair.original, pair.result))
            if old != new:
                place = format_tag(tag)
                yield make_finding("meaning-changed", file=pair.result.name, place=place)


def _numbers_of(text: str) -> tuple[float | str, ...]:
    """Return the values as numbers, if they are, however they are written."""
    return tuple(map(_number_of, text.split("\\"))) if text else ()


def _number_of(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text.strip()


def check_missing(pairing: Pairing, held: int) -> Iterator[Finding]:
    """Check that no more originals are missing than the run says that it left out."""
    if pairing.missing > held:
        total = sum(map(len, pairing.originals.values()))
        yield make_finding("instance-missing", place=f"{pairing.missing} of {total}")
