"""The annotate stage: the lesions of a case become DICOM objects beside its images.

In each study the objects of one kind form one new Series. One Key Object Selection holds the key
images of all lesions; a report holds one lesion, a Segmentation and a presentation state one lesion
on one series.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydicom.dataset import Dataset

from casepack.annotate.agreement import compare_forms
from casepack.annotate.objects.context import StudyContext
from casepack.annotate.objects.drafts import (
    MODALITIES,
    Draft,
    Export,
    Plan,
    draft_objects,
    draft_teaching_file,
    plan_studies,
    series_uid,
)
from casepack.annotate.objects.placement import Placement
from casepack.case import Case
from casepack.errors import CaseError, StudyError, TargetError, VerificationError
from casepack.lesion import MeasuredLesion
from casepack.model import Deidentified, Instance, Series, Severity, Study

_LARGEST_NUMBER = 2**31 - 1
"""Of an Integer String (PS3.5 6.2)."""


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
    case: Case | None = None,
    export: Export = "publication",
) -> Deidentified:
    """Write the lesions as DICOM objects beside the images of their studies.

    For each study a copy of the Key Object Selection Document (TID 2010) of all key images; for
    each lesion and each study that shows it a Comprehensive 3D SR (TID 1500) of what was drawn and
    measured; for each series that it was drawn on a Segmentation and a Grayscale Softcopy
    Presentation State. A case gives one Basic Text SR with its text. They repeat the Patient and
    Study Attributes of the de-identified images, and go to
    ``<patient>/<study>/<new series>/<new instance>.dcm``. All is encoded before the first file is
    written, and measured again from the files afterwards, see
    `casepack.annotate.agreement.compare_forms`; the same arguments give the same bytes.

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
    case
        The case whose text becomes Additional Teaching File Information; None: none is written.
    export
        What the Key Object Selections are titled for.

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
    VerificationError
        What was written does not measure what the lesions do.
    """
    _refuse_foreign(deidentified, lesions)
    plans = plan_studies(deidentified, lesions, title, software_version, authored)
    teaching = draft_teaching_file(plans, case, export)
    counts = {instance.sop_instance_uid: instance.frames for instance in deidentified.instances}
    studies: list[Study] = []
    written: list[_Written] = []
    for study in deidentified.studies:
        plan = next((each for each in plans if each.study is study), None)
        if plan is None:
            studies.append(study)
            continue
        drafts = [*draft_objects(plan, plans, teaching, export)]
        drafts += [teaching] if teaching is not None and plan is plans[0] else []
        roles = [role for role in MODALITIES if any(each.role == role for each in drafts)]
        added: list[Series] = []
        for role, number in zip(roles, _free_numbers(study, len(roles)), strict=True):
            objects = _encode_series(
                plan, [each for each in drafts if each.role == role], number, counts
            )
            written.extend(objects)
            added.append(
                Series(
                    series_instance_uid=series_uid(study, role),
                    modality=MODALITIES[role],
                    number=number,
                    instances=tuple(each.instance for each in objects),
                )
            )
        studies.append(replace(study, series=study.series + tuple(added)))
    _write(written)
    annotated = replace(deidentified, studies=tuple(studies))
    _refuse_disagreement(annotated, lesions)
    return annotated


def _refuse_disagreement(annotated: Deidentified, lesions: Sequence[MeasuredLesion]) -> None:
    """Measure again from what was written: a wrong annotation must not pass for a right one."""
    errors = [
        finding
        for finding in compare_forms(annotated, lesions)
        if finding.severity is Severity.ERROR
    ]
    if errors:
        raise VerificationError(errors, advice="The annotations contradict each other: report it.")


def _refuse_foreign(deidentified: Deidentified, lesions: Sequence[MeasuredLesion]) -> None:
    known = {
        (study.study_instance_uid, instance.sop_instance_uid)
        for study in deidentified.studies
        for instance in study.instances
    }
    for number, lesion in enumerate(lesions):
        drawn = [(each.study_instance_uid, each.sop_instance_uid) for each in lesion.measurements]
        drawn += [(each.study_instance_uid, each.sop_instance_uid) for each in lesion.calipers]
        drawn += [
            (segment.study_instance_uid, frame.sop_instance_uid)
            for segment in lesion.segments
            for frame in segment.frames
        ]
        if not known.issuperset(drawn):
            raise CaseError(
                "was not measured on these studies",
                place=f"lesions[{number}]",
                advice="Measure the lesions on the studies that are annotated.",
            )


def _free_numbers(study: Study, count: int) -> list[int]:
    """Return Series Numbers after those of the study, or the lowest free ones at the limit."""
    taken = {series.number for series in study.series if series.number is not None}
    after = max([0, *taken]) + 1
    if after + count - 1 <= _LARGEST_NUMBER:
        return list(range(after, after + count))
    return [number for number in range(1, len(taken) + count + 1) if number not in taken][:count]


def _encode_series(
    plan: Plan, drafts: Sequence[Draft], series_number: int, counts: dict[str, int]
) -> list[_Written]:
    objects: list[_Written] = []
    for instance_number, draft in enumerate(drafts, 1):
        placement = Placement(
            series_instance_uid=series_uid(plan.study, draft.role),
            series_number=series_number,
            sop_instance_uid=draft.sop_instance_uid,
            instance_number=instance_number,
            frame_counts=counts,
            identical=draft.identical,
            further=draft.further,
        )
        document = _build(draft, plan.context, placement)
        folder = plan.context.patient_folder / plan.study.study_instance_uid
        instance = Instance(
            path=folder / placement.series_instance_uid / f"{draft.sop_instance_uid}.dcm",
            sop_class_uid=str(document.SOPClassUID),
            sop_instance_uid=draft.sop_instance_uid,
            transfer_syntax_uid=str(document.file_meta.TransferSyntaxUID),
            number=instance_number,
            frames=int(document.get("NumberOfFrames") or 1),
        )
        objects.append(_Written(instance=instance, content=_encoded(document)))
    return objects


def _build(draft: Draft, context: StudyContext, placement: Placement) -> Dataset:
    try:
        return draft.build(context, placement)
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        if isinstance(error, StudyError):
            raise
        # highdicom's and pydicom's messages quote values
        raise StudyError(
            f"no {MODALITIES[draft.role]} object can be made from the images' headers",
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
