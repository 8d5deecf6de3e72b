"""Real files in every Transfer Syntax: covered, written, and read again by pydicom and dcmtk."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.uid import UID, ExplicitVRBigEndian

from casepack.deidentify.pixels.boxes import Box
from casepack.deidentify.pixels.cover import Covered, cover
from casepack.deidentify.pixels.header import PIXEL_DATA, read_stored_pixels
from casepack.deidentify.pixels.stored import StoredPixels, swap_bytes
from casepack.deidentify.studies import deidentify_file_set
from casepack.errors import InstanceHeld
from casepack.part_ten import open_part_ten
from casepack.study import read_file_set
from casepack.verify.images.redactions import Redaction, differs_in_boxes_only, redactions_of
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
    "OBXXXX1A_expb.dcm",
)  # fmt: skip
HELD = {
    # 12 bits in JPEG Extended, an end within the pixels
    *("JPEG-lossy.dcm", "JPEG2000-embedded-sequence-delimiter.dcm", "JPGExtended.dcm"),
    # no description of the pixels
    *("badVR.dcm", "nested_priv_SQ.dcm"),
}
DCMTK = (
    # one of each kind: Transfer Syntax, Photometric Interpretation, Bits Allocated; none of
    # JPEG 2000, which dcmtk does not read
    "MR_small.dcm", "MR_small_RLE.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm",
    "MR_small_jpeg_ls_lossless.dcm", "JPEGLSNearLossless_08.dcm", "JPEGLSNearLossless_16.dcm",
    "SC_rgb_jls_lossy_line.dcm", "SC_rgb_jls_lossy_sample.dcm", "image_dfl.dcm",
    "SC_rgb_dcmtk_+eb+cr.dcm", "SC_rgb_dcmtk_+eb+cy+n1.dcm", "SC_rgb_dcmtk_+eb+cy+np.dcm",
    "SC_jpeg_no_color_transform.dcm", "SC_rgb_jpeg_gdcm.dcm", "SC_rgb_jpeg_dcmd.dcm",
    "SC_rgb_rle_2frame.dcm", "SC_rgb_rle_16bit.dcm", "SC_rgb_rle_32bit.dcm", "ExplVR_BigEnd.dcm",
    "SC_rgb_small_odd.dcm", "SC_ybr_full_422_uncompressed.dcm", "examples_palette.dcm",
    "liver_1frame.dcm", "liver_expb_1frame.dcm", "rtdose.dcm", "rtdose_expb.dcm", "rtdose_rle.dcm",
    "JPEG-LL.dcm", "JPGLosslessP14SV1_1s_1f_8b.dcm", "OBXXXX1A_expb.dcm", "OBXXXX1A_rle.dcm",
    "SC_rgb_16bit.dcm", "SC_rgb_expb_16bit.dcm", "SC_ybr_full_uncompressed.dcm", "vlut_04.dcm",
)  # fmt: skip
EVEN = {
    *("SC_rgb_small_odd.dcm", "liver_1frame.dcm", "liver_expb_1frame.dcm"),
    *("rtdose.dcm", "rtdose_expb.dcm", "rtdose_rle.dcm"),
}
"""Files whose box was shown in one colour before."""
SLOW = "color3d_jpeg_baseline.dcm"
"""120 frames in colour."""


def packaged() -> Path | None:
    """Return the folder of pydicom-data, where it is installed."""
    spec = find_spec("data_store")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def paths() -> Iterator[Path]:
    yield from (example(name) for name in FILES)
    folder = packaged()
    if folder is not None:
        yield from (folder / name for name in LARGER)


def shown_by_dcmtk() -> Iterator[Path]:
    folders = [folder for folder in (example("CT_small.dcm").parent, packaged()) if folder]
    for name in DCMTK:
        yield from (folder / name for folder in folders if (folder / name).exists())


def every_file() -> Iterator[object]:
    """Yield every file of pydicom and of pydicom-data that holds Pixel Data, each once."""
    seen = set()
    for folder in (example("CT_small.dcm").parent, packaged()):
        for path in sorted(folder.rglob("*")) if folder is not None else ():
            if path.is_file() and _has_pixels(path):
                digest = hashlib.sha256(path.read_bytes()).digest()
                if digest not in seen:
                    marks = pytest.mark.slow if path.name == SLOW else ()
                    yield pytest.param(path, id=path.name, marks=marks)
                seen.add(digest)


def _has_pixels(path: Path) -> bool:
    try:
        with open_part_ten(path) as file:
            return any(element.tag == PIXEL_DATA for element in file.elements)
    except InstanceHeld:
        # what is no file of PS3.10, or damaged, is held before its pixels count
        return False


def far_corner(pixels: StoredPixels) -> tuple[int, int]:
    return max(3, pixels.columns // 2), max(2, pixels.rows // 2)


def covered(path: Path) -> tuple[StoredPixels, Covered]:
    with open_part_ten(path) as file:
        pixels = read_stored_pixels(file)
    assert pixels is not None
    boxes: list[tuple[Box, ...]] = [() for _ in range(pixels.frames)]
    boxes[-1] = (Box(2, 1, *far_corner(pixels)),)
    return pixels, cover(pixels, boxes)


def write(path: Path, new: StoredPixels, out: Path) -> None:
    ds = pydicom.dcmread(path)
    ds.file_meta.TransferSyntaxUID = UID(new.transfer_syntax_uid)
    ds.PixelData = swap_bytes(new.value) if new.swapped else bytes(new.value)
    ds["PixelData"].is_undefined_length = not new.native
    words = new.native and (new.bits_allocated > 8 or new.swapped)
    ds["PixelData"].VR = "OW" if words else "OB"
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


@pytest.mark.parametrize("path", list(every_file()))
@pytest.mark.filterwarnings("ignore")
def test_pydicom_reads_the_same_pixels_outside_the_box(path: Path, tmp_path: Path) -> None:
    if path.name in HELD:
        with pytest.raises(InstanceHeld):
            covered(path)
        return
    pixels, done = covered(path)
    out = tmp_path / "image"
    write(path, done.pixels, out)

    before, after = pydicom.dcmread(path).pixel_array, pydicom.dcmread(out).pixel_array

    inside = np.zeros(before.shape, dtype=bool)
    last = inside if pixels.frames == 1 else inside[-1]
    shared = 2 if pixels.native and pixels.photometric == "YBR_FULL_422" else 1
    right, bottom = far_corner(pixels)
    last[1:bottom, 2 : -(-right // shared) * shared] = True
    np.testing.assert_array_equal(before[~inside], after[~inside])
    samples = after[inside].reshape(-1, pixels.samples)
    assert (samples == samples[0]).all()


@pytest.mark.skipif(
    shutil.which("dcm2img") is None
    and shutil.which("dcmj2pnm") is None
    and not os.environ.get("CI"),
    reason="needs dcmtk",
)
@pytest.mark.parametrize("path", list(shown_by_dcmtk()), ids=lambda path: path.name)
@pytest.mark.filterwarnings("ignore")
def test_dcmtk_shows_the_box_black_and_the_rest_as_it_was(path: Path, tmp_path: Path) -> None:
    pixels, done = covered(path)
    out = tmp_path / "image"
    write(path, done.pixels, out)

    before, after = (render(one, pixels, tmp_path) for one in (path, out))

    inside = np.zeros(before.shape[:2], dtype=bool)
    right, bottom = far_corner(pixels)
    shared = 2 if pixels.native and pixels.photometric == "YBR_FULL_422" else 1
    inside[1:bottom, 2 : -(-right // shared) * shared] = True
    assert np.abs(before[~inside].astype(int) - after[~inside]).max() <= 2
    assert (after[inside] == after[inside][0]).all()
    if path.name not in EVEN:
        assert not (before[inside] == before[inside][0]).all()


def render(path: Path, pixels: StoredPixels, folder: Path) -> np.ndarray:
    """Return the last frame as dcmtk shows it."""
    if pixels.transfer_syntax_uid.startswith("1.2.840.10008.1.2.4.8"):
        plain = folder / f"{path.name}.plain"
        subprocess.run(["dcmdjpls", str(path), str(plain)], check=True, timeout=60)
        path = plain
    program = shutil.which("dcm2img") or shutil.which("dcmj2pnm") or "dcmj2pnm"
    window = ["+Ww", "600", "1200"] if pixels.samples == 1 else []
    target = folder / f"{path.name}.bmp"
    options = ["+ob", "+F", str(pixels.frames), *window]
    subprocess.run([program, *options, str(path), str(target)], check=True, timeout=60)
    found = target if target.exists() else next(folder.glob(f"{path.name}.bmp*"))
    return np.asarray(Image.open(found).convert("RGB"))


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
