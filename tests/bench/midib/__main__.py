"""``python -m tests.bench.midib``: write the studies, run the programs, print the scores."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.bench.midib import report, systems
from tests.bench.midib.check import Examined
from tests.bench.midib.scoring import Outcome, score
from tests.bench.midib.studies import write_studies
from tests.bench.programs import Skipped

_BENCH: Final = Path(__file__).resolve().parents[3] / "bench-out"
_SEED: Final = 20261122
_PATIENTS: Final = 3
_EXAMPLES: Final = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return 0 if it could be run, whatever the scores."""
    options = _read_arguments(arguments)
    work = _BENCH / "midib"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    source = work / "studies"
    patients = 1 if options.quick else _PATIENTS
    examined = write_studies(source, options.seed, patients)
    _say(f"seed {options.seed}: {_describe(examined)}")
    answer = systems.run_casepack(source, work)
    broken = sum(n for code, n in answer.exit_codes.items() if not systems.is_done(code))
    outcomes = score(examined, answer.output)
    released = report.select_released(outcomes)
    _say(f"\n{report.SCORE_HEAD}\n{report.draw_score(answer.name, released)}")
    if options.peers:
        _run_peers(source, work, examined)
    targets = report.draw_targets(released)
    _say(f"\n{targets}\n{report.draw_emptied(released)}")
    if broken:
        _say(f"casepack failed on {broken} of {answer.exit_codes.total()} patients")
    _say("\n" + report.draw_held(outcomes))
    _say_tables(released)
    _say("\nfailures of casepack by kind")
    _say(report.draw_failures(released, examples=options.show_failures))
    _say("\nfailures of casepack, classes that may be held (where written)")
    written = [
        o for o in outcomes if o.examined.class_name not in report.RELEASED and not o.missing
    ]
    _say(report.draw_failures(written, examples=options.show_failures))
    return 1 if broken else 0


def _run_peers(source: Path, work: Path, examined: list[Examined]) -> None:
    for peer in systems.run_peers(source, work, _BENCH):
        if isinstance(peer, Skipped):
            _say(f"{peer.name:26}  not run: {peer.reason}")
            continue
        found = report.select_released(score(examined, peer.output))
        failed = sum(number for code, number in peer.exit_codes.items() if code)
        note = f"  failed on {failed} patients" if failed else ""
        lost = len({o.examined.path for o in found if o.missing})
        note += f"  {lost} images not written" if lost else ""
        _say(report.draw_score(peer.name, found) + note)


def _say_tables(outcomes: list[Outcome]) -> None:
    text = [o for o in outcomes if report.is_free_text(o)]
    _say("\n" + report.draw_table("action", outcomes, lambda o: o.check.action.value))
    _say("\n" + report.draw_table("category", outcomes, lambda o: o.check.category))
    _say("\n" + report.draw_table("planted text: language", text, lambda o: o.examined.language))
    _say(
        "\n"
        + report.draw_table("planted text: character set", text, lambda o: o.examined.character_set)
    )
    _say("\n" + report.draw_table("planted text: attribute", text, report.name_attribute))
    _say(
        "\n"
        + report.draw_table(
            "planted text: half of the sentences",
            text,
            lambda o: "sealed" if o.check.sealed else "open",
        )
    )
    _say("\n" + report.draw_table("kind of planting", outcomes, lambda o: o.check.kind))


def _describe(examined: list[Examined]) -> str:
    checks = sum(len(instance.checks) for instance in examined)
    languages = {instance.language for instance in examined}
    sets = {instance.character_set for instance in examined}
    patients = {instance.patient_id for instance in examined}
    return (
        f"{checks} checks on {len(examined)} instances of {len(patients)} patients, "
        f"{len(languages)} languages, {len(sets)} character sets"
    )


def _read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.midib", description=__doc__)
    parser.add_argument("--seed", type=int, default=_SEED)
    parser.add_argument("--quick", action="store_true", help="one patient a language")
    parser.add_argument("--peers", action="store_true", help="run the peers, too")
    parser.add_argument(
        "--show-failures",
        type=int,
        nargs="?",
        const=_EXAMPLES,
        default=0,
        metavar="N",
        help=f"print N (default {_EXAMPLES}) examples of each kind; all values are synthetic",
    )
    return parser.parse_args(arguments)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
