"""``python -m tests.bench``: build the corpora, run everything in turn, print one table."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import casepack as package
from tests.bench import corpora, programs
from tests.bench.programs import Skipped
from tests.bench.searching import Searched, compare_search
from tests.bench.table import Row, Target, draw_table
from tests.bench.timing import (
    Command,
    Job,
    MeasuringFailedError,
    Run,
    least_cpu,
    least_seconds,
    measure,
    median_seconds,
)

_WORK: Final = Path(__file__).resolve().parents[2] / "bench-out"
_PEERS: Final = "peers"

_FLOOR_TARGET: Final = Target(bound=2.0)
_GDCMANON_TARGETS: Final = {"a": Target(bound=1.0), "b": Target(bound=1.3)}
_PEER_TARGET: Final = Target(bound=12, at_least=True)
_HELP_TARGET: Final = Target(bound=1.5)
_FLAT: Final = Target(bound=1.2)
"""What still counts as flat: the start-up that is subtracted is itself noisy."""

_FRAMES: Final = (50, 100, 200, 400)
_MULTIFRAME_FILES: Final = 15
_START_FILES: Final = 40

Group = tuple[str, list[Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large the corpora are, and how often each is run."""

    runs: int
    corpus: dict[str, int]
    growth: int
    frames: Sequence[int] = _FRAMES
    multiframe_files: int = _MULTIFRAME_FILES


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; return 0 if everything could be measured, whatever the result."""
    asked = _parse(arguments)
    sizes = Sizes(runs=asked.runs, corpus={"a": 1000, "b": 400}, growth=asked.growth)
    if asked.quick:
        sizes = Sizes(
            runs=1, corpus={"a": 100, "b": 40}, growth=500, frames=(50, 100), multiframe_files=4
        )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _remove_made(_WORK)
    _WORK.mkdir(exist_ok=True)
    _say(_conditions(sizes.runs))
    try:
        groups, failures = _measure_all(asked.corpus, sizes)
    except MeasuringFailedError as error:
        _say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    finally:
        if not asked.keep:
            _remove_made(_WORK)
    _say(draw_table(groups, judge=not asked.quick))
    if asked.quick:
        _say("\n--quick: corpora of a tenth, where start-up rules; targets are not judged.")
    for failure in failures:
        _say(f"error: {failure}")
    return 1 if failures else 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--corpus", choices=("a", "b", "all"), default="all")
    parser.add_argument(
        "--runs", type=_positive, default=5, metavar="N", help="runs of each program"
    )
    parser.add_argument("--quick", action="store_true", help="a look that everything runs")
    parser.add_argument(
        "--growth", type=_positive, default=5000, metavar="N", help="compared with 1,000 instances"
    )
    parser.add_argument("--keep", action="store_true", help="keep corpora and logs in bench-out/")
    return parser.parse_args(arguments)


def _remove_made(work: Path) -> None:
    """Remove everything but the installed peers."""
    for entry in work.glob("*"):
        if entry.name == _PEERS:
            continue
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _conditions(runs: int) -> str:
    load = os.getloadavg()[0]
    cores = len(os.sched_getaffinity(0))
    return (
        f"casepack {package.__version__}, Python {platform.python_version()}, {cores} cores, "
        f"{runs} run(s) each in turn, files in cache, load of other jobs {load:.1f}\n"
    )


def _measure_all(corpus: str, sizes: Sizes) -> tuple[list[Group], list[str]]:
    failures: list[str] = []
    peers = _find_peers()
    groups = [
        _compare(name, sizes, peers, failures) for name in ("a", "b") if corpus in {name, "all"}
    ]
    if corpus == "all":
        groups += [_start_up(sizes), _growth(sizes), _frames(sizes), _search(sizes)]
    return groups, failures


def _find_peers() -> list[Command]:
    found: list[Command] = []
    for peer in (programs.gdcmanon(_WORK), *programs.python_peers(_WORK)):
        if isinstance(peer, Skipped):
            _say(f"skipped: {peer.name}: {peer.reason}")
        else:
            found.append(peer)
    return found


def _compare(name: str, sizes: Sizes, peers: Sequence[Command], failures: list[str]) -> Group:
    count = sizes.corpus[name]
    source = f"corpora/{name}"
    write = corpora.write_mr_corpus if name == "a" else corpora.write_ct_corpus
    write(_WORK / source, count)
    title = f"Corpus {name.upper()}: {corpora.describe_corpus(_WORK / source)}"
    commands = _keep_working([programs.casepack(), programs.floor(), *peers], failures)
    jobs = [Job(command=command, source=source, files=count) for command in commands]
    results = measure(jobs, _WORK, sizes.runs)
    rows = [
        _peer_row(command, name, results[0], runs)
        for command, runs in zip(commands[1:], results[1:], strict=True)
    ]
    return title, [Row(what=commands[0].name, runs=results[0]), *rows]


def _keep_working(commands: Sequence[Command], failures: list[str]) -> list[Command]:
    """Run each on a few files: it fills the caches, and a peer that fails is left out."""
    source = "corpora/warm"
    if not (_WORK / source).exists():
        corpora.write_mr_corpus(_WORK / source, 4)
    working = []
    for place, command in enumerate(commands):
        try:
            measure([Job(command=command, source=source, files=4)], _WORK, 1)
        except MeasuringFailedError as error:
            if place == 0:
                raise
            failures.append(str(error))
        else:
            working.append(command)
    return working


def _peer_row(command: Command, corpus: str, own: Sequence[Run], runs: Sequence[Run]) -> Row:
    if command.name.startswith("cp "):
        return _share_row(command, own, runs, _FLOOR_TARGET)
    if command.name.startswith("gdcmanon"):
        return _share_row(command, own, runs, _GDCMANON_TARGETS[corpus])
    return Row(
        what=command.name,
        runs=runs,
        ratio=median_seconds(runs) / median_seconds(own),
        # the best of one run against the best of many would flatter casepack
        fastest=least_seconds(runs) / least_seconds(own) if len(runs) == len(own) else None,
        meaning="casepack is {} times faster",
        target=None if command.name.startswith("deid") else _PEER_TARGET,
    )


def _share_row(command: Command, own: Sequence[Run], runs: Sequence[Run], target: Target) -> Row:
    return Row(
        what=command.name,
        runs=runs,
        ratio=median_seconds(own) / median_seconds(runs),
        fastest=least_seconds(own) / least_seconds(runs),
        meaning="casepack takes {} of its time",
        target=target,
    )


def _start_up(sizes: Sizes) -> Group:
    commands = [programs.casepack_help(), programs.bare_typer_help(_WORK)]
    jobs = [Job(command=command) for command in commands]
    measure(jobs, _WORK, 1)
    own, bare = measure(jobs, _WORK, 3 * sizes.runs)
    row = _share_row(commands[1], own, bare, _HELP_TARGET)
    return "Start-up", [Row(what=commands[0].name, runs=own), row]


def _growth(sizes: Sizes) -> Group:
    counts = (_START_FILES, sizes.corpus["a"], sizes.growth)
    for count in counts:
        corpora.write_mr_corpus(_WORK / f"corpora/growth-{count}", count)
    command = programs.casepack()
    jobs = [Job(command=command, source=f"corpora/growth-{n}", files=n) for n in counts]
    results = measure(jobs, _WORK, sizes.runs)
    costs = _marginal_costs(counts, results)
    rows = [
        Row(what=f"{count:,} instances", runs=runs, meaning=f"{said}, {_peak(runs) / 1e6:.0f} MB")
        for count, runs, said in zip(counts, results, _say_costs(costs, "each"), strict=True)
    ]
    title = f"Growth: corpus A with {counts[1]:,} and {counts[2]:,} instances; processor time"
    return title, [
        *rows,
        _flat_row("time of an instance", costs[1], costs[0]),
        _flat_row("memory of the largest process", _peak(results[2]), _peak(results[1])),
    ]


def _flat_row(what: str, large: float | None, small: float | None) -> Row:
    if large is None or small is None:
        return Row(what=what, meaning="too small to measure")
    ratio = large / small
    return Row(what=what, ratio=ratio, meaning="grows by a factor of {}", target=_FLAT)


def _say_costs(costs: Sequence[float | None], each: str) -> list[str]:
    said = ["too little to measure" if c is None else f"{1000 * c:.3f} ms {each}" for c in costs]
    return ["start-up, subtracted below", *said]


def _peak(runs: Sequence[Run]) -> float:
    return statistics.median(run.peak_bytes for run in runs)


def _marginal_costs(counts: Sequence[int], results: Sequence[Sequence[Run]]) -> list[float | None]:
    """Return seconds for one more (instance, frame) above the first count, for the others.

    Processor time of the cheapest runs, since small differences are taken. None where the work is
    too small to be told from start-up.
    """
    start = least_cpu(results[0])
    above = [least_cpu(runs) - start for runs in results[1:]]
    return [
        seconds / (count - counts[0]) if seconds > 0 else None
        for count, seconds in zip(counts[1:], above, strict=True)
    ]


def _frames(sizes: Sizes) -> Group:
    files = sizes.multiframe_files
    counts = (1, *sizes.frames)
    for count in counts:
        corpora.write_multiframe_corpus(_WORK / f"corpora/frames-{count}", files, count)
    command = programs.casepack(workers=1)
    jobs = [Job(command=command, source=f"corpora/frames-{n}", files=files) for n in counts]
    results = measure(jobs, _WORK, sizes.runs)
    costs = [cost and cost / files for cost in _marginal_costs(counts, results)]
    rows = [
        Row(what=f"{count} frame(s)", runs=runs, meaning=said)
        for count, runs, said in zip(counts, results, _say_costs(costs, "a frame"), strict=True)
    ]
    title = f"Enhanced multi-frame MR, {files} files, one process; processor time"
    # the first count is too close to start-up to be compared with
    grown = _flat_row("time of a frame", costs[-1], costs[1 if len(costs) > 2 else 0])
    return title, [*rows, grown]


def _search(sizes: Sizes) -> Group:
    """Search corpora for values that they do not hold; the fewer bytes a file has, the dearer."""
    searched = [
        Searched(what="CT, 500 kB a file", folder=_WORK / "corpora/b"),
        Searched(what="MR, 120 kB a file", folder=_WORK / "corpora/a"),
    ]
    title = "Search of casepack validate for 1,000 values, one process; processor time"
    return title, compare_search(searched, sizes.runs)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
