"""From stored pixel values to an 8-bit picture (PS3.3 C.11.1, C.11.2; PS3.4 N.2).

Modality LUT, then a VOI window that is the same for all frames of a series, then inversion of
MONOCHROME1; pixels that are not square are resampled so that they are.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.pixels.utils import iter_pixels

from casepack.package.pictures.frames import Frame, Window, exact_window

Values = NDArray[np.float32]
"""Output of the Modality LUT, shape ``(rows, columns)``, or ``(rows, columns, 3)`` for colour."""
Grey = NDArray[np.uint8]
Made = TypeVar("Made")

PERCENTILES = (1.0, 99.5)
"""Of the values of a series: what the window spans when the header names no sane one."""
_SAMPLED_FRAMES = 24
_SAMPLED_PIXELS = 16_384
_SANE_SPAN = (0.2, 4.0)
"""Width of a sane window, as a multiple of what the percentiles span."""
_ASPECT_TOLERANCE = 0.01
_COLOUR = 3


def decode_frames(frames: Sequence[Frame]) -> Iterator[tuple[Frame, Values | None]]:
    """Decode the frames of one SOP Instance; a frame that cannot be decoded comes with None.

    Parameters
    ----------
    frames
        Frames of one and the same instance, by frame number.
    """
    return _decode(frames, _modality_values)


def draw_frames(
    frames: Sequence[Frame], window: Window
) -> Iterator[tuple[Frame, Image.Image | None]]:
    """Decode the frames of one SOP Instance and draw them; the same as `render_frame` of each.

    Parameters
    ----------
    frames
        Frames of one and the same instance, by frame number.
    """

    def draw(dataset: Dataset, frame: Frame, stored: NDArray[Any]) -> Image.Image:
        grey = _look_up_grey(dataset, frame, stored, window)
        if grey is not None:
            return _with_square_pixels(frame, Image.fromarray(grey))
        return render_frame(frame, _modality_values(dataset, frame, stored), window)

    return _decode(frames, draw)


def _decode(
    frames: Sequence[Frame], convert: Callable[[Dataset, Frame, NDArray[Any]], Made]
) -> Iterator[tuple[Frame, Made | None]]:
    """Yield what is made of each frame; pixels are read as they are needed, never a whole file."""
    done = 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            described = Dataset()
            indices = [frame.number - 1 for frame in frames]
            path = frames[0].instance.path
            decoded = iter_pixels(path, ds_out=described, indices=indices)
            for frame, stored in zip(frames, decoded, strict=True):
                made = convert(described, frame, stored)
                done += 1
                yield frame, made
    except Exception:  # noqa: BLE001  # decoders raise anything, and their messages quote values
        for frame in frames[done:]:
            yield frame, None


def by_instance(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Return the frames grouped by SOP Instance, so that each file is read once."""
    groups: dict[str, list[Frame]] = {}
    for frame in frames:
        groups.setdefault(frame.instance.sop_instance_uid, []).append(frame)
    return [sorted(group, key=lambda frame: frame.number) for group in groups.values()]


def choose_window(frames: Sequence[Frame]) -> Window:
    """Return the one window that all frames of a series are shown with.

    The median of the windows in the headers when it fits the values, else the percentiles of the
    values of evenly spaced frames.
    """
    step = max(1, -(-len(frames) // _SAMPLED_FRAMES))
    samples = [
        _sample(values)
        for group in by_instance(frames[::step])
        for _, values in decode_frames(group)
        if values is not None
    ]
    named = [frame.window for frame in frames if frame.window is not None]
    values = np.concatenate(samples) if samples else np.zeros(0, np.float32)
    return window_of_values(values[np.isfinite(values)], named)


def window_of_values(values: NDArray[np.float32], named: Sequence[Window]) -> Window:
    """Return the median of the named windows when it suits the values, else their percentiles."""
    median = (
        (float(np.median([one[0] for one in named])), float(np.median([one[1] for one in named])))
        if named
        else None
    )
    if not values.size:
        return median or (127.5, 256.0)
    low, high = (float(value) for value in np.percentile(values, PERCENTILES))
    span = high - low
    if span <= 0:
        return median or exact_window(low + 0.5, 1.0)
    if median is not None:
        centre, width = median
        fits = _SANE_SPAN[0] * span <= width <= _SANE_SPAN[1] * span
        if fits and low <= centre + width / 2 and centre - width / 2 <= high and centre <= high:
            return (round(centre, 3), round(width, 3))
    centre, width = exact_window((low + high) / 2, span)
    return (round(centre, 3), round(width, 3))


def apply_window(values: Values, window: Window) -> Grey:
    """Map values to 0..255 by the LINEAR VOI LUT Function (PS3.3 C.11.2.1.2.1)."""
    centre, width = window
    scale = 255.0 / max(width - 1.0, 1e-6)
    grey = (values - np.float32(centre - 0.5)) * np.float32(scale) + np.float32(127.5)
    rounded: Grey = np.clip(np.nan_to_num(grey) + np.float32(0.5), 0, 255).astype(np.uint8)
    return rounded


def render_frame(frame: Frame, values: Values, window: Window) -> Image.Image:
    """Return the picture of a frame with square pixels: mode ``L``, or ``RGB`` for colour."""
    if values.ndim == _COLOUR:
        picture = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
    else:
        picture = Image.fromarray(_grey(values, window, inverted=frame.inverted))
    return _with_square_pixels(frame, picture)


def _with_square_pixels(frame: Frame, picture: Image.Image) -> Image.Image:
    size = square_size(frame)
    return picture if size == picture.size else picture.resize(size, Image.Resampling.BICUBIC)


def _grey(values: Values, window: Window, *, inverted: bool) -> Grey:
    grey = apply_window(values, window)
    if inverted:
        grey = 255 - grey
    grey[np.isnan(values)] = 0
    return grey


def _look_up_grey(
    dataset: Dataset, frame: Frame, stored: NDArray[Any], window: Window
) -> Grey | None:
    """Return the grey values of a frame by a table of all stored values; None without any gain."""
    kind = stored.dtype.str
    if kind[1:] not in {"u1", "i1", "u2", "i2"} or _is_special(dataset, stored):
        return None
    if stored.size < 1 << 8 * stored.dtype.itemsize:
        return None
    scale = (frame.slope, frame.intercept)
    table = _grey_table(kind, scale, frame.padding, window, frame.inverted)
    found: Grey = np.take(table, stored.view(f"{kind[0]}u{kind[2]}"))
    return found


@lru_cache(maxsize=16)
def _grey_table(
    kind: str,
    scale: tuple[float, float],
    padding: tuple[float, float] | None,
    window: Window,
    inverted: bool,
) -> Grey:
    """Return the grey value of each stored value, by its bits as an unsigned number."""
    every = np.arange(1 << 8 * int(kind[2]), dtype=f"{kind[0]}u{kind[2]}").view(kind)
    return _grey(_rescaled(every, scale, padding), window, inverted=inverted)


def square_size(frame: Frame) -> tuple[int, int]:
    """Return width and height of the frame with square pixels, its finer spacing kept."""
    if abs(frame.aspect - 1) < _ASPECT_TOLERANCE:
        return (frame.columns, frame.rows)
    if frame.aspect > 1:
        return (frame.columns, max(1, round(frame.rows * frame.aspect)))
    return (max(1, round(frame.columns / frame.aspect)), frame.rows)


def fit_size(size: tuple[int, int], limit: int) -> tuple[int, int]:
    """Return the size scaled down, when needed, so that neither side is above the limit."""
    longest = max(size)
    if longest <= limit:
        return size
    return (
        max(1, round(size[0] * limit / longest)),
        max(1, round(size[1] * limit / longest)),
    )


def _modality_values(dataset: Dataset, frame: Frame, stored: NDArray[Any]) -> Values:
    """Return real values; pixel padding becomes NaN."""
    if dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
        stored = apply_color_lut(stored, dataset)
        return _colour(stored, 8 * stored.dtype.itemsize)
    if stored.ndim == _COLOUR:
        return _colour(stored, int(dataset.BitsStored))
    if dataset.get("ModalityLUTSequence"):
        values = apply_modality_lut(stored, dataset).astype(np.float32)
        return _without_padding(values, stored, frame.padding)
    return _rescaled(stored, (frame.slope, frame.intercept), frame.padding)


def _is_special(dataset: Dataset, stored: NDArray[Any]) -> bool:
    """Tell whether values become grey by more than a slope and an intercept."""
    return (
        stored.ndim == _COLOUR
        or dataset.get("PhotometricInterpretation") == "PALETTE COLOR"
        or bool(dataset.get("ModalityLUTSequence"))
    )


def _rescaled(
    stored: NDArray[Any], scale: tuple[float, float], padding: tuple[float, float] | None
) -> Values:
    values = stored.astype(np.float32)
    if scale != (1.0, 0.0):
        values = values * np.float32(scale[0]) + np.float32(scale[1])
    return _without_padding(values, stored, padding)


def _without_padding(
    values: Values, stored: NDArray[Any], padding: tuple[float, float] | None
) -> Values:
    if padding is not None:
        values[(stored >= padding[0]) & (stored <= padding[1])] = np.nan
    return values


def _colour(stored: NDArray[Any], bits: int) -> Values:
    return stored[..., :3].astype(np.float32) * np.float32(255.0 / (2**bits - 1))


def _sample(values: Values) -> NDArray[np.float32]:
    flat = values.reshape(-1)
    return flat[:: max(1, flat.size // _SAMPLED_PIXELS)]
