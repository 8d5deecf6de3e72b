"""NIfTI label maps, as ITK-SNAP and nnU-Net write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from casepack.annotate.importers.imported import (
    label_lesions,
    missing_library,
    not_understood,
    nothing_drawn,
)
from casepack.errors import CaseError
from casepack.lesion import Lesion

_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_VOLUME = 3


def read_nifti(path: Path) -> tuple[Lesion, ...]:
    """Return a lesion for each label; NIfTI's RAS becomes LPS.

    Raises
    ------
    ToolMissingError
        nibabel is not installed.
    """
    try:
        import nibabel  # noqa: PLC0415  # optional
    except ModuleNotFoundError:
        raise missing_library("nibabel") from None
    try:
        image: Any = nibabel.load(str(path))
        header = image.header
        placed = int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0
        unit = header.get_xyzt_units()[0]
        affine = _RAS_TO_LPS @ np.asarray(image.affine, dtype=np.float64)
        values = np.asarray(image.dataobj)
    except Exception:  # noqa: BLE001  # nibabel's errors are many, and quote values
        raise not_understood(path) from None
    if not placed:
        raise CaseError(
            "does not say how it lies in the patient",
            place=path.name,
            advice="Save it with its qform or sform.",
        )
    if unit not in {"mm", "unknown"}:
        raise CaseError("has a grid that is not in mm", place=path.name)
    while values.ndim > _VOLUME and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim != _VOLUME:
        raise not_understood(path)
    try:
        lesions = label_lesions(values, affine)
    except ValueError:
        raise CaseError(
            "holds values that are no labels",
            place=path.name,
            advice="Save the segmentation, not the image.",
        ) from None
    if not lesions:
        raise nothing_drawn(path)
    return lesions
