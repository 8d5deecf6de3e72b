"""Measure the shipped detector and its peers: ``python -m tests.bench.text.evaluate``.

Frames of the split ``evaluation``: other fonts, other real pictures, another phantom seed and
another random stream than any frame of training; the invented backgrounds are of the same kind with
other numbers. A line is covered when at least 90 % of its rectangle (of its turned rectangle, when
it runs obliquely) lies in the boxes. Lines that nobody can read are left out: fainter than 0.05 of
the range, less than 1.2 standard deviations away from what is under them, or with more than 40 % of
the height of their letters beyond the border.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from casepack.sample.write import write_sample
from tests.bench.text import say
from tests.bench.text.backgrounds import sections
from tests.bench.text.frames import Drawn, Source, is_legible
from tests.bench.text.peers import Finder, Missing, finders

OURS = "casepack"
ALL, PLAIN = "all legible lines", "plain to see: contrast 0.1, visibility 3"

_SIZES = (256, 256, 320, 384, 512, 512, 640, 1024)
SPINE = "of spine"
_PHANTOM = 91
"""A seed of the split ``evaluation``."""
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
    ALL: lambda _line: True,
    PLAIN: lambda line: (
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
    "two letters and more": lambda line: line.letters >= 2,
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
    frames: int,
    seed: int,
    found_by: Mapping[str, Finder],
    *,
    sizes: tuple[int, int] = (8, 28),
    split: str = "evaluation",
) -> dict[str, list[Scored]]:
    """Score the lines of frames with text, by who looked for them."""
    source = Source(split=split, seed=seed)
    scored: dict[str, list[Scored]] = {name: [] for name in found_by}
    for index in range(frames):
        values, lines = source.frame(_SIZES[index % len(_SIZES)], blocks=1 + index % 3, sizes=sizes)
        legible = [line for line in lines if is_legible(line) and line.contrast >= _FAINTEST]
        for name, finder in found_by.items():
            covered = finder(values)
            scored[name] += [
                Scored(line=line, share=float(covered[line.mask].mean())) for line in legible
            ]
    return scored


def false_alarms(
    frames: int,
    seed: int,
    found_by: Mapping[str, Finder],
    *,
    graphics: bool,
    split: str = "evaluation",
) -> dict[str, tuple[float, float]]:
    """Return the share of frames without text that are touched, and of pixels that are lost."""
    source = Source(split=split, seed=seed)
    touched, lost, total = Counter[str](), Counter[str](), 0
    for index in range(frames):
        values, _ = source.frame(_SIZES[index % len(_SIZES)], blocks=0, graphics=graphics)
        total += values.size
        for name, finder in found_by.items():
            covered = finder(values)
            touched[name] += bool(covered.any())
            lost[name] += int(covered.sum())
    return {name: (touched[name] / frames, lost[name] / total) for name in found_by}


def milliseconds(finder: Finder, frames: Sequence[np.ndarray]) -> float:
    """Processor time for a frame on average, on one thread."""
    finder(frames[0])
    began = _processor_seconds()
    for values in frames:
        finder(values)
    return (_processor_seconds() - began) / len(frames) * 1000


def invented_frames(size: int, count: int = 20) -> list[np.ndarray]:
    """Frames without text, as they are measured above."""
    source = Source(split="evaluation", seed=999)
    frames = (source.frame(size, blocks=0, graphics=False)[0] for _ in range(count))
    return [values.astype(np.uint16) for values in frames]


def spine_frames(size: int) -> list[np.ndarray]:
    """All sections of the phantom's spine study, as a scanner would store them."""
    with TemporaryDirectory() as folder:
        sample = Path(folder) / "sample"
        write_sample(sample, seed=_PHANTOM, slices=3, size=size)
        return sections(sample)


def _processor_seconds() -> float:
    # of programs that were called, too
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def interval(found: int, count: int) -> tuple[float, float]:
    """The Wilson interval of a share, 95 %."""
    if count == 0:
        return 0.0, 1.0
    z, share = 1.96, found / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count**2)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


Row = tuple[str, int, float, tuple[float, float], float]


def table(scored: list[Scored]) -> list[Row]:
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
    parser.add_argument("--split", default="evaluation", help="or training, to choose bounds with")
    parser.add_argument("--alone", action="store_true", help="casepack without its peers")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args(arguments)
    found_by: dict[str, Finder] = {}
    for name, finder in finders().items():
        if isinstance(finder, Missing):
            say(f"skipped: {name}: {finder.reason}")
        elif name == OURS or not asked.alone:
            found_by[name] = finder
    result = _measure_all(found_by, asked.frames, asked.seed, asked.split)
    if asked.json:
        asked.json.write_text(json.dumps(result, indent=1))


def _measure_all(
    found_by: Mapping[str, Finder], frames: int, seed: int, split: str
) -> dict[str, object]:
    ours = {OURS: found_by[OURS]}
    scored = measure(frames, seed, found_by, split=split)
    rows = {name: table(lines) for name, lines in scored.items()}
    result: dict[str, object] = {"text of 8 to 28 pixels": rows}
    say("\nLines of 8 to 28 pixels: share covered, with its 95 % interval\n")
    say(f"| lines | number | {' | '.join(found_by)} |\n|---{'|---' * (len(found_by) + 1)}|")
    for place, (stratum, count, *_) in enumerate(rows[OURS]):
        say(f"| {stratum} | {count} | {' | '.join(_share(r[place]) for r in rows.values())} |")
    half = " | ".join(f"{r[0][4]:.1%}" for r in rows.values())
    say(f"| all legible lines, at least half covered | {rows[OURS][0][1]} | {half} |")
    say("\nOther sizes, casepack alone\n\n| lines | number | covered |\n|---|---|---|")
    for sizes in ((5, 7), (29, 47), (48, 64), (65, 90)):
        found = measure(max(1, frames // 4), seed + sizes[0], ours, sizes=sizes, split=split)
        row = table(found[OURS])[0]
        result[f"{sizes}"] = row
        say(f"| {sizes[0]} to {sizes[1]} pixels | {row[1]} | {_share(row)} |")
    say(f"\nFrames without text, {frames} of each kind: share touched, share of pixels covered\n")
    say(f"| frames | {' | '.join(found_by)} |\n|---{'|---' * len(found_by)}|")
    for graphics in (False, True):
        lost = false_alarms(frames, seed + 1 + graphics, found_by, graphics=graphics, split=split)
        kind = "with graphics" if graphics else "plain"
        result[f"without text, {kind}"] = lost
        say(f"| {kind} | {' | '.join(f'{a:.1%}, {b:.3%}' for a, b in lost.values())} |")
    for kind, make, sides in (
        (SPINE, spine_frames, [256, 512]),
        ("of the bench", invented_frames, [256, 512, 1024]),
    ):
        for side in sides:
            blank = make(side)
            spent = {name: milliseconds(finder, blank) for name, finder in found_by.items()}
            result[f"ms {kind} at {side}"] = spent
            costs = " | ".join(f"{ms:.1f}" for ms in spent.values())
            say(f"| ms a frame {kind}, {side} x {side} | {costs} |")
    _say_targets(result)
    return result


def _share(row: Row) -> str:
    _, _, share, (low, high), _ = row
    return f"{share:.1%} [{low:.1%}, {high:.1%}]"


def _say_targets(result: Mapping[str, Any]) -> None:
    rows = {row[0]: row[2] for row in result["text of 8 to 28 pixels"][OURS]}
    touched, lost = result["without text, plain"][OURS]
    say("\n| target | measured | |\n|---|---|---|")
    for name, share, bound in (
        ("lines covered, all", rows[ALL], 0.98),
        ("lines covered, plain to see", rows[PLAIN], 0.995),
    ):
        say(f"| {name}: at least {bound:.1%} | {share:.1%} | {_verdict(share >= bound)} |")
    for name, share, bound in (
        ("frames without text touched", touched, 0.02),
        ("their pixels covered", lost, 0.002),
    ):
        say(f"| {name}: at most {bound:.1%} | {share:.2%} | {_verdict(share <= bound)} |")
    for size, bound in ((256, 3.0), (512, 8.0)):
        spent = result[f"ms {SPINE} at {size}"][OURS]
        name = f"ms {SPINE} at {size}: at most {bound:.0f}"
        say(f"| {name} | {spent:.1f} | {_verdict(spent <= bound)} |")


def _verdict(holds: bool) -> str:  # what it says is the argument
    return "met" if holds else "missed"


if __name__ == "__main__":
    main(sys.argv[1:])
