"""Series with chosen pixels, and lesions drawn on them, for the tests of pictures and page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from casepack.lesion import Lesion, MeasuredLesion, Measurement
from casepack.model import Check, Code, Deidentified, Instance, Series, Study, Verified
from casepack.package.pictures.frames import Frame, read_frames
from tests.builders import RECORD, mr_instance, write_instance


def image(
    pixels: NDArray[Any], *, series: int = 1, instance: int = 1, **attributes: Any
) -> Dataset:
    """An MR image with these pixels and attributes; None deletes an attribute."""
    ds = mr_instance(1, series, instance)
    ds.Rows, ds.Columns = pixels.shape[:2]
    ds.PixelRepresentation = 1 if pixels.dtype.kind == "i" else 0
    ds.BitsAllocated = 8 * pixels.dtype.itemsize
    ds.BitsStored, ds.HighBit = ds.BitsAllocated, ds.BitsAllocated - 1
    ds.PixelData = pixels.tobytes()
    for keyword, value in attributes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return ds


def write_series(root: Path, datasets: Sequence[Dataset], modality: str = "MR") -> Series:
    first = datasets[0]
    return Series(
        series_instance_uid=str(first.SeriesInstanceUID),
        modality=modality,
        number=int(first.SeriesNumber) if first.SeriesNumber is not None else None,
        instances=tuple(
            Instance(
                path=write_instance(
                    ds, root / str(ds.SeriesInstanceUID) / f"{ds.SOPInstanceUID}.dcm"
                ),
                sop_class_uid=str(ds.SOPClassUID),
                sop_instance_uid=str(ds.SOPInstanceUID),
                transfer_syntax_uid=str(ds.file_meta.TransferSyntaxUID),
                number=int(ds.InstanceNumber),
                frames=int(ds.get("NumberOfFrames") or 1),
            )
            for ds in datasets
        ),
    )


def frames_of(root: Path, *datasets: Dataset) -> tuple[Frame, ...]:
    return read_frames(write_series(root, datasets))[0]


def checked(root: Path, *studies: Sequence[Series]) -> Verified:
    found = tuple(
        Study(
            study_instance_uid=f"1.2.{number}",
            date="20240108",
            time="101500",
            series=tuple(series),
        )
        for number, series in enumerate(studies, 1)
    )
    check = Check(name="identifiers", title="No original value", examined=3, findings=0)
    return Verified(
        deidentified=Deidentified(root=root, studies=found, record=RECORD), checks=(check,)
    )


def drawn_lesion(
    verified: Verified,
    *places: tuple[int, int, int],
    box: tuple[float, float, float, float] = (10, 20, 22, 38),
    label: str = "Cord lesion",
) -> MeasuredLesion:
    """A lesion outlined as a box (left, top, right, bottom in pixels) on several images.

    Each place is time point, place of the series in its study and place of the frame, from 0.
    """
    metastasis = Code(value="128462008", scheme="SCT", meaning="Metastasis")
    lesion = Lesion(tracking_id="lesion-1", label=label, finding=metastasis, sites=(), outlines=())
    measurements = tuple(
        _measurement(verified, place, box, 1.0 - 0.25 * number)
        for number, place in enumerate(places)
    )
    return MeasuredLesion(lesion=lesion, tracking_uid="2.25.1", measurements=measurements)


def _measurement(
    verified: Verified,
    place: tuple[int, int, int],
    box: tuple[float, float, float, float],
    size: float,
) -> Measurement:
    time_point, series_place, frame_place = place
    study = verified.deidentified.studies[time_point - 1]
    series = study.series[series_place]
    frame = read_frames(series)[0][frame_place]
    plane = frame.plane
    assert plane is not None
    left, top, right, bottom = box
    polygon = ((left, top), (right, top), (right, bottom), (left, bottom))
    points = np.array(
        [
            np.array(plane.position)
            + c * plane.spacing[1] * np.array(plane.row)
            + r * plane.spacing[0] * np.array(plane.column)
            for c, r in polygon
        ]
    )
    return Measurement(
        time_point=time_point,
        study_instance_uid=study.study_instance_uid,
        series_instance_uid=series.series_instance_uid,
        sop_class_uid=frame.instance.sop_class_uid,
        sop_instance_uid=frame.instance.sop_instance_uid,
        frame=frame.number,
        frame_of_reference_uid=frame.frame_of_reference_uid,
        polygon_mm=tuple((float(x), float(y), float(z)) for x, y, z in points),
        polygon_px=polygon,
        long_axis_mm=36.0 * size,
        long_axis_px=((left, top), (left, bottom)),
        short_axis_mm=24.0 * size,
        short_axis_px=((left, top), (right, top)),
        craniocaudal_mm=36.0 * size,
        area_mm2=864.0 * size * size,
    )
