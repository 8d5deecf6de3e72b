"""What deid itself understands of the shipped recipes, and where it is laxer than we are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from casepack.model import Option
from casepack.recipe import OPTION_NAMES, HeaderAction, list_recipes, parse_recipe, read_recipe
from tests.recipe.recipes import fault, recipe_of

_LOAD = """
import json, sys, warnings
warnings.simplefilter("ignore")  # deid imports matplotlib
from deid.config import DeidRecipe
from deid.logger import bot
bot.level = -10
print(json.dumps([DeidRecipe(path).deid for path in sys.argv[1:]]))
"""


def deid_reads(*paths: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, *map(str, paths)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def all_of_the_language(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = recipe_of(
        "%fields coils",
        "FIELD ReceiveCoilName",
        "FIELD contains:TransmitCoil",
        "%values who",
        'SPLIT PatientName by="^";minlength=4',
        "FIELD PatientID",
        "%values known_words",
        "FIELD ufspine",
        "%header",
        "ADD BodyPartExamined SPINE # comment",
        "BLANK PositionReferenceIndicator",
        "KEEP EchoTime",
        'KEEP (0019,"SIEMENS MR HEADER",0E)',
        'REMOVE 0019,"SIEMENS MR HEADER",0C',
        "REMOVE fields:coils",
        "REMOVE select:VR:UC",
        "REPLACE ImageComments two words",
        "%filter graylist",
        "LABEL Dose report # (CTP)",
        "contains Modality CT",
        "+ contains ImageType SAVE || empty ImageType",
        "ctpcoordinates 0,0,512,110",
        "keepcoordinates 0,0,5,5",
        labels=(
            "ADD Option CleanGraphics # comment",
            'ADD Override 0019,"SIEMENS MR HEADER",0E direction',
        ),
    )
    path = tmp_path_factory.mktemp("deid") / "all.dicom"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def both(
    all_of_the_language: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("shipped")
    paths = [folder / f"{name}.dicom" for name in list_recipes()]
    for path in paths:
        path.write_text(read_recipe(path.stem).text, encoding="utf-8")
    paths.append(all_of_the_language)
    return {path.stem: read for path, read in zip(paths, deid_reads(*paths), strict=True)}


@pytest.mark.parametrize("name", [*list_recipes(), "all"])
def test_deid_reads_the_same_lines_and_labels(
    name: str, both: dict[str, dict[str, Any]], all_of_the_language: Path
) -> None:
    theirs = both[name]
    ours = read_recipe(str(all_of_the_language) if name == "all" else name)
    assert theirs["format"] == "dicom"
    assert [
        (line["action"], line["field"], line.get("value", "").strip() or None)
        for line in theirs.get("header", [])
    ] == [(line.action.value, line.selector.text, line.value) for line in ours.lines]
    names = {option: name for name, option in OPTION_NAMES.items()}
    labels = [(label["field"], label["value"].strip()) for label in theirs["labels"]]
    assert [value for field, value in labels if field == "Profile"] == [
        "BasicApplicationLevelConfidentialityProfile"
    ]
    declared = {value for field, value in labels if field == "Option"}
    assert declared == {names[option] for option in ours.options}
    assert [value for field, value in labels if field == "Override"] == [
        f"{allowance.selector.text} {allowance.reason}" for allowance in ours.allowances
    ]


def test_deid_reads_the_same_groups_and_filters(
    both: dict[str, dict[str, Any]], all_of_the_language: Path
) -> None:
    theirs, ours = both["all"], read_recipe(str(all_of_the_language))
    assert {
        name: [line["field"] for line in lines] for name, lines in theirs["fields"].items()
    } == {
        name: [member.selector.text for member in group.members]
        for name, group in ours.groups.items()
    }
    assert [line["action"] for line in theirs["values"]["who"]] == [
        "FIELD" if member.separator is None else "SPLIT" for member in ours.values["who"].members
    ]
    (label,) = theirs["filter"]["graylist"]
    (found,) = ours.filters[0].labels
    assert label["name"].removeprefix("LABEL ") == found.name
    assert [line["action"] for line in label["filters"]] == [
        [criterion.predicate.value for criterion in line.criteria] for line in found.lines
    ]
    assert [line["operator"] or "" for line in label["filters"]] == [
        line.joined for line in found.lines
    ]
    assert [line["InnerOperators"] for line in label["filters"]] == [
        list(line.operators) for line in found.lines
    ]
    assert label["coordinates"] == [
        [int(region.keep), ",".join(map(str, region.box or ()))] for region in found.regions
    ]


def test_what_deid_loses_without_an_error_we_refuse_or_carry_out(tmp_path: Path) -> None:
    lost = recipe_of("%header", "remove SequenceName", "REMOV Laterality")
    commented = recipe_of("%header", "REMOVE SequenceName # comment")
    paths = [tmp_path / "lost.dicom", tmp_path / "commented.dicom"]
    for path, text in zip(paths, (lost, commented), strict=True):
        path.write_text(text, encoding="utf-8")
    theirs = deid_reads(*paths)
    assert theirs[0]["header"] == []
    assert "unknown action" in fault("%header", "remove SequenceName")
    assert "unknown action" in fault("%header", "REMOV Laterality")
    # an empty value is taken for a condition that does not hold: the line does nothing in deid
    assert theirs[1]["header"] == [{"action": "REMOVE", "field": "SequenceName", "value": ""}]
    (line,) = parse_recipe(commented, "test.dicom").lines
    assert (line.action, line.value) == (HeaderAction.REMOVE, None)


def test_the_recipes_that_deid_ships_are_no_recipes_for_casepack() -> None:
    from importlib.resources import files

    from casepack.recipe import parse_with_errors

    text = (files("deid.data") / "deid.dicom").read_text("utf-8")
    _recipe, errors = parse_with_errors(text, "deid.dicom")
    said = " ".join(error.message for error in errors)
    for part in ("must declare one Profile", "only literal values", "casepack sets this"):
        assert part in said
    assert Option.CLEAN_PIXEL_DATA not in _recipe.options
