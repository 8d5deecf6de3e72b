"""The search of `casepack validate` for the identifying values of somebody else, beside sha512sum.

Whoever searches for values that are not there has to look at every byte, which is what is measured:
reading the files, and searching everything in them, in one process. What sha512sum takes for the
same files in one process is the scale.
"""

from __future__ import annotations

import random
import resource
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from casepack.verify import Identifier, Identifiers, Kind, search_identifiers
from tests.bench.table import Row, Target
from tests.bench.timing import Run

_VALUES: Final = 1000
_LETTERS: Final = "aeiourstlnmkdbg"
_TARGET: Final = Target(bound=3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """A folder to search."""

    what: str
    folder: Path


def invent_values(count: int = _VALUES) -> Identifiers:
    """Return as many distinctive values as asked for, mostly UIDs, as of a large study."""
    chance = random.Random(7)

    def word(length: int) -> str:
        return "".join(chance.choice(_LETTERS) for _ in range(length)).title()

    def digits(length: int) -> str:
        return "".join(chance.choice("123456789") for _ in range(length))

    def make(number: int) -> tuple[Kind, str]:
        if number < 25:  # of a thousand: what a study holds beside its UIDs
            return Kind.PERSON_NAME, f"{word(4 + number % 8)}^{word(4 + number % 5)}"
        if number < 50:
            return Kind.PERSON_NAME, word(4 + number % 8)
        if number < 70:
            return Kind.NUMBER, digits(6 + number % 6)
        if number < 90:
            return Kind.DATE, f"19{digits(2)}0{digits(1)}1{digits(1)}"
        if number < 100:
            return Kind.INSTITUTION, f"{word(9)} {word(7)}"
        return Kind.UID, f"1.3.12.2.1107.5.2.19.{digits(5)}.{digits(26)}"

    made = (make(number) for number in range(count))
    return Identifiers(
        values=tuple(Identifier(kind=kind, value=value, distinctive=True) for kind, value in made)
    )


def compare_search(searched: Sequence[Searched], runs: int) -> list[Row]:
    """Return rows of the search and of sha512sum, in processor time, since both run in one."""
    values = invent_values()
    rows: list[Row] = []
    for one in searched:
        files = sorted(str(path) for path in one.folder.rglob("*") if path.is_file())
        size = sum(Path(name).stat().st_size for name in files)
        _search(one.folder, values)
        pairs = [(_run(_Search(one.folder, values)), _run(_Sums(files))) for _ in range(runs)]
        own, sums = ([run for run, _ in pairs], [run for _, run in pairs])
        rate = size / 1e6 / statistics.median(run.cpu for run in own)
        ratios = [mine.cpu / theirs.cpu for mine, theirs in pairs]
        rows += [
            Row(what=f"{one.what}, {len(files):,} files", runs=own, meaning=f"{rate:.0f} MB/s"),
            Row(
                what="  sha512sum",
                runs=sums,
                ratio=statistics.median(ratios),
                fastest=min(run.cpu for run in own) / min(run.cpu for run in sums),
                meaning="the search takes {} of it",
                target=_TARGET,
            ),
        ]
    return rows


def _search(folder: Path, values: Identifiers) -> None:
    found = search_identifiers(folder, values)
    if found:
        raise AssertionError(found[0].code)


@dataclass(frozen=True, slots=True)
class _Search:
    folder: Path
    values: Identifiers

    who = resource.RUSAGE_SELF

    def __call__(self) -> None:
        _search(self.folder, self.values)


@dataclass(frozen=True, slots=True)
class _Sums:
    files: Sequence[str]

    who = resource.RUSAGE_CHILDREN

    def __call__(self) -> None:
        subprocess.run(("sha512sum", *self.files), check=True, stdout=subprocess.DEVNULL)


def _run(job: _Search | _Sums) -> Run:
    before, start = resource.getrusage(job.who), time.perf_counter()
    job()
    seconds, after = time.perf_counter() - start, resource.getrusage(job.who)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(seconds=seconds, cpu=cpu, peak_bytes=after.ru_maxrss * 1024)
