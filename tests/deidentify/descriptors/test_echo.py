from __future__ import annotations

import pytest

from casepack.deidentify.descriptors import Kind, clean_descriptor, collect_echo, read_vocabulary
from casepack.deidentify.descriptors.folding import fold_text, fold_word, spellings
from casepack.deidentify.descriptors.transliteration import romanize_name

PATIENT_NAME, PATIENT_ID, STUDY_ID = 0x00100010, 0x00100020, 0x00200010
STATION, INSTITUTION, STUDY_DATE = 0x00081010, 0x00080080, 0x00080020
STUDY_DESCRIPTION = 0x00081030


def kinds(text: str, *values: tuple[int, str, str]) -> tuple[str, list[Kind]]:
    cleaned = clean_descriptor(text, collect_echo(values), read_vocabulary())
    return cleaned.text, [removal.kind for removal in cleaned.removals]


def test_a_name_is_kept_part_by_part_without_titles_and_placeholders():
    echo = collect_echo([(PATIENT_NAME, "PN", "de Vries-Smit^Anna Lena^^Dr.^Jr")])
    assert {"vries", "smit", "vriessmit", "anna", "lena"} <= echo.names
    assert not {"dr", "jr"} & echo.names
    assert not collect_echo([(PATIENT_NAME, "PN", "Anonymous^None")]).names


def test_a_name_without_carets_is_read_by_its_words():
    for value in ("Okonkwo, Ada", "Ada Okonkwo", "OKONKWO ADA"):
        assert {"okonkwo", "ada"} <= collect_echo([(PATIENT_NAME, "PN", value)]).names


def test_umlauts_are_known_in_both_spellings():
    echo = collect_echo([(PATIENT_NAME, "PN", "Größle^Jörn")])
    assert {"grossle", "groessle", "jorn", "joern"} <= echo.names
    assert "grosle" in collect_echo([(PATIENT_NAME, "PN", "Groesle")]).names


def test_turkish_letters_fold_to_one_form():
    assert fold_word("I\u015eIK") == fold_word("\u0131\u015f\u0131k") == "isik"
    assert fold_word("\u0130NC\u0130") == fold_word("inci") == "inci"


def test_folding_knows_the_way_back():
    folded = fold_text("Straße\u00adn ﬁn ﾀﾞ")
    assert folded.text == "strassen fin タ"
    start = folded.text.index("ss")
    assert folded.original(start, start + 2) == (4, 5)
    assert folded.original(start, start + 1) == (4, 5)
    assert fold_word("e\u0301") == "e"
    assert spellings("Jörg") == {"jorg", "joerg"}


def test_names_of_other_scripts_are_also_known_in_latin_letters():
    echo = collect_echo([(PATIENT_NAME, "PN", "=佐藤^大輔=さとう^だいすけ")])
    assert {"sato", "satou", "satoh", "daisuke"} <= echo.names
    assert {"佐藤大輔", "佐藤", "大輔"} <= set(echo.ideographs)
    assert "huijung" in romanize_name("희중")
    assert "kim" in romanize_name("김")
    assert "lyuksemburg" in romanize_name("Люксембург")
    assert "dionysios" in romanize_name("Διονύσιος")
    assert not romanize_name("Smith")


def test_only_identifying_attributes_are_collected():
    echo = collect_echo([(STUDY_DESCRIPTION, "LO", "Kestrel 12345678")])
    assert not echo.names
    assert not echo.numbers
    assert collect_echo([]) == collect_echo([(PATIENT_ID, "LO", "")])


def test_all_values_of_a_multi_valued_attribute_are_collected():
    echo = collect_echo([(0x00101000, "LO", "77-123456\\88-123456")])
    assert {"77123456", "88123456"} <= echo.numbers


def test_dates_of_nobody_and_invalid_dates_are_not_collected():
    values = [(STUDY_DATE, "DA", value) for value in ("19000101", "20231345", "x", "20240229")]
    assert collect_echo(values).dates == {(2024, 2, 29)}


def test_the_order_of_the_headers_does_not_matter():
    values = [(PATIENT_NAME, "PN", "Abe^Ito"), (PATIENT_ID, "LO", "445566"), (STATION, "SH", "ZX9")]
    assert collect_echo(values) == collect_echo(reversed(values))


def test_no_value_stands_in_its_representation():
    echo = collect_echo([(PATIENT_NAME, "PN", "Kestrel^Ada"), (INSTITUTION, "LO", "Moorfield")])
    assert "estrel" not in repr(echo).lower()
    assert "moorfield" not in repr(echo).lower()


def test_an_ordinary_station_name_stays():
    assert kinds("Titan T2", (STATION, "SH", "Titan")) == ("Titan T2", [])


def test_a_station_name_of_its_own_goes():
    assert kinds("T2 MRWS17X", (STATION, "SH", "MRWS17X")) == ("T2", [Kind.ECHO_ID])


def test_an_ordinary_word_of_an_institution_stays_and_its_name_goes():
    header = (INSTITUTION, "LO", "Moorfield Spine Hospital")
    assert kinds("Spine routine", header) == ("Spine routine", [])
    left, found = kinds("Spine routine Moorfield", header)
    assert left == "Spine routine"
    assert found == [Kind.ECHO_PLACE]
    assert kinds("Spine Hospital T2", header)[0] == "T2"


def test_a_short_number_counts_only_behind_its_cue():
    header = (STUDY_ID, "SH", "42")
    assert kinds("T2 42 slices", header)[0] == "T2 42 slices"
    assert kinds("ID 42 T2", header) == ("T2", [Kind.CONNECTIVE, Kind.ECHO_ID])


def test_four_digits_stay_beside_a_parameter():
    header = (PATIENT_ID, "LO", "1000")
    assert kinds("ep2d b1000", header)[0] == "ep2d b1000"
    assert kinds("ep2d 1000", header)[0] == "ep2d"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Long TE, short TI", "Long TE, short TI"),
        ("MR Long", "MR"),
        ("long axis", "long axis"),
        ("LONG^PETER", ""),
        ("MRI for Long", "MRI"),
    ],
)
def test_a_double_use_name_of_the_study_stays_only_in_a_clinical_phrase(text, left):
    assert kinds(text, (PATIENT_NAME, "PN", "Long^Peter"))[0] == left


def test_an_eponym_that_is_the_patients_name_goes_everywhere():
    header = (PATIENT_NAME, "PN", "Scheuermann^Uwe")
    assert kinds("Morbus Scheuermann", header)[0] == "Morbus"
    assert kinds("Morbus Scheuermann")[0] == "Morbus Scheuermann"


def test_initials_go_only_in_the_place_of_a_name():
    header = (PATIENT_NAME, "PN", "Archer^Peter")
    assert kinds("PA chest", header)[0] == "PA chest"
    assert kinds("read by PA", header)[0] == ""
    assert kinds("chest P. Archer", header)[0] == "chest"
