"""Lesions drawn on the small studies of tests.builders, and an enhanced multi-frame image."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, EnhancedMRImageStorage, ExplicitVRLittleEndian

from casepack.lesion import Evaluation, Lesion, Outline, Point
from casepack.model import Code, Deidentified, Instance, Series, Study
from tests.builders import RECORD, write_instance

METASTASIS = Code(value="128462008", scheme="SCT", meaning="Metastasis")
CORD = Code(value="2748008", scheme="SCT", meaning="Spinal cord")
T12 = Code(value="23215003", scheme="SCT", meaning="T12 vertebra")
T1_SIGNAL = Code(value="110804", scheme="DCM", meaning="T1 Weighted MR Signal Intensity")
HYPOINTENSE = Code(value="RID35804", scheme="RADLEX", meaning="Hypointense")


def ellipse(
    x: float = 0.0,
    centre: tuple[float, float] = (5.0, 1.0),
    half_axes: tuple[float, float] = (10.0, 6.0),
    turn: float = 0.0,
    count: int = 48,
) -> tuple[Point, ...]:
    """Points of an ellipse in a sagittal plane: half axes along y and z, turned by degrees."""
    angle = math.radians(turn)
    points = []
    for step in range(count):
        along = half_axes[0] * math.cos(2 * math.pi * step / count)
        across = half_axes[1] * math.sin(2 * math.pi * step / count)
        y = centre[0] + along * math.cos(angle) - across * math.sin(angle)
        z = centre[1] + along * math.sin(angle) + across * math.cos(angle)
        points.append((x, y, z))
    return tuple(points)


def outline(
    points: tuple[Point, ...] | None = None, time_point: int = 1, series_number: int = 1
) -> Outline:
    drawn = ellipse() if points is None else points
    return Outline(time_point=time_point, series_number=series_number, points=drawn)


def lesion(*outlines: Outline, **changes: object) -> Lesion:
    """A lesion at both time points, smaller at the second, unless outlines are given."""
    both = (outline(), outline(ellipse(half_axes=(5.0, 3.0)), time_point=2))
    drawn = Lesion(
        tracking_id="lesion-1",
        label="Intramedullary metastasis at T12",
        finding=METASTASIS,
        sites=(CORD, T12),
        outlines=outlines or both,
        evaluations=(Evaluation(time_point=1, concept=T1_SIGNAL, value=HYPOINTENSE),),
    )
    return replace(drawn, **changes)  # type: ignore[arg-type]


def rewrite(deidentified: Deidentified, **attributes: object) -> None:
    """Set Attributes of every image; a value of None removes the Attribute."""
    for instance in deidentified.instances:
        ds = dcmread(instance.path)
        for keyword, value in attributes.items():
            if value is None:
                if keyword in ds:
                    delattr(ds, keyword)
            else:
                setattr(ds, keyword, value)
        ds.save_as(instance.path, enforce_file_format=True)


def enhanced_study(root: Path, *, shared_orientation: bool = True, frames: int = 5) -> Deidentified:
    """One study with one Enhanced MR image: oblique frames, pixels of 0.8 by 0.5 mm, gaps."""
    uid = "1.2.826.0.1.3680043.10.9999.77"
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = UID(f"{uid}.1.1")
    ds.SOPClassUID, ds.SOPInstanceUID = EnhancedMRImageStorage, f"{uid}.1.1"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uid, f"{uid}.1"
    ds.FrameOfReferenceUID = f"{uid}.0"
    ds.SpecificCharacterSet, ds.Modality, ds.Manufacturer = "ISO_IR 100", "MR", "Nobody"
    ds.PatientName, ds.PatientID = "Case^0001", "CASE0001"
    ds.PatientBirthDate, ds.PatientSex = "", "F"
    ds.StudyDate, ds.StudyTime, ds.StudyID, ds.AccessionNumber = "20240108", "101500", "1", ""
    ds.ReferringPhysicianName = ""
    ds.SeriesNumber, ds.InstanceNumber = 7, 1
    ds.PatientIdentityRemoved, ds.DeidentificationMethod = "YES", "test"
    ds.LongitudinalTemporalInformationModified = "MODIFIED"
    ds.Rows, ds.Columns, ds.NumberOfFrames = 60, 80, frames
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelData = (np.arange(frames * 60 * 80) % 4000).astype("<u2").tobytes()
    orientation = Dataset()
    orientation.ImageOrientationPatient = [round(each, 8) for each in (*ROW, *COLUMN)]
    measures = Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.8, 0.5], 3.0
    shared = Dataset()
    shared.PixelMeasuresSequence = Sequence([measures])
    if shared_orientation:
        shared.PlaneOrientationSequence = Sequence([orientation])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    ds.PerFrameFunctionalGroupsSequence = Sequence(
        [_frame(frame, None if shared_orientation else orientation) for frame in range(frames)]
    )
    path = write_instance(ds, root / "CASE0001" / uid / f"{uid}.1" / f"{uid}.1.1.dcm")
    instance = Instance(
        path=path,
        sop_class_uid=str(EnhancedMRImageStorage),
        sop_instance_uid=f"{uid}.1.1",
        transfer_syntax_uid=str(ExplicitVRLittleEndian),
        number=1,
        frames=frames,
    )
    series = Series(series_instance_uid=f"{uid}.1", modality="MR", number=7, instances=(instance,))
    study = Study(study_instance_uid=uid, date="20240108", time="101500", series=(series,))
    return Deidentified(root=root, studies=(study,), record=RECORD)


ROW = np.array([math.cos(0.4), math.sin(0.4), 0.0])
COLUMN = np.array([-math.sin(0.4) * math.sin(0.3), math.cos(0.4) * math.sin(0.3), -math.cos(0.3)])
NORMAL = np.cross(ROW, COLUMN)
ORIGIN = np.array([-10.0, -20.0, 30.0])
GAP = 3.6
"""mm from plane to plane of the enhanced image; its slices are 3 mm thick."""


def _frame(frame: int, orientation: Dataset | None) -> Dataset:
    position = Dataset()
    position.ImagePositionPatient = [round(each, 8) for each in ORIGIN + NORMAL * GAP * frame]
    group = Dataset()
    group.PlanePositionSequence = Sequence([position])
    if orientation is not None:
        group.PlaneOrientationSequence = Sequence([orientation])
    return group


def on_frame(frame: int, *pixels: tuple[float, float], off: float = 0.0) -> tuple[Point, ...]:
    """Points in the patient of (column, row) positions on a frame (1-based) of the above."""
    points = []
    for column, row in pixels:
        point = ORIGIN + NORMAL * (GAP * (frame - 1) + off)
        point = point + ROW * 0.5 * column + COLUMN * 0.8 * row
        points.append((float(point[0]), float(point[1]), float(point[2])))
    return tuple(points)
