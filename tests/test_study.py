"""A folder as studies: what is read, what is named, what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from casepack.encoding import EXPLICIT_LITTLE, encode_element
from casepack.errors import StudyError
from casepack.model import FileSet, Reason
from casepack.part_ten import encode_part_ten
from casepack.study import read_file_set
from tests.builders import mr_instance, write_instance
from tests.deidentify.running import Elements, file_of, mr_elements, to_bytes

EXPLICIT = EXPLICIT_LITTLE


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def with_values(**values: tuple[str, bytes]) -> bytes:
    elements: Elements = mr_elements(EXPLICIT)
    for name, (vr, value) in values.items():
        tag = int(name.removeprefix("x"), 16)
        elements[tag] = encode_element(tag, vr, value, EXPLICIT)
    return file_of(EXPLICIT, elements)


def reasons(file_set: FileSet) -> dict[str, Reason]:
    return {unused.path.name: unused.reason for unused in file_set.unused}


def test_studies_series_and_instances_are_sorted(tmp_path: Path) -> None:
    for study in (2, 1):
        for series in (3, 1, 2):
            for instance in (10, 2, 1):
                ds = mr_instance(study, series, instance)
                write_instance(ds, tmp_path / f"{instance}/{series}" / f"{study}.dcm")
    found = read_file_set(tmp_path)
    assert [study.date for study in found.studies] == ["20240108", "20240413"]
    for each in found.studies:
        assert [one.number for one in each.series] == [1, 2, 3]
        for one in each.series:
            assert [image.number for image in one.instances] == [1, 2, 10]
            assert one.modality == "MR"
    assert len(found.instances) == 18
    assert found.unused == ()
    assert found.patient_id == "CASE0001\\"


def test_files_without_a_suffix_and_below_other_files_are_read(tmp_path: Path) -> None:
    content = to_bytes(mr_instance())
    write(tmp_path, "DICOM/PA1/ST1/SE1/IM1", content)
    write(tmp_path, "readme.txt", b"text")
    write(tmp_path, "picture.jpg", b"\xff\xd8")
    found = read_file_set(tmp_path)
    assert len(found.instances) == 1
    assert reasons(found) == {"readme.txt": Reason.NOT_DICOM, "picture.jpg": Reason.NOT_DICOM}
    assert not any(unused.reason.held for unused in found.unused)


def test_each_file_that_cannot_be_used_is_named_with_its_reason(tmp_path: Path) -> None:
    content = to_bytes(mr_instance())
    write(tmp_path, "0.dcm", content)
    write(tmp_path, "cut.dcm", content[:-10])
    write(tmp_path, "text.dcm", b"text")
    write(tmp_path, "empty.dcm", b"")
    write(tmp_path, "text.IMA", b"text")
    write(tmp_path, "twin.dcm", content)
    write(tmp_path, "nouid.dcm", with_values(x0020000D=("UI", b"")))
    write(tmp_path, "noclass.dcm", with_values(x00080016=("UI", b"")))
    found = read_file_set(tmp_path)
    assert reasons(found) == {
        "cut.dcm": Reason.TRUNCATED,
        "text.dcm": Reason.CLAIMS_DICOM,
        "empty.dcm": Reason.CLAIMS_DICOM,
        "text.IMA": Reason.CLAIMS_DICOM,
        "twin.dcm": Reason.DUPLICATE,
        "nouid.dcm": Reason.NO_UID,
        "noclass.dcm": Reason.NO_UID,
    }
    assert all(unused.reason.held for unused in found.unused)
    assert [unused.number for unused in found.unused] == sorted(u.number for u in found.unused)


def test_the_original_directory_is_left_out(tmp_path: Path) -> None:
    write_instance(mr_instance(), tmp_path / "0.dcm")
    directory = encode_part_ten(
        b"1.2.840.10008.1.3.10", b"1.2.3.99", "1.2.840.10008.1.2.1", ("1.2", "T")
    )
    write(tmp_path, "DICOMDIR", directory)
    assert reasons(read_file_set(tmp_path)) == {"DICOMDIR": Reason.DICOMDIR}


def test_a_broken_link_is_named_as_unreadable(tmp_path: Path) -> None:
    write_instance(mr_instance(), tmp_path / "0.dcm")
    (tmp_path / "gone.dcm").symlink_to(tmp_path / "nowhere")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    assert reasons(read_file_set(tmp_path)) == {
        "gone.dcm": Reason.UNREADABLE,
        "self": Reason.UNREADABLE,
    }


def test_a_link_to_a_folder_is_named_since_it_is_not_followed(tmp_path: Path) -> None:
    write_instance(mr_instance(), tmp_path / "study/0.dcm")
    write_instance(mr_instance(instance=2), tmp_path / "other/1.dcm")
    (tmp_path / "study/more").symlink_to(tmp_path / "other")
    (tmp_path / "study/loop").symlink_to(tmp_path / "study")
    found = read_file_set(tmp_path / "study")
    assert len(found.instances) == 1
    assert reasons(found) == {"more": Reason.UNREADABLE, "loop": Reason.UNREADABLE}


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    path = write_instance(mr_instance(), tmp_path / "other/0.dcm")
    (tmp_path / "study").mkdir()
    (tmp_path / "study/link.dcm").symlink_to(path)
    assert len(read_file_set(tmp_path / "study").instances) == 1


def test_a_pipe_is_named_and_does_not_block(tmp_path: Path) -> None:
    write_instance(mr_instance(), tmp_path / "0.dcm")
    os.mkfifo(tmp_path / "pipe")
    assert reasons(read_file_set(tmp_path)) == {"pipe": Reason.UNREADABLE}


def test_a_folder_that_cannot_be_listed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # as root, nothing is closed: the system call is made to fail
    write_instance(mr_instance(), tmp_path / "0.dcm")
    write_instance(mr_instance(instance=2), tmp_path / "closed/1.dcm")
    scandir = os.scandir

    def fail_on_closed(path: str | Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "DOE^JANE", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", fail_on_closed)
    assert reasons(read_file_set(tmp_path)) == {"closed": Reason.UNREADABLE}


@pytest.mark.parametrize("name", ["missing", "file"])
def test_what_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StudyError, match="does not exist or is not a folder") as error:
        read_file_set(tmp_path / name)
    assert str(tmp_path) not in str(error.value)


def test_a_folder_without_a_usable_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "DOE_JANE.txt").write_text("x")
    with pytest.raises(StudyError, match=r"none of the 1 file\(s\)") as error:
        read_file_set(tmp_path)
    assert "DOE" not in str(error.value) + error.value.advice


def test_two_patients_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "0.dcm", with_values())
    write(
        tmp_path,
        "1.dcm",
        with_values(
            x00100020=("LO", b"0815"), x00080018=("UI", b"1.2.9"), x0020000D=("UI", b"1.9")
        ),
    )
    with pytest.raises(StudyError, match="studies of 2 patients") as error:
        read_file_set(tmp_path)
    for value in ("0815", "4711", "DOE"):
        assert value not in str(error.value) + error.value.advice


def test_two_patients_in_one_study_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "0.dcm", with_values())
    write(tmp_path, "1.dcm", with_values(x00100020=("LO", b"0815"), x00080018=("UI", b"1.2.9")))
    with pytest.raises(StudyError, match="2 patients"):
        read_file_set(tmp_path)


def test_the_same_id_of_another_issuer_is_another_patient(tmp_path: Path) -> None:
    write(tmp_path, "0.dcm", with_values(x00100021=("LO", b"A")))
    write(
        tmp_path,
        "1.dcm",
        with_values(x00100021=("LO", b"B"), x00080018=("UI", b"1.2.9"), x0020000D=("UI", b"1.9")),
    )
    with pytest.raises(StudyError, match="2 patients"):
        read_file_set(tmp_path)


def test_an_image_without_an_id_belongs_to_the_rest_of_its_study(tmp_path: Path) -> None:
    write(tmp_path, "0.dcm", with_values())
    write(tmp_path, "1.dcm", with_values(x00100020=("LO", b""), x00080018=("UI", b"1.2.9")))
    found = read_file_set(tmp_path)
    assert found.patient_id == "4711-A\\"
    assert len(found.instances) == 2


def test_two_studies_without_an_id_may_be_of_two_patients(tmp_path: Path) -> None:
    for number in (1, 2):
        content = with_values(
            x00100020=("LO", b" "),
            x00080018=("UI", f"1.2.{number}".encode()),
            x0020000D=("UI", f"1.{number}".encode()),
        )
        write(tmp_path, f"{number}.dcm", content)
    with pytest.raises(StudyError, match="2 patients"):
        read_file_set(tmp_path)


def test_ids_that_differ_in_padding_only_are_one_patient(tmp_path: Path) -> None:
    write(tmp_path, "0.dcm", with_values())
    write(
        tmp_path,
        "1.dcm",
        with_values(x00100020=("LO", b"4711-A \0 "), x00080018=("UI", b"1.2.9")),
    )
    assert len(read_file_set(tmp_path).instances) == 2


def test_names_and_ids_are_collected_as_they_are_encoded(tmp_path: Path) -> None:
    content = with_values(
        x00100010=("PN", "Müller^Anna Maria=山田^花子".encode()),
        x00101001=("PN", b"Schmidt^Anna\\Maier"),
        x00080090=("UN", b"Referrer^Doctor"),
        x00080050=("SH", b"ACC-77"),
    )
    write(tmp_path, "0.dcm", content)
    found = set(read_file_set(tmp_path).identifiers)
    assert {
        *("Müller".encode(), b"Anna", b"Maria", b"Schmidt", b"Maier", "山田".encode()),
        *(b"4711-A", b"ACC-77", b"Referrer", b"Doctor"),
    } <= found
    assert all(len(value) >= 4 for value in found)


@pytest.mark.parametrize("number", [b"x", b"1_0", b"9" * 5000, b"", b"1\\2", b"\xb2"])
def test_an_instance_number_that_is_none_is_nothing(tmp_path: Path, number: bytes) -> None:
    write(tmp_path, "0.dcm", with_values(x00200013=("UT", number), x00280008=("IS", b"x ")))
    (instance,) = read_file_set(tmp_path).instances
    assert instance.number in {None, 10}
    assert instance.frames == 1


def test_a_file_set_does_not_show_whose_it_is(tmp_path: Path) -> None:
    write(tmp_path / "DOE_JANE", "0.dcm", with_values())
    write(tmp_path / "DOE_JANE", "1.dcm", b"x")
    shown = repr(read_file_set(tmp_path / "DOE_JANE"))
    for value in ("DOE", "JANE", "4711", "1.2.3", "20240108", "101500"):
        assert value not in shown


def test_progress_is_told_for_each_file(tmp_path: Path) -> None:
    write(tmp_path, "0.dcm", with_values())
    write(tmp_path, "1.txt", b"x")
    seen: list[tuple[str, int, int]] = []
    read_file_set(tmp_path, progress=lambda *args: seen.append(args))
    assert seen == [("read", 1, 2), ("read", 2, 2)]
