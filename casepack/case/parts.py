"""The parts of a case: people, patient, course, findings, diagnosis, figures, what it refers to."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from casepack.case.forms import check_doi, check_identifier, check_issn, check_orcid, check_ror


def shown_as(pattern: str) -> FieldInfo:
    """Tell editors the form by the JSON Schema; the check and its message are ours."""
    return cast("FieldInfo", Field(json_schema_extra={"pattern": pattern}))


Text = Annotated[str, Field(min_length=1)]
Doi = Annotated[str, AfterValidator(check_doi), shown_as(r"^10\.\d{4,9}/\S+$")]
Issn = Annotated[str, AfterValidator(check_issn), shown_as(r"^\d{4}-\d{3}[\dX]$")]
Ror = Annotated[str, AfterValidator(check_ror), shown_as(r"^https://ror\.org/0[0-9a-z]{6}\d{2}$")]
Orcid = Annotated[str, AfterValidator(check_orcid), shown_as(r"^(\d{4}-){3}\d{3}[\dX]$")]
Name = Annotated[str, AfterValidator(check_identifier), shown_as("^[a-z0-9][a-z0-9-]{0,63}$")]
Day = Annotated[int, Field(ge=-36500, le=36500)]
"""Days from the first study; negative before it. Never a date: dates identify."""

AGE_LIMIT = 89
"""Ages over 89 identify (45 CFR 164.514(b)(2)); they are written as 90."""


class Part(BaseModel):
    """A mapping of the case file; a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Affiliation(Part):
    """An institution that authors belong to; `id` is what `Author.affiliations` names."""

    id: Name
    name: Text
    department: str = ""
    city: str = ""
    country: str = ""
    ror: Ror | None = None
    """Address in the Research Organization Registry, https://ror.org/."""

    @property
    def line(self) -> str:
        """Department, name, city and country in one line."""
        parts = (self.department, self.name, self.city, self.country)
        return ", ".join(part for part in parts if part.strip())


class Author(Part):
    """A creator of the case, in the order of citation."""

    family: Text
    given: Text
    orcid: Orcid | None = None
    affiliation: str | None = None
    """In words; or name entries of the case's `affiliations` in `affiliations`."""
    affiliations: tuple[str, ...] = ()


class Grant(Part):
    """Who paid, and under which number."""

    funder: Text
    funder_id: Ror | None = None
    award: str = ""
    """Number of the award."""
    title: str = ""
    url: Annotated[str, Field(pattern=r"^https?://[^\s<>\"]+$")] | None = None


class Patient(Part):
    """Age in years at the first time point (over 89 is written as 90), and sex."""

    age: Annotated[int, Field(ge=0, le=AGE_LIMIT + 1)] | None = None
    sex: Literal["F", "M", "O"] | None = None


class Discussion(Part):
    """The five parts of a Eurorad discussion."""

    background: str = ""
    clinical_perspective: str = ""
    imaging_perspective: str = ""
    outcome: str = ""
    take_home_message: str = ""


class CodedTerm(Part):
    """A coded concept: Code Value, Coding Scheme Designator, Code Meaning (PS3.3 8.8)."""

    value: Text
    scheme: Text
    """Coding Scheme Designator of PS3.16 Table 8-1, such as SCT, or one of ICD-10, RADLEX ..."""
    meaning: Text


class Diagnosis(Part):
    """The final diagnosis and how it was reached."""

    text: Text
    certainty: str = ""
    confirmed_by: str = ""
    code: CodedTerm | None = None


class Differential(Part):
    """An entry of the differential diagnosis list; a text alone may stand for it."""

    text: Text
    code: CodedTerm | None = None
    reason: str = ""
    """What speaks for it or against it."""

    @model_validator(mode="before")
    @classmethod
    def _text_alone(cls, value: Any) -> Any:  # noqa: ANN401  # whatever the case file holds
        return {"text": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Let editors accept a text, too."""
        return {"anyOf": [{"type": "string", "minLength": 1}, handler(core)]}


class Reference(Part):
    """A cited work."""

    text: Text
    doi: Doi | None = None
    pmid: Annotated[str, Field(pattern=r"^[1-9]\d{0,8}$")] | None = None
    """Number in PubMed, in quotes."""


class SeriesFindings(Part):
    """What one series of a time point shows."""

    series: int
    """Series Number (0020,0011)."""
    technique: str = ""
    findings: str = ""


class TimePoint(Part):
    """What a study is in the case: its label, its day from the first study, its findings."""

    label: Text
    day: Annotated[int, Field(ge=0)] = 0
    findings: str = ""
    treatment_before: str = ""
    technique: str = ""
    """How the images were acquired, in words."""
    series: tuple[SeriesFindings, ...] = ()


class Event(Part):
    """Something that happened, on a day counted from the first study."""

    day: Day
    event: Text
    until: Day | None = None
    """Last day, of what went on for longer."""


class Panel(Part):
    """One image of one series, at a window.

    `lesion` is the tracking identifier of a lesion: the picture is then its key image and can
    carry its outline; else `image` is the place in the series, 1 for the first.
    """

    caption: str = ""
    time_point: Annotated[int, Field(ge=1)] = 1
    series: int
    """Series Number (0020,0011)."""
    lesion: str | None = None
    image: Annotated[int, Field(ge=1)] | None = None
    window: tuple[float, float] | None = None
    """Window Center and Window Width (PS3.3 C.11.2.1.2)."""


class Figure(Part):
    """A figure of the case: a picture as a `Panel` describes it, or several panels (a, b, c ...).

    With panels, the caption is that of the whole figure and each panel may add its own.
    """

    caption: str = ""
    time_point: Annotated[int, Field(ge=1)] = 1
    series: int | None = None
    """Series Number (0020,0011); left out when there are panels."""
    lesion: str | None = None
    image: Annotated[int, Field(ge=1)] | None = None
    window: tuple[float, float] | None = None
    """Window Center and Window Width (PS3.3 C.11.2.1.2)."""
    panels: Annotated[tuple[Panel, ...], Field(max_length=26)] = ()

    @model_validator(mode="after")
    def _series_or_panels(self) -> Figure:
        own = (self.series, self.lesion, self.image, self.window)
        if self.panels and any(part is not None for part in own):
            msg = "has panels: series, lesion, image and window belong to each of them"
            raise ValueError(msg)
        if not self.panels and self.series is None:
            msg = "names neither a series nor panels"
            raise ValueError(msg)
        return self


RELATION_TYPES = (
    *("IsCitedBy", "Cites", "IsSupplementTo", "IsSupplementedBy", "IsContinuedBy", "Continues"),
    *("IsDescribedBy", "Describes", "HasMetadata", "IsMetadataFor", "HasVersion", "IsVersionOf"),
    *("IsNewVersionOf", "IsPreviousVersionOf", "IsPartOf", "HasPart", "IsPublishedIn"),
    *("IsReferencedBy", "References", "IsDocumentedBy", "Documents", "IsCompiledBy", "Compiles"),
    *("IsVariantFormOf", "IsOriginalFormOf", "IsIdenticalTo", "IsReviewedBy", "Reviews"),
    *("IsDerivedFrom", "IsSourceOf", "IsRequiredBy", "Requires", "Obsoletes", "IsObsoletedBy"),
    *("IsCollectedBy", "Collects", "IsTranslationOf", "HasTranslation"),
)
"""relationType of DataCite 4.7, without ``Other``, which says nothing."""


class Relation(Part):
    """What else the package has to do with, in DataCite's words (relationType)."""

    type: Annotated[str, Field(json_schema_extra={"enum": list(RELATION_TYPES)})]
    doi: Doi | None = None
    url: Annotated[str, Field(pattern=r"^https?://[^\s<>\"]+$")] | None = None

    @model_validator(mode="after")
    def _known_and_one(self) -> Relation:
        if self.type not in RELATION_TYPES:
            msg = "has a type that is not a relationType of DataCite, such as IsDerivedFrom"
            raise ValueError(msg)
        if (self.doi is None) == (self.url is None):
            msg = "needs a doi or a url, and not both"
            raise ValueError(msg)
        return self
