"""Studies from a PACS, and results to a PACS.

What is fetched identifies a patient: only its owner can read it, and where it is only passed
through, it lies in a folder of its own that is removed afterwards. What is sent is checked at that
moment, and is sent only as it was checked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from casepack.errors import PacsError, UsageError, VerificationError
from casepack.model import Progress, Severity, no_progress
from casepack.study import read_file_set
from casepack.work_folder import private_folder, publish, target_error, work_folder

if TYPE_CHECKING:
    from casepack.model import FileSet
    from casepack.pacs import Listing, Pacs, Query, Retrieved, Sent

QUERY_FILES: Final = frozenset({".yaml", ".yml"})


def find_studies(pacs: Pacs, query: Query) -> Listing:
    """Return what a PACS has of a query, without retrieving it.

    Raises
    ------
    PacsError
        It has nothing, or the studies of several patients.
    """
    from casepack.pacs import connect, list_studies

    with connect(pacs) as peer:
        return list_studies(peer, query)


def fetch_studies(
    pacs: Pacs, query: Query, out: Path, *, progress: Progress = no_progress
) -> Retrieved:
    """Fetch the studies of a query as the folder `out`, readable by its owner only.

    What a PACS lists and does not give is counted in the result; the rest is kept.

    Raises
    ------
    PacsError
        Nothing could be retrieved. Nothing is left at `out`.
    TargetError
        `out` exists, or cannot be written.
    """
    with work_folder(out) as target:
        try:
            target.mkdir(mode=0o700)
            retrieved = _retrieve(pacs, query, target, progress)
            publish(target, out)
            out.chmod(0o700)
        except OSError as error:
            raise target_error(error) from None
    return retrieved


def read_query(source: Path) -> tuple[Pacs, Query] | None:
    """Return what a query file asks of which PACS; None for a folder.

    Raises
    ------
    UsageError
        The file holds no query.
    """
    if source.suffix.lower() not in QUERY_FILES or not source.is_file():
        return None
    from casepack.pacs import read_source

    pacs, query = read_source(str(source))
    if query is None:
        raise UsageError(
            "the file names a PACS, but no study in it",
            advice="Add study_instance_uid, accession_number, or patient_id with study_date.",
        )
    return pacs, query


@contextmanager
def open_study(source: Path, *, progress: Progress = no_progress) -> Iterator[Path]:
    """Yield the folder of a study: `source` itself, or what its query finds in a PACS.

    Parameters
    ----------
    source
        A folder, or a query file (``.yaml``), as `casepack.pacs.source` describes it. What is
        fetched is removed again at the end.

    Raises
    ------
    PacsError
        The PACS does not give the study, or not all of it.
    UsageError
        The file holds no query.
    """
    asked = read_query(source)
    if asked is None:
        yield source
        return
    pacs, query = asked
    with private_folder() as folder:
        try:
            retrieved = _retrieve(pacs, query, folder, progress)
        except OSError as error:
            raise target_error(error) from None
        if not retrieved.is_complete:
            raise PacsError(
                f"{retrieved.count} of {retrieved.listing.expected} instances were retrieved",
                advice="See which are missing with casepack fetch; then name that folder.",
            )
        yield folder


def _retrieve(pacs: Pacs, query: Query, folder: Path, progress: Progress) -> Retrieved:
    from casepack.pacs import connect, list_studies, retrieve_studies

    with connect(pacs) as peer:
        return retrieve_studies(peer, list_studies(peer, query), folder, progress=progress)


def send_folder(
    folder: Path, pacs: str, *, original: Path | None = None, progress: Progress = no_progress
) -> Sent:
    """Check a package or folder, and send its instances to a PACS if no check finds an error.

    A package was verified against the originals when it was written, and its checksums say that it
    is still that; any other folder is verified now, for which the originals are needed.

    Parameters
    ----------
    pacs
        Address of the PACS, or a PACS file.

    Raises
    ------
    VerificationError
        A check found an error; nothing was sent.
    UsageError
        A folder that is no package, without its originals.
    PacsError
        The PACS refuses, or does not answer.
    """
    from casepack.pacs import Outgoing, connect, read_pacs, send_instances

    named = read_pacs(pacs)
    digests = _digest_files(folder)
    file_set = _verify(folder, original, progress)
    files = [
        Outgoing(
            path=one.path,
            sop_class_uid=one.sop_class_uid,
            sop_instance_uid=one.sop_instance_uid,
            transfer_syntax_uid=one.transfer_syntax_uid,
            digest=digests.get(one.path, ""),
        )
        for one in file_set.instances
    ]
    with connect(named) as peer:
        return send_instances(peer, files, progress=progress)


def _digest_files(folder: Path) -> dict[Path, str]:
    """Return what is about to be checked, so that nothing else is sent."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def _verify(folder: Path, original: Path | None, progress: Progress) -> FileSet:
    from casepack.verify import verify_folder

    originals = read_file_set(original, progress=progress) if original is not None else None
    report = verify_folder(folder, originals=originals, progress=progress)
    errors = [finding for finding in report.findings if finding.severity is Severity.ERROR]
    if errors:
        raise VerificationError(errors, advice="Nothing was sent. See each finding for what to do.")
    if report.kind != "package" and originals is None:
        raise UsageError(
            "a folder that is no package has to be checked against its originals",
            advice="Name them with --original STUDY, or send the package of casepack pack.",
        )
    file_set = read_file_set(folder, progress=progress)
    if any(one.reason.held for one in file_set.unused):
        raise UsageError(
            "the folder holds files that cannot be sent", advice="casepack inspect lists them."
        )
    return file_set
