"""The face found from the surface of the skin, in the images of one Frame of Reference.

Seen from the side, the skin of the throat lies far behind the chin above it. Where images show that
step, the face is what lies above the throat and in front of its skin. That says nothing about where
the spine is, and needs not: it lies a good way behind the throat.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from casepack.deidentify.pixels.planes import Plane, Vectors
from casepack.deidentify.pixels.stored import Values

Floats = NDArray[np.float64]

_COARSE: Final = 2.0
"""Size of a cell in which values are averaged, mm."""
_BIN: Final = 4.0
"""Height of a step of the profile, mm."""
_STRAY: Final = 0.05
"""Share of the lines at a height that may end at something in front of the skin, such as noise."""
_RUN: Final = 4
"""Cells of tissue one behind the other that are no speckle."""
_ALONG: Final = 0.8
"""Cosine from which on an axis of the image runs from front to back."""
_BESIDE: Final = 50.0
"""How far from the middle skin counts, mm: shoulders do not."""
_CHIN, _WITHIN = 30.0, 20.0
"""The skin comes forward at least so far within such a height: below the chin it is nearly level,
while no part of the trunk is so steep."""
_ABOVE: Final = 60.0
"""How far above the throat it does so at the most, mm."""
_TALL: Final = 40.0
"""How far up from there all stands out in front of the throat, mm; or to the end of the image."""
_FEWEST: Final = 5
_FLAT: Final = 10.0
_NECK: Final = 16.0
"""The throat is a stretch at least so long within `_FLAT` of its deepest point, mm."""
_THICKNESS: Final = (80.0, 175.0)
"""Of the neck behind the throat, mm. A trunk is thicker; less is no neck, but a part blacked out
by saturation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceRegion:
    """What shows a face: all that lies above a height and in front of a plane, in LPS, mm."""

    above: float
    """z of the lower border."""
    in_front_of: float
    """y of the posterior border."""

    def mask(self, plane: Plane) -> NDArray[np.bool_]:
        """Return the pixels whose voxels reach into the region, shape (rows, columns)."""
        points = plane.points()
        inside: NDArray[np.bool_] = (points[..., 2] + plane.reach(2) > self.above) & (
            points[..., 1] - plane.reach(1) < self.in_front_of
        )
        return inside


@dataclass(slots=True, kw_only=True)
class Profile:
    """The outline of the patient from the side, put together from many frames."""

    _front: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    """By step of height: y of the first tissue on each line from front to back."""
    _back: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    """y of the last; infinite where the image ends before the skin."""

    @property
    def outline(self) -> tuple[Floats, Floats, Floats]:
        """Heights z, and at each the y of the skin in front and behind."""
        steps = sorted(self._front)
        front = [_nearly_first(sorted(self._front[step])) for step in steps]
        back = [-_nearly_first(sorted(-y for y in self._back[step])) for step in steps]
        return np.array(steps) * _BIN, _smooth(np.array(front)), _smooth(np.array(back))

    def add(self, frames: Iterable[tuple[Plane, Values]], middle: float) -> None:
        """Add frames of one series, which share a scale of values.

        Parameters
        ----------
        frames
            Planes, with the values that they show, shape (rows, columns).
        middle
            x of the middle of the patient, mm.
        """
        for lines, tissue in outlined_lines(frames):
            self._add(lines, tissue, middle)

    def _add(self, lines: Lines, tissue: NDArray[np.bool_], middle: float) -> None:
        run = _runs(tissue)
        for line in np.flatnonzero(run.any(axis=1)):
            first = int(run[line].argmax())
            last = run.shape[1] - 1 - int(run[line, ::-1].argmax()) + _RUN - 1
            x, y, z = lines.points[line, first]
            if abs(x - middle) > _BESIDE:
                continue
            step = int(np.floor(z / _BIN))
            self._front[step].append(float(y))
            end = float(lines.points[line, last, 1]) if last < tissue.shape[1] - 1 else np.inf
            self._back[step].append(end)


def _nearly_first(found: list[float]) -> float:
    return found[min(len(found) - 1, max(1, int(_STRAY * len(found))))]


def _smooth(values: Floats) -> Floats:
    """Return the median of each three neighbours."""
    if len(values) < 3:  # noqa: PLR2004  # nothing to smooth
        return values
    padded = np.concatenate((values[:1], values, values[-1:]))
    middle: Floats = np.median(np.stack((padded[:-2], values, padded[2:])), axis=0)
    return middle


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Values along lines from front to back, shape (lines, cells), and where they lie."""

    values: Floats
    points: Vectors


def outlined_lines(
    frames: Iterable[tuple[Plane, Values]], air: float | None = None
) -> Iterator[tuple[Lines, NDArray[np.bool_]]]:
    """Yield the lines from front to back of frames that share a scale, and what of them is tissue.

    Frames across that direction have none. `air` is the largest value of air, if it is known.
    """
    lines = [found for plane, values in frames if (found := _scan_lines(plane, values))]
    if lines:
        values = np.concatenate([found.values.ravel() for found in lines])
        level = _air_level(values) if air is None else air
        yield from ((found, found.values > level) for found in lines)


def air_level(frames: Iterable[tuple[Plane, Values]]) -> float:
    """Return the value that best parts air from tissue in frames of one series."""
    return _air_level(np.concatenate([values.ravel() for _plane, values in frames]))


def skin_points(frames: Iterable[tuple[Plane, Values]], air: float) -> Vectors:
    """Return where the lines of frames of one series meet the skin, shape (points, 3)."""
    found = [np.empty((0, 3))]
    for lines, tissue in outlined_lines(frames, air):
        run = _runs(tissue)
        hit = np.flatnonzero(run.any(axis=1))
        found.append(lines.points[hit, run[hit].argmax(axis=1)])
    return np.concatenate(found)


def _runs(tissue: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where so many cells of tissue begin that they are no speckle."""
    run = np.ones_like(tissue[:, _RUN - 1 :])
    for part in range(_RUN):
        run &= tissue[:, part : tissue.shape[1] - _RUN + 1 + part]
    return run


def _scan_lines(plane: Plane, values: Values) -> Lines | None:
    axes = (plane.column[1], plane.row[1])
    axis = int(abs(axes[1]) > abs(axes[0]))
    if abs(axes[axis]) < _ALONG or values.ndim != 2:  # noqa: PLR2004  # rows, columns
        return None
    steps = [max(1, round(_COARSE / spacing)) for spacing in plane.spacing]
    rows, columns = (size // step for size, step in zip(values.shape, steps, strict=True))
    if min(rows, columns) < 2 * _RUN:
        return None
    cut = values[: rows * steps[0], : columns * steps[1]].astype(np.float64)
    coarse = cut.reshape(rows, steps[0], columns, steps[1]).mean(axis=(1, 3))
    centres = [step // 2 for step in steps]
    points = plane.points()[centres[0] :: steps[0], centres[1] :: steps[1]][:rows, :columns]
    if axis == 0:
        coarse, points = coarse.T, points.transpose(1, 0, 2)
    if axes[axis] < 0:
        coarse, points = coarse[:, ::-1], points[:, ::-1]
    return Lines(values=coarse, points=points)


def _air_level(values: Floats) -> float:
    """Return the value that best parts air from tissue: Otsu's, of the logarithms.

    Bright fat and dark muscle are near one another then, and air is not.
    """
    scaled = np.log1p(values - values.min())
    counts, edges = np.histogram(scaled, bins=128)
    middles = (edges[1:] + edges[:-1]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    best = int(np.nanargmax(apart[:-1])) if len(apart) > 1 else 0
    return float(np.expm1(edges[best + 1]) + values.min())


def find_face(profile: Profile) -> FaceRegion | None:
    """Find the face in the outline of the patient.

    Returns
    -------
    FaceRegion or None
        None when no throat is seen below something that stands out, or what is seen there has not
        the thickness of a neck.
    """
    z, front, back = profile.outline
    if len(z) < 2 * _NECK / _BIN:
        return None
    throats = [place for place in range(len(z)) if _stands_out_above(z, front, place)]
    if not throats:
        return None
    return _face_above(z, front, back, max(throats, key=lambda place: front[place]))


def _stands_out_above(z: Floats, front: Floats, place: int) -> bool:
    step = round(_WITHIN / _BIN)
    for low in range(place, len(z) - step):
        if z[low] > z[place] + _ABOVE:
            break
        out = front[low + step :] <= front[place] - _CHIN
        tall = len(out) if out.all() else int(out.argmin())
        enough = tall == len(out) >= _FEWEST or tall * _BIN >= _TALL
        if front[low] - front[low + step] >= _CHIN and enough:
            return True
    return False


def _face_above(z: Floats, front: Floats, back: Floats, place: int) -> FaceRegion | None:
    throat = front[place]
    flat = [place]
    for way in (-1, 1):
        at = place + way
        while 0 <= at < len(z) and abs(z[at] - z[at - way]) <= _BIN and front[at] > throat - _FLAT:
            flat.append(at)
            at += way
    if len(flat) * _BIN < _NECK:
        return None
    thickness = back[place] - throat
    if not _THICKNESS[0] <= thickness <= _THICKNESS[1]:
        return None
    # from where the skin begins to come forward again
    top = max(at for at in flat if front[at] > throat - _FLAT / 2)
    return FaceRegion(above=float(z[top] + _BIN), in_front_of=float(throat))
