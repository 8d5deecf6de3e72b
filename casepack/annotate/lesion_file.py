"""The form of a lesion file: what may stand where, and the words of its errors."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Annotated, Literal

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
from casepack.lesion import Extent, Pixel, Point

ADVICE = "Compare it with the lesion file that casepack sample writes."
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
SeriesNumber = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
TimePointNumber = Annotated[int, Field(ge=1, le=1000)]
Coordinate = Annotated[
    float, Field(allow_inf_nan=False, ge=-_COORDINATE_LIMIT, le=_COORDINATE_LIMIT)
]


Ring = tuple[Point, ...] | tuple[Pixel, ...]


class Part(BaseModel):
    """Any object of the file: no unknown keys, no conversion of types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CodePart(Part):
    """A coded concept of any scheme."""

    value: LongString
    """Longer than 16 characters, it is written as Long Code Value (PS3.3 8.1)."""
    scheme: ShortString
    meaning: LongString


class ImagePart(Part):
    """One image, by Instance Number in its series or by SOP Instance UID."""

    instance_number: Annotated[int, Field(ge=-(2**31), le=2**31 - 1)] | None = None
    sop_instance_uid: Annotated[str, Field(pattern=r"^[0-9.]{1,64}$")] | None = None
    frame: Annotated[int, Field(ge=1, le=2**31 - 1)] = 1

    @model_validator(mode="after")
    def _named(self) -> ImagePart:
        if self.instance_number is None and self.sop_instance_uid is None:
            msg = "names no image: give instance_number or sop_instance_uid"
            raise ValueError(msg)
        return self


class PlacedPart(Part):
    """Points in the patient, or pixel positions on a named image."""

    time_point: TimePointNumber
    series_number: SeriesNumber
    points: tuple[tuple[Coordinate, Coordinate, Coordinate], ...] | None = None
    image: ImagePart | None = None
    pixels: tuple[tuple[Coordinate, Coordinate], ...] | None = None

    @model_validator(mode="after")
    def _placed_once(self) -> PlacedPart:
        if self.points is None and self.pixels is None:
            msg = "has neither points nor pixels"
            raise ValueError(msg)
        if self.points is not None and self.pixels is not None:
            msg = "has both points and pixels"
            raise ValueError(msg)
        if (self.image is None) != (self.pixels is None):
            msg = "needs image and pixels together"
            raise ValueError(msg)
        return self


class OutlinePart(PlacedPart):
    """A closed polygon."""

    @field_validator("points", "pixels")
    @classmethod
    def _three_points(cls, points: Ring | None) -> Ring | None:
        if points is not None and len(open_ring(points)) < 3:  # noqa: PLR2004  # a polygon
            msg = "has fewer than 3 different points"
            raise ValueError(msg)
        return points


class CaliperPart(PlacedPart):
    """A distance drawn by hand."""

    extent: Literal[
        "length", "long axis", "short axis", "craniocaudal", "anteroposterior", "transverse"
    ]

    @model_validator(mode="after")
    def _two_points(self) -> CaliperPart:
        if len(self.points or self.pixels or ()) != 2:  # noqa: PLR2004  # two ends
            msg = "has not two ends"
            raise ValueError(msg)
        return self

    @property
    def kind(self) -> Extent:
        """What it measures."""
        return Extent(self.extent)


class MarkerPart(PlacedPart):
    """A single point."""

    @model_validator(mode="after")
    def _one_point(self) -> MarkerPart:
        if len(self.points or self.pixels or ()) != 1:
            msg = "is not one point"
            raise ValueError(msg)
        return self


class DrawingPart(Part):
    """A file of another program; `select` names one of several regions in it."""

    file: Annotated[str, Field(min_length=1, max_length=1024)]
    time_point: TimePointNumber | None = None
    series_number: SeriesNumber | None = None
    select: Annotated[str, Field(max_length=1024), AfterValidator(_printable)] | None = None
    image: ImagePart | None = None
    """The image that pixel positions lie on, where the file does not name it (LabelMe)."""
    resample: bool = False
    """Take the nearest voxel where the grid is not that of the series."""
    reference: bool = False
    """True: its outlines are the reference region, not the lesion."""


class EvaluationPart(Part):
    """A qualitative finding."""

    time_point: TimePointNumber
    concept: CodePart
    value: CodePart


class LesionPart(Part):
    """One lesion."""

    tracking_id: LongString
    label: Text
    finding: CodePart
    sites: tuple[CodePart, ...]
    outlines: tuple[OutlinePart, ...] = ()
    drawings: tuple[DrawingPart, ...] = ()
    calipers: tuple[CaliperPart, ...] = ()
    markers: tuple[MarkerPart, ...] = ()
    references: tuple[OutlinePart, ...] = ()
    evaluations: tuple[EvaluationPart, ...] = ()
    absent: tuple[TimePointNumber, ...] = ()

    @model_validator(mode="after")
    def _drawn(self) -> LesionPart:
        if not (self.outlines or self.drawings or self.calipers):
            msg = "has no outlines and no drawings"
            raise ValueError(msg)
        return self


class LesionFile(Part):
    """The whole file."""

    casepack_lesions: Annotated[Literal[1], BeforeValidator(_whole_number)]
    coordinate_system: Literal["LPS", "RAS"]
    unit: Literal["mm"]
    lesions: tuple[LesionPart, ...]

    @model_validator(mode="after")
    def _distinct_tracking_identifiers(self) -> LesionFile:
        identifiers = [lesion.tracking_id for lesion in self.lesions]
        if len(set(identifiers)) < len(identifiers):
            msg = "two lesions have the same tracking_id"
            raise ValueError(msg)
        return self


def open_ring(points: Ring) -> Ring:
    """Return a polygon without the repetition of its first point at the end."""
    return points[:-1] if len(points) > 1 and points[0] == points[-1] else points


_MESSAGES = {
    "extra_forbidden": "has a key that a lesion file does not know",
    "missing": "is missing",
    "literal_error": "has a value that is not among those allowed",
    "string_pattern_mismatch": "is no UID",
}
_KEYS = frozenset(
    name
    for part in (
        LesionFile,
        LesionPart,
        OutlinePart,
        CaliperPart,
        DrawingPart,
        EvaluationPart,
        ImagePart,
        CodePart,
    )
    for name in part.model_fields
)


def case_error(error: ValidationError, name: str) -> CaseError:
    """Return what is wrong with a lesion file, without a value of it."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = _place(first["loc"]) or "top level"
    message = _MESSAGES.get(first["type"], first["msg"].removeprefix("Value error, "))
    count = error.error_count()
    return CaseError(
        message,
        place=f"{name}: {where}",
        advice=f"{count} place(s) to mend in this file. {ADVICE}",
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
