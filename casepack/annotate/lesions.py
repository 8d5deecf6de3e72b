"""The lesion file: what a person drew, read and validated.

The file is JSON::

    {"casepack_lesions": 1, "coordinate_system": "LPS", "unit": "mm",
     "lesions": [
       {"tracking_id": "lesion-1", "label": "Intramedullary metastasis at T12",
        "finding": {"value": "128462008", "scheme": "SCT", "meaning": "Metastasis"},
        "sites": [{"value": "2748008", "scheme": "SCT", "meaning": "Spinal cord"}],
        "outlines": [
          {"time_point": 1, "series_number": 5, "points": [[x, y, z], ...]},
          {"time_point": 1, "series_number": 4, "image": {"instance_number": 7},
           "pixels": [[column, row], ...]}],
        "drawings": [{"file": "cord.seg.nrrd", "time_point": 2, "series_number": 5}],
        "calipers": [{"extent": "craniocaudal", "time_point": 1, "series_number": 5,
                      "points": [[x, y, z], [x, y, z]]}],
        "markers": [{"time_point": 1, "series_number": 5, "points": [[x, y, z]]}],
        "references": [{"time_point": 1, "series_number": 5, "points": [...]}],
        "evaluations": [{"time_point": 1, "concept": {...}, "value": {...}}],
        "absent": [3]}]}

Points are in mm in the patient coordinate system of the images; ``RAS`` is converted to ``LPS``.
Pixel positions are 0-based, with pixel centres at whole numbers. ``extent`` is length, long axis,
short axis, craniocaudal, anteroposterior or transverse. ``references`` outline normal tissue on
the same series. ``drawings`` are files of other programs, see `casepack.annotate.importers`, with
optional ``select`` (the name or number of a region), ``resample`` and ``reference``. ``absent``
lists the time points at which the lesion is gone. Such a file may also stand alone in the case
file. Messages name the place in the file, never a key, text or coordinate of it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, cast

from pydantic import ValidationError

from casepack.annotate.lesion_file import (
    ADVICE,
    CodePart,
    DrawingPart,
    ImagePart,
    LesionFile,
    LesionPart,
    PlacedPart,
    case_error,
    open_ring,
)
from casepack.errors import CaseError
from casepack.lesion import Caliper, Evaluation, ImageName, Lesion, Mask, Outline, Pixel, Point
from casepack.model import Code


def read_lesions(path: Path) -> tuple[Lesion, ...]:
    """Read and validate a lesion file, or a drawing of another program.

    A polygon that repeats its first point at the end is opened again. Coordinates in RAS are
    converted to LPS by changing the sign of x and y.

    Returns
    -------
    tuple[Lesion, ...]
        The lesions in the order of the file; points in mm, LPS.

    Raises
    ------
    CaseError
        The file cannot be read, is not of a known form, or does not hold lesions. Names the place.
    """
    from casepack.annotate.importers import read_drawings  # noqa: PLC0415  # seldom needed

    if not is_lesion_file(path):
        return read_drawings(path)
    text = _read_text(path)
    _refuse_loose_json(text, path.name)
    try:
        content = LesionFile.model_validate_json(text)
    except ValidationError as error:
        raise case_error(error, path.name) from None
    flip = content.coordinate_system == "RAS"
    return tuple(
        _lesion(part, path, f"{path.name}: lesions[{number}]", flip=flip)
        for number, part in enumerate(content.lesions)
    )


def is_lesion_file(path: Path) -> bool:
    """Tell whether a file is meant as casepack's own: JSON that no other program is known to write.

    A file that cannot be told is taken as one, so that its faults are explained.
    """
    name = path.name.lower()
    if name.endswith(".mrk.json"):
        return False
    try:
        start = path.read_bytes()[:132]
        content = json.loads(path.read_text(encoding="utf-8-sig")) if name.endswith(".json") else {}
    except (OSError, ValueError, RecursionError):
        return not name.endswith(_FOREIGN)
    if start[128:] == b"DICM" or name.endswith(_FOREIGN):
        return False
    return not (isinstance(content, dict) and content.keys() & {"markups", "shapes", "Images"})


_FOREIGN = (".nrrd", ".nhdr", ".nii", ".nii.gz", ".plist", ".xml", ".dcm")


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise CaseError("cannot be read as UTF-8 text", place=path.name, advice=ADVICE) from None


class _LooseJsonError(ValueError):
    """Something that Python's reader takes although it is ambiguous, or no JSON."""


def _refuse_constant(_name: str) -> NoReturn:
    raise _LooseJsonError("holds NaN or Infinity, which JSON does not have")


def _refuse_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise _LooseJsonError("holds an object with the same key twice")
    return dict(pairs)


def _refuse_loose_json(text: str, name: str) -> None:
    try:
        json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_refuse_twins)
    except json.JSONDecodeError as error:
        raise CaseError("is not JSON", place=f"{name}:{error.lineno}", advice=ADVICE) from None
    except _LooseJsonError as error:
        raise CaseError(str(error), place=name, advice=ADVICE) from None
    except (RecursionError, ValueError):
        raise CaseError("is not JSON", place=name, advice=ADVICE) from None


def _code(part: CodePart) -> Code:
    return Code(value=part.value, scheme=part.scheme, meaning=part.meaning)


def _point(point: Point, *, flip: bool) -> Point:
    x, y, z = point
    return (0.0 - x, 0.0 - y, z) if flip else point


def _image(part: ImagePart | None) -> ImageName | None:
    if part is None:
        return None
    return ImageName(
        instance_number=part.instance_number,
        sop_instance_uid=part.sop_instance_uid or "",
        frame=part.frame,
    )


def _placed(part: PlacedPart, *, flip: bool) -> Outline:
    points = cast("tuple[Point, ...]", open_ring(part.points or ()))
    return Outline(
        time_point=part.time_point,
        series_number=part.series_number,
        points=tuple(_point(point, flip=flip) for point in points),
        image=_image(part.image),
        pixels=cast("tuple[Pixel, ...]", open_ring(part.pixels or ())),
    )


def _lesion(part: LesionPart, path: Path, place: str, *, flip: bool) -> Lesion:
    lesion = Lesion(
        tracking_id=part.tracking_id,
        label=part.label,
        finding=_code(part.finding),
        sites=tuple(_code(site) for site in part.sites),
        outlines=tuple(_placed(outline, flip=flip) for outline in part.outlines),
        evaluations=tuple(
            Evaluation(
                time_point=evaluation.time_point,
                concept=_code(evaluation.concept),
                value=_code(evaluation.value),
            )
            for evaluation in part.evaluations
        ),
        calipers=tuple(
            Caliper(extent=caliper.kind, ends=_placed(caliper, flip=flip))
            for caliper in part.calipers
        ),
        markers=tuple(_placed(marker, flip=flip) for marker in part.markers),
        references=tuple(_placed(outline, flip=flip) for outline in part.references),
        absent=part.absent,
    )
    for number, drawing in enumerate(part.drawings):
        lesion = _with_drawing(lesion, drawing, path, f"{place}.drawings[{number}]")
    return lesion


def _with_drawing(lesion: Lesion, part: DrawingPart, path: Path, place: str) -> Lesion:
    from casepack.annotate.importers import read_drawings, select_drawing  # noqa: PLC0415

    found = select_drawing(read_drawings(path.parent / part.file), part.select, place)
    outlines = tuple(_named(outline, part) for outline in found.outlines)
    if part.reference:
        if not outlines:
            raise CaseError("holds no outline for a reference region", place=place)
        return replace(lesion, references=lesion.references + outlines)
    return replace(
        lesion,
        outlines=lesion.outlines + outlines,
        masks=lesion.masks + tuple(_named_mask(mask, part) for mask in found.masks),
        calipers=lesion.calipers
        + tuple(replace(each, ends=_named(each.ends, part)) for each in found.calipers),
        markers=lesion.markers + tuple(_named(marker, part) for marker in found.markers),
        remarks=lesion.remarks
        + tuple(replace(each, drawing=_named(each.drawing, part)) for each in found.remarks),
    )


def _named(outline: Outline, part: DrawingPart) -> Outline:
    return replace(
        outline,
        time_point=part.time_point or outline.time_point,
        series_number=outline.series_number if part.series_number is None else part.series_number,
        image=outline.image or _image(part.image),
    )


def _named_mask(mask: Mask, part: DrawingPart) -> Mask:
    return replace(
        mask,
        time_point=part.time_point or mask.time_point,
        series_number=mask.series_number if part.series_number is None else part.series_number,
        resample=part.resample,
    )
