"""One file in, one file out: where it goes, what is left when it fails, what an error says."""

from __future__ import annotations

import pickle
import traceback
from pathlib import Path

import pytest

from casepack.deidentify import instance as module
from casepack.deidentify.actions import Context
from casepack.deidentify.instance import InstanceDeidentifier
from casepack.encoding import EXPLICIT_LITTLE, encode_element
from casepack.errors import InstanceHeld, StudyError, TargetError
from casepack.model import Instance, Reason
from casepack.study import read_file_set
from tests.deidentify.plans import recipe, shipped
from tests.deidentify.running import (
    PSEUDONYMS,
    Elements,
    deidentify_bytes,
    file_of,
    mr_elements,
)

EXPLICIT = EXPLICIT_LITTLE
RETAIN_UIDS = recipe("RetainUIDs")


def context(patient: str = "4711-A") -> Context:
    return Context(pseudonyms=PSEUDONYMS, patient_id=patient, days_into_the_past=700)


def one_instance(folder: Path, elements: Elements) -> Instance:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.dcm").write_bytes(file_of(EXPLICIT, elements))
    (instance,) = read_file_set(folder).instances
    return instance


def uids(study: bytes, series: bytes, instance: bytes) -> Elements:
    return mr_elements(EXPLICIT) | {
        0x00080018: encode_element(0x00080018, "UI", instance, EXPLICIT),
        0x0020000D: encode_element(0x0020000D, "UI", study, EXPLICIT),
        0x0020000E: encode_element(0x0020000E, "UI", series, EXPLICIT),
    }


def test_files_are_named_from_new_identifiers_only(tmp_path: Path) -> None:
    deidentified, _ = deidentify_bytes(file_of(EXPLICIT, mr_elements(EXPLICIT)), tmp_path)
    (instance,) = deidentified.instances
    (study,) = deidentified.studies
    code = PSEUDONYMS.code("patient", "4711-A\\")
    assert instance.path.relative_to(tmp_path / "out").parts == (
        code,
        study.study_instance_uid,
        study.series[0].series_instance_uid,
        f"{instance.sop_instance_uid}.dcm",
    )
    assert study.study_instance_uid == PSEUDONYMS.uid("1.2.3")
    assert instance.sop_instance_uid == PSEUDONYMS.uid("1.2.3.4")


@pytest.mark.parametrize("bad", [b"..", b".", b"1..2", b".1", b"1.", b"1" * 66])
@pytest.mark.parametrize("place", range(3))
def test_retained_uids_cannot_leave_the_folder(tmp_path: Path, bad: bytes, place: int) -> None:
    given = [b"1.2.3", b"1.2.3.1", b"1.2.3.4"]
    given[place] = bad
    with pytest.raises(StudyError, match="every instance was held"):
        deidentify_bytes(file_of(EXPLICIT, uids(*given)), tmp_path, RETAIN_UIDS)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["0000.dcm", "study"]


@pytest.mark.parametrize("bad", [b"../../x", b"/tmp/x", b"1.2/3", b"a", b"1.2\n", b"\xff", b"1\\2"])
@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("using", ["RetainUIDs", ""])
def test_odd_uids_are_held_or_replaced_but_never_file_names(
    tmp_path: Path, bad: bytes, place: int, using: str
) -> None:
    given = [b"1.2.3", b"1.2.3.1", b"1.2.3.4"]
    given[place] = bad
    try:
        deidentified, _ = deidentify_bytes(
            file_of(EXPLICIT, uids(*given)), tmp_path, recipe(*using.split())
        )
    except StudyError:
        found = []
    else:
        found = [instance.path for instance in deidentified.instances]
    for path in found:
        assert path.is_relative_to(tmp_path / "out")
    written = [p for p in tmp_path.rglob("*") if p.is_file() and p.parent.name != "study"]
    assert written == found


def test_retained_uids_are_retained(tmp_path: Path) -> None:
    deidentified, crosswalk = deidentify_bytes(
        file_of(EXPLICIT, uids(b"1.2.3", b"1.2.3.1", b"1.2.3.4")), tmp_path, RETAIN_UIDS
    )
    (instance,) = deidentified.instances
    assert instance.sop_instance_uid == "1.2.3.4"
    assert crosswalk.uids == {}


def test_an_output_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    instance = one_instance(tmp_path / "in", mr_elements(EXPLICIT))
    deidentifier = InstanceDeidentifier(
        recipe=shipped("basic"), context=context(), root=tmp_path / "out"
    )
    written = deidentifier.deidentify(instance).instance.path
    written.write_bytes(b"there")
    with pytest.raises(InstanceHeld, match=Reason.OUTPUT_COLLISION):
        deidentifier.deidentify(instance)
    assert written.read_bytes() == b"there"


def test_a_target_that_cannot_be_written_is_an_error_of_the_run(tmp_path: Path) -> None:
    instance = one_instance(tmp_path / "in", mr_elements(EXPLICIT))
    (tmp_path / "out").write_text("a file")
    deidentifier = InstanceDeidentifier(
        recipe=shipped("basic"), context=context(), root=tmp_path / "out"
    )
    with pytest.raises(TargetError, match="cannot be written"):
        deidentifier.deidentify(instance)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [(OSError(28, "DOE^JANE"), TargetError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_nothing_half_written_is_left(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failure: BaseException,
    expected: type[BaseException],
) -> None:
    instance = one_instance(tmp_path / "in", mr_elements(EXPLICIT))

    def fail(*_: object) -> object:
        yield b"half"
        raise failure

    monkeypatch.setattr(module, "_chunks", fail)
    deidentifier = InstanceDeidentifier(
        recipe=shipped("basic"), context=context(), root=tmp_path / "out"
    )
    with pytest.raises(expected) as error:
        deidentifier.deidentify(instance)
    assert (
        "DOE" not in "".join(traceback.format_exception(error.value)) or expected is not TargetError
    )
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


def test_what_holds_a_file_says_no_value(tmp_path: Path) -> None:
    elements = mr_elements(EXPLICIT) | {
        0x00280301: encode_element(0x00280301, "CS", b"YES", EXPLICIT)
    }
    instance = one_instance(tmp_path / "DOE_JANE", elements)
    deidentifier = InstanceDeidentifier(
        recipe=shipped("basic"), context=context(), root=tmp_path / "out"
    )
    with pytest.raises(InstanceHeld) as held:
        deidentifier.deidentify(instance)
    again = pickle.loads(pickle.dumps(held.value))  # noqa: S301  # our own
    assert (again.reason, str(again)) == (Reason.BURNED_IN, "held: burned-in")
    text = repr(held.value) + repr(instance) + repr(again)
    for value in ("DOE", "JANE", "4711", "1.2.3.4"):
        assert value not in text


def test_results_say_no_original_value(tmp_path: Path) -> None:
    content = file_of(EXPLICIT, mr_elements(EXPLICIT))
    deidentified, crosswalk = deidentify_bytes(content, tmp_path / "DOE_JANE")
    shown = repr(deidentified.record) + repr(crosswalk) + repr(deidentified.studies)
    for value in ("DOE", "JANE", "4711", "1.2.3.4", "1.2.3.1", "20240108", "700"):
        assert value not in shown
    assert pickle.loads(pickle.dumps(deidentified)) == deidentified  # noqa: S301  # our own
    assert pickle.loads(pickle.dumps(crosswalk)) == crosswalk  # noqa: S301  # our own


def test_data_sets_that_differ_without_end_take_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MAX_SEEN", 8)
    deidentifier = InstanceDeidentifier(
        recipe=shipped("basic"), context=context(), root=tmp_path / "out"
    )
    for number in range(40):
        tag = 0x00180080 + number
        elements = mr_elements(EXPLICIT) | {
            0x00080018: encode_element(0x00080018, "UI", f"1.2.{number}".encode(), EXPLICIT),
            tag: encode_element(tag, "DS", b"1", EXPLICIT),
        }
        deidentifier.deidentify(one_instance(tmp_path / str(number), elements))
    assert len(deidentifier._known) == 1
    assert len(deidentifier._seen) <= 8


def test_the_modality_of_a_series_is_that_of_its_new_files(tmp_path: Path) -> None:
    elements = mr_elements(EXPLICIT) | {
        0x00080060: encode_element(0x00080060, "CS", b"JANE", EXPLICIT)
    }
    deidentified, _ = deidentify_bytes(file_of(EXPLICIT, elements), tmp_path)
    assert "JANE" not in deidentified.studies[0].series[0].modality
