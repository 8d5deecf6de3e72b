"""Stacks of small pictures, one a slice, that the case page pages through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from casepack.model import Deidentified, Progress, Verified, no_progress
from casepack.package.pictures.acquisition import describe_acquisition, label_series, name_plane
from casepack.package.pictures.frames import (
    NO_PIXELS,
    NOT_DECODABLE,
    Frame,
    Skipped,
    Window,
    position_of,
)
from casepack.package.pictures.planes import Plane
from casepack.package.pictures.rendering import by_instance, draw_frames, fit_size, square_size
from casepack.package.pictures.shown_series import ShownSeries, read_shown_series
from casepack.workers import begin_over_processes, in_chunks

LONGEST_SIDE = 512
"""Pixels."""
QUALITY, METHOD = 84, 0
"""Of WebP: fixed, so that the same picture gives the same bytes; lossy, for noise is large.

Method 0 takes three fifths of the time of method 2. At 84 it keeps real MR slices as close to the
original (40.3 dB) as method 2 at 86 does, in files that are a tenth larger.
"""
_LEAST, _SHEETS = 16, 8
"""Pictures that a process draws at a time, at the least; and parts of a series, at the most."""

Sizes = Sequence[tuple[int, int] | None]
"""Width and height of pictures; None of those that cannot be drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture of a stack."""

    file: str
    """Path below the folder of the previews."""
    sop_instance_uid: str
    frame: int
    """1 for the first frame."""
    number: int | None
    """Instance Number."""
    position: float | None
    """mm along the axis that the plane is named for: to the left, to posterior or to the head."""
    plane: Plane | None
    """Of the picture, not of the frame: `position` and `spacing` are those of its own pixels."""
    width: int
    height: int
    columns: int
    rows: int
    """Of the frame; a point of it at (c, r) is in the picture at ((c+.5)*width/columns-.5, ...)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A series as pictures, in the order in which they are paged."""

    time_point: int
    """1 for the earliest study."""
    series_number: int | None
    series_instance_uid: str
    modality: str
    label: str
    """Worked out from acquisition parameters: ``Sagittal T2``."""
    plane: str
    """``sagittal``, ``coronal``, ``axial``, or empty for several or none."""
    detail: str
    """Acquisition parameters for a reader."""
    description: str
    """Series Description, when de-identification left one."""
    frame_of_reference_uid: str
    thickness: float | None
    """mm."""
    images: tuple[Picture, ...]
    width: int
    height: int
    """The largest among the pictures."""
    window: Window
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """A part of a stack: what one process draws at a time."""

    stack: int
    """Place of the stack."""
    frames: tuple[Frame, ...]
    """Instance by instance, by frame number."""
    files: tuple[str, ...]
    """Of each frame, below the folder of the previews."""
    window: Window


class Drawing:
    """The pictures of a case while they are drawn; `begin_previews` makes one."""

    def __init__(
        self,
        folder: Path,
        shown: Sequence[ShownSeries],
        sheets: Sequence[_Sheet],
        sizes: Iterator[Sizes],
    ) -> None:
        self.folder = folder
        self.shown = shown
        self._sheets = sheets
        self._sizes = sizes

    def finish(self, *, progress: Progress = no_progress) -> tuple[Stack, ...]:
        """Wait until all pictures are written; return the stacks by time point and Series Number.

        Parameters
        ----------
        progress
            Told the number of pictures that are done.

        Raises
        ------
        OSError
            A picture cannot be written.
        CasepackError
            A process was ended from outside.
        """
        stacked = [one for one in self.shown if _has_pixels(one)]
        images: list[dict[str, Picture]] = [{} for _ in stacked]
        total = sum(len(sheet.frames) for sheet in self._sheets)
        done = 0
        for sheet, sizes in zip(self._sheets, self._sizes, strict=True):
            for frame, file, size in zip(sheet.frames, sheet.files, sizes, strict=True):
                if size is not None:
                    images[sheet.stack][file] = _picture(file, frame, size)
            done += len(sheet.frames)
            progress("previews", done, total)
        return tuple(_describe(*pair) for pair in zip(stacked, images, strict=True))


@contextmanager
def begin_previews(
    folder: Path, deidentified: Deidentified, *, workers: int = 1
) -> Iterator[Drawing]:
    """Begin to write a WebP picture of every frame: ``tp1-s03/000.webp`` and so on.

    Instances that are no images (reports, segmentations, presentation states) are left out;
    images that cannot be decoded are listed in `Stack.skipped`. With several workers, pictures are
    drawn while the caller does something else, such as to verify what they show.

    Parameters
    ----------
    folder
        Made with the first picture.
    deidentified
        The first study is time point 1.
    workers
        Processes that draw; changes no byte. With one, pictures are drawn when they are asked for.
    """
    shown = read_shown_series(deidentified)
    sheets: list[_Sheet] = []
    names: set[str] = set()
    for number, one in enumerate(filter(_has_pixels, shown)):
        name = _free_name(f"tp{one.time_point}-s{one.series.number or 0:02d}", names)
        names.add(name)
        sheets += _divide(number, one, name)
    with begin_over_processes(_draw, folder, sheets, workers) as sizes:
        yield Drawing(folder, shown, sheets, sizes)


def write_previews(
    folder: Path, verified: Verified, *, workers: int = 1, progress: Progress = no_progress
) -> tuple[Stack, ...]:
    """Write a picture of every frame, as `begin_previews` does, and describe the stacks."""
    with begin_previews(folder, verified.deidentified, workers=workers) as drawing:
        return drawing.finish(progress=progress)


def _has_pixels(shown: ShownSeries) -> bool:
    return bool(shown.frames) or any(one.reason != NO_PIXELS for one in shown.skipped)


def _free_name(wanted: str, taken: set[str]) -> str:
    name, copy = wanted, 1
    while name in taken:
        copy += 1
        name = f"{wanted}-{copy}"
    return name


def _divide(stack: int, shown: ShownSeries, name: str) -> Iterator[_Sheet]:
    """Yield the frames in parts: few, since each opens a file of many frames anew."""
    digits = max(3, len(str(len(shown.frames) - 1)))
    files = {
        (frame.instance.sop_instance_uid, frame.number): f"{name}/{place:0{digits}d}.webp"
        for place, frame in enumerate(shown.frames)
    }
    frames = [frame for group in by_instance(shown.frames) for frame in group]
    for part in in_chunks(frames, max(_LEAST, -(-len(frames) // _SHEETS))):
        yield _Sheet(
            stack=stack,
            frames=tuple(part),
            files=tuple(files[one.instance.sop_instance_uid, one.number] for one in part),
            window=shown.window,
        )


def _draw(folder: Path, sheet: _Sheet) -> Sizes:
    """Write the pictures of a sheet; return their sizes, None of those that cannot be decoded."""
    (folder / sheet.files[0]).parent.mkdir(parents=True, exist_ok=True)
    drawn = (one for part in by_instance(sheet.frames) for one in draw_frames(part, sheet.window))
    return [
        None if picture is None else _write_image(folder / file, frame, picture)
        for file, (frame, picture) in zip(sheet.files, drawn, strict=True)
    ]


def _describe(shown: ShownSeries, drawn: Mapping[str, Picture]) -> Stack:
    frames, series = shown.frames, shown.series
    acquisitions = [frame.acquisition for frame in frames]
    planes = [frame.plane for frame in frames]
    images = tuple(drawn[file] for file in sorted(drawn))
    return Stack(
        time_point=shown.time_point,
        series_number=series.number,
        series_instance_uid=series.series_instance_uid,
        modality=series.modality,
        label=label_series(acquisitions, planes) if frames else series.modality,
        plane=name_plane(planes),
        detail=describe_acquisition(acquisitions[0]) if frames else "",
        description=acquisitions[0].description if frames else "",
        frame_of_reference_uid=frames[0].frame_of_reference_uid if frames else "",
        thickness=acquisitions[0].thickness if frames else None,
        images=images,
        width=max((image.width for image in images), default=0),
        height=max((image.height for image in images), default=0),
        window=shown.window,
        skipped=(*shown.skipped, *_undecoded(frames, images)),
    )


def _undecoded(frames: Sequence[Frame], images: Sequence[Picture]) -> Iterator[Skipped]:
    drawn = {(image.sop_instance_uid, image.frame) for image in images}
    uids = [frame.instance.sop_instance_uid for frame in frames]
    keys = zip(uids, (frame.number for frame in frames), strict=True)
    for uid in dict.fromkeys(uid for uid, number in keys if (uid, number) not in drawn):
        yield Skipped(sop_instance_uid=uid, reason=NOT_DECODABLE)


def _write_image(path: Path, frame: Frame, picture: Image.Image) -> tuple[int, int]:
    size = fit_size(square_size(frame), LONGEST_SIDE)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    picture.save(path, format="WEBP", quality=QUALITY, method=METHOD)
    return size


def _picture(file: str, frame: Frame, size: tuple[int, int]) -> Picture:
    width, height = size
    return Picture(
        file=file,
        sop_instance_uid=frame.instance.sop_instance_uid,
        frame=frame.number,
        number=frame.instance.number,
        position=position_of(frame),
        plane=frame.plane and frame.plane.resampled(width / frame.columns, height / frame.rows),
        width=width,
        height=height,
        columns=frame.columns,
        rows=frame.rows,
    )
