"""UIDs that casepack makes are valid; those of the standard are known."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom._uid_dict import UID_dictionary
from pydicom.uid import UID

from casepack.standard.uids import (
    IMPLEMENTATION_CLASS_UID,
    STANDARD_ROOT,
    derived_uid,
    standard_uids,
    transfer_syntaxes,
    uid_from_digest,
)


@given(digest=st.binary(min_size=16, max_size=64))
def test_any_digest_gives_a_valid_uuid_uid(digest: bytes) -> None:
    uid = uid_from_digest(digest)
    assert UID(uid).is_valid
    assert len(uid) <= 64
    number = int(uid.removeprefix("2.25."))
    found = uuid.UUID(int=number)
    assert (found.version, found.variant) == (8, uuid.RFC_4122)
    # only the six bits of version and variant are not the digest's
    mask = ~((0xF << 76) | (0b11 << 62)) & ((1 << 128) - 1)
    assert number & mask == int.from_bytes(digest[:16], "big") & mask


@pytest.mark.parametrize("digest", [b"\0" * 16, b"\xff" * 16])
def test_extreme_digests_give_valid_uids(digest: bytes) -> None:
    assert UID(uid_from_digest(digest)).is_valid


@given(one=st.lists(st.text(), max_size=3), two=st.lists(st.text(), max_size=3))
def test_derived_uids_are_equal_for_equal_parts_only(one: list[str], two: list[str]) -> None:
    if not any("\0" in part for part in one + two):
        assert (derived_uid(*one) == derived_uid(*two)) is ("\0".join(one) == "\0".join(two))


def test_the_implementation_class_uid_stays_as_it_is() -> None:
    assert derived_uid("Implementation Class UID") == IMPLEMENTATION_CLASS_UID
    assert UID(IMPLEMENTATION_CLASS_UID).is_valid


def test_the_standards_own_uids_are_known() -> None:
    # pynetdicom adds some of a later edition to pydicom's dictionary when it is imported
    added = UID_dictionary.keys() - standard_uids()
    assert standard_uids() <= UID_dictionary.keys()
    assert added <= {f"{STANDARD_ROOT}1.2.{end}" for end in ("4.110", "4.111", "4.112", "8.1")}
    assert sum(uid.startswith(STANDARD_ROOT) for uid in standard_uids()) > 400
    assert "1.2.840.10008.1.2.4.90" in transfer_syntaxes()
    assert "1.2.840.10008.5.1.4.1.1.4" not in transfer_syntaxes()
    assert transfer_syntaxes() < standard_uids()
