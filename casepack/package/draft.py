"""A case file drafted from the images: series, time points, technique, slots for figures.

Only numbers and coded values are read: age, sex, days between the studies, how the images were
acquired. No text of a DICOM file is copied, as it may hold anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from casepack.model import FileSet, Series
from casepack.package.dicomdir.records import read_attributes
from casepack.package.doubts import days_from_first, label_of, sample_frames
from casepack.package.patient import read_patient
from casepack.package.pictures.acquisition import describe_acquisition, is_localizer
from casepack.package.pictures.attributes import FrameAttributes
from casepack.package.pictures.frames import NO_PICTURES

_MOST_FIGURES: Final = 6
_MODALITY: Final = re.compile(r"[A-Z]{2,8}")
_LEFT_OUT: Final = NO_PICTURES | {"OT", "SC"}
"""Secondary captures besides: they may hold burned-in text, and are held."""

_HEAD: Final = """\
# yaml-language-server: $schema=case.schema.json
#
# Case file of casepack, drafted from the images. Age, sex, days and the way of acquisition were
# taken over, and no text. Write the rest: casepack pack says what the profile still asks for.
# For completion in your editor:  casepack init --schema > case.schema.json
casepack: 1
id: case-0001  # name of the package: lower-case letters, digits, hyphens
profile: generic  # or eurorad, radiopaedia, tcia, zenodo, or a file of your own
title: TODO
language: en
case_type: Clinical Case
section: ""
area_of_interest: []
procedure: []
"""
_TEXTS: Final = """\
clinical_history: ""
imaging_findings: ""
"""
_TAIL: Final = """\
timeline: []  # - {day: -14, event: First symptoms}
treatment: ""
outcome: ""
discussion:
  background: ""
  clinical_perspective: ""
  imaging_perspective: ""
  outcome: ""
  take_home_message: ""
differential_diagnosis: []  # the likeliest first
# final_diagnosis: {text: ..., certainty: ..., confirmed_by: ...}
# lesions: lesions.json  # drawings of the lesions, beside this file
references: []  # - {text: ..., doi: 10.1000/example}
keywords: []
affiliations: []  # - {id: radiology, name: ..., city: ..., country: ..., ror: https://ror.org/...}
authors: []  # - {family: ..., given: ..., orcid: ..., affiliations: [radiology]}
publisher: ""
# publication_date: 2026-01-31
licence: CC-BY-NC-SA-4.0  # https://spdx.org/licenses/
doi: null
consent: ""
ethics: ""
funding: ""
competing_interests: ""
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A series that can be shown, in words of ours."""

    number: int
    label: str
    technique: str
    images: int
    localizer: bool


def draft_case(file_set: FileSet) -> str:
    """Return the text of a case file for the studies of a patient."""
    patient = read_patient(file_set.studies)
    age = "null" if patient.age is None else str(patient.age)
    sex = "null" if patient.sex is None else patient.sex
    shown = [list(_describe_series(study.series)) for study in file_set.studies]
    modalities = dict.fromkeys(
        series.modality
        for study in file_set.studies
        for series in study.series
        if _is_acquired(series)
    )
    lines = [
        _HEAD + f"imaging_technique: [{', '.join(modalities)}]",
        f"special_focus: []\npatient: {{age: {age}, sex: {sex}}}",
        _TEXTS + "time_points:",
    ]
    days = days_from_first(file_set.studies)
    for place, (series, day) in enumerate(zip(shown, days, strict=True)):
        field = _field_strength(file_set.studies[place].series)
        lines += _time_point(place, day or 0, series, field)
    lines += [*_figures(shown), _TAIL]
    return "\n".join(lines)


def _describe_series(series: Sequence[Series]) -> Iterator[_Shown]:
    for one in series:
        if not _is_acquired(one) or one.number is None:
            continue
        frames = sample_frames(one)
        if not frames:
            continue
        yield _Shown(
            number=one.number,
            label=label_of(one),
            technique=describe_acquisition(frames[len(frames) // 2].acquisition),
            images=sum(instance.frames for instance in one.instances),
            localizer=is_localizer(
                [frame.acquisition for frame in frames], [frame.plane for frame in frames]
            ),
        )


def _is_acquired(series: Series) -> bool:
    known = _MODALITY.fullmatch(series.modality) is not None
    return known and series.modality not in _LEFT_OUT


def _field_strength(series: Sequence[Series]) -> str:
    """Return the Magnetic Field Strength (0018,0087) of the first MR series, or nothing."""
    for one in series:
        if one.modality == "MR":
            first = read_attributes(one.instances[0].path, "MagneticFieldStrength")
            tesla = FrameAttributes(first).number("MagneticFieldStrength")
            return f" at {tesla:g} T" if tesla and tesla > 0 else ""
    return ""


def _time_point(place: int, day: int, series: Sequence[_Shown], field: str) -> Iterator[str]:
    label = "Baseline" if place == 0 else f"Follow-up {place}"
    used = [one for one in series if not one.localizer]
    named = [
        f"{one.label[:1].lower()}{one.label[1:]}"
        + (f" ({one.technique.replace(' · ', ', ')})" if one.technique else "")
        for one in used
    ]
    yield f"  - label: {label}\n    day: {day}"
    text = f"Imaging{field}: {'; '.join(named)}." if named else ""
    yield f'    technique: "{text}"\n    findings: ""\n    treatment_before: ""'
    if used:
        yield "    series:"
    for one in used:
        yield f"      # {one.label}, {one.images} image(s)"
        yield f'      - {{series: {one.number}, findings: ""}}'


def _figures(shown: Sequence[Sequence[_Shown]]) -> Iterator[str]:
    slots = [
        (time_point, one)
        for time_point, series in enumerate(shown, 1)
        for one in series
        if not one.localizer
    ]
    if not slots:
        yield "figures: []"
        return
    yield "figures:  # image: place in the series; lesion: its tracking identifier; window: [c, w]"
    for time_point, one in slots[:_MOST_FIGURES]:
        yield f"  # {one.label}"
        yield f'  - {{caption: "", time_point: {time_point}, series: {one.number}}}'
