from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from casepack.deidentify.pixels.boxes import Box, mask_of
from casepack.deidentify.pixels.detect import decode, find_text
from casepack.textfinder import network
from casepack.textfinder.network import Likelihood, text_likelihood
from tests.deidentify.pixels.images import example, tissue, write_text


def share_covered(boxes: tuple[Box, ...], ink: tuple[int, int, int, int]) -> float:
    covered = mask_of(boxes, 1024, 1024)
    return float(covered[ink[1] : ink[3], ink[0] : ink[2]].mean())


@pytest.mark.parametrize(
    ("at", "level", "size", "angle"),
    [
        ((8, 8), 1200, 14, 0),
        ((0, 240), 1200, 14, 0),  # at the border
        ((100, 120), 1200, 12, 0),  # over anatomy
        ((30, 90), 0, 18, 0),  # dark on bright
        ((4, 40), 900, 14, 90),
        ((236, 40), 900, 14, 270),
        ((20, 20), 1200, 28, 0),
        ((6, 200), 1200, 10, 0),
    ],
)
def test_a_line_is_covered(at: tuple[int, int], level: int, size: int, angle: int) -> None:
    values = tissue()
    ink = write_text(values, "Mustermann 04.05.1961", at, level=level, size=size, angle=angle)

    (boxes,) = find_text(values[None])

    assert share_covered(boxes, ink) >= 0.9


@pytest.mark.parametrize("seed", range(4))
def test_a_frame_without_text_is_not_touched(seed: int) -> None:
    assert find_text(tissue(seed=seed)[None]) == ((),)


def test_one_frame_of_twenty_with_text_is_found_and_no_other() -> None:
    frames = np.stack([tissue(seed=seed) for seed in range(20)])
    ink = write_text(frames[13], "DOE^JANE 4711", (10, 12), level=1200)

    found = find_text(frames)

    assert [index for index, boxes in enumerate(found) if boxes] == [13]
    assert share_covered(found[13], ink) >= 0.9


def test_signed_and_inverted_values_give_the_same_lines() -> None:
    values = tissue()
    ink = write_text(values, "Mustermann, Erika", (10, 12), level=1200)

    signed = values.astype(np.int16) - 1024

    assert share_covered(find_text(signed[None])[0], ink) >= 0.9
    assert share_covered(find_text((4095 - values)[None])[0], ink) >= 0.9


@pytest.mark.parametrize("channel", [0, 2])
def test_coloured_text_is_found_though_its_luminance_is_low(channel: int) -> None:
    values = np.stack([tissue(top=200).astype(np.uint8)] * 3, axis=-1)
    lettered = values[..., channel].copy()
    ink = write_text(lettered, "Mustermann 1961", (10, 12), level=255)
    values[..., channel] = lettered

    (boxes,) = find_text(values[None])

    assert share_covered(boxes, ink) >= 0.9


def test_strips_of_a_large_frame_say_the_same_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    values = tissue(1024, 256)
    write_text(values, "Mustermann", (20, 500), level=1200)
    whole = text_likelihood(values)

    monkeypatch.setattr(network, "_MOST_PIXELS", 256 * 256)

    for part, of_all in zip(text_likelihood(values), whole, strict=True):
        np.testing.assert_allclose(part, of_all, atol=1e-4)


@pytest.mark.parametrize(("lettered", "views"), [(False, 1), (True, 4)])
def test_a_frame_without_doubt_is_seen_once(
    lettered: bool, views: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    values, seen = tissue(96, 160), []
    if lettered:
        write_text(values, "Mustermann", (20, 40), level=1200)
    run = network._run

    def counted(maps: np.ndarray) -> np.ndarray:
        seen.append(maps.shape)
        return run(maps)

    monkeypatch.setattr(network, "_run", counted)
    likelihood = text_likelihood(values)

    assert len(seen) == views
    assert likelihood.mean.shape == likelihood.most.shape == (24, 40)


def test_where_the_text_stands_does_not_depend_on_the_view() -> None:
    values = tissue(160, 256)
    ink = write_text(values, "Mustermann 1961", (60, 20), level=1200)

    (upright,), (flipped,), (aside,) = (
        find_text(np.ascontiguousarray(one)[None]) for one in (values, values[::-1, ::-1], values.T)
    )

    assert share_covered(upright, ink) >= 0.9
    turned = (256 - ink[2], 160 - ink[3], 256 - ink[0], 160 - ink[1])
    assert share_covered(flipped, turned) >= 0.9
    assert share_covered(aside, (ink[1], ink[0], ink[3], ink[2])) >= 0.9


def test_a_frame_too_large_to_be_examined_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        find_text(np.broadcast_to(np.uint8(0), (1, 1 << 14, 1 << 14)))


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (3, 3), (17, 5)])
def test_the_smallest_frames_are_examined(shape: tuple[int, int]) -> None:
    assert find_text(np.zeros((1, *shape), dtype=np.uint16)) == ((),)


def test_the_same_frame_gives_the_same_bytes() -> None:
    values = tissue()

    once, again = text_likelihood(values), text_likelihood(values.copy())
    assert [part.tobytes() for part in once] == [part.tobytes() for part in again]


def test_cells_that_touch_a_sure_one_are_one_line_grown_by_a_cell() -> None:
    likelihood = np.zeros((20, 40), dtype=np.float32)
    likelihood[5:7, 10:20] = 0.3
    likelihood[5, 12] = 0.9
    likelihood[15, 5:20] = 0.2  # likely, but nowhere sure

    assert decode(alike(likelihood), noise(80, 160)) == (Box(36, 16, 84, 32),)


def alike(likelihood: np.ndarray) -> Likelihood:
    """Return what all views say alike."""
    return Likelihood(mean=likelihood, most=likelihood)


@pytest.mark.parametrize(
    ("likely", "drawn", "found"), [(0.6, False, True), (0.2, True, True), (0.2, False, False)]
)
def test_less_is_asked_of_a_line_beside_another(likely: float, drawn: bool, found: bool) -> None:
    mean, most = np.zeros((2, 20, 40), dtype=np.float32)
    mean[5:7, 10:20], most[5:7, 10:20] = likely, 0.6
    frame = noise(80, 160)
    if drawn:
        frame[20:28, 40:80:4] = 2000
    assert decode(Likelihood(mean=mean, most=most), frame) == ()

    mean[15, 5:20] = 0.9
    most[15, 5:20] = 0.9

    other = Box(16, 56, 84, 68)
    expected = (other, Box(36, 16, 84, 32)) if found else (other,)
    assert decode(Likelihood(mean=mean, most=most), frame) == expected


def noise(rows: int, columns: int) -> np.ndarray:
    """Return values as of tissue, in which none stands out."""
    values: np.ndarray = np.random.default_rng(3).normal(900, 120, (rows, columns))
    return values.astype(np.uint16)


@pytest.mark.parametrize("ink", [700, 2000])
def test_a_line_of_which_the_network_is_not_sure_counts_if_one_value_is_repeated(ink: int) -> None:
    likelihood = np.zeros((20, 40), dtype=np.float32)
    likelihood[5:7, 10:20] = 0.4
    frame = noise(80, 160)
    assert decode(alike(likelihood), frame) == ()

    frame[20:28, 40:80:4] = ink  # ten strokes of eight pixels

    assert decode(alike(likelihood), frame) == (Box(36, 16, 84, 32),)
    # elsewhere they say nothing of this line
    assert decode(alike(likelihood), np.roll(frame, 40, axis=0)) == ()


def test_numbers_that_are_no_integers_repeat_nothing() -> None:
    likelihood = np.full((20, 40), 0.4, dtype=np.float32)
    assert decode(alike(likelihood), np.ones((80, 160), dtype=np.float32)) == ()


def test_an_oblique_line_is_covered_in_pieces_and_not_with_all_around_it() -> None:
    likelihood = np.zeros((40, 40), dtype=np.float32)
    for step in range(30):
        likelihood[step : step + 3, step] = 0.9

    boxes = decode(alike(likelihood), noise(160, 160))

    covered = mask_of(boxes, 160, 160)
    assert all(covered[4 * step + 6, 4 * step + 2] for step in range(30))
    assert not covered[10, 100]


def test_the_network_is_shipped_with_its_card() -> None:
    folder = Path(network.__file__).parent / "model"

    assert (folder / "text.onnx").stat().st_size < 300_000
    assert "## Limits" in (folder / "MODEL_CARD.md").read_text("utf-8")


@pytest.mark.parametrize("name", ["CT_small.dcm", "693_J2KI.dcm", "examples_overlay.dcm"])
def test_real_sections_are_hardly_touched(name: str) -> None:
    values = pydicom.dcmread(example(name)).pixel_array

    (boxes,) = find_text(values[None])

    assert mask_of(boxes, *values.shape[:2]).mean() < 0.002
