from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import generate_frames
from pydicom.pixels.utils import compress, decompress
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from casepack.deidentify.pixels import cover as module
from casepack.deidentify.pixels.boxes import Box, mask_of
from casepack.deidentify.pixels.cover import ENCODER_FAILED, NO_ENCODER, cover
from casepack.deidentify.pixels.header import read_stored_pixels
from casepack.deidentify.pixels.stored import StoredPixels, native_frame, read_frames
from casepack.errors import InstanceHeld
from casepack.model import Reason
from casepack.part_ten import open_part_ten
from tests.builders import mr_instance
from tests.deidentify.pixels.images import example, stored, tissue

BOX = Box(5, 7, 29, 15)
INSIDE = mask_of([BOX], 48, 64)


def frames_of(pixels: StoredPixels) -> np.ndarray:
    return np.stack(list(read_frames(pixels)))


@pytest.mark.parametrize(
    ("dtype", "changes", "black"),
    [
        (np.uint16, {"bits_stored": 12, "high_bit": 11}, 0),
        (np.uint16, {"bits_stored": 12, "high_bit": 11, "photometric": "MONOCHROME1"}, 4095),
        (np.uint8, {}, 0),
        (np.uint32, {}, 0),
        (np.uint16, {"pixel_padding_value": 63}, 63),
    ],
)
def test_a_box_is_filled_with_black_and_nothing_else_changes(
    dtype: type, changes: dict[str, object], black: int
) -> None:
    values: np.ndarray = (tissue(48, 64, top=200)[None] + 10).astype(dtype)

    done = cover(stored(values, **changes), [(BOX,)])

    new = frames_of(done.pixels)[0]
    assert (new[INSIDE] == black).all()
    np.testing.assert_array_equal(new[~INSIDE], values[0][~INSIDE])
    assert done.frames == (0,)
    assert done.reason == ""


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_signed_values_are_filled_with_the_darkest_that_the_frame_shows(photometric: str) -> None:
    values = tissue(48, 64).astype(np.int16)[None] - 1000
    values[0, 10, 10] = -30000  # under the box: not what the rest shows

    done = cover(stored(values, photometric=photometric), [(BOX,)])

    new = np.frombuffer(done.pixels.value, "<i2").reshape(48, 64)
    rest = values[0][~INSIDE]
    assert (new[INSIDE] == (rest.max() if photometric == "MONOCHROME1" else rest.min())).all()
    np.testing.assert_array_equal(new[~INSIDE], rest)


@pytest.mark.parametrize("planar_configuration", [0, 1])
@pytest.mark.parametrize(
    ("photometric", "black"), [("RGB", (0, 0, 0)), ("YBR_FULL", (0, 128, 128))]
)
def test_colours_are_filled_with_black_in_either_planar_configuration(
    photometric: str, black: tuple[int, ...], planar_configuration: int
) -> None:
    values = np.random.default_rng(3).integers(0, 255, (2, 48, 64, 3)).astype(np.uint8)
    laid_out = values.transpose(0, 3, 1, 2) if planar_configuration else values
    pixels = replace(
        stored(values, photometric=photometric, planar_configuration=planar_configuration),
        value=laid_out.tobytes(),
    )

    done = cover(pixels, [(), (BOX,)])

    new = frames_of(done.pixels)
    np.testing.assert_array_equal(new[0], values[0])
    np.testing.assert_array_equal(new[1][~INSIDE], values[1][~INSIDE])
    assert (new[1][INSIDE] == black).all()


def test_a_palette_image_is_filled_with_the_darkest_entry() -> None:
    palette = np.full((256, 3), 90, dtype=np.uint8)
    palette[7] = 1
    values = np.full((1, 48, 64), 100, dtype=np.uint8)

    done = cover(stored(values, photometric="PALETTE COLOR", palette=palette), [(BOX,)])

    assert (frames_of(done.pixels)[0][INSIDE] == 7).all()


def test_columns_that_share_chrominances_are_covered_together() -> None:
    values = np.random.default_rng(3).integers(0, 255, (1, 48, 64 // 2, 4)).astype(np.uint8)
    pixels = replace(
        stored(np.zeros((1, 48, 64, 3), np.uint8), photometric="YBR_FULL_422"),
        value=values.tobytes(),
    )

    new = frames_of(cover(pixels, [(BOX,)]).pixels)[0]

    assert (new[7:15, 2:15] == (0, 0, 128, 128)).all()
    np.testing.assert_array_equal(new[:, 15:], values[0][:, 15:])
    np.testing.assert_array_equal(new[:, :2], values[0][:, :2])


def test_bits_beyond_bits_stored_are_kept_outside_a_box_and_cleared_inside() -> None:
    values = tissue(48, 64)[None] | np.uint16(0x8000)

    new = frames_of(cover(stored(values, bits_stored=12, high_bit=11), [(BOX,)]).pixels)[0]

    assert (new[INSIDE] == 0).all()
    np.testing.assert_array_equal(new[~INSIDE], values[0][~INSIDE])


def test_single_bits_are_covered() -> None:
    values = np.random.default_rng(1).integers(0, 2, (3, 48, 64)).astype(np.uint8)
    packed = np.packbits(values, bitorder="little").tobytes()
    pixels = replace(stored(values), value=packed, bits_allocated=1, bits_stored=1, high_bit=0)

    new = frames_of(cover(pixels, [(), (BOX,), ()]).pixels)

    assert not new[1][INSIDE].any()
    np.testing.assert_array_equal(new[1][~INSIDE], values[1][~INSIDE])
    np.testing.assert_array_equal(new[[0, 2]], values[[0, 2]])


def test_an_image_without_boxes_keeps_the_very_same_bytes() -> None:
    pixels = stored(tissue(48, 64)[None])

    done = cover(pixels, [()])

    assert done.pixels is pixels
    assert done.frames == ()


def _compressed(tmp_path: Path, syntax: str, *, signed: bool = False) -> tuple[Path, np.ndarray]:
    ds = mr_instance()
    values = np.stack([tissue(48, 64, seed) for seed in range(3)]).astype("<u2")
    if signed:
        values = (values.astype("<i2") - 300).astype("<i2")
    ds.Rows, ds.Columns, ds.NumberOfFrames = 48, 64, 3
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 16, 15
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.PixelRepresentation = int(signed)
    ds.PixelData = values.tobytes()
    ds["PixelData"].VR = "OW"
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    compress(ds, syntax, generate_instance_uid=False)
    path = tmp_path / "image"
    ds.save_as(path, enforce_file_format=True)
    return path, values


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_only_frames_with_a_box_are_encoded_again_in_the_same_transfer_syntax(
    tmp_path: Path, syntax: str, *, signed: bool
) -> None:
    path, values = _compressed(tmp_path, syntax, signed=signed)
    with open_part_ten(path) as file:
        pixels = read_stored_pixels(file)
    assert pixels is not None

    done = cover(pixels, [(), (BOX,), ()])

    assert done.pixels.transfer_syntax_uid == syntax
    before, after = (
        list(generate_frames(bytes(part.value), number_of_frames=3))
        for part in (pixels, done.pixels)
    )
    assert (before[0], before[2]) == (after[0], after[2])
    assert before[1] != after[1]
    ds = pydicom.dcmread(path)
    ds.PixelData = done.pixels.value
    held = io.BytesIO()
    ds.save_as(held)
    held.seek(0)
    again = pydicom.dcmread(held).pixel_array
    np.testing.assert_array_equal(again[[0, 2]], values[[0, 2]])
    np.testing.assert_array_equal(again[1][~INSIDE], values[1][~INSIDE])
    assert (again[1][INSIDE] == (values[1][~INSIDE].min() if signed else 0)).all()


def test_without_an_encoder_the_image_becomes_explicit_little_endian_with_the_reason() -> None:
    path = example("SC_rgb_dcmtk_+eb+cy+n1.dcm")
    with open_part_ten(path) as file:
        pixels = read_stored_pixels(file)
    assert pixels is not None
    assert pixels.transfer_syntax_uid == JPEGBaseline8Bit

    done = cover(pixels, [(Box(10, 10, 40, 30),)])

    assert done.reason == NO_ENCODER
    assert done.pixels.transfer_syntax_uid == ExplicitVRLittleEndian
    assert done.pixels.photometric == "RGB"
    original = pydicom.dcmread(path)
    decompress(original, generate_instance_uid=False)
    inside = mask_of([Box(10, 10, 40, 30)], 100, 100)
    new = frames_of(done.pixels)[0]
    np.testing.assert_array_equal(new[~inside], original.pixel_array[~inside])
    assert not new[inside].any()


def test_big_endian_values_stay_big_endian() -> None:
    values = tissue(48, 64)[None].astype(">u2")

    done = cover(stored(values, transfer_syntax_uid=ExplicitVRBigEndian), [(BOX,)])

    new = np.frombuffer(done.pixels.value, ">u2").reshape(48, 64)
    np.testing.assert_array_equal(new[~INSIDE], values[0][~INSIDE])


def test_an_encoder_that_changes_a_pixel_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, values = _compressed(tmp_path, RLELossless)
    with open_part_ten(path) as file:
        pixels = read_stored_pixels(file)
    assert pixels is not None
    encode = module._encode

    def one_pixel_off(pixels: StoredPixels, encoder: str, frame: np.ndarray) -> bytes:
        frame[40, 60] += 1
        return encode(pixels, encoder, frame)

    monkeypatch.setattr(module, "_encode", one_pixel_off)

    done = cover(pixels, [(), (BOX,), ()])

    assert done.reason == ENCODER_FAILED
    new = np.frombuffer(done.pixels.value, "<u2").reshape(3, 48, 64)
    np.testing.assert_array_equal(new[1][~INSIDE], values[1][~INSIDE])


def test_a_cover_that_spills_is_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = module._cover_native

    def spilling(pixels: StoredPixels, boxes: list[tuple[Box, ...]]) -> StoredPixels:
        done = honest(pixels, boxes)
        frame = native_frame(done, 0)
        frame[0, 0] ^= 1
        return replace(done, value=frame.tobytes())

    monkeypatch.setattr(module, "_cover_native", spilling)

    with pytest.raises(InstanceHeld) as held:
        cover(stored(tissue(48, 64)[None]), [(BOX,)])
    assert held.value.reason == Reason.NOT_UNDERSTOOD
