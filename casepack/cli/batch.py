"""The command for many cases: batch."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from casepack.cli.terminal import (
    EXIT_DONE,
    EXIT_FINDINGS,
    EXIT_HELD,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    map_errors,
    show_error,
    show_progress,
    show_table,
)

if TYPE_CHECKING:
    from casepack.batch.draft import Draft
    from casepack.batch.run import Observe, Tally, Workers
    from casepack.batch.summary import Line, Summary

_MOST_LINES: Final = 50


def add_to(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("batch")(map_errors(batch))


def batch(
    manifest: Annotated[
        Path | None,
        typer.Argument(help="Manifest (CSV or YAML), or a folder with a folder for each patient."),
    ] = None,
    out: Annotated[
        str | None, typer.Argument(help="Folder or URL (s3://...) for the results.")
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(
            "--key-file", help="Key for the pseudonyms; without: one is kept in OUT.private."
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Processes to use, a case each.")
    ] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", help="Address of a Dask scheduler to use instead."),
    ] = None,
    draft: Annotated[
        Path | None,
        typer.Option("--draft", help="Draft a manifest from this folder, as MANIFEST."),
    ] = None,
) -> int:
    """Package many studies, and go on where an earlier call ended.

    Each case becomes OUT/<name>, whole or not at all; OUT/summary.html shows them all. Journal
    and secrets lie beside it in OUT.private. A second call does what is new, changed, held or
    failed. Begin with: casepack batch --draft ./studies manifest.csv

    Example: casepack batch manifest.csv ./cases --key-file project.key --workers 2
    """
    from casepack.errors import UsageError

    if draft is not None:
        return _draft(draft, manifest)
    if manifest is None or out is None:
        raise UsageError(
            "MANIFEST or OUT is missing",
            advice="casepack batch MANIFEST OUT; draft one with: casepack batch --draft ROOT"
            " manifest.csv",
        )
    from casepack.batch.run import run_batch

    if out.startswith("-"):
        raise UsageError("OUT looks like an option", advice="casepack batch --help")
    with (
        _stop_on_signals() as stop,
        _workers(workers, scheduler) as found,
        _show_tally() as observe,
    ):
        summary = run_batch(manifest, out, found, key_file=key_file, stop=stop, observe=observe)
    return _show_summary(summary, out)


def _draft(root: Path, manifest: Path | None) -> int:
    from casepack.batch.draft import draft_manifest, write_draft

    with show_progress() as progress:
        if manifest is None:
            draft = draft_manifest(root, Path("manifest.csv"), progress=progress)
        else:
            draft = write_draft(root, manifest, progress=progress)
    _show_left_out(draft, root)
    if manifest is None:
        typer.echo(draft.text, nl=False)
    else:
        typer.echo(f"manifest of {draft.cases} case(s) drafted; it names folders: keep it private")
        typer.echo(f"next: casepack batch {manifest} OUT --key-file project.key")
    return EXIT_DONE


def _show_left_out(draft: Draft, root: Path) -> None:
    """Name the folders that are no case: a draft is for the eyes of its author alone."""
    reasons = (
        (draft.mixed, "loose files of several patients; put each in a folder of its own"),
        (draft.unusable, "claims to be DICOM and cannot be used; casepack inspect shows why"),
    )
    for folders, why in reasons:
        for folder in folders[:_MOST_LINES]:
            typer.echo(f"left out: {folder.relative_to(root.absolute())}: {why}", err=True)
        if len(folders) > _MOST_LINES:
            typer.echo(f"left out: {len(folders) - _MOST_LINES} more of these", err=True)


def _workers(count: int, scheduler: str | None) -> AbstractContextManager[Workers]:
    if scheduler is None:
        from casepack.batch.processes import local_workers

        return local_workers(count)
    from casepack.batch.cluster import dask_workers, is_exposed

    if is_exposed(scheduler):
        typer.echo(
            "note: the key travels to the workers; on a network that is not yours use tls://",
            err=True,
        )
    return dask_workers(scheduler)


@contextmanager
def _stop_on_signals() -> Iterator[Callable[[], bool]]:
    """Yield what tells whether Ctrl-C was pressed; pressed again, it interrupts at once."""
    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            signal.default_int_handler(number, frame)
        asked.set()

    former = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, action in former.items():
            signal.signal(number, action)


@contextmanager
def _show_tally() -> Iterator[Observe]:
    """Yield an observer: a line that is drawn anew on a terminal, nothing in a pipe."""
    from casepack.batch.run import observe_nothing

    if not sys.stderr.isatty():
        yield observe_nothing
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("cases"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rest]}"),
    )
    start = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("cases", total=None, rest="")

        def observe(tally: Tally) -> None:
            rest = describe_tally(tally, time.monotonic() - start)
            bars.update(task, completed=tally.done, total=tally.total, rest=rest)

        yield observe


def describe_tally(tally: Tally, seconds: float) -> str:
    """Return instances, throughput and time left, as far as they can be told."""
    parts = [f"{tally.instances:,} instances"]
    worked = tally.done - tally.unchanged + tally.under_way
    if worked and seconds > 0:
        parts.append(f"{tally.size / 1e6 / seconds:.1f} MB/s")
        left = round(seconds / worked * (tally.total - tally.done - tally.under_way))
        minutes, rest = divmod(left, 60)
        hours, minutes = divmod(minutes, 60)
        parts.append(f"{hours}:{minutes:02d}:{rest:02d} left")
    return "  ".join(parts)


def _show_summary(summary: Summary, out: str) -> int:
    from casepack.batch.task import Verdict

    lines = [line for line in summary.lines if line.asked]
    shown = lines
    if len(lines) > _MOST_LINES:
        shown = [line for line in lines if line.result.verdict is not Verdict.DONE]
    columns = ("Case", "Verdict", "Instances", "Held", "Findings", "Note")
    show_table("Batch", columns, [_cells(line) for line in shown[:_MOST_LINES]])
    if len(shown) > _MOST_LINES:
        typer.echo(f"  ... and {len(shown) - _MOST_LINES} more in summary.html")
    counts = {verdict: summary.count(verdict) for verdict in Verdict}
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    unchanged = sum(line.unchanged for line in lines)
    typer.echo(f"{said} ({unchanged} as they were); see summary.html in {out}")
    if counts[Verdict.FAILED] or counts[Verdict.HELD]:
        typer.echo(f"which study is which case, and why it failed: {_private(out)}/cases.csv")
    if summary.stopped:
        show_error("interrupted; nothing half-written was left", "Call again to go on.")
        return EXIT_INTERRUPTED
    if any(line.result.findings for line in lines if line.result.verdict is Verdict.FAILED):
        return EXIT_FINDINGS
    if counts[Verdict.FAILED]:
        return EXIT_USAGE
    return EXIT_HELD if counts[Verdict.HELD] else EXIT_DONE


def _private(out: str) -> Path:
    from casepack.batch.places import read_place
    from casepack.batch.private import private_path

    return private_path(read_place(out, Path.cwd()))


def _cells(line: Line) -> Sequence[object]:
    one = line.result
    notes = [f"{one.fault}: {one.message or one.fault.advice}"] if one.fault else []
    if line.same_patient:
        notes.append(f"same patient as {_names(line.same_patient)}")
    if line.shared:
        notes.append(f"instances also in {_names([name for name, _ in line.shared])}")
    if line.patients_differ:
        notes.append("of another patient there: check the Patient IDs")
    held = " ".join(f"{count} {reason}" for reason, count in one.held)
    findings = " ".join(f"{count} {code}" for code, count in one.findings)
    verdict = one.verdict if not line.unchanged else f"{one.verdict}, as it was"
    return (one.name, verdict, one.instances, held, findings, "; ".join(notes))


def _names(names: Sequence[str]) -> str:
    most = 3
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
