"""Pixel Data that lie about themselves: held, and never more memory than a frame takes."""

from __future__ import annotations

import os
import random
import resource
import struct
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF

import numpy as np
import pytest
from pydicom.encaps import encapsulate

from casepack.deidentify.pixels import decoding
from casepack.deidentify.pixels.clean import clean_image, examine_image
from casepack.deidentify.pixels.header import read_stored_pixels
from casepack.deidentify.pixels.stored import StoredPixels, claimed_size, read_frames
from casepack.errors import InstanceHeld
from casepack.model import Reason
from casepack.part_ten import open_part_ten
from tests.deidentify.pixels.images import example, stored, tissue

COMPRESSED = (
    "MR_small_RLE.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "MR_small_jp2klossless.dcm",
    "SC_rgb_dcmtk_+eb+cr.dcm",
)


def pixels_of(name: str) -> StoredPixels:
    with open_part_ten(example(name)) as file:
        pixels = read_stored_pixels(file)
    assert pixels is not None
    return pixels


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": 65535, "columns": 65535},
        {"rows": 0},
        {"frames": 2},
        {"frames": 1 << 31},
        {"frames": -1},
        {"bits_allocated": 7},
        {"bits_stored": 17},
        {"high_bit": 16},
        {"samples": 3},
        {"samples": 2},
        {"photometric": "CMYK"},
        {"photometric": "PALETTE COLOR"},
        {"planar_configuration": 2},
        {"transfer_syntax_uid": "1.2.3"},
        {"value": b""},
    ],
)
def test_a_description_that_does_not_fit_is_held(changes: dict[str, object]) -> None:
    pixels = stored(tissue(64, 64)[None], **changes)

    with pytest.raises(InstanceHeld) as held:
        list(read_frames(pixels))
    assert held.value.reason == Reason.PIXELS_NOT_DECODED


def outcome(pixels: StoredPixels) -> str:
    try:
        (frame,) = read_frames(pixels)
    except InstanceHeld as held:
        return held.reason
    return f"{frame.shape[0]} x {frame.shape[1]}"


@pytest.mark.parametrize("name", COMPRESSED)
def test_damaged_code_streams_are_held_or_decoded_and_nothing_else(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "_SECONDS", 1)
    pixels = pixels_of(name)
    whole = bytes(pixels.value)
    chance = random.Random(name)
    outcomes = set()
    for _ in range(12):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        end = chance.randint(0, len(data)) if chance.random() < 0.5 else None
        outcomes.add(outcome(replace(pixels, value=bytes(data[:end]))))

    assert Reason.PIXELS_NOT_DECODED in outcomes
    assert outcomes <= {Reason.PIXELS_NOT_DECODED, f"{pixels.rows} x {pixels.columns}"}


def test_a_decoder_without_end_and_one_that_dies_take_nothing_with_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pixels = pixels_of("MR_small_RLE.dcm")
    monkeypatch.setattr(decoding, "_SECONDS", 1)
    for attempt in (without_end, dying):
        with monkeypatch.context() as patched:
            patched.setattr(decoding, "_attempt", attempt)
            assert outcome(pixels) == Reason.PIXELS_NOT_DECODED
    monkeypatch.setattr(decoding, "_SECONDS", 30)

    assert outcome(pixels) == "64 x 64"


def test_a_script_without_a_guard_is_not_run_again(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from tests.deidentify.pixels.test_hostile import outcome, pixels_of\n"
        "print('begins', outcome(pixels_of('MR_small_RLE.dcm')))\n"
    )
    run = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert run.stdout == "begins 64 x 64\n"


def without_end(*_arguments: object) -> None:
    while True:
        time.sleep(1)


def dying(*_arguments: object) -> None:
    os._exit(11)


@pytest.mark.parametrize("name", COMPRESSED[1:])
def test_a_code_stream_larger_than_the_header_is_held_before_it_is_decoded(name: str) -> None:
    pixels = pixels_of(name)
    data = bytearray(pixels.value)
    at = data.find(b"\xff\x4f\xff\x51")
    if at >= 0:
        data[at + 8 : at + 16] = struct.pack(">2I", 60000, 60000)
    else:
        marker = next(
            data.find(bytes((0xFF, kind))) for kind in (0xF7, 0xC0) if bytes((0xFF, kind)) in data
        )
        data[marker + 5 : marker + 9] = struct.pack(">2H", 60000, 60000)

    tracemalloc.start()
    with pytest.raises(InstanceHeld):
        list(read_frames(replace(pixels, value=bytes(data))))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 20 << 20


def test_the_size_in_a_code_stream_is_read() -> None:
    assert claimed_size(b"\xff\xd8\xff\xc0\x00\x0b\x08\x01\x02\x03\x04\x01") == (0x0102, 0x0304)
    assert claimed_size(b"\xff\xd8\xff\xe0\x00\x04ab\xff\xf7\x00\x0b\x08\x00\x05\x00\x06\x01") == (
        5,
        6,
    )
    assert claimed_size(b"\x00\x01") is None


def test_missing_fragments_are_held() -> None:
    pixels = pixels_of("SC_rgb_rle_2frame.dcm")
    with pytest.raises(InstanceHeld):
        list(read_frames(replace(pixels, value=encapsulate([b"\x00" * 70]))))


def test_nothing_is_asked_of_the_image_s_own_words_in_an_error() -> None:
    pixels = replace(pixels_of("MR_small_RLE.dcm"), value=b"DOE^JANE")

    with pytest.raises(InstanceHeld) as held:
        list(read_frames(pixels))
    assert "DOE" not in str(held.value)
    assert held.value.__cause__ is None


def test_an_all_black_image_and_noise_are_examined_and_left_alone() -> None:
    for values in (
        np.zeros((1, 64, 64), dtype=np.uint16),
        np.random.default_rng(1).integers(0, 4096, (1, 128, 128)).astype(np.uint16),
    ):
        pixels = stored(values)
        assert not clean_image(pixels, examine_image(pixels)).changed


def payloads(chance: random.Random) -> Iterator[StoredPixels]:
    """Yield a thousand Pixel Data that lie: too short, too large, not what they claim to be."""
    native = stored(np.stack([tissue(64, 64, seed) for seed in range(3)]))
    whole = bytes(native.value)
    for number in range(700):
        lies: list[dict[str, object]] = [
            {"value": whole[: chance.randrange(len(whole))]},
            {"rows": 65535, "columns": 65535},
            {"frames": chance.randint(4, 1 << 31)},
            {"rows": chance.randint(65, 65535)},
            {"bits_stored": chance.randint(17, 200)},
            {"samples": chance.randint(2, 9)},
            {"bits_allocated": chance.choice((2, 12, 24, 64, 65535))},
        ]
        yield replace(native, **lies[number % 7])  # type: ignore[arg-type]
    for name in COMPRESSED:
        pixels = pixels_of(name)
        stream = bytes(pixels.value)[16:]
        for number in range(75):
            garbage = chance.randbytes(chance.randint(2, 400) * 2)
            value = [
                b"",
                encapsulate([garbage]),
                encapsulate([stream[:4] + garbage]),
                bytes(pixels.value)[: chance.randrange(8, 60)],
                garbage,
            ][number % 5]
            yield replace(pixels, value=value)


def test_a_thousand_hostile_payloads_are_held_in_little_memory() -> None:
    script = "from tests.deidentify.pixels.test_hostile import hold_all; hold_all()"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False
    )
    assert run.stderr == ""
    count, held, megabytes, in_child = map(int, run.stdout.split())
    assert count == 1000
    # what is left decodes to a frame of the right size
    assert held >= 990
    assert max(megabytes, in_child) < 1024


def hold_all() -> None:
    """Examine all payloads; print how many there were, how many were held, and the memory."""
    count = held = 0
    for pixels in payloads(random.Random(5)):
        count += 1
        try:
            assert len(examine_image(pixels)) == pixels.frames
        except InstanceHeld as error:
            held += error.reason == Reason.PIXELS_NOT_DECODED
    decoding._end(decoding._process(os.getpid()))
    usage = [resource.getrusage(who).ru_maxrss >> 10 for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    sys.stdout.write(f"{count} {held} {usage[0]} {usage[1]}")
