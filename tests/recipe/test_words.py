"""Lines, sections, comments: the frame of the language."""

from __future__ import annotations

import pytest

from casepack.errors import RecipeError
from casepack.recipe import list_recipes, parse_recipe, read_recipe
from casepack.recipe.words import split_words
from tests.recipe.recipes import PROFILE, fault, parse, recipe_of


def test_comments_stand_alone_or_behind_a_blank() -> None:
    text = recipe_of("# whole line", "%header # of a section", "REMOVE SequenceName   # of a line")
    (line,) = parse_recipe(text, "test.dicom").lines
    assert line.selector.text == "SequenceName"
    assert line.source == "test.dicom:6"


def test_a_hash_inside_a_creator_is_no_comment() -> None:
    assert split_words('KEEP (0033,"A # B",1E) # why', "f:1") == ["KEEP", '(0033,"A # B",1E)']


def test_a_hash_glued_to_a_value_is_refused_since_deid_would_cut_the_value() -> None:
    assert "space before a comment" in fault("%header", "REPLACE SequenceName a#b")


def test_a_quote_that_is_not_closed_is_refused() -> None:
    assert "quote" in fault("%header", 'REMOVE 0019,"SIEMENS,0C')


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "f.dicom:1"),
        ("# nothing\n\n", "f.dicom:1"),
        ("\n# first\n%header\n", "f.dicom:3"),
        ("FORMAT nifti\n", "f.dicom:1"),
        ("format dicom\n", "f.dicom:1"),
        ("FORMAT dicom # comment\n", "f.dicom:1"),
    ],
)
def test_a_recipe_begins_with_its_format(text: str, place: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text, "f.dicom")
    assert caught.value.place == place


def test_the_format_may_be_written_in_any_case_as_in_deid() -> None:
    parse_recipe(f"FORMAT DICOM\n%LABELS\n{PROFILE}\n", "test.dicom")


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("%pixels", "unknown section"),
        ("%header names", "takes no name"),
        ("%labels names", "takes no name"),
        ("%filter", "needs a name"),
        ("%fields # name", "needs a name"),
        ("%values", "needs a name"),
    ],
)
def test_sections_are_those_of_deid_with_names_where_it_has_them(
    section: str, message: str
) -> None:
    assert fault(section).startswith("test.dicom:4: ")
    assert message in fault(section)


def test_what_stands_before_any_section_is_refused() -> None:
    with pytest.raises(RecipeError, match="before any section") as caught:
        parse_recipe("FORMAT dicom\nREMOVE SequenceName\n", "test.dicom")
    assert caught.value.place == "test.dicom:2"


def test_a_second_format_is_no_line_of_a_header() -> None:
    assert "unknown action" in fault("%header", "FORMAT dicom")


def test_sections_may_come_again_and_add_up() -> None:
    recipe = parse(
        "%header", "REMOVE SequenceName", "%fields a", "FIELD Rows", "%header", "REMOVE Laterality"
    )
    assert [line.selector.text for line in recipe.lines] == ["SequenceName", "Laterality"]


def test_the_first_of_several_errors_is_raised_by_line() -> None:
    assert fault("%header", "REMOV SequenceName", "%fields x", "FIELD Nothing").startswith(
        "test.dicom:5: "
    )


def test_every_shipped_recipe_is_read_by_name_and_by_path(tmp_path) -> None:
    assert list_recipes() == ("basic", "publication", "strict", "tcia")
    for name in list_recipes():
        by_name = read_recipe(name)
        copy = tmp_path / f"{name}.dicom"
        copy.write_text(by_name.text, encoding="utf-8")
        assert read_recipe(str(copy)) == by_name


def test_a_recipe_that_is_not_there_is_an_error_that_names_the_shipped_ones(tmp_path) -> None:
    with pytest.raises(RecipeError) as caught:
        read_recipe(str(tmp_path / "none.dicom"))
    assert "basic, publication" in caught.value.advice
    assert str(tmp_path) not in caught.value.message


def test_a_recipe_that_is_no_text_is_an_error(tmp_path) -> None:
    (tmp_path / "odd.dicom").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError):
        read_recipe(str(tmp_path / "odd.dicom"))
