"""Commands about a finished package: archive, sign."""

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
)

PackageFolder = Annotated[Path, typer.Argument(help="Folder that casepack pack wrote.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("archive")(map_errors(archive))
    app.command("sign")(map_errors(sign))


def archive(
    package: PackageFolder,
    out: Annotated[
        Path | None, typer.Argument(help="Zip file; without: beside the package.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Compare a zip file that is there with the package.")
    ] = False,
    media: Annotated[
        bool, typer.Option("--media", help="Images alone, as media of IHE PDI: DICOMDIR on top.")
    ] = False,
) -> int:
    """Write a package as one zip file; the same package gives the same bytes.

    Do it last: after casepack doi set and casepack sign, which change the package.

    Example: casepack archive ./iscm-0001
    """
    from casepack.package.archive import (
        name_archive,
        verify_archive,
        write_archive,
        write_media,
    )

    if check:
        findings = verify_archive(out or name_archive(package), package)
        show_findings(findings)
        typer.echo("the archive differs" if findings else "the archive is the package")
        return EXIT_FINDINGS if findings else EXIT_DONE
    write = write_media if media else write_archive
    with show_progress() as progress:
        written = write(package, out, progress=progress)
    typer.echo(f"archive written: {written}")
    return EXIT_DONE


def sign(
    package: PackageFolder,
    key: Annotated[Path, typer.Argument(help="Secret key of minisign; with --check the public.")],
    check: Annotated[
        bool, typer.Option("--check", help="Check the signature with the public key.")
    ] = False,
) -> int:
    """Sign the manifest of a package with minisign, so that nobody can change both.

    Example: casepack sign ./iscm-0001 ~/.minisign/minisign.key
    """
    from casepack.package.signature import is_encrypted, sign_package, verify_signature

    if check:
        holds = verify_signature(package, key)
        typer.echo("the signature holds" if holds else "the signature does not hold")
        return EXIT_DONE if holds else EXIT_FINDINGS
    password = typer.prompt("Password", hide_input=True) if is_encrypted(key) else ""
    typer.echo(f"signed: {sign_package(package, key, password)}")
    return EXIT_DONE
