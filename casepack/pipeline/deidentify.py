"""`casepack deid`: a study folder de-identified into another."""

from __future__ import annotations

from pathlib import Path

from casepack.deidentify.journal import Journal
from casepack.deidentify.report import write_report
from casepack.deidentify.studies import deidentify_file_set
from casepack.model import Progress, no_progress
from casepack.pipeline.crosswalk import refuse_crosswalk_inside, write_crosswalk
from casepack.pipeline.settings import Outcome, Settings
from casepack.recipe import read_recipe
from casepack.study import read_file_set
from casepack.work_folder import never, publish, target_error, work_folder


def deidentify_study(
    study: Path, out: Path, settings: Settings, *, progress: Progress = no_progress
) -> Outcome:
    """De-identify a folder into `out`, with ``report.json``.

    With a key file and without a crosswalk, results of the same program, recipe and key are built
    upon: those at `out`, and those of a run that was killed. Only files that are new or changed
    are done; results of files that are gone are removed.

    Raises
    ------
    CasepackError
        Nothing is left at `out`.
    """
    refuse_crosswalk_inside(out, settings.crosswalk)
    decisions = settings.read_decisions()
    journal = Journal(
        source=study,
        recipe=read_recipe(settings.recipe),
        pseudonyms=settings.read_pseudonyms(),
        decisions=decisions.digest,
    )
    # without the old UIDs a crosswalk would lack what is not done again
    usable = journal.fits if settings.key_file and not settings.crosswalk else never
    with work_folder(out, usable=usable) as target:
        originals = read_file_set(study, progress=progress)
        try:
            deidentified, crosswalk = deidentify_file_set(
                originals,
                journal.recipe,
                journal.pseudonyms,
                target,
                workers=settings.workers,
                journal=journal,
                decisions=decisions,
                progress=progress,
            )
            write_report(target / "report.json", deidentified.record)
        except OSError as error:
            raise target_error(error) from None
        write_crosswalk(crosswalk, settings.crosswalk)
        publish(target, out)
    return Outcome(
        deidentified=deidentified, unused=crosswalk.unused, patient=crosswalk.patient_id_new
    )
