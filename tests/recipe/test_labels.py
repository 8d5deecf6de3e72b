"""Lines of %labels: one Profile, its Options, overrides with reasons, and nothing else."""

from __future__ import annotations

import pytest

from casepack.errors import RecipeError
from casepack.model import Option
from casepack.recipe import OPTION_NAMES, parse_recipe
from tests.recipe.recipes import PROFILE, fault, parse


def test_every_option_of_annex_e_can_be_declared() -> None:
    assert set(OPTION_NAMES.values()) == set(Option)
    for name, option in OPTION_NAMES.items():
        assert parse(labels=(f"ADD Option {name} # comment",)).options == {option}


def test_the_option_that_retains_uids_is_written_as_the_standard_does() -> None:
    assert OPTION_NAMES["RetainUIDs"] is Option.RETAIN_UIDS


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("ADD Option Everything", "unknown Option"),
        ("ADD Option cleandescriptors", "unknown Option"),
        ("ADD Option CleanDescriptors CleanGraphics", "one word"),
        ("ADD Option", "a label is written"),
        ("REMOVE Option CleanDescriptors", "a label is written"),
        ("ADD MAINTAINER somebody", "labels are"),
        ("ADD option CleanDescriptors", "labels are"),
        (PROFILE, "one Profile"),
        ("ADD Override InstitutionName", "reason"),
        ("ADD Override InstitutionName # why", "reason"),
        ("ADD Override contains:Institution all ours", "one Attribute"),
        ("ADD Override ALL all ours", "one Attribute"),
        ("ADD Override SOPInstanceUID why", "sets this"),
        ("ADD Override NoSuchAttribute why", "unknown Attribute"),
        ("ADD Override 00291010 csa", "by its creator"),
    ],
)
def test_what_is_no_label_is_refused_with_its_line(label: str, message: str) -> None:
    assert message in fault(labels=(label,))
    assert fault(labels=(label,)).startswith("test.dicom:4: ")


@pytest.mark.parametrize("label", ["", "ADD Profile SomeOtherProfile"])
def test_a_recipe_declares_the_basic_profile(label: str) -> None:
    with pytest.raises(RecipeError, match="one Profile"):
        parse_recipe(f"FORMAT dicom\n%labels\n{label}\n", "test.dicom")


def test_full_and_modified_dates_exclude_one_another() -> None:
    labels = (
        "ADD Option RetainLongitudinalFullDates",
        "ADD Option RetainLongitudinalModifiedDates",
    )
    assert fault(labels=labels).startswith("test.dicom:5: full and modified dates")
