"""A patient's studies that already hold KOS, SR, SEG and GSPS, with names in each of them."""

from __future__ import annotations

from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from casepack.annotate.annotation import annotate
from casepack.annotate.measure import measure_lesions
from tests.annotate.drawings import lesion
from tests.builders import deidentified
from tests.deidentify.reports import code, item

READER = "Knatterton"
PLANTED = ("Knatterton", "Quillfeather", "QF-558213", "19630517", "1963-05-17", "ACC778899")
_IDENTITY = {
    "PatientName": "Quillfeather^Amaranth",
    "PatientID": "QF-558213",
    "PatientBirthDate": "19630517",
    "AccessionNumber": "ACC778899",
    "ReferringPhysicianName": f"{READER}^Nick",
}
_MARKS = (
    *("PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence"),
    "LongitudinalTemporalInformationModified",
)


def write_annotated_study(folder: Path) -> None:
    """Write two studies with a lesion and its annotations, as a workstation leaves them."""
    images = deidentified(folder, studies=2, series=1)
    made = annotate(
        images, measure_lesions(images, (lesion(),)), title="Cord", software_version="0"
    )
    for instance in made.instances:
        ds = dcmread(instance.path)
        for keyword in _MARKS:
            ds.pop(keyword, None)
        for keyword, value in _IDENTITY.items():
            setattr(ds, keyword, value)
        if ds.Modality == "MR":
            # no two images alike: they are told apart by their pixels
            ds.PixelData = bytes([ds.InstanceNumber, int(ds.StudyDate[5])]) + ds.PixelData[2:]
        _sign(ds)
        ds.save_as(instance.path)


def _sign(ds: Dataset) -> None:
    """Put the reader's name, and the patient's, where each kind of object has room for them."""
    match ds.Modality:
        case "SR":
            ds.ContentSequence.append(
                item(
                    "TEXT",
                    ("121071", "DCM", "Finding"),
                    f"Metastasis of the cord at D12. {READER} saw Amaranth Quillfeather, "
                    "born 1963-05-17, accession number ACC778899.",
                )
            )
            for child in ds.ContentSequence:
                if child.ValueType == "PNAME":
                    child.PersonName = f"{READER}^Nick"
            ds.VerificationFlag = "VERIFIED"
            ds.VerifyingObserverSequence = [Dataset()]
            observer = ds.VerifyingObserverSequence[0]
            observer.VerifyingObserverName = f"{READER}^Nick"
            observer.VerifyingObserverIdentificationCodeSequence = [
                code((READER, "99HOSP", f"Dr. {READER}"))
            ]
            observer.VerifyingOrganization = "Knatterton clinic"
            observer.VerificationDateTime = f"{ds.ContentDate}101500"
        case "KO":
            for child in ds.ContentSequence:
                if child.ValueType == "TEXT":
                    child.TextValue = f"Metastasis, selected by {READER}"
        case "SEG":
            segment = ds.SegmentSequence[0]
            segment.SegmentLabel = f"Metastasis {READER}"
            segment.SegmentDescription = f"Metastasis at D12, drawn by {READER}"
            ds.ContentCreatorName = f"{READER}^Nick"
        case "PR":
            ds.ContentCreatorName = f"{READER}^Nick"
            ds.ContentDescription = f"Metastasis, {READER}"
            ds.GraphicAnnotationSequence[0].TextObjectSequence[
                0
            ].UnformattedTextValue = f"Metastasis {READER}"
        case _:
            pass
