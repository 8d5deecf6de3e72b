"""What all objects of one study share: the study's own header, its time point, and the dates."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from casepack.annotate.geometry.planes import READ_ERRORS
from casepack.errors import StudyError
from casepack.model import Study
from casepack.standard.uids import IMPLEMENTATION_CLASS_UID

_NEEDED = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "SOPClassUID",
    "SOPInstanceUID",
)
"""May be empty, but not absent (Type 2), as the new objects repeat them."""
_DATE = re.compile(r"\d{8}")
_TIME = re.compile(r"(\d{2})(\d{2})?(\d{2})?(\.\d{1,6})?")
_NO_DATE = dt.datetime(1900, 1, 1)  # noqa: DTZ001  # DICOM dates here carry no zone
"""Dummy for the Type 1 Content Date of a study whose date was emptied."""
_SEXES = {"F": "F", "M": "M", "O": "O", "FEMALE": "F", "MALE": "M", "OTHER": "O"}
SOFTWARE = "casepack"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudyContext:
    """The header that a study's objects inherit, and when and by what they are made."""

    header: Dataset
    """Decoded header of one image of the study, with its Patient and Study Attributes."""
    patient_folder: Path
    time_point: int
    days: int | None
    """Days from the first study; None where a study has no true or shifted date."""
    written: dt.datetime
    software_version: str
    title: str
    study_instance_uid: str
    paths: Mapping[str, Path]
    """File of each image of the study, by SOP Instance UID."""


def read_header(study: Study, path: Path) -> Dataset:
    """Return the header of an image, checked to be ready for annotation, with its text decoded.

    Patient's Sex is normalised to F, M, O or empty.

    Raises
    ------
    StudyError
        The file cannot be read, is not de-identified, or lacks an Attribute that the new
        objects repeat.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's warnings quote values
            header = dcmread(path, stop_before_pixels=True)
            # nested text, too, must leave the image's character set before it is copied
            header.decode()
            missing = [keyword for keyword in _NEEDED if keyword not in header]
            removed = str(header.get("PatientIdentityRemoved") or "")
            sex = str(header.get("PatientSex") or "").strip().upper()
            same = str(header.get("StudyInstanceUID") or "") == study.study_instance_uid
    except READ_ERRORS:
        raise StudyError(
            "an image of the de-identified study cannot be read",
            advice="De-identify the study again.",
        ) from None
    if removed != "YES":
        raise StudyError(
            "an image is not marked as de-identified",
            advice="Annotate after casepack deid: objects repeat what the images say.",
        )
    if missing:
        raise StudyError(
            f"an image lacks {', '.join(missing)}, which annotations must repeat",
            advice="De-identify with a recipe that empties these Attributes, not removes them.",
        )
    if not same:
        raise StudyError(
            "an image does not belong to the study that lists it",
            advice="De-identify the study again.",
        )
    header.PatientSex = _SEXES.get(sex, "")
    return header


def study_moment(header: Dataset) -> dt.datetime | None:
    """Return Study Date and Time, or None where the date is empty.

    Raises
    ------
    StudyError
        The date or the time is not one.
    """
    date, time = str(header.StudyDate or "").strip(), str(header.StudyTime or "").strip()
    if not date:
        return None
    moment = _moment(date, time or "000000")
    if moment is None:
        raise StudyError(
            "Study Date or Study Time of an image is not a date or time",
            advice="De-identify with a recipe that shifts or empties them.",
        )
    return moment


def _moment(date: str, time: str) -> dt.datetime | None:
    matched = _TIME.fullmatch(time)
    if not _DATE.fullmatch(date) or matched is None:
        return None
    hour, minute, second, fraction = matched.groups(default="")
    try:
        return dt.datetime(  # noqa: DTZ001  # DICOM dates here carry no zone
            int(date[:4]),
            int(date[4:6]),
            int(date[6:]),
            int(hour),
            int(minute or 0),
            int(second or 0),
            int(fraction[1:].ljust(6, "0") or 0),
        )
    except ValueError:
        return None


def keeps_dates(header: Dataset) -> bool:
    """Tell whether the study's dates, true or shifted, keep their distances.

    Longitudinal Temporal Information Modified says so; where it says REMOVED or is absent, the
    dates are dummies, and counting days between them would state what is not so.
    """
    return header.get("LongitudinalTemporalInformationModified") in {"MODIFIED", "UNMODIFIED"}


def moment_of(header: Dataset, authored: dt.datetime | None) -> dt.datetime:
    """Return when the objects of a study are said to be made.

    Without `authored` it is the study's own (shifted) date and time: the true day beside a
    shifted Study Date would hint at the shift.
    """
    if authored is not None:
        return authored.replace(tzinfo=None)
    return study_moment(header) or _NO_DATE


def dicom_date(moment: dt.datetime) -> str:
    """Return a date as DA (PS3.5 6.2)."""
    return f"{moment.year:04}{moment.month:02}{moment.day:02}"


def dicom_time(moment: dt.datetime) -> str:
    """Return a time as TM (PS3.5 6.2), with a fraction where there is one."""
    fraction = f".{moment.microsecond:06}" if moment.microsecond else ""
    return f"{moment.hour:02}{moment.minute:02}{moment.second:02}{fraction}"


def stamp(document: Dataset, context: StudyContext) -> None:
    """Give an object what its study's images say, our own equipment, and fixed dates.

    highdicom leaves out some of it, and takes the rest from the clock or the scanner.
    """
    _stamp_patient(document, context.header)
    _stamp_dates(document, context)
    _stamp_equipment(document, context)
    meta = document.file_meta
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = SOFTWARE.upper()


def _stamp_patient(document: Dataset, header: Dataset) -> None:
    for keyword in (
        "PatientIdentityRemoved",
        "DeidentificationMethod",
        "DeidentificationMethodCodeSequence",
        "LongitudinalTemporalInformationModified",
    ):
        if keyword in header:
            document.add(deepcopy(header[keyword]))
    document.PatientName = str(header.PatientName or "")
    document.PatientSex = header.PatientSex


def _stamp_dates(document: Dataset, context: StudyContext) -> None:
    document.ContentDate = dicom_date(context.written)
    document.ContentTime = dicom_time(context.written)
    if keeps_dates(context.header):
        document.InstanceCreationDate = document.ContentDate
        document.InstanceCreationTime = document.ContentTime
    else:
        # Type 3: without the dates Options Table E.1-1 removes them
        del document.InstanceCreationDate
        del document.InstanceCreationTime


def _stamp_equipment(document: Dataset, context: StudyContext) -> None:
    document.Manufacturer = SOFTWARE
    document.ManufacturerModelName = SOFTWARE
    document.SoftwareVersions = context.software_version
    # the scanner contributed the images, not this object: only the library is named
    library = [
        item
        for item in document.get("ContributingEquipmentSequence", [])
        if item.get("ManufacturerModelName") == "highdicom"
    ]
    for item in library:
        # Table E.1-1 removes it, and nothing here claims to have cleaned it
        del item.ContributionDescription
        if keeps_dates(context.header):
            item.ContributionDateTime = f"{document.ContentDate}{document.ContentTime}"
        else:
            del item.ContributionDateTime
    document.ContributingEquipmentSequence = library
