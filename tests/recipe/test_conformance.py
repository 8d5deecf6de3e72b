"""The conformance statement of PS3.15 E.1.3: everything it must say, and nothing that is not so."""

from __future__ import annotations

import re

import pytest

from casepack.deidentify.explaining.conformance import MANNER, conformance_statement
from casepack.deidentify.plan import CARRIED_OUT
from casepack.model import Option, Reason
from casepack.recipe import list_recipes, parse_recipe, read_recipe
from casepack.standard.dictionary import format_tag
from casepack.standard.profile import profile_rows
from casepack.standard.safe_private import safe_private_vrs
from casepack.standard.uids import transfer_syntaxes
from tests.deidentify.plans import recipe as made
from tests.recipe.recipes import recipe_of


def statement(name: str) -> str:
    return conformance_statement(read_recipe(name))


def section(text: str, title: str) -> str:
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_every_option_that_is_carried_out_says_how() -> None:
    assert MANNER.keys() >= CARRIED_OUT


@pytest.mark.parametrize("name", list_recipes())
def test_every_listed_attribute_stands_in_exactly_one_place(name: str) -> None:
    listed = re.findall(r"^\| (\([0-9A-F]{4},[0-9A-F]{4}\)) \|", statement(name), re.MULTILINE)
    assert sorted(listed) == sorted(set(listed))
    assert {format_tag(tag) for tag in profile_rows()} <= set(listed)


@pytest.mark.parametrize("name", list_recipes())
def test_options_are_stated_as_they_are_carried_out(name: str) -> None:
    text, recipe = section(statement(name), "Profile and Options"), read_recipe(name)
    for option in Option:
        (state,) = re.findall(rf"^\| {option.value} \| [^|]+ \| ([^|]+) \|$", text, re.MULTILINE)
        if option not in recipe.options:
            assert state == "not declared"
        else:
            assert state.startswith("carried out") is (option in CARRIED_OUT)


def test_the_same_recipe_gives_the_same_text() -> None:
    assert statement("tcia") == statement("tcia")
    assert statement("tcia") != statement("publication")
    assert read_recipe("tcia").digest in statement("tcia")


def test_dates_are_stated_by_what_is_done_to_them() -> None:
    assert "whole weeks" in section(statement("publication"), "Dates and times")
    assert "No date" in section(statement("basic"), "Dates and times")
    full = conformance_statement(made("RetainLongitudinalFullDates"))
    assert "as they are" in section(full, "Dates and times")


def test_uids_are_stated_with_the_scope_of_referential_integrity() -> None:
    assert "scope of referential integrity" in section(
        statement("basic"), "UIDs and referential integrity"
    )
    kept = conformance_statement(made("RetainUIDs"))
    assert "are retained" in section(kept, "UIDs and referential integrity")


def test_private_attributes_are_listed_one_by_one_or_none() -> None:
    assert section(statement("basic"), "Retained private Attributes").strip() == "None."
    text = section(statement("tcia"), "Retained private Attributes")
    assert len(re.findall(r"[0-9A-F]{2} \([A-Z]{2}\)", text)) == len(safe_private_vrs())
    assert "| SIEMENS MR HEADER | 0019 | 0C (IS)" in text


def test_every_transfer_syntax_and_every_reason_is_there() -> None:
    text = statement("basic")
    for uid in transfer_syntaxes():
        assert f"({uid})" in section(text, "Transfer Syntaxes")
    for reason in Reason:
        assert (f"`{reason}`" in section(text, "SOP Classes")) is reason.held, reason
    assert "Comprehensive SR Storage" in section(text, "SOP Classes").partition("Held")[2]
    assert "MR Image Storage" in section(text, "SOP Classes").partition("Held")[0]


def test_lines_and_overrides_of_the_recipe_are_stated() -> None:
    text = recipe_of(
        "%filter f",
        "LABEL l",
        "coordinates all",
        "%header",
        "ADD BodyPartExamined SPINE",
        "KEEP InstitutionName",
        "REMOVE SequenceName",
        labels=("ADD Override InstitutionName it is ours",),
    )
    stated = conformance_statement(parse_recipe(text, "mine.dicom"))
    lines = section(stated, "Lines of the recipe")
    assert "`ADD BodyPartExamined SPINE` (mine.dicom:9)" in lines
    assert "InstitutionName (mine.dicom:4): it is ours" in lines
    assert "%filter f" in lines
    assert "(0018,0015) Body Part Examined" in section(stated, "Inserted Attributes")
    retained = section(stated, "Attributes").partition("### Retained ")[2]
    assert "| (0008,0080) | Institution Name | mine.dicom:10 |" in retained
    removed = section(stated, "Attributes").partition("### Retained ")[0]
    assert "| (0018,0024) | Sequence Name | mine.dicom:11 |" in removed


def test_dummies_are_stated_by_value_representation() -> None:
    text = section(statement("basic"), "Dummy values")
    assert "| DA | `19000101` |" in text
    assert "| FD | 8 zero bytes |" in text
    assert "Patient's Name" in text
