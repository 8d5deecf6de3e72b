"""A remembered layout gives what reading gives, and is used only when nothing differs."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casepack.encoding import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    Encoding,
    encode_element,
    encode_sequence,
)
from casepack.errors import InstanceHeld
from casepack.layout import LayoutMemory
from casepack.part_ten import PartTen, encode_part_ten, read_part_ten
from tests.foreign import foreign_files

SYNTAXES = {
    IMPLICIT_LITTLE: "1.2.840.10008.1.2",
    EXPLICIT_LITTLE: "1.2.840.10008.1.2.1",
    EXPLICIT_BIG: "1.2.840.10008.1.2.2",
}


class Forgetful(LayoutMemory):
    """Remembers nothing, so that every file is read from element to element."""

    __slots__ = ()

    def remember(self, data: object, layout: object) -> None:
        """Forget."""


def file_of(how: Encoding, elements: list[bytes]) -> bytes:
    meta = encode_part_ten(b"1.2.840.10008.5.1.4.1.1.4", b"1.2.3", SYNTAXES[how], ("1.2.4", "V"))
    return meta + b"".join(elements)


def undefined_length(tag: int, items: list[bytes], how: Encoding) -> bytes:
    """Encode a Sequence and its Items with delimiters instead of lengths."""
    header = struct.Struct(how.order + "HHI")
    body = b"".join(
        header.pack(0xFFFE, 0xE000, 0xFFFFFFFF) + item + header.pack(0xFFFE, 0xE00D, 0)
        for item in items
    )
    start = struct.pack(how.order + "HH", tag >> 16, tag & 0xFFFF)
    start += b"" if how.implicit else b"SQ\0\0"
    return start + b"\xff" * 4 + body + header.pack(0xFFFE, 0xE0DD, 0)


@st.composite
def twin_files(draw: st.DrawFn) -> tuple[list[bytes], bytes]:
    """Three files laid out alike with other values, and one with a byte changed somewhere."""
    how = draw(st.sampled_from(list(SYNTAXES)))
    lengths = draw(st.lists(st.integers(0, 6).map(lambda n: 2 * n), min_size=1, max_size=6))
    items = draw(st.integers(0, 2))
    style = draw(st.sampled_from([encode_sequence, undefined_length]))

    def one() -> bytes:
        texts = [draw(st.binary(min_size=n, max_size=n)) for n in lengths]
        elements = [
            encode_element(0x00100010 + number, "LO", text, how)
            for number, text in enumerate(texts)
        ]
        inner = [encode_element(0x00080100, "SH", draw(st.binary(min_size=2, max_size=2)), how)]
        elements.append(style(0x00101002, [b"".join(inner)] * items, how))
        return file_of(how, elements)

    files = [one() for _ in range(3)]
    changed = bytearray(draw(st.sampled_from(files)))
    place = draw(st.integers(128, len(changed) - 1))
    changed[place] = draw(st.integers(0, 255))
    return files, bytes(changed)


def outcome(data: bytes, memory: LayoutMemory) -> object:
    try:
        file = read_part_ten(data, memory)
    except InstanceHeld as held:
        return held.reason
    return told(file)


def told(file: PartTen) -> object:
    return (
        file.transfer_syntax_uid,
        file.encoding,
        file.elements,
        file.layout.meta,
        dict(file.layout.places),
        bytes(file.buffer),
    )


@settings(max_examples=400)
@given(twin_files())
def test_files_laid_out_alike_and_one_that_is_not(drawn: tuple[list[bytes], bytes]) -> None:
    files, changed = drawn
    memory = LayoutMemory()
    for data in [*files, changed, *files]:
        assert outcome(data, memory) == outcome(data, Forgetful())
    assert memory.find(files[0]) is not None


def test_only_the_second_layout_of_a_size_is_remembered() -> None:
    memory = LayoutMemory()
    data = file_of(
        EXPLICIT_LITTLE, [encode_element(0x00100010, "PN", b"DOE^JANE", EXPLICIT_LITTLE)]
    )
    found = [read_part_ten(data, memory).layout for _ in range(4)]
    assert [layout.recurring for layout in found] == [False, False, True, True]
    assert found[2] is found[3]


@pytest.mark.parametrize("other", [b"LO", b"PN"])
def test_a_layout_depends_on_the_value_representation(other: bytes) -> None:
    memory = LayoutMemory()
    data = file_of(
        EXPLICIT_LITTLE, [encode_element(0x00100010, "PN", b"DOE^JANE", EXPLICIT_LITTLE)]
    )
    for _ in range(3):
        read_part_ten(data, memory)
    place = data.rindex(b"PN")
    changed = data[:place] + other + data[place + 2 :]
    assert read_part_ten(changed, memory).elements[0].vr == other.decode()


def test_all_files_of_others_read_the_same_from_memory() -> None:
    recurring = 0
    for path in foreign_files():
        data = Path(path).read_bytes()
        memory = LayoutMemory()
        expected = outcome(data, Forgetful())
        for _ in range(3):
            assert outcome(data, memory) == expected
        recurring += memory.find(data) is not None
    assert recurring > 100
