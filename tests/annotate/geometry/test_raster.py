from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from casepack.annotate.geometry.polygon import crosses_itself, has_repeated_vertices, polygon_area
from casepack.annotate.geometry.raster import fill_polygon, trace_outline


def test_square_fills_the_centres_inside():
    square = np.array([[1.5, 0.5], [4.5, 0.5], [4.5, 3.5], [1.5, 3.5]])
    expected = np.zeros((6, 7), bool)
    expected[1:4, 2:5] = True
    assert (fill_polygon(square, (6, 7)) == expected).all()


def test_polygons_that_share_an_edge_share_no_pixel_and_leave_none_out():
    left = np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 4.0], [0.0, 4.0]])
    right = left + np.array([3.0, 0.0])
    one, other = fill_polygon(left, (6, 8)), fill_polygon(right, (6, 8))
    assert not (one & other).any()
    assert (one | other)[:4, :6].all()


def test_concave_polygon_leaves_its_bay_out():
    bay = np.array([[0.5, 0.5], [8.5, 0.5], [8.5, 6.5], [6.5, 6.5], [6.5, 2.5], [2.5, 2.5],
                    [2.5, 6.5], [0.5, 6.5]])  # fmt: skip
    filled = fill_polygon(bay, (8, 10))
    assert filled[5, 1]
    assert not filled[5, 4]
    assert filled[5, 8]
    assert filled.sum() == 8 * 6 - 4 * 4


@pytest.mark.parametrize("radius", [3.0, 7.5, 12.2])
def test_disc_is_traced_and_filled_back(radius):
    rows, columns = np.mgrid[0:32, 0:34]
    disc = np.where(np.hypot(rows - 15, columns - 16) <= radius, 255, 0).astype(np.uint8)
    outline = trace_outline(disc)
    assert outline is not None
    assert (fill_polygon(outline, disc.shape) == (disc > 0)).all()
    assert polygon_area(outline) == pytest.approx(math.pi * radius**2, rel=0.1)


def test_fractions_place_the_edge_between_pixels():
    ramp = np.zeros((7, 9), np.uint8)
    ramp[2:5, 2:6] = 255
    ramp[2:5, 6] = 51  # half of 255 lies 0.625 of the way from 255 to 51
    outline = trace_outline(ramp)
    assert outline is not None
    assert outline[:, 0].max() == pytest.approx(5.625)
    assert outline[:, 0].min() == pytest.approx(1.5)


def test_only_the_largest_part_is_outlined_and_holes_are_not():
    values = np.zeros((20, 20), np.uint8)
    values[2:10, 2:12] = 255
    values[5:7, 5:7] = 0
    values[15, 15] = 255
    outline = trace_outline(values)
    assert outline is not None
    assert polygon_area(outline) == pytest.approx(80 - 4 / 8)
    assert trace_outline(np.zeros((4, 4), np.uint8)) is None


@settings(deadline=None, max_examples=60)
@given(arrays(np.bool_, (9, 8)))
def test_outline_of_any_region_is_a_simple_polygon(region):
    outline = trace_outline(np.where(region, 255, 0).astype(np.uint8))
    assert (outline is None) == (not region.any())
    if outline is not None:
        assert not has_repeated_vertices(outline)
        assert not crosses_itself(outline)
        filled = fill_polygon(outline, region.shape)
        assert (region & filled).any()
