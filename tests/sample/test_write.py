"""What `write_sample` writes and refuses; the case file is one that casepack takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from casepack.case import read_case
from casepack.errors import TargetError, UsageError
from casepack.sample import write_sample
from tests.sample.conftest import Sample

CODES = Path(__file__).parents[2] / "casepack" / "standard" / "codes.json"


def test_all_parts_of_the_sample_are_there(sample: Sample) -> None:
    names = {path.name for path in sample.out.iterdir()}
    assert names == {"study", "case.yaml", "lesions.json", "planted.json"}
    assert {path.name for path in sample.study.iterdir()} == {"DICOM", "DICOMDIR", "README.TXT"}
    # Three planes, three sagittal series of 3, 5 axial; twice, and one screenshot.
    assert len(sample.paths) == 2 * (3 + 3 * 3 + 5) + 1


def test_the_case_file_is_a_full_case(sample: Sample) -> None:
    case = read_case(sample.out / "case.yaml")
    assert case.id == "iscm-0001"
    assert [point.day for point in case.time_points] == [0, 96]
    assert case.patient.age == 60
    assert case.patient.sex == "F"
    assert 4 <= len(case.figures) <= 6
    assert 2 <= len(case.keywords) <= 5
    assert all(case.discussion.model_dump().values())
    assert case.lesions == "lesions.json"
    assert "synthetic" in case.title
    assert "synthetic" in case.clinical_history
    series = {int(ds.SeriesNumber) for ds in sample.images.values()}
    tracked = {lesion["tracking_id"] for lesion in sample.lesions["lesions"]}
    for figure in case.figures:
        assert figure.series in series
        assert figure.lesion in tracked


def test_the_case_text_holds_no_planted_value(sample: Sample) -> None:
    text = (sample.out / "case.yaml").read_text("utf-8") + json.dumps(sample.lesions)
    assert [value for value in sample.planted["values"] if value in text] == []


def test_the_lesion_file_has_the_agreed_form(sample: Sample) -> None:
    content = sample.lesions
    assert (content["casepack_lesions"], content["coordinate_system"], content["unit"]) == (
        1, "LPS", "mm",
    )  # fmt: skip
    (lesion,) = content["lesions"]
    drawn = {(o["time_point"], o["series_number"]) for o in lesion["outlines"]}
    assert {(1, 5), (2, 5)} <= drawn
    assert {evaluation["time_point"] for evaluation in lesion["evaluations"]} == {1, 2}


def test_site_codes_have_the_meanings_of_the_table(sample: Sample) -> None:
    anatomy = {row["code"]: row["meaning"] for row in json.loads(CODES.read_text())["anatomy"]}
    for site in sample.lesions["lesions"][0]["sites"]:
        assert anatomy[site["value"]] == site["meaning"]


def test_a_folder_with_files_is_refused_without_naming_them(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("x")
    with pytest.raises(TargetError) as caught:
        write_sample(tmp_path, slices=1, size=32)
    assert "secret" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.txt"]


@pytest.mark.parametrize(("slices", "size"), [(0, 64), (3, 31), (-1, 320)])
def test_too_few_slices_or_rows_are_refused_before_anything_is_written(
    tmp_path: Path, slices: int, size: int
) -> None:
    with pytest.raises(UsageError):
        write_sample(tmp_path / "out", slices=slices, size=size)
    assert not (tmp_path / "out").exists()


def test_an_empty_folder_is_taken_and_progress_ends_at_the_total(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    write_sample(
        tmp_path, slices=1, size=32, progress=lambda *step: seen.append((step[0], step[1], step[2]))
    )
    assert {stage for stage, _, _ in seen} == {"sample"}
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert seen[-1][1] == seen[-1][2]
