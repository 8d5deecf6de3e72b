"""Pseudonyms: the same from the same key, unlike by role, and nothing to be read from them."""

from __future__ import annotations

import re
import uuid

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydicom.uid import UID

from casepack.deidentify.pseudonyms import Pseudonyms
from casepack.standard.uids import standard_uids

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
PSEUDONYMS = Pseudonyms(key=KEY)
uids = st.from_regex(r"[1-2](\.(0|[1-9][0-9]{0,8})){2,6}", fullmatch=True)


@given(original=uids)
def test_a_uid_is_well_formed_and_unlike_the_original(original: str) -> None:
    new = PSEUDONYMS.uid(original)
    assert UID(new).is_valid
    assert len(new) <= 64
    number = uuid.UUID(int=int(new.removeprefix("2.25.")))
    assert number.variant == uuid.RFC_4122
    assert number.version == 8
    assert original not in new


@given(original=st.text())
def test_any_text_in_a_uid_becomes_a_well_formed_uid(original: str) -> None:
    assert UID(PSEUDONYMS.uid(original)).is_valid


@given(one=uids, two=uids)
def test_different_uids_stay_different(one: str, two: str) -> None:
    assert (PSEUDONYMS.uid(one) == PSEUDONYMS.uid(two)) is (one == two)


@given(original=uids)
def test_the_key_alone_decides(original: str) -> None:
    assert PSEUDONYMS.uid(original) == Pseudonyms(key=KEY).uid(original)
    assert PSEUDONYMS.uid(original) != Pseudonyms(key=OTHER).uid(original)


def test_pseudonyms_stay_as_they_were() -> None:
    # who uses a key again counts on it
    assert PSEUDONYMS.uid("1.2.3") == "2.25.323208961630152450876443539203389659764"
    assert PSEUDONYMS.code("patient", "12345") == "HYGDRH1B"
    assert PSEUDONYMS.days_into_the_past("12345") == 1092


@pytest.mark.parametrize("original", sorted(standard_uids())[::40])
def test_uids_of_the_standard_stay(original: str) -> None:
    assert PSEUDONYMS.uid(original) == original


@pytest.mark.parametrize(
    "original",
    [
        "1.2.840.10008.DOE^JANE",
        "1.2.840.10008.19580417",
        "1.2.840.10008.5.1.4.1.1.4.20240108.1",
        "1.2.840.100089.1",
        "1.2.840.10008.",
        "",
    ],
)
def test_a_uid_that_only_looks_like_the_standards_is_replaced(original: str) -> None:
    assert re.fullmatch(r"2\.25\.[0-9]+", PSEUDONYMS.uid(original))


@given(original=st.text())
def test_a_code_has_eight_characters_without_look_alikes(original: str) -> None:
    assert re.fullmatch(r"[0-9ABCDEFGHJKMNPQRSTVWXYZ]{8}", PSEUDONYMS.code("patient", original))


@given(one=st.text(max_size=8), two=st.text(max_size=8))
@example(one="\u674e", two="\u738b")
def test_different_identifiers_of_any_script_give_different_codes(one: str, two: str) -> None:
    assert (PSEUDONYMS.code("patient", one) == PSEUDONYMS.code("patient", two)) is (one == two)


def test_roles_do_not_match() -> None:
    codes = {PSEUDONYMS.code(role, "12345") for role in ("patient", "study", "accession", "")}
    assert len(codes) == 4


@given(original=st.text())
def test_days_are_whole_weeks_between_one_and_ten_years(original: str) -> None:
    days = PSEUDONYMS.days_into_the_past(original)
    assert days % 7 == 0
    assert 52 * 7 <= days <= 520 * 7


def test_days_differ_between_patients() -> None:
    assert len({PSEUDONYMS.days_into_the_past(str(number)) for number in range(2000)}) > 400


def test_the_key_is_not_shown() -> None:
    assert repr(PSEUDONYMS) == "Pseudonyms()"
