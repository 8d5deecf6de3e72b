"""Contrasts in the stored pixels, measured where the anatomy says the tissue is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from casepack.sample.anatomy import Floats, build_spine
from casepack.sample.geometry import POSES, to_curve
from casepack.sample.lesion import LESIONS, cord_axes
from tests.sample.conftest import Sample

Mask = NDArray[np.bool_]
Where = Callable[[Floats, Floats, Floats], Mask]


def curve(ds: Dataset, study: int) -> tuple[Floats, Floats, Floats]:
    cosines = np.array(ds.ImageOrientationPatient, dtype=float)
    step = float(ds.PixelSpacing[0])
    rows, columns = np.indices((ds.Rows, ds.Columns)).reshape(2, -1) * step
    points = np.array(ds.ImagePositionPatient, dtype=float)
    points = points + columns[:, None] * cosines[:3] + rows[:, None] * cosines[3:]
    return to_curve(POSES[study - 1], points)


def mean(ds: Dataset, study: int, where: Where) -> float:
    mask = where(*curve(ds, study)).reshape(ds.Rows, ds.Columns)
    assert mask.sum() >= 4, "the region holds too few pixels to say anything"
    return float(ds.pixel_array[mask].mean())


def in_lesion(study: int) -> Where:
    return lambda x, u, s: LESIONS[study - 1].distance(x, u, s) < -1.0


def in_cord(study: int, upper: float, lower: float) -> Where:
    def where(x: Floats, u: Floats, s: Floats) -> Mask:
        across, deep, middle = cord_axes(LESIONS[study - 1], s)
        inside = np.hypot(x / np.maximum(across, 1), (u - middle) / np.maximum(deep, 1)) < 0.5
        mask: Mask = inside & (s > upper) & (s < lower)
        return mask

    return where


def in_fluid(x: Floats, u: Floats, s: Floats) -> Mask:
    mask: Mask = (np.abs(x) < 3) & (u > -5.5) & (u < -2) & (s > 48) & (s < 62)
    return mask


ABOVE = (-52.0, -20.0)
"""Cord above the lesion: oedematous at baseline."""


@pytest.mark.parametrize("study", [1, 2])
def test_the_lesion_is_darker_than_the_cord_on_t1(pictures: Sample, study: int) -> None:
    (ds,) = pictures.series(study, 2)
    cord = mean(ds, study, in_cord(study, *ABOVE))
    assert mean(ds, study, in_lesion(study)) < 0.88 * cord


@pytest.mark.parametrize("study", [1, 2])
def test_the_lesion_is_darker_than_the_cord_on_t2(pictures: Sample, study: int) -> None:
    (ds,) = pictures.series(study, 3)
    cord = mean(ds, study, in_cord(study, *ABOVE))
    assert mean(ds, study, in_lesion(study)) < 0.9 * cord


@pytest.mark.parametrize("study", [1, 2])
def test_the_lesion_enhances_strongly_and_evenly(pictures: Sample, study: int) -> None:
    (ds,) = pictures.series(study, 5)
    cord = mean(ds, study, in_cord(study, *ABOVE))
    mask = in_lesion(study)(*curve(ds, study)).reshape(ds.Rows, ds.Columns)
    values = ds.pixel_array[mask]
    assert values.mean() > 1.3 * cord
    if study == 1:
        assert values.std() < 0.15 * values.mean()


def test_oedema_is_bright_from_t6_to_the_conus_at_baseline_and_gone_at_follow_up(
    pictures: Sample,
) -> None:
    levels = build_spine().levels
    healthy = (float(levels.top[levels.place("T4")]), float(levels.bottom[levels.place("T4")]))
    oedematous = (float(levels.middle[levels.place("T7")]), -20.0)
    conus = (16.0, 26.0)

    def t2_over_t1(study: int, part: tuple[float, float]) -> float:
        # Both series have the same coil, so its fall-off cancels.
        (t1,), (t2,) = pictures.series(study, 2), pictures.series(study, 3)
        cord = in_cord(study, *part)
        return mean(t2, study, cord) / mean(t1, study, cord)

    assert t2_over_t1(1, oedematous) > 1.4 * t2_over_t1(1, healthy)
    assert t2_over_t1(1, oedematous) > 1.4 * t2_over_t1(2, oedematous)
    assert t2_over_t1(1, conus) > 1.3 * t2_over_t1(2, conus)
    assert t2_over_t1(2, oedematous) == pytest.approx(t2_over_t1(2, healthy), rel=0.1)


def test_fluid_is_dark_on_t1_and_bright_on_t2(pictures: Sample) -> None:
    for study in (1, 2):
        cord = in_cord(study, *ABOVE)
        (t1,), (t2,) = pictures.series(study, 2), pictures.series(study, 3)
        assert mean(t1, study, in_fluid) < 0.75 * mean(t1, study, cord)
        assert mean(t2, study, in_fluid) > 1.2 * mean(t2, study, cord)


def test_fat_is_bright_on_t1_and_suppressed_after_contrast(pictures: Sample) -> None:
    spine = build_spine()

    def in_fat(x: Floats, u: Floats, s: Floats) -> Mask:
        depth = spine.back[spine.index(s)] - u
        mask: Mask = (np.abs(x) < 4) & (depth > 8) & (depth < 12) & (np.abs(s) < 60)
        return mask

    (t1,), (gd,) = pictures.series(1, 2), pictures.series(1, 5)
    assert mean(gd, 1, in_fat) < 0.35 * mean(t1, 1, in_fat)


def test_pixels_are_twelve_bits_with_noise_in_the_air(pictures: Sample) -> None:
    for number in range(1, 6):
        ds = pictures.series(1, number)[0]
        pixels = ds.pixel_array
        assert ds.BitsStored == 12
        assert 500 < pixels.max() <= 4095
        assert int(ds.LargestImagePixelValue) == pixels.max()
    air = pictures.series(1, 3)[0].pixel_array[:, -20:]
    # Rician noise without signal: mean / standard deviation is 1.91.
    assert 1.6 < air.mean() / air.std() < 2.2
    assert air.mean() > 1
