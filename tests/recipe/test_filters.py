"""Sections %filter: read whole, kept as data."""

from __future__ import annotations

from importlib.resources import files

import pytest

from casepack.recipe import parse_filters
from casepack.recipe.filters import Criterion, Predicate, Region
from casepack.standard.dictionary import tag_for_keyword
from tests.recipe.recipes import fault, parse

IMAGE_TYPE, MODALITY, SERIES = 0x00080008, 0x00080060, 0x0008103E


def test_criteria_and_regions_are_read() -> None:
    recipe = parse(
        "%filter graylist # known places",
        "LABEL Dose report # (CTP)",
        "  contains Modality CT|MR",
        "  + contains ImageType SCREEN SAVE || empty SeriesDescription",
        "  || notEquals SeriesDescription AS+",
        "missing 0x00080008",
        "  coordinates 450,0,672, 85",
        "  ctpcoordinates 390,80,122,15",
        "  ctpkeepcoordinates 0,0,10,10",
        "  keepcoordinates from:SequenceOfUltrasoundRegions",
        "  coordinates all",
    )
    (found,) = recipe.filters
    (label,) = found.labels
    assert (found.name, label.name, label.source) == ("graylist", "Dose report", "test.dicom:5")
    first, second, third, fourth = label.lines
    assert first.criteria == (Criterion(predicate=Predicate.CONTAINS, tag=MODALITY, value="CT|MR"),)
    assert (second.joined, second.operators) == ("and", ("or",))
    assert second.criteria[1] == Criterion(predicate=Predicate.EMPTY, tag=SERIES)
    assert third.joined == "or"
    assert third.criteria[0].value == "AS+"
    assert (fourth.joined, fourth.criteria[0].tag) == ("", IMAGE_TYPE)
    assert label.regions == (
        Region(keep=False, box=(450, 0, 672, 85)),
        Region(keep=False, box=(390, 80, 512, 95)),
        Region(keep=True, box=(0, 0, 10, 10)),
        Region(keep=True, tag=tag_for_keyword("SequenceOfUltrasoundRegions")),
        Region(keep=False),
    )


def test_a_recipe_with_filters_says_that_they_are_not_used() -> None:
    recipe = parse("%filter a", "LABEL x", "coordinates all", "%filter b", "%filter a", "LABEL y")
    assert [(each.name, len(each.labels)) for each in recipe.filters] == [("a", 2), ("b", 0)]
    assert recipe.not_carried_out == (
        "%filter a (test.dicom:4): used with Option CleanPixelData alone",
        "%filter b (test.dicom:7): used with Option CleanPixelData alone",
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("contians Modality CT", "unknown criterion"),
        ("contains Modality", "an Attribute and a value"),
        ("contains Modality CT # comment", "comment"),
        ("contains Modality (", "regular expression"),
        ("contains Manfacturer GE", "unknown Attribute"),
        ("missing Modality CT", "takes an Attribute"),
        ("empty", "takes an Attribute"),
        ("equals 0x0008 CT", "unknown Attribute"),
        ("coordinates", "four whole numbers"),
        ("coordinates 0,0,10", "four whole numbers"),
        ("coordinates 0,0,10,-1", "four whole numbers"),
        ("coordinates 10,10,10,20", "empty"),
        ("ctpcoordinates 5,5,0,5", "empty"),
        ("ctpcoordinates from:SequenceOfUltrasoundRegions", "four whole numbers"),
        ("coordinates from:Nothing", "unknown Attribute"),
        ("REMOVE Modality", "unknown criterion"),
        ("label x", "unknown criterion"),
        ("LABEL # nameless", "needs a name"),
    ],
)
def test_what_is_no_line_of_a_filter_is_refused(line: str, message: str) -> None:
    assert message in fault("%filter x", "LABEL y", line)
    assert fault("%filter x", "LABEL y", line).startswith("test.dicom:6: ")


def test_criteria_need_a_label() -> None:
    assert "before any LABEL" in fault("%filter x", "contains Modality CT")


def test_the_filters_that_deid_ships_are_read_but_for_labels_with_misspelt_attributes() -> None:
    text = (files("deid.data") / "deid.dicom").read_text("utf-8")
    filters, errors = parse_filters(text, "deid.dicom")
    assert [each.name for each in filters] == ["whitelist", "graylist", "blacklist"]
    wrong = [text.splitlines()[int(error.place.split(":")[1]) - 1].split()[2] for error in errors]
    assert wrong == ["OverlayDescription", "Manfacturer", "Manfacturer", "Manufacture"]
    assert [len(each.labels) for each in filters] == [2, 109 - len(wrong), 7]
    assert sum(len(label.regions) for each in filters for label in each.labels) == 111
