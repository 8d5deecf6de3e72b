"""The table of a bench: what was run, how long it took, and how it stands to its target."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.bench.timing import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A bound on a ratio: at most, or at least."""

    bound: float
    at_least: bool = False

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound:g}"

    def is_met(self, ratio: float) -> bool:
        """Tell whether `ratio` keeps to the bound."""
        return ratio >= self.bound if self.at_least else ratio <= self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table."""

    what: str
    runs: Sequence[Run] = field(default=(), repr=False)
    ratio: float | None = None
    """Of the medians."""
    fastest: float | None = None
    """The same ratio, of the fastest runs."""
    meaning: str = ""
    """What the ratio says, with a place for it: ``casepack takes {} of it``."""
    target: Target | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        return (self.what, *_seconds(self.runs), *self._judgement())

    def _judgement(self) -> tuple[str, str, str, str]:
        if self.ratio is None:
            return (self.meaning, "", "", "")
        said = self.meaning.format(f"{self.ratio:.2f}")
        fastest = "" if self.fastest is None else f"{self.fastest:.2f}"
        if self.target is None:
            return (said, fastest, "-", "")
        verdict = "met" if self.target.is_met(self.ratio) else "NOT MET"
        return (said, fastest, str(self.target), verdict)


_TITLES = (
    "",
    "runs",
    "min s",
    "median s",
    "max s",
    "cpu s",
    "ratio of medians",
    "of fastest",
    "target",
    "",
)
_LEFT = (0, 6, 8, 9)


def _seconds(runs: Sequence[Run]) -> tuple[str, ...]:
    if not runs:
        return ("",) * 5
    times = [run.seconds for run in runs]
    numbers = (min(times), statistics.median(times), max(times))
    cpu = statistics.median(run.cpu for run in runs)
    return (str(len(runs)), *(f"{number:.2f}" for number in (*numbers, cpu)))


def draw_table(groups: Iterable[tuple[str, Sequence[Row]]], *, judge: bool = True) -> str:
    """Return the groups of rows, each below its title, as one table of plain text.

    Without `judge`, whether the targets are met is left out.
    """
    lines: list[tuple[str, ...]] = [_TITLES]
    for title, rows in groups:
        lines += [(), (title,), *(("  " + row.cells[0], *row.cells[1:]) for row in rows)]
    full = [line for line in lines if len(line) == len(_TITLES)]
    if not judge:
        full = [(*line[:-1], "") for line in full]
        lines = [(*line[:-1], "") if len(line) == len(_TITLES) else line for line in lines]
    widths = [max(len(line[place]) for line in full) for place in range(len(_TITLES))]
    return "\n".join(_draw_line(line, widths) for line in lines)


def _draw_line(line: Sequence[str], widths: Sequence[int]) -> str:
    if len(line) < len(widths):
        return "".join(line)
    cells = (
        cell.ljust(width) if place in _LEFT else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(line, widths, strict=True))
    )
    return "  ".join(cells).rstrip()
