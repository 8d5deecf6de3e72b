from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from casepack.annotate.draft import draft_lesions, find_drawings
from casepack.annotate.lesions import read_lesions
from casepack.annotate.measure import measure_lesions
from casepack.model import Deidentified, FileSet
from casepack.pipeline import draft_case_file
from tests.annotate.drawings import ellipse, rewrite
from tests.annotate.foreign import CANARY, markups, truth, write_nifti
from tests.builders import deidentified


def moved(root: Path) -> Deidentified:
    """Two studies, the second 100 mm to the left, so that a drawing fits one of them."""
    studies = deidentified(root, studies=2, series=2, slices=9)
    for number in range(9):
        later = replace(
            studies,
            studies=(
                replace(
                    studies.studies[1],
                    series=tuple(
                        replace(each, instances=each.instances[number : number + 1])
                        for each in studies.studies[1].series
                    ),
                ),
            ),
        )
        rewrite(later, ImagePositionPatient=[100 + number * 4.0, -48, 64])
    return studies


def test_drawings_beside_the_case_become_a_lesion_file_that_fits(tmp_path):
    studies = moved(tmp_path / "studies")
    folder = tmp_path / "case"
    folder.mkdir()
    values, affine, _ = truth(studies)
    labels = np.where(values > 0, 2, 0).astype(np.uint8)
    labels[0, 0, 0] = 1
    write_nifti(folder / "m.nii.gz", labels, affine)
    points = tuple((x + 104, y, z) for x, y, z in ellipse())
    markups(folder / "C.mrk.json", "LPS", points, name=CANARY)
    (folder / "case.yaml").write_text("")
    text = draft_lesions(find_drawings(folder), FileSet(root=tmp_path, studies=studies.studies))
    assert CANARY not in text
    drafted = json.loads(text)["lesions"]
    assert [each["drawings"][0] for each in drafted] == [
        {"file": "C.mrk.json", "time_point": 2, "series_number": 1},
        {"file": "m.nii.gz", "time_point": 1, "series_number": 1, "select": "1"},
        {"file": "m.nii.gz", "time_point": 1, "series_number": 1, "select": "2"},
    ]
    (folder / "lesions.json").write_text(text)
    measured = measure_lesions(studies, read_lesions(folder / "lesions.json"))
    assert [each.lesion.label for each in measured] == ["Lesion 1", "Lesion 2", "Lesion 3"]
    assert measured[0].measurements[0].time_point == 2
    assert measured[2].segments[0].volume_ml is not None


def test_drawing_that_fits_several_studies_is_left_open(tmp_path):
    studies = deidentified(tmp_path / "studies")
    path = markups(tmp_path / "C.mrk.json", "LPS", ellipse())
    text = draft_lesions([path], FileSet(root=tmp_path, studies=studies.studies))
    assert json.loads(text)["lesions"][0]["drawings"] == [{"file": "C.mrk.json"}]


def test_file_that_is_no_drawing_is_left_out(tmp_path):
    studies = deidentified(tmp_path / "studies", studies=1)
    (tmp_path / "x.nrrd").write_text(CANARY)
    file_set = FileSet(root=tmp_path, studies=studies.studies)
    assert draft_lesions(find_drawings(tmp_path), file_set) == ""


def test_init_writes_the_lesion_file_and_names_it(tmp_path):
    studies = deidentified(tmp_path / "studies", studies=1)
    folder = tmp_path / "case"
    folder.mkdir()
    draft_case_file(studies.root, folder / "plain.yaml")
    assert not (folder / "lesions.json").exists()
    assert "# lesions:" in (folder / "plain.yaml").read_text()
    markups(folder / "C.mrk.json", "LPS", ellipse())
    draft_case_file(studies.root, folder / "case.yaml")
    assert "\nlesions: lesions.json" in (folder / "case.yaml").read_text()
    assert len(read_lesions(folder / "lesions.json")) == 1
    (folder / "lesions.json").write_text("mine")
    draft_case_file(studies.root, folder / "again.yaml")
    assert (folder / "lesions.json").read_text() == "mine"
