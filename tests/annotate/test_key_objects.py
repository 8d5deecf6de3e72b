from __future__ import annotations

import highdicom as hd

from tests.annotate.drawings import (
    ellipse,
    lesion,
    outline,
)
from tests.annotate.reading import annotated, objects, walk
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


def test_evidence_of_each_object_is_complete_and_stays_in_its_study(tmp_path):
    result = annotated(deidentified(tmp_path), lesion(outline(), outline(time_point=2)))
    for study, ds in zip(
        [study for study in result.studies for _ in range(2)], objects(result), strict=True
    ):
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
        assert len(keys.content.get_references()) == 1


def test_description_holds_title_label_and_time_point_in_any_script(tmp_path):
    result = annotated(deidentified(tmp_path), lesion(label="Œdème, 脊髄"), title="Fall № 1")
    texts = [
        next(
            item.TextValue
            for item in ds.ContentSequence
            if item.ValueType == "TEXT" and item.ConceptNameCodeSequence[0].CodeValue == "113012"
        )
        for ds in objects(result, "KO")
    ]
    assert texts == [f"Fall № 1; Œdème, 脊髄; time point {number}" for number in (1, 2)]
    assert all(ds.SpecificCharacterSet == "ISO_IR 192" for ds in objects(result))
