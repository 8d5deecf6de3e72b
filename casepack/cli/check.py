"""The command that validates: validate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from casepack.cli.terminal import (
    EXIT_DONE,
    EXIT_FINDINGS,
    map_errors,
    show_findings,
    show_progress,
    show_table,
)


def add_to(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("validate")(map_errors(validate))


def validate(
    path: Annotated[Path, typer.Argument(help="Package, or folder of DICOM files of any tool.")],
    original: Annotated[
        Path | None, typer.Option("--original", help="The original study, to search its values.")
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write the report here.")] = None,
) -> int:
    """Check that a package or folder is de-identified, sound and complete.

    With the original study at hand, every identifying value of it is searched in every byte.

    Example: casepack validate ./iscm-0001 --original ./study --json report.json
    """
    from casepack.errors import TargetError, UsageError
    from casepack.pipeline import validate_folder
    from casepack.verify import report_json

    if not path.is_dir():
        raise UsageError(
            "there is no such folder", advice="Give the package folder, or a folder of DICOM files."
        )
    with show_progress() as progress:
        report = validate_folder(path, original, progress=progress)
    rows = [
        (check.title, check.examined, check.findings, check.skipped or "")
        for check in report.checks
    ]
    show_table(f"Checks of a {report.kind}", ("Check", "Examined", "Findings", "Not run"), rows)
    show_findings(report.findings)
    if json is not None:
        try:
            json.write_text(report_json(report), encoding="utf-8")
        except OSError:
            raise TargetError(
                "the report cannot be written", advice="Check the folder of --json."
            ) from None
    errors = sum(finding.severity == "error" for finding in report.findings)
    others = len(report.findings) - errors
    typer.echo(f"{errors} finding(s), {others} warning(s) and note(s)")
    return EXIT_DONE if report.ok else EXIT_FINDINGS
