"""Quick tests before large patterns let through whatever the large ones would find."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casepack.deidentify.descriptors import dates
from casepack.deidentify.descriptors.late import LatePattern

_PIECES = st.sampled_from(
    [
        *("1", "3", "05", "12", "14", "30", "94", "101", "2019", "1405"),
        *(",", ".", ":", "-", "/", "_", " ", "'", "t", "(", ")"),
        *("h", "hrs", "uhr", "pm", "a.m.", "am", "bei ", "um ", "kl ", "saat ", "alle "),
        *("year", "aged ", "age:", "yo", "ans", "x"),
    ]
)
_NUMBERS = st.sampled_from(["1", "03", "5", "12", "19", "31", "1999", "2019", "t", "'", " "])
_SEPARATORS = st.sampled_from([".", ",", "-", "/", "_", ":", " ", ". ", " - "])
_TEXTS = st.one_of(
    st.lists(_PIECES, max_size=9).map("".join),
    st.lists(st.tuples(_NUMBERS, _SEPARATORS).map("".join), max_size=6).map("".join),
)
_GUARDED = [
    pytest.param(dates._SEPARATED, dates._MAY_BE_SEPARATED, id="numbers with separators"),
    pytest.param(dates._TIMES, dates._MAY_BE_TIME, id="times"),
    pytest.param(dates._AGES, dates._MAY_BE_AGE, id="ages"),
]


@pytest.mark.parametrize(("large", "quick"), _GUARDED)
@given(text=_TEXTS)
def test_what_a_large_pattern_finds_its_quick_test_lets_through(
    large: LatePattern, quick: LatePattern, text: str
) -> None:
    if large.search(text):
        assert quick.search(text)


@pytest.mark.parametrize("text", ["scan 1405 hrs", "scan 1405 uhr", "at 14h30", "3:30 pm", "7 am"])
def test_times_that_the_quick_test_has_to_let_through(text: str) -> None:
    assert list(dates.find_times(text))


def test_a_date_with_commas_is_let_through() -> None:
    assert [found.dates for found in dates.find_dates("study 2019,05,03")] == [{(2019, 5, 3)}]
