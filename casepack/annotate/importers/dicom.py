"""DICOM objects that hold drawings, told apart by their SOP Class."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from casepack.annotate.geometry.planes import READ_ERRORS
from casepack.annotate.importers.dicom_segmentation import read_segmentation
from casepack.annotate.importers.imported import not_understood
from casepack.annotate.importers.measurement_report import read_measurement_report
from casepack.annotate.importers.presentation_state import read_presentation_state
from casepack.annotate.importers.rt_structure_set import read_structure_set
from casepack.errors import CaseError
from casepack.lesion import Lesion

_READERS: dict[str, Callable[[Path, Dataset], tuple[Lesion, ...]]] = {
    "1.2.840.10008.5.1.4.1.1.66.4": read_segmentation,
    "1.2.840.10008.5.1.4.1.1.66.7": read_segmentation,
    "1.2.840.10008.5.1.4.1.1.481.3": read_structure_set,
    "1.2.840.10008.5.1.4.1.1.88.22": read_measurement_report,
    "1.2.840.10008.5.1.4.1.1.88.33": read_measurement_report,
    "1.2.840.10008.5.1.4.1.1.88.34": read_measurement_report,
    "1.2.840.10008.5.1.4.1.1.11.1": read_presentation_state,
    "1.2.840.10008.5.1.4.1.1.11.2": read_presentation_state,
}


def read_dicom_drawing(path: Path) -> tuple[Lesion, ...]:
    """Read a Segmentation, RT Structure Set, Measurement Report or presentation state."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's warnings quote values
            ds = dcmread(path)
            ds.decode()
            reader = _READERS.get(str(ds.get("SOPClassUID") or ""))
    except READ_ERRORS:
        raise not_understood(path) from None
    if reader is None:
        raise CaseError(
            "is a DICOM object that holds no drawing",
            place=path.name,
            advice="Name a Segmentation, RT Structure Set, Measurement Report or"
            " presentation state.",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return reader(path, ds)
