"""What only private elements say of an MR image is lifted into standard Attributes."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casepack.deidentify.lift import lift_mr_essentials
from casepack.encoding import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    Encoding,
    encode_element,
    read_elements,
)
from tests.deidentify.running import file_of, from_bytes, mr_elements, output_bytes
from tests.wire import ENCODINGS

EXPLICIT = EXPLICIT_LITTLE
B_VALUE, ORIENTATION, PHASE = 0x00189087, 0x00189089, 0x00181312


def csa(**tags: list[str]) -> bytes:
    """Return a CSA header as Siemens writes it (layout as dcm2niix documents it)."""
    found = b"SV10\4\3\2\1" + struct.pack("<ii", len(tags), 77)
    for name, values in tags.items():
        found += name.encode().ljust(64, b"\0") + struct.pack("<i4s3i", 1, b"FD", 3, 6, 77)
        for value in [*values, *[""] * (6 - len(values))]:
            content = value.encode() + b"\0" if value else b""
            found += struct.pack("<4i", len(content), len(content), 77, 0)
            found += content.ljust(-(-len(content) // 4) * 4, b"\0")
    return found


def lift(
    private: dict[int, tuple[str, bytes]], how: Encoding = EXPLICIT
) -> dict[int, tuple[float, ...] | str]:
    body = b"".join(
        encode_element(tag, vr, value, how) for tag, (vr, value) in sorted(private.items())
    )
    elements, _ = read_elements(body, 0, len(body), how)
    found: dict[int, tuple[float, ...] | str] = {}
    for tag, encoded in lift_mr_essentials(
        body,
        [element for element in elements if element.tag >> 16 & 1],
        {element.tag for element in elements},
        how,
    ):
        (element,), _ = read_elements(encoded, 0, len(encoded), how)
        value = encoded[element.value : element.end]
        if tag == PHASE:
            found[tag] = value.decode().strip()
        else:
            found[tag] = struct.unpack(f"{how.order}{len(value) // 8}d", value)
    return found


def named(tag: int, creator: str) -> dict[int, tuple[str, bytes]]:
    return {tag: ("LO", creator.encode())}


@pytest.mark.parametrize("how", ENCODINGS)
def test_siemens_header_elements_are_lifted(how: Encoding) -> None:
    direction = (0.0, 0.6, -0.8)
    found = lift(
        named(0x00190010, "SIEMENS MR HEADER")
        | {
            0x0019100C: ("IS", b"800 "),
            0x0019100E: ("FD", struct.pack(how.order + "3d", *direction)),
        },
        how,
    )
    assert found == {B_VALUE: (800.0,), ORIENTATION: direction}


def test_csa_headers_are_lifted() -> None:
    value = csa(
        B_value=["1000"],
        DiffusionGradientDirection=["0.1", "-0.2", "0.97"],
        PhaseEncodingDirection=["COL"],
    )
    found = lift(named(0x00290010, "SIEMENS CSA HEADER") | {0x00291010: ("OB", value)})
    assert found == {B_VALUE: (1000.0,), ORIENTATION: (0.1, -0.2, 0.97), PHASE: "COL"}


@pytest.mark.parametrize(
    ("value", "expected"), [(b"1000\\8\\0\\0 ", 1000.0), (b"1000000800\\0 ", 800.0)]
)
def test_ge_b_values_are_lifted_without_their_flag(value: bytes, expected: float) -> None:
    found = lift(named(0x00430010, "GEMS_PARM_01") | {0x00431039: ("IS", value)})
    assert found == {B_VALUE: (expected,)}


@pytest.mark.parametrize("how", [EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG])
def test_philips_b_values_are_lifted(how: Encoding) -> None:
    value = struct.pack(how.order + "f", 600.0)
    found = lift(named(0x20010010, "Philips Imaging DD 001") | {0x20011003: ("FL", value)}, how)
    assert found == {B_VALUE: (600.0,)}


@pytest.mark.parametrize(
    "value", [b"", b"Meier", b"-5", b"1e999", b"19580417", b"1\\2", b"nan", b"4711 Jane"]
)
def test_what_is_no_b_value_is_not_lifted(value: bytes) -> None:
    assert lift(named(0x00190010, "SIEMENS MR HEADER") | {0x0019100C: ("LO", value)}) == {}


@pytest.mark.parametrize("value", [(0.0, 0.0), (9.0, 0.0, 0.0), (float("nan"),) * 3, ()])
def test_what_is_no_unit_vector_is_not_lifted(value: tuple[float, ...]) -> None:
    content = struct.pack(f"<{len(value)}d", *value)
    assert lift(named(0x00190010, "SIEMENS MR HEADER") | {0x0019100E: ("FD", content)}) == {}


def test_another_creator_means_another_thing() -> None:
    assert lift(named(0x00190010, "ACME") | {0x0019100C: ("IS", b"800 ")}) == {}
    assert lift({0x0019100C: ("IS", b"800 ")}) == {}


def test_an_attribute_that_is_there_is_not_lifted_over() -> None:
    private = named(0x00190010, "SIEMENS MR HEADER") | {0x0019100C: ("IS", b"800 ")}
    present = {B_VALUE: ("FD", struct.pack("<d", 5.0))}
    assert lift(private | present) == {}


@given(
    value=st.binary(max_size=400),
    cut=st.integers(0, 900),
    place=st.integers(0, 700),
)
def test_hostile_csa_headers_lift_a_plausible_number_or_nothing(
    value: bytes, cut: int, place: int
) -> None:
    whole = csa(B_value=["1000"], DiffusionGradientDirection=["0", "0", "1"])
    hostile = (whole[:place] + value + whole[place:])[:cut]
    found = lift(named(0x00290010, "SIEMENS CSA HEADER") | {0x00291010: ("OB", hostile)})
    for numbers in found.values():
        assert all(abs(float(number)) < 1e6 for number in numbers)


def test_lifted_attributes_stay_and_private_ones_go(tmp_path: Path) -> None:
    private = {
        0x00190010: encode_element(0x00190010, "LO", b"SIEMENS MR HEADER", EXPLICIT),
        0x0019100C: encode_element(0x0019100C, "IS", b"800 ", EXPLICIT),
    }
    for using in ("basic", "publication", "tcia", "strict"):
        content = file_of(EXPLICIT, mr_elements(EXPLICIT) | private)
        ds = from_bytes(output_bytes(content, tmp_path / using, using))
        assert ds.DiffusionBValue == 800.0
        assert (0x0019100C in ds) is (using in {"publication", "tcia"})
