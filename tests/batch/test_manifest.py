"""Manifests: what they may say, what is wrong with them, and how they are drafted."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml

from casepack.batch.draft import draft_manifest, write_draft
from casepack.batch.manifest import Entry, ManifestError, read_manifest
from casepack.batch.task import Form
from casepack.deidentify.pseudonyms import Pseudonyms
from casepack.errors import StudyError, TargetError
from tests.batch.studies import NAMES, write_studies, write_study

PSEUDONYMS = Pseudonyms(key=b"k" * 32)


def read(path: Path) -> tuple[Entry, ...]:
    return read_manifest(path, PSEUDONYMS)


def written(folder: Path, text: str, name: str = "manifest.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_and_yaml_say_the_same(tmp_path: Path, separator: str) -> None:
    rows = [
        ("name", "study", "case", "recipe", "approved", "result", "crosswalk"),
        ("a-1", "s/a", "a.yaml", "tcia", "review.csv", "package", "yes"),
        ("b-2", "s3://bucket/b", "", "", "", "deidentified", "no"),
    ]
    text = "\ufeff" + "\r\n".join(separator.join(row) for row in rows) + "\r\n\r\n"
    entries = read(written(tmp_path, text))
    assert entries == (
        Entry(
            name="a-1",
            study=str(tmp_path / "s" / "a"),
            case_file=str(tmp_path / "a.yaml"),
            recipe="tcia",
            approved=tmp_path / "review.csv",
            keep_crosswalk=True,
        ),
        Entry(name="b-2", study="s3://bucket/b", form=Form.DEIDENTIFIED),
    )
    content = yaml.safe_dump(
        {
            "casepack_batch": 1,
            "recipe": "publication",
            "cases": [
                {"name": "b-2", "study": "s3://bucket/b", "result": "deidentified"},
                dict(zip(rows[0], (*rows[1][:6], True), strict=True)),
            ],
        }
    )
    assert read(written(tmp_path, content, "manifest.yaml")) == entries


def test_the_recipe_of_a_yaml_manifest_is_that_of_rows_without_one(tmp_path: Path) -> None:
    text = "casepack_batch: 1\nrecipe: basic\ncases: [{study: a}, {study: b, recipe: strict}]"
    recipes = [entry.recipe for entry in read(written(tmp_path, text, "m.yml"))]
    assert sorted(recipes) == ["basic", "strict"]


def test_names_that_are_not_given_say_nothing_and_stay(tmp_path: Path) -> None:
    write_studies(tmp_path / "studies", 3)
    names = [entry.name for entry in read(tmp_path / "studies")]
    assert len(set(names)) == 3
    for word in " ".join(NAMES).replace("^", " ").lower().split():
        assert all(word not in name for name in names)
    write_study(tmp_path / "studies" / "another", patient=9)
    assert set(names) < {entry.name for entry in read(tmp_path / "studies")}
    other = read_manifest(tmp_path / "studies", Pseudonyms(key=b"l" * 32))
    assert not set(names) & {entry.name for entry in other}


def test_a_folder_with_a_case_file_has_its_study_below(tmp_path: Path) -> None:
    write_study(tmp_path / "studies" / "a" / "study")
    (tmp_path / "studies" / "a" / "case.yaml").write_text("casepack: 1")
    write_study(tmp_path / "studies" / "b")
    (tmp_path / "studies" / ".hidden").mkdir()
    (tmp_path / "studies" / "notes.txt").write_text("no folder")
    entries = read(tmp_path / "studies")
    assert {(Path(one.study).name, one.case_file is not None) for one in entries} == {
        ("study", True),
        ("b", False),
    }


BAD = {
    "no column study": ("name,case\na,b\n", "manifest.csv:1: has no column study"),
    "unknown column": ("study,quillfeather\na,b\n", "manifest.csv:1: has a column"),
    "column twice": ("study,study\na,b\n", "manifest.csv:1: has a column"),
    "empty": ("study\n", "manifest.csv: names no case"),
    "no study": ("name,study\na,\n", "manifest.csv:2: names no study"),
    "too many cells": ("study\na,Quillfeather\n", "manifest.csv:2: has more cells"),
    "bad name": ("name,study\nQuillfeather,x\n", "manifest.csv:2: has a name"),
    "dots in a name": ("name,study\n..,x\n", "manifest.csv:2: has a name"),
    "same name": (
        "name,study\na,x\n\na,y\n",
        "has the same name as manifest.csv:2",
    ),
    "unknown recipe": ("study,recipe\nx,nothing\n", "manifest.csv:2: its recipe"),
    "recipe by URL": ("study,recipe\nx,s3://b/r.dicom\n", "manifest.csv:2: names a recipe"),
    "unknown result": ("study,result\nx,quillfeather\n", "manifest.csv:2: asks for"),
    "bad crosswalk": ("study,crosswalk\nx,quillfeather\n", "manifest.csv:2: crosswalk"),
    "case file without a package": (
        "study,case,result\nx,c.yaml,deidentified\n",
        "manifest.csv:2: names a case file",
    ),
    "broken quotes": ('study\n"x"y\n', "manifest.csv:2: is not CSV"),
    "password": ("study\ns3://quillfeather:secret@b/x\n", "a URL holds a password"),
}
BAD_YAML = {
    "no version": ("cases: []", "m.yaml: does not begin"),
    "no YAML": ("casepack_batch: 1\ncases: [\n", "m.yaml:3: is not YAML"),
    "no list": ("casepack_batch: 1\ncases: Quillfeather", "m.yaml: cases is not a list"),
    "unknown key": ("casepack_batch: 1\nquillfeather: 2", "m.yaml: holds something else"),
    "row is text": (
        "casepack_batch: 1\ncases: [Quillfeather]",
        r"m.yaml: cases\[0\]: is not a row",
    ),
    "value is a list": ("casepack_batch: 1\ncases: [{study: [a]}]", r"m.yaml: cases\[0\]: holds"),
}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [("manifest.csv", *one) for one in BAD.values()] + [("m.yaml", *o) for o in BAD_YAML.values()],
    ids=[*BAD, *BAD_YAML],
)
def test_what_is_wrong_is_named_with_its_place_and_without_its_value(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said) as error:
        read(written(tmp_path, text, name))
    shown = f"{error.value} {getattr(error.value, 'advice', '')}"
    assert "uillfeather" not in shown
    assert getattr(error.value, "advice", "")


def test_a_manifest_of_another_encoding_is_refused_with_advice(tmp_path: Path) -> None:
    for encoding in ("cp1252", "utf-16"):
        path = tmp_path / "manifest.csv"
        path.write_text("name;study\na;Räume\n", encoding=encoding)
        with pytest.raises(ManifestError, match="UTF-8") as error:
            read(path)
        assert "CSV UTF-8" in error.value.advice


def test_a_draft_names_folders_of_which_no_file_can_be_used(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    whole = write_study(root / "anna" / "first", patient=1) / "IM0001.dcm"
    for name in ("broken", "anna/part"):
        (root / name).mkdir()
        (root / name / "a.dcm").write_bytes(whole.read_bytes()[:200])
    (root / "empty").mkdir()
    (root / "letters").mkdir()
    (root / "letters" / "a.txt").write_text("no DICOM")
    write_study(root / "anna" / "part", patient=1, count=1)
    draft = draft_manifest(root, tmp_path / "manifest.csv")
    assert draft.unusable == ()
    assert "archive,,,,,," in draft.text, "one patient: the batch says what it holds"
    write_study(root / "bert", patient=2)
    draft = draft_manifest(root, tmp_path / "manifest.csv")
    assert draft.unusable == (root / "broken",)
    assert draft.cases == 2


def test_a_manifest_that_is_not_there_or_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no such file"):
        read(tmp_path / "Quillfeather.csv")
    with pytest.raises(ManifestError, match="holds no folders"):
        read(tmp_path)


def test_a_draft_takes_the_topmost_folders_of_one_patient(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    write_study(root / "2024" / "anna" / "first", patient=1)
    write_study(root / "2024" / "anna" / "second", patient=1, StudyInstanceUID="1.2.3")
    write_study(root / "2024" / "bert" / "study", patient=2)
    (root / "2024" / "bert" / "case.yaml").write_text("casepack: 1")
    write_study(root / "2025" / "anna", patient=1, count=3)
    write_study(root / "mixed", patient=1, count=1)
    write_study(root / "mixed" / "deep", patient=2)
    (root / "paper").mkdir()
    (root / "paper" / "letter.txt").write_text("no DICOM")
    draft = draft_manifest(root, tmp_path / "manifest.csv")
    lines = draft.text.splitlines()
    assert lines[0] == "name,study,case,recipe,approved,result,crosswalk,note"
    assert lines[1:] == [
        'case-0001,archive/2024/anna,,,,,,"2 studies, 4 instances"',
        'case-0002,archive/2024/bert,archive/2024/bert/case.yaml,,,,,"1 study, 2 instances"',
        'case-0003,archive/2025,,,,,,"1 study, 3 instances; same patient as case-0001"',
        'case-0004,archive/mixed/deep,,,,,,"1 study, 2 instances; same patient as case-0002"',
    ]
    assert (draft.cases, draft.mixed, draft.unusable) == (4, (root / "mixed",), ())
    in_yaml = draft_manifest(root, tmp_path / "manifest.yaml").text
    paths = [written(tmp_path, draft.text), written(tmp_path, in_yaml, "manifest.yaml")]
    assert read(paths[0]) == read(paths[1])
    assert len(read(paths[0])) == 4


def test_a_draft_is_private_and_overwrites_nothing(tmp_path: Path) -> None:
    write_studies(tmp_path / "studies", 2)
    path = tmp_path / "manifest.csv"
    write_draft(tmp_path / "studies", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_text()
    with pytest.raises(TargetError, match="exists"):
        write_draft(tmp_path / "studies", path)
    assert path.read_text() == before


def test_a_folder_without_a_patient_of_its_own_drafts_nothing(tmp_path: Path) -> None:
    write_study(tmp_path / "mixed", patient=1, count=1)
    write_study(tmp_path / "other", patient=2, count=1)
    (tmp_path / "other" / "IM0001.dcm").rename(tmp_path / "mixed" / "of-two.dcm")
    with pytest.raises(StudyError, match="one patient alone"):
        draft_manifest(tmp_path / "mixed", tmp_path / "manifest.csv")
    with pytest.raises(StudyError, match="does not exist"):
        draft_manifest(tmp_path / "nowhere", tmp_path / "manifest.csv")
