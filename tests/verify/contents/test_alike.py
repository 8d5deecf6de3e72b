"""A file that is read as the one before gives what reading it alone gives."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casepack.verify.contents import alike
from casepack.verify.contents.alike import AlikeReader
from casepack.verify.contents.elements import PartTen
from casepack.verify.contents.reading import is_part_ten, read_part_ten
from tests.foreign import foreign_files

ITEM = b"\xfe\xff\x00\xe0"
ITEM_END, SEQUENCE_END = b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0"
SYNTAXES = {
    "implicit": "1.2.840.10008.1.2",
    "little": "1.2.840.10008.1.2.1",
    "big": "1.2.840.10008.1.2.2",
    "fragments": "1.2.840.10008.1.2.4.90",
}


def told(part_ten: PartTen) -> object:
    """Return everything that a reader says."""
    return (
        *(part_ten.preamble, part_ten.meta, part_ten.elements, part_ten.data_set_at),
        *(part_ten.inflated, part_ten.problem, part_ten.problem_at, part_ten.little),
        *(dict(part_ten.top), part_ten.bulk, part_ten.opaque, part_ten.with_text),
        [part_ten.element_at(element.start) for element in part_ten.elements],
        [part_ten.encodings_of(element.path) for element in part_ten.elements],
    )


class Form:
    """Encodes elements in one Transfer Syntax."""

    def __init__(self, how: str) -> None:
        self.syntax = SYNTAXES[how]
        self.implicit = how == "implicit"
        self.order = ">" if how == "big" else "<"

    def element(self, tag: int, vr: bytes, value: bytes, length: int | None = None) -> bytes:
        size = len(value) if length is None else length
        head = struct.pack(self.order + "HH", tag >> 16, tag & 0xFFFF)
        if self.implicit:
            return head + struct.pack("<I", size) + value
        if vr in {b"OB", b"OW", b"UN", b"SQ", b"UT"}:
            return head + vr + struct.pack(self.order + "HI", 0, size) + value
        return head + vr + struct.pack(self.order + "H", size) + value

    def delimited(self, tag: int, items: list[bytes]) -> bytes:
        def swap(word: bytes) -> bytes:
            return word if self.order == "<" else word[1::-1] + word[:1:-1]

        body = b"".join(
            swap(ITEM) + b"\xff" * 4 + item + swap(ITEM_END) + bytes(4) for item in items
        )
        return self.element(tag, b"SQ", body + swap(SEQUENCE_END) + bytes(4), 0xFFFFFFFF)


def meta_of(syntax: str, uid: bytes) -> bytes:
    form = Form("little")
    text = syntax.encode() + b"\0" * (len(syntax) % 2)
    inside = form.element(0x00020003, b"UI", uid) + form.element(0x00020010, b"UI", text)
    return form.element(0x00020000, b"UL", struct.pack("<I", len(inside))) + inside


@st.composite
def twins(draw: st.DrawFn) -> list[bytes]:
    """Files laid out alike with other values, and in the end one with a changed byte."""
    how = draw(st.sampled_from(list(SYNTAXES)))
    form = Form(how)
    lengths = draw(st.lists(st.integers(0, 6).map(lambda n: 2 * n), min_size=1, max_size=5))
    items = draw(st.integers(0, 2))
    is_delimited = draw(st.booleans())
    hidden = draw(st.booleans())

    def value(size: int) -> bytes:
        return draw(st.binary(min_size=size, max_size=size))

    def one() -> bytes:
        body = [
            form.element(0x00080005, b"CS", draw(st.sampled_from([b"ISO_IR 100", b"ISO_IR 192"])))
        ]
        body += [
            form.element(0x00100010 + number, b"LO", value(size))
            for number, size in enumerate(lengths)
        ]
        inner = form.element(0x00080100, b"SH", value(2)) + form.element(0x00080102, b"SH", b"ab")
        if is_delimited:
            body.append(form.delimited(0x00400275, [inner] * items))
        else:
            packed = b"".join(
                struct.pack(form.order + "HHI", 0xFFFE, 0xE000, len(inner)) + inner
                for _ in range(items)
            )
            body.append(form.element(0x00400275, b"SQ", packed))
        other = ITEM + bytes(4) if hidden and draw(st.booleans()) else value(8)
        body.append(form.element(0x00990010, b"LO", b"SOMEBODY"))
        body.append(form.element(0x00991001, b"UN", other))
        if how == "fragments":
            fragments = draw(st.lists(st.binary(max_size=9), max_size=3))
            packed = b"".join(ITEM + struct.pack("<I", len(f)) + f for f in (b"", *fragments))
            end = SEQUENCE_END + bytes(4)
            body.append(form.element(0x7FE00010, b"OB", packed + end, 0xFFFFFFFF))
        else:
            body.append(form.element(0x7FE00010, b"OW", value(16)))
        uid = draw(st.sampled_from([b"1.2.3.4.", b"1.2.3.5."]))
        return value(2) + bytes(126) + b"DICM" + meta_of(form.syntax, uid) + b"".join(body)

    files = [one() for _ in range(4)]
    changed = bytearray(draw(st.sampled_from(files)))
    changed[draw(st.integers(128, len(changed) - 1))] = draw(st.integers(0, 255))
    return [*files, bytes(changed), files[0]]


@given(twins())
@settings(max_examples=300, deadline=None)
def test_files_laid_out_alike_are_read_as_each_alone(files: list[bytes]) -> None:
    reader = AlikeReader()
    for data in files:
        assert told(reader.read_part_ten(data)) == told(read_part_ten(data))


def test_other_people_s_files_are_read_as_each_alone() -> None:
    reader = AlikeReader()
    datas = [path.read_bytes() for path in foreign_files(1 << 18)]
    for data in datas:
        if is_part_ten(data):
            expected = told(read_part_ten(data))
            assert told(reader.read_part_ten(data)) == expected
            assert told(reader.read_part_ten(data)) == expected


@pytest.mark.parametrize("how", SYNTAXES)
def test_the_next_file_of_a_series_is_not_walked(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what is the same in both is kept once."""
    form = Form(how)

    def file(number: bytes) -> bytes:
        pixels = form.element(0x7FE00010, b"OW", bytes(16))
        if how == "fragments":
            inside = ITEM + bytes(4) + ITEM + b"\x02\0\0\0" + number[:2] + SEQUENCE_END + bytes(4)
            pixels = form.element(0x7FE00010, b"OB", inside, 0xFFFFFFFF)
        body = form.element(0x00100010, b"PN", b"Doe^Jane") + form.element(
            0x00200013, b"IS", number
        )
        return bytes(128) + b"DICM" + meta_of(form.syntax, b"1.2.3.4.") + body + pixels

    reader = AlikeReader()
    first = reader.read_part_ten(file(b"1 "))
    walked: list[int] = []
    monkeypatch.setattr(alike, "read_part_ten", lambda data: walked.append(len(data)))
    second = reader.read_part_ten(file(b"2 "))
    assert not walked
    assert second.text(0x00200013) == "2"
    assert first.text(0x00200013) == "1"
    assert second.top[0x00100010] is first.top[0x00100010]
    assert second.layout is first.layout


def test_few_layouts_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alike, "_MOST_LAYOUTS", 2)
    form = Form("little")
    reader = AlikeReader()
    for size in range(0, 20, 2):
        body = form.element(0x00100010, b"PN", b"x" * size)
        reader.read_part_ten(bytes(128) + b"DICM" + meta_of(form.syntax, b"1.2.3.4.") + body)
    assert len(reader._known) == 2
