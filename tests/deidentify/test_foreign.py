"""Files of others: each is de-identified or held with a reason, and none is made worse."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from casepack.deidentify.instance import InstanceDeidentifier
from casepack.deidentify.studies import deidentify_file_set
from casepack.errors import InstanceHeld, StudyError
from casepack.model import Reason
from casepack.study import read_file_set
from tests.builders import mr_instance, write_instance
from tests.deidentify.plans import RECIPES, shipped
from tests.deidentify.running import PSEUDONYMS
from tests.deidentify.test_instance import context
from tests.foreign import foreign_files, quiet

needs_dciodvfy = pytest.mark.skipif(
    shutil.which("dciodvfy") is None and not os.environ.get("CI"),
    reason="dciodvfy is not installed",
)


@dataclass(frozen=True)
class Outcome:
    reason: str
    path: Path | None


def deidentify_alone(path: Path, folder: Path, using: str) -> Outcome:
    study = folder / "study"
    study.mkdir(parents=True)
    (study / path.name).symlink_to(path)
    try:
        file_set = read_file_set(study)
        result, _ = deidentify_file_set(file_set, shipped(using), PSEUDONYMS, folder / "out")
    except StudyError as error:
        return Outcome(str(error), None)
    return Outcome("", result.instances[0].path)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Outcome]:
    """De-identify each file, the recipes in turn."""
    root = tmp_path_factory.mktemp("foreign")
    return {
        path: deidentify_alone(path, root / str(number), RECIPES[number % len(RECIPES)])
        for number, path in enumerate(foreign_files())
    }


def test_each_file_is_done_or_held(outcomes: dict[Path, Outcome]) -> None:
    done = [path for path, outcome in outcomes.items() if outcome.path is not None]
    assert len(outcomes) > 200
    assert len(done) > 120
    kinds = Counter(outcome.reason for outcome in outcomes.values())
    assert set(kinds) == {
        "",
        "every instance was held",
        "none of the 1 file(s) in the folder is a DICOM file that can be used",
    }


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("reportsi.dcm", Reason.STRUCTURED_CONTENT),
        ("test-SR.dcm", Reason.STRUCTURED_CONTENT),
        ("SC_rgb_small_odd.dcm", Reason.SECONDARY_CAPTURE),
        ("color-pl.dcm", Reason.SOP_CLASS_UNKNOWN),
        ("GREYSCALE_IMAGE.dcm", Reason.BURNED_IN),
    ],
)
def test_files_are_held_with_the_right_reason(tmp_path: Path, name: str, reason: Reason) -> None:
    study = tmp_path / "study"
    study.mkdir()
    (study / name).symlink_to(foreign_file(name))
    (instance,) = read_file_set(study).instances
    deidentifier = InstanceDeidentifier(
        recipe=shipped("basic"), context=context(), root=tmp_path / "out"
    )
    with pytest.raises(InstanceHeld) as held:
        deidentifier.deidentify(instance)
    assert held.value.reason == reason


def foreign_file(name: str) -> Path:
    found = [path for path in foreign_files() if path.name == name]
    if not found:
        pytest.skip("the package that holds it is not installed")
    return found[0]


IDENTIFYING = {"PatientID", "AccessionNumber", "InstitutionName", "StudyID"}


def identifiers(ds: Dataset) -> set[bytes]:
    """Return UIDs of instances and long identifiers, at every level."""
    found = set()
    for element in ds.iterall():
        if not element.value or element.tag.is_private or element.keyword == "CodingSchemeUID":
            continue  # the UID of a public coding scheme names no instance
        if element.keyword in IDENTIFYING or element.VR == "PN":
            found.add(str(element.value))
        elif element.VR == "UI":
            found |= set(map(str, element.value if element.VM > 1 else [element.value]))
    return {
        value.encode("utf-8", "replace")
        for value in found
        if len(value) > 5 and not value.startswith("1.2.840.10008.")
    }


def test_no_uid_name_or_id_of_the_original_is_in_the_result(
    outcomes: dict[Path, Outcome],
) -> None:
    examined = 0
    for path, outcome in outcomes.items():
        if outcome.path is None:
            continue
        with quiet():
            original = pydicom.dcmread(path, stop_before_pixels=True)
            # an Institution Name that is the maker's: the maker may be named
            maker = str(original.get("Manufacturer", "")).encode()
            ours = {value for value in identifiers(original) if value not in maker}
        content = outcome.path.read_bytes()
        left = [value for value in ours if stands_alone(value, content)]
        assert len(left) == 0, path.name
        examined += len(ours)
    assert examined > 800


def stands_alone(value: bytes, content: bytes) -> bool:
    """Tell whether a value stands between delimiters, not inside a longer word or UID."""
    pattern = rb"(?<![0-9A-Za-z.])" + re.escape(value) + rb"(?![0-9A-Za-z.])"
    return value in content and re.search(pattern, content) is not None


@cache
def errors_of(path: Path) -> Counter[str]:
    """Return the errors of dciodvfy, without the values that they quote."""
    run = subprocess.run(  # noqa: PLW1510  # its exit code says less than its words
        ["dciodvfy", "-new", str(path)], capture_output=True, text=True, errors="replace"
    )
    lines = [line for line in run.stderr.splitlines() if line.startswith(("Error", "Abort"))]
    return Counter(re.sub(r"= <[^>]*>", "= <>", line) for line in lines)


@needs_dciodvfy
def test_dciodvfy_finds_no_error_that_the_original_has_not(
    outcomes: dict[Path, Outcome],
) -> None:
    worse = {
        path.name: new
        for path, outcome in outcomes.items()
        if outcome.path is not None and (new := errors_of(outcome.path) - errors_of(path))
    }
    # deflated, with text covered: pydicom and dcmtk read it, dciodvfy does not
    worse.pop("image_dfl.dcm", None)
    assert worse == {}


@needs_dciodvfy
@pytest.mark.parametrize("using", RECIPES)
@pytest.mark.parametrize(
    "name", ["MR_small.dcm", "CT_small.dcm", "emri_small_jpeg_ls_lossless.dcm"]
)
def test_common_images_stay_valid_under_every_recipe(tmp_path: Path, name: str, using: str) -> None:
    path = foreign_file(name)
    outcome = deidentify_alone(path, tmp_path, using)
    assert outcome.path is not None
    assert errors_of(outcome.path) - errors_of(path) == Counter()


@needs_dciodvfy
@pytest.mark.parametrize("using", RECIPES)
def test_an_image_without_fault_stays_without_fault(tmp_path: Path, using: str) -> None:
    path = write_instance(mr_instance(), tmp_path / "a.dcm")
    assert errors_of(path) == Counter()
    outcome = deidentify_alone(path, tmp_path / "run", using)
    assert outcome.path is not None
    assert errors_of(outcome.path) == Counter()


def test_the_largest_files_too(tmp_path: Path) -> None:
    large = set(foreign_files(1 << 30)) - set(foreign_files())
    assert large
    for number, path in enumerate(sorted(large)):
        outcome = deidentify_alone(path, tmp_path / str(number), "publication")
        assert outcome.path is not None or outcome.reason
        if outcome.path is not None and shutil.which("dciodvfy"):
            assert errors_of(outcome.path) - errors_of(path) == Counter()
