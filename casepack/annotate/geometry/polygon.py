"""Geometry of a closed polygon in a plane: area, axes, and where it crosses itself.

All functions take the vertices as an array of shape ``(n, 2)`` in mm, the first not repeated.
Among equal answers the first in the order of the vertices is taken, so that a result does not
depend on rounding in the last place.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vertices = NDArray[np.float64]
TIE = 1e-9
"""mm; lengths nearer than this are equal."""
TOUCH = 1e-6
"""mm; points nearer than this are one point."""


class Axis(NamedTuple):
    """A straight line in the plane: its length in mm and its two ends, each of shape ``(2,)``."""

    length: float
    start: Vertices
    end: Vertices


def polygon_area(vertices: Vertices) -> float:
    """Return the enclosed area in mm2, by the shoelace formula."""
    x, y = (vertices - vertices[0]).T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def find_long_axis(vertices: Vertices) -> Axis:
    """Return the longest distance between two vertices: the long axis of RECIST 1.1."""
    best, ends = 0.0, (0, 0)
    for start in range(len(vertices) - 1):
        lengths = np.hypot(*(vertices[start + 1 :] - vertices[start]).T)
        step = int(np.argmax(lengths >= lengths.max() - TIE))
        if lengths[step] > best + TIE:
            best, ends = float(lengths[step]), (start, start + 1 + step)
    return Axis(best, vertices[ends[0]], vertices[ends[1]])


def find_short_axis(vertices: Vertices, long_axis: Axis) -> Axis:
    """Return the longest chord perpendicular to the long axis.

    A chord is a connected piece, inside the polygon, of a line perpendicular to the long axis.
    Each piece counts on its own: where the line leaves a concave polygon and enters it again, the
    part outside is not bridged. The result is the least upper bound over the lines that meet no
    vertex, which the chord's length, linear between neighbouring vertices, takes at a vertex.

    It is therefore at most the extent of the polygon perpendicular to the long axis (the width
    of its bounding box along that axis), and less than it wherever the chords are offset against
    one another, as in a leaning ellipse or a crescent.
    """
    direction = (long_axis.end - long_axis.start) / long_axis.length
    normal = np.array([-direction[1], direction[0]])
    relative = vertices - long_axis.start
    along, across = relative @ direction, relative @ normal
    best = (0.0, 0.0, 0.0, 0.0)
    levels = np.unique(along)
    for low, high in pairwise(levels):
        if high - low > TIE:
            best = _longer(best, _longest_chord(along, across, low, high))
    length, level, lower, upper = best
    foot = long_axis.start + level * direction
    return Axis(length, foot + lower * normal, foot + upper * normal)


def _longer(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    return other if other[0] > one[0] + TIE else one


def _longest_chord(
    along: Vertices, across: Vertices, low: float, high: float
) -> tuple[float, float, float, float]:
    """Return (length, level, lower, upper) of the longest chord between two levels.

    No vertex lies between the levels, so the same edges bound the chords all the way, and the
    longest chord is at one of the two levels.
    """
    middle = (low + high) / 2
    next_along, next_across = np.roll(along, -1), np.roll(across, -1)
    crossed = (along < middle) != (next_along < middle)
    start, run = along[crossed], (next_along - along)[crossed]
    foot, rise = across[crossed], (next_across - across)[crossed]

    def heights(level: float) -> Vertices:
        return np.asarray(foot + rise * ((level - start) / run))

    order = np.argsort(heights(middle), kind="stable")
    best = (0.0, 0.0, 0.0, 0.0)
    for level in (low, high):
        ends = heights(level)[order]
        lengths = ends[1::2] - ends[::2]
        chord = int(np.argmax(lengths >= lengths.max() - TIE))
        found = (
            float(lengths[chord]),
            float(level),
            float(ends[2 * chord]),
            float(ends[2 * chord + 1]),
        )
        best = _longer(best, found)
    return best


def has_repeated_vertices(vertices: Vertices) -> bool:
    """Tell whether two consecutive vertices are one point."""
    return bool(np.any(np.hypot(*(np.roll(vertices, -1, axis=0) - vertices).T) < TOUCH))


def crosses_itself(vertices: Vertices) -> bool:
    """Tell whether two edges meet anywhere but at the vertex that they share.

    Edges that touch, and an edge that runs back over the one before it, count as meeting.
    The vertices must not repeat one another consecutively.
    """
    ends = np.roll(vertices, -1, axis=0)
    edges = ends - vertices
    following = np.roll(edges, -1, axis=0)
    turn = _cross(edges, following)
    scale = np.hypot(*edges.T) * np.hypot(*following.T)
    if np.any((np.abs(turn) <= TIE * scale) & (np.sum(edges * following, axis=1) < 0)):
        return True
    count = len(vertices)
    for one in range(count - 2):
        others = np.arange(one + 2, count - (1 if one == 0 else 0))
        if others.size and _meets_any(vertices[one], ends[one], vertices[others], ends[others]):
            return True
    return False


def _cross(one: Vertices, other: Vertices) -> Vertices:
    return np.asarray(one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0])


def _meets_any(start: Vertices, end: Vertices, starts: Vertices, ends: Vertices) -> bool:
    """Tell whether one edge meets any of the others, within the tolerance `TOUCH`."""
    crossing = (_cross(end - start, starts - start) * _cross(end - start, ends - start) < 0) & (
        _cross(ends - starts, start - starts) * _cross(ends - starts, end - starts) < 0
    )
    if np.any(crossing):
        return True
    touching = [
        _distance(starts, start, end),
        _distance(ends, start, end),
        _distance(start, starts, ends),
        _distance(end, starts, ends),
    ]
    return any(bool(np.any(distance < TOUCH)) for distance in touching)


def _distance(points: Vertices, starts: Vertices, ends: Vertices) -> Vertices:
    """Return the distance of points from edges, one of the two being single."""
    edges = ends - starts
    share = np.sum((points - starts) * edges, axis=-1) / np.sum(edges * edges, axis=-1)
    nearest = starts + np.clip(share, 0, 1)[..., np.newaxis] * edges
    return np.asarray(np.hypot(*np.moveaxis(points - nearest, -1, 0)))
