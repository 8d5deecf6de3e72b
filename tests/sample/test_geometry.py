"""Positions, orientations and distances agree with one another and with the anatomy."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from casepack.sample.anatomy import build_spine
from casepack.sample.geometry import POSES, to_curve
from casepack.sample.lesion import LESIONS, cord_axes
from tests.sample.conftest import Sample

Vector = NDArray[np.float64]


def axes(ds: Dataset) -> tuple[Vector, Vector, Vector]:
    cosines = np.array(ds.ImageOrientationPatient, dtype=float)
    row, column = cosines[:3], cosines[3:]
    return row, column, np.cross(row, column)


def outlines(sample: Sample, time_point: int, series: int) -> list[dict[str, Any]]:
    return [
        outline
        for outline in sample.lesions["lesions"][0]["outlines"]
        if (outline["time_point"], outline["series_number"]) == (time_point, series)
    ]


@pytest.mark.parametrize("study", [1, 2])
@pytest.mark.parametrize("series", [2, 3, 4, 5])
def test_slices_are_parallel_and_evenly_spaced(sample: Sample, study: int, series: int) -> None:
    images = sample.series(study, series)
    row, column, normal = axes(images[0])
    assert np.isclose([row @ row, column @ column], 1, atol=1e-7).all()
    assert abs(row @ column) < 1e-7
    places = []
    for ds in images:
        assert ds.ImageOrientationPatient == images[0].ImageOrientationPatient
        places.append(float(normal @ np.array(ds.ImagePositionPatient, dtype=float)))
        assert abs(places[-1] - float(ds.SliceLocation)) < 1e-4
    steps = np.abs(np.diff(places))
    assert np.allclose(steps, float(images[0].SpacingBetweenSlices), atol=1e-4)
    assert len(images) == (5 if series == 4 else 3)


@pytest.mark.parametrize("study", [1, 2])
def test_a_study_has_one_frame_of_reference_and_sagittal_series_share_their_planes(
    sample: Sample, study: int
) -> None:
    frames = {str(ds.FrameOfReferenceUID) for n in range(1, 6) for ds in sample.series(study, n)}
    assert len(frames) == 1
    positions = [
        [str(ds.ImagePositionPatient) for ds in sample.series(study, n)] for n in (2, 3, 5)
    ]
    assert positions[0] == positions[1] == positions[2]


def test_the_localizer_has_three_planes(sample: Sample) -> None:
    normals = [np.abs(axes(ds)[2]).argmax() for ds in sample.series(1, 1)]
    assert sorted(normals) == [0, 1, 2]


def test_the_follow_up_is_96_days_later_and_positioned_anew(sample: Sample) -> None:
    first, second = sample.series(1, 3)[0], sample.series(2, 3)[0]
    days = [
        date.fromisoformat(f"{d[:4]}-{d[4:6]}-{d[6:]}") for d in (first.StudyDate, second.StudyDate)
    ]
    assert (days[1] - days[0]).days == 96
    assert first.FrameOfReferenceUID != second.FrameOfReferenceUID
    assert first.ImageOrientationPatient != second.ImageOrientationPatient


@pytest.mark.parametrize("study", [1, 2])
def test_series_follow_one_another_in_time(sample: Sample, study: int) -> None:
    times = [float(sample.series(study, n)[0].SeriesTime) for n in range(1, 6)]
    assert times == sorted(times)
    last = sample.series(study, 5)[0]
    assert float(sample.series(study, 4)[0].SeriesTime) < float(last.ContrastBolusStartTime)
    assert float(last.ContrastBolusStartTime) < float(last.AcquisitionTime)


@pytest.mark.parametrize("study", [1, 2])
def test_axial_slices_cover_d11_to_l1(sample: Sample, study: int) -> None:
    levels = build_spine().levels
    middles = []
    for ds in sample.series(study, 4):
        row, column, _ = axes(ds)
        half = float(ds.PixelSpacing[0]) * (ds.Rows - 1) / 2
        middles.append(np.array(ds.ImagePositionPatient, dtype=float) + half * (row + column))
    _, _, s = to_curve(POSES[study - 1], np.array(middles))
    names = [levels.names[level] for level in build_spine().level_at(s)]
    assert {"T11", "T12", "L1"} <= set(names)


@pytest.mark.parametrize("study", [1, 2])
@pytest.mark.parametrize("series", [5, 4])
def test_the_outline_lies_in_the_plane_of_one_image_and_inside_it(
    sample: Sample, study: int, series: int
) -> None:
    (outline,) = outlines(sample, study, series)
    points = np.array(outline["points"])
    assert 24 <= len(points) <= 48
    gaps = []
    for ds in sample.series(study, series):
        row, column, normal = axes(ds)
        away = points - np.array(ds.ImagePositionPatient, dtype=float)
        gaps.append(np.abs(away @ normal).max())
        if gaps[-1] < 0.01:
            inside = np.stack([away @ row, away @ column]) / float(ds.PixelSpacing[0])
            assert inside.min() > 0
            assert inside.max() < ds.Rows - 1
    assert sum(gap < 0.001 for gap in gaps) == 1


@pytest.mark.parametrize("study", [1, 2])
def test_the_outline_is_on_the_surface_of_a_lesion_inside_the_cord_at_t12(
    sample: Sample, study: int
) -> None:
    spine = build_spine()
    for series in (4, 5):
        points = np.array(outlines(sample, study, series)[0]["points"])
        x, u, s = to_curve(POSES[study - 1], points)
        assert np.abs(LESIONS[study - 1].distance(x, u, s)).max() < 0.02
        assert {spine.levels.names[level] for level in spine.level_at(s)} == {"T12"}
        across, deep, middle = cord_axes(LESIONS[study - 1], s)
        assert (np.hypot(x / across, (u - middle) / deep) < 1.0).all()


def test_the_lesion_is_ovoid_and_clearly_smaller_at_follow_up(sample: Sample) -> None:
    def extent(study: int) -> Vector:
        points = np.array(outlines(sample, study, 5)[0]["points"])
        sizes: Vector = points.max(axis=0) - points.min(axis=0)
        return sizes

    before, after = extent(1), extent(2)
    assert 20 < before[2] < 26
    assert before[2] > 1.5 * before[1]
    assert after[2] < 0.6 * before[2]
    assert after[1] < 0.7 * before[1]
