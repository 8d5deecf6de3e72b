"""The Actions on single values: what stays, what changes, and what is nothing of its kind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casepack.deidentify import actions
from casepack.deidentify.actions import (
    Context,
    clean_value,
    compile_echo,
    dummy_value,
    keep_known_meaning,
    keep_value,
    replace_uids,
    required_value,
    shift_date,
)
from casepack.deidentify.cleaner import TextCleaner
from casepack.deidentify.descriptors import Kind, collect_echo
from casepack.deidentify.pseudonyms import Pseudonyms
from tests.deidentify.plans import tag
from tests.wire import LONG, SHORT

CONTEXT = Context(
    pseudonyms=Pseudonyms(key=b"k" * 32),
    patient_id="4711",
    days_into_the_past=700,
    echo=compile_echo([b"DOE^JANE", b"JANE", b"4711-A"]),
)
QUIET = Context(pseudonyms=Pseudonyms(key=b"k" * 32), patient_id="4711", days_into_the_past=700)


def keep(keyword: str, vr: str, value: bytes, context: Context = CONTEXT) -> bytes | None:
    return keep_value(tag(keyword), vr, value, context)


@pytest.mark.parametrize(
    ("keyword", "vr", "value"),
    [
        ("RepetitionTime", "DS", b"600 "),
        ("RepetitionTime", "DS", b" +6.0e-2\\-1\\.5 \\\\7. "),
        ("RepetitionTime", "DS", b""),
        ("RepetitionTime", "DS", b"600\0"),
        ("SeriesNumber", "IS", b" -12 "),
        ("StudyDate", "DA", b"20240108"),
        ("StudyDate", "DA", b"20240108-20240109\\2024.01.08"),
        ("StudyTime", "TM", b"101500.123456 \\10:15:00\\10"),
        ("AcquisitionDateTime", "DT", b"2024\\20240108101500.1+0100"),
        ("ReferencedSOPClassUID", "UI", b"1.2.840.10008.5.1.4.1.1.4\\1.2\0"),
        ("SequenceName", "SH", b"*tse2d1_15"),
        ("SequenceName", "LO", b"*tse2d1_15"),
        ("PatientSex", "CS", b"F "),
        ("SmokingStatus", "CS", b"UNKNOWN "),
        ("PatientWeight", "DS", b"72.5"),
        ("TimezoneOffsetFromUTC", "SH", b"+0100 "),
        ("PatientAge", "AS", b"060Y"),
        ("Rows", "US", b"DO"),
        ("RedPaletteColorLookupTableData", "OW", b"DOE^JANE"),
    ],
)
def test_a_value_of_its_kind_is_kept_byte_for_byte(keyword: str, vr: str, value: bytes) -> None:
    assert keep(keyword, vr, value) == value


@pytest.mark.parametrize(
    ("keyword", "vr", "value"),
    [
        # words in place of numbers, dates and UIDs
        ("RepetitionTime", "DS", b"MEIER "),
        ("RepetitionTime", "DS", b"600 born 1958 "),
        ("RepetitionTime", "DS", b"eee "),
        ("RepetitionTime", "LO", b"MEIER "),
        ("SeriesNumber", "IS", b"4711-B"),
        ("StudyTime", "TM", b"MEIER "),
        ("StudyTime", "TM", b"0171 5551234"),
        ("StudyDate", "DA", b"in 1958 "),
        ("AcquisitionDateTime", "DT", b"2024 MEIER"),
        ("ReferencedSOPClassUID", "UI", b"MEIER "),
        ("ReferencedSOPClassUID", "LO", b"1.2.MEIER"),
        ("PatientSex", "CS", b"MEIER "),
        ("PatientSex", "LO", b"F, Meier"),
        ("SmokingStatus", "CS", b"YES, 20 a day "),
        ("PatientWeight", "DS", b"72 kg "),
        ("PatientAge", "AS", b"60 years"),
        ("PatientAge", "LO", b"Meier "),
        ("TimezoneOffsetFromUTC", "SH", b"Wien"),
        # the patient's own
        ("SequenceName", "SH", b"tse JANE"),
        ("SequenceName", "SH", b"jane_t2 "),
        ("SequenceName", "UT", b"DoE^JaNe"),
        ("SequenceName", "SH", b"4711-a"),
        ("ImageType", "CS", b"JANE"),
    ],
)
def test_a_value_of_another_kind_or_the_patients_own_is_not_kept(
    keyword: str, vr: str, value: bytes
) -> None:
    assert keep(keyword, vr, value) is None


def test_a_number_that_is_a_patient_id_stays_a_number() -> None:
    context = Context(
        pseudonyms=QUIET.pseudonyms,
        patient_id="3500",
        days_into_the_past=7,
        echo=compile_echo([b"3500"]),
    )
    assert keep("RepetitionTime", "DS", b"3500", context) == b"3500"
    assert keep("SequenceName", "SH", b"3500", context) is None


@pytest.mark.parametrize("age", [b"090Y", b"091Y", b"119Y"])
@pytest.mark.parametrize("vr", ["AS", "LO", "SH"])
def test_ages_over_89_are_capped_whatever_the_vr_in_the_file(age: bytes, vr: str) -> None:
    assert keep("PatientAge", vr, age) == b"090Y"


def test_of_coded_values_only_the_one_that_echoes_goes() -> None:
    kept = keep("ImageType", "CS", b"ORIGINAL\\PRIMARY\\JANE\\M ")
    assert kept == b"ORIGINAL\\PRIMARY\\REMOVED\\M "
    assert keep("ProtocolName", "LO", b"spine\\JANE") is None


@pytest.mark.parametrize("text", [b"JANET", b"xJANE", b"JANE2", b"4711-AB", b"DOEJANE"])
def test_an_echo_is_a_whole_word(text: bytes) -> None:
    assert keep("SequenceName", "SH", text) == text


@pytest.mark.parametrize(
    ("identifier", "text"),
    [
        ("MÜLLER", "Müller"),
        ("Müller", "MÜLLER"),
        ("Ærø", "ÆRØ"),
        ("ΠΑΠΑΔΟΠΟΥΛΟΣ", "παπαδοπουλοσ"),
        ("Люксембург", "ЛЮКСЕМБУРГ"),
        ("山田", "山田"),
    ],
)
def test_an_echo_is_found_in_any_case_of_any_script(identifier: str, text: str) -> None:
    encodings = ["utf-8"] if not text.isascii() and ord(max(text)) > 255 else ["utf-8", "latin-1"]
    for encoding in encodings:
        echo = compile_echo([identifier.encode(encoding)])
        assert echo is not None
        assert echo.search(f"MR {text} 3".encode(encoding))
        assert not echo.search(b"MR 3")


@pytest.mark.parametrize("written", ["utf-8", "latin-1"])
@pytest.mark.parametrize("found", ["utf-8", "latin-1"])
def test_an_echo_is_found_in_the_character_set_of_another_file(written: str, found: str) -> None:
    echo = compile_echo(["Müller".encode(written)])
    assert echo is not None
    assert echo.search("t2 MÜLLER".encode(found))


def test_without_identifiers_nothing_echoes() -> None:
    assert compile_echo([]) is None


@given(words=st.lists(st.binary(min_size=1, max_size=12), min_size=1, max_size=6))
def test_any_bytes_can_be_an_identifier(words: list[bytes]) -> None:
    echo = compile_echo(words)
    assert echo is not None
    for word in words:
        assert echo.search(b"\\" + word + b"\\")


@given(word=st.text(min_size=1, max_size=8))
def test_identifiers_are_found_in_upper_and_lower_case(word: str) -> None:
    echo = compile_echo([word.encode()])
    assert echo is not None
    for text in (word, word.upper(), word.lower()):
        # letters whose other case has another length, such as sharp s, are matched as they stand
        if len(text) == len(word) and text.lower() == word.lower():
            assert echo.search(b"-" + text.encode() + b"-")


@given(value=st.binary(max_size=2000), vr=st.sampled_from([*SHORT, *LONG]))
def test_any_value_of_any_vr_is_kept_as_it_is_or_not_at_all(value: bytes, vr: str) -> None:
    for keyword in ("RepetitionTime", "PatientSex", "SequenceName", "StudyTime"):
        kept = keep(keyword, vr, value)
        assert kept is None or kept == value or vr in {"AS", "CS"}


def test_long_hostile_values_take_no_time() -> None:
    for value in (b" " * 500_000 + b"x", b"1" * 500_000 + b"x", b"\\" * 500_000 + b"x"):
        for vr in ("DS", "IS", "DA", "DT", "TM", "UI"):
            assert keep("RepetitionTime", vr, value) is None
    assert keep("SequenceName", "UT", b"JAN" * 200_000)


def test_known_meanings_are_kept_and_others_not() -> None:
    for meaning in (b"Thoracic spine", b"THORACIC SPINE ", b"Brain\0", b""):
        assert keep_known_meaning(meaning) == meaning
    for meaning in (b"Thoracic spine of Jane Doe", b"Dr. Meier", "Wirbelsäule".encode(), b"\xff"):
        assert keep_known_meaning(meaning) is None


def test_cleaning_knows_meanings_and_dates_and_with_the_option_words() -> None:
    assert clean_value(tag("CodeMeaning"), "LO", b"Brain", CONTEXT, b"") == b"Brain"
    assert clean_value(tag("StudyDate"), "DA", b"20240108", CONTEXT, b"") == b"20220207"
    assert clean_value(tag("StudyDate"), "LO", b"20240108", CONTEXT, b"") is None
    assert clean_value(tag("SeriesDescription"), "LO", b"T2", CONTEXT, b"") is None
    words = TextCleaner(collect_echo([(0x00100010, "PN", "Quillfeather^Amaranth")]))
    cleaning = replace(CONTEXT, words=words)
    series = tag("SeriesDescription")

    def cleaned(value: bytes, character_set: bytes = b"ISO_IR 100") -> bytes | None:
        return clean_value(series, "LO", value, cleaning, character_set)

    assert cleaned(b"t2_tse_sag_384 ") == b"t2_tse_sag_384 "
    assert cleaned(b"T2 sag Quillfeather") == b"T2 sag"
    assert cleaned(b"Quillfeather") is None
    assert cleaned("MRT Wirbelsäule".encode("latin-1")) == "MRT Wirbelsäule".encode("latin-1")
    assert cleaned("MRT Wirbelsäule Quillfeather".encode(), b"ISO_IR 192") == (
        "MRT Wirbelsäule".encode()
    )
    assert cleaned(b"T2\\Quillfeather\\T1") == b"T2\\\\T1"
    assert cleaned(b"\xff\xfe", b"ISO_IR 192") is None
    maker = tag("Manufacturer")
    assert clean_value(maker, "LO", b"Boreas Imaging", cleaning, b"") == b"Boreas Imaging"
    assert clean_value(maker, "LO", b"Quillfeather Imaging", cleaning, b"") == b"Imaging"
    assert shift_date("DT", b"20240108101500\0", CONTEXT) == b"20220207101500"
    assert shift_date("DA", b"MEIER", CONTEXT) is None


def test_uids_are_replaced_one_by_one_and_noted() -> None:
    noted: dict[str, str] = {}
    one, empty, two, three, well_known = replace_uids(
        b"1.2.3\\\\1.2.4 \\1.2.3\\1.2.840.10008.5.1.4.1.1.4\0", CONTEXT, noted
    ).split(b"\\")
    assert one == three != two
    assert empty == b""
    assert well_known == b"1.2.840.10008.5.1.4.1.1.4"
    assert noted == {
        "1.2.3": one.decode(),
        "1.2.4": two.decode(),
        "1.2.840.10008.5.1.4.1.1.4": "1.2.840.10008.5.1.4.1.1.4",
    }


@pytest.mark.parametrize("vr", [*SHORT, *LONG])
def test_there_is_a_dummy_of_every_vr(vr: str) -> None:
    dummy = dummy_value(tag("SeriesDescription"), vr, b"1.2.3", CONTEXT, {})
    assert dummy not in {b"", b"1.2.3"}
    assert len(dummy) <= 16 or vr == "UI"


def test_required_dummies_are_of_the_patient_and_equal_for_equal_originals() -> None:
    code = CONTEXT.patient_code
    assert required_value(tag("PatientID"), b"x", CONTEXT) == code.encode()
    assert required_value(tag("PatientName"), b"x", CONTEXT) == f"Case^{code}".encode()
    assert required_value(tag("StudyDate"), b"x", CONTEXT) == b"19000101"
    assert required_value(tag("StudyTime"), b"x", CONTEXT) == b"000000"
    one, same, two = (required_value(tag("StudyID"), v, CONTEXT) for v in (b"1", b"1 ", b"2"))
    assert one == same != two
    assert dummy_value(tag("PatientID"), "LO", b"another", CONTEXT, {}) == code.encode()


def test_the_patient_is_not_shown() -> None:
    assert "4711" not in repr(CONTEXT)
    assert "JANE" not in repr(CONTEXT)
    assert "700" not in repr(CONTEXT)


def test_names_in_other_spellings_do_not_stay_in_coded_values() -> None:
    words = TextCleaner(collect_echo([(0x00080090, "PN", "Häfliger^Urs^^Dr.")]))
    cleaning = replace(QUIET, words=words)

    def kept(value: bytes, context: Context) -> bytes | None:
        return keep_value(tag("ImageType"), "CS", value, context)

    for name in (b"DR_HAFLIGER", b"HAEFLIGER", b"HAFLIGER_URS"):
        value = b"ORIGINAL\\PRIMARY\\M\\" + name + b" "
        assert kept(value, QUIET) == value
        assert kept(value, cleaning) == b"ORIGINAL\\PRIMARY\\M\\REMOVED"
    for plain in (b"ORIGINAL\\PRIMARY\\M\\ND\\NORM", b"DERIVED\\SECONDARY\\DR", b"DIS2D "):
        assert kept(plain, cleaning) == plain
    assert keep_value(tag("BodyPartExamined"), "CS", b"TSPINE", cleaning) == b"TSPINE"


def test_the_kinds_that_are_named_are_kinds() -> None:
    # they are written as values, so that the words are not imported for them
    assert set(Kind) >= actions._NAMING
