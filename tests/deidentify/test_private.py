"""Retain Safe Private: what Table E.3.10-1 names by creator, element and VR, and no more."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from casepack.encoding import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    Encoding,
    encode_element,
    encode_sequence,
)
from casepack.errors import StudyError
from casepack.recipe import Recipe
from tests.deidentify.plans import recipe
from tests.deidentify.running import file_of, from_bytes, mr_elements, output_bytes
from tests.wire import ENCODINGS

SAFE = recipe("RetainSafePrivate")
EXPLICIT = EXPLICIT_LITTLE
SIEMENS, PHILIPS, GE = "SIEMENS MR HEADER", "Philips Imaging DD 001", "GEMS_ACQU_01"
SECRET = b"ZZSECRET"


def creator(tag: int, name: str, how: Encoding = EXPLICIT) -> bytes:
    return encode_element(tag, "LO", name.encode(), how)


def run(
    folder: Path, private: dict[int, bytes], how: Encoding = EXPLICIT, using: str | Recipe = SAFE
) -> bytes:
    return output_bytes(file_of(how, mr_elements(how) | private), folder, using)


@pytest.mark.parametrize("how", ENCODINGS)
@pytest.mark.parametrize("block", [0x10, 0x11, 0xFF])
def test_a_safe_element_and_its_creator_stay_in_any_block(
    tmp_path: Path, how: Encoding, block: int
) -> None:
    tag = 0x00190000 | block << 8 | 0x0C
    value = encode_element(tag, "IS", b"800 ", how)
    name = creator(0x00190000 | block, SIEMENS, how)
    found = run(tmp_path, {0x00190000 | block: name, tag: value}, how)
    ds = from_bytes(found)
    assert ds[0x00190000 | block].value == SIEMENS
    assert b"800 " in found
    assert ds[tag].VR in {"IS", "UN"}


@pytest.mark.parametrize(
    ("tag", "vr", "name"),
    [
        (0x0019100C, "IS", "SIEMENS CSA HEADER"),  # another creator
        (0x0019100C, "IS", "siemens mr header"),
        (0x0019100F, "IS", SIEMENS),  # another element
        (0x0021100C, "IS", SIEMENS),  # another group
        (0x0019100C, "LT", SIEMENS),  # another VR
        (0x0019110C, "IS", SIEMENS),  # a block that nobody reserved
        (0x0019000C, "IS", SIEMENS),  # no block at all
    ],
)
def test_what_the_table_does_not_name_goes_with_its_creator(
    tmp_path: Path, tag: int, vr: str, name: str
) -> None:
    group = tag & 0xFFFF0000
    private = {group | 0x10: creator(group | 0x10, name)}
    private[tag] = encode_element(tag, vr, SECRET, EXPLICIT)
    found = run(tmp_path, private)
    assert SECRET not in found
    assert name.encode() not in found


def test_without_the_option_nothing_private_stays(tmp_path: Path) -> None:
    private = {0x00190010: creator(0x00190010, SIEMENS)}
    private[0x0019100C] = encode_element(0x0019100C, "IS", b"800 ", EXPLICIT)
    found = run(tmp_path, private, using="basic")
    assert SIEMENS.encode() not in found
    assert all(not element.tag.is_private for element in from_bytes(found))


def test_a_creator_that_nobody_follows_goes(tmp_path: Path) -> None:
    found = run(tmp_path, {0x00190010: creator(0x00190010, SIEMENS)})
    assert SIEMENS.encode() not in found


@pytest.mark.parametrize("value", [b"800 JANE", b"Meier "])
def test_a_safe_element_that_holds_something_else_goes_with_its_creator(
    tmp_path: Path, value: bytes
) -> None:
    private = {0x00190010: creator(0x00190010, SIEMENS)}
    private[0x0019100C] = encode_element(0x0019100C, "IS", value, EXPLICIT)
    found = run(tmp_path, private)
    assert value not in found
    assert SIEMENS.encode() not in found


def test_text_in_a_safe_element_does_not_echo_the_patient(tmp_path: Path) -> None:
    private = {0x00190010: creator(0x00190010, GE)}
    private[0x0019109E] = encode_element(0x0019109E, "LO", b"fse JANE", EXPLICIT)
    assert b"fse JANE" not in run(tmp_path / "a", private)
    private[0x0019109E] = encode_element(0x0019109E, "LO", b"fse-xl", EXPLICIT)
    assert b"fse-xl" in run(tmp_path / "b", private)


def test_un_takes_the_vr_of_the_table(tmp_path: Path) -> None:
    private = {0x00190010: creator(0x00190010, SIEMENS)}
    private[0x0019100C] = encode_element(0x0019100C, "UN", b"800 ", EXPLICIT)
    ds = from_bytes(run(tmp_path, private))
    assert ds[0x0019100C].VR == "IS"
    assert ds[0x0019100C].value == 800


def test_un_in_big_endian_is_held(tmp_path: Path) -> None:
    how = EXPLICIT_BIG
    private = {0x00190010: creator(0x00190010, SIEMENS, how)}
    private[0x0019100C] = encode_element(0x0019100C, "UN", b"800 ", how)
    with pytest.raises(StudyError):
        run(tmp_path, private, how)


def test_uids_in_safe_elements_are_replaced(tmp_path: Path) -> None:
    private = {0x00990010: creator(0x00990010, "NQHeader")}
    private[0x00991002] = encode_element(0x00991002, "UI", b"1.2.3.1", EXPLICIT)
    found = run(tmp_path, private)
    ds = from_bytes(found)
    assert b"1.2.3.1\0" not in found
    assert ds[0x00991002].value == ds.SeriesInstanceUID


@pytest.mark.parametrize("how", [EXPLICIT_LITTLE, IMPLICIT_LITTLE])
def test_a_private_sequence_is_judged_element_by_element(tmp_path: Path, how: Encoding) -> None:
    item = b"".join(
        (
            encode_element(0x00080018, "UI", b"1.2.3.4", how),
            encode_element(0x00081155, "UI", b"1.2.3.77", how),
            encode_element(0x00100010, "PN", b"Meier^Anna", how),
            encode_element(0x00104000, "LT", SECRET, how),
            encode_element(0x00180080, "DS", b"600 ", how),
            encode_element(0x00189080, "ST", SECRET, how),
            encode_element(0x00191001, "LO", SECRET, how),
            encode_element(0x20010010, "LO", PHILIPS.encode(), how),
            encode_element(0x20011003, "FL", struct.pack("<f", 800.0), how),
            encode_element(0x20011099, "LO", SECRET, how),
        )
    )
    private = {
        0x20010010: creator(0x20010010, PHILIPS, how),
        0x2001105F: encode_sequence(0x2001105F, [item], how),
    }
    found = run(tmp_path, private, how)
    assert SECRET not in found
    assert b"Meier" not in found
    assert b"1.2.3.77" not in found
    (inner,) = from_bytes(found)[0x2001105F].value
    assert inner.SOPInstanceUID == from_bytes(found).SOPInstanceUID
    assert inner.RepetitionTime == 600
    assert struct.pack("<f", 800.0) in found


def test_the_same_tag_is_judged_by_the_creators_of_its_own_item(tmp_path: Path) -> None:
    item = encode_element(0x0019100C, "IS", b"4711", EXPLICIT)  # no creator in the Item
    private = {
        0x00190010: creator(0x00190010, SIEMENS),
        0x20010010: creator(0x20010010, PHILIPS),
        0x2001105F: encode_sequence(0x2001105F, [item], EXPLICIT),
    }
    assert b"4711" not in run(tmp_path, private)
