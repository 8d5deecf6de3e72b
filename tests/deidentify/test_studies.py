"""Many files: isolation, order, the same result from one process or two."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from casepack import workers as module
from casepack.deidentify.dataset import DataSetDeidentifier
from casepack.deidentify.dates import shift_value
from casepack.deidentify.pseudonyms import Pseudonyms
from casepack.deidentify.studies import deidentify_file_set
from casepack.encoding import IMPLICIT_LITTLE, encode_element
from casepack.errors import CasepackError, StudyError, TargetError
from casepack.model import Action, Reason
from casepack.recipe import Recipe
from casepack.study import read_file_set
from tests.builders import mr_instance
from tests.deidentify.plans import RECIPES, recipe, shipped
from tests.deidentify.running import (
    PSEUDONYMS,
    deidentify_bytes,
    file_of,
    from_bytes,
    mr_elements,
    to_bytes,
)


def study_of(instances: int) -> list[bytes]:
    """Return files of two studies, some implicit, some held, with references to one another."""
    files = []
    for number in range(instances):
        study = 1 + number % 2
        ds = mr_instance(study, 1 + number % 3, number + 1, PatientName="DOE^JANE")
        ds.PatientID = "4711-A"
        ds.ProtocolName = f"spine of Jane Doe {number}"
        ds.RealWorldValueMappingSequence = [Dataset()]
        ds.RealWorldValueMappingSequence[0].LUTLabel = f"label {number % 5}"
        ds.IrradiationEventUID = f"1.2.3.{number % 7}"
        if number % 11 == 3:
            ds.BurnedInAnnotation = "YES"
        files.append(to_bytes(ds))
    return files


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("using", RECIPES)
def test_two_workers_do_what_one_does(tmp_path: Path, using: str) -> None:
    files = study_of(70)
    one, one_crosswalk = deidentify_bytes(files, tmp_path / "1", using)
    two, two_crosswalk = deidentify_bytes(files, tmp_path / "2", using, workers=2)
    assert contents(tmp_path / "1/out") == contents(tmp_path / "2/out")
    assert one.record == two.record
    assert [i.sop_instance_uid for i in one.instances] == [
        i.sop_instance_uid for i in two.instances
    ]
    assert list(one_crosswalk.uids.items()) == list(two_crosswalk.uids.items())
    assert [(u.reason, u.sop_instance_uid) for u in one_crosswalk.unused] == [
        (u.reason, u.sop_instance_uid) for u in two_crosswalk.unused
    ]
    assert dict(one.record.unused) == {Reason.BURNED_IN: 7}


def test_the_order_of_files_changes_nothing(tmp_path: Path) -> None:
    files = study_of(24)
    one, _ = deidentify_bytes(files, tmp_path / "1")
    two, _ = deidentify_bytes(files[::-1], tmp_path / "2")
    assert contents(tmp_path / "1/out") == contents(tmp_path / "2/out")
    assert one.record == two.record


def test_uids_are_consistent_over_files_and_studies(tmp_path: Path) -> None:
    deidentified, crosswalk = deidentify_bytes(study_of(22), tmp_path)
    found = [from_bytes(instance.path.read_bytes()) for instance in deidentified.instances]
    assert len({ds.StudyInstanceUID for ds in found}) == 2
    assert len({ds.SeriesInstanceUID for ds in found}) == 6
    assert len({ds.SOPInstanceUID for ds in found}) == len(found) == 20
    assert len({ds.IrradiationEventUID for ds in found}) == 7
    assert {ds.PatientID for ds in found} == {crosswalk.patient_id_new}
    assert len(set(crosswalk.uids.values())) == len(crosswalk.uids)


def test_intervals_between_studies_are_kept(tmp_path: Path) -> None:
    deidentified, crosswalk = deidentify_bytes(study_of(4), tmp_path)
    one, two = (from_bytes(s.instances[0].path.read_bytes()) for s in deidentified.studies)
    # 2024-01-08 and 2024-04-13, moved alike
    days = crosswalk.days_into_the_past
    assert days % 7 == 0
    assert one.StudyDate == shift_value("DA", "20240108", days)
    assert two.StudyDate == shift_value("DA", "20240413", days)


def test_one_broken_file_never_stops_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = DataSetDeidentifier.deidentify

    def fail_sometimes(self: DataSetDeidentifier, buffer: bytes, elements: list[object]) -> object:
        if b"label 4" in bytes(buffer):
            raise ValueError("DOE^JANE 4711-A")
        return original(self, buffer, elements)  # type: ignore[arg-type]

    monkeypatch.setattr(DataSetDeidentifier, "deidentify", fail_sometimes)
    files = study_of(10)
    deidentified, crosswalk = deidentify_bytes(files, tmp_path)
    assert [unused.reason for unused in crosswalk.unused].count(Reason.NOT_UNDERSTOOD) == 2
    assert len(deidentified.instances) + len(crosswalk.unused) == 10
    assert "DOE" not in repr(crosswalk)


@pytest.mark.parametrize("error", [MemoryError, RecursionError, UnicodeDecodeError])
def test_any_exception_is_a_held_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(*_: object) -> object:
        raise error("ascii", b"DOE", 0, 1, "DOE") if error is UnicodeDecodeError else error("DOE")

    monkeypatch.setattr(DataSetDeidentifier, "deidentify", fail)
    with pytest.raises(StudyError, match="every instance was held"):
        deidentify_bytes(study_of(2), tmp_path)


def test_a_file_that_vanishes_or_changes_is_held(tmp_path: Path) -> None:
    files = study_of(4)
    study = tmp_path / "study"
    study.mkdir()
    for number, content in enumerate(files[:3]):
        (study / f"{number}.dcm").write_bytes(content)
    file_set = read_file_set(study)
    (study / "0.dcm").unlink()
    (study / "1.dcm").write_bytes(files[1][:-100])
    _, crosswalk = deidentify_file_set(file_set, shipped("basic"), PSEUDONYMS, tmp_path / "out")
    assert sorted(unused.reason for unused in crosswalk.unused) == [
        Reason.TRUNCATED,
        Reason.UNREADABLE,
    ]


def test_a_target_that_cannot_be_written_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(TargetError):
        deidentify_bytes(study_of(1), tmp_path)


def test_two_uids_with_one_pseudonym_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pseudonyms, "uid", lambda _self, original: f"2.25.{len(original)}")
    with pytest.raises(StudyError, match="one pseudonym"):
        deidentify_bytes(study_of(1), tmp_path)


def test_a_worker_that_is_killed_is_an_error_without_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def __init__(self, **_: object) -> None: ...

        def shutdown(self, **_: object) -> None: ...

        def map(self, _function: Callable[..., object], _chunks: object) -> list[object]:
            raise BrokenProcessPool("DOE")

    monkeypatch.setattr(module, "ProcessPoolExecutor", Broken)
    with pytest.raises(CasepackError, match="worker process") as error:
        deidentify_bytes(study_of(40), tmp_path, workers=2)
    assert "DOE" not in str(error.value)


def test_progress_is_told_to_the_end(tmp_path: Path) -> None:
    study = tmp_path / "study"
    study.mkdir()
    for number, content in enumerate(study_of(20)):
        (study / str(number)).write_bytes(content)
    seen: list[tuple[str, int, int]] = []
    deidentify_file_set(
        read_file_set(study),
        shipped("basic"),
        PSEUDONYMS,
        tmp_path / "out",
        progress=lambda *args: seen.append(args),
    )
    assert seen == [("de-identify", 16, 20), ("de-identify", 20, 20)]


def test_the_record_counts_what_was_done_by_class_and_attribute(tmp_path: Path) -> None:
    how = IMPLICIT_LITTLE
    elements = mr_elements(how) | {
        0x00090010: encode_element(0x00090010, "LO", b"ACME", how),
        0x00091001: encode_element(0x00091001, "LO", b"Jane Doe", how),
        0x00181030: encode_element(0x00181030, "LO", b"Jane Doe", how),
    }
    second = elements | {0x00080018: encode_element(0x00080018, "UI", b"1.2.3.5", how)}
    deidentified, _ = deidentify_bytes([file_of(how, elements), file_of(how, second)], tmp_path)
    record = deidentified.record
    counts = {(row.tag, row.action): (row.name, row.source, row.count) for row in record.actions}
    assert counts["(0018,1030)", Action.REMOVE] == ("Protocol Name", "E.1-1 113105", 2)
    assert counts["(odd groups)", Action.REMOVE] == ("Private Attributes", "E.1-1", 4)
    assert counts["(0008,0018)", Action.UID][2] == 2
    assert counts["(0008,0020)", Action.CLEAN] == ("Study Date", "E.1-1 113107", 2)
    assert counts["(0008,0060)", Action.KEEP] == ("Modality", "not in E.1-1", 2)
    assert record.edition == "2026d"
    assert (record.recipe, record.unused) == ("publication", ())
    assert [option.value for option in record.options] == [
        *("113101", "113103", "113104", "113105", "113107", "113108", "113111")
    ]
    assert "Jane" not in repr(record)
    assert "ACME" not in repr(record)


def test_overrides_of_a_recipe_are_in_the_record(tmp_path: Path) -> None:
    using: Recipe = recipe(
        header="KEEP ProtocolName\n", overrides="ADD Override ProtocolName reviewed by hand\n"
    )
    deidentified, _ = deidentify_bytes(study_of(1), tmp_path, using)
    assert len(deidentified.record.overrides) == 1
    assert "ProtocolName" in deidentified.record.overrides[0]
    assert "reviewed by hand" in deidentified.record.overrides[0]
