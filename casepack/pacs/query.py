"""What a PACS is asked for: exact values only, and only answers that hold them are believed.

An empty value or a wildcard would match everybody (PS3.4 C.2.2.2), and a server may leave out a key
that it does not know; so neither is sent, and each answer is held against the query.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from casepack.errors import UsageError

Answer = Mapping[str, str]
"""Attributes by keyword, as a PACS gave them; empty where it gave none."""

_UID: Final = re.compile(r"[0-9]+(\.[0-9]+)+")
_LONGEST_UID: Final = 64
_LONGEST: Final = {"accession_number": 16, "patient_id": 64}
"""Of SH and LO (PS3.5 6.2)."""
_DATE: Final = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)")
_RANGE: Final = re.compile(r"(\d{8})-(\d{8})|(\S+)/(\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Studies to be found. Every value that is given must match.

    Raises
    ------
    UsageError
        A value could match more than itself, or nothing says whose studies are meant.
    """

    study_instance_uids: tuple[str, ...] = field(repr=False, default=())
    accession_numbers: tuple[str, ...] = field(repr=False, default=())
    patient_id: str = field(repr=False, default="")
    study_date: str = field(repr=False, default="")
    """``20240108``, or a range ``20240101-20240331``."""

    def __post_init__(self) -> None:
        if not (self.study_instance_uids or self.accession_numbers or self.patient_id):
            raise UsageError(
                "the query does not say whose studies are meant",
                advice="Give a Study Instance UID, an Accession Number or a Patient ID.",
            )
        for uid in self.study_instance_uids:
            if not is_uid(uid):
                raise UsageError("study_instance_uid: this is no UID", advice="Copy it whole.")
        for number in self.accession_numbers:
            _check_text("accession_number", number)
        if self.patient_id:
            _check_text("patient_id", self.patient_id)

    def matches(self) -> Iterator[dict[str, str]]:
        """Yield the keys to ask with, one set for each study or accession."""
        same = {"PatientID": self.patient_id, "StudyDate": self.study_date}
        for uid in self.study_instance_uids or ("",):
            for number in self.accession_numbers or ("",):
                keys = {"StudyInstanceUID": uid, "AccessionNumber": number, **same}
                yield {keyword: value for keyword, value in keys.items() if value}


def is_uid(text: str) -> bool:
    """Tell whether a text is a UID (PS3.5 9.1); zeros in front of a number are put up with."""
    return len(text) <= _LONGEST_UID and _UID.fullmatch(text) is not None


def _check_text(name: str, value: str) -> None:
    if len(value) > _LONGEST[name] or not value.isprintable() or not value.strip():
        raise UsageError(f"{name}: this is no such value", advice="Copy it whole.")
    if set(value) & set("*?\\"):
        raise UsageError(
            f"{name}: wildcards and lists would match others", advice="Give the exact value."
        )


def parse_dates(text: str) -> str:
    """Return a date or a range of dates as DICOM writes it (PS3.4 C.2.2.2.5).

    Raises
    ------
    UsageError
        It is neither ``2024-01-08`` nor ``2024-01-01/2024-03-31``, with or without hyphens.
    """
    text = text.strip()
    if found := _DATE.fullmatch(text):
        return "".join(found.groups())
    if found := _RANGE.fullmatch(text):
        ends = [_DATE.fullmatch(part) for part in found.groups() if part]
        first, last = ("".join(end.groups()) if end else "" for end in ends)
        if first and last and first <= last:
            return f"{first}-{last}"
    raise UsageError(
        "study_date: this is no date and no range of dates",
        advice="Write 2024-01-08, or 2024-01-01/2024-03-31.",
    )


def is_answered(keys: Mapping[str, str], answer: Answer) -> bool:
    """Tell whether an answer holds what was asked for."""
    for keyword, value in keys.items():
        given = answer.get(keyword, "").strip()
        first, _, last = value.partition("-")
        if keyword == "StudyDate" and last:
            if not first <= given <= last:
                return False
        elif given != value.strip():
            return False
    return True
