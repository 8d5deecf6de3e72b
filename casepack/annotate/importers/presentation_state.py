"""Presentation states: closed graphics, lines and points on images (PS3.3 C.10.5)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from casepack.annotate.geometry.planes import READ_ERRORS
from casepack.annotate.importers.imported import (
    LESION,
    as_pixel,
    graphic_outline,
    name_label,
    not_understood,
    nothing_drawn,
    tracking_id,
)
from casepack.lesion import Caliper, Extent, ImageName, Lesion, Outline, Pixel

_TWO = 2


def read_presentation_state(path: Path, ds: Dataset) -> tuple[Lesion, ...]:
    """Return one lesion with all closed graphics, lines of two points, and points.

    Only graphics in pixels are taken: those in display units lie where the screen was. Arrows
    and other open lines are left out. The label is the first text.
    """
    outlines: list[Outline] = []
    calipers: list[Caliper] = []
    markers: list[Outline] = []
    texts: list[str] = []
    try:
        for annotation in ds.get("GraphicAnnotationSequence") or []:
            image = _image(ds, annotation)
            texts += [
                str(text.UnformattedTextValue)
                for text in annotation.get("TextObjectSequence") or []
            ]
            for graphic in annotation.get("GraphicObjectSequence") or []:
                if graphic.GraphicAnnotationUnits != "PIXEL" or image is None:
                    continue
                data = np.array(graphic.GraphicData, dtype=np.float64).reshape(-1, 2)
                pixels = tuple(as_pixel(row, corner=True) for row in data.tolist())
                closed = graphic_outline(str(graphic.GraphicType), pixels)
                if closed is not None:
                    outlines.append(_placed(image, closed))
                elif graphic.GraphicType == "POINT":
                    markers.append(_placed(image, pixels))
                elif len(pixels) == _TWO:
                    calipers.append(Caliper(extent=Extent.LENGTH, ends=_placed(image, pixels)))
    except READ_ERRORS:
        raise not_understood(path) from None
    if not (outlines or calipers):
        raise nothing_drawn(path)
    return (
        Lesion(
            tracking_id=tracking_id(1),
            label=name_label(texts[0] if texts else "", 1),
            finding=LESION,
            sites=(),
            outlines=tuple(outlines),
            calipers=tuple(calipers),
            markers=tuple(markers),
        ),
    )


def _image(ds: Dataset, annotation: Dataset) -> ImageName | None:
    """Return the image of an annotation: that it names, or the only one of the state."""
    named = annotation.get("ReferencedImageSequence") or [
        image for series in ds.ReferencedSeriesSequence for image in series.ReferencedImageSequence
    ]
    if len(named) != 1:
        return None
    return ImageName(
        sop_instance_uid=str(named[0].ReferencedSOPInstanceUID),
        frame=int(np.atleast_1d(named[0].get("ReferencedFrameNumber") or 1)[0]),
    )


def _placed(image: ImageName, pixels: tuple[Pixel, ...]) -> Outline:
    return Outline(time_point=None, series_number=None, image=image, pixels=pixels)
