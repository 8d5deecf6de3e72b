"""The case: what a person writes about it, in the parts that journals and repositories ask for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from pydantic import model_validator

from casepack.case.parts import (
    Affiliation,
    Author,
    Diagnosis,
    Differential,
    Discussion,
    Doi,
    Event,
    Figure,
    Grant,
    Issn,
    Name,
    Part,
    Patient,
    Reference,
    Relation,
    Text,
    TimePoint,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture to make: a figure without panels, or one of its panels."""

    number: int
    """Of the figure, 1 for the first."""
    panel: str
    """``a``, ``b`` ..., or empty."""
    place: str
    """In the case file: ``figures.0`` or ``figures.0.panels.1``."""
    caption: str
    time_point: int
    series: int
    lesion: str | None
    image: int | None
    window: tuple[float, float] | None


class Case(Part):
    """A case as it will be published."""

    casepack: Literal[1] = 1
    id: Name
    """Name of the package: lower-case letters, digits and hyphens."""
    profile: Text = "generic"
    """What it is written for: generic, eurorad, radiopaedia, tcia, zenodo, or the path of a
    profile of your own, relative to the case file."""
    title: Text
    language: str = "en"
    """BCP 47 tag, such as en or pt-BR."""
    version: str = ""
    """Of the published package, such as 1.0."""
    case_type: str = "Clinical Case"
    section: str = ""
    area_of_interest: tuple[str, ...] = ()
    procedure: tuple[str, ...] = ()
    imaging_technique: tuple[str, ...] = ()
    special_focus: tuple[str, ...] = ()
    level: Literal["primary", "intermediate", "advanced"] | None = None
    """Level of difficulty (PS3.16 CID 7023)."""
    patient: Patient = Patient()
    abstract: str = ""
    """Left out: derived from patient, history, findings and diagnosis."""
    clinical_history: str = ""
    imaging_findings: str = ""
    time_points: tuple[TimePoint, ...] = ()
    timeline: tuple[Event, ...] = ()
    treatment: str = ""
    outcome: str = ""
    patient_perspective: str = ""
    discussion: Discussion = Discussion()
    differential_diagnosis: tuple[Differential, ...] = ()
    """In the order of likelihood."""
    final_diagnosis: Diagnosis | None = None
    figures: tuple[Figure, ...] = ()
    lesions: str | None = None
    """Path of the lesion drawings, relative to the case file."""
    key_objects: Literal["publication", "teaching-file", "mirc"] = "publication"
    """What Key Object Selections are titled for: export for publication, or for a teaching file;
    mirc writes the title of IHE TCE, the only one that RSNA's CTP and MIRC know."""
    references: tuple[Reference, ...] = ()
    keywords: tuple[str, ...] = ()
    authors: tuple[Author, ...] = ()
    affiliations: tuple[Affiliation, ...] = ()
    publisher: str = ""
    publication_date: dt.date | None = None
    """The only date a package carries; the clock is never read."""
    licence: str = "CC-BY-NC-SA-4.0"
    """SPDX identifier."""
    doi: Doi | None = None
    issn: Issn | None = None
    """Of the journal or series that the case appears in."""
    is_supplement_to: Doi | None = None
    """DOI of the published article that this package belongs to."""
    relations: tuple[Relation, ...] = ()
    consent: str = ""
    """Statement, in words."""
    consent_from: (
        Literal["patient", "guardian", "next of kin", "waived", "not applicable"] | None
    ) = None
    """Who consented to publication."""
    ethics: str = ""
    """Statement, in words."""
    ethics_committee: str = ""
    ethics_approval: str = ""
    """Number of the approval."""
    funding: str = ""
    """Statement, in words."""
    grants: tuple[Grant, ...] = ()
    competing_interests: str = ""

    @model_validator(mode="after")
    def _figures_name_time_points(self) -> Case:
        count = len(self.time_points)
        for picture in self.pictures:
            if count and picture.time_point > count:
                msg = f"figure {picture.number} names a time point that the case does not have"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _affiliations_are_listed(self) -> Case:
        known = [one.id for one in self.affiliations]
        if len(set(known)) != len(known):
            msg = "two affiliations have the same id"
            raise ValueError(msg)
        for place, author in enumerate(self.authors, 1):
            if not set(author.affiliations).issubset(known):
                msg = f"author {place} names an affiliation that is not in the list 'affiliations'"
                raise ValueError(msg)
        return self

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The pictures of the figures in their order, panel by panel."""
        return tuple(
            picture
            for place, figure in enumerate(self.figures)
            for picture in _pictures(figure, place)
        )

    def affiliations_of(self, author: Author) -> tuple[Affiliation, ...]:
        """Return the institutions of an author: those named, or the one written in words."""
        named = tuple(one for one in self.affiliations if one.id in author.affiliations)
        if author.affiliation and author.affiliation.strip():
            return (*named, Affiliation(id="in-words", name=author.affiliation))
        return named


def _pictures(figure: Figure, place: int) -> list[Picture]:
    if not figure.panels:
        return [
            Picture(
                number=place + 1,
                panel="",
                place=f"figures.{place}",
                caption=figure.caption,
                time_point=figure.time_point,
                series=figure.series or 0,
                lesion=figure.lesion,
                image=figure.image,
                window=figure.window,
            )
        ]
    return [
        Picture(
            number=place + 1,
            panel="abcdefghijklmnopqrstuvwxyz"[number],
            place=f"figures.{place}.panels.{number}",
            caption=f"{figure.caption.strip()} {panel.caption.strip()}".strip(),
            time_point=panel.time_point,
            series=panel.series,
            lesion=panel.lesion,
            image=panel.image,
            window=panel.window,
        )
        for number, panel in enumerate(figure.panels)
    ]


def untitled_case(time_points: int) -> Case:
    """Return the case of a study that came without a case file."""
    labels = [TimePoint(label=f"Study {number}") for number in range(1, time_points + 1)]
    return Case(id="untitled", title="Untitled case", time_points=tuple(labels), licence="")
