"""From the headers to the review sheet, and from the decisions back into the images."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest

from casepack.deidentify.key_file import write_new_key
from casepack.errors import ReviewError
from casepack.pipeline import Settings, deidentify_study
from tests.builders import mr_instance, write_instance

IDENTITY: dict[str, Any] = {
    "PatientName": "Quillfeather^Amaranth",
    "PatientID": "QF-558213",
    "SeriesDescription": "T2 sag zwirbelfix",
    "StudyDescription": "MR spine for Quillfeather",
    "ImageComments": "Cyst at T8, asked by aunt Amaranth",
}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    for number in range(1, 4):
        write_instance(
            mr_instance(instance=number, **IDENTITY), tmp_path / "study" / f"{number}.dcm"
        )
    return tmp_path / "study"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_new_key(tmp_path / "project.key")
    return Settings(
        recipe="publication",
        key_file=tmp_path / "project.key",
        crosswalk=tmp_path / "crosswalk",
    )


def read_sheet(settings: Settings) -> list[dict[str, str]]:
    assert settings.crosswalk is not None
    with (settings.crosswalk / "review.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def row_of(rows: list[dict[str, str]], name: str) -> dict[str, str]:
    (row,) = [row for row in rows if row["place"].endswith(name)]
    return row


def decide(settings: Settings, path: Path, name: str, decision: str, instead: str = "") -> Settings:
    row = {**row_of(read_sheet(settings), name), "decision": decision, "instead": instead}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row)
    return replace(settings, approved=path)


def read_results(out: Path) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path) for path in sorted(out.rglob("*.dcm"))]


def read_texts(out: Path) -> dict[str, Any]:
    texts: dict[str, Any] = json.loads((out / "report.json").read_text("utf-8"))["texts"]
    return texts


def test_each_distinct_text_is_listed_once_with_what_went(
    study: Path, settings: Settings, tmp_path: Path
) -> None:
    deidentify_study(study, tmp_path / "out", settings)
    rows = read_sheet(settings)
    row = row_of(rows, "Study Description")
    assert (row["original"], row["result"]) == ("MR spine for Quillfeather", "MR spine")
    assert "echo-name" in row["removed"].split()
    unknown = row_of(rows, "Series Description")
    assert (unknown["result"], unknown["unknown"]) == ("T2 sag", "zwirbelfix")
    assert len({row["id"] for row in rows}) == len(rows)
    assert all(row["decision"] == "" for row in rows)
    texts = read_texts(tmp_path / "out")
    assert texts["cleaned"] == len(rows)
    assert texts["changed"] == sum(row["original"] != row["result"] for row in rows) == 3
    assert texts["unknown_words"] == 1


def test_the_result_holds_counts_and_no_word_of_the_sheet(
    study: Path, settings: Settings, tmp_path: Path
) -> None:
    deidentify_study(study, tmp_path / "out", settings)
    assert settings.crosswalk is not None
    for name in ("review.csv", "review.html", "unknown_words.csv"):
        kept = settings.crosswalk / name
        assert b"zwirbelfix" in kept.read_bytes()
        assert kept.stat().st_mode & 0o777 == 0o600
    for path in (tmp_path / "out").rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert b"zwirbelfix" not in content
        assert b"uillfeather" not in content.lower()


def test_unknown_words_are_counted_for_the_site(
    study: Path, settings: Settings, tmp_path: Path
) -> None:
    deidentify_study(study, tmp_path / "out", settings)
    assert settings.crosswalk is not None
    text = (settings.crosswalk / "unknown_words.csv").read_text("utf-8")
    assert text == "word,values\nzwirbelfix,1\n"


def test_a_word_that_the_recipe_knows_stays(
    study: Path, settings: Settings, tmp_path: Path
) -> None:
    recipe = tmp_path / "site.dicom"
    shipped = Path("recipes/publication.dicom").read_text("utf-8")
    recipe.write_text(shipped + "%values known_words\nFIELD Zwirbelfix\nFIELD Amaranth\n", "utf-8")
    deidentify_study(study, tmp_path / "out", replace(settings, recipe=str(recipe)))
    for ds in read_results(tmp_path / "out"):
        assert ds.SeriesDescription == "T2 sag zwirbelfix"
        assert "Amaranth" not in ds.ImageComments, "a name of the study goes, whatever is known"


def test_a_text_that_a_person_rejects_goes(study: Path, settings: Settings, tmp_path: Path) -> None:
    deidentify_study(study, tmp_path / "out", settings)
    assert all(ds.SeriesDescription == "T2 sag" for ds in read_results(tmp_path / "out"))
    decided = decide(settings, tmp_path / "sheet.csv", "Series Description", "reject")
    deidentify_study(study, tmp_path / "again", decided)
    assert not any(ds.get("SeriesDescription") for ds in read_results(tmp_path / "again"))
    assert read_texts(tmp_path / "again")["rejected"] == 1
    assert row_of(read_sheet(decided), "Series Description")["decision"] == "reject"


def test_a_text_that_a_person_finds_harmless_stays_as_it_was(
    study: Path, settings: Settings, tmp_path: Path
) -> None:
    deidentify_study(study, tmp_path / "out", settings)
    decided = decide(settings, tmp_path / "sheet.csv", "Series Description", "keep")
    deidentify_study(study, tmp_path / "again", decided)
    assert all(
        ds.SeriesDescription == "T2 sag zwirbelfix" for ds in read_results(tmp_path / "again")
    )
    assert read_texts(tmp_path / "again")["kept"] == 1


def test_an_approved_text_is_written_as_it_was_or_in_the_words_of_the_person(
    study: Path, settings: Settings, tmp_path: Path
) -> None:
    deidentify_study(study, tmp_path / "out", settings)
    first = decide(settings, tmp_path / "sheet.csv", "Image Comments", "approve")
    deidentify_study(study, tmp_path / "same", first)
    (written,) = {ds.ImageComments for ds in read_results(tmp_path / "same")}
    assert written == row_of(read_sheet(first), "Image Comments")["result"]
    second = decide(first, tmp_path / "sheet.csv", "Image Comments", "approve", "Cyst at T8")
    deidentify_study(study, tmp_path / "other", second)
    assert {ds.ImageComments for ds in read_results(tmp_path / "other")} == {"Cyst at T8"}
    row = row_of(read_sheet(second), "Image Comments")
    assert (row["decision"], row["instead"]) == ("approve", "Cyst at T8")


@pytest.mark.parametrize(
    ("decision", "instead"),
    [("keep", ""), ("approve", "MR spine of Amaranth Quillfeather"), ("approve", "MR\x07 spine")],
)
def test_no_decision_brings_an_identifier_back(
    study: Path, settings: Settings, tmp_path: Path, decision: str, instead: str
) -> None:
    deidentify_study(study, tmp_path / "out", settings)
    decided = decide(settings, tmp_path / "sheet.csv", "Study Description", decision, instead)
    outcome = deidentify_study(study, tmp_path / "again", decided)
    assert all(ds.StudyDescription == "MR spine" for ds in read_results(tmp_path / "again"))
    assert read_texts(tmp_path / "again")["refused"] == 1
    assert outcome.deidentified.record.texts is not None
    assert row_of(read_sheet(decided), "Study Description")["decision"] == ""


def test_the_report_is_the_same_whatever_the_workers_and_after_a_resumed_run(
    tmp_path: Path, settings: Settings
) -> None:
    study = tmp_path / "many"
    for number in range(1, 41):
        changing = {**IDENTITY, "ImageComments": f"Cyst at T{number % 12 + 1} {number % 7}wrzlbr"}
        write_instance(mr_instance(instance=number, **changing), study / f"{number:02}.dcm")
    plain = replace(settings, crosswalk=None)
    deidentify_study(study, tmp_path / "one", plain)
    deidentify_study(study, tmp_path / "two", replace(plain, workers=2))
    (study / "17.dcm").touch()
    deidentify_study(study, tmp_path / "one", plain)
    one, two = ((tmp_path / name / "report.json").read_bytes() for name in ("one", "two"))
    assert one == two
    assert json.loads(one)["texts"]["unknown_words"] > 0


def test_results_of_other_decisions_are_not_built_upon(
    study: Path, settings: Settings, tmp_path: Path
) -> None:
    deidentify_study(study, tmp_path / "out", settings)
    decided = decide(settings, tmp_path / "sheet.csv", "Series Description", "reject")
    deidentify_study(study, tmp_path / "same", replace(settings, crosswalk=None))
    deidentify_study(study, tmp_path / "same2", replace(decided, crosswalk=None))
    assert not any(ds.get("SeriesDescription") for ds in read_results(tmp_path / "same2"))


def test_a_sheet_that_is_none_stops_before_anything_is_written(
    study: Path, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "sheet.csv").write_text("nothing", "utf-8")
    with pytest.raises(ReviewError):
        deidentify_study(
            study, tmp_path / "out", replace(settings, approved=tmp_path / "sheet.csv")
        )
    assert not (tmp_path / "out").exists()
