"""The corpora: deterministic, invented from end to end, shaped like what scanners write.

A   like a Siemens VE11 MR: 110 kB of private header, 13 kB of pixels, four series
B   CT of 512 x 512 16-bit pixels with 150 top-level attributes
M   Enhanced MR with private Sequences in every frame

What changes from instance to instance in real series (UIDs, times, positions, the CSA image
header) changes here too, and what stays equal within a series (the CSA series header) stays
equal: remembering results must neither be helped nor hindered by the corpus.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
)

_ROOT: Final = "1.2.826.0.1.3680043.10.9999.77"
_LONG: Final = "3000002103150745091230"  # scanners write long UIDs
_MR_SIDE: Final = 80
_CT_SIDE: Final = 512
_FRAME_SIDE: Final = 32
_SERIES: Final = 4
_IMAGE_HEADER_BYTES: Final = 11_000
_SERIES_HEADER_BYTES: Final = 97_000
_TAG_COUNTS: Final = {"A": 120, "B": 150}


def write_mr_corpus(folder: Path, instances: int) -> None:
    """Write corpus A: `instances` MR images in four series, all in one folder."""
    per_series = -(-instances // _SERIES)
    for number in range(instances):
        series, place = divmod(number, per_series)
        _write(_mr_instance(series + 1, place + 1), folder / f"MR{number + 1:06d}")


def write_ct_corpus(folder: Path, instances: int) -> None:
    """Write corpus B: `instances` CT images in one series."""
    for number in range(1, instances + 1):
        _write(_ct_instance(number), folder / f"CT{number:06d}")


def write_picture_corpus(folder: Path, instances: int) -> None:
    """Write the corpus to be packaged: images as of B, but with pictures, and no names in texts.

    Pictures of mere noise would be no measure of encoding them.
    """
    for number in range(1, instances + 1):
        ds = _ct_instance(number)
        ds.PixelData = _slice_pixels(number)
        # in the form of a person's name, as which casepack's checks take it
        ds.PerformedProcedureStepDescription = "Spine"
        _write(ds, folder / f"CT{number:06d}")


def write_multiframe_corpus(folder: Path, files: int, frames: int) -> None:
    """Write corpus M: `files` Enhanced MR images of `frames` frames each."""
    for number in range(1, files + 1):
        _write(_multiframe_instance(number, frames), folder / f"EM{number:06d}")


def describe_corpus(folder: Path) -> str:
    """Return how many files a corpus has and how large it is."""
    sizes = [path.stat().st_size for path in folder.iterdir()]
    return f"{len(sizes):,} files, {sum(sizes) / 1e6:,.0f} MB"


def _write(ds: Dataset, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationVersionName = "BENCH_1"
    meta.SourceApplicationEntityTitle = "BENCHSCANNER"
    ds.file_meta = meta
    ds.save_as(path, enforce_file_format=True)


def _uid(*parts: int) -> str:
    return ".".join((_ROOT, _LONG, *(str(part) for part in parts)))


def _item(values: Mapping[str, Any]) -> Dataset:
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def _code(value: str, meaning: str, scheme: str = "99BENCH") -> Dataset:
    return _item({"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning})


def _reference(sop_class: str, uid: str) -> Dataset:
    return _item({"ReferencedSOPClassUID": sop_class, "ReferencedSOPInstanceUID": uid})


def _clock(second: int) -> str:
    return f"{9 + second // 3600:02d}{second // 60 % 60:02d}{second % 60:02d}.{second % 89:02d}5000"


_PATIENT_AND_STUDY: Final[Mapping[str, Any]] = {
    "SpecificCharacterSet": "ISO_IR 100",
    "StudyDate": "20210315",
    "SeriesDate": "20210315",
    "AcquisitionDate": "20210315",
    "ContentDate": "20210315",
    "InstanceCreationDate": "20210315",
    "StudyTime": "090102.125000",
    "AccessionNumber": "BENCHACC0077",
    "Manufacturer": "Nobody Medical",
    "InstitutionName": "Bench Hospital of Nowhere",
    "InstitutionAddress": "1 Invented Street, Nowhere",
    "InstitutionalDepartmentName": "Department of Benchmarks",
    "ReferringPhysicianName": "Sender^Invented",
    "PerformingPhysicianName": "Reader^Invented",
    "OperatorsName": "Operator^Invented",
    "StationName": "BENCHSTATION7",
    "StudyDescription": "Bench^Study of the spine",
    "ManufacturerModelName": "Invented",
    "DeviceSerialNumber": "770077",
    "SoftwareVersions": "bench MR E11",
    "PatientName": "Quill^Benchmark^Invented",
    "PatientID": "BENCHPID770077",
    "PatientBirthDate": "19610402",
    "PatientSex": "F",
    "PatientAge": "059Y",
    "PatientSize": "1.68",
    "PatientWeight": "64",
    "PatientAddress": "2 Invented Lane, Nowhere",
    "PatientTelephoneNumbers": "000-770077",
    "AdditionalPatientHistory": "back pain, asked by Invented",
    "StudyID": "BENCH77",
    "RequestingPhysician": "Asker^Invented",
    "RequestedProcedureDescription": "Spine, invented",
    "RequestedProcedureID": "RP770077",
    "ScheduledProcedureStepID": "SPS770077",
    "PerformedProcedureStepID": "PPS770077",
    "PerformedProcedureStepStartDate": "20210315",
    "PerformedProcedureStepStartTime": "090102.125000",
    "PerformedProcedureStepEndDate": "20210315",
    "PerformedProcedureStepEndTime": "094102.125000",
    "PerformedProcedureStepDescription": "Bench^Spine",
    "PerformedStationAETitle": "BENCHAE",
    "PerformedStationName": "BENCHSTATION7",
    "PerformedLocation": "Room 77",
    "CommentsOnThePerformedProcedureStep": "nothing to note",
    "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2",
    "BitsAllocated": 16,
    "BitsStored": 12,
    "HighBit": 11,
    "PixelRepresentation": 0,
    "PatientPosition": "HFS",
    "PositionReferenceIndicator": "",
    "BodyPartExamined": "SPINE",
    "ImageComments": "invented image",
    "LossyImageCompression": "00",
}

_MR: Final[Mapping[str, Any]] = {
    "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "NORM"],
    "SOPClassUID": MRImageStorage,
    "Modality": "MR",
    "ScanningSequence": "SE",
    "SequenceVariant": ["SK", "SP", "OSP"],
    "ScanOptions": ["PFP", "SAT1"],
    "MRAcquisitionType": "2D",
    "SequenceName": "*tse2d1_17",
    "AngioFlag": "N",
    "SliceThickness": "3",
    "RepetitionTime": "3500",
    "EchoTime": "102",
    "NumberOfAverages": "2",
    "ImagingFrequency": "63.673612",
    "ImagedNucleus": "1H",
    "EchoNumbers": "1",
    "MagneticFieldStrength": "1.5",
    "SpacingBetweenSlices": "3.3",
    "NumberOfPhaseEncodingSteps": "308",
    "EchoTrainLength": "17",
    "PercentSampling": "75",
    "PercentPhaseFieldOfView": "100",
    "PixelBandwidth": "191",
    "TransmitCoilName": "Body",
    "ReceiveCoilName": "Spine_32",
    "AcquisitionMatrix": [80, 0, 0, 80],
    "InPlanePhaseEncodingDirection": "ROW",
    "FlipAngle": "160",
    "VariableFlipAngleFlag": "N",
    "SAR": "1.0347",
    "dBdt": "0",
    "ImageOrientationPatient": ["0", "1", "0", "0", "0", "-1"],
    "Rows": _MR_SIDE,
    "Columns": _MR_SIDE,
    "PixelSpacing": ["2.75", "2.75"],
    "WindowCenterWidthExplanation": "Algo1",
    "RescaleIntercept": "0",
    "RescaleSlope": "1",
    "RescaleType": "US",
}

_CT: Final[Mapping[str, Any]] = {
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
    "SOPClassUID": CTImageStorage,
    "Modality": "CT",
    "ScanOptions": "HELICAL MODE",
    "SliceThickness": "1.25",
    "KVP": "120",
    "DataCollectionDiameter": "500",
    "ReconstructionDiameter": "360",
    "DistanceSourceToDetector": "949.075",
    "DistanceSourceToPatient": "541",
    "GantryDetectorTilt": "0",
    "TableHeight": "151",
    "RotationDirection": "CW",
    "ExposureTime": "800",
    "XRayTubeCurrent": "260",
    "Exposure": "208",
    "FilterType": "BODY FILTER",
    "GeneratorPower": "31200",
    "FocalSpots": "1.2",
    "ConvolutionKernel": "STANDARD",
    "RevolutionTime": 0.8,
    "SingleCollimationWidth": 0.625,
    "TotalCollimationWidth": 40.0,
    "TableSpeed": 49.2,
    "TableFeedPerRotation": 39.4,
    "SpiralPitchFactor": 0.98,
    "CTDIvol": 11.2,
    "ExposureModulationType": "XYZ_EC",
    "EstimatedDoseSaving": 12.0,
    "ContrastBolusAgent": "",
    "ContrastBolusRoute": "IV",
    "ContrastBolusVolume": "80",
    "ContrastBolusTotalDose": "80",
    "ContrastFlowRate": "3",
    "ContrastBolusIngredient": "IODINE",
    "ContrastBolusIngredientConcentration": "300",
    "DateOfLastCalibration": "20210301",
    "TimeOfLastCalibration": "070000",
    "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"],
    "Rows": _CT_SIDE,
    "Columns": _CT_SIDE,
    "PixelSpacing": ["0.703125", "0.703125"],
    "RescaleIntercept": "-1024",
    "RescaleSlope": "1",
    "RescaleType": "HU",
    "WindowCenterWidthExplanation": "SOFT",
    "Laterality": "",
    "ProtocolName": "Bench spine",
    "AcquisitionDuration": 21.5,
    "PatientOrientation": ["L", "P"],
    "QualityControlImage": "NO",
    "BurnedInAnnotation": "NO",
    "TemporalPositionIdentifier": "1",
    "NumberOfTemporalPositions": "1",
    "ImagesInAcquisition": "400",
    "EthnicGroup": "none given",
    "Occupation": "quill maker",
    "PregnancyStatus": 4,
    "MedicalAlerts": "none known",
    "Allergies": "none known",
    "StudyComments": "invented study",
    "OtherPatientIDs": "BENCHOTHER770",
    "PhysiciansOfRecord": "Record^Invented",
    "NameOfPhysiciansReadingStudy": "Reading^Invented",
    "CurrentPatientLocation": "Ward 77",
    "PatientState": "well",
    "RequestingService": "Benchmarks",
    "IssuerOfPatientID": "BENCHISSUER",
    "PatientComments": "seen by Invented at Nowhere",
}


def _add_references(ds: Dataset, series: int) -> None:
    """Add the Sequences that a worklist and a planning step leave in an image, two deep."""
    sop_class = ds.SOPClassUID
    procedure = _code("SPINE77", "Spine, asked by Invented")
    ds.ReferencedStudySequence = Sequence([_reference("1.2.840.10008.3.1.2.3.1", _uid(0, 1))])
    ds.ReferencedPerformedProcedureStepSequence = Sequence(
        [_reference("1.2.840.10008.3.1.2.3.3", _uid(0, 2))]
    )
    ds.ReferencedImageSequence = Sequence(
        [_reference(sop_class, _uid(9, series, place)) for place in range(1, 4)]
    )
    ds.ProcedureCodeSequence = Sequence([procedure])
    ds.PerformedProtocolCodeSequence = Sequence([_code("SPINE78", "Spine protocol")])
    ds.RequestAttributesSequence = Sequence(
        [
            _item(
                {
                    "RequestedProcedureDescription": "Spine, invented",
                    "RequestedProcedureCodeSequence": Sequence([procedure]),
                    "ScheduledProcedureStepDescription": "Spine for Invented",
                    "ScheduledProtocolCodeSequence": Sequence([_code("SPINE79", "Spine")]),
                    "ScheduledProcedureStepID": "SPS770077",
                    "RequestedProcedureID": "RP770077",
                }
            )
        ]
    )


def _place_in_series(ds: Dataset, series: int, number: int) -> None:
    second = 600 * series + 2 * number
    ds.SOPInstanceUID = _uid(series, number)
    ds.StudyInstanceUID = _uid(0)
    ds.SeriesInstanceUID = _uid(series)
    ds.FrameOfReferenceUID = _uid(0, 9)
    ds.SeriesNumber, ds.InstanceNumber, ds.AcquisitionNumber = series, number, 1
    ds.SeriesTime = _clock(600 * series)
    ds.SeriesDescription = f"bench series {series}"
    ds.ProtocolName = f"bench protocol {series}"
    ds.AcquisitionTime, ds.ContentTime = _clock(second), _clock(second + 7)
    ds.InstanceCreationTime = _clock(second + 7)
    ds.ImagePositionPatient = [f"{number * 3.3:.6f}", "-120.5", "220.25"]
    ds.SliceLocation = f"{number * 3.3:.6f}"
    ds.WindowCenter, ds.WindowWidth = str(300 + number % 40), str(700 + number % 60)
    ds.SmallestImagePixelValue, ds.LargestImagePixelValue = 0, 1000 + number % 500


def _pixels(seed: int, side: int, frames: int = 1) -> bytes:
    values = np.random.default_rng(seed).integers(0, 1 << 12, side * side * frames, dtype="<u2")
    return values.tobytes()


def _slice_pixels(number: int) -> bytes:
    """Return a body of smooth ellipses that change from slice to slice, with a little noise."""
    rows, columns = np.mgrid[-1 : 1 : 1j * _CT_SIDE, -1 : 1 : 1j * _CT_SIDE]
    values = np.zeros((_CT_SIDE, _CT_SIDE))
    shapes = np.random.default_rng(77).uniform(-1, 1, (60, 6))
    for place, (x, y, width, height, turn, tone) in enumerate(shapes):
        size = 0.85 if place == 0 else 0.05 + 0.1 * abs(width)
        across = columns - (0 if place == 0 else 0.6 * x + 0.03 * np.sin(number / 40 + turn))
        down = rows - (0 if place == 0 else 0.5 * y)
        distance = (across / size) ** 2 + (down / (size * (0.6 + 0.3 * abs(height)))) ** 2
        values += (900 if place == 0 else 300 * tone) * np.clip(8 * (1 - distance), 0, 1)
    values += np.random.default_rng(number).normal(0, 12, values.shape)
    pixels: np.ndarray[Any, np.dtype[np.uint16]] = np.clip(values + 100, 0, 4095).astype("<u2")
    return pixels.tobytes()


def _mr_instance(series: int, number: int) -> Dataset:
    ds = _item({**_PATIENT_AND_STUDY, **_MR})
    _place_in_series(ds, series, number)
    _add_references(ds, series)
    _add_siemens_blocks(ds, series, number)
    _require_tags(ds, "A")
    ds.PixelData = _pixels(series * 100_000 + number, _MR_SIDE)
    return ds


def _ct_instance(number: int) -> Dataset:
    ds = _item({**_PATIENT_AND_STUDY, **_CT})
    _place_in_series(ds, 1, number)
    _add_references(ds, 1)
    block = ds.private_block(0x0043, "BENCH CT PARAMETERS", create=True)
    block.add_new(0x10, "DS", "0.4")
    block.add_new(0x27, "SH", f"/i{number:04d}")
    block.add_new(0x31, "DS", [f"{number * 1.25:.4f}", "0.5"])
    ds.PixelData = _pixels(number, _CT_SIDE)
    _require_tags(ds, "B")
    return ds


def _require_tags(ds: Dataset, corpus: str) -> None:
    """Keep the corpus what its description says, whatever is edited above."""
    found = sum(not element.tag.is_private for element in ds) if corpus == "A" else len(ds)
    if abs(found - _TAG_COUNTS[corpus]) > 5:
        raise AssertionError(f"corpus {corpus} has {found} attributes, not {_TAG_COUNTS[corpus]}")


def _add_siemens_blocks(ds: Dataset, series: int, number: int) -> None:
    """Add private blocks laid out as this vendor's: many small elements, two large CSA headers."""
    header = ds.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    header.add_new(0x08, "CS", "IMAGE NUM 4")
    header.add_new(0x0B, "DS", f"{number * 1.5:.1f}")
    header.add_new(0x0F, "SH", "Normal")
    header.add_new(0x12, "SL", [0, 0, -1120 - number])
    header.add_new(0x15, "FD", [0.0, -120.5, 220.25 - number])
    header.add_new(0x29, "FD", [0.0, 1107.5, 2215.0, 55.0 + number])
    csa = ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    csa.add_new(0x08, "CS", "IMAGE NUM 4")
    csa.add_new(0x09, "LO", "20210315")
    csa.add_new(0x10, "OB", _csa_image_header(series, number))
    csa.add_new(0x18, "CS", "MR")
    csa.add_new(0x19, "LO", "20210315")
    csa.add_new(0x20, "OB", _csa_series_header(series))
    medcom = ds.private_block(0x0029, "SIEMENS MEDCOM HEADER2", create=True)
    medcom.add_new(0x60, "LO", "com")
    shown = ds.private_block(0x0051, "SIEMENS MR HEADER", create=True)
    for place, value in enumerate(("IMAGE NUM 4", "20210315", "TA 02:41", f"SP H{number}.3")):
        shown.add_new(0x08 + place, "LO", value)
    for place, value in enumerate(("308*308s", "FoV 220*220", "SP;Sag", "NORM", "C:SP4-6")):
        shown.add_new(0x12 + place, "SH", value)
    workflow = ds.private_block(0x0095, "SIEMENS MR BENCH WORKFLOW", create=True)
    step = _item({"SeriesDescription": f"bench series {series}", "SeriesInstanceUID": _uid(series)})
    workflow.add_new(0x06, "SQ", Sequence([step]))


_CSA_TAGS: Final = (
    "EchoLinePosition",
    "UsedChannelMask",
    "MeasDuration",
    "SliceMeasurementDuration",
    "TimeAfterStart",
    "B_value",
    "DiffusionDirectionality",
    "DiffusionGradientDirection",
    "PhaseEncodingDirectionPositive",
    "RealDwellTime",
    "SlicePosition_PCS",
    "ImaCoilString",
    "MosaicRefAcqTimes",
)


def _csa_image_header(series: int, number: int) -> bytes:
    """Return a header in the layout of CSA2: named tags of six items each."""
    values = {
        "TimeAfterStart": [f"{number * 1.5:.4f}"],
        "B_value": [str(1000 * (number % 2))] if series == _SERIES else [],
        "SlicePosition_PCS": ["0.0", "-120.5", f"{220.25 - number:.6f}"],
        "RealDwellTime": ["10200"],
        "PhaseEncodingDirectionPositive": ["1"],
    }
    count = 1 + _IMAGE_HEADER_BYTES // (84 + 6 * 16)
    parts = [b"SV10\x04\x03\x02\x01", struct.pack("<2i", count, 77)]
    for place in range(count):
        name = _CSA_TAGS[place] if place < len(_CSA_TAGS) else f"BenchTag{place}"
        parts.append(struct.pack("<64si4s3i", name.encode(), 1, b"FD", 4, 6, 77))
        items = [value.encode() + b"\x00" for value in values.get(name, [])]
        for item in items + [b""] * (6 - len(items)):
            padded = item.ljust(-(-len(item) // 4) * 4, b"\x00")
            parts.append(struct.pack("<4i", len(item), len(item), 77, len(item)) + padded)
    return b"".join(parts)


@lru_cache(maxsize=2 * _SERIES)
def _csa_series_header(series: int) -> bytes:
    """Return what a CSA series header mostly is: the protocol as text, numbers in it."""
    lines = [f'tPatientName = "Quill^Benchmark^Invented"\ntProtocol = "{series}"\n']
    length = len(lines[0])
    place = 0
    while length < _SERIES_HEADER_BYTES:
        position = (place * 7919 + series) % 1_000_003
        line = f"sSliceArray.asSlice[{place}].sPosition.dSag = {position / 997:.6f}\n"
        lines.append(line)
        length += len(line)
        place += 1
    return (b"SV10\x04\x03\x02\x01" + "".join(lines).encode())[:_SERIES_HEADER_BYTES]


def _multiframe_instance(number: int, frames: int) -> Dataset:
    ds = _item({**_PATIENT_AND_STUDY, "SOPClassUID": EnhancedMRImageStorage, "Modality": "MR"})
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M", "NONE"]
    ds.SOPInstanceUID, ds.StudyInstanceUID = _uid(8, frames, number), _uid(0)
    ds.SeriesInstanceUID, ds.FrameOfReferenceUID = _uid(8, frames), _uid(0, 9)
    ds.SeriesNumber, ds.InstanceNumber = 8, number
    ds.SeriesTime = ds.ContentTime = _clock(4800)
    ds.AcquisitionDateTime = "20210315102000.125000"
    ds.Rows = ds.Columns = _FRAME_SIDE
    ds.NumberOfFrames = frames
    ds.SharedFunctionalGroupsSequence = Sequence([_shared_groups()])
    ds.PerFrameFunctionalGroupsSequence = Sequence(
        [_frame_groups(number, frame) for frame in range(1, frames + 1)]
    )
    ds.PixelData = _pixels(number, _FRAME_SIDE, frames)
    return ds


def _shared_groups() -> Dataset:
    measures = _item({"PixelSpacing": ["6.8", "6.8"], "SliceThickness": "3"})
    plane = _item({"ImageOrientationPatient": ["0", "1", "0", "0", "0", "-1"]})
    timing = _item({"RepetitionTime": "3500", "FlipAngle": "160", "EchoTrainLength": "17"})
    return _item(
        {
            "PixelMeasuresSequence": Sequence([measures]),
            "PlaneOrientationSequence": Sequence([plane]),
            "MRTimingAndRelatedParametersSequence": Sequence([timing]),
            "ReferencedImageSequence": Sequence([_reference(MRImageStorage, _uid(9, 1, 1))]),
        }
    )


def _frame_groups(number: int, frame: int) -> Dataset:
    acquired = f"202103151020{frame // 10 % 60:02d}.{frame % 1000:03d}000"
    content = {
        "FrameAcquisitionDateTime": acquired,
        "FrameReferenceDateTime": acquired,
        "FrameAcquisitionDuration": 3500.0,
        "StackID": "1",
        "InStackPositionNumber": frame,
        "DimensionIndexValues": [1, frame],
        "FrameComments": f"frame {frame} for Invented",
    }
    echo = {"EffectiveEchoTime": 102.0}
    position = {"ImagePositionPatient": [f"{frame * 3.3:.4f}", "-120.5", "220.25"]}
    window = {"WindowCenter": str(300 + frame % 40), "WindowWidth": "700"}
    source = _reference(MRImageStorage, _uid(9, number, frame))
    source.PurposeOfReferenceCodeSequence = Sequence([_code("121322", "Source image", "DCM")])
    groups = _item(
        {
            "FrameContentSequence": Sequence([_item(content)]),
            "MREchoSequence": Sequence([_item(echo)]),
            "PlanePositionSequence": Sequence([_item(position)]),
            "FrameVOILUTSequence": Sequence([_item(window)]),
            "DerivationImageSequence": Sequence(
                [
                    _item(
                        {
                            "DerivationDescription": "none",
                            "DerivationCodeSequence": Sequence([_code("113040", "Lossy", "DCM")]),
                            "SourceImageSequence": Sequence([source]),
                        }
                    )
                ]
            ),
        }
    )
    block = groups.private_block(0x0021, "SIEMENS MR SDI 02", create=True)
    inner = _item({"ImageComments": f"frame {frame}"})
    private = inner.private_block(0x0021, "SIEMENS MR SDI 02", create=True)
    private.add_new(0x58, "SH", f"SP H{frame}.3")
    private.add_new(0x80, "OB", bytes(range(256)))
    block.add_new(0xFE, "SQ", Sequence([inner]))
    return groups
