"""``python -m tests.bench.packing``: what it takes to package a study, beside what was aimed at.

The study is 500 CT images of 512 x 512 with smooth pictures and a little noise, as scanners make
them. ``casepack pack`` de-identifies, checks twice and packages it; dicom-anonymizer de-identifies.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from casepack.model import Deidentified, Verified, unknown_record
from casepack.package.dicomdir.fileset import write_fileset
from casepack.package.pictures.previews import write_previews
from casepack.study import read_file_set
from tests.bench import corpora, programs
from tests.bench.__main__ import _conditions
from tests.bench.programs import Skipped
from tests.bench.table import Row, Target, draw_table
from tests.bench.timing import (
    Command,
    Job,
    Run,
    least_cpu,
    least_seconds,
    measure,
    median_seconds,
)

_WORK: Final = Path(__file__).resolve().parents[2] / "bench-out" / "packing"
_PEER: Final = "dicom-anonymizer"
_WORKERS: Final = 2
_SLICE_TARGET: Final = Target(bound=40.0)
"""Milliseconds, of both workers together."""
_DIRECTORY_TARGET: Final = Target(bound=5.0)
"""Seconds, for 3,000 instances."""
_PEER_TARGET: Final = Target(bound=1.0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; return 0 if everything could be measured, whatever the result."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.packing", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, metavar="N")
    parser.add_argument("--quick", action="store_true", help="a tenth of it: that everything runs")
    asked = parser.parse_args(arguments)
    share = 10 if asked.quick else 1
    shutil.rmtree(_WORK, ignore_errors=True)
    _WORK.mkdir(parents=True)
    sys.stdout.write(_conditions(asked.runs))
    try:
        study, directory = _WORK / "study", _WORK / "many"
        corpora.write_picture_corpus(study, 500 // share)
        corpora.write_mr_corpus(directory, 3000 // share)
        groups = [
            _compare_packing(study.name, 500 // share, asked.runs),
            _measure_previews(study, asked.runs),
            _measure_directory(directory, asked.runs),
        ]
    finally:
        shutil.rmtree(_WORK)
    sys.stdout.write(draw_table(groups, judge=not asked.quick) + "\n")
    return 0


def _compare_packing(source: str, count: int, runs: int) -> tuple[str, list[Row]]:
    title = f"Packing {count} images of 512 x 512; the peer de-identifies alone"
    found = [one for one in programs.python_peers(_WORK.parent) if one.name.startswith(_PEER)]
    peers = [one for one in found if not isinstance(one, Skipped)]
    commands: list[Command] = [programs.casepack_pack(_WORKERS), *peers]
    jobs = [Job(command=command, source=source, files=count) for command in commands]
    own, *others = measure(jobs, _WORK, runs)
    rows = [Row(what=commands[0].name, runs=own)]
    rows += [
        Row(
            what=peer.name,
            runs=theirs,
            ratio=median_seconds(own) / median_seconds(theirs),
            fastest=least_seconds(own) / least_seconds(theirs),
            meaning=f"casepack takes {{}} of its time, {_cpu_ratio(own, theirs)} of processor time",
            target=_PEER_TARGET,
        )
        for peer, theirs in zip(peers, others, strict=True)
    ]
    return title, rows


def _cpu_ratio(own: Sequence[Run], theirs: Sequence[Run]) -> str:
    return f"{least_cpu(own) / least_cpu(theirs):.1f} x"


def _measure_previews(source: Path, runs: int) -> tuple[str, list[Row]]:
    deidentified = _read(source)
    verified = Verified(deidentified=deidentified, checks=())
    count = len(deidentified.instances)
    rows = []
    for workers in (1, _WORKERS):

        def write(folder: Path, workers: int = workers) -> None:
            write_previews(folder, verified, workers=workers)

        measured = [_time(write) for _ in range(runs)]
        rows.append(
            Row(
                what=f"{workers} worker(s)",
                runs=measured,
                ratio=1000 * median_seconds(measured) / count,
                fastest=1000 * least_seconds(measured) / count,
                meaning=f"{{}} ms a slice; {1000 * least_cpu(measured) / count:.1f} ms processor",
                target=_SLICE_TARGET if workers == _WORKERS else None,
            )
        )
    return f"Pictures of the page: {count} WebP, decoded to written", rows


def _measure_directory(source: Path, runs: int) -> tuple[str, list[Row]]:
    deidentified = _read(source)

    def write(folder: Path) -> None:
        write_fileset(folder, deidentified)

    measured = [_time(write) for _ in range(runs)]
    row = Row(
        what=f"{len(deidentified.instances):,} instances",
        runs=measured,
        ratio=median_seconds(measured),
        fastest=least_seconds(measured),
        meaning="{} s, the copies of the files with it",
        target=_DIRECTORY_TARGET,
    )
    return "File-set with DICOMDIR", [row]


def _read(folder: Path) -> Deidentified:
    """Return the corpus as what de-identification made; what it holds does not matter here."""
    return Deidentified(root=folder, studies=read_file_set(folder).studies, record=unknown_record())


def _time(write: Callable[[Path], None]) -> Run:
    target = _WORK / "made"
    target.mkdir()
    started, used = time.perf_counter(), _cpu_seconds()
    write(target)
    run = Run(
        seconds=time.perf_counter() - started,
        cpu=_cpu_seconds() - used,
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )
    shutil.rmtree(target)
    return run


def _cpu_seconds() -> float:
    """Return the processor time of this process and of those that it started and waited for."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    sys.exit(main())
