from __future__ import annotations

import numpy as np
import pytest

from casepack.deidentify.pixels import clean as module
from casepack.deidentify.pixels.boxes import Box, mask_of
from casepack.deidentify.pixels.clean import clean_image, examine_image, spread_over_images
from casepack.deidentify.pixels.stored import StoredPixels, read_frames
from casepack.deidentify.pixels.unused_bits import clear_unused_bits, hides_in_unused_bits
from casepack.errors import InstanceHeld
from casepack.model import Reason
from tests.deidentify.pixels.images import stored, tissue, write_text


def test_what_is_found_is_covered_and_not_found_again() -> None:
    frames = np.stack([tissue(seed=seed) for seed in range(3)])
    ink = write_text(frames[1], "DOE^JANE 4711", (10, 12), level=1200)
    pixels = stored(frames)

    cleaned = clean_image(pixels, examine_image(pixels))

    new = np.stack(list(read_frames(cleaned.covered.pixels)))
    assert cleaned.changed
    assert (new[1][ink[1] : ink[3], ink[0] : ink[2]] == 0).mean() >= 0.9
    np.testing.assert_array_equal(new[[0, 2]], frames[[0, 2]])
    assert all(not boxes for boxes in examine_image(cleaned.covered.pixels))


def test_an_image_without_text_keeps_its_bytes() -> None:
    pixels = stored(tissue()[None])

    cleaned = clean_image(pixels, examine_image(pixels))

    assert not cleaned.changed
    assert cleaned.covered.pixels is pixels


def test_known_regions_are_covered_in_every_frame() -> None:
    pixels = stored(np.stack([tissue(seed=seed) for seed in range(2)]))

    cleaned = clean_image(pixels, ((), ()), [Box(0, 0, 256, 30)])

    assert all((frame[:30] == 0).all() for frame in read_frames(cleaned.covered.pixels))


def test_a_line_covered_in_part_is_covered_whole_at_the_second_look() -> None:
    values = tissue()
    ink = write_text(values, "Mustermann, Erika 1961", (10, 12), level=1200)

    cleaned = clean_image(stored(values[None]), ((Box(8, 8, 60, 28),),))

    covered = mask_of(cleaned.boxes[0], 256, 256)
    assert covered[ink[1] : ink[3], ink[0] : ink[2]].mean() >= 0.9


def test_an_image_in_which_text_is_found_for_ever_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = iter(range(0, 200, 20))

    def always_elsewhere(_pixels: StoredPixels, _frames: object) -> tuple[tuple[Box, ...], ...]:
        row = next(rows)
        return ((Box(0, row, 10, row + 5),),)

    monkeypatch.setattr(module, "examine_image", always_elsewhere)

    with pytest.raises(InstanceHeld) as held:
        clean_image(stored(tissue()[None]), ((Box(100, 100, 120, 120),),))
    assert held.value.reason == Reason.BURNED_IN


def test_what_recurs_in_the_images_of_a_series_is_covered_in_all() -> None:
    name = Box(4, 4, 40, 12)
    found = [((name,),), ((name,), ()), ((),)]

    spread = spread_over_images(found, 64, 64)

    assert [len(image) for image in spread] == [1, 2, 1]
    assert all(mask_of(boxes, 64, 64)[4:12, 4:40].all() for image in spread for boxes in image)


def test_an_overlay_in_unused_bits_is_seen_and_cleared() -> None:
    values = tissue()
    hidden = values.copy()
    hidden[20:30, 20:40] |= 0x8000

    pixels = stored(hidden[None], bits_stored=12, high_bit=11)

    assert hides_in_unused_bits(pixels)
    assert not hides_in_unused_bits(stored(values[None], bits_stored=12, high_bit=11))
    cleared = clear_unused_bits(pixels)
    assert cleared.value == values.tobytes()
    assert clear_unused_bits(cleared) is cleared


def test_a_repeated_sign_is_no_overlay() -> None:
    values = tissue().astype(np.int16) - 500
    pixels = stored(values[None], bits_stored=12, high_bit=11)

    assert not hides_in_unused_bits(pixels)
    values[3, 3] ^= 0x4000
    assert hides_in_unused_bits(stored(values[None], bits_stored=12, high_bit=11))
