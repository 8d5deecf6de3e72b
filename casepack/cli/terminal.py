"""What the commands show: progress, summary, errors; and the exit codes that go with them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, ParamSpec, cast

import typer

if TYPE_CHECKING:
    from casepack.model import Finding, Progress, Unused

EXIT_DONE: Final = 0
EXIT_FINDINGS: Final = 1
EXIT_USAGE: Final = 2
EXIT_HELD: Final = 3
EXIT_INTERRUPTED: Final = 130

_MOST_FINDINGS_SHOWN: Final = 20

Parameters = ParamSpec("Parameters")


def map_errors(command: Callable[Parameters, int]) -> Callable[Parameters, None]:
    """Turn a function that returns an exit code, or fails, into a command.

    A failure that is not ours is reported by its kind and place in casepack only: its message and
    its traceback may quote the input.
    """

    @wraps(command)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        raise typer.Exit(_run(lambda: command(*args, **kwargs)))

    return run


def _run(command: Callable[[], int]) -> int:
    from casepack.errors import CasepackError, VerificationError

    try:
        return command()
    except VerificationError as error:
        show_error(error.message, error.advice)
        show_findings(cast("tuple[Finding, ...]", error.findings))
        return error.exit_code
    except CasepackError as error:
        show_error(error.message, error.advice)
        return error.exit_code
    except BrokenPipeError:
        # the reader of the pipe has seen enough; what is left must not fail again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_DONE
    except KeyboardInterrupt:
        show_error("interrupted; nothing half-written was left", "")
        return EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the boundary: see the docstring of map_errors
        show_error(
            f"casepack failed ({type(error).__name__} at {_place(error)})",
            "Please report this line with casepack's version; it holds nothing of your data.",
        )
        return EXIT_USAGE


def _place(error: Exception) -> str:
    place = "unknown place"
    trace = error.__traceback__
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "")
        if module.startswith("casepack"):
            place = f"{module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def show_error(message: str, advice: str) -> None:
    """Write an error and what to do next to standard error."""
    typer.secho(f"error: {message}", err=True, fg="red")
    if advice:
        typer.echo(f"       {advice}", err=True)


def show_findings(findings: Sequence[Finding]) -> None:
    """Write findings to standard error, those alike together: how many, and where the first is."""
    alike: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        alike.setdefault((finding.code, finding.place), []).append(finding)
    for group in list(alike.values())[:_MOST_FINDINGS_SHOWN]:
        first = group[0]
        where = " ".join(
            part for part in (first.place, f"in {first.file}" * bool(first.file)) if part
        )
        others = f" and {len(group) - 1} more" if len(group) > 1 else ""
        typer.echo(
            f"  {first.severity:<8} {first.code}  {where}{others}\n"
            f"           {first.message} [{first.section}]\n"
            f"           {first.advice}",
            err=True,
        )
    more = len(alike) - _MOST_FINDINGS_SHOWN
    if more > 0:
        typer.echo(f"  ... and {more} more kinds; casepack validate --json lists all", err=True)


def show_doubts(doubts: Sequence[Finding]) -> None:
    """Write a line for each thing that a case file lacks or says doubtfully."""
    for one in doubts:
        if one.severity != "note":
            advice = f" {one.advice}" if one.code == "case-doubt" else ""
            typer.echo(f"warning: {one.file}: {one.place} {one.message}.{advice}", err=True)


def show_unused(unused: Sequence[Unused]) -> None:
    """Write a line for each file that was not used: its number in the listing, and why."""
    for item in unused:
        label = "held" if item.reason.held else "left out"
        name = f"file {item.number}" if item.number else "an instance"
        typer.echo(f"{label}: {name}: {item.reason}: {item.reason.advice}", err=True)
    if any(item.reason.held for item in unused):
        typer.echo(
            "       casepack inspect STUDY names the files; --crosswalk DIR lists the held ones.",
            err=True,
        )


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a table to standard output: drawn on a terminal, plain in a pipe."""
    texts = [[str(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        _write_plain_table(title, columns, texts)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in texts:
        table.add_row(*row)
    Console().print(table)


def _write_plain_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    header = [list(columns)] if any(columns) else []
    lines = [[part.split("\n") for part in row] for row in (*header, *rows)]
    widths = [max(len(text) for row in lines for text in row[n]) for n in range(len(columns))]
    typer.echo(title)
    for row in lines:
        for parts in zip_longest(*row, fillvalue=""):
            cells = (part.ljust(width) for part, width in zip(parts, widths, strict=True))
            typer.echo(f"  {'  '.join(cells)}".rstrip())


@contextmanager
def show_progress() -> Iterator[Progress]:
    """Yield a progress observer: a bar a stage on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        from casepack.model import no_progress

        yield no_progress
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def observe(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield observe
