"""The header of an MR image: everything in it that is not an identifier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import MRImageStorage

from casepack.sample.acquisition import Pixels
from casepack.sample.geometry import Slice
from casepack.sample.identifiers import Identity
from casepack.sample.tissue import Sequence

_FIELD = 1.5
_FREQUENCY = 63.676


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPlan:
    """A series of a study before its pixels: sequence, planes, spacing and start."""

    identity: Identity
    sequence: Sequence
    planes: tuple[Slice, ...]
    spacing: float
    start: float
    """Seconds after midnight."""
    window: tuple[float, float]

    def image_uid(self, number: int) -> str:
        """Return the SOP Instance UID of an image, counted from 1."""
        return self.identity.uid("image", self.sequence.number, number)

    @property
    def uid(self) -> str:
        """Series Instance UID."""
        return self.identity.uid("series", self.sequence.number)


def clock(seconds: float) -> str:
    """Return a TM value with microseconds."""
    whole = int(seconds)
    micro = round((seconds - whole) * 1e6)
    return f"{whole // 3600:02d}{whole // 60 % 60:02d}{whole % 60:02d}.{micro:06d}"


def series_header(plan: SeriesPlan) -> Dataset:
    """Return the Attributes that all images of a series share."""
    ds = Dataset()
    identity, sequence = plan.identity, plan.sequence
    ds.SpecificCharacterSet = identity.word("charset")
    ds.SOPClassUID = MRImageStorage
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = identity.word("date")
    ds.InstanceCreationDate = identity.word("date")
    ds.StudyTime = f"{identity.word('time')}.218000"
    ds.SeriesTime = clock(plan.start)
    ds.Modality = "MR"
    ds.Manufacturer = "Boreas Imaging"
    ds.ManufacturerModelName = "Meridian 1.5"
    ds.SoftwareVersions = "boreas MR C17"
    ds.SeriesDescription = sequence.description
    ds.PatientSex = "F"
    ds.PatientAge = "060Y"
    ds.PatientSize = "1.66"
    ds.PatientWeight = "67"
    ds.PregnancyStatus = 4
    ds.BodyPartExamined = "TSPINE"
    ds.PatientPosition = "HFS"
    ds.StudyInstanceUID = identity.uid("study")
    ds.SeriesInstanceUID = plan.uid
    ds.SeriesNumber = sequence.number
    ds.AcquisitionNumber = 1
    ds.FrameOfReferenceUID = identity.uid("frame")
    ds.PositionReferenceIndicator = ""
    ds.PerformedProcedureStepStartTime = f"{identity.word('time')}.281000"
    _add_sequence(ds, plan)
    _add_pixel_description(ds, plan)
    if sequence.contrast:
        _add_contrast(ds, plan)
    return ds


def _add_sequence(ds: Dataset, plan: SeriesPlan) -> None:
    sequence, size = plan.sequence, plan.planes[0].size
    spin = sequence.kind == "spin"
    ds.ScanningSequence = "SE" if spin else "GR"
    ds.SequenceVariant = ["SK", "SP"] if spin else "SP"
    ds.ScanOptions = "FS" if sequence.fat_left < 1 else ""
    ds.MRAcquisitionType = "2D"
    ds.SequenceName = sequence.sequence_name
    ds.AngioFlag = "N"
    ds.SliceThickness = _number(sequence.thickness)
    ds.SpacingBetweenSlices = _number(plan.spacing)
    ds.RepetitionTime = _number(sequence.tr)
    ds.EchoTime = _number(sequence.te)
    ds.NumberOfAverages = str(sequence.averages)
    ds.ImagingFrequency = str(_FREQUENCY)
    ds.ImagedNucleus = "1H"
    ds.EchoNumbers = 1
    ds.MagneticFieldStrength = str(_FIELD)
    ds.NumberOfPhaseEncodingSteps = round(size * sequence.phase_resolution)
    ds.EchoTrainLength = sequence.etl
    ds.PercentSampling = _number(100 * sequence.phase_resolution)
    ds.PercentPhaseFieldOfView = "100"
    ds.PixelBandwidth = str(sequence.bandwidth)
    ds.ProtocolName = sequence.protocol
    ds.TransmitCoilName = "Body"
    ds.ReceiveCoilName = "SP4-7"
    ds.AcquisitionMatrix = [0, size, round(size * sequence.phase_resolution), 0]
    ds.InPlanePhaseEncodingDirection = "COL"
    ds.FlipAngle = _number(sequence.flip)
    ds.VariableFlipAngleFlag = "N"
    ds.SAR = "1.12" if spin else "0.08"
    ds.dBdt = "0"


def _add_contrast(ds: Dataset, plan: SeriesPlan) -> None:
    ds.ContrastBolusAgent = "Gadobutrol"
    ds.ContrastBolusRoute = "Intravenous"
    ds.ContrastBolusVolume = "7"
    ds.ContrastBolusStartTime = clock(plan.start - 200)
    ds.ContrastBolusTotalDose = "7"
    ds.ContrastBolusIngredient = "GADOLINIUM"
    ds.ContrastBolusIngredientConcentration = "157.25"


def _add_pixel_description(ds: Dataset, plan: SeriesPlan) -> None:
    plane = plan.planes[0]
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows = ds.Columns = plane.size
    ds.PixelSpacing = [_number(plane.pixel)] * 2
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.WindowCenter, ds.WindowWidth = (_number(value) for value in plan.window)
    ds.WindowCenterWidthExplanation = "Algo1"


def image_header(
    plan: SeriesPlan, shared: Dataset, number: int, pixels: Pixels, localizer: SeriesPlan
) -> Dataset:
    """Return the Data Set of one image; `number` counts from 1."""
    ds = Dataset()
    ds.update(shared)
    plane = plan.planes[number - 1]
    sequence = plan.sequence
    # Slices are excited in two passes, odd ones first; each has its own middle.
    order = (number - 1) // 2 + (number % 2 == 0) * ((len(plan.planes) + 1) // 2)
    begun = plan.start + order * sequence.tr / 1000 / len(plan.planes)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M", "NORM" if sequence.number > 1 else "ND"]
    ds.SOPInstanceUID = plan.image_uid(number)
    ds.AcquisitionTime = clock(begun)
    ds.ContentTime = clock(plan.start + sequence.seconds + 4 + number * 0.036)
    ds.InstanceCreationTime = ds.ContentTime
    ds.InstanceNumber = number
    ds.ImagePositionPatient = [_number(value) for value in plane.position]
    ds.ImageOrientationPatient = [_number(value) for value in (*plane.row, *plane.column)]
    ds.SliceLocation = _number(round(plane.location, 6))
    ds.SmallestImagePixelValue = int(pixels.min())
    ds.LargestImagePixelValue = int(pixels.max())
    if sequence.number > 1:
        ds.ReferencedImageSequence = Items([_reference(localizer, one) for one in (1, 2, 3)])
    ds.PixelData = np.ascontiguousarray(pixels, dtype="<u2").tobytes()
    return ds


def _reference(plan: SeriesPlan, number: int) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = MRImageStorage
    item.ReferencedSOPInstanceUID = plan.image_uid(number)
    return item


def _number(value: float) -> str:
    """Return a DS value of at most 16 characters."""
    text = f"{value:.10g}"
    if len(text) > 16 or "e" in text:
        text = f"{value:.9f}".rstrip("0").rstrip(".")
    return text if text not in {"-0", ""} else "0"
