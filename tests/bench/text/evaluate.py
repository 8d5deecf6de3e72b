"""Measure the shipped detector: ``python -m tests.bench.text.evaluate [--frames 800]``.

Frames of the split ``evaluation``: other fonts, other real pictures, another phantom seed and
another random stream than any frame of training; the invented backgrounds are of the same kind with
other numbers. A line is covered when at least 90 % of its rectangle (of its turned rectangle, when
it runs obliquely) lies in the boxes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from casepack.deidentify.pixels.boxes import mask_of
from casepack.deidentify.pixels.detect import find_text
from tests.bench.text import say
from tests.bench.text.frames import Drawn, Source, is_legible

_SIZES = (256, 256, 320, 384, 512, 512, 640, 1024)
_COVERED = 0.9
_FAINTEST = 0.05
"""Share of the range of the frame; fainter lines are left out, as are illegible ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A line, and how much of it was covered."""

    line: Drawn
    share: float


Stratum = Callable[[Drawn], bool]
STRATA: dict[str, Stratum] = {
    "all legible lines": lambda _line: True,
    "plain to see: contrast 0.1, visibility 3": lambda line: (
        line.contrast >= 0.1 and line.visibility >= 3
    ),
    "contrast 0.2 and more of the range": lambda line: line.contrast >= 0.2,
    "contrast 0.1 to 0.2": lambda line: 0.1 <= line.contrast < 0.2,
    "contrast 0.05 to 0.1": lambda line: line.contrast < 0.1,
    "bright": lambda line: line.style.mode == "bright",
    "mid-grey": lambda line: line.style.mode == "grey",
    "dark": lambda line: line.style.mode == "dark",
    "faint (0.05 to 0.2)": lambda line: line.style.mode == "faint",
    "outlined": lambda line: line.style.mode == "outlined",
    "on a plate": lambda line: line.style.mode == "boxed",
    "horizontal": lambda line: line.style.angle == 0,
    "vertical": lambda line: line.style.angle in {90, 270},
    "oblique, up to 15 degrees": lambda line: 0 < abs(line.style.angle) <= 15,
    "oblique, 15 to 75 degrees": lambda line: 15 < abs(line.style.angle) <= 75,
    "two or three letters": lambda line: 2 <= line.letters <= 3,
    "one letter": lambda line: line.letters == 1,
    **{
        script: lambda line, script=script: line.style.script == script  # type: ignore[misc]
        for script in (
            "latin", "bitmap", "strokes", "cyrillic", "greek", "cjk", "hangul", "arabic", "hebrew",
            "thai", "devanagari",
        )
    },
}  # fmt: skip


def measure(
    frames: int, seed: int, *, sizes: tuple[int, int] = (8, 28), split: str = "evaluation"
) -> list[Scored]:
    """Score the lines of frames with text."""
    source = Source(split=split, seed=seed)
    scored: list[Scored] = []
    for index in range(frames):
        values, lines = source.frame(_SIZES[index % len(_SIZES)], blocks=1 + index % 3, sizes=sizes)
        (boxes,) = find_text(values[None])
        covered = mask_of(boxes, *values.shape)
        scored.extend(
            Scored(line=line, share=float(covered[line.mask].mean()))
            for line in lines
            if is_legible(line) and line.contrast >= _FAINTEST
        )
    return scored


def false_alarms(
    frames: int, seed: int, *, graphics: bool, split: str = "evaluation"
) -> tuple[float, float]:
    """Return the share of frames without text that are touched, and of pixels that are lost."""
    source = Source(split=split, seed=seed)
    touched, lost, total = 0, 0, 0
    for index in range(frames):
        values, _ = source.frame(_SIZES[index % len(_SIZES)], blocks=0, graphics=graphics)
        (boxes,) = find_text(values[None])
        touched += bool(boxes)
        lost += int(mask_of(boxes, *values.shape).sum())
        total += values.size
    return touched / frames, lost / total


def milliseconds(size: int, count: int = 20) -> float:
    """Processor time for a frame of the phantom's kind, on one thread."""
    source = Source(split="evaluation", seed=999)
    values = [source.frame(size, blocks=0, graphics=False)[0].astype(np.uint16) for _ in range(4)]
    find_text(values[0][None])
    began = time.process_time()
    for index in range(count):
        find_text(values[index % len(values)][None])
    return (time.process_time() - began) / count * 1000


def interval(found: int, count: int) -> tuple[float, float]:
    """The Wilson interval of a share, 95 %."""
    if count == 0:
        return 0.0, 1.0
    z, share = 1.96, found / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count**2)) ** 0.5
    return middle - half, middle + half


def table(scored: list[Scored]) -> list[tuple[str, int, float, tuple[float, float], float]]:
    """Rows of: stratum, lines, share covered with its interval, share at least half hit."""
    rows = []
    for name, belongs in STRATA.items():
        shares = [one.share for one in scored if belongs(one.line)]
        if shares:
            found = sum(share >= _COVERED for share in shares)
            half = sum(share >= 0.5 for share in shares) / len(shares)
            rows.append(
                (name, len(shares), found / len(shares), interval(found, len(shares)), half)
            )
    return rows


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=800)
    parser.add_argument("--seed", type=int, default=20260)
    parser.add_argument("--split", default="evaluation")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    frames, seed, split = options.frames, options.seed, options.split
    scored = measure(frames, seed, split=split)
    result: dict[str, object] = {"text of 8 to 28 pixels": (rows := table(scored))}
    for name, count, share, (low, high), half in rows:
        say(f"| {name} | {count} | {share:.1%} [{low:.1%}, {high:.1%}] | {half:.1%} |")
    for sizes in ((5, 7), (29, 47), (48, 64), (65, 90)):
        name, count, share, (low, high), half = table(
            measure(frames // 4, seed + sizes[0], sizes=sizes, split=split)
        )[0]
        result[f"{sizes}"] = (count, share)
        say(
            f"| {sizes[0]} to {sizes[1]} pixels | {count} | {share:.1%} [{low:.1%}, {high:.1%}]"
            f" | {half:.1%} |"
        )
    for graphics in (False, True):
        touched, lost = false_alarms(frames, seed + 1 + graphics, graphics=graphics, split=split)
        result[f"negatives, graphics {graphics}"] = (touched, lost)
        name = "graphics, no text" if graphics else "plain, no text"
        say(f"| {name}: touched | {frames} | {touched:.1%} | {lost:.3%} of pixels |")
    for size in (256, 512, 1024):
        result[f"ms at {size}"] = (cost := milliseconds(size))
        say(f"| cost at {size} x {size} | | {cost:.1f} ms | |")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
