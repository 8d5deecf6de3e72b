"""Hostile files: held with a reason, never an exception, a hang, or memory for a lie."""

from __future__ import annotations

import random
import tracemalloc
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casepack import part_ten as part_ten_module
from casepack.encoding import (
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    Element,
    Encoding,
    encode_element,
    encode_sequence,
    read_elements,
    read_items,
)
from casepack.errors import InstanceHeld
from casepack.model import Reason
from casepack.part_ten import PartTen, deflate, open_part_ten
from tests.foreign import foreign_files
from tests.wire import (
    DEFLATE,
    ENCODINGS,
    ITEM,
    ITEM_END,
    LONG,
    SEQUENCE_END,
    TRANSFER_SYNTAXES,
    UNDEFINED,
    header,
    item,
    part_ten,
    read,
    sequence,
)

SEQUENCE = 0x00081140  # Referenced Image Sequence


def reason_of(path: Path, content: bytes) -> Reason:
    path.write_bytes(content)
    with pytest.raises(InstanceHeld) as held, open_part_ten(path):
        pass
    return Reason(held.value.reason)


def deep(depth: int, how: Encoding = EXPLICIT_LITTLE, vr: str = "SQ") -> bytes:
    body = b""
    for _ in range(depth):
        body = sequence(SEQUENCE, [item(body, how, undefined=True)], how, vr)
    return body


@pytest.fixture(scope="module")
def small() -> bytes:
    how = EXPLICIT_LITTLE
    inner = encode_element(0x00081155, "UI", b"1.2.3", how)
    nested = sequence(SEQUENCE, [item(inner, how, undefined=True), item(inner, how)], how)
    un = sequence(0x00091010, [item(b"", IMPLICIT_LITTLE, undefined=True)], how, "UN")
    frames = sequence(0x7FE00010, [item(b"", how), item(b"\xff\xd8\xff\xd9", how)], how, "OB")
    text = encode_element(0x00204000, "LT", b"text", how)
    return part_ten(nested + un + text + frames)


def test_a_file_cut_at_any_byte_is_held_or_shorter_by_whole_elements(
    tmp_path: Path, small: bytes
) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(small)
    with open_part_ten(path) as file:
        whole = file.elements
    opened = 0
    for cut in range(len(small)):
        path.write_bytes(small[:cut])
        try:
            with open_part_ten(path) as file:
                assert file.elements == whole[: len(file.elements)]
                assert not file.elements or file.elements[-1].end == cut
                opened += 1
        except InstanceHeld as held:
            assert (held.reason == Reason.NOT_DICOM) is (cut < 132)  # noqa: PT017
    # after the Transfer Syntax UID, the two elements of the File Meta Information behind it, and
    # each element of the Data Set but the last
    assert opened == 3 + len(whole) - 1


def read_through(path: Path) -> None:
    """Read a file and all Sequences in it."""
    with open_part_ten(path) as file:
        _read_all(file, file.elements, file.encoding, 0)


def _read_all(file: PartTen, found: Sequence[Element], how: Encoding, depth: int) -> None:
    for element in found:
        if element.vr == "SQ" or (element.vr == "UN" and element.undefined):
            inner, items = read_items(file.buffer, element, how, depth=depth)
            for got in items:
                _read_all(file, got, inner, depth + 1)


def held_or_read(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        read_through(path)
    except InstanceHeld as held:
        assert Reason(held.reason).held or held.reason == Reason.NOT_DICOM  # noqa: PT017


def test_every_flipped_bit_is_held_or_read(tmp_path: Path, small: bytes) -> None:
    path = tmp_path / "a.dcm"
    for place in range(132, len(small)):
        for bit in range(8):
            content = bytearray(small)
            content[place] ^= 1 << bit
            held_or_read(path, bytes(content))


@pytest.mark.parametrize("length", [0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF, 1 << 30])
@pytest.mark.parametrize("how", ENCODINGS)
def test_a_huge_declared_length_is_held_at_once(tmp_path: Path, length: int, how: Encoding) -> None:
    bodies = [header(0x00420011, vr, length, how) + b"ab" for vr in (*LONG, "SQ")]
    bodies.append(header(SEQUENCE, "SQ", UNDEFINED, how) + header(ITEM, "", length, how) + b"ab")
    tracemalloc.start()
    for body in bodies:
        assert reason_of(tmp_path / "a.dcm", part_ten(body, TRANSFER_SYNTAXES[how])) in {
            Reason.TRUNCATED,
            Reason.MALFORMED,
        }
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize("vr", ["SQ", "UN"])
@pytest.mark.parametrize("how", ENCODINGS)
def test_sequences_nested_a_thousand_deep_are_held(tmp_path: Path, how: Encoding, vr: str) -> None:
    inner = IMPLICIT_LITTLE if vr == "UN" else how
    body = deep(999, inner)
    body = sequence(SEQUENCE, [item(body, inner, undefined=True)], how, vr)
    assert reason_of(tmp_path / "a.dcm", part_ten(body, TRANSFER_SYNTAXES[how])) in {
        Reason.MALFORMED,
        Reason.TRUNCATED,
    }


def test_sequences_of_defined_length_nested_a_thousand_deep_are_held(tmp_path: Path) -> None:
    body = b""
    for _ in range(1000):
        body = encode_sequence(SEQUENCE, [body], EXPLICIT_LITTLE)
    path = tmp_path / "a.dcm"
    path.write_bytes(part_ten(body))
    with pytest.raises(InstanceHeld, match=Reason.MALFORMED):
        read_through(path)


def test_sequences_nested_as_deep_as_allowed_are_read_in_linear_time(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(part_ten(deep(60)))
    # a reader that looked into each twice would never end
    read_through(path)


def test_an_unexpected_delimiter_is_held() -> None:
    for tag in (ITEM, ITEM_END, SEQUENCE_END, 0xFFFEFFFE):
        with pytest.raises(InstanceHeld, match=Reason.MALFORMED):
            read(header(tag, "", 0, EXPLICIT_LITTLE), EXPLICIT_LITTLE)


def test_a_sequence_that_never_ends_is_held() -> None:
    body = header(SEQUENCE, "SQ", UNDEFINED, EXPLICIT_LITTLE) + item(b"", EXPLICIT_LITTLE)
    with pytest.raises(InstanceHeld, match=Reason.TRUNCATED):
        read(body, EXPLICIT_LITTLE)


def test_an_item_never_reaches_beyond_its_sequence() -> None:
    how = EXPLICIT_LITTLE
    inner = header(ITEM, "", 20, how) + encode_element(0x00081155, "UI", b"1.2.3", how)
    body = header(SEQUENCE, "SQ", len(inner), how) + inner
    body += encode_element(0x00100010, "PN", b"DOE^JANE", how)
    outer = read(body, how)
    with pytest.raises(InstanceHeld, match=Reason.TRUNCATED):
        read_items(body, outer[0], how)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Reason.NOT_DICOM),
        (b"DICM" * 40, Reason.TRANSFER_SYNTAX_UNKNOWN),
        (b"\0" * 4096, Reason.NOT_DICOM),
        (b"\0" * 128 + b"DICM", Reason.TRANSFER_SYNTAX_UNKNOWN),
        (b"\0" * 128 + b"DICM\x02\x00\x10\x00??\x00\x00", Reason.MALFORMED),
    ],
)
def test_what_is_not_dicom_is_named_so(tmp_path: Path, content: bytes, reason: Reason) -> None:
    assert reason_of(tmp_path / "a", content) is reason


def test_a_folder_or_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(InstanceHeld, match=Reason.UNREADABLE), open_part_ten(path):
            pass


def test_a_deflate_bomb_is_held_without_inflating_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_ten_module, "_MAX_INFLATED", 1 << 20)
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    content = bomb.compress(b"\0" * (64 << 20)) + bomb.flush()
    tracemalloc.start()
    assert reason_of(tmp_path / "a.dcm", part_ten(content, DEFLATE)) is Reason.MALFORMED
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20


@pytest.mark.parametrize("piece", [1, 7, 258, 1000])
def test_deflated_data_of_any_size_is_inflated_whole(
    monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(part_ten_module, "_INFLATED_PIECE", piece)
    for size in (0, 1, piece - 1, piece, piece + 1, 2 * piece, 4000):
        for body in (b"\0" * size, random.Random(size).randbytes(size)):
            assert part_ten_module._inflate(deflate(body)) == body


def test_deflated_data_that_ends_early_or_is_none_is_held(tmp_path: Path) -> None:
    body = deflate(encode_element(0x00104000, "LT", bytes(range(32, 127)) * 9, EXPLICIT_LITTLE))
    for cut in range(0, len(body) - 2, 7):
        assert reason_of(tmp_path / "a.dcm", part_ten(body[:cut], DEFLATE)) is Reason.TRUNCATED
    assert reason_of(tmp_path / "a.dcm", part_ten(b"\xff" * 99, DEFLATE)) is Reason.MALFORMED


@settings(max_examples=300)
@given(body=st.binary(max_size=200), how=st.sampled_from(ENCODINGS))
def test_random_bytes_are_held_or_read(body: bytes, how: Encoding) -> None:
    try:
        found, _ = read_elements(body, 0, len(body), how)
        for element in found:
            if element.vr == "SQ":
                read_items(body, element, how)
    except InstanceHeld as held:
        assert held.reason in {Reason.TRUNCATED, Reason.MALFORMED}  # noqa: PT017


def mutations(content: bytes, seed: int, count: int) -> Iterator[bytes]:
    """Yield copies with flipped bits, hostile lengths, cuts, and repeated or moved pieces."""
    dice = random.Random(seed)
    for _ in range(count):
        changed = bytearray(content)
        for _ in range(dice.randint(1, 4)):
            place = dice.randrange(132, len(changed))
            kind = dice.randrange(5)
            if kind == 0:
                changed[place] ^= 1 << dice.randrange(8)
            elif kind == 1:
                changed[place : place + 4] = dice.choice(
                    [b"\xff\xff\xff\xff", b"\xfe\xff\xff\xff", b"\0\0\0\x80", b"\0\0\0\0"]
                )
            elif kind == 2 and place > 200:
                del changed[place:]
            elif kind == 3:
                piece = changed[place : place + dice.randrange(64)]
                at = dice.randrange(132, len(changed) + 1)
                changed[at:at] = piece
            else:
                changed[place : place + 2] = dice.choice([b"SQ", b"UN", b"OB", b"\xfe\xff", b"LO"])
        yield bytes(changed)


@pytest.mark.parametrize("seed", range(4))
def test_mutated_files_are_held_or_read(tmp_path: Path, small: bytes, seed: int) -> None:
    for content in mutations(small, seed, 250):
        held_or_read(tmp_path / "a.dcm", content)


@pytest.mark.slow
def test_ten_thousand_mutated_files_are_held_or_read(tmp_path: Path) -> None:
    names = {"MR_small.dcm", "liver_1frame.dcm", "rtplan.dcm", "emri_small_jpeg_ls_lossless.dcm"}
    for path in foreign_files():
        if path.name in names:
            for content in mutations(path.read_bytes(), 7, 2500):
                held_or_read(tmp_path / "a.dcm", content)
