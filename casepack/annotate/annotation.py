"""The annotate stage: for each lesion and time point a Key Object Selection and a report.

In each study the Key Object Selections form one new Series and the reports another; in both,
one instance is one lesion.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom.dataset import Dataset

from casepack.annotate.content import frames_of
from casepack.annotate.context import (
    StudyContext,
    keeps_dates,
    moment_of,
    read_header,
    study_moment,
)
from casepack.annotate.key_objects import build_key_objects
from casepack.annotate.placement import Placement
from casepack.annotate.report import build_report
from casepack.errors import CaseError, StudyError, TargetError
from casepack.model import Deidentified, Instance, MeasuredLesion, Measurement, Series, Study
from casepack.standard.uids import derived_uid

Builder = Callable[
    [StudyContext, Placement, MeasuredLesion, Sequence[Measurement]],
    Dataset,
]
_LARGEST_NUMBER = 2**31 - 1
"""Of an Integer String (PS3.5 6.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One kind of object: its role in UIDs, its Modality, and what builds it."""

    role: str
    modality: str
    build: Builder


_KINDS = (
    _Kind(role="key-objects", modality="KO", build=build_key_objects),
    _Kind(role="measurement-report", modality="SR", build=build_report),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """A new object, encoded."""

    instance: Instance
    content: bytes


def annotate(
    deidentified: Deidentified,
    lesions: Sequence[MeasuredLesion],
    *,
    title: str,
    software_version: str,
    authored: dt.datetime | None = None,
) -> Deidentified:
    """Write the lesions as DICOM objects beside the images of their studies.

    For each lesion and each study that shows it: a Key Object Selection Document (TID 2010) of
    its key images and a Comprehensive 3D SR (TID 1500) of its outlines and measurements. They
    repeat the Patient and Study Attributes of the de-identified images, and go to
    ``<patient>/<study>/<new series>/<new instance>.dcm``. All is encoded before the first file
    is written; the same arguments give the same bytes.

    Parameters
    ----------
    deidentified
        De-identified studies; every image must say Patient Identity Removed.
    lesions
        As `casepack.annotate.measure.measure_lesions` returns them for these studies.
    title
        Title of the case, for the Key Object Description.
    software_version
        Version of casepack, for Software Versions.
    authored
        When the objects were made. None: the (shifted) date and time of each study, so that no
        true date stands beside a shifted one.

    Returns
    -------
    Deidentified
        With the new Series, numbered after those of their study.

    Raises
    ------
    StudyError
        The studies are not de-identified, lack an Attribute that the objects repeat, or hold a
        value that DICOM does not allow there.
    CaseError
        The lesions were not measured on these studies.
    TargetError
        The study is annotated already, or cannot be written to.
    """
    _refuse_foreign(deidentified, lesions)
    studies: list[Study] = []
    written: list[_Written] = []
    for time_point, study in enumerate(deidentified.studies, 1):
        shown = _shown_in(study, lesions)
        if not shown:
            studies.append(study)
            continue
        context = _study_context(deidentified, time_point, shown, title, software_version, authored)
        added: list[Series] = []
        for kind, number in zip(_KINDS, _free_numbers(study, len(_KINDS)), strict=True):
            objects = _encode_series(context, study, kind, number, shown)
            written.extend(objects)
            added.append(
                Series(
                    series_instance_uid=_series_uid(study, kind),
                    modality=kind.modality,
                    number=number,
                    instances=tuple(each.instance for each in objects),
                )
            )
        studies.append(replace(study, series=study.series + tuple(added)))
    _write(written)
    return replace(deidentified, studies=tuple(studies))


_Shown = list[tuple[MeasuredLesion, tuple[Measurement, ...]]]


def _shown_in(study: Study, lesions: Sequence[MeasuredLesion]) -> _Shown:
    found = (
        (
            lesion,
            tuple(
                measurement
                for measurement in lesion.measurements
                if measurement.study_instance_uid == study.study_instance_uid
            ),
        )
        for lesion in lesions
    )
    return [(lesion, measurements) for lesion, measurements in found if measurements]


def _refuse_foreign(deidentified: Deidentified, lesions: Sequence[MeasuredLesion]) -> None:
    known = {
        (study.study_instance_uid, instance.sop_instance_uid)
        for study in deidentified.studies
        for instance in study.instances
    }
    for number, lesion in enumerate(lesions):
        if any(
            (measurement.study_instance_uid, measurement.sop_instance_uid) not in known
            for measurement in lesion.measurements
        ):
            raise CaseError(
                "was not measured on these studies",
                place=f"lesions[{number}]",
                advice="Measure the lesions on the studies that are annotated.",
            )


def _instance(study: Study, sop_instance_uid: str) -> Instance:
    return next(
        instance for instance in study.instances if instance.sop_instance_uid == sop_instance_uid
    )


def _study_context(
    deidentified: Deidentified,
    time_point: int,
    shown: _Shown,
    title: str,
    software_version: str,
    authored: dt.datetime | None,
) -> StudyContext:
    study = deidentified.studies[time_point - 1]
    image = _instance(study, shown[0][1][0].sop_instance_uid)
    header = read_header(study, image.path)
    return StudyContext(
        header=header,
        patient_folder=_patient_folder(deidentified, image),
        time_point=time_point,
        days=_days_from_first(deidentified.studies[0], header),
        written=moment_of(header, authored),
        software_version=software_version,
        title=title,
    )


def _patient_folder(deidentified: Deidentified, image: Instance) -> Path:
    """Return the first folder below the root on the way to an image, or else the root."""
    try:
        parts = image.path.relative_to(deidentified.root).parts
    except ValueError:
        raise TargetError(
            "an image lies outside the folder of the de-identified studies",
            advice="De-identify the study again.",
        ) from None
    return deidentified.root.joinpath(*parts[:-1][:1])


def _days_from_first(first: Study, header: Dataset) -> int | None:
    """Return whole days between two Study Dates: whatever the shift, as both carry it."""
    first_header = read_header(first, first.instances[0].path)
    if not (keeps_dates(first_header) and keeps_dates(header)):
        return None
    begin, end = study_moment(first_header), study_moment(header)
    return None if begin is None or end is None else (end.date() - begin.date()).days


def _free_numbers(study: Study, count: int) -> list[int]:
    """Return Series Numbers after those of the study, or the lowest free ones at the limit."""
    taken = {series.number for series in study.series if series.number is not None}
    after = max([0, *taken]) + 1
    if after + count - 1 <= _LARGEST_NUMBER:
        return list(range(after, after + count))
    return [number for number in range(1, len(taken) + count + 1) if number not in taken][:count]


def _series_uid(study: Study, kind: _Kind) -> str:
    return derived_uid(kind.role, "series", study.study_instance_uid)


def _encode_series(
    context: StudyContext, study: Study, kind: _Kind, series_number: int, shown: _Shown
) -> list[_Written]:
    objects: list[_Written] = []
    series_uid = _series_uid(study, kind)
    counts = {instance.sop_instance_uid: instance.frames for instance in study.instances}
    for instance_number, (lesion, measurements) in enumerate(shown, 1):
        # what the object says is part of its UID: an edited lesion is another SOP Instance
        said = repr((lesion, measurements, context.title, context.software_version))
        sop_uid = derived_uid(
            kind.role, study.study_instance_uid, lesion.tracking_uid, said, f"{context.written}"
        )
        placement = Placement(
            series_instance_uid=series_uid,
            series_number=series_number,
            sop_instance_uid=sop_uid,
            instance_number=instance_number,
            frames=frames_of(measurements, counts),
        )
        document = _build(kind, context, placement, lesion, measurements)
        folder = context.patient_folder / study.study_instance_uid / series_uid
        instance = Instance(
            path=folder / f"{sop_uid}.dcm",
            sop_class_uid=str(document.SOPClassUID),
            sop_instance_uid=sop_uid,
            transfer_syntax_uid=str(document.file_meta.TransferSyntaxUID),
            number=instance_number,
        )
        objects.append(_Written(instance=instance, content=_encoded(document)))
    return objects


def _build(
    kind: _Kind,
    context: StudyContext,
    placement: Placement,
    lesion: MeasuredLesion,
    measurements: Sequence[Measurement],
) -> Dataset:
    try:
        return kind.build(context, placement, lesion, measurements)
    except (ValueError, TypeError, AttributeError, LookupError):
        # highdicom's and pydicom's messages quote values
        raise StudyError(
            f"no {kind.modality} object can be made from the images' headers",
            advice="De-identify the study with the publication recipe and annotate again.",
        ) from None


def _encoded(document: Dataset) -> bytes:
    buffer = io.BytesIO()
    document.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _write(objects: Sequence[_Written]) -> None:
    for each in objects:
        if each.instance.path.exists():
            raise TargetError(
                "the study holds these annotations already",
                advice="Annotate a fresh copy of the de-identified study.",
            )
    try:
        for each in objects:
            each.instance.path.parent.mkdir(parents=True, exist_ok=True)
            each.instance.path.write_bytes(each.content)
    except OSError:
        raise TargetError(
            "the annotations cannot be written beside the images",
            advice="Check the permissions of the folder and the space on the disk.",
        ) from None
