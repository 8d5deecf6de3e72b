"""Files that are held, each with its reason; what is not plainly right is not passed on."""

from __future__ import annotations

from pathlib import Path

import pytest

from casepack.encoding import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    Encoding,
    encode_element,
    encode_sequence,
)
from casepack.errors import StudyError
from casepack.model import Reason
from tests.deidentify.plans import RECIPES
from tests.deidentify.running import (
    deidentify_bytes,
    file_of,
    mr_elements,
    output_bytes,
)
from tests.wire import header

EXPLICIT = EXPLICIT_LITTLE
MAPPING = 0x00409096  # Real World Value Mapping Sequence: kept, with LUT Label (0040,9210)
SECRET = b"ZZSECRET"


def held_reason(content: bytes, folder: Path, using: str = "publication") -> Reason:
    """Return why one of two files was held."""
    good = mr_elements(EXPLICIT)
    good[0x00080018] = encode_element(0x00080018, "UI", b"1.2.3.999", EXPLICIT)
    contents = [content, file_of(EXPLICIT, good)]
    deidentified, crosswalk = deidentify_bytes(contents, folder, using)
    assert len(deidentified.instances) == 1
    (unused,) = crosswalk.unused
    assert deidentified.record.unused == ((unused.reason, 1),)
    return unused.reason


def with_element(encoded: bytes, tag: int, how: Encoding = EXPLICIT) -> bytes:
    return file_of(how, mr_elements(how) | {tag: encoded})


def label(how: Encoding) -> bytes:
    return encode_element(0x00409210, "SH", b"x ", how)


def test_un_in_big_endian_is_held(tmp_path: Path) -> None:
    encoded = encode_element(0x00180024, "UN", b"name", EXPLICIT_BIG)
    assert (
        held_reason(with_element(encoded, 0x00180024, EXPLICIT_BIG), tmp_path) is Reason.MALFORMED
    )


@pytest.mark.parametrize("using", RECIPES)
@pytest.mark.parametrize("vr", ["LO", "UT", "OB", "UN", "DS", "UL"])
def test_a_sequence_by_the_dictionary_that_is_none_in_the_file_never_passes(
    tmp_path: Path, vr: str, using: str
) -> None:
    content = with_element(encode_element(MAPPING, vr, SECRET, EXPLICIT), MAPPING)
    with pytest.raises(StudyError, match="every instance was held"):
        output_bytes(content, tmp_path, using)


@pytest.mark.parametrize(
    ("tag", "vr"),
    [
        (0x00180024, "SQ"),
        (0x00180024, "OB"),
        (0x00280010, "LO"),
        (0x00180080, "FD"),
        (0x00100020, "OW"),
    ],
)
def test_a_vr_that_the_dictionary_contradicts_is_held(tmp_path: Path, tag: int, vr: str) -> None:
    value = b"" if vr == "SQ" else b"4711-A"
    encoded = header(tag, vr, len(value), EXPLICIT) + value
    assert held_reason(with_element(encoded, tag), tmp_path) is Reason.MALFORMED


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (0x00280010, "US", b"\x40\0JANE DOE"),  # Rows: one number
        (0x00280010, "US", b"\x40"),
        (0x00280030, "DS", b"by Meier"),  # Pixel Spacing
        (0x00080016, "UI", b"1.2.840.10008.5.1.4.1.1.4\\x"),
    ],
)
def test_a_number_that_images_need_is_never_made_up(
    tmp_path: Path, tag: int, vr: str, value: bytes
) -> None:
    encoded = header(tag, vr, len(value), EXPLICIT) + value
    assert held_reason(with_element(encoded, tag), tmp_path) in {
        Reason.MALFORMED,
        Reason.SOP_CLASS_UNKNOWN,
    }


def test_a_number_that_images_do_not_need_is_left_out_if_it_is_none(tmp_path: Path) -> None:
    value = b"\x40\0\0\0JANE DOE"
    encoded = header(0x00180083, "DS", 6, EXPLICIT) + b"MEIER "
    encoded += header(0x00280106, "US", len(value), EXPLICIT) + value
    found = output_bytes(with_element(encoded, 0x00180083), tmp_path)
    assert b"JANE" not in found
    assert b"MEIER" not in found


@pytest.mark.parametrize("tag", [0x00180024, 0x00100010, 0x0020000D, 0x00080018])
def test_a_tag_that_stands_twice_is_held(tmp_path: Path, tag: int) -> None:
    vr = {0x00180024: "SH", 0x00100010: "PN"}.get(tag, "UI")
    twice = encode_element(tag, vr, b"1.2.3.4 ", EXPLICIT) * 2
    assert held_reason(with_element(twice, tag), tmp_path) is Reason.MALFORMED


def test_a_tag_that_stands_twice_in_an_item_is_held(tmp_path: Path) -> None:
    encoded = encode_sequence(MAPPING, [label(EXPLICIT) * 2], EXPLICIT)
    assert held_reason(with_element(encoded, MAPPING), tmp_path) is Reason.MALFORMED


@pytest.mark.parametrize("vr", ["LO", "UT", "UN", "OB"])
def test_a_uid_of_another_vr_never_passes(tmp_path: Path, vr: str) -> None:
    content = with_element(encode_element(0x00200052, vr, b"1.2.77", EXPLICIT), 0x00200052)
    try:
        assert b"1.2.77" not in output_bytes(content, tmp_path)
    except StudyError:
        assert vr != "UN"


@pytest.mark.parametrize("using", ["basic", "publication"])
@pytest.mark.parametrize("value", ["YES", "yes ", " YES", "YES\\NO", "MAYBE", "Y"])
def test_an_image_whose_header_does_not_exclude_burned_in_text_is_held(
    tmp_path: Path, value: str, using: str
) -> None:
    encoded = encode_element(0x00280301, "CS", value.encode(), EXPLICIT)
    content = with_element(encoded, 0x00280301)
    assert held_reason(content, tmp_path, using) is Reason.BURNED_IN


def test_a_secondary_capture_is_held_where_pixels_are_not_examined(tmp_path: Path) -> None:
    encoded = encode_element(0x00080016, "UI", b"1.2.840.10008.5.1.4.1.1.7", EXPLICIT)
    content = with_element(encoded, 0x00080016)
    assert held_reason(content, tmp_path, "basic") is Reason.SECONDARY_CAPTURE


@pytest.mark.parametrize("value", [b"NO", b"no", b"", b"NO "])
def test_an_image_whose_header_excludes_burned_in_text_passes(tmp_path: Path, value: bytes) -> None:
    encoded = encode_element(0x00280301, "CS", value, EXPLICIT)
    assert output_bytes(with_element(encoded, 0x00280301), tmp_path)


@pytest.mark.parametrize(
    ("uid", "reason"),
    [
        ("1.2.840.10008.5.1.4.1.1.88.33", Reason.STRUCTURED_CONTENT),
        ("1.2.840.10008.5.1.4.1.1.88.59", Reason.STRUCTURED_CONTENT),
        ("1.2.840.10008.5.1.4.1.1.11.1", Reason.GRAPHICS),
        ("1.2.840.10008.5.1.4.1.1.104.1", Reason.ENCAPSULATED_DOCUMENT),
        ("1.2.840.10008.5.1.4.1.1.9.4.1", Reason.AUDIO),
        ("1.2.840.10008.5.1.4.1.1.9.4.2", Reason.AUDIO),
        ("1.2.840.10008.5.1.4.1.1.4.99", Reason.SOP_CLASS_UNKNOWN),
        ("1.3.12.2.1107.5.9.1", Reason.SOP_CLASS_PRIVATE),
        ("MEIER", Reason.SOP_CLASS_PRIVATE),
        ("", Reason.NO_UID),
    ],
)
def test_objects_that_cannot_be_cleaned_are_held(tmp_path: Path, uid: str, reason: Reason) -> None:
    encoded = encode_element(0x00080016, "UI", uid.encode(), EXPLICIT)
    content = with_element(encoded, 0x00080016)
    good = mr_elements(EXPLICIT)
    good[0x00080018] = encode_element(0x00080018, "UI", b"1.2.3.999", EXPLICIT)
    # without the Options that clean them, reports and presentation states are among these
    both = [content, file_of(EXPLICIT, good)]
    deidentified, crosswalk = deidentify_bytes(both, tmp_path, "basic")
    assert [unused.reason for unused in crosswalk.unused] == [reason]
    assert len(deidentified.instances) == 1
