from __future__ import annotations

import hashlib
from pathlib import Path

import bagit
import pytest

from casepack.package.bag import list_files, write_bag
from tests.package.cases import SOFTWARE, full_case


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "bag"
    (folder / "data" / "b").mkdir(parents=True)
    (folder / "data" / "b" / "IM000000").write_bytes(bytes(range(256)) * 5000)
    (folder / "data" / "a-b.txt").write_text("x\n", "utf-8")
    (folder / "data" / "a.txt").write_text("", "utf-8")
    return folder


def test_the_bag_is_valid_and_a_flipped_bit_breaks_it(root: Path) -> None:
    write_bag(root, full_case(), software=SOFTWARE)
    assert bagit.Bag(str(root)).validate()
    image = root / "data" / "b" / "IM000000"
    content = bytearray(image.read_bytes())
    content[1000] ^= 1
    image.write_bytes(content)
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(root)).validate()


@pytest.mark.parametrize("name", ["bag-info.txt", "manifest-sha512.txt", "bagit.txt"])
def test_an_edited_tag_file_breaks_the_bag(root: Path, name: str) -> None:
    write_bag(root, full_case(), software=SOFTWARE)
    path = root / name
    path.write_bytes(path.read_bytes().replace(b"0", b"1", 1))
    with pytest.raises(bagit.BagError):
        bagit.Bag(str(root)).validate()


def test_an_added_payload_file_breaks_the_bag(root: Path) -> None:
    write_bag(root, full_case(), software=SOFTWARE)
    (root / "data" / "late.txt").write_text("x", "utf-8")
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(root)).validate()


def test_the_manifest_is_sorted_and_holds_each_digest(root: Path) -> None:
    write_bag(root, full_case(), software=SOFTWARE)
    lines = (root / "manifest-sha512.txt").read_text("utf-8").splitlines()
    names = [line.split("  ", 1)[1] for line in lines]
    assert names == ["data/a-b.txt", "data/a.txt", "data/b/IM000000"]
    digest = hashlib.sha512((root / "data" / "b" / "IM000000").read_bytes()).hexdigest()
    assert lines[2] == f"{digest}  data/b/IM000000"


def test_the_tag_manifest_lists_all_other_tag_files(root: Path) -> None:
    write_bag(root, full_case(), software=SOFTWARE)
    lines = (root / "tagmanifest-sha512.txt").read_text("utf-8").splitlines()
    assert [line.split("  ")[1] for line in lines] == [
        "bag-info.txt",
        "bagit.txt",
        "manifest-sha512.txt",
    ]


def test_the_bag_carries_the_dates_and_identifiers_of_the_case_only(root: Path) -> None:
    write_bag(root, full_case(), software=SOFTWARE)
    info = bagit.Bag(str(root)).info
    assert info["Bagging-Date"] == "2024-05-06"
    assert info["External-Identifier"] == "https://doi.org/10.5072/case-0001"
    assert info["Payload-Oxum"] == "1280002.3"
    write_bag(root, full_case(doi=None, publication_date=None), software=SOFTWARE)
    bare = bagit.Bag(str(root))
    assert bare.validate()
    assert {"Bagging-Date", "External-Identifier"}.isdisjoint(bare.info)


def test_a_title_of_many_lines_stays_one_label(root: Path) -> None:
    title = "One\nPayload-Oxum: 1.1\n\nthree"
    write_bag(root, full_case(title=title), software=SOFTWARE)
    bag = bagit.Bag(str(root))
    assert bag.validate()
    assert bag.info["External-Description"] == "One Payload-Oxum: 1.1 three"


def test_files_are_listed_by_name_whatever_the_order_on_disk(root: Path) -> None:
    found = [path.relative_to(root).as_posix() for path in list_files(root)]
    assert found == sorted(found)
