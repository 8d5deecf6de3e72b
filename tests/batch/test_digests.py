"""What a result was made from, as digests."""

from __future__ import annotations

from pathlib import Path

import pytest

from casepack.batch.digests import digest_task
from casepack.batch.places import list_place
from casepack.batch.task import Digests, Form, Task
from casepack.deidentify.pseudonyms import Pseudonyms

CASE = """
casepack: 1
title: A case
lesions: lesions.json
pictures: [{file: scheme.png}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "IM1").write_bytes(b"one")
    (tmp_path / "case.yaml").write_text(CASE)
    (tmp_path / "lesions.json").write_text('{"drawings": [{"file": "masks/cord.nrrd"}]}')
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "cord.nrrd").write_bytes(b"voxels")
    (tmp_path / "scheme.png").write_bytes(b"picture")
    (tmp_path / "other.json").write_text("{}")
    return tmp_path


def digest(folder: Path, *, key: bytes = b"k" * 32, recipe: str = "publication") -> Digests:
    task = Task(
        name="case-a",
        study=str(folder / "study"),
        case_file=str(folder / "case.yaml"),
        recipe=recipe,
        form=Form.PACKAGE,
        keep_crosswalk=False,
        pseudonyms=Pseudonyms(key=key),
        target=str(folder / "out"),
        work=None,
    )
    return digest_task(task, list_place(task.study), folder / "case.yaml")


@pytest.mark.parametrize(
    "name", ["case.yaml", "lesions.json", "masks/cord.nrrd", "scheme.png"], ids=str
)
def test_a_case_file_and_all_that_it_names_are_looked_at(folder: Path, name: str) -> None:
    before = digest(folder)
    path = folder / name
    path.write_bytes(path.read_bytes() + b" ")
    after = digest(folder)
    assert after.case != before.case
    assert after.study == before.study


def test_what_it_does_not_name_is_not(folder: Path) -> None:
    before = digest(folder)
    (folder / "other.json").write_text("[]")
    assert digest(folder) == before


def test_a_file_that_comes_later_is_noticed(folder: Path) -> None:
    (folder / "scheme.png").unlink()
    before = digest(folder)
    (folder / "scheme.png").write_bytes(b"picture")
    assert digest(folder).case != before.case


def test_studies_differ_by_name_size_and_time_of_their_files(folder: Path) -> None:
    seen = {digest(folder).study}
    image = folder / "study" / "IM1"
    image.write_bytes(b"longer")
    seen.add(digest(folder).study)
    image.rename(folder / "study" / "IM2")
    seen.add(digest(folder).study)
    assert len(seen) == 3


def test_digests_of_the_input_are_keyed(folder: Path) -> None:
    one, other = digest(folder), digest(folder, key=b"l" * 32)
    assert one.study != other.study
    assert one.case != other.case
    assert one.recipe == other.recipe
    assert one.recipe != digest(folder, recipe="basic").recipe
