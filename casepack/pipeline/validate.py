"""`casepack validate`: a package or any folder, checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from casepack.model import Finding, Progress, no_progress
from casepack.study import read_file_set

if TYPE_CHECKING:
    from casepack.verify import Report, Reveal


def validate_folder(
    path: Path,
    original: Path | None,
    *,
    public_key: Path | None = None,
    known: tuple[Finding, ...] = (),
    reveal: Reveal | None = None,
    progress: Progress = no_progress,
) -> Report:
    """Check a package or a folder of any tool, with the original study if it is at hand.

    `public_key` is that of the signer of a package; `known` are findings of
    `casepack.verify.open_subject`; `reveal`, if given, is told of each identifying value that is
    found.
    """
    from casepack.verify import add_findings, collect_identifiers, verify_folder

    originals = read_file_set(original, progress=progress) if original is not None else None
    identifiers = collect_identifiers(originals) if originals is not None else None
    report = verify_folder(
        path,
        originals=originals,
        identifiers=identifiers,
        public_key=public_key,
        reveal=reveal,
        progress=progress,
    )
    return add_findings(report, known)
