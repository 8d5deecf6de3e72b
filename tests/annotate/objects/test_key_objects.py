from __future__ import annotations

import highdicom as hd
import pytest

from casepack.annotate.annotation import annotate
from casepack.annotate.measure import measure_lesions
from tests.annotate.drawings import (
    ellipse,
    lesion,
    outline,
)
from tests.annotate.reading import annotated, objects, walk
from tests.annotate.test_masks import ball, grid_of, mask_of, only_mask
from tests.builders import deidentified


def test_key_objects_are_for_publication_and_name_the_key_images(tmp_path):
    result = annotated(
        deidentified(tmp_path),
        lesion(outline(), outline(series_number=2), outline(ellipse(4.0)), evaluations=()),
    )
    (ds,) = objects(result, "KO")
    title = ds.ConceptNameCodeSequence[0]
    assert (title.CodeValue, title.CodingSchemeDesignator) == ("128714", "DCM")
    images = [item for item in ds.ContentSequence if item.ValueType == "IMAGE"]
    first, second = result.studies[0].series[:2]
    expected = {
        first.instances[1].sop_instance_uid,
        second.instances[1].sop_instance_uid,
        first.instances[2].sop_instance_uid,
    }
    assert {item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in images} == expected
    assert all("ReferencedFrameNumber" not in item.ReferencedSOPSequence[0] for item in images)
    # PixelMed's DicomSRValidator finds a concept name forbidden here
    assert all("ConceptNameCodeSequence" not in item for item in images)


def test_evidence_of_each_report_is_complete_and_stays_in_its_study(tmp_path):
    result = annotated(deidentified(tmp_path), lesion(outline(), outline(time_point=2)))
    for study, ds in zip(result.studies, objects(result, "SR"), strict=True):
        (evidence,) = ds.CurrentRequestedProcedureEvidenceSequence
        assert evidence.StudyInstanceUID == study.study_instance_uid
        (series,) = evidence.ReferencedSeriesSequence
        assert series.SeriesInstanceUID == study.series[0].series_instance_uid
        (image,) = series.ReferencedSOPSequence
        assert image.ReferencedSOPInstanceUID == study.series[0].instances[1].sop_instance_uid
        assert "PertinentOtherEvidenceSequence" not in ds
        referenced = {
            element.value for element in walk(ds) if element.keyword == "ReferencedSOPInstanceUID"
        }
        assert referenced == {study.series[0].instances[1].sop_instance_uid}


def tree(items) -> set[tuple[str, str, str]]:
    return {
        (study.StudyInstanceUID, series.SeriesInstanceUID, each.ReferencedSOPInstanceUID)
        for study in items
        for series in study.ReferencedSeriesSequence
        for each in series.ReferencedSOPSequence
    }


def test_key_objects_of_all_studies_are_one_document_in_copies(tmp_path):
    result = annotated(deidentified(tmp_path), lesion(outline(), outline(time_point=2)))
    one, other = objects(result, "KO")
    assert one.ContentSequence == other.ContentSequence
    images = {
        (
            study.study_instance_uid,
            study.series[0].series_instance_uid,
            study.series[0].instances[1].sop_instance_uid,
        )
        for study in result.studies
    }
    for ds, copy in ((one, other), (other, one)):
        assert tree(ds.CurrentRequestedProcedureEvidenceSequence) == images
        assert tree(ds.IdenticalDocumentsSequence) == {
            (copy.StudyInstanceUID, copy.SeriesInstanceUID, copy.SOPInstanceUID)
        }
    alone = annotated(deidentified(tmp_path / "b"), lesion(outline(), evaluations=()))
    assert "IdenticalDocumentsSequence" not in objects(alone, "KO")[0]


def test_the_key_images_of_all_lesions_are_one_document(tmp_path):
    """One lesion is seen in the first study alone, one in the second, as a mask."""
    studies = deidentified(tmp_path)
    affine, shape = grid_of(studies, study=1)
    mask = mask_of(ball(affine, shape, (4, 5, 1), 5.0), affine, time_point=2)
    one = lesion(outline(), evaluations=())
    other = only_mask(mask, tracking_id="lesion-2", label="Second")
    result = annotated(studies, one, other)
    first, second = objects(result, "KO")
    assert first.ContentSequence == second.ContentSequence
    listed = tree(first.CurrentRequestedProcedureEvidenceSequence)
    assert {entry[0] for entry in listed} == {study.study_instance_uid for study in result.studies}
    texts = [item.TextValue for item in first.ContentSequence if item.ValueType == "TEXT"]
    assert any(one.label in text and "Second" in text for text in texts)
    shown = [item for item in first.ContentSequence if item.ValueType == "IMAGE"]
    assert len(shown) == len(listed) == 2


@pytest.mark.parametrize(
    ("export", "title"),
    [
        ("publication", ("128714", "DCM")),
        ("teaching-file", ("128710", "DCM")),
        ("mirc", ("TCE001", "IHERADTF")),
    ],
)
def test_title_is_that_of_the_export(tmp_path, export, title):
    studies = deidentified(tmp_path, studies=1)
    result = annotate(
        studies,
        measure_lesions(studies, [lesion(outline(), evaluations=())]),
        title="",
        software_version="0.1.0",
        export=export,
    )
    (ds,) = objects(result, "KO")
    code = ds.ConceptNameCodeSequence[0]
    assert (code.CodeValue, code.CodingSchemeDesignator) == title


def test_references_of_key_objects_resolve_in_highdicom(tmp_path):
    result = annotated(deidentified(tmp_path))
    for study, ds in zip(result.studies, objects(result, "KO"), strict=True):
        keys = hd.ko.KeyObjectSelectionDocument.from_dataset(ds)
        series, image = study.series[0], study.series[0].instances[1]
        assert keys.resolve_reference(image.sop_instance_uid) == (
            study.study_instance_uid,
            series.series_instance_uid,
            image.sop_instance_uid,
        )
        assert len(keys.content.get_references()) == 2


def test_description_holds_title_and_label_in_any_script(tmp_path):
    result = annotated(deidentified(tmp_path), lesion(label="Œdème, 脊髄"), title="Fall № 1")
    texts = [
        next(
            item.TextValue
            for item in ds.ContentSequence
            if item.ValueType == "TEXT" and item.ConceptNameCodeSequence[0].CodeValue == "113012"
        )
        for ds in objects(result, "KO")
    ]
    assert texts == ["Fall № 1; Œdème, 脊髄"] * 2
    assert all(ds.SpecificCharacterSet == "ISO_IR 192" for ds in objects(result))
