"""Drawings of other programs, read as lesions: one module a format.

Coordinates become mm in LPS. A program tells neither the time point nor the series: these stay
open, until the drawing meets the images. Regions are numbered in the order of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from casepack.errors import CaseError
from casepack.model import Lesion

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
    raise CaseError("is of no known form", place=path.name)


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
