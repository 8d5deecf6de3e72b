"""The command that drafts a case file: init."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from casepack.cli.terminal import EXIT_DONE, map_errors, show_progress


def add_to(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("init")(map_errors(init))


def init(
    study: Annotated[
        Path | None, typer.Argument(help="Folder with the DICOM files of one patient.")
    ] = None,
    case: Annotated[Path, typer.Argument(help="Case file to write; must not exist.")] = Path(
        "case.yaml"
    ),
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of the case file, for editors.")
    ] = False,
    profile: Annotated[
        str | None,
        typer.Option("--profile", help="Print a publication profile, to start your own from."),
    ] = None,
) -> int:
    """Draft a case file from a study: series, time points, technique, slots for figures.

    Age, sex, days and acquisition parameters are taken over; no text of a DICOM file is.

    Example: casepack init ./study case.yaml
    """
    from casepack.errors import UsageError

    if schema:
        from casepack.case.schema import read_schema

        typer.echo(read_schema(), nl=False)
        return EXIT_DONE
    if profile is not None:
        from casepack.case.profiles import read_profile_text

        typer.echo(read_profile_text(profile), nl=False)
        return EXIT_DONE
    if study is None:
        raise UsageError(
            "no study was named",
            advice="casepack init STUDY drafts a case file; --schema prints its form.",
        )
    from casepack.pipeline import draft_case_file

    with show_progress() as progress:
        draft_case_file(study, case, progress=progress)
    typer.echo(f"case file drafted; fill it in, then: casepack pack {study} OUT --case {case}")
    return EXIT_DONE
