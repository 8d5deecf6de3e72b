"""References inside of the set, to what is outside of it, and what can be known of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from casepack.verify import verify_folder
from casepack.verify.holdings import read_holdings
from casepack.verify.references import check_references, read_references
from tests.builders import write_instance
from tests.verify.studies import NEW, Written, change, key_object, uid


@pytest.fixture(autouse=True)
def _without_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casepack.verify.verification.available_tools", dict)


def test_a_reference_knows_the_study_and_series_around_it(written: Written) -> None:
    write_instance(key_object(), written.root / "ko.dcm")
    holding = read_holdings(written.root).by_uid[uid(NEW, 1, 8, 1)]
    (reference,) = read_references(holding.part_ten.elements)
    assert reference.study_uid == uid(NEW, 1)
    assert reference.series_uid == uid(NEW, 1, 1)
    assert reference.sop_instance_uid == uid(NEW, 1, 1, 1)
    assert reference.place.startswith("(0040,A375)[0].(0008,1115)[0].(0008,1199)[0]")


def test_a_key_object_of_images_that_are_here_is_sound(written: Written) -> None:
    write_instance(key_object(), written.root / "ko.dcm")
    assert list(check_references(read_holdings(written.root))) == []


def test_an_image_may_refer_to_somewhere_else_but_it_is_noted(written: Written) -> None:
    def edit(ds: Dataset) -> None:
        ds.ReferencedImageSequence[0].ReferencedSOPInstanceUID = "2.25.123"

    change(written.first, edit)
    report = verify_folder(written.root)
    assert [finding.code for finding in report.findings] == ["reference-external"]
    assert report.ok


def test_what_did_not_resolve_before_need_not_resolve_after(written: Written) -> None:
    # all but the first image of a study refer to it; let it be missing on both sides
    from casepack.study import read_file_set

    folder = written.root.parent / "fewer"
    folder.mkdir()
    for number, instance in enumerate(written.originals.instances[1:4]):
        (folder / str(number)).write_bytes(instance.path.read_bytes())
    originals = read_file_set(folder)
    first = uid(NEW, 1, 1, 1)
    for path in written.root.rglob("*.dcm"):
        if uid(NEW, 1) not in str(path) or first in path.name:
            path.unlink()
    report = verify_folder(written.root, originals=originals)
    assert [finding.code for finding in report.findings] == []


def test_a_performed_procedure_step_is_never_part_of_a_set(written: Written) -> None:
    step = Dataset()
    step.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.3"
    step.ReferencedSOPInstanceUID = "2.25.55"
    ds = key_object()
    ds.ReferencedPerformedProcedureStepSequence = Sequence([step])
    write_instance(ds, written.root / "ko.dcm")
    codes = [finding.code for finding in check_references(read_holdings(written.root))]
    assert codes == ["reference-external"]


@pytest.mark.parametrize(
    ("code", "edit"),
    [
        ("", lambda _: None),
        ("reference-space", lambda ds: setattr(ds, "FrameOfReferenceUID", "2.25.1")),
        ("reference-segment", lambda ds: setattr(_identified(ds), "ReferencedSegmentNumber", 99)),
    ],
)
def test_a_segmentation_names_its_own_segments_and_the_space_of_images(
    code: str, edit: Callable[[Dataset], object], package: Path
) -> None:
    root = package / "data" / "dicom"
    segmentation = next(
        one.path for one in read_holdings(root).dicom if one.text(0x00080060) == "SEG"
    )
    ds = dcmread(segmentation)
    edit(ds)
    ds.save_as(segmentation)
    found = {finding.code for finding in check_references(read_holdings(root))}
    assert found == ({code} if code else set())


def _identified(ds: Dataset) -> Dataset:
    """Return the Item that names a segment: of the only one for all frames, or of the first."""
    groups = [*ds.SharedFunctionalGroupsSequence, *ds.PerFrameFunctionalGroupsSequence]
    (item, *_) = [one for one in groups if "SegmentIdentificationSequence" in one]
    found: Dataset = item.SegmentIdentificationSequence[0]
    return found
