"""``python -m tests.bench.batches``: what more workers gain a batch, and what its journal costs.

Each case is the same study of CT images of 512 x 512, packaged: de-identified, checked, drawn,
checked again. Throughput is that of whole calls of the program, start-up in it. What an instance
costs, and what a call costs that finds all as it was, is what CONTRIBUTING.md reckons with.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any, Final

from casepack.batch.journal import Journal
from casepack.batch.processes import Processes
from casepack.batch.run import Workers, run_batch
from tests.bench import corpora, programs
from tests.bench.__main__ import _conditions
from tests.bench.table import Row, Target, draw_table
from tests.bench.timing import Command, Job, Run, least_seconds, measure, median_seconds

_WORK: Final = Path(__file__).resolve().parents[2] / "bench-out" / "batches"
_WORKERS: Final = 2
_THROUGHPUT_TARGET: Final = Target(bound=1.8, at_least=True)
_JOURNAL_TARGET: Final = Target(bound=3.0)
"""Percent."""
_JOURNAL: Final = ("note", "confirm", "judge", "read_results", "find_unconfirmed", "count_shared")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; return 0 if everything could be measured, whatever the result."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.batches", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, metavar="N")
    parser.add_argument("--quick", action="store_true", help="a few cases: that everything runs")
    asked = parser.parse_args(arguments)
    cases, images = (4, 6) if asked.quick else (24, 40)
    shutil.rmtree(_WORK, ignore_errors=True)
    (_WORK / "studies").mkdir(parents=True)
    sys.stdout.write(_conditions(asked.runs))
    try:
        _write_studies(_WORK / "studies", cases, images)
        groups = [
            _compare_workers(cases, images, asked.runs),
            _compare_busiest(),
            _measure_costs(cases, images),
        ]
    finally:
        shutil.rmtree(_WORK)
    sys.stdout.write(draw_table(groups, judge=not asked.quick) + "\n")
    return 0


def _write_studies(root: Path, cases: int, images: int) -> None:
    first = root / "study01"
    corpora.write_picture_corpus(first, images)
    for number in range(2, cases + 1):
        shutil.copytree(first, root / f"study{number:02d}", copy_function=os.link)


def _batch_command(workers: int) -> Command:
    program = programs._casepack_program()
    options = ("--workers", str(workers))
    return Command(
        name=f"casepack batch --workers {workers}",
        arguments=lambda source, target: (program, "batch", source, target, *options),
    )


def _compare_workers(cases: int, images: int, runs: int) -> tuple[str, list[Row]]:
    commands = [_batch_command(1), _batch_command(_WORKERS)]
    jobs = [Job(command=one, source="studies", files=cases * images) for one in commands]
    alone, together = measure(jobs, _WORK, runs)
    rows = [
        Row(what=commands[0].name, runs=alone),
        Row(
            what=commands[1].name,
            runs=together,
            ratio=median_seconds(alone) / median_seconds(together),
            fastest=least_seconds(alone) / least_seconds(together),
            meaning=f"{_WORKERS} workers give {{}} times the throughput",
            target=_THROUGHPUT_TARGET,
        ),
    ]
    # processor time is that of the coordinator: its workers are not its children
    return f"A batch of {cases} studies of {images} images", rows


def _compare_busiest() -> tuple[str, list[Row]]:
    """Compare processor time, which other jobs of the machine do not disturb as they do wall time.

    A batch cannot end before its busiest worker does. Where processors are shared out by session,
    as on a desktop, two workers get no more of a busy machine than one does.
    """
    alone, together = (max(_times_of_workers(count)) for count in (1, _WORKERS))
    row = Row(
        what=f"busiest of {_WORKERS} workers",
        ratio=alone / together,
        meaning="one worker alone has {} times its processor time",
        target=_THROUGHPUT_TARGET,
    )
    return "The same, in one call each, by processor time", [row]


def _times_of_workers(count: int) -> list[float]:
    """Run a batch and return the processor time of each worker, programs of the checks in it."""
    out = _WORK / f"busiest{count}"
    processes = Processes(count)
    workers = Workers(executor=processes, width=lambda: count, kill=processes.kill)
    run_batch(_WORK / "studies", str(out), workers)
    used = [processes._free.get() for _ in range(count)]
    times = [sum(one.call(os.times, (), {})[:4]) for one in used if one is not None]
    for one in used:
        processes._free.put(one)
    processes.shutdown()
    shutil.rmtree(out)
    return times


def _measure_costs(cases: int, images: int) -> tuple[str, list[Row]]:
    """Run a batch in this process, with a clock in its journal; then again, where all is done."""
    spent, calls = 0.0, 0

    def clock(function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            nonlocal spent, calls
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                spent += time.perf_counter() - start
                calls += 1

        return timed

    own = {name: getattr(Journal, name) for name in _JOURNAL}
    for name, function in own.items():
        setattr(Journal, name, clock(function))
    try:
        first = _run_here()
        overhead, count = 100 * spent / first.seconds, calls
    finally:
        for name, function in own.items():
            setattr(Journal, name, function)
    second = _run_here()
    size = (_WORK / "out.private" / "journal.sqlite").stat().st_size
    instances = cases * images
    return "What a batch costs, in one process", [
        Row(
            what="first call",
            runs=[first],
            ratio=1000 * first.cpu / instances,
            meaning="{} ms of processor time an instance, programs of the checks in it",
        ),
        Row(
            what="the journal of it",
            ratio=overhead,
            meaning=f"{{}} % of its time, {count} calls, {size / instances:.0f} bytes an instance",
            target=_JOURNAL_TARGET,
        ),
        Row(
            what="second call",
            runs=[second],
            ratio=1000 * second.cpu / cases,
            meaning="{} ms of processor time a case that is as it was",
        ),
    ]


def _run_here() -> Run:
    times = os.times()
    start = time.perf_counter()
    workers = Workers(executor=_Here(), width=lambda: 1, kill=lambda: None)
    summary = run_batch(_WORK / "studies", str(_WORK / "out"), workers)
    seconds = time.perf_counter() - start
    spent = [after - before for after, before in zip(os.times()[:4], times[:4], strict=True)]
    assert all(line.result.instances for line in summary.lines)
    return Run(seconds=seconds, cpu=sum(spent), peak_bytes=0)


class _Here(Executor):
    """Runs each call at once in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


if __name__ == "__main__":
    sys.exit(main())
