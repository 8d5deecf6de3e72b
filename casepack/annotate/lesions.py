"""The lesion file: what a person drew, read and validated.

The file is JSON::

    {"casepack_lesions": 1, "coordinate_system": "LPS", "unit": "mm",
     "lesions": [
       {"tracking_id": "lesion-1", "label": "Intramedullary metastasis at T12",
        "finding": {"value": "128462008", "scheme": "SCT", "meaning": "Metastasis"},
        "sites": [{"value": "2748008", "scheme": "SCT", "meaning": "Spinal cord"}],
        "outlines": [{"time_point": 1, "series_number": 5, "points": [[x, y, z], ...]}],
        "evaluations": [{"time_point": 1, "concept": {...}, "value": {...}}]}]}

Points are in mm in the patient coordinate system of the images; ``RAS`` is converted to ``LPS``.
Messages name the place in the file, never a key, text or coordinate of it.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from casepack.errors import CaseError
from casepack.model import Code, Evaluation, Lesion, Outline, Point

_ADVICE = "Compare it with the lesion file that casepack sample writes."
_COORDINATE_LIMIT = 10_000.0
"""mm; farther from the origin than any scanner reaches."""
_UNPRINTABLE = {"Cc", "Cs"}
"""Unicode categories that no text value may hold: controls and lone surrogates."""


def _printable(text: str) -> str:
    if not text.strip() or any(unicodedata.category(each) in _UNPRINTABLE for each in text):
        msg = "is empty or holds a control character"
        raise ValueError(msg)
    return text


def _without_delimiter(text: str) -> str:
    if "\\" in text:
        msg = "holds a backslash, which separates values in DICOM"
        raise ValueError(msg)
    return text


def _whole_number(value: object) -> object:
    if isinstance(value, bool):
        msg = "is not a number"
        raise ValueError(msg)  # noqa: TRY004  # pydantic takes ValueError
    return value


Text = Annotated[str, Field(max_length=1024), AfterValidator(_printable)]
ShortString = Annotated[
    str, Field(max_length=16), AfterValidator(_printable), AfterValidator(_without_delimiter)
]
LongString = Annotated[
    str, Field(max_length=64), AfterValidator(_printable), AfterValidator(_without_delimiter)
]
TimePointNumber = Annotated[int, Field(ge=1, le=1000)]
Coordinate = Annotated[
    float, Field(allow_inf_nan=False, ge=-_COORDINATE_LIMIT, le=_COORDINATE_LIMIT)
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Code(_Part):
    value: LongString
    """Longer than 16 characters, it is written as Long Code Value (PS3.3 8.1)."""
    scheme: ShortString
    meaning: LongString


class _Outline(_Part):
    time_point: TimePointNumber
    series_number: Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
    points: tuple[tuple[Coordinate, Coordinate, Coordinate], ...]

    @field_validator("points")
    @classmethod
    def _three_points(cls, points: tuple[Point, ...]) -> tuple[Point, ...]:
        if len(_opened(points)) < 3:  # noqa: PLR2004  # a polygon has three vertices
            msg = "has fewer than 3 different points"
            raise ValueError(msg)
        return points


class _Evaluation(_Part):
    time_point: TimePointNumber
    concept: _Code
    value: _Code


class _Lesion(_Part):
    tracking_id: LongString
    label: Text
    finding: _Code
    sites: tuple[_Code, ...]
    outlines: Annotated[tuple[_Outline, ...], Field(min_length=1)]
    evaluations: tuple[_Evaluation, ...] = ()


class _LesionFile(_Part):
    casepack_lesions: Annotated[Literal[1], BeforeValidator(_whole_number)]
    coordinate_system: Literal["LPS", "RAS"]
    unit: Literal["mm"]
    lesions: tuple[_Lesion, ...]

    @model_validator(mode="after")
    def _distinct_tracking_identifiers(self) -> _LesionFile:
        identifiers = [lesion.tracking_id for lesion in self.lesions]
        if len(set(identifiers)) < len(identifiers):
            msg = "two lesions have the same tracking_id"
            raise ValueError(msg)
        return self


def read_lesions(path: Path) -> tuple[Lesion, ...]:
    """Read and validate a lesion file.

    A polygon that repeats its first point at the end is opened again. Coordinates in RAS are
    converted to LPS by changing the sign of x and y.

    Returns
    -------
    tuple[Lesion, ...]
        The lesions in the order of the file; points in mm, LPS.

    Raises
    ------
    CaseError
        The file cannot be read, is not JSON, or does not hold lesions. Names the place.
    """
    text = _read_text(path)
    _refuse_loose_json(text, path.name)
    try:
        content = _LesionFile.model_validate_json(text)
    except ValidationError as error:
        raise _case_error(error, path.name) from None
    flip = content.coordinate_system == "RAS"
    return tuple(_lesion(part, flip=flip) for part in content.lesions)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise CaseError("cannot be read as UTF-8 text", place=path.name, advice=_ADVICE) from None


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
        raise CaseError("is not JSON", place=f"{name}:{error.lineno}", advice=_ADVICE) from None
    except _LooseJsonError as error:
        raise CaseError(str(error), place=name, advice=_ADVICE) from None
    except (RecursionError, ValueError):
        raise CaseError("is not JSON", place=name, advice=_ADVICE) from None


_MESSAGES = {
    "extra_forbidden": "has a key that a lesion file does not know",
    "missing": "is missing",
    "literal_error": "has a value that is not among those allowed",
}
_KEYS = frozenset(
    name
    for part in (_LesionFile, _Lesion, _Outline, _Evaluation, _Code)
    for name in part.model_fields
)


def _case_error(error: ValidationError, name: str) -> CaseError:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = _place(first["loc"]) or "top level"
    message = _MESSAGES.get(first["type"], first["msg"].removeprefix("Value error, "))
    count = error.error_count()
    return CaseError(
        message,
        place=f"{name}: {where}",
        advice=f"{count} place(s) to mend in this file. {_ADVICE}",
    )


def _place(location: Sequence[int | str]) -> str:
    """Write a place as ``lesions[0].outlines[1]``, without the user's own keys."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part in _KEYS:
            text += f".{part}" if text else part
    return text


def _opened(points: tuple[Point, ...]) -> tuple[Point, ...]:
    return points[:-1] if len(points) > 1 and points[0] == points[-1] else points


def _code(part: _Code) -> Code:
    return Code(value=part.value, scheme=part.scheme, meaning=part.meaning)


def _point(point: Point, *, flip: bool) -> Point:
    x, y, z = point
    return (0.0 - x, 0.0 - y, z) if flip else point


def _outline(part: _Outline, *, flip: bool) -> Outline:
    return Outline(
        time_point=part.time_point,
        series_number=part.series_number,
        points=tuple(_point(point, flip=flip) for point in _opened(part.points)),
    )


def _lesion(part: _Lesion, *, flip: bool) -> Lesion:
    return Lesion(
        tracking_id=part.tracking_id,
        label=part.label,
        finding=_code(part.finding),
        sites=tuple(_code(site) for site in part.sites),
        outlines=tuple(_outline(outline, flip=flip) for outline in part.outlines),
        evaluations=tuple(
            Evaluation(
                time_point=evaluation.time_point,
                concept=_code(evaluation.concept),
                value=_code(evaluation.value),
            )
            for evaluation in part.evaluations
        ),
    )
