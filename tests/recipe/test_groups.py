"""Named groups of %fields and %values."""

from __future__ import annotations

import pytest

from casepack.recipe import Target
from tests.deidentify.plans import path
from tests.recipe.recipes import fault, parse


def test_a_group_of_fields_stands_for_its_members_wherever_it_is_defined() -> None:
    recipe = parse(
        "%header",
        "REMOVE fields:coils",
        "%fields coils # all of them",
        "FIELD ReceiveCoilName # one",
        "FIELD contains:TransmitCoil",
    )
    (line,) = recipe.lines
    assert line.selector.matches(Target(path("ReceiveCoilName")))
    assert line.selector.matches(Target(path("TransmitCoilName")))
    assert not line.selector.matches(Target(path("SequenceName")))
    assert [exact.text for exact in line.selector.exact_members] == ["ReceiveCoilName"]


def test_values_are_read_and_kept_and_said_to_be_unused() -> None:
    recipe = parse(
        "%values who",
        'SPLIT PatientName by="^";minlength=4 # parts',
        "SPLIT endswith:Name",
        "FIELD PatientID",
        "SPLIT PatientID by=' '",
    )
    members = recipe.values["who"].members
    assert [(each.separator, each.shortest) for each in members] == [
        ("^", 4),
        (" ", 1),
        (None, 1),
        (" ", 1),
    ]
    assert recipe.not_carried_out == ("%values who (test.dicom:4): only known_words is used",)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("%fields x", "SPLIT PatientName"), "unknown action"),
        (("%fields x", "field PatientName"), "unknown action"),
        (("%fields x", "REMOVE PatientName"), "unknown action"),
        (("%fields x", "FIELD"), "one selector"),
        (("%fields x", "FIELD PatientName PatientID"), "one selector"),
        (("%fields x", "FIELD fields:y"), "another group"),
        (("%fields x", "FIELD NoSuchAttribute"), "unknown Attribute"),
        (("%fields x",), "says nothing"),
        (("%values x", "SPLIT"), "one selector"),
        (("%values x", "SPLIT PatientName splitval='^'"), "by= and minlength="),
        (("%values x", "SPLIT PatientName minlength=four"), "by= and minlength="),
        (("%values x", "SPLIT PatientName by="), "empty"),
    ],
)
def test_what_is_no_line_of_a_group_is_refused(lines: tuple[str, ...], message: str) -> None:
    assert message in fault(*lines)


def test_words_of_the_site_are_no_attributes() -> None:
    recipe = parse("%values known_words", "FIELD ufspine # ours", "FIELD Quickrad2", "FIELD 腰椎")
    assert recipe.known_words == ("ufspine", "Quickrad2", "腰椎")
    assert not recipe.values
    assert not recipe.not_carried_out


@pytest.mark.parametrize("line", ["FIELD 12345", "FIELD x1", "FIELD two words", "SPLIT a", "FIELD"])
def test_numbers_and_sentences_cannot_be_made_known(line: str) -> None:
    assert "FIELD and one word" in fault("%values known_words", line)


def test_a_group_cannot_name_what_no_line_may_touch() -> None:
    assert fault("%fields ids", "FIELD SOPInstanceUID", "%header", "REMOVE fields:ids")
