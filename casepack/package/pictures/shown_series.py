"""A series with its frames and its window: read once, for pictures and figures alike."""

from __future__ import annotations

from dataclasses import dataclass

from casepack.model import Deidentified, Series
from casepack.package.pictures.frames import NO_PICTURES, Frame, Skipped, Window, read_frames
from casepack.package.pictures.rendering import choose_window


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSeries:
    """A series that can hold pictures."""

    time_point: int
    """1 for the earliest study."""
    series: Series
    frames: tuple[Frame, ...]
    """In the order in which they are paged."""
    skipped: tuple[Skipped, ...]
    window: Window
    """With which all frames are shown."""


def read_shown_series(deidentified: Deidentified) -> tuple[ShownSeries, ...]:
    """Read the headers of all series of images, by time point and Series Number."""
    return tuple(
        _read(time_point, series)
        for time_point, study in enumerate(deidentified.studies, 1)
        for series in study.series
        if series.modality not in NO_PICTURES
    )


def _read(time_point: int, series: Series) -> ShownSeries:
    frames, skipped = read_frames(series)
    return ShownSeries(
        time_point=time_point,
        series=series,
        frames=frames,
        skipped=skipped,
        window=choose_window(frames),
    )
