"""Codes of de-identification methods, and meanings and schemes that are nobody's."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from pydicom.sr.codedict import codes

from casepack.model import Option
from casepack.standard.build_meanings import build_meanings
from casepack.standard.codes import (
    PUBLIC_SCHEMES,
    deidentification_methods,
    is_known_meaning,
    method_codes,
)
from casepack.standard.safe_private import safe_private_vrs

CID_7050 = {
    "113100": "Basic Application Confidentiality Profile",
    "113101": "Clean Pixel Data Option",
    "113102": "Clean Recognizable Visual Features Option",
    "113103": "Clean Graphics Option",
    "113104": "Clean Structured Content Option",
    "113105": "Clean Descriptors Option",
    "113106": "Retain Longitudinal Temporal Information Full Dates Option",
    "113107": "Retain Longitudinal Temporal Information Modified Dates Option",
    "113108": "Retain Patient Characteristics Option",
    "113109": "Retain Device Identity Option",
    "113110": "Retain UIDs Option",
    "113111": "Retain Safe Private Option",
    "113112": "Retain Institution Identity Option",
}


def test_cid_7050_is_complete_and_as_pydicom_has_it() -> None:
    methods = deidentification_methods()
    assert {value: code.meaning for value, code in methods.items()} == CID_7050
    assert {code.scheme for code in methods.values()} == {"DCM"}
    pydicom = {code.value: code.meaning for code in codes.cid7050.concepts.values()}
    assert {value: pydicom.get(value, CID_7050[value]) for value in CID_7050} == CID_7050
    assert {option.value for option in Option} == CID_7050.keys() - {"113100"}


def test_methods_are_in_order_and_begin_with_the_profile() -> None:
    found = method_codes(frozenset({Option.RETAIN_SAFE_PRIVATE, Option.CLEAN_DESCRIPTORS}))
    assert [code.value for code in found] == ["113100", "113105", "113111"]
    assert [code.value for code in method_codes(frozenset())] == ["113100"]


@pytest.mark.parametrize("meaning", ["thoracic spine", "spinal cord", "brain", "sagittal"])
def test_meanings_of_the_standard_are_known(meaning: str) -> None:
    assert is_known_meaning(meaning)


def test_meanings_are_nobodys_words() -> None:
    assert not any(map(is_known_meaning, ("jane doe", "university hospital", "")))


def test_the_digests_of_meanings_are_those_of_this_version_of_pydicom():
    built = build_meanings()
    assert len(built) > 5000 * 8
    assert (files("casepack.standard") / "known_meanings.bin").read_bytes() == built


def test_schemes_are_public_or_local() -> None:
    assert {"DCM", "SCT", "UCUM", "SRT", "LN", "RADLEX"} <= PUBLIC_SCHEMES
    assert not {"99HOSPITAL", "L", "", "99MEIER"} & PUBLIC_SCHEMES


def test_safe_private_attributes_are_read_but_for_those_without_a_vr() -> None:
    text = (files("casepack.standard") / "safe_private.json").read_text("utf-8")
    rows = json.loads(text)
    assert len(rows) == 479
    assert len({row["privateCreator"] for row in rows}) == 20
    without = [row for row in rows if not row["vr"]]
    assert len(without) == 5
    found = safe_private_vrs()
    assert len(found) == len(rows) - len(without)
    assert found["SIEMENS MR HEADER", 0x0019, 0x0C] == {"IS"}
    assert frozenset({"OW", "OB"}) in found.values()
    assert all(group % 2 for _creator, group, _element in found)
