from __future__ import annotations

import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.fileset import _FOUR_LEVEL_SOP_CLASSES, FileSet
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    ComprehensiveSRStorage,
    ExplicitVRLittleEndian,
    KeyObjectSelectionDocumentStorage,
)

from casepack.model import Deidentified, Instance, Series
from casepack.package.dicomdir.fileset import (
    _encode,
    _encode_image_record,
    _instance_record,
    write_fileset,
)
from casepack.package.dicomdir.records import keys_of, read_keys, record_type
from tests.builders import deidentified, mr_instance, write_instance
from tests.package.cases import needs


def _write(tmp_path: Path, found: Deidentified, name: str = "dicom") -> tuple[Path, dict[str, str]]:
    folder = tmp_path / name
    folder.mkdir()
    return folder, dict(write_fileset(folder, found))


def _item(relationship: str, meaning: str, text: str = "", *nested: Dataset) -> Dataset:
    item = Dataset()
    item.RelationshipType = relationship
    item.ValueType = "TEXT" if text else "CODE"
    concept = Dataset()
    concept.CodeValue, concept.CodingSchemeDesignator, concept.CodeMeaning = "1", "99T", meaning
    item.ConceptNameCodeSequence = Sequence([concept])
    if text:
        item.TextValue = text
    else:
        item.ConceptCodeSequence = Sequence([concept])
    if nested:
        item.ContentSequence = Sequence(nested)
    return item


def _report(sop_class: str = ComprehensiveSRStorage, **attributes: Any) -> Dataset:
    ds = mr_instance(1, 9, 1)
    for element in list(ds):
        if element.tag.group in (0x0018, 0x0028, 0x7FE0):
            del ds[element.tag]
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = UID(sop_class)
    ds.Modality = "SR"
    ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "UNVERIFIED"
    ds.ContentDate, ds.ContentTime = "20240108", "101500"
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    ds.ConceptNameCodeSequence = _item("", "Report").ConceptNameCodeSequence
    inner = _item("HAS CONCEPT MOD", "Country", "", _item("CONTAINS", "Deep", "hidden-deep"))
    ds.ContentSequence = Sequence(
        [
            _item("HAS CONCEPT MOD", "Language", "", inner, _item("CONTAINS", "In", "hidden-in")),
            _item("HAS OBS CONTEXT", "Observer", "hidden-observer"),
            _item("CONTAINS", "Finding", "hidden-finding"),
        ]
    )
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def _with_instance(found: Deidentified, ds: Dataset, path: Path) -> Deidentified:
    write_instance(ds, path)
    instance = Instance(
        path=path,
        sop_class_uid=str(ds.SOPClassUID),
        sop_instance_uid=str(ds.SOPInstanceUID),
        transfer_syntax_uid=str(ExplicitVRLittleEndian),
        number=1,
    )
    series = Series(
        series_instance_uid=str(ds.SeriesInstanceUID),
        modality="SR",
        number=9,
        instances=(instance,),
    )
    first = replace(found.studies[0], series=(*found.studies[0].series, series))
    return replace(found, studies=(first, *found.studies[1:]))


def _replace_first(found: Deidentified, **attributes: Any) -> None:
    """Rewrite the first file of the first series, from which the upper records are made."""
    path = found.instances[0].path
    ds = dcmread(path)
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    ds.save_as(path)


def _listed(folder: Path) -> dict[str, str]:
    """SOP Instance UID to path, as pydicom finds them."""
    file_set = FileSet(folder / "DICOMDIR")
    file_set._stage["t"].cleanup()  # else it warns when it is collected
    return {str(one.SOPInstanceUID): one.path for one in file_set}


def _validate(folder: Path) -> list[str]:
    done = subprocess.run(
        ["dciodvfy", str(folder / "DICOMDIR")], capture_output=True, text=True, check=False
    )
    return [line for line in done.stderr.splitlines() if line.startswith("Error")]


def test_files_are_copied_byte_for_byte_under_names_of_eight_characters(tmp_path: Path) -> None:
    found = deidentified(tmp_path / "in")
    folder, paths = _write(tmp_path, found)
    for instance in found.instances:
        copy = folder / paths[instance.sop_instance_uid]
        assert copy.read_bytes() == instance.path.read_bytes()
        assert copy.stat().st_nlink == 1
    assert next(iter(paths.values())) == "PT000000/ST000000/SE000000/IM000000"
    assert list(paths.values())[-1] == "PT000000/ST000001/SE000001/IM000002"


def test_files_that_nobody_keeps_are_linked(tmp_path: Path) -> None:
    found = deidentified(tmp_path / "in")
    (tmp_path / "dicom").mkdir()
    for uid, path in write_fileset(tmp_path / "dicom", found, link=True).items():
        source = next(one.path for one in found.instances if one.sop_instance_uid == uid)
        assert (tmp_path / "dicom" / path).samefile(source)


def test_where_files_cannot_be_linked_they_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", fail)
    found = deidentified(tmp_path / "in")
    (tmp_path / "dicom").mkdir()
    paths = write_fileset(tmp_path / "dicom", found, link=True)
    for instance in found.instances:
        copy = tmp_path / "dicom" / paths[instance.sop_instance_uid]
        assert copy.read_bytes() == instance.path.read_bytes()
        assert copy.stat().st_nlink == 1


@pytest.mark.parametrize("number", [None, 0, 7, -12, 2147483647])
@pytest.mark.parametrize("uid", ["1.2.3", "1.2.34"])
def test_the_record_of_an_image_is_what_the_general_way_gives(
    tmp_path: Path, number: int | None, uid: str
) -> None:
    instance = replace(
        deidentified(tmp_path / "in").instances[0], number=number, sop_instance_uid=uid
    )
    keys = Dataset()
    if number is not None:
        keys.InstanceNumber = number
    path = "PT000000/ST000001/SE000002/IM000003"
    record = _instance_record("IMAGE", keys, instance, 3, path)
    assert _encode_image_record(instance, 3, path) == _encode(record)


def test_the_directory_leads_to_every_file(tmp_path: Path) -> None:
    found = deidentified(tmp_path / "in")
    folder, paths = _write(tmp_path, found)
    assert _listed(folder) == {uid: str(folder / path) for uid, path in paths.items()}


def test_the_offsets_name_the_items_that_they_mean(tmp_path: Path) -> None:
    folder, _ = _write(tmp_path, deidentified(tmp_path / "in", studies=2, series=2, slices=2))
    directory = dcmread(folder / "DICOMDIR")
    by_offset = {item.seq_item_tell: item for item in directory.DirectoryRecordSequence}
    first = directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity
    assert by_offset[first].DirectoryRecordType == "PATIENT"

    def walk(offset: int) -> list[Any]:
        found = []
        while offset:
            record = by_offset[offset]
            found.append(
                (
                    record.DirectoryRecordType,
                    walk(record.OffsetOfReferencedLowerLevelDirectoryEntity),
                )
            )
            offset = record.OffsetOfTheNextDirectoryRecord
        return found

    images: list[Any] = [("IMAGE", [])] * 2
    assert walk(first) == [("PATIENT", [("STUDY", [("SERIES", images)] * 2)] * 2)]


@needs("dciodvfy")
def test_dciodvfy_finds_no_error_and_would_find_one(tmp_path: Path) -> None:
    found = _with_instance(deidentified(tmp_path / "in"), _report(), tmp_path / "in" / "sr.dcm")
    folder, _ = _write(tmp_path, found)
    assert _validate(folder) == []
    broken = dcmread(folder / "DICOMDIR")
    del broken.DirectoryRecordSequence[0].PatientID
    broken.save_as(folder / "DICOMDIR")
    assert _validate(folder)


@needs("dcmdump")
def test_dcmtk_reads_the_directory_and_would_make_one_as_long(tmp_path: Path) -> None:
    found = _with_instance(deidentified(tmp_path / "in"), _report(), tmp_path / "in" / "sr.dcm")
    folder, _ = _write(tmp_path, found)
    ours = subprocess.run(
        ["dcmdump", "-E", str(folder / "DICOMDIR")], capture_output=True, text=True, check=True
    )
    assert "W:" not in ours.stderr
    theirs = tmp_path / "DICOMDIR"
    made = subprocess.run(
        ["dcmmkdir", "+id", str(folder), "+D", str(theirs), "PT000000", "+r"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "cannot be added" not in made.stderr
    types = [record.DirectoryRecordType for record in dcmread(theirs).DirectoryRecordSequence]
    own = [
        record.DirectoryRecordType
        for record in dcmread(folder / "DICOMDIR").DirectoryRecordSequence
    ]
    assert sorted(types) == sorted(own)


def test_of_a_report_only_the_concept_modifiers_are_in_the_record(tmp_path: Path) -> None:
    for sop_class in (ComprehensiveSRStorage, KeyObjectSelectionDocumentStorage):
        root = tmp_path / sop_class
        found = _with_instance(
            deidentified(root / "in"), _report(sop_class), root / "in" / "sr.dcm"
        )
        folder, _ = _write(root, found)
        content = (folder / "DICOMDIR").read_bytes()
        assert b"hidden" not in content
        assert b"Language" in content
        assert b"Country" in content


def test_text_beyond_ascii_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = deidentified(tmp_path / "in")
    name = "Case^0001=症例^一"
    _replace_first(
        found,
        SpecificCharacterSet=["", "ISO 2022 IR 87"],
        PatientName=name,
        StudyDescription="脊髄",
    )
    folder, _ = _write(tmp_path, found)
    records = dcmread(folder / "DICOMDIR").DirectoryRecordSequence
    assert str(records[0].PatientName) == name
    assert records[1].StudyDescription == "脊髄"
    assert records[1].SpecificCharacterSet == "ISO_IR 192"
    assert "SpecificCharacterSet" not in records[2]


@pytest.mark.parametrize(
    "keyword", ["StudyID", "StudyDate", "StudyTime", "PatientID", "SeriesNumber"]
)
@needs("dciodvfy")
def test_an_empty_attribute_gets_a_value_where_the_directory_demands_one(
    tmp_path: Path, keyword: str
) -> None:
    found = deidentified(tmp_path / "in", studies=1)
    _replace_first(found, **{keyword: ""})
    folder, _ = _write(tmp_path, found)
    assert _validate(folder) == []
    assert len(_listed(folder)) == 6


def test_an_instance_without_number_is_counted(tmp_path: Path) -> None:
    found = deidentified(tmp_path / "in", studies=1, series=1, slices=2)
    study, series = found.studies[0], found.studies[0].series[0]
    bare = tuple(replace(one, number=None) for one in series.instances)
    found = replace(found, studies=(replace(study, series=(replace(series, instances=bare),)),))
    folder, _ = _write(tmp_path, found)
    records = dcmread(folder / "DICOMDIR").DirectoryRecordSequence
    assert [r.InstanceNumber for r in records if r.DirectoryRecordType == "IMAGE"] == [1, 2]


def test_the_directory_is_repeatable(tmp_path: Path) -> None:
    found = deidentified(tmp_path / "in")
    first, _ = _write(tmp_path, found, "a")
    second, _ = _write(tmp_path, found, "b")
    assert (first / "DICOMDIR").read_bytes() == (second / "DICOMDIR").read_bytes()


def test_values_that_are_not_what_their_vr_asks_for_raise_nothing_and_warn_of_nothing(
    tmp_path: Path,
) -> None:
    found = deidentified(tmp_path / "in", studies=1, series=1)
    path = found.instances[0].path
    content = path.read_bytes()
    path.write_bytes(content.replace(b"20240108", b"not-date").replace(b"101500", b"badtim"))
    folder, _ = _write(tmp_path, found)
    assert len(_listed(folder)) == 3


def test_record_types_agree_with_pydicom() -> None:
    differing = {
        uid: kind for uid, kind in _FOUR_LEVEL_SOP_CLASSES.items() if record_type(uid) != kind
    }
    assert differing == {}
    assert record_type("1.2.840.10008.5.1.4.1.1.4") == "IMAGE"
    assert keys_of("IMAGE") == {"InstanceNumber": "1"}


def test_read_keys_leaves_the_pixels_alone(tmp_path: Path) -> None:
    found = deidentified(tmp_path / "in", studies=1, series=1, slices=1)
    keys = read_keys(found.instances[0].path, "STUDY", "SERIES")
    assert "PixelData" not in keys
    assert keys.Modality == "MR"


def test_three_thousand_instances_are_listed_well_within_five_seconds(tmp_path: Path) -> None:
    found = deidentified(tmp_path / "in", studies=1, series=1, slices=1)
    series = found.studies[0].series[0]
    one = series.instances[0]
    many = tuple(
        replace(one, sop_instance_uid=f"1.2.3.{number}", number=number) for number in range(3000)
    )
    study = replace(found.studies[0], series=(replace(series, instances=many),))
    started = time.process_time()
    folder, paths = _write(tmp_path, replace(found, studies=(study,)))
    assert time.process_time() - started < 2.5, "it takes 0.4 s; 5 s is what was promised"
    assert len(paths) == 3000
    assert len(dcmread(folder / "DICOMDIR").DirectoryRecordSequence) == 3003
