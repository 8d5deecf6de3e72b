"""A small identified study, and what a good de-identification makes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import MRImageStorage

from casepack.model import Deidentified, FileSet, Option
from casepack.study import read_file_set
from tests.builders import RECORD, mr_instance, write_instance

FAMILY, GIVEN = "Brandtmüller", "Wilhelmina"
PATIENT = f"{FAMILY}^{GIVEN}"
PATIENT_ID = "QX-5582137"
BIRTH = "19611103"
INSTITUTION = "Sankt Veronika Klinik Tannweiler"
PHYSICIAN = "Oberländer^Käthe"
STATION = "TWMR3X"
SERIAL = "882134"
ACCESSION = "A20240098"
ROOT = "1.2.276.0.7230010.3.77"
NEW = "2.25.1904"
DATES = ("20240108", "20240413")
SHIFT = dt.timedelta(weeks=-70)
STUDIES, SERIES, SLICES = 2, 2, 2
OPTIONS = (
    Option.CLEAN_DESCRIPTORS,
    Option.RETAIN_LONGITUDINAL_MODIFIED_DATES,
    Option.RETAIN_PATIENT_CHARACTERISTICS,
)
METHODS = ("113100", *(option.value for option in OPTIONS))


def uid(root: str, *numbers: int) -> str:
    return ".".join([root, *(f"{number}{number}7" for number in numbers)])


def shifted(date: str) -> str:
    return f"{dt.datetime.strptime(date, '%Y%m%d').date() + SHIFT:%Y%m%d}"  # noqa: DTZ007  # a date


def _image(root: str, date: str, study: int, series: int, instance: int) -> Dataset:
    ds = mr_instance(study, series, instance)
    ds.StudyInstanceUID = uid(root, study)
    ds.SeriesInstanceUID = uid(root, study, series)
    ds.FrameOfReferenceUID = uid(root, study, 9)
    ds.SOPInstanceUID = uid(root, study, series, instance)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.StudyDate = ds.SeriesDate = date
    pixels = np.frombuffer(ds.PixelData, "<u2") + study * 100 + series * 10 + instance
    ds.PixelData = pixels.astype("<u2").tobytes()
    reference = Dataset()
    reference.ReferencedSOPClassUID = MRImageStorage
    reference.ReferencedSOPInstanceUID = uid(root, study, 1, 1)
    ds.ReferencedImageSequence = Sequence([reference])
    ds.SeriesDescription = "T2 sag"
    ds.Manufacturer = "Nobody"
    ds.ManufacturerModelName = "Titan"
    return ds


def original_image(study: int, series: int, instance: int) -> Dataset:
    ds = _image(ROOT, DATES[study - 1], study, series, instance)
    ds.PatientName = PATIENT
    ds.PatientID = PATIENT_ID
    ds.PatientBirthDate = BIRTH
    ds.InstitutionName = INSTITUTION
    ds.ReferringPhysicianName = PHYSICIAN
    ds.StationName = STATION
    ds.DeviceSerialNumber = SERIAL
    ds.AccessionNumber = ACCESSION
    ds.StudyID = "4471"
    ds.file_meta.SourceApplicationEntityTitle = "TW_SENDER"
    block = ds.private_block(0x0029, "TANNWEILER PRIVATE", create=True)
    block.add_new(0x10, "LO", "internal case 77-1234567")
    return ds


def result_image(study: int, series: int, instance: int) -> Dataset:
    ds = _image(NEW, shifted(DATES[study - 1]), study, series, instance)
    ds.PatientName = "Case^0001"
    ds.PatientID = "CASE0001"
    ds.PatientIdentityRemoved = "YES"
    ds.LongitudinalTemporalInformationModified = "MODIFIED"
    ds.BurnedInAnnotation = "NO"
    ds.DeidentificationMethodCodeSequence = Sequence([method(code) for code in METHODS])
    return ds


def method(value: str, scheme: str = "DCM") -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, "Method"
    return code


@dataclass(frozen=True)
class Written:
    """Originals and results on disk."""

    originals: FileSet
    root: Path

    @property
    def first(self) -> Path:
        return min(self.root.rglob("*.dcm"))

    def deidentified(self) -> Deidentified:
        studies = read_file_set(self.root).studies
        return Deidentified(
            root=self.root, studies=studies, record=replace(RECORD, options=OPTIONS)
        )


def write_originals(folder: Path) -> FileSet:
    for study in range(1, STUDIES + 1):
        for series in range(1, SERIES + 1):
            for instance in range(1, SLICES + 1):
                name = f"ST{study}/SE{series}/IM{instance}"
                write_instance(original_image(study, series, instance), folder / name)
    return read_file_set(folder)


def write_results(folder: Path) -> Path:
    for study in range(1, STUDIES + 1):
        for series in range(1, SERIES + 1):
            for instance in range(1, SLICES + 1):
                ds = result_image(study, series, instance)
                place = folder / "CASE0001" / ds.StudyInstanceUID / ds.SeriesInstanceUID
                write_instance(ds, place / f"{ds.SOPInstanceUID}.dcm")
    return folder


def change(path: Path, edit: Callable[[Dataset], object]) -> None:
    """Change a file as a wrong tool would."""
    ds = dcmread(path)
    edit(ds)
    ds.save_as(path, enforce_file_format=True)


def key_object(study: int = 1, target: str | None = None) -> Dataset:
    """A Key Object Selection of the first image of a study."""
    ds = result_image(study, 1, 1)
    for keyword in (
        *("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit"),
        *("PixelRepresentation", "SamplesPerPixel", "PhotometricInterpretation"),
        *("ReferencedImageSequence", "PixelSpacing", "ImagePositionPatient"),
        *("ImageOrientationPatient", "FrameOfReferenceUID", "WindowCenter", "WindowWidth"),
    ):
        del ds[keyword]
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.59"
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.Modality = "KO"
    ds.SOPInstanceUID = uid(NEW, study, 8, 1)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.SeriesInstanceUID = uid(NEW, study, 8)
    image = result_image(study, 1, 1)
    reference = Dataset()
    reference.ReferencedSOPClassUID = image.SOPClassUID
    reference.ReferencedSOPInstanceUID = target or image.SOPInstanceUID
    series = Dataset()
    series.SeriesInstanceUID = image.SeriesInstanceUID
    series.ReferencedSOPSequence = Sequence([reference])
    evidence = Dataset()
    evidence.StudyInstanceUID = image.StudyInstanceUID
    evidence.ReferencedSeriesSequence = Sequence([series])
    ds.CurrentRequestedProcedureEvidenceSequence = Sequence([evidence])
    return ds
