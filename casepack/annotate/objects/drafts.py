"""What objects a case gives: which lesion goes into which study as what, under which UID."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydicom.dataset import Dataset
from pydicom.uid import BasicTextSRStorage, KeyObjectSelectionDocumentStorage

from casepack.annotate.objects import codes
from casepack.annotate.objects.context import (
    StudyContext,
    keeps_dates,
    moment_of,
    read_header,
    study_moment,
)
from casepack.annotate.objects.key_objects import build_key_objects, key_images
from casepack.annotate.objects.placement import Placement
from casepack.annotate.objects.presentation import build_presentation_state
from casepack.annotate.objects.report import build_report
from casepack.annotate.objects.segmentation import build_segmentation
from casepack.annotate.objects.shown import ImageReference, Shown, find_shown
from casepack.annotate.objects.teaching_file import build_teaching_file_information, has_text
from casepack.annotate.shelf import NO_IMAGES
from casepack.case import Case
from casepack.errors import TargetError
from casepack.lesion import MeasuredLesion, Segment
from casepack.model import Deidentified, Instance, Series, Study
from casepack.standard.uids import derived_uid

Export = Literal["publication", "teaching-file", "mirc"]
"""What Key Object Selections are titled for; ``mirc``: the IHE title that MIRC knows."""
_TITLES = {
    "publication": (codes.FOR_PUBLICATION_EXPORT, codes.TEACHING_FILE_INFORMATION),
    "teaching-file": (codes.FOR_TEACHING_FILE_EXPORT, codes.TEACHING_FILE_INFORMATION),
    "mirc": (codes.IHE_FOR_TEACHING_FILE_EXPORT, codes.IHE_TEACHING_FILE_INFORMATION),
}
MODALITIES = {
    "key-objects": "KO",
    "measurement-report": "SR",
    "segmentation": "SEG",
    "presentation-state": "PR",
    "teaching-file": "SR",
}
"""Role in UIDs and Modality of each kind, in the order of their Series."""


Builder = Callable[[StudyContext, Placement], Dataset]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An object to be made: its kind, its UID, and what builds it."""

    role: str
    sop_instance_uid: str
    build: Builder
    identical: tuple[ImageReference, ...] = ()
    further: tuple[ImageReference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A study, and what will be made for it."""

    study: Study
    context: StudyContext
    shown: tuple[Shown, ...]


def plan_studies(
    deidentified: Deidentified,
    lesions: Sequence[MeasuredLesion],
    title: str,
    software_version: str,
    authored: dt.datetime | None,
) -> list[Plan]:
    """Return the studies that show a lesion, or of which something is said, with their lesions."""
    plans: list[Plan] = []
    for time_point, study in enumerate(deidentified.studies, 1):
        image = next(
            (
                (series, instance)
                for series in study.series
                if series.modality not in NO_IMAGES
                for instance in series.instances
            ),
            None,
        )
        if image is None:
            continue
        looked_at = _reference(study, *image)
        shown = find_shown(study, time_point, lesions, looked_at)
        if not shown:
            continue
        first = next((each.images[0] for each in shown if each.images), looked_at)
        context = _study_context(
            deidentified, time_point, first.sop_instance_uid, title, software_version, authored
        )
        own = series_uid(study, "segmentation")
        plans.append(
            Plan(
                study=study,
                context=context,
                shown=tuple(
                    replace(
                        each,
                        segmentation_series=own,
                        segmentations={
                            segment.series_instance_uid: _sop_uid(
                                "segmentation", context, each, segment.series_instance_uid
                            )
                            for segment in each.segments
                        },
                    )
                    for each in shown
                ),
            )
        )
    return plans


def _reference(study: Study, series: Series, instance: Instance) -> ImageReference:
    return ImageReference(
        study_instance_uid=study.study_instance_uid,
        series_instance_uid=series.series_instance_uid,
        sop_class_uid=instance.sop_class_uid,
        sop_instance_uid=instance.sop_instance_uid,
    )


def draft_objects(
    plan: Plan, plans: Sequence[Plan], teaching: Draft | None, export: Export
) -> Iterator[Draft]:
    """Yield the objects of one study: its key objects, then kind by kind within a lesion."""
    further = () if teaching is None else (_teaching_reference(plans[0], teaching),)
    keys = _Keys(plans, further, export)
    if plan in keys.holders:
        yield keys.draft(plan)
    for shown in plan.shown:
        yield Draft(
            role="measurement-report",
            sop_instance_uid=_sop_uid("measurement-report", plan.context, shown),
            build=_report_builder(shown),
        )
        for segment in shown.segments:
            yield Draft(
                role="segmentation",
                sop_instance_uid=shown.segmentations[segment.series_instance_uid],
                build=_segmentation_builder(shown, segment),
            )
        for series in shown.drawn_series:
            yield Draft(
                role="presentation-state",
                sop_instance_uid=_sop_uid("presentation-state", plan.context, shown, series),
                build=_presentation_builder(shown, series),
            )


class _Keys:
    """The key objects of the case: one document, with a copy in each study that has a key image."""

    def __init__(
        self, plans: Sequence[Plan], further: tuple[ImageReference, ...], export: Export
    ) -> None:
        lesions = {
            each.lesion.tracking_uid: each for plan in plans for each in plan.shown if each.images
        }
        self._said = [each.said for each in lesions.values()]
        self._lesions = [each.lesion for each in lesions.values()]
        self._further, self._export = further, export
        studies = {image.study_instance_uid for image in key_images(self._lesions)}
        self.holders = [plan for plan in plans if plan.study.study_instance_uid in studies]

    def draft(self, plan: Plan) -> Draft:
        """Return the draft of one study's copy."""

        def build(context: StudyContext, placement: Placement) -> Dataset:
            return build_key_objects(context, placement, self._lesions, _TITLES[self._export][0])

        others = [other for other in self.holders if other is not plan]
        return Draft(
            role="key-objects",
            sop_instance_uid=self._uid(plan),
            build=build,
            identical=tuple(
                ImageReference(
                    study_instance_uid=other.context.study_instance_uid,
                    series_instance_uid=series_uid(other.study, "key-objects"),
                    sop_class_uid=str(KeyObjectSelectionDocumentStorage),
                    sop_instance_uid=self._uid(other),
                )
                for other in others
            ),
            further=self._further,
        )

    def _uid(self, plan: Plan) -> str:
        context = plan.context
        return derived_uid(
            "key-objects",
            context.study_instance_uid,
            self._export,
            *(each.sop_instance_uid for each in self._further),
            *self._said,
            context.title,
            context.software_version,
            f"{context.written}",
        )


def _report_builder(shown: Shown) -> Builder:
    return lambda context, placement: build_report(context, placement, shown)


def _segmentation_builder(shown: Shown, segment: Segment) -> Builder:
    return lambda context, placement: build_segmentation(context, placement, shown, segment)


def _presentation_builder(shown: Shown, series: str) -> Builder:
    return lambda context, placement: build_presentation_state(context, placement, shown, series)


def draft_teaching_file(plans: Sequence[Plan], case: Case | None, export: Export) -> Draft | None:
    """Return the document with the text of the case; None of a case that says nothing."""
    if case is None or not plans or not has_text(case):
        return None
    images = plans[0].shown[0].images or (plans[0].shown[0].looked_at,)
    return Draft(
        role="teaching-file",
        sop_instance_uid=derived_uid(
            "teaching-file",
            plans[0].study.study_instance_uid,
            case.model_dump_json(),
            export,
            plans[0].context.software_version,
            f"{plans[0].context.written}",
        ),
        build=lambda context, placement: build_teaching_file_information(
            context, placement, case, images, _TITLES[export][1]
        ),
    )


def _teaching_reference(plan: Plan, teaching: Draft) -> ImageReference:
    return ImageReference(
        study_instance_uid=plan.study.study_instance_uid,
        series_instance_uid=series_uid(plan.study, teaching.role),
        sop_class_uid=str(BasicTextSRStorage),
        sop_instance_uid=teaching.sop_instance_uid,
    )


def _study_context(
    deidentified: Deidentified,
    time_point: int,
    sop_instance_uid: str,
    title: str,
    software_version: str,
    authored: dt.datetime | None,
) -> StudyContext:
    study = deidentified.studies[time_point - 1]
    paths = {instance.sop_instance_uid: instance.path for instance in study.instances}
    header = read_header(study, paths[sop_instance_uid])
    return StudyContext(
        header=header,
        patient_folder=_patient_folder(deidentified, paths[sop_instance_uid]),
        time_point=time_point,
        days=_days_from_first(deidentified.studies[0], header),
        written=moment_of(header, authored),
        software_version=software_version,
        title=title,
        study_instance_uid=study.study_instance_uid,
        paths=paths,
    )


def _patient_folder(deidentified: Deidentified, image: Path) -> Path:
    """Return the first folder below the root on the way to an image, or else the root."""
    try:
        parts = image.relative_to(deidentified.root).parts
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


def series_uid(study: Study, role: str) -> str:
    """Return the Series Instance UID of a kind of object in a study."""
    return derived_uid(role, "series", study.study_instance_uid)


def _sop_uid(role: str, context: StudyContext, shown: Shown, *parts: str) -> str:
    return derived_uid(
        role,
        context.study_instance_uid,
        shown.lesion.tracking_uid,
        *parts,
        shown.said,
        context.title,
        context.software_version,
        f"{context.written}",
    )
