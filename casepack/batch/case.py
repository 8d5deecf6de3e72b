"""One case in a worker: compare with what is there, build, say what became of it."""

from __future__ import annotations

import errno
import hashlib
import logging
import multiprocessing
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

from casepack.batch.digests import digest_result, digest_task, fetch_case_file, last_file
from casepack.batch.manifest import CASE_FILE
from casepack.batch.places import (
    File,
    NotReachedError,
    fetch_folder,
    is_url,
    list_place,
    remove_folder,
    store_folder,
)
from casepack.batch.task import CaseResult, Digests, Fault, Form, Task, Verdict
from casepack.batch.telling import Telling
from casepack.errors import (
    CaseError,
    CasepackError,
    PacsError,
    RecipeError,
    StudyError,
    TargetError,
    ToolMissingError,
    UsageError,
    VerificationError,
)
from casepack.exchange import QUERY_FILES, find_studies, open_study, read_query

if TYPE_CHECKING:
    from casepack.model import Progress
    from casepack.pipeline import Outcome

RESULT: Final = "result"
CROSSWALK: Final = "crosswalk"
_UID_BYTES: Final = 16
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
_FAULTS: Final = (
    # the first that fits
    (StudyError, Fault.STUDY),
    (CaseError, Fault.CASE_FILE),
    (RecipeError, Fault.RECIPE),
    (VerificationError, Fault.VERIFICATION),
    (TargetError, Fault.TARGET),
    (ToolMissingError, Fault.TOOL_MISSING),
    (NotReachedError, Fault.NOT_REACHED),
    (PacsError, Fault.PACS),
    (UsageError, Fault.USAGE),
)

_one_case = threading.Lock()
"""A case has a process for itself: a Dask worker with several threads would mix their warnings."""


class _Conflict(CasepackError):  # noqa: N818  # says what is there, as `InstanceHeld` does
    """What lies under the case's name is not to be touched."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.advice)
        self.fault = fault


@dataclass(slots=True, kw_only=True)
class _Known:
    """What is known of a case when it fails; not frozen: it grows."""

    digests: Digests
    files: list[File]


def run_case(task: Task) -> CaseResult:
    """Make the result of a case, unless it is there.

    It never raises: errors that crossed a scheduler would be written to its log.
    """
    start = time.perf_counter()
    known = _Known(digests=Digests(), files=[])
    allow_processes()
    with _one_case, _silence():
        try:
            result = _make(task, known)
        except Exception as error:  # noqa: BLE001  # the boundary: see the docstring
            result = _describe_failure(task, error, known.digests)
    return replace(
        result,
        seconds=time.perf_counter() - start,
        files=len(known.files),
        size=sum(file.size for file in known.files),
    )


def allow_processes() -> None:
    """Let this process have processes of its own: streams are decoded in one.

    Workers of a cluster are often daemons, which `multiprocessing` refuses that.
    """
    configuration = getattr(multiprocessing.current_process(), "_config", {})
    configuration["daemon"] = False


@contextmanager
def _silence() -> Iterator[None]:
    """Keep what libraries say about values out of a worker's output."""
    logger = logging.getLogger("pydicom")
    former = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(former)


def _make(task: Task, known: _Known) -> CaseResult:
    place = Path(tempfile.mkdtemp(prefix=f"{task.name}.", dir=task.work))
    staged = False
    try:
        known.files = _list_study(task.study)
        case_file = _reach_case_file(task, place / "case")
        known.digests = digest_task(task, known.files, case_file)
        present = _refuse_foreign(task)
        if _is_up_to_date(task, known.digests, present):
            return _stand(task, known.digests, present)
        result = _build(task, known, case_file, place)
        staged = not is_url(task.target) or task.keep_crosswalk
        return replace(result, staged=place.name if staged else "")
    finally:
        if not staged:
            remove_folder(place)


def _list_study(study: str) -> list[File]:
    """Return the files of a study; of one in a PACS, what the PACS lists."""
    asked = None if is_url(study) else read_query(Path(study))
    if asked is None:
        return list_place(study)
    listing = find_studies(*asked)
    # a PACS may count more than it lists yet: what comes later must be noticed
    return [
        File(name=one.name, size=0, stamp=f"{one.sop_instance_uid} of {listing.expected}")
        for series in listing.series
        for one in series.instances
    ]


def _reach_case_file(task: Task, folder: Path) -> Path | None:
    if task.case_file is None or not is_url(task.case_file):
        return None if task.case_file is None else Path(task.case_file)
    try:
        return fetch_case_file(task.case_file, folder)
    except FileNotFoundError:
        return folder / "missing.yaml"  # reading it says so


def _refuse_foreign(task: Task) -> str:
    """Return the digest of what lies at the target, if this batch made it; empty if nothing does.

    Raises
    ------
    _Conflict
        Something lies there that this batch did not make.
    """
    present = digest_result(task.target, task.form)
    if task.former is not None and (task.former.result or not task.former.confirmed):
        return present
    if present or list_place(task.target):
        raise _Conflict(Fault.TARGET_EXISTS)
    return ""


def _is_up_to_date(task: Task, digests: Digests, present: str) -> bool:
    """Tell whether the former result stands.

    Raises
    ------
    _Conflict
        It would have to be made anew, but somebody has changed it, for example by giving it a DOI.
    """
    former = task.former
    if former is None or not present or not former.confirmed:
        return False
    same = former.digests == digests
    changed = present != former.result
    if same and (changed or former.verdict is Verdict.DONE):
        return True
    if changed:
        raise _Conflict(Fault.RESULT_CHANGED)
    return False


def _stand(task: Task, digests: Digests, present: str) -> CaseResult:
    """Return that the former result stands; the coordinator knows what it was."""
    return CaseResult(
        name=task.name, verdict=Verdict.DONE, unchanged=True, digests=digests, result=present
    )


def _build(task: Task, known: _Known, case_file: Path | None, place: Path) -> CaseResult:
    study = Path(task.study)
    if is_url(task.study):
        study = place / "study"
        fetch_folder(task.study, study)
    result = place / RESULT
    telling = Telling(form=task.form, size=sum(file.size for file in known.files))
    outcome = _run_stages(task, study, case_file, place, telling)
    if is_url(task.study):
        remove_folder(study)
    digest = digest_result(str(result), task.form)
    picture = _find_picture(result)
    if is_url(task.target):
        store_folder(result, task.target, last=last_file(task.form))
        remove_folder(result)
    return CaseResult(
        name=task.name,
        form=task.form,
        verdict=Verdict.HELD if outcome.held else Verdict.DONE,
        digests=known.digests,
        result=digest,
        held=_count(item.reason.value for item in outcome.held),
        findings=_count(f.code for f in outcome.verified.warnings) if outcome.verified else (),
        doubts=sum(one.severity != "note" for one in outcome.doubts),
        lesions=len(outcome.lesions),
        patient=outcome.patient,
        studies=len(outcome.deidentified.studies),
        series=sum(len(one.series) for one in outcome.deidentified.studies),
        instances=len(outcome.deidentified.instances),
        picture=picture,
        uids=tuple(
            hashlib.sha256(one.sop_instance_uid.encode()).digest()[:_UID_BYTES]
            for one in outcome.deidentified.instances
        ),
    )


def _run_stages(
    task: Task, study: Path, case_file: Path | None, place: Path, progress: Progress
) -> Outcome:
    # the stages are loaded by who runs them: a batch on a cluster does not
    from casepack.pipeline import Settings, deidentify_study, pack_study  # noqa: PLC0415

    settings = Settings(
        recipe=task.recipe,
        pseudonyms=task.pseudonyms,
        approved=task.approved,
        # a case has one core: others have the rest
        programs=1,
        crosswalk=place / CROSSWALK if task.keep_crosswalk else None,
    )
    with open_study(study) as folder:
        if task.form is Form.DEIDENTIFIED:
            return deidentify_study(folder, place / RESULT, settings, progress=progress)
        return pack_study(folder, place / RESULT, settings, case_file=case_file, progress=progress)


def _find_picture(result: Path) -> str:
    """Return the path of the first figure, or of the middle of the first stack."""
    figure = result / "data" / "figures" / "fig1.png"
    if figure.is_file():
        return figure.relative_to(result).as_posix()
    pictures = sorted((result / "data" / "preview").glob("*/*.webp"))
    stack = [path for path in pictures if path.parent == pictures[0].parent]
    return stack[len(stack) // 2].relative_to(result).as_posix() if stack else ""


def _count(codes: Iterator[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(codes).items()))


def _hide_names(message: str, task: Task) -> str:
    """Return a message without the names of files that the manifest names: patients' names, often.

    A study that is a folder is never named in a message; a query is a file.
    """
    for place, word in ((task.case_file, "case file"), (task.study, "query file")):
        name = PurePath(place).name if place else ""
        if PurePath(name).suffix in QUERY_FILES and name != CASE_FILE:
            message = message.replace(name, word)
    return message


def _describe_failure(task: Task, error: Exception, digests: Digests) -> CaseResult:
    """Return a failure in words of ours; the text of a foreign error is never looked at."""
    findings: tuple[tuple[str, int], ...] = ()
    message = ""
    if isinstance(error, _Conflict):
        fault = error.fault
    elif isinstance(error, CasepackError):
        fault = next((f for kind, f in _FAULTS if isinstance(error, kind)), Fault.NOT_UNDERSTOOD)
        message = _hide_names(error.message, task)
        if isinstance(error, VerificationError):
            findings = _count(getattr(finding, "code", "") for finding in error.findings)
    elif isinstance(error, MemoryError):
        fault = Fault.MEMORY
    elif isinstance(error, OSError):
        fault = Fault.TARGET if error.errno in _NO_ROOM else Fault.NOT_UNDERSTOOD
        message = errno.errorcode.get(error.errno or 0, "")
    else:
        fault = Fault.NOT_UNDERSTOOD
        message = type(error).__name__
    return CaseResult(
        name=task.name,
        form=task.form,
        verdict=Verdict.FAILED,
        fault=fault,
        message=message,
        digests=digests,
        findings=findings,
    )
