"""One case through all stages, in a work folder that becomes the result by rename.

Stages are imported where they are used: de-identifying alone must not wait for the rest.
"""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from casepack.deidentify.crosswalk import Crosswalk, read_uid_mapping, write_crosswalk
from casepack.deidentify.instance import SOFTWARE
from casepack.deidentify.journal import Journal
from casepack.deidentify.key_file import read_pseudonyms
from casepack.deidentify.pseudonyms import Pseudonyms
from casepack.deidentify.report import write_report
from casepack.deidentify.review import NO_DECISIONS, Decisions, read_decisions
from casepack.deidentify.studies import deidentify_file_set
from casepack.deidentify.unresolved import hold_unresolved
from casepack.errors import CaseError, StudyError, TargetError, UsageError, VerificationError
from casepack.model import (
    Deidentified,
    FileSet,
    Finding,
    Progress,
    Severity,
    Unused,
    Verified,
    no_progress,
    unknown_record,
)
from casepack.recipe import read_recipe
from casepack.study import read_file_set
from casepack.work_folder import never, publish, target_error, work_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from casepack.case import Case
    from casepack.lesion import Lesion, MeasuredLesion
    from casepack.verify import Report, Reveal


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run made, for the summary: counts and codes."""

    deidentified: Deidentified
    unused: tuple[Unused, ...]
    verified: Verified | None = None
    lesions: tuple[MeasuredLesion, ...] = ()
    patient: str = ""
    """The new Patient ID."""
    doubts: tuple[Finding, ...] = ()
    """What the case file lacks or says doubtfully; for its author, and not in the package."""

    @property
    def held(self) -> tuple[Unused, ...]:
        """Files whose absence may matter, so that the exit code is 3."""
        return tuple(item for item in self.unused if item.reason.held)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to de-identify: the same for `deid`, `pack` and a batch."""

    recipe: str
    key_file: Path | None = None
    pseudonyms: Pseudonyms | None = field(default=None, repr=False)
    """In place of a key file, when the key was read already."""
    crosswalk: Path | None = None
    approved: Path | None = None
    """Review sheet of an earlier run, with decisions."""
    workers: int = 1
    programs: int | None = None
    """Outside programs of the checks that run at a time; None: as many as is quickest."""

    def read_pseudonyms(self) -> Pseudonyms:
        """Return the pseudonyms; without any key, those of a fresh one that is not kept."""
        return self.pseudonyms or read_pseudonyms(self.key_file)


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
    _refuse_crosswalk_inside(out, settings.crosswalk)
    decisions = _read_decisions(settings)
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
        _write_crosswalk(crosswalk, settings.crosswalk)
        publish(target, out)
    return Outcome(
        deidentified=deidentified, unused=crosswalk.unused, patient=crosswalk.patient_id_new
    )


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
    from casepack.case import read_case
    from casepack.case.profiles import read_profile
    from casepack.deidentify.case_text import check_case_text
    from casepack.package.previews import begin_previews
    from casepack.package.write import write_package
    from casepack.verify import (
        LEFT_TO_VALIDATE,
        PROGRAMS,
        collect_identifiers,
        verify_deidentified,
        verify_folder,
    )

    date = _date_of_epoch(os.environ.get("SOURCE_DATE_EPOCH"))
    case = read_case(case_file) if case_file is not None else None
    lesions = _read_lesions(case, case_file)
    if case is not None and case_file is not None:
        read_profile(case.profile, case_file.parent)  # what is wrong with it must not come late
    _refuse_crosswalk_inside(out, settings.crosswalk)
    with work_folder(out) as work:
        work.mkdir()
        originals, deidentified, crosswalk = _deidentify(study, work / "dicom", settings, progress)
        deidentified, crosswalk = hold_unresolved(originals, deidentified, crosswalk)
        if case is not None and case_file is not None:
            drawings = case_file.parent / case.lesions if case.lesions is not None else None
            check_case_text(case_file, drawings, lesions, originals)
        case, doubts = _fit_case(case, originals, case_file)
        identifiers = collect_identifiers(originals)
        deidentified, measured = _annotate(deidentified, case, lesions, crosswalk)
        programs = settings.programs or PROGRAMS
        package = work / "package"
        # pictures are drawn while the checks run; without a `Verified` they are thrown away
        with begin_previews(work / "preview", deidentified, workers=settings.workers) as drawing:
            # once, with the annotations: they are written from the images alone
            verified = verify_deidentified(
                deidentified, originals, identifiers, programs=programs, progress=progress
            )
            write_package(
                verified,
                case,
                measured,
                package,
                software=SOFTWARE,
                date=date,
                drawing=drawing,
                progress=progress,
            )
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
        _write_crosswalk(crosswalk, settings.crosswalk)
        publish(package, out)
    return Outcome(
        deidentified=deidentified,
        unused=crosswalk.unused,
        verified=verified,
        lesions=measured,
        patient=crosswalk.patient_id_new,
        doubts=doubts,
    )


def _annotate(
    deidentified: Deidentified, case: Case, lesions: Sequence[Lesion], crosswalk: Crosswalk
) -> tuple[Deidentified, tuple[MeasuredLesion, ...]]:
    """Return the studies with the annotations of the lesions, and these as measured."""
    if not lesions:
        return deidentified, ()
    from casepack.annotate.annotation import annotate
    from casepack.annotate.measure import measure_lesions

    measured = measure_lesions(deidentified, lesions, uids=crosswalk.uids)
    annotated = annotate(
        deidentified,
        measured,
        title=case.title,
        software_version=SOFTWARE,
        case=case,
        export=case.key_objects,
    )
    return annotated, measured


def _date_of_epoch(seconds: str | None) -> dt.date | None:
    """Return the date that https://reproducible-builds.org/specs/source-date-epoch/ asks for."""
    try:
        return None if seconds is None else dt.datetime.fromtimestamp(int(seconds), dt.UTC).date()
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            "SOURCE_DATE_EPOCH is not a number of seconds since 1970", advice="Unset it."
        ) from None


def annotate_folder(folder: Path, case_file: Path, *, crosswalk: Path | None = None) -> int:
    """Annotate a de-identified folder in place; return the number of objects written.

    Parameters
    ----------
    crosswalk
        Folder that the de-identification wrote: drawings made on the original study name its
        images and Frames of Reference by their old UIDs.

    Raises
    ------
    CaseError
        The case names no lesions, or they do not fit the images.
    UsageError
        The crosswalk folder holds no mapping of UIDs.
    """
    from casepack.annotate.annotation import annotate
    from casepack.annotate.measure import measure_lesions
    from casepack.case import read_case

    case = read_case(case_file)
    lesions = _read_lesions(case, case_file)
    if not lesions:
        raise CaseError(
            "names no lesion drawings",
            place=f"{case_file.name}: lesions",
            advice="Write the path of the drawings there, relative to the case file.",
        )
    file_set = read_file_set(folder)
    _refuse_unordered(file_set)
    deidentified = Deidentified(root=folder, studies=file_set.studies, record=_UNRECORDED)
    uids = read_uid_mapping(crosswalk) if crosswalk is not None else {}
    measured = measure_lesions(deidentified, lesions, uids=uids)
    annotated = annotate(
        deidentified,
        measured,
        title=case.title,
        software_version=SOFTWARE,
        case=case,
        export=case.key_objects,
    )
    return len(annotated.instances) - len(deidentified.instances)


def _refuse_unordered(file_set: FileSet) -> None:
    """Refuse studies whose order cannot be told: recipes without dates give all the same one."""
    moments = [(study.date, study.time) for study in file_set.studies]
    if len(set(moments)) != len(moments):
        raise StudyError(
            "the studies have the same date and time, so time points cannot be told apart",
            advice="Use casepack pack, which knows their order, or a recipe that retains dates.",
        )


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


def make_sample(
    out: Path, *, seed: int, slices: int, size: int, progress: Progress = no_progress
) -> None:
    """Write the synthetic sample case as `out`, whole or not at all."""
    from casepack.sample import write_sample

    with work_folder(out) as target:
        write_sample(target, seed=seed, slices=slices, size=size, progress=progress)
        publish(target, out)


_UNRECORDED: Final = unknown_record(SOFTWARE)
"""What is known of a de-identification that another run did."""


def _deidentify(
    study: Path, target: Path, settings: Settings, progress: Progress
) -> tuple[FileSet, Deidentified, Crosswalk]:
    recipe = read_recipe(settings.recipe)
    pseudonyms = settings.read_pseudonyms()
    originals = read_file_set(study, progress=progress)
    deidentified, crosswalk = deidentify_file_set(
        originals,
        recipe,
        pseudonyms,
        target,
        workers=settings.workers,
        decisions=_read_decisions(settings),
        progress=progress,
    )
    return originals, deidentified, crosswalk


def _read_decisions(settings: Settings) -> Decisions:
    return read_decisions(settings.approved) if settings.approved is not None else NO_DECISIONS


def _read_lesions(case: Case | None, case_file: Path | None) -> tuple[Lesion, ...]:
    if case is None or case_file is None or case.lesions is None:
        return ()
    from casepack.annotate.lesions import read_lesions

    return read_lesions(case_file.parent / case.lesions)


def draft_case_file(study: Path, out: Path, *, progress: Progress = no_progress) -> None:
    """Draft a case file from the studies in a folder; a file that is there is left alone.

    Drawings of other programs beside it are named in ``lesions.json``, unless there is one.

    Raises
    ------
    TargetError
        `out` exists, or cannot be written.
    StudyError
        The folder holds no studies of one patient.
    """
    from casepack.package.draft import draft_case

    file_set = read_file_set(study, progress=progress)
    text = draft_case(file_set)
    try:
        lesions = _draft_lesions(file_set, out.parent)
        if lesions:
            text = text.replace("# lesions: lesions.json", "lesions: lesions.json")
        with out.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        if lesions:
            with (out.parent / "lesions.json").open("x", encoding="utf-8", newline="\n") as file:
                file.write(lesions)
    except FileExistsError:
        raise TargetError(
            "the case file exists", advice="Name another one; nothing is overwritten."
        ) from None
    except OSError as error:
        raise target_error(error) from None


def _draft_lesions(file_set: FileSet, folder: Path) -> str:
    """Return the lesion file of the drawings in a folder; empty without any, or if it is there."""
    if (folder / "lesions.json").exists() or not folder.is_dir():
        return ""
    from casepack.annotate.draft import draft_lesions, find_drawings

    drawings = find_drawings(folder)
    return draft_lesions(drawings, file_set) if drawings else ""


def _fit_case(
    case: Case | None, originals: FileSet, case_file: Path | None
) -> tuple[Case, tuple[Finding, ...]]:
    """Check the case against the studies; return it with what in it is missing or doubtful."""
    from casepack.case import untitled_case
    from casepack.case.completeness import find_doubts, find_gaps
    from casepack.case.profiles import read_profile
    from casepack.package.doubts import find_study_doubts
    from casepack.package.patient import check_patient

    count = len(originals.studies)
    if case is None or case_file is None:
        return untitled_case(count), ()
    if case.time_points and len(case.time_points) != count:
        raise CaseError(
            f"describes {len(case.time_points)} time point(s), but the folder holds {count}"
            " study(ies)",
            place=f"{case_file.name}: time_points",
            advice="Write one time point for each study, the earliest first.",
        )
    check_patient(case, originals.studies, case_file.name)
    doubts = (
        *find_gaps(case, read_profile(case.profile, case_file.parent)),
        *find_doubts(case),
        *find_study_doubts(case, originals.studies),
    )
    return case, tuple(replace(one, file=case_file.name) for one in doubts)


def _refuse_crosswalk_inside(out: Path, crosswalk: Path | None) -> None:
    if crosswalk is not None and crosswalk.absolute().is_relative_to(out.absolute()):
        raise TargetError(
            "the crosswalk links new identifiers to old ones and must not lie in the result",
            advice="Name a folder outside OUT for --crosswalk.",
        )


def _write_crosswalk(crosswalk: Crosswalk, folder: Path | None) -> None:
    if folder is None:
        return
    try:
        write_crosswalk(folder, crosswalk)
    except OSError as error:
        raise target_error(error) from None
