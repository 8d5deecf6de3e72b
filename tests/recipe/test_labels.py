"""Lines of %labels: one Profile, its Options, overrides with reasons, and nothing else."""

from __future__ import annotations

import pytest

from casepack.errors import RecipeError
from casepack.model import Option
from casepack.recipe import OPTION_NAMES, FaceRule, parse_recipe
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
        ("ADD Face DropLocalizers", "not declared"),
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


FACES = "ADD Option CleanRecognizableVisualFeatures"


def test_without_its_option_a_recipe_does_nothing_about_faces() -> None:
    assert parse(labels=("ADD Option CleanPixelData",)).faces is None
    assert parse(labels=(FACES,)).faces == FaceRule()


def test_the_region_of_the_face_and_the_loss_of_localizers_are_declared_by_labels() -> None:
    labels = (FACES, "ADD Face Above 118.5 InFrontOf -62 # seen in series 2")

    assert parse(labels=labels).faces == FaceRule(above=118.5, in_front_of=-62)
    assert parse(labels=(*labels, "ADD Face DropLocalizers")).faces == FaceRule(
        above=118.5, in_front_of=-62, drop_localizers=True
    )


@pytest.mark.parametrize(
    "label",
    [
        "ADD Face Everything",
        "ADD Face Above 118",
        "ADD Face Above 118 Behind -62",
        "ADD Face Above high InFrontOf -62",
        "ADD Face Above nan InFrontOf -62",
        "ADD Face DropLocalizers now",
    ],
)
def test_what_is_not_understood_about_faces_is_refused(label: str) -> None:
    assert "about faces" in fault(labels=(FACES, label))


def test_a_face_label_stands_once() -> None:
    label = "ADD Face Above 118 InFrontOf -62"

    assert "about faces" in fault(labels=(FACES, label, label))
