"""The case file: what a person writes about the case, validated.

The parts are those of a Eurorad case (section, case type, patient, clinical history, imaging
findings, discussion, differential diagnosis list, final diagnosis, figures, references) with what
a DOI needs besides (authors, publisher, licence, keywords). A case file is YAML; messages name the
file and the place in it, never a value.
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from casepack.errors import CaseError

Text = Annotated[str, Field(min_length=1)]

_ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]")
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
AGE_LIMIT = 89
"""Ages over 89 identify (45 CFR 164.514(b)(2)); they are written as 90."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Author(_Part):
    """A creator of the case, in the order of citation."""

    family: Text
    given: Text
    orcid: str | None = None
    affiliation: str | None = None

    @field_validator("orcid")
    @classmethod
    def _orcid(cls, value: str | None) -> str | None:
        if value is not None and not (_ORCID.fullmatch(value) and _orcid_checksum_holds(value)):
            msg = "is not an ORCID iD (0000-0000-0000-0000, last character a checksum)"
            raise ValueError(msg)
        return value


def _orcid_checksum_holds(orcid: str) -> bool:
    """ISO 7064 mod 11-2 over the first 15 digits."""
    digits = orcid.replace("-", "")
    total = 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    return "0123456789X"[(12 - total % 11) % 11] == digits[-1]


class Patient(_Part):
    """Age in years at the first time point (over 89 is written as 90), and sex."""

    age: Annotated[int, Field(ge=0, le=AGE_LIMIT + 1)] | None = None
    sex: Literal["F", "M", "O"] | None = None


class Discussion(_Part):
    """The five parts of a Eurorad discussion."""

    background: str = ""
    clinical_perspective: str = ""
    imaging_perspective: str = ""
    outcome: str = ""
    take_home_message: str = ""


class Diagnosis(_Part):
    """The final diagnosis and how it was reached."""

    text: Text
    certainty: str = ""
    confirmed_by: str = ""


class Reference(_Part):
    """A cited work."""

    text: Text
    doi: str | None = None

    @field_validator("doi")
    @classmethod
    def _doi(cls, value: str | None) -> str | None:
        return _doi(value)


class TimePoint(_Part):
    """What a study is in the case: its label, its day from the first study, its findings."""

    label: Text
    day: Annotated[int, Field(ge=0)] = 0
    findings: str = ""
    treatment_before: str = ""


class Figure(_Part):
    """A picture of the case: one image of one series, at a window, with a caption.

    `lesion` is the tracking identifier of a lesion: the picture is then its key image and can
    carry its outline; else `image` is the place in the series, 1 for the first.
    """

    caption: Text
    time_point: Annotated[int, Field(ge=1)] = 1
    series: int
    """Series Number (0020,0011)."""
    lesion: str | None = None
    image: Annotated[int, Field(ge=1)] | None = None
    window: tuple[float, float] | None = None
    """Window Center and Window Width (PS3.3 C.11.2.1.2)."""


class Case(_Part):
    """A case as it will be published."""

    casepack: Literal[1] = 1
    id: str
    """Name of the package: lower-case letters, digits and hyphens."""
    title: Text
    language: str = "en"
    case_type: str = "Clinical Case"
    section: str = ""
    area_of_interest: tuple[str, ...] = ()
    procedure: tuple[str, ...] = ()
    imaging_technique: tuple[str, ...] = ()
    special_focus: tuple[str, ...] = ()
    patient: Patient = Patient()
    clinical_history: str = ""
    imaging_findings: str = ""
    time_points: tuple[TimePoint, ...] = ()
    discussion: Discussion = Discussion()
    differential_diagnosis: tuple[str, ...] = ()
    final_diagnosis: Diagnosis | None = None
    figures: tuple[Figure, ...] = ()
    lesions: str | None = None
    """Path of the lesion drawings, relative to the case file."""
    references: tuple[Reference, ...] = ()
    keywords: tuple[str, ...] = ()
    authors: tuple[Author, ...] = ()
    publisher: str = ""
    publication_date: dt.date | None = None
    """The only date a package carries; the clock is never read."""
    licence: str = "CC-BY-NC-SA-4.0"
    """SPDX identifier."""
    doi: str | None = None
    is_supplement_to: str | None = None
    """DOI of the published article that this package belongs to."""
    consent: str = ""
    ethics: str = ""
    funding: str = ""

    @field_validator("id")
    @classmethod
    def _id(cls, value: str) -> str:
        if not _IDENTIFIER.fullmatch(value):
            msg = "may hold lower-case letters, digits and hyphens only, 64 at most"
            raise ValueError(msg)
        return value

    @field_validator("doi", "is_supplement_to")
    @classmethod
    def _dois(cls, value: str | None) -> str | None:
        return _doi(value)

    @model_validator(mode="after")
    def _figures_name_time_points(self) -> Case:
        count = len(self.time_points)
        for place, figure in enumerate(self.figures, 1):
            if count and figure.time_point > count:
                msg = f"figure {place} names a time point that the case does not have"
                raise ValueError(msg)
        return self


def _doi(value: str | None) -> str | None:
    if value is not None and not _DOI.fullmatch(value):
        msg = "is not a DOI (10.prefix/suffix, without https://doi.org/)"
        raise ValueError(msg)
    return value


def read_case(path: Path) -> Case:
    """Read and validate a case file.

    Raises
    ------
    CaseError
        The file cannot be read, is not YAML, or does not hold a case. Names the place.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise CaseError(
            "cannot be read as UTF-8 text",
            place=path.name,
            advice="Draft one with: casepack init STUDY case.yaml",
        ) from None
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        raise CaseError(
            "is not YAML",
            place=f"{path.name}{line}",
            advice="Put text that holds a colon in quotes, or below a '|'.",
        ) from None
    try:
        return Case.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "top level"
        raise CaseError(
            first["msg"].removeprefix("Value error, "),
            place=f"{path.name}: {where}",
            advice=f"{error.error_count()} place(s) to mend in this file.",
        ) from None


def untitled_case(time_points: int) -> Case:
    """Return the case of a study that came without a case file."""
    labels = [TimePoint(label=f"Study {number}") for number in range(1, time_points + 1)]
    return Case(id="untitled", title="Untitled case", time_points=tuple(labels), licence="")
