"""Age and sex of the patient as the images have them, and whether the case file says the same."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from pydicom.dataset import Dataset

from casepack.case import AGE_LIMIT, Case, Patient
from casepack.errors import CaseError
from casepack.model import Study
from casepack.package.dicomdir.records import read_attributes

_AGE = re.compile(r"(\d{3})([DWMY])")
_TOLERANCE = 1
"""Years: a birthday may lie between the study and the writing of the case."""


def read_patient(studies: Sequence[Study]) -> Patient:
    """Return age at the first study and sex, as far as its first image has them."""
    words = ("PatientAge", "PatientSex", "PatientBirthDate", "StudyDate")
    instance = read_attributes(studies[0].instances[0].path, *words)
    sex = str(instance.get("PatientSex") or "").strip()
    age = age_in_years(instance)
    if age is None:
        age = _age_by_dates(instance)
    return Patient.model_validate({"age": age, "sex": sex if sex in {"F", "M", "O"} else None})


def check_patient(case: Case, studies: Sequence[Study], file: str) -> None:
    """Check age and sex of the case against the images.

    That they differ is a sign that the images are not the patient's: it stops the package. An
    author who knows better leaves the value out of the case file.

    Raises
    ------
    CaseError
        Sex is another one, or the age differs by more than a year.
    """
    found, said = read_patient(studies), case.patient
    if found.sex is not None and said.sex is not None and found.sex != said.sex:
        raise CaseError(
            "is not the sex that the images give (Patient's Sex)",
            place=f"{file}: patient.sex",
            advice="Are these the images of this case? If the images are wrong, leave sex out.",
        )
    if found.age is None or said.age is None:
        return
    if abs(found.age - said.age) > _TOLERANCE:
        raise CaseError(
            "differs by more than a year from the age that the images give (Patient's Age)",
            place=f"{file}: patient.age",
            advice="Are these the images of this case? If the images are wrong, leave age out.",
        )


def age_in_years(instance: Dataset) -> int | None:
    """Return Patient's Age (0010,1010) in whole years, over 89 as 90."""
    match = _AGE.fullmatch(str(instance.get("PatientAge") or ""))
    if match is None:
        return None
    years = int(match[1]) if match[2] == "Y" else 0
    if match[2] == "M":
        years = int(match[1]) // 12
    elif match[2] == "W":
        years = int(match[1]) * 7 // 365
    elif match[2] == "D":
        years = int(match[1]) // 365
    return min(years, AGE_LIMIT + 1)


def read_date(text: str) -> dt.date | None:
    """Return the date of a value of VR DA; None when it is none."""
    try:
        return dt.datetime.strptime(text, "%Y%m%d").replace(tzinfo=dt.UTC).date()
    except ValueError:
        return None


def _age_by_dates(instance: Dataset) -> int | None:
    born = read_date(str(instance.get("PatientBirthDate") or ""))
    seen = read_date(str(instance.get("StudyDate") or ""))
    if born is None or seen is None or seen < born:
        return None
    years = seen.year - born.year - ((seen.month, seen.day) < (born.month, born.day))
    return min(years, AGE_LIMIT + 1)
