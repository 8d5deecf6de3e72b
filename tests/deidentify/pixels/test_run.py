"""Images with text through the whole of de-identification: covered, told of, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import JPEGBaseline8Bit, RLELossless, SecondaryCaptureImageStorage

from casepack.deidentify.crosswalk import Crosswalk
from casepack.deidentify.pixels import clean, examine
from casepack.deidentify.pixels.reviewed import draw_rows
from casepack.deidentify.review import NO_DECISIONS, Decisions
from casepack.deidentify.studies import deidentify_file_set
from casepack.model import Deidentified, Option, Reason
from casepack.recipe import Recipe
from casepack.study import read_file_set
from casepack.verify.images.redactions import Redaction, differs_in_boxes_only, redactions_of
from tests.builders import mr_instance, write_instance
from tests.deidentify.pixels.images import example, tissue, write_text
from tests.deidentify.plans import recipe, shipped
from tests.deidentify.running import PSEUDONYMS

NAME = "MUSTERMANN ERIKA 17.05.1961"
INK = (12, 20)
CAPTURE = str(SecondaryCaptureImageStorage)


def image(number: int, *, series: int = 1, text: str = "", **attributes: Any) -> Dataset:
    """Return an MR image of 256 x 256 pixels, with text or without."""
    values = tissue(seed=100 * series + number)
    if text:
        write_text(values, text, INK, level=int(values.max()), size=14)
    ds = mr_instance(1, series, number, PatientName="DOE^JANE", PatientID="4711-A")
    ds.Rows, ds.Columns = values.shape
    ds.PixelData = values.astype("<u2").tobytes()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    return ds


def capture(number: int, text: str = "", **attributes: Any) -> Dataset:
    ds = image(number, series=9, text=text, SOPClassUID=CAPTURE, ConversionType="WSD")
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def run(
    folder: Path,
    images: Sequence[Dataset],
    using: Recipe | None = None,
    *,
    workers: int = 1,
    decisions: Decisions = NO_DECISIONS,
) -> tuple[Deidentified, Crosswalk]:
    for place, ds in enumerate(images):
        write_instance(ds, folder / "study" / f"{place:04}.dcm")
    return deidentify_file_set(
        read_file_set(folder / "study"),
        using or shipped("publication"),
        PSEUDONYMS,
        folder / "out",
        workers=workers,
        decisions=decisions,
    )


def results(done: Deidentified) -> dict[tuple[int, int], Dataset]:
    """Return what was written, by Series Number and Instance Number."""
    found = [pydicom.dcmread(instance.path) for instance in done.instances]
    return {(int(ds.SeriesNumber), int(ds.InstanceNumber)): ds for ds in found}


def in_ink(ds: Dataset) -> np.ndarray:
    """Return the values where `NAME` was written."""
    left, top = INK
    return ds.pixel_array[top : top + 10, left : left + 180]


def codes(ds: Dataset) -> set[str]:
    return {item.CodeValue for item in ds.DeidentificationMethodCodeSequence}


@pytest.fixture(scope="module")
def twenty(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Dataset], Deidentified]:
    """Twenty images, one with a name."""
    images = [image(number, text=NAME if number == 7 else "") for number in range(1, 21)]
    return images, run(tmp_path_factory.mktemp("twenty"), images)[0]


def test_a_name_in_one_image_of_twenty_is_covered_there(
    twenty: tuple[list[Dataset], Deidentified],
) -> None:
    images, done = twenty
    found = results(done)
    assert len(np.unique(in_ink(images[6]))) > 20
    assert len(np.unique(in_ink(found[1, 7]))) == 1
    assert done.record.pixels is not None
    assert done.record.pixels.examined == 20
    covered = {uid for uid, change in done.record.pixels.changes if change.boxes}
    assert found[1, 7].SOPInstanceUID in covered


def test_images_without_text_keep_their_bytes_and_say_that_there_is_none(
    twenty: tuple[list[Dataset], Deidentified],
) -> None:
    images, done = twenty
    changed = dict(done.record.pixels.changes) if done.record.pixels else {}
    same = 0
    for ds in images:
        new = results(done)[1, int(ds.InstanceNumber)]
        assert new.BurnedInAnnotation == "NO"
        assert "113101" in codes(new)
        if new.SOPInstanceUID not in changed:
            assert new.PixelData == ds.PixelData
            assert new.ImageType == ds.ImageType
            assert "DerivationDescription" not in new
            same += 1
    assert same >= 18


def test_a_covered_image_says_that_it_is_derived_and_equals_the_original_elsewhere(
    twenty: tuple[list[Dataset], Deidentified],
) -> None:
    images, done = twenty
    new, old = results(done)[1, 7], images[6]
    assert list(new.ImageType) == ["DERIVED", *list(old.ImageType)[1:]]
    assert "burned-in text" in new.DerivationDescription
    assert new.SOPInstanceUID != PSEUDONYMS.uid(old.SOPInstanceUID)
    assert done.record.pixels is not None
    change = dict(done.record.pixels.changes)[new.SOPInstanceUID]
    outside = np.ones((256, 256), dtype=bool)
    for _frame, boxes in change.boxes:
        for left, top, right, bottom in boxes:
            outside[top:bottom, left:right] = False
    assert outside.mean() > 0.8
    np.testing.assert_array_equal(new.pixel_array[outside], old.pixel_array[outside])


def test_an_original_that_is_covered_is_an_instance_of_its_own_wherever_it_is_named(
    tmp_path: Path,
) -> None:
    named, other = image(1, text=NAME), image(2)
    other.ReferencedImageSequence = [Dataset()]
    other.ReferencedImageSequence[0].ReferencedSOPClassUID = named.SOPClassUID
    other.ReferencedImageSequence[0].ReferencedSOPInstanceUID = named.SOPInstanceUID
    done, crosswalk = run(tmp_path / "a", [named, other], recipe("CleanPixelData"))
    uid = results(done)[1, 1].SOPInstanceUID
    assert uid not in {named.SOPInstanceUID, PSEUDONYMS.uid(named.SOPInstanceUID)}
    assert crosswalk.uids[named.SOPInstanceUID] == uid
    # Table E.1-1 removes the reference unless UIDs are retained
    retained = recipe("CleanPixelData", "RetainUIDs")
    done, crosswalk = run(tmp_path / "b", [named, other], retained)
    found = results(done)
    assert found[1, 1].SOPInstanceUID == uid
    assert found[1, 1].file_meta.MediaStorageSOPInstanceUID == uid
    assert crosswalk.uids[named.SOPInstanceUID] == uid
    assert found[1, 2].ReferencedImageSequence[0].ReferencedSOPInstanceUID == uid
    assert found[1, 2].SOPInstanceUID == other.SOPInstanceUID


def test_a_secondary_capture_passes_when_its_text_is_covered(tmp_path: Path) -> None:
    done, crosswalk = run(
        tmp_path,
        [image(1), capture(1, NAME, BurnedInAnnotation="YES"), capture(2)],
    )
    found = results(done)
    assert not crosswalk.unused
    assert len(np.unique(in_ink(found[9, 1]))) == 1
    assert found[9, 1].BurnedInAnnotation == found[9, 2].BurnedInAnnotation == "NO"


def test_text_that_is_declared_and_not_found_holds_the_image(tmp_path: Path) -> None:
    done, crosswalk = run(tmp_path, [image(1), image(2, BurnedInAnnotation="YES")])
    assert [item.reason for item in crosswalk.unused] == [Reason.BURNED_IN]
    assert len(done.instances) == 1


def test_without_the_runtime_what_is_suspicious_is_held_and_nothing_is_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casepack.deidentify.plan.finds_text", lambda: False)
    screen = image(2, ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"])
    done, crosswalk = run(tmp_path, [image(1), screen, capture(3)])
    assert [item.reason for item in crosswalk.unused] == [
        Reason.BURNED_IN,
        Reason.SECONDARY_CAPTURE,
    ]
    (kept,) = results(done).values()
    assert "113101" not in codes(kept)
    assert "BurnedInAnnotation" not in kept
    assert "Option CleanPixelData" in done.record.not_carried_out
    assert done.record.pixels is None


def test_a_run_with_two_workers_gives_the_same_bytes(tmp_path: Path) -> None:
    images = [image(number, text=NAME if number % 5 == 1 else "") for number in range(1, 41)]
    for number in (3, 11, 12):
        images[number].compress(RLELossless, encoding_plugin="pydicom")
    one, two = (run(tmp_path / str(count), images, workers=count)[0] for count in (1, 2))
    assert one.record == two.record
    for first, second in zip(one.instances, two.instances, strict=True):
        assert first.path.read_bytes() == second.path.read_bytes()


def test_an_image_compressed_with_loss_says_so_after_it_was_decompressed(tmp_path: Path) -> None:
    ds = pydicom.dcmread(example("SC_rgb_dcmtk_+eb+cr.dcm"))
    assert ds.file_meta.TransferSyntaxUID == JPEGBaseline8Bit
    ds.PatientID, ds.BurnedInAnnotation = "4711-A", "NO"
    using = recipe_with("coordinates 5,5,30,20")
    (new,) = results(run(tmp_path, [ds], using)[0]).values()
    assert new.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert (new.LossyImageCompression, new.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
    assert float(new.LossyImageCompressionRatio) > 1
    assert new.PhotometricInterpretation == "RGB"
    assert (new.pixel_array[5:20, 5:30] == 0).all()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, ("01", "computed", "ISO_10918_1")),
        ({"LossyImageCompression": "00"}, ("01", "computed", "ISO_10918_1")),
        ({"LossyImageCompressionRatio": "19"}, ("01", "19", "ISO_10918_1")),
        # of two compressions the method of one is not known
        ({"LossyImageCompressionRatio": ["4", "5"]}, ("01", "4\\5", None)),
        (
            {"LossyImageCompressionRatio": ["4", "5"], "LossyImageCompressionMethod": ["A", "B"]},
            ("01", "4\\5", "A\\B"),
        ),
    ],
)
def test_what_the_transfer_syntax_told_of_loss_stands_in_the_header(
    tmp_path: Path,
    before: dict[str, Any],
    after: tuple[str | None, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # the colours of this file look like text
    monkeypatch.setattr(clean, "find_text", lambda _frames: ((),))
    ds = pydicom.dcmread(example("SC_rgb_dcmtk_+eb+cr.dcm"))
    ds.PatientID, ds.BurnedInAnnotation = "4711-A", "NO"
    keywords = [f"LossyImageCompression{last}" for last in ("", "Ratio", "Method")]
    for keyword in keywords:
        delattr(ds, keyword)
        if keyword in before:
            setattr(ds, keyword, before[keyword])
    region = recipe_with("coordinates 5,5,30,20")
    using = replace(region, options=region.options | {Option.CLEAN_DESCRIPTORS})
    old = ds.pixel_array
    done, _ = run(tmp_path, [ds], using)
    (new,) = results(done).values()
    said = [
        "\\".join(map(str, found)) if isinstance(found, (list, MultiValue)) else found
        for found in map(new.get, keywords)
    ]
    if after[1] == "computed":
        assert float(str(said[1])) == pytest.approx(old.size / len(ds.PixelData), rel=0.02)
        said[1] = "computed"
    assert tuple(None if one is None else str(one) for one in said) == after
    assert "Decompressed: no lossless encoder" in new.DerivationDescription
    # as the original is decoded, but for the box
    old[5:20, 5:30] = 0
    np.testing.assert_array_equal(new.pixel_array, old)


def recipe_with(*lines: str, name: str = "graylist") -> Recipe:
    """Return a recipe with a filter of one label."""
    text = "\n".join([f"%filter {name}", "LABEL by test", *lines, ""])
    made = recipe("CleanPixelData")
    from casepack.recipe import parse_recipe

    return parse_recipe(made.text.replace("%header", f"{text}\n%header"), "test.dicom")


def test_regions_of_a_recipe_are_covered_in_the_series_it_names(tmp_path: Path) -> None:
    using = recipe_with("equals SeriesNumber 2", "coordinates 200,0,256,30")
    found = results(run(tmp_path, [image(1), image(1, series=2)], using)[0])
    assert len(np.unique(found[2, 1].pixel_array[:30, 200:])) == 1
    assert len(np.unique(found[1, 1].pixel_array[:30, 200:])) > 1


def test_a_label_without_a_region_holds_an_image_in_which_nothing_is_found(tmp_path: Path) -> None:
    using = recipe_with("equals SeriesNumber 2")
    done, crosswalk = run(tmp_path, [image(1), image(1, series=2)], using)
    assert [item.reason for item in crosswalk.unused] == [Reason.BURNED_IN]
    assert set(results(done)) == {(1, 1)}


def test_a_whitelist_keeps_text_where_it_says_and_nowhere_else(tmp_path: Path) -> None:
    images = [image(1, text=NAME)]
    kept = recipe_with("keepcoordinates 0,0,256,60", name="whitelist")
    elsewhere = recipe_with("keepcoordinates 0,100,256,200", name="whitelist")
    done, crosswalk = run(tmp_path / "a", images, kept)
    there = results(done)[1, 1]
    gone = results(run(tmp_path / "b", images, elsewhere)[0])[1, 1]
    np.testing.assert_array_equal(in_ink(there), in_ink(images[0]))
    assert len(np.unique(in_ink(gone))) == 1
    # told of, in the report and to the reviewer
    assert done.record.pixels is not None
    assert (done.record.pixels.kept, done.record.pixels.changes) == (1, ())
    assert crosswalk.pixels is not None
    (row,) = draw_rows(crosswalk.pixels.candidates, NO_DECISIONS, {}, {})
    assert (row.result, row.removed) == ("kept", ("kept-by-recipe",))


def test_an_overlay_in_unused_bits_is_cleared_and_the_picture_stays(tmp_path: Path) -> None:
    ds = image(1)
    values = ds.pixel_array.copy()
    values[40:60, 40:200] |= 0x8000
    ds.PixelData = values.tobytes()
    done, _ = run(tmp_path, [ds])
    new = results(done)[1, 1]
    assert (values & 0xF000).any()
    assert not (np.frombuffer(new.PixelData, "<u2") & 0xF000).any()
    np.testing.assert_array_equal(
        np.frombuffer(new.PixelData, "<u2").reshape(values.shape), values & 0x0FFF
    )
    assert done.record.pixels is not None
    ((_uid, change),) = done.record.pixels.changes
    assert change.cleared


def test_a_map_of_floating_point_numbers_passes_when_nothing_is_found_in_it(tmp_path: Path) -> None:
    def parametric(number: int, text: str) -> Dataset:
        ds = image(number, text=text)
        values = ds.pixel_array.astype("<f4") / 7
        del ds.PixelData
        ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.30"
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
        ds.FloatPixelData = values.tobytes()
        return ds

    broken = parametric(3, "")
    broken.FloatPixelData = broken.FloatPixelData[:-4]
    done, crosswalk = run(tmp_path, [parametric(1, ""), parametric(2, NAME), broken])
    assert [item.reason for item in crosswalk.unused] == [
        Reason.BURNED_IN,
        Reason.PIXELS_NOT_DECODED,
    ]
    assert results(done)[1, 1].BurnedInAnnotation == "NO"


def test_an_overlay_in_the_pixels_holds_an_image_that_nobody_examines(tmp_path: Path) -> None:
    embedded, apart = image(1), image(2)
    for ds in (embedded, apart):
        ds.add_new(0x60000010, "US", 256)
        ds.add_new(0x60000011, "US", 256)
        ds.add_new(0x60000102, "US", 12 if ds is embedded else 0)
    apart.add_new(0x60003000, "OW", b"\x01" * (256 * 256 // 8))
    done, crosswalk = run(tmp_path, [embedded, apart], shipped("basic"))
    assert [item.reason for item in crosswalk.unused] == [Reason.BURNED_IN]
    assert len(done.instances) == 1
    assert not any(element.tag.group == 0x6000 for element in results(done)[1, 2])


def test_pixels_that_cannot_be_decoded_hold_the_image_and_no_other(tmp_path: Path) -> None:
    bad = image(2)
    bad.PixelData = bad.PixelData[:1000]
    done, crosswalk = run(tmp_path, [image(1), bad])
    assert [item.reason for item in crosswalk.unused] == [Reason.PIXELS_NOT_DECODED]
    assert len(done.instances) == 1


def test_the_basic_profile_looks_at_no_pixel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examine, "examine_file", None)
    images = [image(1, text=NAME)]
    new = results(run(tmp_path, images, shipped("basic"))[0])[1, 1]
    assert new.PixelData == images[0].PixelData
    assert "113101" not in codes(new)


def test_only_who_examines_pixels_waits_for_numpy_and_the_runtime(tmp_path: Path) -> None:
    write_instance(image(1), tmp_path / "study" / "1.dcm")
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from casepack.pipeline import Settings, deidentify_study\n"
        "deidentify_study(Path('study'), Path(sys.argv[1]), Settings(recipe=sys.argv[1]))\n"
        "print(*sorted({'numpy', 'onnxruntime', 'pydicom'} & sys.modules.keys()))\n"
    )
    loaded = {
        using: subprocess.run(
            [sys.executable, "-c", script, using],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        ).stdout.split()
        for using in ("basic", "publication")
    }
    assert loaded == {"basic": [], "publication": ["numpy", "onnxruntime"]}


# ---------------------------------------------------------------- verification

Spoil = Callable[[np.ndarray, tuple[int, int, int, int]], None]


def leave(values: np.ndarray, box: tuple[int, int, int, int]) -> None:
    values[box[1] + 2, box[0] + 2] += 1


def change_outside(values: np.ndarray, box: tuple[int, int, int, int]) -> None:
    values[box[3] + 2, box[0]] += 1


def test_verification_believes_a_declared_box_only_if_it_is_so(
    twenty: tuple[list[Dataset], Deidentified], tmp_path: Path
) -> None:
    images, done = twenty
    new = results(done)[1, 7]
    original = write_instance(images[6], tmp_path / "original.dcm")
    declared = redactions_of(done.record.pixels)[new.SOPInstanceUID]
    (boxes,) = declared.boxes.values()
    path = next(i.path for i in done.instances if i.sop_instance_uid == new.SOPInstanceUID)
    assert differs_in_boxes_only(original, path, declared)
    assert not differs_in_boxes_only(original, path, Redaction(boxes={}))
    assert not differs_in_boxes_only(original, path, replace(declared, boxes={1: boxes[:-1]}))
    largest = max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
    for number, spoil in enumerate((leave, change_outside)):
        values = new.pixel_array.copy()
        spoil(values, largest)
        spoiled = pydicom.dcmread(path)
        spoiled.PixelData = values.tobytes()
        target = write_instance(spoiled, tmp_path / f"{number}.dcm")
        assert not differs_in_boxes_only(original, target, declared)


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy is not installed")
def test_a_covered_image_is_as_valid_as_its_original(
    twenty: tuple[list[Dataset], Deidentified], tmp_path: Path
) -> None:
    images, done = twenty
    new = results(done)[1, 7]
    path = next(i.path for i in done.instances if i.sop_instance_uid == new.SOPInstanceUID)
    before, after = (
        subprocess.run(["dciodvfy", str(one)], capture_output=True, text=True, check=False).stderr
        for one in (write_instance(images[6], tmp_path / "original.dcm"), path)
    )
    errors = [line for line in after.splitlines() if line.startswith("Error")]
    assert len(errors) <= before.count("Error")
