"""Parts that the objects share: the observer, the evidence, the headers of images."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import highdicom as hd
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.sr.codedict import codes

from casepack.annotate.geometry.planes import READ_ERRORS
from casepack.annotate.objects.context import SOFTWARE, StudyContext
from casepack.annotate.objects.placement import Placement
from casepack.annotate.objects.shown import ImageReference
from casepack.errors import StudyError
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


def document_options(
    placement: Placement, scheme: CodingSchemeIdentificationItem
) -> dict[str, Any]:
    """Return what every SR document is made with: its place, its state, UTF-8, our own codes."""
    return {
        "series_instance_uid": placement.series_instance_uid,
        "series_number": placement.series_number,
        "sop_instance_uid": placement.sop_instance_uid,
        "instance_number": placement.instance_number,
        "is_complete": True,
        "is_final": True,
        "specific_character_set": "ISO_IR 192",
        "coding_schemes": [scheme],
    }


def evidence_of(context: StudyContext, images: Iterable[ImageReference]) -> list[Dataset]:
    """Return what highdicom takes as evidence: each instance once.

    The first item also carries the Patient and Study Attributes that the object inherits. The
    patient's name is withheld until the object is stamped, as highdicom warns with the name.
    """
    evidence: dict[str, Dataset] = {}
    for image in images:
        item = Dataset() if evidence else deepcopy(context.header)
        if not evidence:
            item.PatientName = ""
        item.SOPClassUID = image.sop_class_uid
        item.SOPInstanceUID = image.sop_instance_uid
        item.StudyInstanceUID = image.study_instance_uid
        item.SeriesInstanceUID = image.series_instance_uid
        item.Rows, item.Columns = 1, 1  # told apart from objects that are no image by these
        evidence.setdefault(image.sop_instance_uid, item)
    return list(evidence.values())


def reference_tree(images: Iterable[ImageReference]) -> list[Dataset]:
    """Return Items of Study, Series and instance (Hierarchical SOP Instance Reference, C.17.2.1).

    Their order is that of the references.
    """
    studies: dict[str, dict[str, dict[str, str]]] = {}
    for image in images:
        series = studies.setdefault(image.study_instance_uid, {})
        series.setdefault(image.series_instance_uid, {})[image.sop_instance_uid] = (
            image.sop_class_uid
        )
    tree: list[Dataset] = []
    for study_uid, series in studies.items():
        study_item = Dataset()
        study_item.ReferencedSeriesSequence = DicomSequence()
        for series_uid, instances in series.items():
            series_item = Dataset()
            series_item.ReferencedSOPSequence = DicomSequence(
                _reference(*each) for each in instances.items()
            )
            series_item.SeriesInstanceUID = series_uid
            study_item.ReferencedSeriesSequence.append(series_item)
        study_item.StudyInstanceUID = study_uid
        tree.append(study_item)
    return tree


def _reference(sop_instance_uid: str, sop_class_uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = sop_class_uid
    item.ReferencedSOPInstanceUID = sop_instance_uid
    return item


def read_image_headers(paths: Sequence[Path], context: StudyContext) -> list[Dataset]:
    """Return the headers of images that an object is derived from, ready for highdicom.

    Patient's Name and Sex are those of the study's context, the former withheld as in
    `evidence_of`.

    Raises
    ------
    StudyError
        A file cannot be read.
    """
    headers: list[Dataset] = []
    for path in paths:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # pydicom's warnings quote values
                header = dcmread(path, stop_before_pixels=True)
                header.decode()
        except READ_ERRORS:
            raise StudyError(
                "an image of the de-identified study cannot be read",
                advice="De-identify the study again.",
            ) from None
        header.SpecificCharacterSet = "ISO_IR 192"  # of the decoded text, and of the object
        header.PatientName = ""
        header.PatientSex = context.header.PatientSex
        headers.append(header)
    return headers
