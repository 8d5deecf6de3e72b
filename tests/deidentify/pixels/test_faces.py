"""Faces: whether they can be in the picture, where they are, and that nothing else is covered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from casepack.deidentify.pixels.boxes import mask_of
from casepack.deidentify.pixels.faces import FaceVerdict, assess_faces
from casepack.deidentify.pixels.looks import Face
from casepack.recipe import FaceRule
from casepack.study import read_file_set
from tests.deidentify.pixels import head_phantom
from tests.deidentify.pixels.head_phantom import (
    CHIN,
    THROAT,
    is_face,
    is_spine,
    plane_points,
    read_all,
    write_head_study,
    write_series,
)

LOCALIZER = {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}


def assess(folder: Path, rule: FaceRule | None = None) -> dict[tuple[int, int], FaceVerdict]:
    """Verdicts by Series and Instance Number."""
    found = assess_faces(read_file_set(folder), rule or FaceRule())
    named = ((path.stem.split("-"), verdict) for path, verdict in found.items())
    return {(int(series), int(image)): verdict for (series, image), verdict in named}


def statuses(verdicts: Mapping[tuple[int, int], FaceVerdict]) -> set[Face]:
    return {verdict.status for verdict in verdicts.values()}


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_head_study(tmp_path_factory.mktemp("head") / "study")


def test_the_face_is_found_and_covered_in_all_directions_alike(head: Path) -> None:
    verdicts = assess(head)

    faces = {1: 0, 2: 0, 3: 0}
    for ds in read_all(head):
        verdict = verdicts[ds.SeriesNumber, ds.InstanceNumber]
        covered = mask_of(verdict.boxes.get(0, ()), ds.Rows, ds.Columns)
        points = plane_points(ds)
        face = is_face(points) & (points[..., 2] > CHIN)
        faces[ds.SeriesNumber] += int(face.sum())
        assert covered[face].all()
        # the air before the skin too: nothing of the outline stays
        before = (points[..., 2] > CHIN + 4) & (points[..., 1] < THROAT)
        assert covered[before].all()
        assert verdict.status is (Face.REMOVED if covered.any() else Face.ABSENT)
    assert min(faces.values()) > 100


def test_spine_and_all_below_the_chin_are_left_alone(head: Path) -> None:
    verdicts = assess(head)

    spine = 0
    for ds in read_all(head):
        covered = mask_of(
            verdicts[ds.SeriesNumber, ds.InstanceNumber].boxes.get(0, ()), ds.Rows, ds.Columns
        )
        points = plane_points(ds)
        spine += int(is_spine(points).sum())
        assert not covered[is_spine(points)].any()
        assert not covered[points[..., 2] < CHIN - 8].any()
        assert not covered[points[..., 1] > THROAT + 8].any()
    assert spine > 5000


def test_a_lumbar_study_is_left_alone(tmp_path: Path) -> None:
    lumbar = {"SeriesDescription": "T2 TSE SAG LSPINE", "StudyDescription": "MR Lumbar Spine"}
    write_series(
        tmp_path, "sagittal", number=1, offsets=(-4, 0, 4), centre=(0, 0, -300), attributes=lumbar
    )
    write_series(
        tmp_path, "coronal", number=2, offsets=(0,), centre=(0, 0, -290), field=500,
        attributes={**lumbar, **LOCALIZER, "SeriesDescription": "survey"},
    )  # fmt: skip

    verdicts = assess(tmp_path)

    assert statuses(verdicts) == {Face.ABSENT}
    assert not any(verdict.boxes for verdict in verdicts.values())


@pytest.mark.parametrize(
    ("attributes", "centre", "why"),
    [
        ({"SeriesDescription": "LSPINE"}, 60, "called cervical by its study"),
        ({"SeriesDescription": "SAG T2", "StudyDescription": "SPINE"}, -300, "called nothing"),
        ({"SeriesDescription": "WHOLE SPINE", "StudyDescription": "LUMBAR"}, -300, "whole"),
        ({"SeriesDescription": "BWS SAG", "StudyDescription": "BWS"}, -250, "thoracic"),
    ],
)
def test_where_the_head_may_be_and_no_face_is_found_nothing_is_claimed(
    tmp_path: Path, attributes: dict[str, str], centre: int, why: str
) -> None:
    # too low for the phantom's face, so there is none to be found
    write_series(
        tmp_path, "sagittal", number=1, offsets=(-4, 0, 4), centre=(0, 0, min(centre, -200)),
        attributes=attributes,
    )  # fmt: skip

    assert statuses(assess(tmp_path)) == {Face.NOT_ASSESSED}, why


def test_a_localizer_that_reaches_far_above_the_lumbar_spine_is_not_taken_for_free_of_faces(
    tmp_path: Path,
) -> None:
    lumbar = {"SeriesDescription": "LSPINE", "StudyDescription": "LSPINE"}
    write_series(
        tmp_path, "sagittal", number=1, offsets=(0,), centre=(0, 0, -400), attributes=lumbar
    )
    write_series(
        tmp_path, "sagittal", number=2, offsets=(0,), centre=(0, 0, -150), field=500, spacing=4,
        attributes=lumbar,
    )  # fmt: skip

    verdicts = assess(tmp_path)

    assert verdicts[1, 1].status is Face.ABSENT
    assert verdicts[2, 1].status is not Face.ABSENT


def test_a_child_has_its_face_nearer_to_the_lumbar_spine(tmp_path: Path) -> None:
    lumbar = {"SeriesDescription": "LSPINE", "StudyDescription": "LSPINE", "PatientAge": "006M"}
    write_series(
        tmp_path, "sagittal", number=1, offsets=(0,), centre=(0, 0, -300), attributes=lumbar
    )

    assert statuses(assess(tmp_path)) == {Face.NOT_ASSESSED}


def test_a_region_given_by_hand_holds_in_every_series(head: Path) -> None:
    verdicts = assess(head, FaceRule(above=60, in_front_of=-70))

    for ds in read_all(head):
        covered = mask_of(
            verdicts[ds.SeriesNumber, ds.InstanceNumber].boxes.get(0, ()), ds.Rows, ds.Columns
        )
        points = plane_points(ds)
        inside = (points[..., 2] > 60) & (points[..., 1] < -70)
        near = (points[..., 2] > 55) & (points[..., 1] < -65)
        assert covered[inside].all()
        assert not covered[~near].any()


def test_a_region_given_by_hand_is_not_guessed_into_a_second_frame_of_reference(
    tmp_path: Path,
) -> None:
    for number, uid in ((1, "1.2.8"), (2, "1.2.9")):
        write_series(
            tmp_path, "sagittal", number=number, offsets=(0,), centre=(0, 0, -200),
            attributes={"FrameOfReferenceUID": uid},
        )  # fmt: skip

    verdicts = assess(tmp_path, FaceRule(above=-190, in_front_of=0))

    assert statuses(verdicts) == {Face.NOT_ASSESSED}


def test_localizers_that_may_show_the_head_are_left_out_when_the_recipe_says_so(
    tmp_path: Path,
) -> None:
    write_series(
        tmp_path, "sagittal", number=1, offsets=(0,), centre=(0, 0, -200), attributes=LOCALIZER
    )

    assert statuses(assess(tmp_path)) == {Face.NOT_ASSESSED}
    assert statuses(assess(tmp_path, FaceRule(drop_localizers=True))) == {Face.DROPPED}


@pytest.mark.parametrize("keyword", ["FrameOfReferenceUID", "ImagePositionPatient", "PixelSpacing"])
def test_without_geometry_nothing_is_claimed(tmp_path: Path, keyword: str) -> None:
    write_series(tmp_path, "sagittal", number=1, offsets=(0,))
    (path,) = tmp_path.iterdir()
    ds = pydicom.dcmread(path)
    del ds[keyword]
    ds.save_as(path)

    assert statuses(assess(tmp_path)) == {Face.NOT_ASSESSED}


def test_a_throat_blacked_out_by_saturation_is_not_taken_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = head_phantom.signal

    def saturated(points: np.ndarray) -> np.ndarray:
        dark: np.ndarray = (points[..., 1] < 15) & (points[..., 2] < 30)
        return np.where(dark, 0.0, seen(points))

    monkeypatch.setattr(head_phantom, "signal", saturated)
    write_series(tmp_path, "sagittal", number=1, offsets=(-8, 0, 8))

    assert statuses(assess(tmp_path)) == {Face.NOT_ASSESSED}


def test_a_head_that_is_tilted_back_keeps_its_spine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    angle = np.deg2rad(8)
    seen = head_phantom.signal

    def tilted(points: np.ndarray) -> np.ndarray:
        y, z = points[..., 1], points[..., 2]
        back = np.stack(
            (points[..., 0], y * np.cos(angle) - z * np.sin(angle),
             y * np.sin(angle) + z * np.cos(angle)), axis=-1,
        )  # fmt: skip
        return seen(back)

    monkeypatch.setattr(head_phantom, "signal", tilted)
    write_series(tmp_path, "sagittal", number=1, offsets=(-8, 0, 8), turn=0)

    for ds in read_all(tmp_path):
        verdict = assess(tmp_path)[1, ds.InstanceNumber]
        assert verdict.status is Face.REMOVED
        covered = mask_of(verdict.boxes[0], ds.Rows, ds.Columns)
        points = plane_points(ds)
        spine = tilted(points) > 0.37
        assert not covered[spine].any()
        assert 0.05 < covered.mean() < 0.4


def test_one_verdict_for_each_instance_whatever_the_order(head: Path) -> None:
    file_set = read_file_set(head)
    (study,) = file_set.studies
    turned = replace(study, series=tuple(reversed(study.series)))

    found = assess_faces(file_set, FaceRule())

    assert len(found) == len(file_set.instances)
    assert assess_faces(replace(file_set, studies=(turned,)), FaceRule()) == found
