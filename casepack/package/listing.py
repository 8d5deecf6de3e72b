"""The case as data: case.json, which ties the case text to studies, series and files."""

from __future__ import annotations

from collections.abc import Mapping

from casepack.case import Case
from casepack.case.profiles import PUBLICATION_PROFILES
from casepack.model import Deidentified, Option, Series, Study
from casepack.package.dicomdir.records import read_attributes
from casepack.package.patient import age_in_years, read_date

_DATES_KEPT = frozenset(
    {Option.RETAIN_LONGITUDINAL_FULL_DATES, Option.RETAIN_LONGITUDINAL_MODIFIED_DATES}
)


def describe_case(
    case: Case, deidentified: Deidentified, paths: Mapping[str, str], software: str
) -> dict[str, object]:
    """Return the content of ``case.json``.

    Paths of the author's machine are left out: that of the lesion drawings, and that of a
    publication profile of the author's own.

    Parameters
    ----------
    paths
        SOP Instance UID to path in the payload.
    """
    paths_of_author = {"lesions"}
    if case.profile not in PUBLICATION_PROFILES:
        paths_of_author.add("profile")
    return {
        "format": "casepack-case/1",
        "software": software,
        "case": case.model_dump(mode="json", exclude=paths_of_author),
        "studies": [
            _study(study, number, case, deidentified, paths)
            for number, study in enumerate(deidentified.studies, 1)
        ],
    }


def _study(
    study: Study,
    number: int,
    case: Case,
    deidentified: Deidentified,
    paths: Mapping[str, str],
) -> dict[str, object]:
    instance = read_attributes(study.instances[0].path, "PatientAge", "PatientSex")
    known = case.time_points[number - 1] if number <= len(case.time_points) else None
    return {
        "time_point": number,
        "label": known.label if known else f"Study {number}",
        "days_from_first_study": _days(deidentified, study),
        "patient_age_years": age_in_years(instance),
        "patient_sex": str(instance.get("PatientSex") or "") or None,
        "study_instance_uid": study.study_instance_uid,
        "series": [_series(series, paths) for series in study.series],
    }


def _series(series: Series, paths: Mapping[str, str]) -> dict[str, object]:
    first = read_attributes(series.instances[0].path, "SeriesDescription", "BodyPartExamined")
    return {
        "series_number": series.number,
        "modality": series.modality,
        "description": str(first.get("SeriesDescription") or ""),
        "body_part_examined": str(first.get("BodyPartExamined") or ""),
        "series_instance_uid": series.series_instance_uid,
        "instances": [
            {
                "sop_class_uid": instance.sop_class_uid,
                "sop_instance_uid": instance.sop_instance_uid,
                "transfer_syntax_uid": instance.transfer_syntax_uid,
                "instance_number": instance.number,
                "frames": instance.frames,
                "path": paths[instance.sop_instance_uid],
            }
            for instance in series.instances
        ],
    }


def _days(deidentified: Deidentified, study: Study) -> int | None:
    """Return the days since the first study, when the Options kept the intervals true."""
    if not _DATES_KEPT.intersection(deidentified.record.options):
        return None
    first, this = read_date(deidentified.studies[0].date), read_date(study.date)
    return (this - first).days if first and this else None
