"""Masks, calipers, markers, pixel positions, reference regions: against analytic shapes."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from casepack.annotate.geometry.planes import read_planes
from casepack.annotate.measure import measure_lesions
from casepack.errors import CaseError, StudyError
from casepack.lesion import (
    Caliper,
    Evaluation,
    Extent,
    ImageName,
    Lesion,
    Mask,
    MeasuredLesion,
    Measurement,
    Outline,
)
from casepack.model import Deidentified
from tests.annotate.drawings import (
    HYPOINTENSE,
    T1_SIGNAL,
    ellipse,
    enhanced_study,
    lesion,
    on_frame,
    outline,
    rewrite,
)
from tests.builders import SPACING, THICKNESS, deidentified

PIXEL_ML = SPACING * SPACING * THICKNESS / 1000


Shape = tuple[int, int, int]


def grid_of(studies: Deidentified, series: int = 0, study: int = 0) -> tuple[np.ndarray, Shape]:
    """Affine and shape (k, j, i) of the grid of a series' images, the planes in their order."""
    planes = read_planes(studies.studies[study].series[series])
    first, last = planes[0], planes[-1]
    step = (last.origin - first.origin) / (len(planes) - 1)
    affine = np.stack(
        [first.row * first.spacing[1], first.column * first.spacing[0], step, first.origin], axis=1
    )
    return affine, (len(planes), *first.size)


def mask_of(values: np.ndarray, affine: np.ndarray, **changes: object) -> Mask:
    rows = tuple(tuple(float(each) for each in row) for row in affine)
    shape = (values.shape[0], values.shape[1], values.shape[2])
    mask = Mask(
        time_point=1,
        series_number=1,
        shape=shape,
        affine=rows,  # type: ignore[arg-type]
        values=np.ascontiguousarray(values, dtype=np.uint8).tobytes(),
    )
    return replace(mask, **changes)  # type: ignore[arg-type]


def centres(affine: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    k, j, i = np.meshgrid(*(np.arange(each) for each in shape), indexing="ij")
    return np.asarray(np.stack([i, j, k], axis=-1) @ affine[:, :3].T + affine[:, 3])


def ball(affine: np.ndarray, shape: tuple[int, int, int], centre, radius: float) -> np.ndarray:
    distance = np.linalg.norm(centres(affine, shape) - np.array(centre), axis=-1)
    return np.where(distance <= radius, 255, 0).astype(np.uint8)


def only_mask(mask: Mask, *more: Mask, **changes: object) -> Lesion:
    return replace(
        lesion(),
        outlines=(),
        evaluations=(),
        masks=(mask, *more),
        **changes,  # type: ignore[arg-type]
    )


def measured(studies: Deidentified, drawn: Lesion) -> MeasuredLesion:
    (found,) = measure_lesions(studies, [drawn])
    return found


def refused(studies: Deidentified, drawn: Lesion) -> CaseError:
    with pytest.raises(CaseError) as caught:
        measure_lesions(studies, [drawn])
    return caught.value


def assert_same(one: Measurement, other: Measurement) -> None:
    """Equal but for rounding in the sixth decimal."""
    assert one.sop_instance_uid == other.sop_instance_uid
    assert np.allclose(one.polygon_mm, other.polygon_mm, rtol=0, atol=3e-6)
    assert np.allclose(one.polygon_px, other.polygon_px, rtol=0, atol=3e-6)
    assert one.long_axis_mm == pytest.approx(other.long_axis_mm, abs=1e-5)


@pytest.fixture
def studies(tmp_path: Path) -> Deidentified:
    return deidentified(tmp_path, studies=2, series=2, slices=9)


def test_ball_has_its_volume_and_extents(studies):
    affine, shape = grid_of(studies)
    values = ball(affine, shape, (12, 5, 1), 14.0)
    (segment,) = measured(studies, only_mask(mask_of(values, affine))).segments
    assert segment.volume_ml == pytest.approx(np.count_nonzero(values) * PIXEL_ML, abs=1e-6)
    assert segment.volume_ml == pytest.approx(4 / 3 * math.pi * 14**3 / 1000, rel=0.07)
    # voxel centres at odd y and z: from -9 to 19 along y, from -13 to 15 along z, and half a voxel
    assert segment.anteroposterior_mm == pytest.approx(2 * 14, abs=2 * SPACING)
    assert segment.craniocaudal_mm == pytest.approx(2 * 14, abs=2 * SPACING)
    assert segment.transverse_mm == pytest.approx(7 * THICKNESS)
    assert segment.time_point == 1
    assert not segment.fractional
    assert (
        sum(np.frombuffer(each.values, np.uint8).sum() for each in segment.frames) == values.sum()
    )


def test_box_is_exact(studies):
    affine, shape = grid_of(studies)
    values = np.zeros(shape, np.uint8)
    values[2:6, 10:20, 5:12] = 255
    (segment,) = measured(studies, only_mask(mask_of(values, affine))).segments
    assert segment.volume_ml == pytest.approx(4 * 10 * 7 * PIXEL_ML)
    assert segment.transverse_mm == pytest.approx(4 * THICKNESS)
    assert segment.craniocaudal_mm == pytest.approx(10 * SPACING)
    assert segment.anteroposterior_mm == pytest.approx(7 * SPACING)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (0, 2, 1)])
@pytest.mark.parametrize("flips", [(), (0,), (1, 2), (0, 1, 2)])
def test_grid_may_run_along_any_axis_in_any_direction(studies, order, flips):
    affine, shape = grid_of(studies)
    values = ball(affine, shape, (12, 5, 1), 9.0)
    expected = measured(studies, only_mask(mask_of(values, affine))).segments
    turned, columns, origin = values, affine[:, :3], affine[:, 3].copy()
    for axis in flips:
        column = 2 - axis
        origin = origin + columns[:, column] * (turned.shape[axis] - 1)
        columns = columns * np.where(np.arange(3) == column, -1, 1)
        turned = np.flip(turned, axis)
    turned = np.transpose(turned, order)
    columns = columns[:, [2 - order[2], 2 - order[1], 2 - order[0]]]
    again = mask_of(turned, np.column_stack([columns, origin]))
    assert measured(studies, only_mask(again)).segments == expected


def test_mask_is_outlined_on_its_largest_slice(studies):
    affine, shape = grid_of(studies)
    values = ball(affine, shape, (8, 5, 1), 10.0)
    (found,) = measured(studies, only_mask(mask_of(values, affine))).measurements
    largest = studies.studies[0].series[0].instances[3]
    assert found.sop_instance_uid == largest.sop_instance_uid
    assert found.long_axis_mm == pytest.approx(20, abs=2)
    assert found.area_mm2 == pytest.approx(math.pi * 100, rel=0.05)
    assert found.transverse_mm is None
    assert found.anteroposterior_mm == pytest.approx(20, abs=2)


def test_outline_drawn_on_the_same_series_is_kept_for_a_mask(studies):
    affine, shape = grid_of(studies)
    mask = mask_of(ball(affine, shape, (8, 5, 1), 10.0), affine)
    found = measured(studies, replace(only_mask(mask), outlines=(outline(),)))
    assert len(found.measurements) == 1
    assert len(found.segments) == 1
    assert found.measurements[0].long_axis_mm == pytest.approx(20)


def test_fractional_mask_counts_its_fractions(studies):
    affine, shape = grid_of(studies)
    values = np.zeros(shape, np.uint8)
    values[3:5, 10:20, 10:20] = 51
    values[3:5, 12:18, 12:18] = 255
    (segment,) = measured(studies, only_mask(mask_of(values, affine, fractional=True))).segments
    assert segment.fractional
    expected = 2 * (36 + 0.2 * 64) * PIXEL_ML
    assert segment.volume_ml == pytest.approx(expected)
    assert segment.craniocaudal_mm == pytest.approx(6 * SPACING)


def test_foreign_grid_is_refused_with_the_misfit_in_voxels(studies):
    affine, shape = grid_of(studies)
    values = ball(affine, shape, (8, 5, 1), 10.0)
    shifted = affine.copy()
    shifted[:, 3] += [0, 0.6, 0]
    error = refused(studies, only_mask(mask_of(values, shifted)))
    assert "off by 0.3 voxels" in str(error)
    assert error.place == "lesions[0].masks[0]"
    coarse = affine * np.array([2, 2, 1, 1])
    assert "voxels" in str(refused(studies, only_mask(mask_of(values, coarse))))


def test_rounding_in_the_grid_is_no_misfit(studies):
    affine, shape = grid_of(studies)
    values = ball(affine, shape, (8, 5, 1), 10.0)
    exact = measured(studies, only_mask(mask_of(values, affine))).segments
    rounded = mask_of(values, affine.astype(np.float32) + 1e-3)
    assert measured(studies, only_mask(rounded)).segments == exact


def test_finer_grid_is_resampled_when_asked(studies):
    affine, shape = grid_of(studies)
    fine = affine.copy()
    fine[:, :2] /= 2
    fine[:, 3] = affine[:, 3] - (affine[:, 0] + affine[:, 1]) / 4
    size = (shape[0], shape[1] * 2, shape[2] * 2)
    values = ball(fine, size, (12, 5, 1), 14.0)
    (segment,) = measured(studies, only_mask(mask_of(values, fine, resample=True))).segments
    assert segment.volume_ml == pytest.approx(4 / 3 * math.pi * 14**3 / 1000, rel=0.04)


def test_voxels_beyond_the_images_are_refused_with_the_distance(studies):
    affine, shape = grid_of(studies)
    wide = affine.copy()
    wide[:, 3] -= affine[:, 0] * 10
    values = np.zeros((shape[0], shape[1], shape[2] + 20), np.uint8)
    values[3, 20, 2] = 255
    error = refused(studies, only_mask(mask_of(values, wide)))
    assert "reaches 15.0 mm out of the images" in str(error)


def test_slices_that_the_series_lacks_are_refused(tmp_path):
    studies = deidentified(tmp_path, slices=9)
    affine, shape = grid_of(studies)
    series = studies.studies[0].series[0]
    lacking = replace(series, instances=series.instances[:4] + series.instances[5:])
    study = replace(studies.studies[0], series=(lacking, *studies.studies[0].series[1:]))
    values = ball(affine, shape, (12, 5, 1), 14.0)
    error = refused(
        replace(studies, studies=(study, studies.studies[1])), only_mask(mask_of(values, affine))
    )
    assert "no image" in str(error)


def test_empty_mask_and_flat_grid_are_refused(studies):
    affine, shape = grid_of(studies)
    assert "no voxel" in str(refused(studies, only_mask(mask_of(np.zeros(shape), affine))))
    flat = affine.copy()
    flat[:, 2] = flat[:, 1]
    values = ball(affine, shape, (8, 5, 1), 10.0)
    assert "without a volume" in str(refused(studies, only_mask(mask_of(values, flat))))


def test_series_and_time_point_are_found_where_only_one_fits(studies):
    affine, shape = grid_of(studies)
    values = ball(affine, shape, (8, 5, 1), 10.0)
    open_mask = mask_of(values, affine, time_point=None, series_number=None)
    assert "more than one time point" in str(refused(studies, only_mask(open_mask)))
    uid = "1.2.826.0.1.3680043.10.9999.2.0"
    known = replace(open_mask, frame_of_reference_uid=uid)
    (segment,) = measured(studies, only_mask(known)).segments
    assert segment.time_point == 2
    assert segment.series_instance_uid == studies.studies[1].series[0].series_instance_uid


def test_other_frame_of_reference_is_refused_and_an_old_one_is_translated(studies):
    affine, shape = grid_of(studies)
    mask = mask_of(ball(affine, shape, (8, 5, 1), 10.0), affine, frame_of_reference_uid="1.2.3")
    error = refused(studies, only_mask(mask))
    assert "another Frame of Reference" in str(error)
    assert "1.2.3" not in str(error)
    new = {"1.2.3": "1.2.826.0.1.3680043.10.9999.1.0"}
    assert measure_lesions(studies, [only_mask(mask)], uids=new)[0].segments


def test_oblique_enhanced_frames_with_gaps_and_oblong_pixels(tmp_path):
    studies = enhanced_study(tmp_path)
    affine, shape = grid_of(studies)
    values = np.zeros(shape, np.uint8)
    values[1:4, 10:30, 20:50] = 255
    mask = mask_of(values, affine, series_number=7)
    found = measured(studies, only_mask(mask))
    (segment,) = found.segments
    # pixels of 0.8 by 0.5 mm, slices 3.6 mm apart
    assert segment.volume_ml == pytest.approx(3 * 20 * 30 * 0.8 * 0.5 * 3.6 / 1000)
    assert [each.frame for each in segment.frames] == [2, 3, 4]
    axes = affine[:, :3] @ np.diag([30, 20, 3])
    extents = np.abs(axes).sum(axis=1)
    assert segment.transverse_mm == pytest.approx(extents[0], abs=1e-4)
    assert segment.anteroposterior_mm == pytest.approx(extents[1], abs=1e-4)
    assert segment.craniocaudal_mm == pytest.approx(extents[2], abs=1e-4)
    assert found.measurements[0].frame == 2


def test_left_handed_stack_has_the_same_measures(tmp_path):
    studies = deidentified(tmp_path, slices=9)
    affine, shape = grid_of(studies)
    mask = mask_of(ball(affine, shape, (8, 5, 1), 10.0), affine)
    right = measured(studies, only_mask(mask)).segments[0]
    for series in studies.studies[0].series:
        for instance in series.instances:
            ds = dcmread(instance.path)
            ds.ImageOrientationPatient = [0, -1, 0, 0, 0, -1]
            ds.ImagePositionPatient = [
                ds.ImagePositionPatient[0],
                -48 + 47 * SPACING,
                ds.ImagePositionPatient[2],
            ]
            ds.save_as(instance.path)
    left = measured(studies, only_mask(mask)).segments[0]
    assert left.volume_ml == right.volume_ml
    assert left.anteroposterior_mm == right.anteroposterior_mm
    assert left.frames != right.frames


def test_outlines_on_neighbouring_slices_make_a_volume(studies):
    drawn = tuple(outline(ellipse(x, half_axes=(10, 6), count=120)) for x in (0.0, 4.0, 8.0))
    found = measured(studies, lesion(*drawn, evaluations=()))
    (segment,) = found.segments
    assert segment.volume_ml == pytest.approx(3 * math.pi * 60 * THICKNESS / 1000, rel=0.03)
    assert len(segment.frames) == 3
    gap = measured(studies, lesion(drawn[0], drawn[2], evaluations=())).segments[0]
    assert gap.volume_ml is None
    assert len(gap.frames) == 2
    single = measured(studies, lesion(drawn[0], evaluations=())).segments[0]
    assert single.volume_ml is None
    assert single.transverse_mm is None


def test_pixel_positions_on_a_named_image_are_those_in_the_patient(studies):
    points = ellipse(4.0)
    (by_points,) = measured(studies, lesion(outline(points), evaluations=())).measurements
    for image in (
        ImageName(instance_number=3),
        ImageName(sop_instance_uid=by_points.sop_instance_uid),
    ):
        drawn = replace(outline(()), image=image, pixels=by_points.polygon_px)
        (by_pixels,) = measured(studies, lesion(drawn, evaluations=())).measurements
        assert_same(by_pixels, by_points)


def test_original_image_is_found_by_its_new_uid(studies):
    (truth,) = measured(studies, lesion(outline(), evaluations=())).measurements
    image = ImageName(sop_instance_uid="1.2.3.4")
    drawn = Outline(time_point=None, series_number=None, image=image, pixels=truth.polygon_px)
    error = refused(studies, lesion(drawn, evaluations=()))
    assert "do not hold" in str(error)
    assert "1.2.3.4" not in str(error)
    uids = {"1.2.3.4": truth.sop_instance_uid}
    (found,) = measure_lesions(studies, [lesion(drawn, evaluations=())], uids=uids)
    assert_same(found.measurements[0], truth)


def test_pixel_positions_outside_the_image_are_refused_in_mm(studies):
    drawn = replace(
        outline(()), image=ImageName(instance_number=1), pixels=((40.0, 5.0), (50.0, 5.0), (45, 9))
    )
    error = refused(studies, lesion(drawn, evaluations=()))
    # 2.5 pixels beyond the edge of the last
    assert "5.0 mm out of the image" in str(error)


def test_calipers_and_markers_are_placed_and_measured(studies):
    ends = Outline(time_point=1, series_number=1, points=((0.0, 0.0, 10.0), (0.0, 3.0, 14.0)))
    point = Outline(time_point=1, series_number=1, points=((4.0, 1.0, 1.0),))
    drawn = lesion(
        outline(),
        evaluations=(),
        markers=(point,),
        calipers=(Caliper(extent=Extent.CRANIOCAUDAL, ends=ends),),
    )
    caliper, marker = measured(studies, drawn).calipers
    assert caliper.length_mm == pytest.approx(5.0)
    assert caliper.extent is Extent.CRANIOCAUDAL
    assert caliper.points_px == ((24.0, 27.0), (25.5, 25.0))
    assert marker.extent is None
    assert marker.points_mm == ((4.0, 1.0, 1.0),)
    off = replace(ends, points=((0.0, 0.0, 10.0), (9.0, 3.0, 14.0)))
    error = refused(studies, replace(drawn, calipers=(Caliper(extent=Extent.LENGTH, ends=off),)))
    assert "mm from the nearest image plane" in str(error)
    assert error.place == "lesions[0].calipers[0].points"


def test_axial_plane_shows_no_craniocaudal_but_the_two_other_extents(tmp_path):
    studies = deidentified(tmp_path, studies=1)
    rewrite(studies, ImageOrientationPatient=[1, 0, 0, 0, 1, 0], ImagePositionPatient=[-48, -64, 0])
    points = tuple((5 + z, y, 0.0) for _, y, z in ellipse(half_axes=(10, 6)))
    (found,) = measured(studies, lesion(outline(points), evaluations=())).measurements
    assert found.anteroposterior_mm == pytest.approx(20, abs=1e-4)
    assert found.transverse_mm == pytest.approx(12, abs=1e-4)


def test_signal_ratio_is_mean_over_mean(studies):
    # the ramp of the test image: 8 a row and 4 a column, so a centred region has its centre's value
    square = [(19.5, 9.5), (30.5, 9.5), (30.5, 20.5), (19.5, 20.5)]
    image = ImageName(instance_number=2)
    bright = replace(outline(()), image=image, pixels=tuple((c, r + 30) for c, r in square))
    dark = replace(outline(()), image=image, pixels=tuple(square))
    (found,) = measured(studies, lesion(bright, evaluations=(), references=(dark,))).measurements
    assert found.signal_ratio == pytest.approx((45 * 8 + 25 * 4) / (15 * 8 + 25 * 4))
    other = replace(dark, series_number=2)
    error = refused(studies, lesion(bright, evaluations=(), references=(other,)))
    assert error.place == "lesions[0].references[0]"


def test_region_without_a_pixel_or_without_signal_has_no_ratio(studies):
    image = ImageName(instance_number=2)
    tiny = replace(outline(()), image=image, pixels=((5.2, 5.2), (5.4, 5.2), (5.3, 5.4)))
    error = refused(studies, lesion(outline(), evaluations=(), references=(tiny,)))
    assert "smaller than a pixel" in str(error)
    corner = replace(outline(()), image=image, pixels=((-0.4, -0.4), (0.4, -0.4), (0, 0.4)))
    error = refused(studies, lesion(outline(), evaluations=(), references=(corner,)))
    assert "without signal" in str(error)


def test_pixels_that_cannot_be_decoded_are_a_study_error(studies):
    rewrite(studies, PixelData=b"\0\0")
    with pytest.raises(StudyError, match="cannot be decoded"):
        measured(studies, lesion(outline(), evaluations=(), references=(outline(),)))


@pytest.mark.parametrize(
    ("second", "percent", "category"),
    [
        ((10, 6), 0.0, "112044"),
        ((7.01, 6), -29.9, "112044"),
        ((7, 6), -30.0, "112042"),
        ((12, 6), 20.0, "112044"),  # 20 %, but less than 5 mm
        ((12.6, 6), 26.0, "112043"),
    ],
)
def test_response_is_told_by_the_long_axis(studies, second, percent, category):
    drawn = lesion(outline(), outline(ellipse(half_axes=second), time_point=2), evaluations=())
    (response,) = measured(studies, drawn).responses
    assert (response.time_point, response.baseline) == (2, 1)
    assert response.long_axis_percent == pytest.approx(percent, abs=0.05)
    product = (second[0] * second[1] / 60 - 1) * 100
    assert response.axis_product_percent == pytest.approx(product, abs=0.1)
    assert response.volume_percent is None
    assert response.category.value == category


def test_progression_is_told_from_the_shortest(tmp_path):
    studies = deidentified(tmp_path, studies=3)
    halves = ((10, 6), (5, 3), (9, 6))
    drawn = [
        outline(ellipse(half_axes=half), time_point=number) for number, half in enumerate(halves, 1)
    ]
    responses = measured(studies, lesion(*drawn, evaluations=())).responses
    assert [each.category.value for each in responses] == ["112042", "112043"]
    assert responses[1].long_axis_percent == pytest.approx(-10)


def test_lesion_that_is_gone_is_a_complete_response(studies):
    gone = Evaluation(time_point=2, concept=T1_SIGNAL, value=HYPOINTENSE)
    affine, shape = grid_of(studies)
    mask = mask_of(ball(affine, shape, (8, 5, 1), 10.0), affine)
    drawn = replace(only_mask(mask), evaluations=(gone,), absent=(2,))
    (response,) = measured(studies, drawn).responses
    assert response.category.value == "112041"
    assert response.volume_percent == response.long_axis_percent == -100.0


def test_lesion_cannot_be_gone_where_it_is_drawn(studies):
    error = refused(studies, lesion(outline(), evaluations=(), absent=(1,)))
    assert error.place == "lesions[0].absent[0]"
    assert "there are 2" in str(refused(studies, lesion(outline(), evaluations=(), absent=(3,))))


def test_volume_change_is_told(studies):
    affine, shape = grid_of(studies)
    box, half = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    box[2:6, 10:20, 5:15] = 255
    half[2:4, 10:20, 5:15] = 255
    drawn = only_mask(mask_of(box, affine), mask_of(half, affine, time_point=2))
    (response,) = measured(studies, drawn).responses
    assert response.volume_percent == pytest.approx(-50)
    assert response.category.value == "112044"


def test_enhanced_frame_is_named_by_its_number(tmp_path):
    studies = enhanced_study(tmp_path)
    pixels = ((20.0, 20.0), (40.0, 20.0), (30.0, 40.0))
    by_points = outline(on_frame(3, *pixels), series_number=7)
    by_pixels = Outline(
        time_point=1, series_number=7, image=ImageName(instance_number=1, frame=3), pixels=pixels
    )
    one, other = (
        measured(studies, lesion(each, evaluations=())).measurements[0]
        for each in (by_points, by_pixels)
    )
    assert one.frame == other.frame == 3
    assert np.allclose(one.polygon_px, other.polygon_px, atol=1e-4)
