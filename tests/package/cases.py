"""A case with every part, a case with none, and what the package stage takes with them."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from casepack.case import (
    Author,
    Case,
    Diagnosis,
    Discussion,
    Figure,
    Patient,
    Reference,
    TimePoint,
    parse_case,
)
from casepack.lesion import Evaluation, Lesion, MeasuredLesion, Measurement, Outline
from casepack.model import (
    Action,
    ActionCount,
    Check,
    Code,
    Finding,
    Option,
    Reason,
    Record,
    Severity,
    Verified,
)
from tests.builders import RECORD, deidentified

SOFTWARE = "casepack 0.0.0"
MR = "1.2.840.10008.5.1.4.1.1.4"
MARKUP = "<script>alert(\"1 & 2\")</script> 'a' *b* _c_ `d` [e](f) é 脊髄"
"""Text with what XML, HTML, Markdown and YAML read as markup, and letters beyond ASCII."""


def full_case(**parts: object) -> Case:
    content: dict[str, object] = {
        "id": "case-0001",
        "title": f"Title {MARKUP}",
        "section": f"Neuroradiology {MARKUP}",
        "area_of_interest": ("Spine", "CNS"),
        "procedure": ("Contrast agent-intravenous",),
        "imaging_technique": ("MR",),
        "special_focus": ("Metastases",),
        "patient": Patient(age=90, sex="F"),
        "clinical_history": f"History {MARKUP}\n# not a heading\n\n1. not a list",
        "imaging_findings": f"Findings {MARKUP}",
        "time_points": (
            TimePoint(label=f"Before {MARKUP}", findings="A lesion."),
            TimePoint(label="After", day=96, findings="Smaller.", treatment_before="Radiotherapy"),
        ),
        "discussion": Discussion(
            background=f"Background {MARKUP}",
            clinical_perspective="Clinical.",
            imaging_perspective="Imaging.",
            outcome="Outcome.",
            take_home_message="Message: ```fences``` too.",
        ),
        "differential_diagnosis": ("Ependymoma", f"Astrocytoma {MARKUP}"),
        "final_diagnosis": Diagnosis(text=f"Metastasis {MARKUP}", certainty="probable"),
        "figures": (Figure(caption=f"Caption {MARKUP}", series=1, image=2),),
        "lesions": "/home/somebody/drawings.json",
        "references": (
            Reference(text=f"Work {MARKUP}", doi="10.1000/a<b>&c"),
            Reference(text="Without a DOI"),
        ),
        "keywords": ("cord", f"metastasis {MARKUP}"),
        "authors": (
            Author(
                family="Müller",
                given="Zoë",
                orcid="0000-0002-1825-0097",
                affiliation=f"Hospital {MARKUP}",
            ),
            Author(family="O'Neil", given="A.", affiliation=f"Hospital {MARKUP}"),
        ),
        "publisher": f"Publisher {MARKUP}",
        "publication_date": dt.date(2024, 5, 6),
        "licence": "CC-BY-NC-SA-4.0",
        "doi": "10.5072/case-0001",
        "is_supplement_to": "10.1594/EURORAD/CASE.1",
        "consent": "Given.",
        "ethics": "Not needed.",
        "funding": "None.",
    }
    return Case.model_validate(content | parts)


EXTENDED = """\
id: case-0002
title: A case with every new part
version: "1.1"
issn: 1563-4086
affiliations:
  - {id: uni, name: Example University, department: Radiology, ror: https://ror.org/03yrm5c26}
  - {id: lab, name: Invented Institute}
authors:
  - {family: Müller, given: Zoë, affiliations: [uni, lab]}
  - {family: Specimen, given: Noor, affiliations: [uni]}
grants:
  - {funder: Example Fund, funder_id: https://ror.org/01ggx4157, award: A-1, title: Cords}
relations:
  - {type: IsDerivedFrom, doi: 10.5072/source}
  - {type: IsDocumentedBy, url: https://example.org/case}
timeline:
  - {day: -21, event: Weakness of the legs}
  - {day: 0, until: 35, event: Dexamethasone}
treatment: Radiotherapy.
outcome: She walks.
consent_from: patient
ethics_committee: Committee of Example University
ethics_approval: E-7
competing_interests: None.
differential_diagnosis:
  - {text: Ependymoma, reason: no cysts, code: {value: "1", scheme: 99X, meaning: Ependymoma}}
time_points:
  - label: Baseline
    technique: MR at 1.5 T.
    series: [{series: 3, technique: Sagittal T2., findings: Dark nodule.}]
"""


def extended_case() -> Case:
    """A case with the parts that the full one lacks."""
    return parse_case(EXTENDED, "case.yaml")


def record() -> Record:
    return Record(
        software="casepack 0.0.0",
        recipe="publication",
        recipe_digest="ab" * 32,
        edition="2026d",
        options=(Option.CLEAN_PIXEL_DATA, Option.RETAIN_LONGITUDINAL_MODIFIED_DATES),
        overrides=(f"publication.dicom:14 KEEP SeriesDescription: {MARKUP}",),
        actions=(
            _count("(0010,0010)", "Patient's Name", Action.DUMMY),
            _count("(0008,0080)", "Institution, Name", Action.REMOVE),
        ),
        unused=((Reason.BURNED_IN, 2), (Reason.NOT_DICOM, 1)),
    )


def _count(tag: str, name: str, action: Action) -> ActionCount:
    return ActionCount(
        sop_class_uid=MR, tag=tag, name=name, action=action, source="E.1-1", count=1200
    )


def verified(root: Path, studies: int = 2, series: int = 2, slices: int = 3) -> Verified:
    """What `casepack.verify` would make of the builders' studies."""
    written = deidentified(root, studies, series, slices)
    found = replace(written, record=record())
    file = found.instances[0].path.relative_to(root).as_posix()
    return Verified(
        deidentified=found,
        checks=(
            Check(
                name="identifiers", title="No original value in any byte", examined=12, findings=0
            ),
            Check(
                name="conformance",
                title="dciodvfy finds no new error",
                examined=0,
                findings=0,
                skipped="dciodvfy is not installed",
            ),
        ),
        warnings=(
            Finding(
                code="CV1",
                severity=Severity.WARNING,
                message=f"Message {MARKUP}",
                section="PS3.15 E.1",
                advice="Look at it.",
                file=file,
                place="(0008,1030)",
            ),
        ),
    )


def plain_verified(root: Path) -> Verified:
    """The same without anything to report."""
    written = deidentified(root, 1, 1, 1)
    assert written.record == RECORD
    return Verified(deidentified=written, checks=())


def lesions(checked: Verified) -> tuple[MeasuredLesion, ...]:
    metastasis = Code(value="128462008", scheme="SCT", meaning="Metastasis")
    cord = Code(value="2748008", scheme="SCT", meaning="Spinal cord")
    polygon = ((-0.00001, 1.23456, 2.0), (0.0, 3.0, 2.0), (0.0, 3.0, 6.0))
    measurements = []
    for number, study in enumerate(checked.deidentified.studies, 1):
        series = study.series[0]
        instance = series.instances[0]
        measurements.append(
            Measurement(
                time_point=number,
                study_instance_uid=study.study_instance_uid,
                series_instance_uid=series.series_instance_uid,
                sop_class_uid=instance.sop_class_uid,
                sop_instance_uid=instance.sop_instance_uid,
                frame=1,
                frame_of_reference_uid="1.2.3",
                polygon_mm=polygon,
                polygon_px=((1.0, 2.0), (3.0, 2.0), (3.0, 5.0)),
                long_axis_mm=12.34567,
                long_axis_px=((1.0, 2.0), (3.0, 5.0)),
                short_axis_mm=5.0,
                short_axis_px=((1.0, 2.0), (3.0, 2.0)),
                craniocaudal_mm=11.0,
                area_mm2=50.5,
            )
        )
    lesion = Lesion(
        tracking_id="lesion-1",
        label=f"Lesion {MARKUP}",
        finding=metastasis,
        sites=(cord,),
        outlines=(Outline(time_point=1, series_number=1, points=polygon),),
        evaluations=(Evaluation(time_point=1, concept=metastasis, value=cord),),
    )
    return (MeasuredLesion(lesion=lesion, tracking_uid="2.25.1", measurements=tuple(measurements)),)


def needs(program: str) -> pytest.MarkDecorator:
    """Skip with a reason where an outside program is missing; in CI it has to be there."""
    missing = shutil.which(program) is None and not os.environ.get("CI")
    return pytest.mark.skipif(missing, reason=f"{program} is not installed")
