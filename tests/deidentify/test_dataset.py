"""Data Sets: what becomes of values, and what survives."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from casepack.encoding import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    Encoding,
    encode_element,
    encode_sequence,
)
from casepack.part_ten import deflate
from casepack.recipe import Recipe
from tests.builders import mr_instance
from tests.deidentify.plans import RECIPES, recipe
from tests.deidentify.running import (
    deidentify_dataset,
    file_of,
    from_bytes,
    mr_elements,
    output_bytes,
    to_bytes,
)
from tests.wire import DEFLATE, ENCODINGS, item, part_ten, sequence

EXPLICIT = EXPLICIT_LITTLE
MAPPING = 0x00409096  # Real World Value Mapping Sequence: kept, with LUT Label (0040,9210)


def with_element(encoded: bytes, tag: int, how: Encoding = EXPLICIT) -> bytes:
    return file_of(how, mr_elements(how) | {tag: encoded})


def label(how: Encoding) -> bytes:
    return encode_element(0x00409210, "SH", b"x ", how)


def code(value: str, scheme: str, meaning: str) -> Dataset:
    found = Dataset()
    found.CodeValue, found.CodingSchemeDesignator, found.CodeMeaning = value, scheme, meaning
    return found


@pytest.mark.parametrize("how", ENCODINGS)
@pytest.mark.parametrize("using", RECIPES)
def test_an_image_in_every_encoding(tmp_path: Path, how: Encoding, using: str) -> None:
    content = with_element(encode_element(0x00180080, "DS", b"600 ", how), 0x00180080, how)
    found = output_bytes(content, tmp_path, using)
    for planted in (b"DOE", b"JANE", b"4711", b"1.2.3.4", b"20240108"):
        assert planted not in found
    ds = from_bytes(found)
    assert ds.RepetitionTime == 600
    assert ds.PatientIdentityRemoved == "YES"
    assert ds.ImageType == ["ORIGINAL", "PRIMARY", "OTHER"]


@pytest.mark.parametrize("using", RECIPES)
@pytest.mark.parametrize("missing", [True, False])
def test_what_derived_objects_and_directories_need_is_there(
    tmp_path: Path, using: str, missing: bool
) -> None:
    elements = mr_elements(EXPLICIT)
    for tag, vr in (
        *((0x00080020, "DA"), (0x00080030, "TM"), (0x00100010, "PN"), (0x00100020, "LO")),
        *((0x00200010, "SH"), (0x00080050, "SH"), (0x00080090, "PN"), (0x00100030, "DA")),
        (0x00100040, "CS"),
    ):
        elements.pop(tag, None)
        if not missing:
            elements[tag] = encode_element(tag, vr, b"", EXPLICIT)
    ds = from_bytes(output_bytes(file_of(EXPLICIT, elements), tmp_path, using))
    assert ds.StudyDate == "19000101"
    assert ds.StudyTime == "000000"
    assert ds.PatientID
    assert ds.PatientName == f"Case^{ds.PatientID}"
    assert ds.StudyID
    for keyword in ("AccessionNumber", "ReferringPhysicianName", "PatientBirthDate", "PatientSex"):
        assert ds[keyword].is_empty


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("length", [8, 48, 56, 80, 12_600])
@pytest.mark.parametrize("how", ENCODINGS)
def test_an_echo_is_found_wherever_it_stands_in_a_kept_text(
    tmp_path: Path, how: Encoding, length: int, place: str
) -> None:
    # the length that stands before a value may look like a letter: 48 is "0", 12,600 ends in "1"
    filler = b"." * (length - 5)
    text = b"JANE " + filler if place == "first" else filler + b" JANE"
    vr = "UC" if length > 64 else "LO"
    content = with_element(encode_element(0x00180024, vr, text, how), 0x00180024, how)
    assert b"JANE" not in output_bytes(content, tmp_path)


@pytest.mark.parametrize("text", [b"jane", b"Jane^t2", b"4711-a ", b"doe^jane", b"x (JANE)"])
def test_an_echo_goes_in_nested_text_too(tmp_path: Path, text: bytes) -> None:
    inner = encode_element(0x00409210, "SH", text, EXPLICIT)
    content = with_element(encode_sequence(MAPPING, [inner], EXPLICIT), MAPPING)
    found = output_bytes(content, tmp_path).lower()
    assert text.strip().lower() not in found


def test_names_that_an_option_retains_do_not_echo_themselves(tmp_path: Path) -> None:
    ds = mr_instance(
        InstitutionName="Klinikum Nord",
        StationName="SCANNER7",
        DeviceSerialNumber="40713",
        SequenceName="at Klinikum Nord",
    )
    using = recipe("RetainInstitutionIdentity", "RetainDeviceIdentity")
    out = deidentify_dataset(ds, tmp_path / "a", using)
    assert out.InstitutionName == "Klinikum Nord"
    assert (out.StationName, out.DeviceSerialNumber) == ("SCANNER7", "40713")
    assert "SequenceName" not in out
    assert b"Klinikum" not in output_bytes(to_bytes(ds), tmp_path / "b", "basic")


def test_code_meanings_that_no_vocabulary_knows_are_replaced(tmp_path: Path) -> None:
    ds = mr_instance()
    ds.ContrastBolusAgentSequence = [
        code("C-B0317", "SRT", "Gadolinium"),
        code("1", "SRT", "Meier"),
    ]
    ds.AnatomicRegionSequence = [code("122495006", "SCT", "Thoracic spine")]
    found = deidentify_dataset(ds, tmp_path)
    assert found.AnatomicRegionSequence[0].CodeMeaning == "Thoracic spine"
    one, two = found.ContrastBolusAgentSequence
    assert one.CodeMeaning in {"Gadolinium", "REMOVED"}
    assert two.CodeMeaning == "REMOVED"


def test_codes_of_a_local_scheme_are_replaced_whole(tmp_path: Path) -> None:
    ds = mr_instance()
    ds.ContrastBolusAgentSequence = [code("GADO-ZZ", "99ZZHOSPITAL", "Brain")]
    (found,) = deidentify_dataset(ds, tmp_path, "basic").ContrastBolusAgentSequence
    assert (found.CodeValue, found.CodingSchemeDesignator) == ("REMOVED", "99CASEPACK")
    assert found.CodeMeaning == "Removed"


def test_what_a_local_code_means_is_cleaned_and_its_code_and_scheme_go(tmp_path: Path) -> None:
    ds = mr_instance(PatientName="Quillfeather^Amaranth")
    ds.ProcedureCodeSequence = [
        code("ZZ-77", "99ZZHOSPITAL", "MR lumbar spine for Quillfeather"),
        code("ZZ-78", "99ZZHOSPITAL", "MR lumbar spine"),
        code("ZZ-79", "L", "Quillfeather"),
    ]
    written = output_bytes(to_bytes(ds), tmp_path / "a")
    assert b"ZZ" not in written
    one, same, none = deidentify_dataset(ds, tmp_path / "b").ProcedureCodeSequence
    assert one.CodeMeaning == same.CodeMeaning == "MR lumbar spine"
    assert one.CodeValue == same.CodeValue != none.CodeValue
    assert {each.CodingSchemeDesignator for each in (one, same, none)} == {"99CASEPACK"}
    assert (none.CodeValue, none.CodeMeaning) == ("REMOVED", "Removed")


def test_uids_are_replaced_alike_wherever_they_stand(tmp_path: Path) -> None:
    ds = mr_instance()
    frame = str(ds.FrameOfReferenceUID)
    ds.RequestAttributesSequence = []
    inner = Dataset()
    inner.ReferencedSOPClassUID = ds.SOPClassUID
    inner.ReferencedSOPInstanceUID = str(ds.SOPInstanceUID)
    series = Dataset()
    series.SeriesInstanceUID = str(ds.SeriesInstanceUID)
    series.ReferencedInstanceSequence = [inner]
    ds.ReferencedSeriesSequence = [series]
    ds.IrradiationEventUID = ["1.2.3.5", "1.2.3.6", str(ds.FrameOfReferenceUID)]
    found = deidentify_dataset(ds, tmp_path)
    assert found.ReferencedSeriesSequence[0].SeriesInstanceUID == found.SeriesInstanceUID
    reference = found.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0]
    assert reference.ReferencedSOPInstanceUID == found.SOPInstanceUID
    assert reference.ReferencedSOPClassUID == ds.SOPClassUID
    assert found.FrameOfReferenceUID != frame
    assert len({*found.IrradiationEventUID}) == 3
    assert found.IrradiationEventUID[2] == found.FrameOfReferenceUID


def test_well_known_uids_stay(tmp_path: Path) -> None:
    ds = mr_instance(FrameOfReferenceUID="1.2.840.10008.1.4.1.1")
    assert deidentify_dataset(ds, tmp_path).FrameOfReferenceUID == "1.2.840.10008.1.4.1.1"


@pytest.mark.parametrize("using", [*RECIPES, recipe("RetainLongitudinalFullDates")])
def test_invalid_dates_follow_the_profile(tmp_path: Path, using: str | Recipe) -> None:
    elements = mr_elements(EXPLICIT) | {
        tag: encode_element(tag, vr, value, EXPLICIT)
        for tag, vr, value in (
            (0x00080020, "DA", b"MEIER "),
            (0x00080030, "TM", b"MEIER "),
            (0x00080021, "LO", b"MEIER "),
            (0x00080023, "DA", b"19580417 MEIER"),
            (0x00080033, "TM", b"MEIER "),
            (0x0008002A, "DT", b"19580417-MEIER"),
        )
    }
    found = output_bytes(file_of(EXPLICIT, elements), tmp_path, using)
    assert b"MEIER" not in found
    assert b"19580417" not in found
    ds = from_bytes(found)
    assert (ds.StudyDate, ds.StudyTime) == ("19000101", "000000")
    assert ds["ContentTime"].is_empty
    assert ds["ContentDate"].is_empty
    assert "AcquisitionDateTime" not in ds


def test_acquisition_geometry_and_pixels_survive_byte_for_byte(tmp_path: Path) -> None:
    ds = mr_instance(
        SequenceName="*tse2d1_15",
        PatientWeight="61.5",
        PatientSize="1.70",
        PatientPosition="HFS",
        PercentSampling="80",
        RescaleSlope="2.5",
        RescaleIntercept="-1",
        NumberOfFrames="1",
        AnatomicRegionSequence=[code("122495006", "SCT", "Thoracic spine")],
        DiffusionBValue=800.0,
    )
    content = to_bytes(ds)
    found = output_bytes(content, tmp_path)
    with_file = {e.tag: e for e in from_bytes(content)}
    out = from_bytes(found)
    removed = {tag for tag in with_file if tag not in out}
    assert removed == set()
    replaced = {
        *("SOPInstanceUID", "StudyDate", "SeriesDate", "PatientName", "PatientID", "StudyID"),
        *("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"),
    }
    changed = {e.keyword for e in from_bytes(content) if out[e.tag].value != e.value}
    assert changed == replaced
    assert out.PixelData == ds.PixelData


@pytest.mark.parametrize("vr", ["OB", "OW"])
def test_encapsulated_pixels_survive_byte_for_byte(tmp_path: Path, vr: str) -> None:
    frames = [item(b"\0\0\0\0", EXPLICIT), item(b"\xff\xd8JANE\xff\xd9", EXPLICIT)]
    pixels = sequence(0x7FE00010, frames, EXPLICIT, vr)
    elements = mr_elements(EXPLICIT) | {0x7FE00010: pixels}
    content = file_of(EXPLICIT, elements, "1.2.840.10008.1.2.4.50")
    found = output_bytes(content, tmp_path, "basic")
    assert found.endswith(pixels)
    assert from_bytes(found).file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.50"


def test_a_deflated_image_is_read_and_written_deflated(tmp_path: Path) -> None:
    elements = mr_elements(EXPLICIT)
    body = b"".join(elements[tag] for tag in sorted(elements))
    found = output_bytes(part_ten(deflate(body), DEFLATE), tmp_path)
    assert found[200:].find(b"DOE") < 0
    ds = from_bytes(found)
    assert ds.file_meta.TransferSyntaxUID == DEFLATE
    assert ds.PatientIdentityRemoved == "YES"


@pytest.mark.parametrize(
    ("character_set", "text"),
    [
        (b"ISO_IR 100", "Wirbelsäule".encode("latin-1")),
        (b"ISO_IR 144", "позвоночник".encode("iso8859_5")),
        (b"ISO_IR 192", "脊椎 Wirbelsäule".encode()),
        (b"GB18030 ", "脊椎".encode("gb18030")),
        (b"\\ISO 2022 IR 87", b"\x1b$B@TDG\x1b(B"),
        (b"ISO 2022 IR 13\\ISO 2022 IR 87", b"\xbe\xb7\xc2\xb2\x5c\x1b$B@TDG\x1b(J"),
        (b"\\ISO 2022 IR 149", b"\x1b$)C\xc3\xb4\xc3\xdf"),
    ],
)
def test_kept_text_of_any_character_set_survives_byte_for_byte(
    tmp_path: Path, character_set: bytes, text: bytes
) -> None:
    elements = mr_elements(EXPLICIT) | {
        0x00080005: encode_element(0x00080005, "CS", character_set, EXPLICIT),
        0x00180024: encode_element(0x00180024, "LO", text, EXPLICIT),
        0x00081030: encode_element(0x00081030, "LO", text, EXPLICIT),
    }
    found = output_bytes(file_of(EXPLICIT, elements), tmp_path, "basic")
    assert elements[0x00080005] in found
    assert elements[0x00180024] in found
    assert elements[0x00081030] not in found


def test_the_marks_replace_what_an_earlier_run_said(tmp_path: Path) -> None:
    ds = mr_instance(
        PatientIdentityRemoved="NO",
        DeidentificationMethod="by Dr. Meier",
        LongitudinalTemporalInformationModified="UNMODIFIED",
    )
    ds.DeidentificationMethodCodeSequence = [code("113106", "DCM", "x")]
    out = deidentify_dataset(ds, tmp_path / "a")
    assert out.PatientIdentityRemoved == "YES"
    assert out.LongitudinalTemporalInformationModified == "MODIFIED"
    assert "Meier" not in str(out.DeidentificationMethod)
    assert all(len(value) <= 64 for value in out.DeidentificationMethod)
    codes = [c.CodeValue for c in out.DeidentificationMethodCodeSequence]
    marks = ["113100", "113101", "113103", "113104", "113105", "113107", "113108", "113111"]
    assert codes == marks
    assert out.BurnedInAnnotation == "NO"
    assert {c.CodingSchemeDesignator for c in out.DeidentificationMethodCodeSequence} == {"DCM"}
    basic = deidentify_dataset(ds, tmp_path / "b", "basic")
    assert basic.LongitudinalTemporalInformationModified == "REMOVED"
    assert [c.CodeValue for c in basic.DeidentificationMethodCodeSequence] == ["113100"]
    full = deidentify_dataset(ds, tmp_path / "c", recipe("RetainLongitudinalFullDates"))
    assert full.LongitudinalTemporalInformationModified == "UNMODIFIED"
    assert full.StudyDate == ds.StudyDate


def test_a_literal_value_of_a_recipe_is_written(tmp_path: Path) -> None:
    using = recipe(header="REPLACE Manufacturer ACME Ltd\nBLANK PositionReferenceIndicator\n")
    out = deidentify_dataset(mr_instance(PositionReferenceIndicator="XY"), tmp_path, using)
    assert out.Manufacturer == "ACME Ltd"
    assert out.PositionReferenceIndicator == ""


def test_float_pixel_padding_and_at_values_survive_in_big_endian(tmp_path: Path) -> None:
    how = EXPLICIT_BIG
    pointer = encode_element(0x00280009, "AT", struct.pack(">HH", 0x0018, 0x1063), how)
    rows = encode_element(0x00280010, "US", struct.pack(">H", 64), how)
    elements = mr_elements(how) | {0x00280010: rows, 0x00280009: pointer}
    found = output_bytes(file_of(how, elements), tmp_path)
    assert rows in found
