"""The command that validates: validate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from casepack.cli.terminal import (
    EXIT_DONE,
    EXIT_FINDINGS,
    map_errors,
    show_findings,
    show_progress,
    show_table,
)

if TYPE_CHECKING:
    from casepack.verify import Report, Revealed


def add_to(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("validate")(map_errors(validate))


def validate(
    path: Annotated[
        Path, typer.Argument(help="Package, folder of DICOM files of any tool, or zip file of one.")
    ],
    original: Annotated[
        Path | None, typer.Option("--original", help="The original study, to search its values.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the report as a page to hand on.")
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write the report here.")] = None,
    public_key: Annotated[
        Path | None, typer.Option("--public-key", help="Of minisign: who has to have signed it.")
    ] = None,
    *,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show what was found, on this terminal only.")
    ] = False,
) -> int:
    """Check that a package or folder is de-identified, sound and complete.

    With the original study at hand, every identifying value of it is searched in every byte.

    Example: casepack validate ./iscm-0001 --original ./study --html report.html
    """
    from casepack import __version__
    from casepack.errors import UsageError
    from casepack.pipeline import validate_folder
    from casepack.verify import open_subject, report_json, write_page

    if not path.exists():
        raise UsageError(
            "there is no such folder or file",
            advice="Give the package, its zip file, or a folder of DICOM files.",
        )
    if reveal and not is_terminal():
        raise UsageError(
            "--reveal shows identifying values, and standard output is no terminal",
            advice="Leave it out, or do not redirect the output.",
        )
    for file, option in ((html, "--html"), (json, "--json")):
        _refuse_inside(file, path, option)
    page = ""
    revealed: list[Revealed] = []
    with show_progress() as progress, open_subject(path) as (folder, known):
        report = validate_folder(
            folder,
            original,
            public_key=public_key,
            known=known,
            reveal=revealed.append,
            progress=progress,
        )
        if html is not None:
            page = write_page(report, folder, software=f"casepack {__version__}", progress=progress)
    _show(report)
    if html is not None:
        _write(html, page, "--html")
    if json is not None:
        _write(json, report_json(report), "--json")
    if reveal:
        rows = [(one.value, one.code, f"{one.file} {one.place}") for one in revealed]
        show_table("What was found", ("Value", "Code", "Where"), rows)
    return EXIT_DONE if report.ok else EXIT_FINDINGS


def is_terminal() -> bool:
    """Tell whether standard output is a terminal, where nothing of it is kept."""
    return sys.stdout.isatty()


def _show(report: Report) -> None:
    rows = [
        (check.title, check.examined, check.findings, check.skipped or "")
        for check in report.checks
    ]
    show_table(f"Checks of a {report.kind}", ("Check", "Examined", "Findings", "Not run"), rows)
    show_findings(report.findings)
    errors = sum(finding.severity == "error" for finding in report.findings)
    others = len(report.findings) - errors
    typer.echo(f"{errors} finding(s), {others} warning(s) and note(s)")


def _refuse_inside(file: Path | None, folder: Path, option: str) -> None:
    """Refuse to write into what is checked: it would not be what was checked any more."""
    from casepack.errors import UsageError

    if file is not None and file.resolve().is_relative_to(folder.resolve()):
        raise UsageError(
            f"{option} would write into the folder that is checked",
            advice="Write the report beside it.",
        )


def _write(file: Path, text: str, option: str) -> None:
    from casepack.errors import TargetError

    try:
        file.write_text(text, encoding="utf-8", newline="\n")
    except OSError:
        raise TargetError(
            "the report cannot be written", advice=f"Check the folder of {option}."
        ) from None
