"""Key Object Selection Documents (TID 2010): the key images of a lesion in one study."""

from __future__ import annotations

from collections.abc import Sequence

import highdicom as hd
from pydicom.dataset import Dataset

from casepack.annotate.codes import FOR_PUBLICATION_EXPORT
from casepack.annotate.content import device_observer, evidence_of
from casepack.annotate.context import StudyContext, stamp
from casepack.annotate.placement import Placement
from casepack.model import MeasuredLesion, Measurement


def build_key_objects(
    context: StudyContext,
    placement: Placement,
    lesion: MeasuredLesion,
    measurements: Sequence[Measurement],
) -> Dataset:
    """Return a Key Object Selection titled (128714, DCM, "For Publication Export").

    It refers to the key images of one lesion in one study, and lists them all as evidence.
    """
    evidence = evidence_of(context, measurements)
    parts = (context.title, lesion.lesion.label, f"time point {context.time_point}")
    content = hd.ko.KeyObjectSelection(
        document_title=FOR_PUBLICATION_EXPORT,
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
    for item in document.ContentSequence:
        if item.ValueType == "IMAGE":
            # TID 2010 gives its images no concept name
            del item.ConceptNameCodeSequence
            reference = item.ReferencedSOPSequence[0]
            frames = placement.frames.get(str(reference.ReferencedSOPInstanceUID))
            if frames:
                reference.ReferencedFrameNumber = frames
    stamp(document, context)
    return document
