"""Encoding: what is written is read, and nothing that is not DICOM gets further than a reason."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Sequence
from pathlib import Path

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from casepack.encoding import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    Element,
    Encoding,
    encode_element,
    encode_sequence,
    read_items,
)
from casepack.errors import InstanceHeld
from casepack.model import Reason
from casepack.part_ten import DEFLATED, PartTen, deflate, encoding_of, open_part_ten
from casepack.standard.tables import read_table
from tests.builders import mr_instance, write_instance
from tests.foreign import foreign_files, quiet
from tests.wire import (
    DEFLATE,
    ENCODINGS,
    LONG,
    SHORT,
    TRANSFER_SYNTAXES,
    header,
    item,
    part_ten,
    read,
    sequence,
)

SEQUENCE = 0x00081140  # Referenced Image Sequence

tags = st.integers(0x00080000, 0x7FDFFFFF).filter(lambda tag: tag & 0xFFFF != 0)
values = st.binary(max_size=64).map(lambda value: value + b" " * (len(value) % 2))
elements = st.tuples(tags, st.sampled_from(SHORT + LONG), values)


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
        assert file.meta_value(0x00020002) == b"1.2.840.10008.5.1.4.1.1.4"
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
        for uid, row in read_table("UID_dictionary").items()  # pynetdicom adds to pydicom's own
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


def same_elements(
    file: PartTen, found: Sequence[Element], how: Encoding, ds: pydicom.Dataset
) -> None:
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
