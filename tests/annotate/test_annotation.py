from __future__ import annotations

from dataclasses import replace

import pytest
from pydicom import dcmread

from casepack.annotate.annotation import annotate
from casepack.annotate.measure import measure_lesions
from casepack.errors import CaseError, TargetError
from casepack.standard.uids import IMPLEMENTATION_CLASS_UID
from tests.annotate.drawings import (
    enhanced_study,
    lesion,
    on_frame,
    outline,
)
from tests.annotate.reading import TITLE, annotated, digests, objects
from tests.builders import deidentified


def test_each_study_gets_a_series_of_each_kind(tmp_path):
    before = deidentified(tmp_path)
    after = annotated(before, lesion(), lesion(tracking_id="lesion-2"))
    assert len(after.studies) == 2
    for old, new in zip(before.studies, after.studies, strict=True):
        assert new.series[:2] == old.series
        assert [(series.modality, series.number) for series in new.series[2:]] == [
            ("KO", 3),
            ("SR", 4),
            ("SEG", 5),
            ("PR", 6),
        ]
        for series in new.series[2:]:
            # one Key Object Selection for all lesions
            numbers = [1] if series.modality == "KO" else [1, 2]
            assert [instance.number for instance in series.instances] == numbers
            for instance in series.instances:
                assert instance.path == (
                    tmp_path
                    / "CASE0001"
                    / new.study_instance_uid
                    / series.series_instance_uid
                    / f"{instance.sop_instance_uid}.dcm"
                )
                ds = dcmread(instance.path)
                assert ds.StudyInstanceUID == new.study_instance_uid
                assert ds.SeriesInstanceUID == series.series_instance_uid
                assert ds.SOPInstanceUID == instance.sop_instance_uid
                assert ds.SOPClassUID == instance.sop_class_uid
                assert ds.file_meta.MediaStorageSOPInstanceUID == instance.sop_instance_uid
                assert ds.file_meta.TransferSyntaxUID == instance.transfer_syntax_uid
                assert ds.file_meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID
                assert (ds.Modality, ds.SeriesNumber) == (series.modality, series.number)
                assert ds.InstanceNumber == instance.number
    assert after.record == before.record


def test_study_without_a_lesion_gets_nothing(tmp_path):
    before = deidentified(tmp_path)
    after = annotated(before, lesion(outline(time_point=2), evaluations=()))
    assert after.studies[0] == before.studies[0]
    assert len(after.studies[1].series) == 6
    assert annotate(before, (), title=TITLE, software_version="0.1.0") == before


def test_series_numbers_follow_the_highest_or_fill_gaps_at_the_limit(tmp_path):
    before = deidentified(tmp_path, studies=1)
    for highest, expected in [
        (700, [701, 702, 703, 704]),
        (2**31 - 1, [2, 3, 4, 5]),
        (None, [2, 3, 4, 5]),
    ]:
        study = before.studies[0]
        last = replace(study.series[1], number=highest)
        studies = replace(
            before, studies=(replace(study, series=(study.series[0], last)),), root=tmp_path
        )
        after = annotated(studies, lesion(outline(), evaluations=()))
        assert [series.number for series in after.studies[0].series[2:]] == expected
        for series in after.studies[0].series[2:]:
            series.instances[0].path.unlink()


def test_two_runs_give_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        annotated(deidentified(tmp_path / name))
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert len(digests(tmp_path / "one")) == 12 + 8


def test_edited_lesion_is_another_instance_in_the_same_series(tmp_path):
    one = annotated(deidentified(tmp_path / "one"))
    two = annotated(deidentified(tmp_path / "two"), lesion(label="Something else"))
    for old, new in zip(objects(one), objects(two), strict=True):
        assert old.SOPInstanceUID != new.SOPInstanceUID
        assert old.SeriesInstanceUID == new.SeriesInstanceUID


def test_annotating_twice_is_refused_and_changes_nothing(tmp_path):
    before = deidentified(tmp_path)
    annotated(before)
    kept = digests(tmp_path)
    with pytest.raises(TargetError, match="already"):
        annotated(before)
    assert digests(tmp_path) == kept


def test_lesion_measured_elsewhere_is_refused(tmp_path):
    here, there = deidentified(tmp_path / "here"), enhanced_study(tmp_path / "there")
    drawn = lesion(
        outline(on_frame(2, (20, 20), (40, 20), (30, 40)), series_number=7), evaluations=()
    )
    with pytest.raises(CaseError, match="not measured on these studies"):
        annotate(here, measure_lesions(there, [drawn]), title="", software_version="0.1.0")


def test_folder_that_cannot_be_written_is_a_target_error(tmp_path):
    studies = deidentified(tmp_path)
    lesions = measure_lesions(studies, [lesion()])
    preview = annotate(studies, lesions, title=TITLE, software_version="0.1.0")
    series = preview.studies[0].series[2]
    series.instances[0].path.unlink()
    for instance in preview.instances:
        if instance not in studies.instances and instance.path.exists():
            instance.path.unlink()
    series.instances[0].path.parent.rmdir()
    series.instances[0].path.parent.write_text("in the way")
    with pytest.raises(TargetError, match="cannot be written"):
        annotate(studies, lesions, title=TITLE, software_version="0.1.0")


def test_flat_folder_takes_the_objects_at_its_root(tmp_path):
    studies = deidentified(tmp_path, studies=1, series=1)
    flat = tmp_path / "CASE0001" / studies.studies[0].study_instance_uid
    flat = flat / studies.studies[0].series[0].series_instance_uid
    result = annotated(replace(studies, root=flat), lesion(outline(), evaluations=()))
    path = result.studies[0].series[-1].instances[0].path
    assert path.parent.parent.parent == flat
    assert path.exists()


def test_image_outside_the_root_is_refused(tmp_path):
    studies = replace(deidentified(tmp_path / "one"), root=tmp_path / "two")
    with pytest.raises(TargetError, match="outside the folder"):
        annotated(studies)
