"""A Plan as a document: complete, equal to the golden files, and what the engine then does.

``CASEPACK_UPDATE_GOLDEN=1 pytest tests/recipe/test_explain.py`` writes the golden files anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from casepack.deidentify.explaining.explain import (
    COLUMNS,
    Explanation,
    explain_plan,
    retained_private,
)
from casepack.errors import InstanceHeld
from casepack.model import Action
from casepack.recipe import list_recipes, parse_recipe, read_recipe
from casepack.standard.dictionary import format_tag
from casepack.standard.profile import profile_rows
from casepack.standard.sop_classes import sop_class_name, sop_class_uid
from casepack.standard.types import read_iod
from tests.builders import mr_instance
from tests.deidentify.plans import CLASSES
from tests.deidentify.running import deidentify_bytes, to_bytes
from tests.recipe.recipes import recipe_of

GOLDEN = Path(__file__).parent.parent / "golden"
MR = CLASSES["MR"]


def rows_of(recipe: str, sop_class: str = "MR") -> list[Explanation]:
    uid = sop_class_uid(sop_class)
    assert uid is not None
    return explain_plan(uid, read_recipe(recipe))


def top_level(rows: list[Explanation]) -> dict[str, Explanation]:
    found = [row for row in rows if not row.tag.startswith(">") and row.where != "not in the IOD"]
    by_tag = {row.tag: row for row in found}
    assert len(by_tag) == len([row for row in found if not row.where.startswith("ee =")]) + len(
        {row.tag for row in found if row.where.startswith("ee =")}
    )
    return by_tag


@pytest.mark.parametrize("recipe", list_recipes())
@pytest.mark.parametrize("sop_class", ["MR", "ENHANCED_MR"])
def test_the_plan_is_the_one_that_was_reviewed(recipe: str, sop_class: str) -> None:
    rows = [COLUMNS, *(row.row for row in rows_of(recipe, sop_class))]
    text = "".join("\t".join(row) + "\n" for row in rows)
    path = GOLDEN / f"plan-{recipe}-{sop_class}.tsv"
    if os.environ.get("CASEPACK_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8").splitlines() == text.splitlines(), (
        "the plan changed: review it, then run this test with CASEPACK_UPDATE_GOLDEN=1"
    )


@pytest.mark.parametrize("recipe", list_recipes())
def test_every_attribute_of_the_iod_and_of_the_table_is_there(recipe: str) -> None:
    rows = rows_of(recipe)
    iod = read_iod(MR)
    assert iod is not None
    shown = top_level(rows)
    for module in iod.modules:
        for tag in module.top_level:
            assert format_tag(tag) in shown, format_tag(tag)
    anywhere = {row.tag.strip(">") for row in rows}
    assert {format_tag(tag) for tag in profile_rows()} <= anywhere


def test_no_cell_breaks_the_table_and_every_row_says_who_decides() -> None:
    for row in rows_of("publication"):
        assert not any("\t" in cell or "\n" in cell for cell in row.row)
        assert row.source
        assert Action(row.action)


@pytest.mark.parametrize(
    ("recipe", "tag", "action", "source"),
    [
        ("basic", "(0008,103E)", "X", "E.1-1"),
        ("basic", "(0008,0021)", "X", "E.1-1"),
        ("publication", "(0008,0021)", "C", "E.1-1 113107"),
        ("publication", "(0010,1010)", "K", "E.1-1 113108"),
        ("tcia", "(0018,1000)", "K", "E.1-1 113109"),
        ("strict", "(0018,0024)", "X", "strict.dicom:11"),
        ("strict", "(0020,1040)", "Z", "strict.dicom:14"),
        ("basic", "(0012,0062)", "D", "casepack"),
        ("basic", "(0018,0081)", "K", "not in E.1-1"),
        ("basic", "(odd,eeee)", "X", "E.1-1"),
    ],
)
def test_rows_say_what_is_known_of_them(recipe: str, tag: str, action: str, source: str) -> None:
    row = top_level(rows_of(recipe))[tag]
    assert (row.action, row.source) == (action, source)


def test_what_is_inside_sequences_is_there_by_type_and_place() -> None:
    rows = [row for row in rows_of("basic") if row.tag == ">(0018,1000)"]
    assert {(row.type, row.action) for row in rows} == {("2", "Z"), ("3", "X")}
    assert any("DeviceSequence" in row.where for row in rows)


def test_what_is_inside_a_removed_sequence_is_not_listed() -> None:
    assert not any("RequestAttributesSequence" in row.where for row in rows_of("basic"))


def test_retained_private_attributes_are_those_of_the_table_and_of_the_recipe() -> None:
    text = recipe_of(
        "%header",
        'KEEP 0019,"ACME",01',
        'REMOVE 0019,"SIEMENS MR HEADER",0C',
        labels=("ADD Option RetainSafePrivate", 'ADD Override 0019,"ACME",01 why'),
    )
    found = {
        (creator, element): source
        for creator, _group, element, _vr, source in retained_private(parse_recipe(text, "t.dicom"))
    }
    assert found["ACME", 0x01] == "t.dicom:7"
    assert found["SIEMENS MR HEADER", 0x0D] == "E.3.10-1"
    assert ("SIEMENS MR HEADER", 0x0C) not in found
    assert retained_private(read_recipe("basic")) == []


def test_a_class_that_is_held_has_no_plan() -> None:
    with pytest.raises(InstanceHeld):
        rows_of("basic", "1.2.840.10008.5.1.4.1.1.88.33")


@pytest.mark.parametrize("recipe", list_recipes())
def test_the_engine_does_what_the_document_says(tmp_path: Path, recipe: str) -> None:
    ds = mr_instance(
        BurnedInAnnotation="NO",
        SeriesDescription="t2 sag",
        StationName="MR1",
        SequenceName="*tse",
        DeviceSerialNumber="4711",
        PatientAge="060Y",
        ProtocolName="spine",
        FrameOfReferenceUID="1.2.3",
        SliceLocation="3",
    )
    explained = top_level(rows_of(recipe))
    deidentified, _ = deidentify_bytes(to_bytes(ds), tmp_path, recipe)
    compared = 0
    for done in deidentified.record.actions:
        row = explained[done.tag]
        if row.source == "casepack":
            continue
        assert (done.action, done.source) == (row.action, row.source), done.tag
        compared += 1
    assert compared > 40


@pytest.mark.parametrize(
    ("name", "uid"),
    [
        ("MR", "1.2.840.10008.5.1.4.1.1.4"),
        ("mr", "1.2.840.10008.5.1.4.1.1.4"),
        ("ENHANCED_MR", "1.2.840.10008.5.1.4.1.1.4.1"),
        ("Enhanced MR Image Storage", "1.2.840.10008.5.1.4.1.1.4.1"),
        ("CT", "1.2.840.10008.5.1.4.1.1.2"),
        ("PET", "1.2.840.10008.5.1.4.1.1.128"),
        ("SEG", "1.2.840.10008.5.1.4.1.1.66.4"),
        ("1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.7"),
        ("1.2.840.10008.1.1", None),
        ("nothing", None),
        ("", None),
    ],
)
def test_sop_classes_have_short_names(name: str, uid: str | None) -> None:
    assert sop_class_uid(name) == uid


def test_a_sop_class_without_a_name_is_named_by_its_uid() -> None:
    assert sop_class_name(MR) == "MR Image Storage"
    assert sop_class_name("1.2.3") == "1.2.3"
