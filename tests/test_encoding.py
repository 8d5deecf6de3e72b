"""Encoding: what is written is read, and nothing that is not DICOM gets further than a reason."""

from __future__ import annotations

import io
import random
import struct
import time
import tracemalloc
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom._uid_dict import UID_dictionary
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from casepack import encoding
from casepack.encoding import (
    DEFLATED,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    Element,
    Encoding,
    PartTen,
    deflate,
    encode_element,
    encode_part_ten,
    encode_sequence,
    encoding_of,
    open_part_ten,
    read_elements,
    read_items,
)
from casepack.errors import InstanceHeld
from casepack.model import Reason
from tests.builders import mr_instance, write_instance
from tests.foreign import foreign_files, quiet

LONG = ("OB", "OD", "OF", "OL", "OV", "OW", "SV", "UC", "UN", "UR", "UT", "UV")
SHORT = (
    *("AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH"),
    *("SL", "SS", "ST", "TM", "UI", "UL", "US"),
)
ENCODINGS = (IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG)
TRANSFER_SYNTAXES = {
    IMPLICIT_LITTLE: "1.2.840.10008.1.2",
    EXPLICIT_LITTLE: "1.2.840.10008.1.2.1",
    EXPLICIT_BIG: "1.2.840.10008.1.2.2",
}
DEFLATE = "1.2.840.10008.1.2.1.99"
SEQUENCE = 0x00081140  # Referenced Image Sequence
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
UNDEFINED = 0xFFFFFFFF

tags = st.integers(0x00080000, 0x7FDFFFFF).filter(lambda tag: tag & 0xFFFF != 0)
values = st.binary(max_size=64).map(lambda value: value + b" " * (len(value) % 2))
elements = st.tuples(tags, st.sampled_from(SHORT + LONG), values)


def header(tag: int, vr: str, length: int, how: Encoding) -> bytes:
    order = how.order
    number = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if how.implicit or not vr:
        return number + struct.pack(order + "I", length)
    if vr in (*LONG, "SQ"):
        return number + vr.encode() + b"\0\0" + struct.pack(order + "I", length)
    return number + vr.encode() + struct.pack(order + "H", length)


def item(content: bytes, how: Encoding, *, undefined: bool = False) -> bytes:
    if not undefined:
        return header(ITEM, "", len(content), how) + content
    return header(ITEM, "", UNDEFINED, how) + content + header(ITEM_END, "", 0, how)


def sequence(tag: int, items: list[bytes], how: Encoding, vr: str = "SQ") -> bytes:
    """Encode a Sequence of undefined length."""
    end = header(SEQUENCE_END, "", 0, how)
    return header(tag, vr, UNDEFINED, how) + b"".join(items) + end


def part_ten(body: bytes, transfer_syntax: str = TRANSFER_SYNTAXES[EXPLICIT_LITTLE]) -> bytes:
    meta = encode_part_ten(b"1.2.840.10008.5.1.4.1.1.4", b"1.2.3", transfer_syntax, ("1.2", "T"))
    return meta + body


def read(body: bytes, how: Encoding) -> list[Element]:
    found, end = read_elements(body, 0, len(body), how)
    assert end == len(body)
    return found


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


@pytest.mark.parametrize("how", ENCODINGS)
@given(found=st.lists(elements, max_size=12))
def test_every_vr_is_read_as_it_was_written(
    how: Encoding, found: list[tuple[int, str, bytes]]
) -> None:
    encoded = [encode_element(tag, vr, value, how) for tag, vr, value in found]
    body = b"".join(encoded)
    got = read(body, how)
    assert [(e.tag, body[e.value : e.end]) for e in got] == [(t, value) for t, _, value in found]
    assert [body[e.start : e.end] for e in got] == encoded
    if not how.implicit:
        assert [e.vr for e in got] == [vr for _, vr, _ in found]


@pytest.mark.parametrize("how", ENCODINGS)
@pytest.mark.parametrize("vr", [*SHORT, *LONG])
def test_an_odd_value_is_padded_to_even_length_as_its_vr_asks(how: Encoding, vr: str) -> None:
    body = encode_element(0x00091001, vr, b"abc", how)
    assert len(body) % 2 == 0
    assert body[-1:] == (b"\0" if vr in {"UI", "OB", "UN"} else b" ")


@pytest.mark.parametrize("how", ENCODINGS)
@pytest.mark.parametrize("undefined", [False, True])
@pytest.mark.parametrize("undefined_items", [False, True])
@given(contents=st.lists(st.lists(elements, max_size=4), max_size=4))
def test_items_are_read_whether_lengths_are_defined_or_not(
    how: Encoding,
    undefined: bool,
    undefined_items: bool,
    contents: list[list[tuple[int, str, bytes]]],
) -> None:
    inner = [b"".join(encode_element(*element, how) for element in found) for found in contents]
    items = [item(content, how, undefined=undefined_items) for content in inner]
    if undefined:
        body = sequence(SEQUENCE, items, how)
    else:
        joined = b"".join(items)
        body = header(SEQUENCE, "SQ", len(joined), how) + joined
    body += encode_element(0x00100010, "PN", b"A^B ", how)
    outer = read(body, how)
    assert [(e.tag, e.vr, e.undefined) for e in outer] == [
        (SEQUENCE, "SQ", undefined),
        (0x00100010, "PN", False),
    ]
    inner_how, got = read_items(body, outer[0], how)
    assert inner_how == how
    assert [[(e.tag, body[e.value : e.end]) for e in found] for found in got] == [
        [(tag, value) for tag, _, value in found] for found in contents
    ]


@pytest.mark.parametrize("how", ENCODINGS)
def test_a_sequence_that_is_written_is_read_by_pydicom(how: Encoding) -> None:
    uid = encode_element(0x00081155, "UI", b"1.2.3", how)
    body = encode_sequence(SEQUENCE, [uid, b"", uid + uid[:0]], how)
    with quiet():
        ds = pydicom.filereader.read_dataset(
            io.BytesIO(body), is_implicit_VR=how.implicit, is_little_endian=how.little
        )
        assert [dict(i).keys() for i in ds.ReferencedImageSequence] == [
            {0x00081155},
            set(),
            {0x00081155},
        ]
        assert ds.ReferencedImageSequence[2].ReferencedSOPInstanceUID == "1.2.3"


def test_a_value_too_long_for_its_vr_is_held() -> None:
    with pytest.raises(InstanceHeld, match=Reason.MALFORMED):
        encode_element(0x00081030, "LO", b"a" * 65536, EXPLICIT_LITTLE)
    assert encode_element(0x00081030, "UT", b"a" * 65536, EXPLICIT_LITTLE)
    assert encode_element(0x00081030, "LO", b"a" * 65536, IMPLICIT_LITTLE)


def test_items_below_un_are_implicit_little_endian() -> None:
    inner = encode_element(0x00100010, "PN", b"A^B ", IMPLICIT_LITTLE)
    body = sequence(
        0x00081140, [item(inner, IMPLICIT_LITTLE, undefined=True)], EXPLICIT_LITTLE, "UN"
    )
    (element,) = read(body, EXPLICIT_LITTLE)
    how, ((name,),) = read_items(body, element, EXPLICIT_LITTLE)
    assert how == IMPLICIT_LITTLE
    assert (name.tag, name.vr, body[name.value : name.end]) == (0x00100010, "PN", b"A^B ")


def test_items_of_un_with_explicit_vr_inside_are_not_taken_for_something_else() -> None:
    inner = encode_element(0x00100010, "PN", b"A^B ", EXPLICIT_LITTLE)
    body = sequence(SEQUENCE, [item(inner, EXPLICIT_LITTLE, undefined=True)], EXPLICIT_LITTLE, "UN")
    with pytest.raises(InstanceHeld):
        read(body, EXPLICIT_LITTLE)


@pytest.mark.parametrize("vr", ["OB", "OW"])
def test_encapsulated_pixel_data_is_one_element_with_its_fragments(vr: str) -> None:
    how = EXPLICIT_LITTLE
    body = sequence(0x7FE00010, [item(b"", how), item(b"\xff\xd8ab", how)], how, vr)
    (element,) = read(body, how)
    assert (element.vr, element.undefined, element.end) == (vr, True, len(body))


def test_fragments_of_undefined_length_are_held() -> None:
    how = EXPLICIT_LITTLE
    body = sequence(0x7FE00010, [item(b"", how, undefined=True)], how, "OB")
    with pytest.raises(InstanceHeld, match=Reason.MALFORMED):
        read(body, how)


@pytest.mark.parametrize("vr", ["UT", "UC", "UR", "OD", "OF", "OL", "OV", "SV", "UV"])
def test_only_sequences_and_pixel_data_are_of_undefined_length(vr: str) -> None:
    # text in a fragment would otherwise be copied without a look
    how = EXPLICIT_LITTLE
    body = sequence(0x00189080, [item(b"DOE^JANE", how)], how, vr)
    with pytest.raises(InstanceHeld, match=Reason.MALFORMED):
        read(body, how)


def test_an_attribute_that_is_no_sequence_is_not_of_undefined_length_in_implicit_vr() -> None:
    how = IMPLICIT_LITTLE
    body = sequence(0x00180080, [item(b"DOE^JANE", how)], how)  # Repetition Time
    with pytest.raises(InstanceHeld, match=Reason.MALFORMED):
        read(body, how)


def test_a_file_is_opened_with_its_meta_information_and_elements(tmp_path: Path) -> None:
    path = write_instance(mr_instance(), tmp_path / "a.dcm")
    with open_part_ten(path) as file:
        assert file.transfer_syntax_uid == TRANSFER_SYNTAXES[EXPLICIT_LITTLE]
        assert file.meta[0x00020002] == b"1.2.840.10008.5.1.4.1.1.4"
        assert file.value(0x00100020) == b"CASE0001"
        assert file.value(0x00104000) is None
        assert [e.tag for e in file.elements] == [e.tag for e in pydicom.dcmread(path)]


def test_a_wrong_meta_group_length_does_not_mislead(tmp_path: Path) -> None:
    path = write_instance(mr_instance(), tmp_path / "a.dcm")
    content = bytearray(path.read_bytes())
    content[140:144] = struct.pack("<I", 7)
    path.write_bytes(content)
    with open_part_ten(path) as file:
        assert file.value(0x00100020) == b"CASE0001"


@pytest.mark.parametrize("uid", sorted(DEFLATED))
def test_deflated_data_is_read_and_written(tmp_path: Path, uid: str) -> None:
    body = encode_element(0x00100020, "LO", b"CASE0001", EXPLICIT_LITTLE)
    path = tmp_path / "a.dcm"
    path.write_bytes(part_ten(deflate(body), uid))
    with open_part_ten(path) as file:
        assert file.value(0x00100020) == b"CASE0001"
    if uid == DEFLATE:  # pydicom inflates no other
        assert pydicom.dcmread(path).PatientID == "CASE0001"
    assert len(deflate(body)) % 2 == 0
    assert len(deflate(body + b"  ")) % 2 == 0


def test_every_transfer_syntax_of_the_standard_has_an_encoding() -> None:
    other = {"1.2.840.10008.1.20", "1.2.840.10008.1.2.6.1", "1.2.840.10008.1.2.6.2"}  # no files
    streams = "1.2.840.10008.1.2.7."
    found = {
        uid
        for uid, row in UID_dictionary.items()
        if row[1] == "Transfer Syntax" and uid not in other and not uid.startswith(streams)
    }
    assert len(found) > 40
    assert {uid for uid in found if encoding_of(uid) == IMPLICIT_LITTLE} == {"1.2.840.10008.1.2"}
    assert {uid for uid in found if encoding_of(uid) == EXPLICIT_BIG} == {"1.2.840.10008.1.2.2"}


@pytest.mark.parametrize(
    "uid",
    [
        "",
        "1.2.840.10008.1.20",
        "1.2.840.10008.1.2.6.2",
        "1.2.840.10008.1.2.DOE^JANE",
        "1.2.840.10008.1.2.1.19580417",
        "1.2.840.10008.1.2.1 ",
        "1.2.840.113619.5.2",
        "1.2.840.10008.1.2.1.97",
        "1.2.840.10008.5.1.4.1.1.4",
    ],
)
def test_a_transfer_syntax_that_the_standard_does_not_define_is_held(uid: str) -> None:
    # it is written to the new File Meta Information, so it must not be anybody's words
    with pytest.raises(InstanceHeld, match=Reason.TRANSFER_SYNTAX_UNKNOWN):
        encoding_of(uid)


def same_elements(file: PartTen, found: list[Element], how: Encoding, ds: pydicom.Dataset) -> None:
    """Compare with pydicom's reader: tags, and bytes where pydicom keeps them raw."""
    by_tag = {e.tag: e for e in found}  # of a tag that stands twice, pydicom keeps the last
    assert by_tag.keys() == {int(raw.tag) for raw in ds.values()}
    for raw in ds.values():
        element = by_tag[raw.tag]
        if isinstance(raw, pydicom.dataelem.RawDataElement):
            if raw.value is None or element.undefined:
                continue
            assert file.buffer[element.value : element.end] == raw.value
        elif element.vr == "SQ" and raw.VR == "SQ":
            inner, items = read_items(file.buffer, element, how)
            assert len(items) == len(raw.value)
            for got, expected in zip(items, raw.value, strict=True):
                same_elements(file, got, inner, expected)


def test_reads_what_pydicom_reads_in_all_files_of_others() -> None:
    held = {}
    for path in foreign_files():
        try:
            with open_part_ten(path) as file, quiet():
                ds = pydicom.dcmread(path)
                assert ds.file_meta.TransferSyntaxUID == file.transfer_syntax_uid
                same_elements(file, file.elements, file.encoding, ds)
        except InstanceHeld as error:
            held[path.name] = error.reason
    assert len(foreign_files()) > 200
    assert {n: r for n, r in held.items() if r != Reason.NOT_DICOM} == HELD_FOREIGN
    assert held.keys() - HELD_FOREIGN.keys() <= NO_PREFIX


HELD_FOREIGN = {
    "emri_small_jpeg_2k_lossless_too_short.dcm": Reason.TRUNCATED,
    "MR_truncated.dcm": Reason.TRUNCATED,
    "rtplan_truncated.dcm": Reason.TRUNCATED,
    "SC_rgb_jpeg.dcm": Reason.MALFORMED,  # explicit and implicit VR mixed
    "meta_missing_tsyntax.dcm": Reason.TRANSFER_SYNTAX_UNKNOWN,
}
NO_PREFIX = frozenset(
    {"OT-PAL-8-face.dcm", "ExplVR_BigEndNoMeta.dcm", "ExplVR_LitEndNoMeta.dcm", "no_meta.dcm"}
    | {"rtstruct.dcm", "README"}
)


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


def _read_all(file: PartTen, found: list[Element], how: Encoding, depth: int) -> None:
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
    started = time.perf_counter()
    read_through(path)
    assert time.perf_counter() - started < 2


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
    monkeypatch.setattr(encoding, "_MAX_INFLATED", 1 << 20)
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
    monkeypatch.setattr(encoding, "_INFLATED_PIECE", piece)
    for size in (0, 1, piece - 1, piece, piece + 1, 2 * piece, 4000):
        for body in (b"\0" * size, random.Random(size).randbytes(size)):
            assert encoding._inflate(deflate(body)) == body


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


def test_data_set_of_pydicom_in_every_encoding(tmp_path: Path) -> None:
    ds = mr_instance()
    ds.ReferencedImageSequence = [pydicom.Dataset()]
    ds.ReferencedImageSequence[0].ReferencedSOPInstanceUID = "1.2.3"
    for how, uid in TRANSFER_SYNTAXES.items():
        buffer = DicomBytesIO()
        buffer.is_implicit_VR, buffer.is_little_endian = how.implicit, how.little
        write_dataset(buffer, ds)
        path = tmp_path / uid
        path.write_bytes(part_ten(buffer.getvalue(), uid))
        with open_part_ten(path) as file, warnings.catch_warnings():
            assert file.encoding == how
            same_elements(file, file.elements, how, pydicom.dcmread(io.BytesIO(path.read_bytes())))
