"""A Secondary Capture image with the patient's name, birth date and ID burned into its pixels."""

from __future__ import annotations

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from casepack.sample.acquisition import Pixels
from casepack.sample.header import SeriesPlan, clock
from casepack.sample.planting import draw_text

SERIES_NUMBER = 99
_MINIMUM = 256
"""Rows and Columns that text needs to be legible."""

_OF_STUDY = (
    "SpecificCharacterSet", "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName",
    "IssuerOfAccessionNumberSequence", "ReferringPhysicianIdentificationSequence",
    "ConsultingPhysicianName", "StudyDescription", "ProcedureCodeSequence", "PhysiciansOfRecord",
    "NameOfPhysiciansReadingStudy", "AdmittingDiagnosesDescription", "ReferencedPatientSequence",
    "ReferencedStudySequence", "StudyInstanceUID", "StudyID", "AdmissionID", "PatientState",
    "BodyPartExamined", "InstitutionName",
)  # fmt: skip


def captured_text(plan: SeriesPlan) -> tuple[str, ...]:
    """Return the lines that are burned in."""
    identity = plan.identity
    return (
        identity.word("drawn"),
        f"*{identity.word('birth_text')}  F",
        f"ID {identity.word('patient_id')}",
        identity.word("hospital"),
    )


def secondary_capture(plan: SeriesPlan, image: Dataset, pixels: Pixels) -> Dataset:
    """Return a screenshot of an image of a series, as a workstation would store it."""
    size = max(int(pixels.shape[0]), _MINIMUM)
    high = max(float(np.percentile(pixels, 99.5)), 1.0)
    grey = np.clip(pixels / high * 255, 0, 255).astype(np.uint8)
    screen = np.asarray(Image.fromarray(grey).resize((size, size), Image.Resampling.BILINEAR))
    text = np.asarray(draw_text(captured_text(plan), size, size))
    ds = Dataset()
    ds.update(image.group_dataset(0x0010))
    ds.update({image[keyword].tag: image[keyword] for keyword in _OF_STUDY})
    ds.ImageType = ["DERIVED", "SECONDARY"]
    ds.SOPClassUID = SecondaryCaptureImageStorage
    ds.SOPInstanceUID = plan.identity.uid("capture")
    ds.SeriesInstanceUID = plan.identity.uid("capture series")
    ds.SeriesNumber, ds.InstanceNumber = SERIES_NUMBER, 1
    ds.SeriesDescription = f"Screenshot for {plan.identity.word('oncologist')}"
    ds.SeriesDate = ds.ContentDate = ds.DateOfSecondaryCapture = plan.identity.word("date")
    ds.SeriesTime = ds.ContentTime = ds.TimeOfSecondaryCapture = clock(plan.start + 1800)
    ds.Modality = "OT"
    ds.ConversionType = "WSD"
    ds.Manufacturer = "Boreas Imaging"
    ds.SecondaryCaptureDeviceManufacturer = "Boreas Imaging"
    ds.BurnedInAnnotation = "YES"
    ds.PatientOrientation = ["P", "F"]
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows = ds.Columns = size
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    burned = np.maximum(screen, text).tobytes()
    ds.PixelData = burned + b"\x00" * (len(burned) % 2)
    ds["PixelData"].VR = "OB"
    return ds
