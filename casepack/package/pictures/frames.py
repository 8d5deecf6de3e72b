"""The frames of a series that can be shown as pictures, with what showing them needs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from pydicom import dcmread
from pydicom.dataset import Dataset

from casepack.model import Instance, Series
from casepack.package.pictures.acquisition import Acquisition, read_acquisition
from casepack.package.pictures.attributes import FrameAttributes
from casepack.package.pictures.planes import Plane, dot, plane_from

Window = tuple[float, float]
"""Window Center and Window Width of the LINEAR VOI LUT Function (PS3.3 C.11.2.1.2.1)."""

NO_PICTURES = frozenset({"SR", "KO", "PR", "SEG", "RTSTRUCT", "RTPLAN", "REG", "DOC", "PLAN"})
"""Modalities whose instances are about images and are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame: where it lies, how its stored values become grey, how it was acquired."""

    instance: Instance
    number: int
    """1 for the first frame of the instance."""
    rows: int
    columns: int
    plane: Plane | None
    aspect: float
    """Height of a pixel divided by its width."""
    spacing: tuple[float, float] | None
    """Pixel Spacing in the patient, mm: between rows, then between columns."""
    frame_of_reference_uid: str
    window: Window | None
    slope: float
    intercept: float
    inverted: bool
    """True when the lowest value is white (MONOCHROME1)."""
    padding: tuple[float, float] | None
    """Range of stored values that are no image (Pixel Padding Value and Range Limit)."""
    acquisition: Acquisition


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """An instance that is not among the pictures, and why; the reason is one of a closed list."""

    sop_instance_uid: str
    reason: str


NO_PIXELS = "holds no pixel data"
NOT_READABLE = "cannot be read"
NOT_DECODABLE = "has pixel data that cannot be decoded here"


def read_frames(series: Series) -> tuple[tuple[Frame, ...], tuple[Skipped, ...]]:
    """Read the headers of a series; return its frames in the order in which they are paged.

    The order is along the slice normal, plane by plane in a series with several, and in the
    direction in which Instance Numbers rise; frames without a plane follow Instance Number.
    """
    frames: list[Frame] = []
    skipped: list[Skipped] = []
    for instance in series.instances:
        found = _read_instance(instance)
        if isinstance(found, Skipped):
            skipped.append(found)
        else:
            frames.extend(found)
    return tuple(_in_order(frames)), tuple(skipped)


def position_of(frame: Frame) -> float | None:
    """Return where the frame lies in mm, along the axis that its plane is named for.

    Measured along the normal, whose sign is chosen to point to the left, to posterior or to the
    head, so that series of the same plane can be compared.
    """
    if frame.plane is None:
        return None
    normal = frame.plane.normal
    along = max(normal, key=abs)
    distance = dot(frame.plane.position, normal)
    return distance if along > 0 else -distance


def _in_order(frames: list[Frame]) -> Iterator[Frame]:
    names = ("", "sagittal", "coronal", "axial")
    for name in names:
        group = [frame for frame in frames if (frame.plane.name if frame.plane else "") == name]
        group.sort(key=_place)
        if name and group and _number(group[0]) > _number(group[-1]):
            group.reverse()
        yield from group


def _place(frame: Frame) -> tuple[float, tuple[int, int], str]:
    position = round(position_of(frame) or 0.0, 3)
    return (position, _number(frame), frame.instance.sop_instance_uid)


def _number(frame: Frame) -> tuple[int, int]:
    number = frame.instance.number
    return (number if number is not None else 0, frame.number)


def _read_instance(instance: Instance) -> list[Frame] | Skipped:
    uid = instance.sop_instance_uid
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = dcmread(instance.path, stop_before_pixels=True)
            count = int(dataset.get("NumberOfFrames") or 1)
            if not dataset.get("Rows") or not dataset.get("Columns"):
                return Skipped(sop_instance_uid=uid, reason=NO_PIXELS)
            return [_read_frame(dataset, instance, number) for number in range(1, count + 1)]
    except Exception:  # noqa: BLE001  # readers raise anything, and their messages quote values
        return Skipped(sop_instance_uid=uid, reason=NOT_READABLE)


def _read_frame(dataset: Dataset, instance: Instance, number: int) -> Frame:
    attributes = FrameAttributes(dataset, number)
    spacing = _spacing(attributes, "PixelSpacing")
    slope = attributes.number("RescaleSlope")
    return Frame(
        instance=instance,
        number=number,
        rows=int(dataset.Rows),
        columns=int(dataset.Columns),
        plane=plane_from(
            attributes.numbers("ImagePositionPatient"),
            attributes.numbers("ImageOrientationPatient"),
            spacing or (),
        ),
        aspect=_aspect(attributes, spacing),
        spacing=spacing,
        frame_of_reference_uid=attributes.text("FrameOfReferenceUID"),
        window=_window(attributes),
        slope=1.0 if slope is None else slope,
        intercept=attributes.number("RescaleIntercept") or 0.0,
        inverted=attributes.words("PhotometricInterpretation")[:1] == ("MONOCHROME1",),
        padding=_padding(attributes),
        acquisition=read_acquisition(attributes),
    )


def _spacing(attributes: FrameAttributes, keyword: str) -> tuple[float, float] | None:
    values = attributes.numbers(keyword)
    if len(values) == 2 and min(values) > 0:  # noqa: PLR2004  # rows and columns
        return (values[0], values[1])
    return None


def _aspect(attributes: FrameAttributes, spacing: tuple[float, float] | None) -> float:
    found = (
        spacing
        or _spacing(attributes, "ImagerPixelSpacing")
        or _spacing(attributes, "PixelAspectRatio")
        or (1.0, 1.0)
    )
    return found[0] / found[1]


def _window(attributes: FrameAttributes) -> Window | None:
    centre, width = attributes.number("WindowCenter"), attributes.number("WindowWidth")
    if centre is None or width is None:
        return None
    if attributes.words("VOILUTFunction")[:1] == ("LINEAR_EXACT",):
        return exact_window(centre, width)
    return (centre, width) if width > 1 else None


def exact_window(centre: float, width: float) -> Window:
    """Return the LINEAR window that equals a LINEAR_EXACT one (PS3.3 C.11.2.1.3.2)."""
    return (centre + 0.5, width + 1.0)


def _padding(attributes: FrameAttributes) -> tuple[float, float] | None:
    value = attributes.number("PixelPaddingValue")
    if value is None:
        return None
    limit = attributes.number("PixelPaddingRangeLimit")
    other = value if limit is None else limit
    return (min(value, other), max(value, other))
