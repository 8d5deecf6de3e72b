"""`casepack pack`: a study folder through all stages into a package."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING

from casepack.deidentify.instance import SOFTWARE
from casepack.deidentify.studies import deidentify_file_set
from casepack.deidentify.unresolved import hold_unresolved
from casepack.errors import UsageError, VerificationError
from casepack.model import FileSet, Progress, Severity, no_progress
from casepack.pipeline.annotate import annotate_lesions
from casepack.pipeline.case_file import fit_case, read_case_file
from casepack.pipeline.crosswalk import refuse_crosswalk_inside, write_crosswalk
from casepack.pipeline.settings import Outcome, Settings
from casepack.recipe import read_recipe
from casepack.study import read_file_set
from casepack.work_folder import publish, work_folder

if TYPE_CHECKING:
    from casepack.verify import Identifiers


def pack_study(
    study: Path,
    out: Path,
    settings: Settings,
    *,
    case_file: Path | None = None,
    progress: Progress = no_progress,
) -> Outcome:
    """De-identify, annotate, verify, package, and verify the package of a folder as `out`.

    Raises
    ------
    CaseError
        The case file or its lesions do not fit the study.
    VerificationError
        A check failed; nothing was written.
    CasepackError
        Nothing is left at `out`.
    """
    from casepack.package.pictures.previews import begin_previews
    from casepack.package.write import write_package
    from casepack.verify import PROGRAMS, collect_identifiers, verify_deidentified

    date = _date_of_epoch(os.environ.get("SOURCE_DATE_EPOCH"))
    wanted = read_case_file(case_file)
    refuse_crosswalk_inside(out, settings.crosswalk)
    recipe, pseudonyms = read_recipe(settings.recipe), settings.read_pseudonyms()
    decisions = settings.read_decisions()
    programs = settings.programs or PROGRAMS
    with work_folder(out) as work:
        work.mkdir()
        originals = read_file_set(study, progress=progress)
        # what is wrong with the case file must not come late
        case, doubts = fit_case(wanted, originals)
        deidentified, crosswalk = deidentify_file_set(
            originals,
            recipe,
            pseudonyms,
            work / "dicom",
            workers=settings.workers,
            decisions=decisions,
            progress=progress,
        )
        deidentified, crosswalk = hold_unresolved(originals, deidentified, crosswalk)
        # pictures are drawn while the checks run; without a `Verified` they are thrown away
        with begin_previews(work / "preview", deidentified, workers=settings.workers) as drawing:
            identifiers = collect_identifiers(originals)
            deidentified, measured = annotate_lesions(
                deidentified, case, wanted.lesions, uids=crosswalk.uids
            )
            # once, with the annotations: they are written from the images alone
            verified = verify_deidentified(
                deidentified, originals, identifiers, programs=programs, progress=progress
            )
            write_package(
                verified,
                case,
                measured,
                work / "package",
                software=SOFTWARE,
                date=date,
                drawing=drawing,
                progress=progress,
            )
        _verify_package(work / "package", originals, identifiers, programs, progress)
        write_crosswalk(crosswalk, settings.crosswalk)
        publish(work / "package", out)
    return Outcome(
        deidentified=deidentified,
        unused=crosswalk.unused,
        verified=verified,
        lesions=measured,
        patient=crosswalk.patient_id_new,
        doubts=doubts,
    )


def _verify_package(
    package: Path, originals: FileSet, identifiers: Identifiers, programs: int, progress: Progress
) -> None:
    """Check the package as it is written, before it appears."""
    from casepack.verify import LEFT_TO_VALIDATE, verify_folder

    report = verify_folder(
        package,
        originals=originals,
        identifiers=identifiers,
        programs=programs,
        without=LEFT_TO_VALIDATE,
        progress=progress,
    )
    errors = [finding for finding in report.findings if finding.severity is Severity.ERROR]
    if errors:
        raise VerificationError(
            errors, advice="Nothing was written. See each finding for what to do."
        )


def _date_of_epoch(seconds: str | None) -> dt.date | None:
    """Return the date that https://reproducible-builds.org/specs/source-date-epoch/ asks for."""
    try:
        return None if seconds is None else dt.datetime.fromtimestamp(int(seconds), dt.UTC).date()
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            "SOURCE_DATE_EPOCH is not a number of seconds since 1970", advice="Unset it."
        ) from None
