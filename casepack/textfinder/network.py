"""How likely each cell of a frame is text: a small network on the stored values.

What it was trained with, what it finds and what it misses stands in ``model/MODEL_CARD.md``. Who
covers text and who checks for it decide for themselves what follows from the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from casepack.textfinder.maps import STRIDE, Floats, text_maps

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_MODEL: Final = Path(__file__).parent / "model" / "text.onnx"
CELL: Final = 4
"""Rows and columns of a cell, pixels."""
_DOUBT: Final = 0.2
"""A part of a frame is seen in other views when a cell is at least this likely in the first."""
_NEAR: Final = 12
"""Cells around doubtful ones for which the other views count."""
_CONTEXT: Final = 8
"""Cells around those that are seen with them."""
_MOST_PIXELS: Final = 4 << 20
"""Larger frames go through the network in strips, so that memory stays bounded."""
_OVERLAP: Final = 16 * STRIDE
"""Rows that strips share; the network sees no further."""


class Likelihood(NamedTuple):
    """How likely each cell of a frame is text, shape (rows / 4, columns / 4), rounded up."""

    mean: Floats
    """Of all views."""
    most: Floats
    """In the view that is surest."""


def text_likelihood(frame: NDArray[Any]) -> Likelihood:
    """Return how likely each cell of a frame is text.

    Where the first view leaves a doubt, and near it, the frame is seen mirrored, upside down and
    turned too: most of a frame without text is seen once.
    """
    maps = text_maps(frame)
    first = _look(maps)
    mean, most = first.copy(), first.copy()
    for near, seen in _windows(first >= _DOUBT):
        inner = tuple(
            slice(n.start - s.start, n.stop - s.start) for n, s in zip(near, seen, strict=True)
        )
        views = [view[inner] for view in _look_otherwise(maps[:, *map(_in_pixels, seen)])]
        views.append(first[near])
        mean[near], most[near] = np.mean(views, axis=0), np.max(views, axis=0)
    held = slice(-(-frame.shape[0] // CELL)), slice(-(-frame.shape[1] // CELL))
    return Likelihood(mean=mean[held], most=most[held])


Window = tuple[slice, slice]
"""Rows and columns of cells."""


def _windows(doubtful: NDArray[np.bool_]) -> Iterator[tuple[Window, Window]]:
    """Yield what is near to doubtful cells, and the same with what is seen around it."""
    for rows in _groups(np.any(doubtful, axis=1)):
        for columns in _groups(np.any(doubtful[rows], axis=0)):
            near, seen = (
                (_grown(rows, by, doubtful.shape[0]), _grown(columns, by, doubtful.shape[1]))
                for by in (_NEAR, _NEAR + _CONTEXT)
            )
            yield near, seen


def _groups(held: NDArray[np.bool_]) -> Iterator[slice]:
    """Yield where cells stand together: none as near to another that their windows would meet."""
    places = np.flatnonzero(held)
    for group in np.split(places, np.flatnonzero(np.diff(places) > 2 * (_NEAR + _CONTEXT)) + 1):
        if group.size:
            yield slice(int(group[0]), int(group[-1]) + 1)


def _grown(side: slice, by: int, size: int) -> slice:
    """Return a side of a window with cells around it, in steps of the network's stride."""
    step = STRIDE // CELL
    first, end = (side.start - by) // step * step, -(-(side.stop + by) // step) * step
    return slice(max(0, first), min(size, end))


def _in_pixels(side: slice) -> slice:
    return slice(side.start * CELL, side.stop * CELL)


def _look_otherwise(maps: Floats) -> Iterator[Floats]:
    """Yield what three other views say."""
    yield _look(maps[:, ::-1, ::-1])[::-1, ::-1]
    yield _look(maps[:, :, ::-1])[:, ::-1]
    yield _look(maps.transpose(0, 2, 1)).T


def _look(maps: Floats) -> Floats:
    return np.concatenate(
        [_run(maps[:, start:end])[top:bottom] for start, end, top, bottom in _strips(maps.shape)]
    )


def _strips(shape: tuple[int, ...]) -> Iterator[tuple[int, int, int, int]]:
    """Yield first and end row of each strip, and first and end row of cells to take of it."""
    _, rows, columns = shape
    height = rows
    if rows * columns > _MOST_PIXELS:
        height = max(STRIDE, _MOST_PIXELS // columns // STRIDE * STRIDE)
    for row in range(0, rows, height):
        start, end = max(0, row - _OVERLAP), min(rows, row + height + _OVERLAP)
        last = min(rows, row + height)
        yield start, end, (row - start) // CELL, (last - start) // CELL


def _run(maps: Floats) -> Floats:
    (answer,) = _session().run(None, {"maps": np.ascontiguousarray(maps[None])})
    cells: Floats = np.asarray(answer, dtype=np.float32)[0, 0]
    return cells


@lru_cache(maxsize=1)
def _session() -> InferenceSession:
    # imported here: only a run that looks at pixels pays for it
    from onnxruntime import InferenceSession, SessionOptions  # noqa: PLC0415

    options = SessionOptions()
    # one thread: workers are processes, and sums keep their order
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return InferenceSession(str(_MODEL), options, providers=["CPUExecutionProvider"])
