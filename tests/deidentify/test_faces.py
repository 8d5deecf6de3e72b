"""Clean Recognizable Visual Features, from files to files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from casepack.deidentify.crosswalk import write_crosswalk
from casepack.deidentify.report import write_report
from casepack.deidentify.studies import deidentify_file_set
from casepack.model import Deidentified, Option, Reason
from casepack.recipe import Recipe, parse_recipe
from casepack.study import read_file_set
from casepack.verify import collect_identifiers, verify_deidentified
from tests.deidentify.pixels.head_phantom import (
    CHIN,
    THROAT,
    is_face,
    is_spine,
    plane_points,
    read_all,
    signal,
    write_head_study,
    write_series,
)
from tests.deidentify.plans import shipped
from tests.deidentify.running import PSEUDONYMS

FACES = Option.CLEAN_RECOGNIZABLE_VISUAL_FEATURES
LUMBAR = {"SeriesDescription": "T2 LSPINE", "StudyDescription": "LSPINE"}


def asking(*labels: str) -> Recipe:
    """A recipe that cleans pixels and faces."""
    text = "\n".join(
        (
            "FORMAT dicom",
            "%labels",
            "ADD Profile BasicApplicationLevelConfidentialityProfile",
            "ADD Option CleanPixelData",
            "ADD Option CleanRecognizableVisualFeatures",
            *labels,
        )
    )
    return parse_recipe(text + "\n", "asking.dicom")


def deidentify(study: Path, recipe: Recipe, out: Path) -> Deidentified:
    return deidentify_file_set(read_file_set(study), recipe, PSEUDONYMS, out)[0]


def codes(ds: Dataset) -> set[str]:
    return {item.CodeValue for item in ds.DeidentificationMethodCodeSequence}


def numbered(folder: Path) -> dict[tuple[int, int], Dataset]:
    return {(ds.SeriesNumber, ds.InstanceNumber): ds for ds in read_all(folder)}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_head_study(tmp_path_factory.mktemp("head") / "study")


@pytest.fixture(scope="module")
def cleaned(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Deidentified:
    return deidentify(study, shipped("strict"), tmp_path_factory.mktemp("cleaned") / "out")


def test_no_series_shows_the_face_and_all_else_is_as_it_was(
    study: Path, cleaned: Deidentified
) -> None:
    before, after = numbered(study), numbered(cleaned.root)

    assert before.keys() == after.keys()
    skin = {1: 0, 2: 0, 3: 0}
    for place, old in before.items():
        new, points = after[place], plane_points(old)
        values = new.pixel_array
        front = (points[..., 2] > CHIN + 4) & (points[..., 1] < THROAT)
        skin[place[0]] += int((front & is_face(points)).sum())
        # not one voxel of the face, nor of the air before it
        assert (old.pixel_array[front] > 0).all()
        assert (values[front] == 0).all()
        kept = is_spine(points) | (points[..., 2] < CHIN - 8) | (points[..., 1] > THROAT + 8)
        assert np.array_equal(values[kept], old.pixel_array[kept])
        assert (signal(points)[is_spine(points)] > 0).all()
    assert min(skin.values()) > 100


def test_what_was_done_is_claimed_in_every_image(cleaned: Deidentified) -> None:
    for ds in read_all(cleaned.root):
        assert ds.RecognizableVisualFeatures == "NO"
        assert FACES.value in codes(ds)
    assert FACES in cleaned.record.options
    assert not any("Recognizable" in text for text in cleaned.record.not_carried_out)


def test_verification_finds_the_images_to_be_the_originals_but_for_the_face(
    study: Path, cleaned: Deidentified
) -> None:
    originals = read_file_set(study)
    names = collect_identifiers(originals)

    verified = verify_deidentified(cleaned, originals, names, programs=1)

    assert {check.name for check in verified.checks if check.findings} == set()
    pixels = next(check for check in verified.checks if check.name == "pixels")
    assert pixels.examined == len(cleaned.instances)


def test_an_image_with_a_face_becomes_a_derived_one_and_the_others_do_not(
    study: Path, cleaned: Deidentified
) -> None:
    before, after = numbered(study), numbered(cleaned.root)

    changed = {place for place, old in before.items() if old.PixelData != after[place].PixelData}
    derived = {place for place, new in after.items() if new.ImageType[0] == "DERIVED"}

    assert changed == derived
    assert 0 < len(changed) < len(before)


def test_the_reviewer_sees_before_and_after_beside_the_crosswalk_and_nowhere_else(
    study: Path, tmp_path: Path
) -> None:
    deidentified, crosswalk = deidentify_file_set(
        read_file_set(study), shipped("strict"), PSEUDONYMS, tmp_path / "out"
    )

    write_crosswalk(tmp_path / "crosswalk", crosswalk)

    assert (tmp_path / "crosswalk/faces/index.html").is_file()
    assert list((tmp_path / "crosswalk/faces").glob("*.png"))
    # what was covered for the face is not counted as text
    assert deidentified.record.pixels is not None
    changes = [change for _, change in deidentified.record.pixels.changes]
    assert len(changes) == dict(deidentified.record.pixels.faces or ())["removed"]
    assert not any(change.text for change in changes)
    assert {path.suffix for path in deidentified.root.rglob("*") if path.is_file()} == {".dcm"}


def test_a_lumbar_study_keeps_every_bit_and_has_the_claim(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    write_series(
        tmp_path / "study", "sagittal", number=1, offsets=(-4, 0, 4), centre=(0, 0, -300),
        attributes=LUMBAR,
    )  # fmt: skip

    result = deidentify(tmp_path / "study", shipped("strict"), tmp_path / "out")

    before, after = numbered(tmp_path / "study"), numbered(result.root)
    for place, old in before.items():
        assert after[place].PixelData == old.PixelData
        assert after[place].RecognizableVisualFeatures == "NO"
        assert after[place].ImageType == old.ImageType
    assert FACES in result.record.options


def test_where_nobody_knows_the_report_says_so_and_nothing_is_claimed(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    write_series(tmp_path / "study", "sagittal", number=1, offsets=(0,), centre=(0, 0, -250))

    result = deidentify(tmp_path / "study", shipped("strict"), tmp_path / "out")
    write_report(tmp_path / "report.json", result.record)

    (ds,) = read_all(result.root)
    assert "RecognizableVisualFeatures" not in ds
    assert FACES.value not in codes(ds)
    assert FACES not in result.record.options
    report = json.loads((tmp_path / "report.json").read_text())
    assert any("faces were not assessed in 1 of 1 images" in t for t in report["not_carried_out"])
    assert report["pixels"]["faces"] == {"not-assessed": 1}


def test_an_original_that_claims_to_have_no_face_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    write_series(
        tmp_path / "study", "sagittal", number=1, offsets=(0,), centre=(0, 0, -250),
        attributes={"RecognizableVisualFeatures": "NO"},
    )  # fmt: skip

    result = deidentify(tmp_path / "study", shipped("strict"), tmp_path / "out")

    (ds,) = read_all(result.root)
    assert "RecognizableVisualFeatures" not in ds


def test_a_recipe_may_leave_localizers_out(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    write_series(folder, "sagittal", number=1, offsets=(0,), centre=(0, 0, -300), attributes=LUMBAR)
    write_series(
        folder, "sagittal", number=2, offsets=(0,), centre=(0, 0, 60),
        attributes={**LUMBAR, "ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]},
    )  # fmt: skip

    result = deidentify(folder, asking("ADD Face DropLocalizers"), tmp_path / "out")

    assert set(numbered(result.root)) == {(1, 1)}
    assert dict(result.record.unused) == {Reason.LOCALIZER: 1}
    assert not Reason.LOCALIZER.held
    assert FACES in result.record.options


def test_a_recipe_without_the_option_does_not_look_for_faces(study: Path, tmp_path: Path) -> None:
    result = deidentify(study, shipped("publication"), tmp_path / "out")

    before, after = numbered(study), numbered(result.root)
    assert all(after[place].PixelData == old.PixelData for place, old in before.items())
    assert all(FACES.value not in codes(ds) for ds in after.values())
    assert result.record.pixels is not None
    assert result.record.pixels.faces is None
