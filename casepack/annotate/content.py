"""Parts of a document's content that Key Object Selection and Measurement Report share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy

import highdicom as hd
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from casepack.annotate.context import SOFTWARE, StudyContext
from casepack.model import Measurement
from casepack.standard.uids import derived_uid


def device_observer() -> hd.sr.ObserverContext:
    """Return casepack as the observer (TID 1002, 1004): no person is named or invented."""
    return hd.sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
            uid=derived_uid("device", SOFTWARE),
            name=SOFTWARE,
            manufacturer_name=SOFTWARE,
            model_name=SOFTWARE,
        ),
    )


def evidence_of(context: StudyContext, measurements: Iterable[Measurement]) -> list[Dataset]:
    """Return what highdicom takes as evidence: each key image once.

    The first item also carries the Patient and Study Attributes that the object inherits. The
    patient's name is withheld until the object is stamped, as highdicom warns with the name.
    """
    evidence: dict[str, Dataset] = {}
    for measurement in measurements:
        item = Dataset() if evidence else deepcopy(context.header)
        if not evidence:
            item.PatientName = ""
        item.SOPClassUID = measurement.sop_class_uid
        item.SOPInstanceUID = measurement.sop_instance_uid
        item.StudyInstanceUID = measurement.study_instance_uid
        item.SeriesInstanceUID = measurement.series_instance_uid
        item.Rows, item.Columns = 1, 1  # told apart from objects that are no image by these
        evidence.setdefault(measurement.sop_instance_uid, item)
    return list(evidence.values())


def frames_of(
    measurements: Sequence[Measurement], frame_counts: dict[str, int]
) -> dict[str, list[int]]:
    """Return the referenced frames of each multi-frame key image, by SOP Instance UID.

    Referenced Frame Number is Type 1C: absent for an image of one frame (PS3.3 10.3).
    """
    frames: dict[str, set[int]] = {}
    for measurement in measurements:
        if max(frame_counts[measurement.sop_instance_uid], measurement.frame) > 1:
            frames.setdefault(measurement.sop_instance_uid, set()).add(measurement.frame)
    return {uid: sorted(numbers) for uid, numbers in frames.items()}
