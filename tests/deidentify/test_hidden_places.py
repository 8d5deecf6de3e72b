"""Where files hide things: meta, preamble, private and odd groups, Sequences, VR UN."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.uid import UID

from casepack.encoding import (
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    Encoding,
    encode_element,
    encode_sequence,
)
from tests.builders import mr_instance
from tests.deidentify.plans import RECIPES
from tests.deidentify.running import (
    file_of,
    from_bytes,
    mr_elements,
    output_bytes,
    to_bytes,
)
from tests.wire import ENCODINGS, header, item, part_ten, sequence

EXPLICIT = EXPLICIT_LITTLE
STEPS = 0x00400275  # Request Attributes Sequence
MAPPING = 0x00409096  # Real World Value Mapping Sequence: kept, with LUT Label (0040,9210)
SECRET = b"ZZSECRET"


def with_element(encoded: bytes, tag: int, how: Encoding = EXPLICIT) -> bytes:
    return file_of(how, mr_elements(how) | {tag: encoded})


def label(how: Encoding) -> bytes:
    return encode_element(0x00409210, "SH", b"x ", how)


@pytest.mark.parametrize(
    ("tag", "vr"),
    [
        (0x00041500, "CS"),
        (0x00080000, "UL"),
        (0x00090010, "LO"),
        (0x00091001, "LT"),
        (0x00104000, "LT"),
        (0x50003000, "OW"),
        (0x50FE2500, "LO"),
        (0x60003000, "OW"),
        (0x60004000, "LT"),
        (0x601E1500, "LO"),
        (0xFFFCFFFC, "OB"),
        (0x00111111, "UN"),
        (0x00081198, "UN"),
        (0x12345678, "LO"),
    ],
)
@pytest.mark.parametrize("how", ENCODINGS)
@pytest.mark.parametrize("using", RECIPES)
def test_what_no_image_may_carry_is_gone(
    tmp_path: Path, tag: int, vr: str, how: Encoding, using: str
) -> None:
    found = output_bytes(
        with_element(encode_element(tag, vr, SECRET, how), tag, how), tmp_path, using
    )
    assert SECRET not in found
    ds = from_bytes(found)
    assert tag not in ds
    assert all(element.tag.group not in range(0x6000, 0x6100) for element in ds)


@pytest.mark.parametrize(
    "tag",
    [
        0x04000561,  # Original Attributes Sequence
        0x04000500,  # Encrypted Attributes Sequence
        0xFFFAFFFA,  # Digital Signatures Sequence
        0x00880200,  # Icon Image Sequence
        0x00101100,  # Referenced Patient Photo Sequence
        0x00091140,  # private
        0x00081110,  # Referenced Study Sequence
        STEPS,
    ],
)
@pytest.mark.parametrize("undefined", [False, True])
@pytest.mark.parametrize("how", ENCODINGS)
def test_sequences_that_identify_are_gone_whole(
    tmp_path: Path, tag: int, undefined: bool, how: Encoding
) -> None:
    inner = encode_element(0x00181030, "LO", SECRET, how) + encode_element(
        0x00400254, "LO", SECRET, how
    )
    encoded = (
        sequence(tag, [item(inner, how, undefined=True)], how)
        if undefined
        else encode_sequence(tag, [inner], how)
    )
    assert SECRET not in output_bytes(with_element(encoded, tag, how), tmp_path)


def test_the_file_meta_information_is_made_anew(tmp_path: Path) -> None:
    ds = mr_instance()
    ds.file_meta.SourceApplicationEntityTitle = "ZZSECRET"
    ds.file_meta.SendingApplicationEntityTitle = "ZZSECRET"
    ds.file_meta.PrivateInformationCreatorUID = UID("1.2.3.999")
    ds.file_meta.PrivateInformation = SECRET
    ds.file_meta.ImplementationVersionName = "ZZSECRET"
    ds.preamble = SECRET * 16
    content = output_bytes(to_bytes(ds), tmp_path)
    assert SECRET not in content
    assert content[:132] == b"\0" * 128 + b"DICM"
    meta = from_bytes(content).file_meta
    assert [f"{e.tag}" for e in meta] == [
        *("(0002,0000)", "(0002,0001)", "(0002,0002)", "(0002,0003)"),
        *("(0002,0010)", "(0002,0012)", "(0002,0013)"),
    ]
    assert meta.MediaStorageSOPInstanceUID == from_bytes(content).SOPInstanceUID
    assert str(meta.ImplementationVersionName).startswith("CASEPACK")


@pytest.mark.parametrize("how", [EXPLICIT_LITTLE, IMPLICIT_LITTLE])
def test_a_sequence_of_vr_un_is_judged_inside(tmp_path: Path, how: Encoding) -> None:
    inner = encode_element(0x00081155, "UI", b"1.2.77", IMPLICIT_LITTLE) + encode_element(
        0x00104000, "LT", SECRET, IMPLICIT_LITTLE
    )
    for number, encoded in enumerate(
        (
            sequence(MAPPING, [item(label(IMPLICIT_LITTLE) + inner, IMPLICIT_LITTLE)], how, "UN"),
            header(MAPPING, "UN", len(label(IMPLICIT_LITTLE) + inner) + 8, how)
            + item(label(IMPLICIT_LITTLE) + inner, IMPLICIT_LITTLE),
        )
    ):
        found = output_bytes(with_element(encoded, MAPPING, how), tmp_path / str(number))
        assert SECRET not in found
        assert b"1.2.77" not in found
        assert from_bytes(found).RealWorldValueMappingSequence[0].LUTLabel == "x"


def test_un_of_a_known_attribute_is_judged_by_the_dictionary(tmp_path: Path) -> None:
    elements = mr_elements(EXPLICIT) | {
        tag: encode_element(tag, "UN", value, EXPLICIT)
        for tag, value in (
            (0x00100010, b"DOE^JANE"),
            (0x00101010, b"095Y"),
            (0x00100040, b"F "),
            (0x00181030, SECRET),
            (0x00180024, b"tse "),
            (0x00280010, b"\x40\0"),
        )
    }
    ds = from_bytes(output_bytes(file_of(EXPLICIT, elements), tmp_path))
    assert ds.PatientAge == "090Y"
    assert ds["PatientAge"].VR == "AS"
    assert ds.SequenceName == "tse"
    assert ds.Rows == 64
    assert ds.PatientSex == "F"
    assert str(ds.PatientName).startswith("Case^")
    assert "ProtocolName" not in ds


def test_text_of_another_vr_is_kept_if_it_is_what_it_should_be(tmp_path: Path) -> None:
    elements = mr_elements(EXPLICIT) | {
        0x00180024: encode_element(0x00180024, "LO", b"tse ", EXPLICIT),
        0x00180080: encode_element(0x00180080, "LO", b"600 ", EXPLICIT),
        0x00180081: encode_element(0x00180081, "LO", b"MEIER ", EXPLICIT),
    }
    found = output_bytes(file_of(EXPLICIT, elements), tmp_path)
    assert elements[0x00180024] in found
    assert elements[0x00180080] in found
    assert b"MEIER" not in found


def test_elements_out_of_order_are_sorted(tmp_path: Path) -> None:
    elements = mr_elements(EXPLICIT) | {
        0x00180080: encode_element(0x00180080, "DS", b"600 ", EXPLICIT),
        MAPPING: encode_sequence(
            MAPPING,
            [encode_element(0x00409224, "FD", b"\0" * 8, EXPLICIT) + label(EXPLICIT)],
            EXPLICIT,
        ),
    }
    body = b"".join(elements[tag] for tag in sorted(elements, reverse=True))
    ds = from_bytes(output_bytes(part_ten(body), tmp_path))
    tags = [element.tag for element in ds]
    assert tags == sorted(tags)
    inner = [e.tag for e in ds.RealWorldValueMappingSequence[0]]
    assert inner == sorted(inner)
    assert len(inner) == 2
