"""The verifier's own reader: the same elements as pydicom, and never an exception."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)

from casepack.verify.contents.reading import is_part_ten, read_part_ten
from tests.builders import write_instance
from tests.foreign import foreign_files, quiet
from tests.verify.studies import original_image


def _tags_of(ds: Dataset, path: tuple[tuple[int, int], ...] = ()) -> Iterator[tuple[object, int]]:
    for element in ds:
        yield path, int(element.tag)
        if element.VR == "SQ":
            for number, item in enumerate(element.value):
                yield from _tags_of(item, (*path, (int(element.tag), number)))


def test_it_reads_what_pydicom_reads_from_other_people_s_files() -> None:
    compared = 0
    with quiet():
        for path in foreign_files(1 << 20):
            data = path.read_bytes()
            if not is_part_ten(data):
                continue
            part_ten = read_part_ten(data)
            if part_ten.problem:
                continue
            try:
                ds = pydicom.dcmread(path)
                expected = sorted(_tags_of(ds))
            except Exception:  # noqa: BLE001, S112  # pydicom's business
                continue
            ours = {(e.path, e.tag) for e in part_ten.elements if e.tag & 0xFFFF or e.private}
            theirs = {(p, tag) for p, tag in expected if tag & 0xFFFF or tag >> 16 & 1}
            # pydicom does not open Sequences stored as UN of a known length
            extra = {p for p, _ in ours} - {p for p, _ in theirs}
            assert {one for one in ours if one[0] not in extra} == theirs, path.name
            compared += 1
    assert compared > 60


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_every_transfer_syntax_gives_the_same_elements(tmp_path: Path, syntax: str) -> None:
    plain = write_instance(original_image(1, 1, 2), tmp_path / "plain.dcm")
    ds = original_image(1, 1, 2)
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    other = tmp_path / "other.dcm"
    ds.save_as(
        other,
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=syntax != ExplicitVRBigEndian,
        enforce_file_format=True,
    )
    first, second = (read_part_ten(path.read_bytes()) for path in (plain, other))
    assert second.problem == ""
    assert [(e.path, e.tag) for e in first.elements] == [(e.path, e.tag) for e in second.elements]
    assert first.text(0x00100020) == second.text(0x00100020) != ""


def test_a_place_is_named_as_the_standard_names_it(tmp_path: Path) -> None:
    path = write_instance(original_image(1, 1, 2), tmp_path / "1.dcm")
    part_ten = read_part_ten(path.read_bytes())
    places = [element.place for element in part_ten.elements if element.path]
    assert places == ["(0008,1140)[0].(0008,1150)", "(0008,1140)[0].(0008,1155)"]
    for element in part_ten.elements:
        if element.value:
            assert part_ten.element_at(element.start) == element


def test_a_character_set_governs_its_item_only(tmp_path: Path) -> None:
    ds = original_image(1, 1, 2)
    item = ds.ReferencedImageSequence[0]
    item.SpecificCharacterSet = "ISO_IR 144"
    item.PatientName = "Люкc"
    ds.PatientName = "Å"
    path = write_instance(ds, tmp_path / "1.dcm")
    part_ten = read_part_ten(path.read_bytes())
    texts = [part_ten.texts(e) for e in part_ten.elements if e.tag == 0x00100010]
    assert texts == [["Люкc"], ["Å"]]


PLAIN = original_image(1, 1, 2)


def _encoded() -> bytes:
    import io

    buffer = io.BytesIO()
    PLAIN.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


FILE = _encoded()
PIXELS = FILE.index(struct.pack("<HH", 0x7FE0, 0x0010))


@given(st.integers(0, len(FILE) - 1))
@example(131)
@example(133)
@example(PIXELS + 11)
def test_a_truncated_file_gives_the_elements_before_the_end(length: int) -> None:
    data = FILE[:length]
    if not is_part_ten(data):
        return
    part_ten = read_part_ten(data)
    whole = read_part_ten(FILE)
    assert (
        part_ten.elements[: len(part_ten.elements) - 1]
        == whole.elements[: max(len(part_ten.elements) - 1, 0)]
    )
    assert len(part_ten.elements) <= len(whole.elements)


@given(st.integers(132, PIXELS + 20), st.integers(0, 255))
def test_a_changed_byte_never_raises(offset: int, value: int) -> None:
    data = FILE[:offset] + bytes([value]) + FILE[offset + 1 :]
    part_ten = read_part_ten(data)
    for element in part_ten.elements:
        assert 0 <= element.start <= element.stop <= len(data)
        part_ten.texts(element)


@given(st.binary(max_size=400))
def test_noise_behind_the_prefix_never_raises(noise: bytes) -> None:
    part_ten = read_part_ten(b"\x00" * 128 + b"DICM" + noise)
    assert part_ten.problem_at <= 132 + len(noise)


def test_deep_nesting_is_refused_and_does_not_overflow() -> None:
    sequence = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    data = FILE[: FILE.index(b"\x08\x00\x05\x00CS")] + (sequence + item) * 5000
    assert read_part_ten(data).problem == "file-malformed"


def test_a_length_beyond_the_end_is_not_believed() -> None:
    at = FILE.index(struct.pack("<HH2s", 0x7FE0, 0x0010, b"OW")) + 8
    data = FILE[:at] + struct.pack("<I", 0xFFFFFFF0) + FILE[at + 4 :]
    assert read_part_ten(data).problem == "file-truncated"


def test_a_deflated_bomb_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    import zlib

    monkeypatch.setattr("casepack.verify.contents.reading._MOST_INFLATED", 1 << 16)
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    start = FILE.index(b"\x08\x00\x05\x00CS")
    body = deflater.compress(FILE[start:] + b"\x00" * (1 << 22)) + deflater.flush()
    head = FILE[:start].replace(b"1.2.840.10008.1.2.1\x00", b"1.2.840.10008.1.2.1.99")
    head = head.replace(b"UI\x14\x001.2.840.10008.1.2.1.99", b"UI\x16\x001.2.840.10008.1.2.1.99")
    part_ten = read_part_ten(head + body)
    assert part_ten.problem == "file-too-large"
