"""Commands about the key: new."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from casepack.cli.terminal import EXIT_DONE, map_errors

app = typer.Typer(help="Make key files.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def key() -> None:
    """Make key files."""


@app.command("new")
@map_errors
def new(file: Annotated[Path, typer.Argument(help="Key file to write, with mode 0600.")]) -> int:
    """Write a fresh random key.

    The same key gives the same pseudonyms: keep one for each project, and keep it secret.

    Example: casepack key new project.key
    """
    from casepack.deidentify.key_file import write_new_key

    write_new_key(file)
    typer.echo("key written; whoever has it can link new identifiers to known old ones")
    return EXIT_DONE
