"""Key Object Selection Documents (TID 2010): the key images of a case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import highdicom as hd
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code as SrCode

from casepack.annotate.objects.content import device_observer, evidence_of, reference_tree
from casepack.annotate.objects.context import StudyContext, stamp
from casepack.annotate.objects.placement import Placement
from casepack.annotate.objects.shown import ImageReference, images_of
from casepack.lesion import MeasuredLesion


def build_key_objects(
    context: StudyContext, placement: Placement, lesions: Sequence[MeasuredLesion], title: SrCode
) -> Dataset:
    """Return a Key Object Selection with the key images of all lesions at all time points.

    Each study that has one of the images holds a copy; Identical Documents Sequence ties them
    (PS3.3 C.17.6.2.1). `Placement.further` are documents selected along with the images.
    """
    drawn = key_images(lesions)
    own = [image for image in drawn if image.study_instance_uid == context.study_instance_uid]
    # highdicom refuses what belongs to another study, or drops it
    evidence = evidence_of(context, own)
    parts = dict.fromkeys((context.title, *(each.lesion.label for each in lesions)))
    content = hd.ko.KeyObjectSelection(
        document_title=title,
        referenced_objects=evidence,
        observer_device_context=device_observer(),
        description="; ".join(part for part in parts if part.strip()),
    )
    document = hd.ko.KeyObjectSelectionDocument(
        evidence=evidence,
        content=content,
        series_instance_uid=placement.series_instance_uid,
        series_number=placement.series_number,
        sop_instance_uid=placement.sop_instance_uid,
        instance_number=placement.instance_number,
        specific_character_set="ISO_IR 192",
    )
    # highdicom copies these for reports only
    document.copy_patient_and_study_information(evidence[0])
    described = [item for item in document.ContentSequence if item.ValueType != "IMAGE"]
    document.ContentSequence = [*described, *_selected(drawn, placement)]
    document.CurrentRequestedProcedureEvidenceSequence = reference_tree(
        (*drawn, *placement.further)
    )
    if placement.identical:
        document.IdenticalDocumentsSequence = reference_tree(placement.identical)
    stamp(document, context)
    return document


def key_images(lesions: Sequence[MeasuredLesion]) -> tuple[ImageReference, ...]:
    """Return the frames that lesions are drawn on; where one is a mask alone, those of the mask."""
    found: dict[ImageReference, None] = {}
    for each in lesions:
        drawn = images_of((*each.measurements, *each.calipers))
        studies = {image.study_instance_uid for image in drawn}
        masks = images_of((), each.segments)
        found |= dict.fromkeys(drawn)
        found |= dict.fromkeys(one for one in masks if one.study_instance_uid not in studies)
    return tuple(found)


def _selected(drawn: Sequence[ImageReference], placement: Placement) -> list[Dataset]:
    """Return the content items of the key images, then of the further documents.

    They have no concept name: TID 2010 gives its images none.
    """
    frames: dict[ImageReference, list[int]] = {}
    for image in drawn:
        numbers = frames.setdefault(replace(image, frame=1), [])
        if placement.is_multi_frame(image):
            numbers.append(image.frame)
    items = [_item("IMAGE", image, sorted(numbers)) for image, numbers in frames.items()]
    return items + [_item("COMPOSITE", further, []) for further in placement.further]


def _item(value_type: str, reference: ImageReference, frames: Sequence[int]) -> Dataset:
    referenced = Dataset()
    referenced.ReferencedSOPClassUID = reference.sop_class_uid
    referenced.ReferencedSOPInstanceUID = reference.sop_instance_uid
    if frames:
        referenced.ReferencedFrameNumber = list(frames)
    item = Dataset()
    item.RelationshipType = "CONTAINS"
    item.ValueType = value_type
    item.ReferencedSOPSequence = [referenced]
    return item
