"""Commands about recipes: list, show, explain, check."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from casepack.cli.terminal import EXIT_DONE, EXIT_FINDINGS, map_errors, show_table

if TYPE_CHECKING:
    from casepack.model import Finding

app = typer.Typer(
    help="List, show, explain and check recipes.", no_args_is_help=True, rich_markup_mode=None
)

RecipeName = Annotated[str, typer.Argument(help="Shipped recipe, or a .dicom file.")]
Json = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]


@app.command("list")
@map_errors
def list_command() -> int:
    """List the shipped recipes and the Options that they declare.

    Example: casepack recipe list
    """
    from casepack.recipe import list_recipes, read_recipe

    rows = []
    for name in list_recipes():
        options = sorted(read_recipe(name).options, key=lambda option: option.value)
        rows.append((name, "\n".join(option.name.replace("_", " ").lower() for option in options)))
    show_table("Shipped recipes", ("Recipe", "Options"), rows)
    return EXIT_DONE


@app.command("show")
@map_errors
def show(
    recipe: RecipeName,
    conformance: Annotated[
        bool,
        typer.Option("--conformance", help="Print its conformance statement (Markdown) instead."),
    ] = False,
) -> int:
    """Print the text of a recipe, to start one of your own from.

    With --conformance, print what PS3.15 E.1.3 asks a conformance statement to say.

    Example: casepack recipe show publication > mine.dicom
    """
    from casepack.recipe import read_recipe

    found = read_recipe(recipe)
    if conformance:
        from casepack.deidentify.explaining.conformance import conformance_statement

        typer.echo(conformance_statement(found), nl=False)
    else:
        typer.echo(found.text, nl=False)
    return EXIT_DONE


@app.command("explain")
@map_errors
def explain(
    recipe: RecipeName,
    sop_class: Annotated[
        str, typer.Option("--sop-class", help="MR, ENHANCED_MR, CT, ... or a UID.")
    ] = "MR",
    json: Json = False,
) -> int:
    """Print what happens to each Attribute of a SOP Class: tag, name, action, source.

    Tab-separated in a pipe. Rows with > are inside Sequences. Types are those of a Data Set that
    holds the Attribute and otherwise the mandatory Modules alone.

    Example: casepack recipe explain publication --sop-class ENHANCED_MR > plan.tsv
    """
    from casepack.deidentify.explaining.explain import COLUMNS, explain_plan
    from casepack.errors import InstanceHeld, UsageError
    from casepack.model import Reason
    from casepack.recipe import read_recipe
    from casepack.standard.sop_classes import sop_class_name, sop_class_uid

    found = read_recipe(recipe)
    uid = sop_class_uid(sop_class)
    if uid is None:
        raise UsageError(
            "there is no such Storage SOP Class",
            advice="Give MR, ENHANCED_MR, CT, PET, SEG, a keyword of PS3.6 or a UID.",
        )
    try:
        rows = [explanation.row for explanation in explain_plan(uid, found)]
    except InstanceHeld as error:
        reason = Reason(error.reason)
        raise UsageError(
            f"there is no plan: instances of {sop_class_name(uid)} are held ({reason})",
            advice=reason.advice,
        ) from None
    if json:
        _show_json(
            {
                "format": "casepack-plan/1",
                "recipe": {"name": found.name, "sha256": found.digest},
                "sop_class": {"uid": uid, "name": sop_class_name(uid)},
                "attributes": [dict(zip(COLUMNS, row, strict=True)) for row in rows],
            }
        )
    else:
        _show_plan(f"{sop_class_name(uid)} under {found.name}", COLUMNS, rows)
    return EXIT_DONE


@app.command("check")
@map_errors
def check(recipe: RecipeName, json: Json = False) -> int:
    """Check a recipe: unknown words, contradictions, what loosens the Profile, what hits too much.

    Exit code 1 if anything in it cannot be meant.

    Example: casepack recipe check mine.dicom
    """
    from casepack.deidentify.explaining.recipe_check import check_recipe
    from casepack.model import Severity
    from casepack.recipe import read_text

    findings = check_recipe(*read_text(recipe))
    if json:
        _show_json({"format": "casepack-recipe-check/1", "findings": _as_data(findings)})
    else:
        for finding in findings:
            typer.echo(
                f"{finding.severity:<8} {finding.place}  {finding.message}\n"
                f"         {finding.advice}"
            )
        errors, warnings, notes = (
            sum(finding.severity is severity for finding in findings)
            for severity in (Severity.ERROR, Severity.WARNING, Severity.NOTE)
        )
        typer.echo(f"{errors} error(s), {warnings} warning(s), {notes} note(s)")
    failed = any(finding.severity is Severity.ERROR for finding in findings)
    return EXIT_FINDINGS if failed else EXIT_DONE


def _as_data(findings: Sequence[Finding]) -> list[dict[str, str]]:
    return [
        {
            "code": finding.code,
            "severity": finding.severity.value,
            "message": finding.message,
            "section": finding.section,
            "advice": finding.advice,
            "place": finding.place,
        }
        for finding in findings
    ]


def _show_json(data: object) -> None:
    import json

    typer.echo(json.dumps(data, indent=1, ensure_ascii=False))


def _show_plan(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table of what matters most on a terminal, all as tab-separated values in a pipe."""
    if not sys.stdout.isatty():
        typer.echo("\n".join("\t".join(row) for row in (columns, *rows)))
        return
    shown = []
    for tag, name, where, attribute_type, action, otherwise, source in rows:
        named = f"{name}\n{where}" if where else name
        done = f"{action} or {otherwise}" if otherwise else action
        shown.append((tag, named, attribute_type, done, source))
    show_table(title, ("Tag", "Name", "Type", "Action", "Source"), shown)
