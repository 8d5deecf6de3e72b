from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from highdicom.spatial import ImageToReferenceTransformer
from pydicom import dcmread

from casepack.annotate.geometry.planes import read_planes, slice_thickness
from casepack.annotate.measure import measure_lesions
from casepack.errors import CaseError, StudyError
from casepack.lesion import Evaluation, Measurement
from casepack.model import Deidentified
from tests.annotate.drawings import (
    COLUMN,
    GAP,
    HYPOINTENSE,
    NORMAL,
    ROW,
    T1_SIGNAL,
    ellipse,
    enhanced_study,
    lesion,
    on_frame,
    outline,
    rewrite,
)
from tests.builders import deidentified


def measured(studies: Deidentified, *outlines, **changes) -> tuple[Measurement, ...]:
    changes.setdefault("evaluations", ())
    (result,) = measure_lesions(studies, [lesion(*outlines, **changes)])
    return result.measurements


def refused(studies: Deidentified, *outlines, **changes) -> CaseError:
    with pytest.raises(CaseError) as caught:
        measured(studies, *outlines, **changes)
    return caught.value


def test_circle_is_measured_and_placed(tmp_path):
    studies = deidentified(tmp_path)
    (found,) = measured(studies, outline(ellipse(0.0, (5, 1), (8, 8), count=72)))
    image = studies.studies[0].series[0].instances[1]
    assert found.sop_instance_uid == image.sop_instance_uid
    assert found.sop_class_uid == image.sop_class_uid
    assert found.series_instance_uid == studies.studies[0].series[0].series_instance_uid
    assert found.study_instance_uid == studies.studies[0].study_instance_uid
    assert found.frame_of_reference_uid == "1.2.826.0.1.3680043.10.9999.1.0"
    assert found.frame == 1
    assert found.long_axis_mm == pytest.approx(16, abs=1e-5)
    assert found.short_axis_mm == pytest.approx(16, abs=1e-5)
    assert found.craniocaudal_mm == pytest.approx(16, abs=1e-5)
    assert found.area_mm2 == pytest.approx(math.pi * 64, rel=2e-3)
    # y 13, z 1 lies (13 + 48) / 2 columns and (64 - 1) / 2 rows from the first pixel's centre
    assert found.polygon_px[0] == (30.5, 31.5)
    assert found.polygon_mm[0] == (0.0, 13.0, 1.0)


@pytest.mark.parametrize("turn", [0, 20, 45, 70, 90, 135])
def test_turned_ellipse_keeps_its_axes_and_changes_its_craniocaudal_extent(tmp_path, turn):
    studies = deidentified(tmp_path, studies=1, series=1)
    (found,) = measured(studies, outline(ellipse(0, (5, 1), (14, 6), turn, 120)))
    assert found.long_axis_mm == pytest.approx(28, abs=1e-4)
    assert found.short_axis_mm == pytest.approx(12, abs=1e-4)
    angle = math.radians(turn)
    extent = 2 * math.hypot(14 * math.sin(angle), 6 * math.cos(angle))
    assert found.craniocaudal_mm == pytest.approx(extent, rel=1e-3)
    assert found.area_mm2 == pytest.approx(math.pi * 84, rel=1e-3)
    start, end = (np.array(each) for each in found.long_axis_px)
    assert np.hypot(*(end - start)) * 2 == pytest.approx(28, abs=1e-4)


def test_second_time_point_is_the_later_study(tmp_path):
    studies = deidentified(tmp_path)
    first, second = measured(studies)
    assert first.study_instance_uid == studies.studies[0].study_instance_uid
    assert second.study_instance_uid == studies.studies[1].study_instance_uid
    assert second.long_axis_mm == pytest.approx(first.long_axis_mm / 2)


def test_tracking_uid_is_one_for_all_time_points_and_another_for_another_lesion(tmp_path):
    studies = deidentified(tmp_path)
    one, again, other = measure_lesions(
        studies, [lesion(), lesion(tracking_id="b"), lesion(tracking_id="c")]
    )
    assert len({one.tracking_uid, again.tracking_uid, other.tracking_uid}) == 3
    assert one.tracking_uid.startswith("2.25.")
    assert measure_lesions(studies, [lesion()])[0].tracking_uid == one.tracking_uid
    elsewhere = replace(studies, studies=studies.studies[1:])
    drawn = lesion(outline(), evaluations=())
    assert measure_lesions(elsewhere, [drawn])[0].tracking_uid != one.tracking_uid


def test_drawing_between_two_slices_goes_to_the_nearer_and_onto_its_plane(tmp_path):
    studies = deidentified(tmp_path)
    (found,) = measured(studies, outline(ellipse(2.5)))
    series = studies.studies[0].series[0]
    assert found.sop_instance_uid == series.instances[2].sop_instance_uid
    assert {point[0] for point in found.polygon_mm} == {4.0}


def test_drawing_off_every_plane_is_refused_with_the_distance(tmp_path):
    error = refused(deidentified(tmp_path), outline(ellipse(6.25)))
    assert "2.2 mm" in str(error)
    assert "2.0 mm" in str(error)
    assert error.place == "lesions[0].outlines[0].points"


def test_half_a_slice_off_the_last_plane_is_just_allowed(tmp_path):
    assert measured(deidentified(tmp_path), outline(ellipse(5.99)))


def test_drawing_across_the_planes_is_refused(tmp_path):
    axial = tuple((z, y, 0.0) for _, y, z in ellipse(half_axes=(6, 6), centre=(0, 0)))
    assert "mm from the nearest image plane" in str(refused(deidentified(tmp_path), outline(axial)))


def test_gap_between_slices_holds_no_drawing(tmp_path):
    studies = enhanced_study(tmp_path)
    pixels = ((20.0, 20.0), (40.0, 20.0), (30.0, 40.0))
    between = outline(on_frame(2, *pixels, off=GAP / 2), series_number=7)
    assert "1.8 mm" in str(refused(studies, between))
    assert measured(studies, outline(on_frame(2, *pixels, off=1.4), series_number=7))[0].frame == 2


@pytest.mark.parametrize("shared", [True, False])
def test_frame_of_an_enhanced_image_is_found_on_oblique_planes_with_oblong_pixels(tmp_path, shared):
    studies = enhanced_study(tmp_path, shared_orientation=shared)
    pixels = ((20.0, 20.0), (60.0, 20.0), (60.0, 35.0), (20.0, 35.0))
    (found,) = measured(studies, outline(on_frame(4, *pixels), series_number=7))
    assert found.frame == 4
    assert found.polygon_px == pytest.approx(np.array(pixels), abs=1e-4)
    assert found.area_mm2 == pytest.approx(40 * 0.5 * 15 * 0.8, abs=1e-4)
    assert found.long_axis_mm == pytest.approx(math.hypot(20, 12), abs=1e-4)
    # the row is horizontal and the column leans, so that its z share is the extent
    assert found.craniocaudal_mm == pytest.approx(12 * abs(COLUMN[2]), abs=1e-4)
    assert float(ROW[2]) == 0


def test_frames_at_one_place_give_the_first(tmp_path):
    studies = enhanced_study(tmp_path)
    image = studies.studies[0].series[0].instances[0]
    ds = dcmread(image.path)
    groups = ds.PerFrameFunctionalGroupsSequence
    groups[4].PlanePositionSequence = groups[2].PlanePositionSequence
    ds.save_as(image.path, enforce_file_format=True)
    pixels = ((20.0, 20.0), (40.0, 20.0), (30.0, 40.0))
    (found,) = measured(studies, outline(on_frame(3, *pixels), series_number=7))
    assert found.frame == 3


def test_stations_in_one_plane_give_the_one_that_holds_the_drawing(tmp_path):
    studies = deidentified(tmp_path, studies=1, series=1, slices=2)
    lower = studies.studies[0].series[0].instances[1]
    ds = dcmread(lower.path)
    ds.ImagePositionPatient = [-4.0, -48, -64]
    ds.save_as(lower.path, enforce_file_format=True)
    (found,) = measured(studies, outline(ellipse(-4.0, centre=(0, -100))))
    assert found.sop_instance_uid == lower.sop_instance_uid
    (upper,) = measured(studies, outline(ellipse(-4.0, centre=(0, 0))))
    assert upper.sop_instance_uid != lower.sop_instance_uid


def test_left_handed_stack_is_measured_alike(tmp_path):
    studies = deidentified(tmp_path, studies=1, series=1)
    for instance in studies.instances:
        ds = dcmread(instance.path)
        ds.ImagePositionPatient = [-ds.ImagePositionPatient[0], *ds.ImagePositionPatient[1:]]
        ds.save_as(instance.path, enforce_file_format=True)
    (found,) = measured(studies, outline(ellipse(4.0)))
    assert found.sop_instance_uid == studies.instances[0].sop_instance_uid
    assert found.long_axis_mm == pytest.approx(20, abs=1e-5)


def test_pixels_and_points_agree_with_an_independent_transformation(tmp_path):
    studies = enhanced_study(tmp_path)
    pixels = ((10.25, 20.5), (60.0, 21.0), (33.3, 47.75))
    (found,) = measured(studies, outline(on_frame(5, *pixels, off=0.7), series_number=7))
    ds = dcmread(studies.instances[0].path)
    shared, frame = ds.SharedFunctionalGroupsSequence[0], ds.PerFrameFunctionalGroupsSequence[4]
    transform = ImageToReferenceTransformer(
        image_position=frame.PlanePositionSequence[0].ImagePositionPatient,
        image_orientation=shared.PlaneOrientationSequence[0].ImageOrientationPatient,
        pixel_spacing=shared.PixelMeasuresSequence[0].PixelSpacing,
    )
    # its image coordinates count from the corner of the first pixel
    points = transform(np.array(found.polygon_px) + 0.5)
    assert points == pytest.approx(np.array(found.polygon_mm), abs=1e-3)
    assert found.polygon_px == pytest.approx(np.array(pixels), abs=1e-3)
    moved = np.array(on_frame(5, *pixels))
    assert np.array(found.polygon_mm) == pytest.approx(moved, abs=1e-3)
    assert abs(float((np.array(found.polygon_mm)[0] - moved[0]) @ NORMAL)) < 1e-5


def test_drawing_up_to_the_edge_of_the_image_is_allowed_and_beyond_refused(tmp_path):
    studies = deidentified(tmp_path, studies=1, series=1)

    # the image reaches from half a pixel (1 mm) before its first pixel's centre at y -48
    def up_to(y: float):
        return outline(((0.0, y, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 20.0)))

    assert measured(studies, up_to(-49.0))[0].polygon_px[0][0] == -0.5
    error = refused(studies, up_to(-52.5))
    assert "3.5 mm out of the image" in str(error)
    assert error.advice


def flat(*points: tuple[float, float]):
    return outline(tuple((0.0, y, z) for y, z in points))


@pytest.mark.parametrize(
    ("drawn", "message"),
    [
        (flat((0, 0), (10, 0)), "fewer than 3"),
        (flat((0, 0), (10, 0), (0, 0)), "fewer than 3"),
        (flat((0, 0), (9, 9), (9, 0), (0, 9)), "crosses or touches itself"),
        (flat((0, 0), (9, 0), (9, 0), (0, 9)), "crosses or touches itself"),
        (flat((0, 0), (9, 0), (20, 0)), "crosses or touches itself"),
        (outline(((0, 0, 0), (0, 9, 0), (1.9, 9, 9), (-1.9, 0, 9))), "not planar"),
        (outline(((0, 0, 0), (0, 9, float("nan")), (0, 9, 9))), "not a number"),
    ],
)
def test_what_is_no_simple_planar_polygon_is_refused(tmp_path, drawn, message):
    error = refused(deidentified(tmp_path, studies=1, series=1), drawn)
    assert message in str(error)
    assert error.place == "lesions[0].outlines[0].points"


def test_unevenness_is_told_in_mm(tmp_path):
    wavy = outline(((0.9, 0, 0), (-0.9, 9, 0), (0.9, 9, 9), (-0.9, 0, 9)))
    assert "up to 0.9 mm from a common plane" in str(
        refused(deidentified(tmp_path, studies=1, series=1), wavy)
    )


@pytest.mark.parametrize("time_point", [0, 3, -1])
def test_unknown_time_point_is_refused(tmp_path, time_point):
    error = refused(deidentified(tmp_path), outline(time_point=time_point))
    assert "there are 2" in str(error)
    assert error.place == "lesions[0].outlines[0].time_point"


def test_unknown_series_is_refused(tmp_path):
    error = refused(deidentified(tmp_path), outline(), outline(series_number=9))
    assert error.place == "lesions[0].outlines[1].series_number"
    assert "casepack inspect" in error.advice


def test_series_without_planes_is_refused(tmp_path):
    studies = deidentified(tmp_path)
    rewrite(studies, ImageOrientationPatient=None)
    assert "without an image plane" in str(refused(studies, outline()))


@pytest.mark.parametrize(
    "attributes",
    [
        {"ImageOrientationPatient": [0, 1, 0, 0, 1, 0]},
        {"ImageOrientationPatient": [0, 0, 0, 0, 0, -1]},
        {"PixelSpacing": [0, 2]},
        {"ImagePositionPatient": [0, 0]},
        {"Rows": 0},
    ],
)
def test_images_with_an_impossible_plane_are_left_out(tmp_path, attributes):
    studies = deidentified(tmp_path)
    rewrite(studies, **attributes)
    assert read_planes(studies.studies[0].series[0]) == ()


def test_image_without_frame_of_reference_is_refused(tmp_path):
    studies = deidentified(tmp_path)
    rewrite(studies, FrameOfReferenceUID=None)
    assert "Frame of Reference" in str(refused(studies, outline()))


def test_thickness_falls_back_on_the_spacing_and_on_the_next_plane(tmp_path):
    studies = deidentified(tmp_path, studies=1, series=1)
    rewrite(studies, SliceThickness="", SpacingBetweenSlices=5.0)
    planes = read_planes(studies.studies[0].series[0])
    assert slice_thickness(planes[0], planes) == 5.0
    rewrite(studies, SpacingBetweenSlices=None)
    planes = read_planes(studies.studies[0].series[0])
    assert slice_thickness(planes[0], planes) == 4.0
    assert slice_thickness(planes[0], planes[:1]) == 1.0


def test_evaluation_at_a_time_point_without_a_study_is_refused(tmp_path):
    evaluation = Evaluation(time_point=3, concept=T1_SIGNAL, value=HYPOINTENSE)
    error = refused(deidentified(tmp_path), outline(), evaluations=(evaluation,))
    assert error.place == "lesions[0].evaluations[0].time_point"
    assert "there are 2" in str(error)


def test_evaluation_without_an_outline_at_its_time_point_is_kept(tmp_path):
    evaluation = Evaluation(time_point=2, concept=T1_SIGNAL, value=HYPOINTENSE)
    (found,) = measured(deidentified(tmp_path), outline(), evaluations=(evaluation,))
    assert found.time_point == 1


def test_lesion_without_outline_and_twin_identifiers_are_refused(tmp_path):
    studies = deidentified(tmp_path)
    with pytest.raises(CaseError, match="no outline"):
        measure_lesions(studies, [replace(lesion(), outlines=())])
    with pytest.raises(CaseError, match="same tracking identifier"):
        measure_lesions(studies, [lesion(), lesion()])


def test_damaged_image_is_refused_without_a_word_of_its_content(tmp_path):
    studies = deidentified(tmp_path)
    studies.instances[0].path.write_bytes(b"Canary" * 100)
    with pytest.raises(StudyError) as caught:
        measured(studies, outline())
    assert "Canary" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_value_that_is_no_number_is_refused_without_quoting_it(tmp_path):
    studies = deidentified(tmp_path)
    image = studies.studies[0].series[0].instances[0]
    content = image.path.read_bytes()
    assert b"\\-48.0\\" in content
    image.path.write_bytes(content.replace(b"\\-48.0\\", b"\\Jane9\\"))
    with pytest.raises(StudyError) as caught:
        measured(studies, outline())
    assert "Jane" not in str(caught.value)


def test_measuring_twice_gives_the_same(tmp_path):
    studies = deidentified(tmp_path)
    assert measure_lesions(studies, [lesion()]) == measure_lesions(studies, [lesion()])
    assert measured(studies, outline())[0] == measured(studies, outline())[0]
