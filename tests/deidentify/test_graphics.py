"""Clean Graphics: presentation states, overlays, and labels of segments and structures."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID

from casepack.errors import StudyError
from casepack.model import Reason
from tests.builders import mr_instance
from tests.deidentify.plans import CLASSES, recipe
from tests.deidentify.reports import code, reference
from tests.deidentify.running import deidentify_bytes, deidentify_dataset, from_bytes, to_bytes

NAME = "Knatterton"
GRAPHICS = recipe("CleanGraphics", "RetainLongitudinalModifiedDates")
"""Without Clean Descriptors."""
needs_validators = pytest.mark.skipif(
    not os.environ.get("CI") and not (shutil.which("dciodvfy") and shutil.which("dcmpschk")),
    reason="dciodvfy or dcmpschk is not installed",
)


def layer(name: str, order: int, description: str = "") -> Dataset:
    ds = Dataset()
    ds.GraphicLayer, ds.GraphicLayerOrder = name, order
    if description:
        ds.GraphicLayerDescription = description
    return ds


def annotation(name: str, text: str, uid: str) -> Dataset:
    ds = Dataset()
    ds.GraphicLayer = name
    ds.ReferencedImageSequence = [reference(uid)]
    shape = Dataset()
    shape.GraphicAnnotationUnits = "PIXEL"
    shape.GraphicDimensions, shape.NumberOfGraphicPoints = 2, 3
    shape.GraphicData = [1.5, 2.5, 10, 2.5, 1.5, 2.5]
    shape.GraphicType, shape.GraphicFilled = "POLYLINE", "N"
    ds.GraphicObjectSequence = [shape]
    label = Dataset()
    label.AnchorPointAnnotationUnits = "PIXEL"
    label.UnformattedTextValue = text
    label.AnchorPoint, label.AnchorPointVisibility = [5, 6], "Y"
    ds.TextObjectSequence = [label]
    return ds


def presentation_state(image: Dataset, *drawn: tuple[str, str], **attributes: Any) -> Dataset:
    """Return a GSPS on an image, with (Graphic Layer, text) for each annotation."""
    ds = Dataset()
    ds.file_meta = mr_instance().file_meta
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = UID(CLASSES["GSPS"])
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = UID("1.2.3.4.11")
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "StudyDate", "StudyTime"):
        setattr(ds, keyword, image.get(keyword))
    ds.PatientBirthDate, ds.PatientSex, ds.AccessionNumber, ds.StudyID = "19510203", "F", "", "1"
    ds.ReferringPhysicianName = f"{NAME}^Nick"
    ds.Modality, ds.SeriesInstanceUID, ds.SeriesNumber, ds.InstanceNumber = "PR", "1.2.3.11", 9, 1
    ds.Manufacturer, ds.ManufacturerModelName, ds.Laterality = "Nobody", "Drawer", ""
    ds.DeviceSerialNumber, ds.SoftwareVersions = "SN123987", "1"
    ds.ContentLabel = "LESION"
    ds.ContentDescription = f"Mass, drawn by {NAME}"
    ds.ContentCreatorName = f"{NAME}^Nick"
    ds.PresentationCreationDate, ds.PresentationCreationTime = "20240109", "101500"
    series = Dataset()
    series.SeriesInstanceUID = image.SeriesInstanceUID
    series.ReferencedImageSequence = [reference(str(image.SOPInstanceUID))]
    ds.ReferencedSeriesSequence = [series]
    names = list(dict.fromkeys(name for name, _ in drawn))
    ds.GraphicLayerSequence = [layer(name, place) for place, name in enumerate(names, 1)]
    ds.GraphicAnnotationSequence = [
        annotation(name, text, str(image.SOPInstanceUID)) for name, text in drawn
    ]
    area = Dataset()
    area.ReferencedImageSequence = [reference(str(image.SOPInstanceUID))]
    area.DisplayedAreaTopLeftHandCorner = [1, 1]
    area.DisplayedAreaBottomRightHandCorner = [48, 64]
    area.PresentationSizeMode = "SCALE TO FIT"
    area.PresentationPixelAspectRatio = [1, 1]
    ds.DisplayedAreaSelectionSequence = [area]
    window = Dataset()
    window.ReferencedImageSequence = [reference(str(image.SOPInstanceUID))]
    window.WindowCenter, window.WindowWidth = 400, 800
    window.WindowCenterWidthExplanation = f"as {NAME} likes it"
    ds.SoftcopyVOILUTSequence = [window]
    ds.PresentationLUTShape = "IDENTITY"
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def image_of_doe(**attributes: Any) -> Dataset:
    return mr_instance(**({"PatientName": "Doe^Jane", "PatientID": "4711-A"} | attributes))


DRAWN = (("LESION", f"Metastasis, seen by {NAME}"), ("KNATTERTON", "Oedema D6"), ("LESION", NAME))
PLANTED = (NAME, NAME.upper(), "19510203", "20240109", "SN123987", "1.2.3.4.11")


def deidentified_state(
    folder: Path, using: Any = "publication"
) -> tuple[Dataset, Dataset, dict[str, str]]:
    """Return the presentation state and the image, de-identified, and the UIDs old to new."""
    image = image_of_doe()
    contents = [to_bytes(image), to_bytes(presentation_state(image, *DRAWN))]
    deidentified, crosswalk = deidentify_bytes(contents, folder, using)
    found = {
        instance.sop_class_uid: from_bytes(instance.path.read_bytes())
        for instance in deidentified.instances
    }
    return found[CLASSES["GSPS"]], found[CLASSES["MR"]], dict(crosswalk.uids)


@pytest.mark.parametrize("using", ["publication", GRAPHICS], ids=["publication", "graphics-alone"])
def test_nothing_planted_is_left(tmp_path: Path, using: Any) -> None:
    original = to_bytes(presentation_state(image_of_doe(), *DRAWN))
    assert [value for value in PLANTED if value.encode() in original] == list(PLANTED)
    deidentified, _ = deidentify_bytes(original, tmp_path, using)
    content = deidentified.instances[0].path.read_bytes()
    assert [value for value in PLANTED if value.encode() in content] == []


def test_text_is_cleaned_and_shapes_stay(tmp_path: Path) -> None:
    state, _, _ = deidentified_state(tmp_path)
    texts = [
        one.TextObjectSequence[0].UnformattedTextValue for one in state.GraphicAnnotationSequence
    ]
    assert texts[0].startswith("Metastasis")
    assert texts[1:] == ["Oedema D6", "REMOVED"]
    for one in state.GraphicAnnotationSequence:
        shape, label = one.GraphicObjectSequence[0], one.TextObjectSequence[0]
        assert list(shape.GraphicData) == [1.5, 2.5, 10, 2.5, 1.5, 2.5]
        assert (shape.GraphicType, list(label.AnchorPoint)) == ("POLYLINE", [5, 6])
    assert state.ContentDescription == "Mass"
    assert state.ContentLabel == "LESION"
    assert state.SoftcopyVOILUTSequence[0].WindowCenter == 400


def test_without_clean_descriptors_text_says_nothing(tmp_path: Path) -> None:
    state, _, _ = deidentified_state(tmp_path, GRAPHICS)
    texts = {
        one.TextObjectSequence[0].UnformattedTextValue for one in state.GraphicAnnotationSequence
    }
    assert texts == {"REMOVED"}
    assert state.ContentLabel == "REMOVED"
    assert len({one.GraphicLayer for one in state.GraphicLayerSequence}) == 2


def test_layers_keep_their_annotations(tmp_path: Path) -> None:
    state, _, _ = deidentified_state(tmp_path)
    lesion, other = [one.GraphicLayer for one in state.GraphicLayerSequence]
    assert lesion == "LESION"
    assert other.startswith("LAYER_")
    assert [one.GraphicLayer for one in state.GraphicAnnotationSequence] == [lesion, other, lesion]


def test_references_lead_to_the_image(tmp_path: Path) -> None:
    state, image, _ = deidentified_state(tmp_path)
    series = state.ReferencedSeriesSequence[0]
    assert series.SeriesInstanceUID == image.SeriesInstanceUID
    holders = [
        series,
        *state.GraphicAnnotationSequence,
        *state.DisplayedAreaSelectionSequence,
        *state.SoftcopyVOILUTSequence,
    ]
    uids = {one.ReferencedImageSequence[0].ReferencedSOPInstanceUID for one in holders}
    assert uids == {image.SOPInstanceUID}


def test_a_shutter_drawn_in_an_overlay_is_held(tmp_path: Path) -> None:
    image = image_of_doe()
    state = presentation_state(image, *DRAWN, ShutterShape="BITMAP", ShutterOverlayGroup=0x6000)
    _, crosswalk = deidentify_bytes([to_bytes(image), to_bytes(state)], tmp_path)
    assert [unused.reason for unused in crosswalk.unused] == [Reason.GRAPHICS]


@pytest.mark.parametrize("using", ["basic", "strict", "tcia"])
def test_without_the_option_presentation_states_are_held(tmp_path: Path, using: str) -> None:
    with pytest.raises(StudyError, match="every instance was held"):
        deidentify_dataset(presentation_state(image_of_doe(), *DRAWN), tmp_path, using)


def test_overlays_and_curves_go_whole_and_the_option_is_claimed(tmp_path: Path) -> None:
    image = image_of_doe()
    image.add_new(0x60000010, "US", 64)
    image.add_new(0x60000011, "US", 48)
    image.add_new(0x60000022, "LO", NAME)
    image.add_new(0x60000040, "CS", "G")
    image.add_new(0x60000050, "SS", [1, 1])
    image.add_new(0x60000100, "US", 1)
    image.add_new(0x60000102, "US", 0)
    image.add_new(0x60003000, "OW", b"\xff" * 384)
    image.add_new(0x50003000, "OW", b"\xff" * 4)
    found = deidentify_dataset(image, tmp_path)
    assert [element.tag for element in found if element.tag.group in {0x6000, 0x5000}] == []
    codes = [one.CodeValue for one in found.DeidentificationMethodCodeSequence]
    assert {"113103", "113104"} <= set(codes)
    assert found.PixelData == image.PixelData


@needs_validators
@pytest.mark.parametrize("using", ["publication", GRAPHICS], ids=["publication", "graphics-alone"])
def test_dcmpschk_and_dciodvfy_have_nothing_new_to_say(tmp_path: Path, using: Any) -> None:
    before = tmp_path / "original.dcm"
    before.write_bytes(to_bytes(presentation_state(image_of_doe(), *DRAWN)))
    deidentified, _ = deidentify_bytes(before.read_bytes(), tmp_path, using)
    after = deidentified.instances[0].path
    for program in (["dcmpschk"], ["dciodvfy", "-new"]):
        runs = [
            subprocess.run([*program, str(path)], capture_output=True, check=False)
            for path in (before, after)
        ]
        assert [run.returncode for run in runs] == [0, 0]
        errors = [
            line
            for line in (runs[1].stdout + runs[1].stderr).decode("utf-8", "replace").splitlines()
            if line.startswith(("Error", "E:", "F:"))
        ]
        assert errors == []


# ---------------------------------------------------------------- segments and structures


def segmentation(image: Dataset, label: str, description: str) -> Dataset:
    """Return a SEG of one segment and one frame on an image."""
    ds = mr_instance()
    for keyword in ("ImageType", "ScanningSequence", "SequenceVariant", "ScanOptions", "EchoTime"):
        delattr(ds, keyword)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = UID(CLASSES["SEG"])
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.4.66")
    ds.PatientName, ds.PatientID, ds.Modality = image.PatientName, image.PatientID, "SEG"
    ds.ContentLabel, ds.ContentDescription = "SEGMENT", f"drawn by {NAME}"
    ds.ContentCreatorName, ds.SegmentationType = f"{NAME}^Nick", "BINARY"
    ds.ReferringPhysicianName = f"{NAME}^Nick"
    segment = Dataset()
    segment.SegmentNumber, segment.SegmentLabel = 1, label
    segment.SegmentDescription, segment.SegmentAlgorithmType = description, "MANUAL"
    segment.SegmentedPropertyCategoryCodeSequence = [
        code(("49755003", "SCT", "Morphologically Altered Structure"))
    ]
    segment.SegmentedPropertyTypeCodeSequence = [code(("4147007", "SCT", "Mass"))]
    segment.TrackingID, segment.TrackingUID = f"{NAME} lesion 1", "1.2.77.5"
    ds.SegmentSequence = [segment]
    series = Dataset()
    series.SeriesInstanceUID = image.SeriesInstanceUID
    series.ReferencedInstanceSequence = [reference(str(image.SOPInstanceUID))]
    ds.ReferencedSeriesSequence = [series]
    source = reference(str(image.SOPInstanceUID))
    source.PurposeOfReferenceCodeSequence = [
        code(("121322", "DCM", "Source image for image processing operation"))
    ]
    derivation, frame = Dataset(), Dataset()
    derivation.DerivationCodeSequence = [code(("113076", "DCM", "Segmentation"))]
    derivation.SourceImageSequence = [source]
    frame.DerivationImageSequence = [derivation]
    ds.PerFrameFunctionalGroupsSequence = [frame]
    ds.NumberOfFrames = 1
    return ds


def test_labels_of_segments_are_cleaned_and_references_lead_to_the_image(tmp_path: Path) -> None:
    image = image_of_doe()
    seg = segmentation(image, f"Metastasis {NAME}", f"Mass at D12, Dr. {NAME}")
    assert NAME.encode() in to_bytes(seg)
    deidentified, crosswalk = deidentify_bytes([to_bytes(image), to_bytes(seg)], tmp_path)
    (path,) = (one.path for one in deidentified.instances if one.sop_class_uid == CLASSES["SEG"])
    assert NAME.encode() not in path.read_bytes()
    found = from_bytes(path.read_bytes())
    (segment,) = found.SegmentSequence
    assert segment.SegmentLabel == "Metastasis"
    assert segment.SegmentDescription.startswith("Mass at D12")
    assert segment.TrackingID == "lesion 1"
    assert segment.TrackingUID == crosswalk.uids["1.2.77.5"]
    new = crosswalk.uids[str(image.SOPInstanceUID)]
    frame = found.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0]
    listed = found.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0]
    for entry in (frame.SourceImageSequence[0], listed):
        assert entry.ReferencedSOPInstanceUID == new
    assert found.PixelData == seg.PixelData


def structure_set(image: Dataset, name: str) -> Dataset:
    ds = Dataset()
    ds.file_meta = mr_instance().file_meta
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = UID(CLASSES["RTSTRUCT"])
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = UID("1.2.3.4.48")
    ds.SpecificCharacterSet = "ISO_IR 192"
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "StudyDate", "StudyTime"):
        setattr(ds, keyword, image.get(keyword))
    ds.Modality, ds.SeriesInstanceUID, ds.SeriesNumber = "RTSTRUCT", "1.2.3.48", 48
    ds.StructureSetLabel, ds.StructureSetName = f"Cord {NAME}", name
    ds.StructureSetDate, ds.StructureSetTime = "20240109", "101500"
    ds.OperatorsName = f"{NAME}^Nick"
    frame, study, series = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = image.SeriesInstanceUID
    series.ContourImageSequence = [reference(str(image.SOPInstanceUID))]
    study.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.1"
    study.ReferencedSOPInstanceUID = image.StudyInstanceUID
    study.RTReferencedSeriesSequence = [series]
    frame.FrameOfReferenceUID = image.FrameOfReferenceUID
    frame.RTReferencedStudySequence = [study]
    ds.ReferencedFrameOfReferenceSequence = [frame]
    roi = Dataset()
    roi.ROINumber, roi.ROIName, roi.ROIGenerationAlgorithm = 1, name, "MANUAL"
    roi.ReferencedFrameOfReferenceUID = image.FrameOfReferenceUID
    ds.StructureSetROISequence = [roi]
    contour, outline = Dataset(), Dataset()
    outline.ContourGeometricType, outline.NumberOfContourPoints = "CLOSED_PLANAR", 3
    outline.ContourData = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    outline.ContourImageSequence = [reference(str(image.SOPInstanceUID))]
    contour.ReferencedROINumber, contour.ContourSequence = 1, [outline]
    ds.ROIContourSequence = [contour]
    observed = Dataset()
    observed.ObservationNumber, observed.ReferencedROINumber = 1, 1
    observed.ROIObservationDescription = f"{NAME}: mass"
    observed.RTROIInterpretedType, observed.ROIInterpreter = "GTV", f"{NAME}^Nick"
    ds.RTROIObservationsSequence = [observed]
    return ds


def test_labels_of_structures_are_cleaned_and_contours_stay(tmp_path: Path) -> None:
    image = image_of_doe()
    structures = structure_set(image, f"Metastasis {NAME}")
    deidentified, crosswalk = deidentify_bytes([to_bytes(image), to_bytes(structures)], tmp_path)
    (path,) = (
        one.path for one in deidentified.instances if one.sop_class_uid == CLASSES["RTSTRUCT"]
    )
    assert NAME.encode() not in path.read_bytes()
    found = from_bytes(path.read_bytes())
    roi = found.StructureSetROISequence[0]
    assert (roi.ROIName, found.StructureSetLabel) == ("Metastasis", "Cord")
    outline = found.ROIContourSequence[0].ContourSequence[0]
    assert list(outline.ContourData) == list(range(1, 10))
    new = crosswalk.uids[str(image.SOPInstanceUID)]
    assert outline.ContourImageSequence[0].ReferencedSOPInstanceUID == new
    assert roi.ReferencedFrameOfReferenceUID == crosswalk.uids[str(image.FrameOfReferenceUID)]
    frame = found.ReferencedFrameOfReferenceSequence[0]
    series = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
    assert series.ContourImageSequence[0].ReferencedSOPInstanceUID == new
