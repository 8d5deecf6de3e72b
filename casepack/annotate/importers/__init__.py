"""Drawings of other programs, read as lesions: one module a format.

Coordinates become mm in LPS. A program tells neither the time point nor the series: these stay
open, until the drawing meets the images. Regions are numbered in the order of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from casepack.errors import CaseError
from casepack.lesion import Lesion

Reader = Callable[[Path], tuple[Lesion, ...]]


def read_drawings(path: Path) -> tuple[Lesion, ...]:
    """Read a drawing by the form that its name and content show.

    Raises
    ------
    CaseError
        The form is not known, or the file does not hold what it should.
    ToolMissingError
        A library that the form needs is not installed.
    """
    if not path.is_file():
        raise CaseError(
            "is not there",
            place=path.name,
            advice="Write the path of the drawing relative to the file that names it.",
        )
    return _find_reader(path)(path)


def _find_reader(path: Path) -> Reader:
    # each reader is imported when needed: some load large libraries
    name = path.name.lower()
    if name.endswith((".nrrd", ".nhdr")):
        from casepack.annotate.importers.nrrd import read_nrrd  # noqa: PLC0415

        return read_nrrd
    if name.endswith((".nii", ".nii.gz")):
        from casepack.annotate.importers.nifti import read_nifti  # noqa: PLC0415

        return read_nifti
    if name.endswith((".plist", ".xml")):
        from casepack.annotate.importers.horos import read_horos  # noqa: PLC0415

        return read_horos
    if name.endswith(".json"):
        return _find_json_reader(path)
    if _is_dicom(path):
        from casepack.annotate.importers.dicom import read_dicom_drawing  # noqa: PLC0415

        return read_dicom_drawing
    raise CaseError(
        "is a drawing of no known form",
        place=path.name,
        advice="Known are 3D Slicer markups and segmentations, NRRD, NIfTI, DICOM SEG, RTSTRUCT,"
        " SR and presentation states, LabelMe JSON, and regions of Horos and OsiriX.",
    )


def _find_json_reader(path: Path) -> Reader:
    from casepack.annotate.importers.horos import read_horos  # noqa: PLC0415
    from casepack.annotate.importers.imported import not_understood, read_json  # noqa: PLC0415
    from casepack.annotate.importers.labelme import read_labelme  # noqa: PLC0415
    from casepack.annotate.importers.slicer_markups import read_slicer_markups  # noqa: PLC0415

    content = read_json(path)
    readers = {"markups": read_slicer_markups, "shapes": read_labelme, "Images": read_horos}
    for key, reader in readers.items():
        if isinstance(content, dict) and key in content:
            return reader
    raise not_understood(path)


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def select_drawing(lesions: Sequence[Lesion], select: str | None, place: str) -> Lesion:
    """Return the region that is named (by its label or its number), or the only one.

    Raises
    ------
    CaseError
        There is no such region, or more than one and none is named.
    """
    if select is None:
        if len(lesions) == 1:
            return lesions[0]
        raise CaseError(
            f"holds {len(lesions)} regions, and none is named",
            place=f"{place}.select",
            advice='Write "select" with the name or the number of one of them.',
        )
    for number, lesion in enumerate(lesions, 1):
        if select in {lesion.label, lesion.tracking_id, str(number)}:
            return lesion
    raise CaseError(
        f"names a region that the drawing does not hold; there are {len(lesions)}",
        place=f"{place}.select",
    )
