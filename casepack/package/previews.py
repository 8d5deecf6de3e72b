"""Stacks of small pictures, one a slice, that the case page pages through."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from PIL import Image

from casepack.model import Progress, Series, Verified, no_progress
from casepack.package.acquisition import describe_acquisition, label_series, name_plane
from casepack.package.frames import (
    NO_PICTURES,
    NO_PIXELS,
    NOT_DECODABLE,
    Frame,
    Skipped,
    Window,
    position_of,
    read_frames,
)
from casepack.package.planes import Plane
from casepack.package.rendering import (
    Values,
    by_instance,
    choose_window,
    decode_frames,
    fit_size,
    render_frame,
    square_size,
)

LONGEST_SIDE = 512
"""Pixels."""
QUALITY, METHOD = 86, 2
"""Of WebP: fixed, so that the same picture gives the same bytes; lossy, for noise is large."""
_WAITING = 2
"""Decoded frames that wait for each worker."""


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


def write_previews(
    folder: Path, verified: Verified, *, workers: int = 1, progress: Progress = no_progress
) -> tuple[Stack, ...]:
    """Write a WebP picture of every frame, ``tp1-s03/000.webp`` and so on, and describe them.

    Instances that are no images (reports, segmentations, presentation states) are left out;
    images that cannot be decoded are listed in `Stack.skipped`.

    Parameters
    ----------
    folder
        Where the folders of the stacks are made.
    verified
        De-identified studies; the first is time point 1.
    workers
        How many pictures to encode at a time; changes no byte.
    progress
        Told the number of instances that are done.

    Returns
    -------
    The stacks by time point and Series Number.
    """
    studies = verified.deidentified.studies
    total = sum(len(series.instances) for study in studies for series in study.series)
    names: set[str] = set()
    stacks = []
    done = 0
    with _Encoder(workers) as encoder:
        for time_point, study in enumerate(studies, 1):
            for series in study.series:
                name = _free_name(f"tp{time_point}-s{series.number or 0:02d}", names)
                stack = _write_stack(folder / name, series, time_point, encoder)
                if stack is not None:
                    names.add(name)
                    stacks.append(stack)
                done += len(series.instances)
                progress("previews", done, total)
    return tuple(stacks)


class _Encoder:
    """Renders and encodes pictures in threads, and gives them back in the order they came in.

    Pillow and numpy let go of the interpreter while they work on pixels; decoding, which is
    Python, goes on meanwhile. Only a few pictures wait at a time, so memory stays flat.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool = ThreadPoolExecutor(max_workers=workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def encode(self, pictures: Iterator[_Undrawn]) -> Iterator[tuple[int, Picture]]:
        """Yield place and description of each picture once its file is written."""
        waiting: deque[Future[tuple[int, Picture]]] = deque()
        for picture in pictures:
            waiting.append(self._pool.submit(picture.write))
            if len(waiting) > _WAITING * self._workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Undrawn:
    """A decoded frame, with where its picture goes."""

    path: Path
    place: int
    frame: Frame
    values: Values
    window: Window

    def write(self) -> tuple[int, Picture]:
        size = _write_image(self.path, self.frame, self.values, self.window)
        file = f"{self.path.parent.name}/{self.path.name}"
        return self.place, _picture(file, self.frame, size)


def _free_name(wanted: str, taken: set[str]) -> str:
    name, copy = wanted, 1
    while name in taken:
        copy += 1
        name = f"{wanted}-{copy}"
    return name


def _write_stack(folder: Path, series: Series, time_point: int, encoder: _Encoder) -> Stack | None:
    if series.modality in NO_PICTURES:
        return None
    frames, skipped = read_frames(series)
    if not frames and all(one.reason == NO_PIXELS for one in skipped):
        return None
    window = choose_window(frames)
    images = dict(encoder.encode(_decode(folder, frames, window))) if frames else {}
    lost = {frame.instance.sop_instance_uid: 0 for frame in frames}
    for place, frame in enumerate(frames):
        if place not in images:
            lost[frame.instance.sop_instance_uid] += 1
    undecoded = [
        Skipped(sop_instance_uid=uid, reason=NOT_DECODABLE) for uid, count in lost.items() if count
    ]
    return _describe(
        series,
        time_point,
        frames,
        window,
        tuple(images[place] for place in sorted(images)),
        (*skipped, *undecoded),
    )


def _describe(
    series: Series,
    time_point: int,
    frames: Sequence[Frame],
    window: Window,
    images: tuple[Picture, ...],
    skipped: tuple[Skipped, ...],
) -> Stack:
    acquisitions = [frame.acquisition for frame in frames]
    planes = [frame.plane for frame in frames]
    return Stack(
        time_point=time_point,
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
        window=window,
        skipped=skipped,
    )


def _decode(folder: Path, frames: Sequence[Frame], window: Window) -> Iterator[_Undrawn]:
    places = {(f.instance.sop_instance_uid, f.number): place for place, f in enumerate(frames)}
    digits = max(3, len(str(len(frames) - 1)))
    folder.mkdir(parents=True, exist_ok=True)
    for group in by_instance(frames):
        for frame, values in decode_frames(group):
            if values is None:
                continue
            place = places[frame.instance.sop_instance_uid, frame.number]
            path = folder / f"{place:0{digits}d}.webp"
            yield _Undrawn(path=path, place=place, frame=frame, values=values, window=window)


def _write_image(path: Path, frame: Frame, values: Values, window: Window) -> tuple[int, int]:
    picture = render_frame(frame, values, window)
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
