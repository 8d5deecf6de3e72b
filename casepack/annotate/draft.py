"""A lesion file drafted from drawings of other programs, on the study that they were made on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from casepack.annotate.fitting import fit_points, fit_polygon
from casepack.annotate.geometry.planes import Plane
from casepack.annotate.grid import fit_mask
from casepack.annotate.importers import read_drawings
from casepack.annotate.shelf import Shelf
from casepack.errors import CaseError, ToolMissingError
from casepack.lesion import Lesion
from casepack.model import Code, FileSet

_SUFFIXES = (".mrk.json", ".nrrd", ".nhdr", ".nii", ".nii.gz", ".plist")
"""Of files that are drawings by their name; DICOM objects and plain JSON must be named."""


def find_drawings(folder: Path) -> tuple[Path, ...]:
    """Return the drawings that lie in a folder, by name."""
    return tuple(sorted(path for path in folder.iterdir() if path.name.lower().endswith(_SUFFIXES)))


def draft_lesions(drawings: Sequence[Path], file_set: FileSet) -> str:
    """Return the text of a lesion file that names each region of the drawings.

    Time point and series are those that the region fits; where it fits none or several, they are
    left out, and are to be written by hand. Finding and sites are those of the drawing's
    terminology. No text of a drawing is taken over, as it may identify: the label is the finding.
    What cannot be read as a drawing is left out. Empty where nothing is left.
    """
    shelf = Shelf(studies=file_set.studies)
    lesions: list[dict[str, Any]] = []
    for path in drawings:
        try:
            regions = read_drawings(path)
        except (CaseError, ToolMissingError):
            continue  # an image, or something else of that suffix
        for place, region in enumerate(regions, 1):
            number = len(lesions) + 1
            drawing: dict[str, Any] = {"file": path.name, **_placed(shelf, region)}
            if len(regions) > 1:
                drawing["select"] = str(place)
            lesions.append(
                {
                    "tracking_id": f"lesion-{number}",
                    "label": f"{region.finding.meaning} {number}",
                    "finding": _code(region.finding),
                    "sites": [_code(site) for site in region.sites],
                    "drawings": [drawing],
                    "evaluations": [],
                }
            )
    if not lesions:
        return ""
    content = {
        "casepack_lesions": 1,
        "coordinate_system": "LPS",
        "unit": "mm",
        "lesions": lesions,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _code(code: Code) -> dict[str, str]:
    return {"value": code.value, "scheme": code.scheme, "meaning": code.meaning}


def _placed(shelf: Shelf, region: Lesion) -> dict[str, int]:
    """Return time point and Series Number of a region, where its first drawing fits one study."""
    try:
        plane = _first_plane(shelf, region)
    except CaseError:
        return {}
    if plane is None:
        return {}
    placed = {"time_point": shelf.time_point(plane)}
    number = next(
        series.number
        for series in shelf.studies[placed["time_point"] - 1].series
        if series.series_instance_uid == plane.series_instance_uid
    )
    return placed if number is None else {**placed, "series_number": number}


def _first_plane(shelf: Shelf, region: Lesion) -> Plane | None:
    for mask in region.masks:
        return fit_mask(shelf, mask, "").planes[0]
    for outline in region.outlines:
        return fit_polygon(shelf, outline, "").plane
    for caliper in region.calipers:
        return fit_points(shelf, caliper.ends, "").plane
    return None
