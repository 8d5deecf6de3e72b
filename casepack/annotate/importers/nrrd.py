"""NRRD label maps, and 3D Slicer segmentations (``.seg.nrrd``) with their terminology."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from casepack.annotate.importers.imported import (
    LESION,
    label_lesions,
    make_mask,
    missing_library,
    name_label,
    not_understood,
    nothing_drawn,
    tracking_id,
)
from casepack.errors import CaseError
from casepack.lesion import Lesion
from casepack.model import Code

_TO_LPS = {
    "left-posterior-superior": (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0),
    "las": (1.0, -1.0, 1.0),
}
_TERMINOLOGY = "TerminologyEntry:"
_TYPE, _REGION = 2, 5
"""Places in a terminology entry: category and type, then anatomic region, between tildes."""
_CODE_LENGTH = 64
_VOLUME, _LAYERS = 3, 4


def read_nrrd(path: Path) -> tuple[Lesion, ...]:
    """Return a lesion for each segment of a segmentation, or for each label of a label map.

    Raises
    ------
    ToolMissingError
        pynrrd is not installed.
    """
    try:
        import nrrd  # noqa: PLC0415  # optional
    except ModuleNotFoundError:
        raise missing_library("pynrrd") from None
    try:
        values, header = nrrd.read(str(path))
    except Exception:  # noqa: BLE001  # pynrrd's errors are many, and quote values
        raise not_understood(path) from None
    try:
        affine, spatial = _affine(header, path)
        # one layer at the least, the spatial axes after it
        layers = np.asarray(values)
        if layers.ndim == _VOLUME:
            layers = layers[np.newaxis]
        elif layers.ndim == _LAYERS:
            (other,) = {0, 1, 2, 3} - set(spatial)
            layers = np.moveaxis(layers, other, 0)
        else:
            raise not_understood(path)
        lesions = _segments(header, layers, affine)
        if not lesions and len(layers) == 1:
            lesions = label_lesions(layers[0], affine)
    except CaseError:
        raise
    except (ValueError, KeyError, TypeError, IndexError, np.linalg.LinAlgError):
        raise not_understood(path) from None
    if not lesions:
        raise nothing_drawn(path)
    return lesions


def _affine(header: Mapping[str, Any], path: Path) -> tuple[NDArray[np.float64], list[int]]:
    """Return the affine to LPS, and which axes of the array are spatial."""
    signs = _TO_LPS.get(str(header.get("space") or "").lower())
    if signs is None:
        raise CaseError(
            "does not say how its axes lie in the patient",
            place=path.name,
            advice="Save it with its space: left-posterior-superior or right-anterior-superior.",
        )
    units = [str(unit).strip('"') for unit in header.get("space units") or []]
    if any(unit not in {"mm", ""} for unit in units):
        raise CaseError("has a grid that is not in mm", place=path.name)
    directions = np.array(
        [row if row is not None else [np.nan] * 3 for row in header["space directions"]], float
    )
    spatial = [int(axis) for axis in np.flatnonzero(np.isfinite(directions).all(axis=1))]
    affine = np.column_stack(
        [directions[spatial].T, np.array(header["space origin"], dtype=np.float64)]
    )
    return np.array(signs)[:, np.newaxis] * affine, spatial


def _segments(
    header: Mapping[str, Any], layers: NDArray[Any], affine: NDArray[np.float64]
) -> tuple[Lesion, ...]:
    lesions: list[Lesion] = []
    numbers = sorted(
        int(matched[1])
        for key in header
        if (matched := re.fullmatch(r"Segment(\d+)_(?:ID|Name)", str(key)))
    )
    for number, segment in enumerate(dict.fromkeys(numbers), 1):
        prefix = f"Segment{segment}_"
        label = int(header.get(f"{prefix}LabelValue", 1))
        # old files have a layer for each segment and name none
        layer = int(header.get(f"{prefix}Layer", segment if len(layers) > 1 else 0))
        region = layers[layer] == label
        if not region.any():
            continue
        finding, sites = _terminology(str(header.get(f"{prefix}Tags") or ""))
        lesions.append(
            Lesion(
                tracking_id=tracking_id(number),
                label=name_label(header.get(f"{prefix}Name"), number),
                finding=finding,
                sites=sites,
                outlines=(),
                masks=(make_mask(region, affine),),
            )
        )
    return tuple(lesions)


def _terminology(tags: str) -> tuple[Code, tuple[Code, ...]]:
    """Return type and anatomic region of a segment's TerminologyEntry tag."""
    entry = next(
        (tag.strip() for tag in tags.split("|") if tag.strip().startswith(_TERMINOLOGY)), ""
    )
    parts = entry.removeprefix(_TERMINOLOGY).split("~")
    codes = [_code(parts[place]) if len(parts) > place else None for place in (_TYPE, _REGION)]
    return codes[0] or LESION, tuple(code for code in codes[1:] if code is not None)


def _code(text: str) -> Code | None:
    scheme, _, rest = text.partition("^")
    value, _, meaning = rest.partition("^")
    if not (scheme and value and meaning) or max(map(len, (value, meaning))) > _CODE_LENGTH:
        return None
    return Code(value=value, scheme=scheme, meaning=meaning)
