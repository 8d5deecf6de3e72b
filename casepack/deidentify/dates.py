"""Dates and times: shifted by days, with whatever precision they have (PS3.5 6.2, DA DT AS)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

_DATE: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_OLD_DATE: Final = re.compile(r"(\d{4})\.(\d{2})\.(\d{2})")
_DATETIME: Final = re.compile(
    r"(\d{4})(\d{2})(\d{2})((?:\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?)([+-]\d{4})?"
)
_AGE: Final = re.compile(r"(\d{3})([DWMY])")
_AGE_CAP: Final = 90
_PER_YEAR: Final = {"D": 365, "W": 52, "M": 12, "Y": 1}


def shift_value(vr: str, value: str, days: int) -> str | None:
    """Return each value of a DA or DT moved `days` into the past; None if one is not valid.

    A DT of year or month precision cannot be moved by weeks and counts as not valid, like a date
    outside the calendar; the Attribute is then treated as if its Option were not declared.
    """
    shift = _shift_date if vr == "DA" else _shift_datetime
    shifted = [shift(part.strip(), days) for part in value.split("\\")]
    return None if None in shifted else "\\".join(part for part in shifted if part is not None)


def _shift_date(text: str, days: int) -> str | None:
    if not text:
        return text
    first, dash, last = text.partition("-")
    if dash:
        ends = [_shift_date(first.strip(), days), _shift_date(last.strip(), days)]
        return None if None in ends else "-".join(end for end in ends if end is not None)
    match = _DATE.fullmatch(text) or _OLD_DATE.fullmatch(text)
    return _move(match, days) if match else None


def _shift_datetime(text: str, days: int) -> str | None:
    if not text:
        return text
    match = _DATETIME.fullmatch(text)
    if match is None:
        return None
    moved = _move(match, days)
    return None if moved is None else moved + match[4] + (match[5] or "")


def _move(match: re.Match[str], days: int) -> str | None:
    try:
        date = dt.date(int(match[1]), int(match[2]), int(match[3]))
        return f"{date - dt.timedelta(days=days):%Y%m%d}".rjust(8, "0")
    except (ValueError, OverflowError):
        return None


def cap_age(value: str) -> str | None:
    """Return an Age String with ages over 89 years as 090Y; None if it is not valid.

    Not a rule of DICOM: 45 CFR 164.514(b)(2)(i)(C).
    """
    text = value.strip()
    if not text:
        return text
    match = _AGE.fullmatch(text)
    if match is None:
        return None
    old = int(match[1]) >= _AGE_CAP * _PER_YEAR[match[2]]
    return f"{_AGE_CAP:03d}Y" if old else text
