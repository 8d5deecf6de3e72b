"""Files as other programs write them, of drawings on the small studies of tests.builders."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import nrrd
import numpy as np
import slicerio
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from casepack.annotate.annotation import annotate
from casepack.annotate.measure import measure_lesions
from casepack.lesion import Lesion, MeasuredLesion
from casepack.model import Deidentified
from tests.annotate.test_masks import ball, grid_of, mask_of, only_mask

nibabel: Any = importlib.import_module("nibabel")  # its functions have no types

CANARY = "Zyxwv"
"""Stands in what messages must not quote."""


def measured(studies: Deidentified, *lesions: Lesion, **options) -> tuple[MeasuredLesion, ...]:
    return measure_lesions(studies, lesions, **options)


def ras(points) -> list[list[float]]:
    return [[-x, -y, z] for x, y, z in points]


def markups(path: Path, system: object, points, kind: str = "ClosedCurve", **more) -> Path:
    content = {
        "@schema": "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/"
        "Markups/Resources/Schema/markups-schema-v1.0.3.json#",
        "markups": [
            {
                "type": kind,
                "coordinateSystem": system,
                "coordinateUnits": "mm",
                "controlPoints": [
                    {"id": f"{number}", "position": list(point), "positionStatus": "defined"}
                    for number, point in enumerate(points, 1)
                ],
                **more,
            }
        ],
    }
    path.write_text(json.dumps(content))
    return path


def slicer_file(name: str) -> Path:
    return Path(slicerio.__file__).parent / "data" / name


def write_nrrd(path: Path, values: np.ndarray, affine: np.ndarray, space: str, **more) -> Path:
    sign = np.array([-1, -1, 1]) if space.startswith("right") else np.ones(3)
    header = {
        "space": space,
        "space directions": (affine[:, :3] * sign[:, None]).T,
        "space origin": affine[:, 3] * sign,
        **more,
    }
    nrrd.write(str(path), np.transpose(values), header)
    return path


def write_nifti(path: Path, values: np.ndarray, affine: np.ndarray, order: str = "") -> Path:
    full = np.vstack([affine, [0, 0, 0, 1]])
    image = nibabel.Nifti1Image(np.transpose(values), np.diag([-1, -1, 1, 1]) @ full)
    image.header.set_xyzt_units("mm")
    if order:
        turn = nibabel.orientations.ornt_transform(
            nibabel.io_orientation(image.affine), nibabel.orientations.axcodes2ornt(order)
        )
        image = image.as_reoriented(turn)
    nibabel.save(image, path)
    return path


def truth(studies: Deidentified) -> tuple[np.ndarray, np.ndarray, MeasuredLesion]:
    affine, shape = grid_of(studies)
    values = ball(affine, shape, (8, 5, 1), 10.0)
    return values, affine, measured(studies, only_mask(mask_of(values, affine)))[0]


def written(studies: Deidentified, modality: str, *lesions: Lesion, study: int = 0) -> Path:
    result = annotate(
        studies, measure_lesions(studies, lesions), title="", software_version="0.1.0"
    )
    found = result.studies[study].series
    series = next(each for each in found if each.modality == modality)
    return series.instances[0].path


def rt_file() -> str:
    return str(get_testdata_file("rtstruct.dcm"))


def structure_set(path: Path, contours, frame_of_reference: str) -> Path:
    source = rt_file()
    ds = dcmread(source, force=True)
    roi = ds.StructureSetROISequence[0]
    roi.ReferencedFrameOfReferenceUID, roi.ROIName = frame_of_reference, "GTV"
    roi.ROINumber = ds.ROIContourSequence[0].ReferencedROINumber
    template = ds.ROIContourSequence[0].ContourSequence[0]
    drawn = []
    for points in contours:
        item = dcmread(source, force=True).ROIContourSequence[0].ContourSequence[0]
        item.ContourGeometricType = template.ContourGeometricType
        item.ContourData = [round(value, 6) for point in points for value in point]
        item.NumberOfContourPoints = len(points)
        drawn.append(item)
    ds.ROIContourSequence[0].ContourSequence = drawn
    ds.StructureSetROISequence = [roi]
    ds.ROIContourSequence = [ds.ROIContourSequence[0]]
    ds.save_as(path, enforce_file_format=True)
    return path


def lesion_file(path: Path, **drawing: object) -> Path:
    code = {"value": "4147007", "scheme": "SCT", "meaning": "Mass"}
    content = {
        "casepack_lesions": 1, "coordinate_system": "LPS", "unit": "mm",
        "lesions": [{
            "tracking_id": "mine", "label": "Mine", "finding": code, "sites": [],
            "drawings": [drawing],
        }],
    }  # fmt: skip
    path.write_text(json.dumps(content))
    return path


def labelme(path: Path, shapes) -> Path:
    content = {"version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": "a.png",
               "imageData": None, "imageHeight": 64, "imageWidth": 48}  # fmt: skip
    path.write_text(json.dumps(content))
    return path


def coded(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def content_item(kind: str, name: Dataset, *children: Dataset, **values: object) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", kind
    item.ConceptNameCodeSequence = [name]
    for keyword, value in values.items():
        setattr(item, keyword, value)
    if children:
        item.ContentSequence = list(children)
    return item


def drawn_on(uid: str, kind: str, data: list[float]) -> Dataset:
    """Spatial coordinates without a concept name, selected from an image, as dcmjs writes them."""
    reference = Dataset()
    reference.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    reference.ReferencedSOPInstanceUID = uid
    image = Dataset()
    image.RelationshipType, image.ValueType = "SELECTED FROM", "IMAGE"
    image.ReferencedSOPSequence = [reference]
    item = Dataset()
    item.RelationshipType, item.ValueType, item.GraphicType = "INFERRED FROM", "SCOORD", kind
    item.GraphicData, item.ContentSequence = data, [image]
    return item
