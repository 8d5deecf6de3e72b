"""Real files in every Transfer Syntax: covered, written, and read again by pydicom and dcmtk."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import UID, ExplicitVRBigEndian

from casepack.deidentify.pixels.boxes import Box
from casepack.deidentify.pixels.cover import Covered, cover
from casepack.deidentify.pixels.header import read_stored_pixels
from casepack.deidentify.pixels.stored import StoredPixels
from casepack.deidentify.studies import deidentify_file_set
from casepack.part_ten import open_part_ten
from casepack.study import read_file_set
from casepack.verify.redactions import Redaction, differs_in_boxes_only, redactions_of
from tests.deidentify.pixels.images import example
from tests.deidentify.pixels.test_run import recipe_with
from tests.deidentify.running import PSEUDONYMS

FILES = (
    "CT_small.dcm", "MR_small.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm",
    "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm",
    "image_dfl.dcm", "JPEGLSNearLossless_08.dcm", "JPEGLSNearLossless_16.dcm", "JPEG2000.dcm",
    "SC_rgb_rle_2frame.dcm", "SC_rgb_rle_16bit.dcm", "SC_rgb_rle_32bit.dcm", "SC_rgb_gdcm_KY.dcm",
    "SC_rgb_jpeg_gdcm.dcm", "SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_dcmtk_+eb+cr.dcm",
    "SC_ybr_full_422_uncompressed.dcm", "SC_rgb_jls_lossy_line.dcm", "SC_rgb_jls_lossy_sample.dcm",
    "ExplVR_BigEnd.dcm", "examples_palette.dcm", "examples_jpeg2k.dcm", "rtdose_rle.dcm",
    "liver_1frame.dcm", "GDCMJ2K_TextGBR.dcm",
)  # fmt: skip
LARGER = (
    "emri_small_RLE.dcm", "emri_small_jpeg_2k_lossless.dcm", "emri_small_jpeg_ls_lossless.dcm",
    "US1_J2KI.dcm", "US1_J2KR.dcm", "SC_ybr_full_uncompressed.dcm", "OBXXXX1A_rle_2frame.dcm",
    "SC_rgb_expb_16bit_2frame.dcm", "JPGLosslessP14SV1_1s_1f_8b.dcm", "JPEG-LL.dcm", "RG3_J2KR.dcm",
)  # fmt: skip
HELD = ("JPEG-lossy.dcm", "JPEG2000-embedded-sequence-delimiter.dcm")


def paths() -> Iterator[Path]:
    yield from (example(name) for name in FILES)
    spec = find_spec("data_store")
    if spec is not None and spec.submodule_search_locations:
        folder = Path(next(iter(spec.submodule_search_locations))) / "data"
        yield from (folder / name for name in LARGER)


def covered(path: Path) -> tuple[StoredPixels, Covered]:
    with open_part_ten(path) as file:
        pixels = read_stored_pixels(file)
    assert pixels is not None
    boxes: list[tuple[Box, ...]] = [() for _ in range(pixels.frames)]
    boxes[-1] = (Box(2, 1, pixels.columns // 2, pixels.rows // 2),)
    return pixels, cover(pixels, boxes)


def write(path: Path, new: StoredPixels, out: Path) -> None:
    ds = pydicom.dcmread(path)
    ds.file_meta.TransferSyntaxUID = UID(new.transfer_syntax_uid)
    ds.PixelData = bytes(new.value)
    ds["PixelData"].is_undefined_length = not new.native
    ds["PixelData"].VR = "OB" if not new.native or new.bits_allocated == 8 else "OW"
    ds.PhotometricInterpretation = new.photometric
    ds.BitsAllocated, ds.HighBit = new.bits_allocated, new.high_bit
    if new.samples > 1:
        ds.PlanarConfiguration = new.planar_configuration
    pydicom.dcmwrite(
        out,
        ds,
        implicit_vr=new.transfer_syntax_uid == "1.2.840.10008.1.2",
        little_endian=new.transfer_syntax_uid != ExplicitVRBigEndian,
        force_encoding=True,
    )


@pytest.mark.parametrize("path", list(paths()), ids=lambda path: path.name)
@pytest.mark.filterwarnings("ignore")
def test_pydicom_reads_the_same_pixels_outside_the_box(path: Path, tmp_path: Path) -> None:
    pixels, done = covered(path)
    if pixels.transfer_syntax_uid == ExplicitVRBigEndian:
        pytest.skip("pydicom does not write other elements of these files in Big Endian again")
    out = tmp_path / "image"
    write(path, done.pixels, out)

    before, after = pydicom.dcmread(path).pixel_array, pydicom.dcmread(out).pixel_array

    inside = np.zeros(before.shape, dtype=bool)
    last = inside if pixels.frames == 1 else inside[-1]
    shared = 2 if pixels.native and pixels.photometric == "YBR_FULL_422" else 1
    right = -(-(pixels.columns // 2) // shared) * shared
    last[1 : pixels.rows // 2, 2:right] = True
    np.testing.assert_array_equal(before[~inside], after[~inside])
    samples = after[inside].reshape(-1, pixels.samples)
    assert (samples == samples[0]).all()


@pytest.mark.skipif(
    shutil.which("dcm2img") is None
    and shutil.which("dcmj2pnm") is None
    and not os.environ.get("CI"),
    reason="needs dcmtk",
)
@pytest.mark.parametrize(
    "name", ["MR_small.dcm", "MR_small_RLE.dcm", "SC_rgb_dcmtk_+eb+cr.dcm", "SC_rgb_rle_2frame.dcm"]
)
@pytest.mark.filterwarnings("ignore")
def test_dcmtk_shows_the_box_black_and_the_rest_as_it_was(name: str, tmp_path: Path) -> None:
    pixels, done = covered(example(name))
    out = tmp_path / "image"
    write(example(name), done.pixels, out)
    program = shutil.which("dcm2img") or shutil.which("dcmj2pnm") or "dcmj2pnm"

    def rendered(path: Path) -> np.ndarray:
        window = ["+Ww", "600", "1200"] if pixels.samples == 1 else []
        target = tmp_path / f"{path.name}.bmp"
        options = ["+ob", "+F", str(pixels.frames), *window]
        subprocess.run([program, *options, str(path), str(target)], check=True, timeout=60)
        from PIL import Image

        found = target if target.exists() else next(tmp_path.glob(f"{path.name}.bmp*"))
        return np.asarray(Image.open(found).convert("RGB"))

    before, after = rendered(example(name)), rendered(out)

    inside = np.zeros(before.shape[:2], dtype=bool)
    inside[1 : pixels.rows // 2, 2 : pixels.columns // 2] = True
    assert np.abs(before[~inside].astype(int) - after[~inside]).max() <= 2
    assert (after[inside] == after[inside][0]).all()
    assert not (before[inside] == before[inside][0]).all()


@pytest.mark.parametrize("name", HELD)
def test_what_has_no_decoder_or_is_damaged_is_held(name: str) -> None:
    from casepack.errors import InstanceHeld

    with pytest.raises(InstanceHeld):
        covered(example(name))


def test_a_file_without_pixel_data_has_none() -> None:
    with open_part_ten(example("rtplan.dcm")) as file:
        assert read_stored_pixels(file) is None


@pytest.mark.parametrize("path", list(paths()), ids=lambda path: path.name)
@pytest.mark.filterwarnings("ignore")
def test_a_region_of_a_recipe_is_covered_from_file_to_file(path: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    study.mkdir()
    shutil.copy(path, study / "image")
    ds = pydicom.dcmread(path)
    if "StudyInstanceUID" not in ds:
        ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.3", "1.2.3.4"
        ds.save_as(study / "image")
    done, _ = deidentify_file_set(
        read_file_set(study),
        recipe_with("coordinates 3,2,20,18", "coordinates 5,5,24,9"),
        PSEUDONYMS,
        tmp_path / "out",
    )
    (instance,) = done.instances
    assert done.record.pixels is not None
    ((uid, change),) = done.record.pixels.changes
    assert uid == instance.sop_instance_uid
    new, old = pydicom.dcmread(instance.path), pydicom.dcmread(path)
    assert new.file_meta.TransferSyntaxUID == instance.transfer_syntax_uid
    same = instance.transfer_syntax_uid == old.file_meta.TransferSyntaxUID
    assert same is not bool(change.decompressed)
    assert new.BurnedInAnnotation == "NO"
    assert new.pixel_array.shape == old.pixel_array.shape
    declared = redactions_of(done.record.pixels)[uid]
    assert set(declared.boxes) == set(range(1, change.frames + 1))
    assert differs_in_boxes_only(path, instance.path, declared)
    if not np.array_equal(new.pixel_array, old.pixel_array):
        assert not differs_in_boxes_only(path, instance.path, Redaction(boxes={}))
    if shutil.which("dcmdump"):
        subprocess.run(["dcmdump", "-q", str(instance.path)], check=True, stdout=subprocess.DEVNULL)
