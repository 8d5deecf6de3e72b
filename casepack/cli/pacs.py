"""Commands from and to a PACS: fetch, send."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from casepack.cli.terminal import (
    EXIT_DONE,
    EXIT_HELD,
    map_errors,
    show_progress,
    show_table,
)

if TYPE_CHECKING:
    from casepack.pacs import Listing, Pacs, Query, Retrieved

_FILES = """\b
PACS file:
  address: https://pacs.example.org/dicom-web
  credentials: keyring      # or a file, mode 0600: USER:PASSWORD, or a token
  trust: hospital-ca.pem    # who vouches for the PACS; 'certificate:' is our own

\b
PACS file:
  address: dicom://PACS@pacs.example.org:11112      # dicoms:// for TLS
  ae_title: CASEPACK
  move_port: 11113          # C-MOVE to this port of ours; without: C-GET

\b
Query file:
  pacs: pacs.yaml           # or an address
  accession_number: "A1"    # or study_instance_uid, or patient_id and study_date
"""


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("fetch", epilog=_FILES)(map_errors(fetch))
    app.command("send")(map_errors(send))


def fetch(
    pacs: Annotated[str, typer.Argument(help="Address of a PACS, PACS file, or query file.")],
    out: Annotated[
        Path | None,
        typer.Argument(help="Folder to write; must not exist or be empty. Not with --list."),
    ] = None,
    only_list: Annotated[
        bool, typer.Option("--list", help="Show what matches, and retrieve nothing.")
    ] = False,
) -> int:
    """Fetch studies of one patient from a PACS, by DICOMweb or DIMSE.

    What to search for is in a query file, or is asked for, or is read as YAML from a pipe: never
    an argument, which the shell's history would keep. OUT is readable by you alone; its files are
    named by number. A query file also stands for STUDY: casepack pack query.yaml OUT.

    Example: casepack fetch query.yaml ./study
    """
    from casepack.errors import UsageError
    from casepack.exchange import fetch_studies, find_studies
    from casepack.pacs import read_source

    if out is None and not only_list:
        raise UsageError("no folder to write was named", advice="casepack fetch PACS OUT")
    named, query = read_source(pacs)
    _warn(named)
    query = query or _ask_query()
    if out is None or only_list:
        _show_listing(find_studies(named, query))
        return EXIT_DONE
    with show_progress() as progress:
        retrieved = fetch_studies(named, query, out, progress=progress)
    return _show_retrieved(retrieved, out)


def send(
    folder: Annotated[Path, typer.Argument(help="Package, or de-identified folder.")],
    pacs: Annotated[str, typer.Argument(help="Address of a PACS, or PACS file.")],
    original: Annotated[
        Path | None,
        typer.Option("--original", help="The original study; needed for what is no package."),
    ] = None,
) -> int:
    """Check a package or de-identified folder, and send its images to a PACS.

    Nothing is sent unless every check passes now. A folder that is no package is checked against
    its originals, too.

    Example: casepack send ./iscm-0001 dicom://ORTHANC@127.0.0.1:4242
    """
    from casepack.exchange import send_folder
    from casepack.pacs import read_pacs

    _warn(read_pacs(pacs))
    with show_progress() as progress:
        sent = send_folder(folder, pacs, original=original, progress=progress)
    rows: list[tuple[str, object]] = [
        ("instances", sent.total),
        ("stored", sent.stored),
        ("stored with a warning", sent.warned),
        *((f"refused, status {code}", count) for code, count in sent.refused),
    ]
    show_table("Sent", ("", ""), rows)
    return EXIT_DONE if sent.is_complete else EXIT_HELD


def _warn(pacs: Pacs) -> None:
    if not pacs.is_private:
        typer.echo(f"warning: {pacs.scheme}:// is not encrypted; use it inside only", err=True)


def _ask_query() -> Query:
    """Ask for the values of a query, or read them from a pipe."""
    from casepack.errors import UsageError
    from casepack.pacs import Query, parse_query
    from casepack.pacs.query import parse_dates

    if not is_asked():
        text = sys.stdin.read()
        if not text.strip():
            raise UsageError(
                "no query was given",
                advice="Name a query file, pipe one in, or call casepack on a terminal.",
            )
        return parse_query(text, "standard input")
    uid = _prompt("Study Instance UID (Enter: by Accession Number)")
    number = "" if uid else _prompt("Accession Number (Enter: by Patient ID)")
    patient = "" if uid or number else _prompt("Patient ID")
    date = _prompt("Study Date, 2024-01-08 or a range A/B (Enter: all)") if patient else ""
    return Query(
        study_instance_uids=(uid,) if uid else (),
        accession_numbers=(number,) if number else (),
        patient_id=patient,
        study_date=parse_dates(date) if date else "",
    )


def is_asked() -> bool:
    """Tell whether somebody is there to be asked: standard input is a terminal."""
    return sys.stdin.isatty()


def _prompt(question: str) -> str:
    answer: str = typer.prompt(question, default="", show_default=False, err=True)
    return answer.strip()


def _show_listing(listing: Listing) -> None:
    rows = [(one.study, one.number, one.modality, one.expected) for one in listing.series]
    show_table(
        f"{listing.studies} study(ies), {listing.expected} instance(s)",
        ("Study", "Series", "Modality", "Instances"),
        rows,
    )


def _show_retrieved(retrieved: Retrieved, out: Path) -> int:
    listing = retrieved.listing
    rows = [
        (one.study, one.number, one.modality, received, one.expected)
        for one, received in zip(listing.series, retrieved.received, strict=True)
    ]
    show_table("Fetched", ("Study", "Series", "Modality", "Instances", "of"), rows)
    missing = listing.expected - retrieved.count
    if listing.uncounted:
        typer.echo(f"held: the PACS counts {listing.uncounted} more than it lists", err=True)
    if missing:
        typer.echo(
            f"held: {missing} of {listing.expected} instance(s) are missing; the PACS does not give"
            " them, or not as whole DICOM files. Fetch again, or ask its administrator.",
            err=True,
        )
    typer.echo(f"next: casepack pack {out} OUT")
    return EXIT_HELD if missing else EXIT_DONE
