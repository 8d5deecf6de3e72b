from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casepack.annotate.geometry.polygon import (
    Vertices,
    crosses_itself,
    find_long_axis,
    find_short_axis,
    has_repeated_vertices,
    polygon_area,
)


def shape(*points: tuple[float, float]) -> Vertices:
    return np.array(points, dtype=np.float64)


def turned(vertices: Vertices, degrees: float, shift: tuple[float, float] = (0, 0)) -> Vertices:
    angle = math.radians(degrees)
    rotation = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return np.asarray(vertices @ rotation + np.array(shift))


def ring(a: float, b: float, count: int) -> Vertices:
    angles = np.arange(count) * 2 * np.pi / count
    return np.stack([a * np.cos(angles), b * np.sin(angles)], axis=1)


def axes(vertices: Vertices) -> tuple[float, float]:
    long_axis = find_long_axis(vertices)
    return long_axis.length, find_short_axis(vertices, long_axis).length


def test_circle_has_two_equal_axes_and_the_area_of_its_polygon():
    vertices = ring(7, 7, 360)
    long_axis, short_axis = axes(vertices)
    assert long_axis == pytest.approx(14, abs=1e-9)
    assert short_axis == pytest.approx(14, abs=1e-9)
    assert polygon_area(vertices) == pytest.approx(180 * 49 * math.sin(math.radians(1)))
    assert polygon_area(vertices) == pytest.approx(math.pi * 49, rel=1e-4)


@pytest.mark.parametrize("degrees", [0, 17, 45, 90, 123.4, 180, 271])
def test_turned_ellipse_keeps_its_axes(degrees):
    vertices = turned(ring(12, 5, 180), degrees, (310, -44))
    long_axis, short_axis = axes(vertices)
    assert long_axis == pytest.approx(24, abs=1e-6)
    assert short_axis == pytest.approx(10, abs=1e-6)
    assert polygon_area(vertices) == pytest.approx(math.pi * 60, rel=1e-3)


@pytest.mark.parametrize("degrees", [0, 30, 77])
def test_long_axis_of_a_rectangle_is_its_diagonal_and_the_short_axis_a_chord_across(degrees):
    vertices = turned(shape((0, 0), (8, 0), (8, 6), (0, 6)), degrees)
    long_axis, short_axis = axes(vertices)
    assert long_axis == pytest.approx(10)
    # the chord through a corner, perpendicular to the diagonal: it ends on the far long side
    assert short_axis == pytest.approx(6 / math.sin(math.atan2(8, 6)))
    # the extent across the diagonal is larger: twice the distance of a corner from it
    assert short_axis < 2 * 8 * 6 / 10


def test_needle_has_a_short_axis_near_zero():
    vertices = shape((0, 0), (50, 0.01), (100, 0), (50, -0.01))
    assert axes(vertices) == pytest.approx((100, 0.02))


def test_triangle_has_its_height_as_short_axis():
    assert axes(shape((0, 0), (10, 0), (4, 3))) == pytest.approx((10, 3))


def test_chords_of_a_crescent_do_not_bridge_the_part_outside():
    outer = [(10 * math.cos(a), 10 * math.sin(a)) for a in np.linspace(0, np.pi, 91)]
    inner = [(8 * math.cos(a), 8 * math.sin(a)) for a in np.linspace(np.pi, 0, 91)]
    vertices = shape(*outer, *inner)
    long_axis = find_long_axis(vertices)
    short_axis = find_short_axis(vertices, long_axis)
    assert long_axis.length == pytest.approx(20)
    # the longest chord touches the inner arc at its end: half of 2 * sqrt(10^2 - 8^2)
    assert short_axis.length == pytest.approx(6, abs=0.02)


def test_two_lobes_on_one_line_are_two_chords():
    # a comb: teeth upwards at both ends, each 5 high, from a bar 1 high
    vertices = shape((0, 0), (20, 0), (20, 5), (18, 5), (18, 1), (2, 1), (2, 3), (0, 3))
    horizontal = find_long_axis(shape((0, 0), (20, 0), (10, 0.5)))
    chord = find_short_axis(vertices, horizontal)
    assert chord.length == pytest.approx(5)
    assert chord.start[0] == pytest.approx(18)


def test_step_of_zero_width_adds_nothing_to_a_chord():
    # left part from 0 to 2, right part from 1 to 3: only the line through the step sees 0 to 3
    vertices = shape((0, 0), (5, 0), (5, 1), (10, 1), (10, 3), (5, 3), (5, 2), (0, 2))
    horizontal = find_long_axis(shape((0, 0), (20, 0), (10, 0.5)))
    assert find_short_axis(vertices, horizontal).length == pytest.approx(2)


def test_ends_of_the_axes_lie_where_the_lengths_say():
    vertices = turned(ring(12, 5, 60), 33)
    long_axis = find_long_axis(vertices)
    short_axis = find_short_axis(vertices, long_axis)
    for axis in (long_axis, short_axis):
        assert np.hypot(*(axis.end - axis.start)) == pytest.approx(axis.length)
    assert np.dot(
        long_axis.end - long_axis.start, short_axis.end - short_axis.start
    ) == pytest.approx(0, abs=1e-9)


def sampled_chord(vertices: Vertices, long_axis, count: int = 2000) -> float:
    """The longest chord among many parallel lines: another way to the same number."""
    direction = (long_axis.end - long_axis.start) / long_axis.length
    frame = np.array([direction, [-direction[1], direction[0]]])
    points = (vertices - long_axis.start) @ frame.T
    longest = 0.0
    for level in np.linspace(points[:, 0].min(), points[:, 0].max(), count + 2)[1:-1]:
        cuts = []
        for one, other in zip(points, np.roll(points, -1, axis=0), strict=True):
            if (one[0] <= level) != (other[0] <= level):
                share = (level - one[0]) / (other[0] - one[0])
                cuts.append(one[1] + share * (other[1] - one[1]))
        cuts.sort()
        longest = max(
            [longest, *(high - low for low, high in zip(cuts[::2], cuts[1::2], strict=True))]
        )
    return longest


@given(
    radii=st.lists(st.floats(2, 20), min_size=5, max_size=24),
    degrees=st.floats(0, 360),
)
def test_axes_of_any_star_agree_with_sampling_and_do_not_turn_with_it(radii, degrees):
    angles = np.arange(len(radii)) * 2 * np.pi / len(radii)
    vertices = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
    long_axis = find_long_axis(vertices)
    exact = find_short_axis(vertices, long_axis).length
    sampled = sampled_chord(vertices, long_axis, 300)
    assert sampled <= exact + 1e-6
    assert sampled >= exact * 0.9 - 0.2
    assert not crosses_itself(vertices)
    moved = turned(vertices, degrees, (100, -250))
    assert find_long_axis(moved).length == pytest.approx(long_axis.length)
    assert polygon_area(moved) == pytest.approx(polygon_area(vertices))


@pytest.mark.parametrize(
    "vertices",
    [
        shape((0, 0), (4, 4), (4, 0), (0, 4)),  # bow tie
        shape((0, 0), (10, 0), (5, 0), (5, 5)),  # runs back over itself
        shape((0, 0), (1, 0), (2, 0)),  # a line
        shape((0, 0), (10, 0), (10, 10), (5, 0), (0, 10)),  # a vertex on another edge
        shape((0, 0), (5, 5), (10, 0), (10, 10), (5, 5), (0, 10)),  # one point twice
    ],
)
def test_polygon_that_meets_itself_is_found(vertices):
    assert crosses_itself(vertices)
    assert crosses_itself(turned(vertices, 37, (3, 200)))


@pytest.mark.parametrize(
    "vertices",
    [
        shape((0, 0), (4, 0), (0, 4)),
        shape((0, 0), (5, 0), (10, 0), (10, 10), (0, 10)),  # a vertex in the middle of a side
        shape((0, 0), (10, 0), (10, 10), (5, 0.001), (0, 10)),
        ring(10, 3, 400),
    ],
)
def test_simple_polygon_is_left_in_peace(vertices):
    assert not crosses_itself(vertices)
    assert not crosses_itself(turned(vertices, 37, (3, 200)))
    assert not crosses_itself(vertices[::-1])


def test_repeated_vertices_are_found():
    assert has_repeated_vertices(shape((0, 0), (1, 0), (1, 0), (0, 1)))
    assert has_repeated_vertices(shape((0, 0), (1, 0), (0, 1), (0, 0)))
    assert not has_repeated_vertices(shape((0, 0), (1, 0), (0, 1)))
