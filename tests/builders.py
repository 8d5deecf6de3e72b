"""Small synthetic studies, addressed by role: patient, study, series, instance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from casepack.model import Deidentified, Instance, Record, Series, Study

ROWS, COLUMNS, SPACING, THICKNESS = 64, 48, 2.0, 4.0


def mr_instance(  # noqa: PLR0915  # one line an attribute
    study: int = 1, series: int = 1, instance: int = 1, **attributes: Any
) -> Dataset:
    """A sagittal MR image that dciodvfy accepts; already free of identifiers."""
    ds = Dataset()
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta = meta
    root = "1.2.826.0.1.3680043.10.9999"
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    ds.SOPClassUID = MRImageStorage
    ds.SOPInstanceUID = f"{root}.{study}.{series}.{instance}"
    ds.StudyDate = ds.SeriesDate = ["20240108", "20240413", "20240801"][study - 1]
    ds.StudyTime = ds.SeriesTime = "101500"
    ds.AccessionNumber = ""
    ds.Modality = "MR"
    ds.Manufacturer = "Nobody"
    ds.ReferringPhysicianName = ""
    ds.PatientName = "Case^0001"
    ds.PatientID = "CASE0001"
    ds.PatientBirthDate = ""
    ds.PatientSex = "F"
    ds.PatientAge = "060Y"
    ds.BodyPartExamined = "SPINE"
    ds.ScanningSequence = "SE"
    ds.SequenceVariant = "SK"
    ds.ScanOptions = ""
    ds.MRAcquisitionType = "2D"
    ds.SliceThickness = THICKNESS
    ds.RepetitionTime = [600, 3500, 650][(series - 1) % 3]
    ds.EchoTime = [10, 100, 11][(series - 1) % 3]
    ds.EchoTrainLength = 9
    ds.MagneticFieldStrength = 1.5
    ds.FlipAngle = 150
    ds.PatientPosition = "HFS"
    ds.StudyInstanceUID = f"{root}.{study}"
    ds.SeriesInstanceUID = f"{root}.{study}.{series}"
    ds.StudyID = "1"
    ds.SeriesNumber = series
    ds.InstanceNumber = instance
    ds.FrameOfReferenceUID = f"{root}.{study}.0"
    ds.PositionReferenceIndicator = ""
    # sagittal: columns run to posterior, rows run to the feet
    ds.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    ds.ImagePositionPatient = [(instance - 2) * THICKNESS, -48, 64]
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows, ds.Columns = ROWS, COLUMNS
    ds.PixelSpacing = [SPACING, SPACING]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.WindowCenter, ds.WindowWidth = 400, 800
    ramp = np.add.outer(np.arange(ROWS) * 8, np.arange(COLUMNS) * 4).astype("<u2")
    ds.PixelData = ramp.tobytes()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


def write_instance(ds: Dataset, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, enforce_file_format=True)
    return path


RECORD = Record(
    software="casepack test",
    recipe="publication",
    recipe_digest="0" * 64,
    edition="2026d",
    options=(),
    overrides=(),
    actions=(),
    unused=(),
)


def deidentified(root: Path, studies: int = 2, series: int = 2, slices: int = 3) -> Deidentified:
    """Write studies that look as `casepack deid` leaves them, and return them as the stages do."""
    found = tuple(_study(root, number, series, slices) for number in range(1, studies + 1))
    return Deidentified(root=root, studies=found, record=RECORD)


def _study(root: Path, study: int, series: int, slices: int) -> Study:
    first = mr_instance(study)
    return Study(
        study_instance_uid=str(first.StudyInstanceUID),
        date=str(first.StudyDate),
        time=str(first.StudyTime),
        series=tuple(_series(root, study, number, slices) for number in range(1, series + 1)),
    )


def _series(root: Path, study: int, series: int, slices: int) -> Series:
    instances = tuple(_instance(root, study, series, number) for number in range(1, slices + 1))
    uid = str(mr_instance(study, series).SeriesInstanceUID)
    return Series(series_instance_uid=uid, modality="MR", number=series, instances=instances)


def _instance(root: Path, study: int, series: int, instance: int) -> Instance:
    ds = mr_instance(study, series, instance)
    ds.PatientIdentityRemoved = "YES"
    ds.DeidentificationMethod = "test"
    ds.LongitudinalTemporalInformationModified = "MODIFIED"
    ds.BurnedInAnnotation = "NO"
    folder = root / "CASE0001" / ds.StudyInstanceUID / ds.SeriesInstanceUID
    return Instance(
        path=write_instance(ds, folder / f"{ds.SOPInstanceUID}.dcm"),
        sop_class_uid=str(ds.SOPClassUID),
        sop_instance_uid=str(ds.SOPInstanceUID),
        transfer_syntax_uid=str(ExplicitVRLittleEndian),
        number=instance,
    )
