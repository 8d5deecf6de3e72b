"""Commands about the DOI of a package: check, set, reserve, export."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from casepack.cli.terminal import (
    EXIT_DONE,
    EXIT_FINDINGS,
    map_errors,
    show_doubts,
    show_findings,
    show_progress,
)

app = typer.Typer(
    help="Check, reserve and set the DOI of a package.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
PackageFolder = Annotated[Path, typer.Argument(help="Folder that casepack pack wrote.")]


class Form(StrEnum):
    """What a case can be exported as."""

    EURORAD = "eurorad"
    MIRC = "mirc"
    JATS = "jats"
    BIBTEX = "bibtex"
    DATACITE = "datacite"


@app.command("check")
@map_errors
def check(
    package: PackageFolder,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> int:
    """List what keeps a package from getting a DOI, and what its case lacks.

    Example: casepack doi check ./iscm-0001
    """
    from dataclasses import asdict

    from casepack.package.doi.readiness import check_readiness

    findings = check_readiness(package)
    errors = [one for one in findings if one.severity == "error"]
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in findings], ensure_ascii=False, indent=1))
    else:
        show_findings(errors)
        show_doubts([one for one in findings if one.severity != "error"])
        verdict = f"{len(errors)} thing(s) to mend" if errors else "ready to be minted"
        typer.echo(f"{verdict}; checked by rule, and not with the XSD of DataCite")
    return EXIT_FINDINGS if errors else EXIT_DONE


@app.command("set")
@map_errors
def set_command(
    package: PackageFolder,
    doi: Annotated[str, typer.Argument(help="DOI, such as 10.5072/example.")],
) -> int:
    """Write a DOI into every file that says it and bag the package anew; no image is touched.

    Example: casepack doi set ./iscm-0001 10.5072/iscm-0001
    """
    from casepack.package.identification import set_doi

    with show_progress() as progress:
        signed = set_doi(package, doi, progress=progress)
    typer.echo("DOI set; an archive of the package has to be written again")
    if signed:
        typer.echo("the signature was left out, as it no longer holds: casepack sign", err=True)
    return EXIT_DONE


@app.command("reserve")
@map_errors
def reserve(
    package: PackageFolder,
    service: Annotated[
        str,
        typer.Option(
            "--service",
            help="datacite, datacite-test, zenodo, zenodo-sandbox, or invenio=https://ADDRESS.",
        ),
    ] = "zenodo-sandbox",
    prefix: Annotated[
        str, typer.Option("--prefix", help="Prefix of the DOI, for DataCite: 10.5072.")
    ] = "",
    credentials: Annotated[
        Path | None,
        typer.Option(
            "--credentials",
            help="File, mode 0600: REPOSITORY:PASSWORD or a token; without: the keyring.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run/--send", help="Only print the requests, or send them.")
    ] = True,
) -> int:
    """Reserve a DOI with a draft at DataCite or InvenioRDM; nothing is published.

    Example: casepack doi reserve ./iscm-0001 --service zenodo --credentials token.txt --send
    """
    from casepack.package.doi.registration import describe_requests, reserve_doi

    if dry_run:
        for request in describe_requests(package, service, prefix):
            typer.echo(f"{request.method} {request.url}")
            for name, value in request.headers.items():
                typer.echo(f"{name}: {value}")
            if request.body is not None:
                typer.echo(json.dumps(request.body, ensure_ascii=False, indent=1))
            typer.echo()
        typer.echo("nothing was sent; --send sends it, with your credentials", err=True)
        return EXIT_DONE
    reserved = reserve_doi(package, service, prefix=prefix, credentials=credentials)
    typer.echo(f"reserved {reserved.doi}; draft: {reserved.draft}")
    typer.echo(f"next: casepack doi set {package} {reserved.doi}")
    return EXIT_DONE


@app.command("export")
@map_errors
def export(
    package: PackageFolder,
    form: Annotated[Form, typer.Argument(help="What to write.")],
    out: Annotated[
        Path | None, typer.Argument(help="File to write; without: to standard output.")
    ] = None,
) -> int:
    """Write the case in another form: Eurorad's, MIRC, JATS, BibTeX, DataCite's XML.

    Example: casepack doi export ./iscm-0001 bibtex
    """
    from casepack.errors import TargetError
    from casepack.package.exports.exports import export_case

    text = export_case(package, form.value)
    if out is None:
        typer.echo(text, nl=False)
        return EXIT_DONE
    try:
        with out.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError:
        raise TargetError(
            "the file exists, or cannot be written", advice="Name another one."
        ) from None
    return EXIT_DONE
