"""The mean signal of a region of an image."""

from __future__ import annotations

import warnings

import numpy as np
from pydicom import dcmread
from pydicom.pixels.processing import apply_rescale
from pydicom.pixels.utils import pixel_array

from casepack.annotate.geometry.planes import READ_ERRORS, Plane, Vector
from casepack.annotate.geometry.raster import fill_polygon
from casepack.errors import CaseError, StudyError


def mean_signal(plane: Plane, vertices: Vector, place: str) -> float:
    """Return the mean of the values at the pixel centres in a polygon.

    Values are stored values after Rescale Slope and Intercept, where the image has them.

    Raises
    ------
    CaseError
        The polygon holds no pixel centre.
    StudyError
        The pixels cannot be read.
    """
    inside = fill_polygon(vertices, plane.size)
    if not inside.any():
        raise CaseError(
            "is smaller than a pixel, so it has no signal", place=place, advice="Draw it larger."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's warnings quote values
            header = dcmread(plane.instance.path, stop_before_pixels=True)
            values = pixel_array(plane.instance.path, index=plane.frame - 1)
            values = apply_rescale(values, header)
    except (*READ_ERRORS, RuntimeError):
        raise StudyError(
            "the pixels of an image cannot be decoded, so a signal ratio cannot be measured",
            advice="Install pylibjpeg, or leave the reference region out.",
        ) from None
    if values.shape != plane.size:
        raise StudyError("a signal ratio needs images of one sample per pixel")
    return float(np.asarray(values, dtype=np.float64)[inside].mean())
