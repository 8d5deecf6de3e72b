"""The program: its commands in groups, and the entry point."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn

import typer

import casepack
from casepack.cli import batch, check, doi, pacs, prepare, publish, sample, secrets, write_case
from casepack.cli import recipe as recipe_commands

app = typer.Typer(
    name="casepack",
    help="From an identified DICOM study to a publishable radiology case.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
write_case.add_to(app)
prepare.add_to(app)
batch.add_to(app)
check.add_to(app)
publish.add_to(app)
pacs.add_to(app)
sample.add_to(app)
app.add_typer(recipe_commands.app, name="recipe")
app.add_typer(doi.app, name="doi")
app.add_typer(secrets.app, name="key")


@app.callback(invoke_without_command=True)
def casepack_command(
    version: bool = typer.Option(False, "--version", help="Show the version and exit."),
) -> None:
    """From an identified DICOM study to a publishable radiology case.

    Start with: casepack demo
    """
    if version:
        typer.echo(f"casepack {casepack.__version__}")
        raise typer.Exit


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main() -> None:
    """Run the program; a request to terminate is answered like Ctrl-C, by cleaning up."""
    signal.signal(signal.SIGTERM, _interrupt)
    app()
