"""Dates move by the patient's days and nothing else about them changes."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casepack.deidentify.dates import cap_age, shift_value

WEEK = 7
dates = st.dates(min_value=dt.date(1, 1, 1))
shifts = st.integers(1, 520).map(lambda weeks: weeks * WEEK)


def form(date: dt.date) -> str:
    return f"{date.year:04d}{date.month:02d}{date.day:02d}"


def parse(text: str) -> dt.date:
    return dt.date(int(text[:4]), int(text[4:6]), int(text[6:8]))


@given(date=dates, days=shifts)
def test_a_date_moves_by_the_days_and_keeps_its_weekday(date: dt.date, days: int) -> None:
    shifted = shift_value("DA", form(date), days)
    if date.toordinal() - days < 1:
        assert shifted is None
        return
    assert shifted is not None
    assert len(shifted) == 8
    assert date - parse(shifted) == dt.timedelta(days=days)
    assert parse(shifted).weekday() == date.weekday()


@given(first=dates, second=dates, days=shifts)
def test_the_interval_between_two_dates_is_kept(first: dt.date, second: dt.date, days: int) -> None:
    shifted = shift_value("DA", f"{form(first)}\\{form(second)}", days)
    if shifted is None:
        assert min(first, second).toordinal() <= days
        return
    one, two = (parse(part) for part in shifted.split("\\"))
    assert two - one == second - first


@given(
    moment=st.datetimes(min_value=dt.datetime(1000, 1, 1)),  # noqa: DTZ001  # DICOM's are local
    places=st.integers(0, 6),
    precision=st.sampled_from([8, 10, 12, 14]),
    zone=st.sampled_from(["", "+0000", "-0500", "+1400", "-1200", "+0545"]),
    days=shifts,
)
def test_a_datetime_keeps_time_precision_and_zone(
    moment: dt.datetime, places: int, precision: int, zone: str, days: int
) -> None:
    text = f"{moment:%Y%m%d%H%M%S}"[:precision]
    if precision == 14 and places:
        text += f".{moment.microsecond:06d}"[: places + 1]
    shifted = shift_value("DT", text + zone, days)
    if moment.toordinal() - days < 1:
        assert shifted is None
        return
    assert shifted is not None
    assert shifted[8:] == text[8:] + zone
    assert moment.date() - parse(shifted) == dt.timedelta(days=days)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("20240108", "20240101"),
        ("2024.01.08", "20240101"),  # ACR-NEMA 2.0, PS3.5 6.2
        (" 20240108", "20240101"),
        ("20240301", "20240223"),
        ("20240108-20240115", "20240101-20240108"),
        ("20240108-", "20240101-"),
        ("-20240108", "-20240101"),
        ("20240108\\\\20240109", "20240101\\\\20240102"),
        ("", ""),
        ("00010108", "00010101"),
    ],
)
def test_dates_as_they_stand_in_files(value: str, expected: str) -> None:
    assert shift_value("DA", value, WEEK) == expected


INVALID_DATES = [
    *("2024", "202401", "20241301", "20240230", "00000000", "00010107", "2024-01-08", "240108"),
    *("UNKNOWN", "DOE^JANE", "2024010A", "20240108 DOE", "20240108\\DOE", "20240108-DOE"),
    *("20240108-20240109-20240110", "-", "--", "-" * 60_000, "20240108" * 9, "٢٠٢٤٠١٠٨"),
    *("2024\n01\n08", "20240108\n", "+2024108"),
]


@pytest.mark.parametrize("value", INVALID_DATES)
def test_an_invalid_date_gives_nothing_and_no_exception(value: str) -> None:
    if value != "20240108\n":  # white space around is padding
        assert shift_value("DA", value, WEEK) is None


@pytest.mark.parametrize(
    "value",
    [
        *("2024", "202401"),  # cannot be moved by weeks: less exact than the shift
        *("20240108-2024", "20240108-9999", "20240108+1500", "20240108-1260", "20240108-1300"),
        *("2024010825", "202401081260", "20240108126061", "20240108120000."),
        *("20240108120000.1234567", "20240108-20240109", "2024010812000", "DOE^JANE"),
        *("20240108120000 DOE", "2024.01.08", "20240230", "-", "20240108\\DOE"),
    ],
)
def test_an_invalid_datetime_gives_nothing(value: str) -> None:
    assert shift_value("DT", value, WEEK) is None


def test_a_leap_second_is_valid() -> None:
    assert shift_value("DT", "20161231235960", 0) == "20161231235960"


@given(text=st.text(max_size=40), vr=st.sampled_from(["DA", "DT"]), days=shifts)
def test_whatever_is_shifted_holds_no_letters(text: str, vr: str, days: int) -> None:
    shifted = shift_value(vr, text, days)
    assert shifted is None or set(shifted) <= set("0123456789.+-\\")


@given(value=st.from_regex(r"[0-9.\-+\\ ]{0,40}", fullmatch=True), days=shifts)
def test_shifting_by_nothing_gives_the_same_value_again(value: str, days: int) -> None:
    for vr in ("DA", "DT"):
        shifted = shift_value(vr, value, days)
        if shifted is not None:
            assert shift_value(vr, shifted, 0) == shifted


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        *(("060Y", "060Y"), ("089Y", "089Y"), ("090Y", "090Y"), ("091Y", "090Y"), ("104Y", "090Y")),
        *(("018M", "018M"), ("999M", "999M"), ("999W", "999W"), ("999D", "999D"), ("000D", "000D")),
        *(("", ""), (" 060Y ", "060Y"), ("060y", None), ("60Y", None), ("0060Y", None)),
        *(("060Y\\095Y", None), ("95 years", None), ("095", None), ("DOE^", None), ("-95Y", None)),
    ],
)
def test_ages_over_89_years_become_090y_and_invalid_ones_nothing(
    age: str, expected: str | None
) -> None:
    assert cap_age(age) == expected
