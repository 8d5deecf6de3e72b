"""A head and neck of ellipsoids, and MR series of it in three directions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

FRAME_OF_REFERENCE = "1.2.826.0.1.3680043.8.498.7"
THROAT, CHIN = -40.0, 22.0
"""y of the skin of the throat; z of the lowest point of the chin, mm."""

DIRECTIONS = {
    "sagittal": ((0, 1, 0), (0, 0, -1)),
    "axial": ((1, 0, 0), (0, 1, 0)),
    "coronal": ((1, 0, 0), (0, 0, -1)),
}
_STUDY = "1.2.826.0.1.3680043.8.498.1"


def _in_ellipsoid(p: np.ndarray, centre: tuple[float, ...], radii: tuple[float, ...]) -> np.ndarray:
    inside: np.ndarray = (((p - np.array(centre)) / np.array(radii)) ** 2).sum(axis=-1) < 1
    return inside


def is_spine(p: np.ndarray) -> np.ndarray:
    """Whether points (x, y, z) lie in vertebrae, discs, canal or cord."""
    body = (np.abs(p[..., 0]) < 15) & (np.abs(p[..., 1] - 25) < 12)
    canal = np.hypot(p[..., 0], p[..., 1] - 50) < 9
    spine: np.ndarray = (body | canal) & (p[..., 2] < 60)
    return spine


def is_face(p: np.ndarray) -> np.ndarray:
    """Whether points lie in chin, nose or the front of the skull."""
    chin = _in_ellipsoid(p, (0, -75, 50), (45, 35, 28))
    nose = _in_ellipsoid(p, (0, -105, 110), (14, 20, 25))
    front = _in_ellipsoid(p, (0, -5, 130), (75, 95, 110)) & (p[..., 1] < THROAT - 5)
    face: np.ndarray = (chin | nose | front) & (p[..., 1] < THROAT - 5)
    return face


def signal(p: np.ndarray) -> np.ndarray:
    """Signal at points (x, y, z) in mm, LPS."""
    x, y, z = p[..., 0], p[..., 1], p[..., 2]
    neck = ((x / 60) ** 2 + ((y - 20) / 60) ** 2 < 1) & (z < 60)
    trunk = ((x / 170) ** 2 + (y / 95) ** 2 < 1) & (z < -70)
    head = _in_ellipsoid(p, (0, -5, 130), (75, 95, 110))
    values = 0.35 * (neck | trunk | head | is_face(p))
    values = np.where(is_spine(p), np.where(np.mod(z, 16) < 12, 0.55, 0.25), values)
    canal = (np.hypot(x, y - 50) < 9) & (z < 60)
    return np.where(canal, np.where(np.hypot(x, y - 50) < 5, 0.5, 0.95), values)


def plane_points(ds: Dataset) -> np.ndarray:
    """Centres of the pixels of an image, shape (rows, columns, 3)."""
    row, column = np.reshape([float(v) for v in ds.ImageOrientationPatient], (2, 3))
    down = np.arange(ds.Rows)[:, None, None] * float(ds.PixelSpacing[0]) * column
    across = np.arange(ds.Columns)[None, :, None] * float(ds.PixelSpacing[1]) * row
    points: np.ndarray = np.array([float(v) for v in ds.ImagePositionPatient]) + down + across
    return points


def write_series(
    folder: Path,
    direction: str,
    *,
    number: int,
    offsets: tuple[float, ...],
    centre: tuple[float, float, float] = (0, 0, 60),
    field: float = 320,
    spacing: float = 2.5,
    turn: float = 2.0,
    attributes: Mapping[str, object] | None = None,
) -> list[Path]:
    """Write a series; `turn` is a rotation about z in degrees."""
    random = np.random.default_rng(number)
    size = round(field / spacing)
    cos, sin = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    about_z = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    row, column = (about_z @ np.array(axis, dtype=float) for axis in DIRECTIONS[direction])
    normal = np.cross(row, column)
    paths = []
    for index, offset in enumerate(offsets, start=1):
        ds = _header(number, index)
        corner = np.array(centre) + normal * offset - (row + column) * spacing * (size - 1) / 2
        ds.ImagePositionPatient = [f"{v:.6f}" for v in corner]
        ds.ImageOrientationPatient = [f"{v:.9f}" for v in (*row, *column)]
        ds.PixelSpacing = [spacing, spacing]
        ds.Rows = ds.Columns = size
        for keyword, value in (attributes or {}).items():
            setattr(ds, keyword, value)
        noise = random.normal(size=(2, size, size)) * 0.01
        values = np.hypot(signal(plane_points(ds)) + noise[0], noise[1])
        # never the constant that covers
        ds.PixelData = np.rint(values * 1500 + 1).astype("<u2").tobytes()
        path = folder / f"{number}-{index:03}.dcm"
        ds.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def _header(number: int, index: int) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = MRImageStorage
    ds.SOPInstanceUID = f"{_STUDY}.{number}.{index}"
    ds.StudyInstanceUID = _STUDY
    ds.SeriesInstanceUID = f"{_STUDY}.{number}"
    ds.FrameOfReferenceUID = FRAME_OF_REFERENCE
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = "Phantom^Head", "P-7", "19610504"
    ds.PatientSex, ds.PatientAge = "O", "060Y"
    ds.StudyDate = ds.SeriesDate = "20250310"
    ds.StudyTime, ds.StudyID, ds.AccessionNumber = "101500", "1", "A-7"
    ds.ReferringPhysicianName, ds.Manufacturer = "", "casepack"
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber = "MR", number, index
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M"]
    ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions = "SE", "NONE", ""
    ds.MRAcquisitionType, ds.EchoTime, ds.RepetitionTime = "2D", "10", "500"
    ds.EchoTrainLength, ds.SliceThickness = "1", "3"
    ds.PositionReferenceIndicator, ds.PatientPosition = "", "HFS"
    ds.SeriesDescription = ds.StudyDescription = "C-SPINE"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    return ds


def write_head_study(folder: Path) -> Path:
    """Write a cervical study: sagittal, axial and coronal, in one Frame of Reference."""
    folder.mkdir()
    write_series(folder, "sagittal", number=1, offsets=tuple(range(-32, 33, 8)))
    write_series(folder, "axial", number=2, offsets=tuple(range(-120, 121, 24)), turn=0)
    write_series(folder, "coronal", number=3, offsets=tuple(range(-100, 81, 30)), turn=-3)
    return folder


def read_all(folder: Path) -> list[Dataset]:
    """The images of a folder, by Series and Instance Number."""
    found = [pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))]
    return sorted(found, key=lambda ds: (ds.SeriesNumber, ds.InstanceNumber))
