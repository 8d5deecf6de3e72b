"""Dates and times: shifted by days, with whatever precision they have (PS3.5 6.2, DA DT AS)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

_DATE: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_OLD_DATE: Final = re.compile(r"([0-9]{4})\.([0-9]{2})\.([0-9]{2})")
_HOUR: Final = "(?:[01][0-9]|2[0-3])"
_MINUTE: Final = "[0-5][0-9]"
_SECOND: Final = r"(?:[0-5][0-9]|60)(?:\.[0-9]{1,6})?"
_ZONE: Final = rf"\+(?:0[0-9]|1[0-3]){_MINUTE}|\+1400|-(?:0[0-9]|1[01]){_MINUTE}|-1200"
_DATETIME: Final = re.compile(
    rf"([0-9]{{4}})([0-9]{{2}})([0-9]{{2}})((?:{_HOUR}(?:{_MINUTE}(?:{_SECOND})?)?)?(?:{_ZONE})?)"
)
_AGE: Final = re.compile(r"([0-9]{3})([DWMY])")
_AGE_CAP: Final = 90
_ENDS: Final = 2
"""A range has two ends."""
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
    ends = text.split("-")
    if len(ends) > _ENDS or (len(ends) == _ENDS and not any(ends)):
        return None
    shifted = [_shift_day(end.strip(), days) for end in ends]
    return None if None in shifted else "-".join(end for end in shifted if end is not None)


def _shift_day(text: str, days: int) -> str | None:
    if not text:
        return text
    match = _DATE.fullmatch(text) or _OLD_DATE.fullmatch(text)
    return _move(match, days) if match else None


def _shift_datetime(text: str, days: int) -> str | None:
    if not text:
        return text
    match = _DATETIME.fullmatch(text)
    if match is None:
        return None
    moved = _move(match, days)
    return None if moved is None else moved + match[4]


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
