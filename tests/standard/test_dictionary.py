"""The dictionary knows what pydicom knows, and what PS3.6 got since."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from pydicom._dicom_dict import DicomDictionary

from casepack.standard.dictionary import (
    attribute_name,
    dictionary_vr,
    format_tag,
    parse_tag,
    tag_for_keyword,
)
from casepack.standard.profile import profile_rows


def test_all_attributes_of_pydicom_are_known() -> None:
    for tag, (vr, _vm, name, _retired, keyword) in DicomDictionary.items():
        assert dictionary_vr(tag) == vr
        assert attribute_name(tag) == name
        assert not keyword or tag_for_keyword(keyword) == tag


def test_all_attributes_of_later_editions_are_known() -> None:
    text = (files("casepack.standard") / "pydicom_dict_supplement.json").read_text("utf-8")
    rows = json.loads(text)
    assert len(rows) == 177
    for row in rows:
        if "x" not in row["tag"]:
            tag = parse_tag(row["tag"])
            assert tag not in DicomDictionary
            assert (dictionary_vr(tag), attribute_name(tag)) == (row["vr"], row["name"])
            assert tag_for_keyword(row["keyword"]) == tag or row["retired"]


def test_every_attribute_of_the_profile_has_a_vr() -> None:
    unknown = [tag for tag in profile_rows() if tag not in DicomDictionary]
    assert len(unknown) == 26
    for tag in profile_rows():
        assert dictionary_vr(tag) is not None, format_tag(tag)


@pytest.mark.parametrize(
    ("tag", "vr"),
    [
        (0x60003000, "OB or OW"),
        (0x601E3000, "OB or OW"),
        (0x60020010, "US"),
        (0x50002500, "LO"),
        (0x501C0005, "US"),
        (0x60009999, None),
        (0x60013000, None),
        (0x00091001, None),
        (0x12345678, None),
    ],
)
def test_repeating_groups_are_known_and_private_tags_are_not(tag: int, vr: str | None) -> None:
    assert dictionary_vr(tag) == vr


def test_tags_are_written_and_read() -> None:
    assert format_tag(0x0010001D) == "(0010,001D)"
    assert parse_tag("(0010,001D)") == parse_tag("0010001d") == 0x0010001D
    assert attribute_name(0x00091001) == ""
    assert tag_for_keyword("PatientNombre") is None
