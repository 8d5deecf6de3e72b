from __future__ import annotations

import math

import pytest

from casepack.package.pictures.planes import Plane, plane_from

SAGITTAL = (0, 1, 0, 0, 0, -1)
CORONAL = (1, 0, 0, 0, 0, -1)
AXIAL = (1, 0, 0, 0, 1, 0)


def plane(orientation=SAGITTAL, position=(10, -48, 64), spacing=(2.0, 1.0)) -> Plane:
    found = plane_from(position, orientation, spacing)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("orientation", "name", "letters"),
    [
        (SAGITTAL, "sagittal", ("A", "P", "H", "F")),
        (CORONAL, "coronal", ("R", "L", "H", "F")),
        (AXIAL, "axial", ("R", "L", "A", "P")),
        ((-1, 0, 0, 0, 1, 0), "axial", ("L", "R", "A", "P")),
    ],
)
def test_an_image_is_lettered_as_a_radiologist_expects(orientation, name, letters):
    assert plane(orientation).name == name
    assert tuple(plane(orientation).letters) == letters


def test_a_tilted_edge_carries_its_second_letter_and_a_slight_tilt_does_not():
    def axial_tilted(degrees: float) -> Plane:
        angle = math.radians(degrees)
        return plane((1, 0, 0, 0, math.cos(angle), -math.sin(angle)))

    assert axial_tilted(20).letters.bottom == "P"
    assert axial_tilted(40).letters.bottom == "PF"


def test_pixels_lie_where_image_position_and_spacing_put_them():
    # sagittal: columns go to posterior by 1 mm, rows to the feet by 2 mm
    assert plane().project([(10, -48, 64), (10, -38, 64), (10, -48, 44)]) == (
        (0, 0),
        (10, 0),
        (0, 10),
    )
    assert abs(plane().distance((14, 0, 0))) == pytest.approx(4)


def test_a_picture_of_half_the_size_shows_points_at_the_same_place():
    whole, half = plane(), plane().resampled(0.5, 0.5)
    assert half.spacing == (4.0, 2.0)
    ((column, row),) = whole.project([(10, -20, 30)])
    ((half_column, half_row),) = half.project([(10, -20, 30)])
    # places measured from the corner of the picture halve; pixel centres are half a pixel in
    assert half_column + 0.5 == pytest.approx((column + 0.5) / 2)
    assert half_row + 0.5 == pytest.approx((row + 0.5) / 2)


def test_an_outline_spreads_across_a_perpendicular_plane_only():
    outline = [(10.0, 0.0, 0.0), (10.0, 20.0, 0.0), (10.0, 20.0, 30.0)]
    assert plane(SAGITTAL).spread(outline) == pytest.approx(0)
    assert plane(AXIAL).spread(outline) == pytest.approx(30)


@pytest.mark.parametrize(
    ("position", "orientation", "spacing"),
    [
        ((), SAGITTAL, (1, 1)),
        ((0, 0, 0), (0, 0, 0, 0, 0, 0), (1, 1)),
        ((0, 0, 0), (1, 0, 0, 1, 0, 0), (1, 1)),
        ((0, 0, 0), SAGITTAL, (0, 1)),
        ((math.nan, 0, 0), SAGITTAL, (1, 1)),
    ],
)
def test_what_is_no_plane_is_none(position, orientation, spacing):
    assert plane_from(position, orientation, spacing) is None
