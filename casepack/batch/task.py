"""What goes to a worker and what comes back: frozen, picklable, and silent about the input.

A scheduler may write what it is given to its log, so whatever identifies is ``repr=False``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from casepack.deidentify.pseudonyms import Pseudonyms


class Verdict(StrEnum):
    """What became of a case."""

    WAITING = "waiting"
    DONE = "done"
    HELD = "held"
    """Done, but some of its files were held."""
    FAILED = "failed"
    """There is no result."""


class Form(StrEnum):
    """What is made of a case."""

    PACKAGE = "package"
    DEIDENTIFIED = "deidentified"


class Fault(StrEnum):
    """Why there is no result: a closed list, the only words about it that leave for reports."""

    STUDY = "study"
    CASE_FILE = "case-file"
    RECIPE = "recipe"
    VERIFICATION = "verification"
    TARGET_EXISTS = "target-exists"
    RESULT_CHANGED = "result-changed"
    TARGET = "target"
    NOT_REACHED = "not-reached"
    PACS = "pacs"
    TOOL_MISSING = "tool-missing"
    USAGE = "usage"
    MEMORY = "memory"
    WORKER_DIED = "worker-died"
    NOT_UNDERSTOOD = "not-understood"

    @property
    def advice(self) -> str:
        """What the user can do about it."""
        return _ADVICE[self]


_ADVICE: Mapping[Fault, str] = {
    Fault.STUDY: "casepack inspect STUDY shows what the folder holds",
    Fault.CASE_FILE: "the case file or its lesions do not fit; casepack pack STUDY shows where",
    Fault.RECIPE: "casepack recipe check FILE shows where",
    Fault.VERIFICATION: "a check failed; casepack pack STUDY shows each finding",
    Fault.TARGET_EXISTS: "a folder of that name is there and this batch did not make it",
    Fault.RESULT_CHANGED: "the result was changed by hand since; move it away to have it made anew",
    Fault.TARGET: "the result cannot be written; check the disk and its permissions",
    Fault.NOT_REACHED: "the storage did not answer or refused; check its address and credentials",
    Fault.PACS: "the PACS did not give the study, or not all of it; casepack fetch shows why",
    Fault.TOOL_MISSING: "an extra or a program is not installed where the worker runs",
    Fault.USAGE: "the row of the manifest cannot be used as it is",
    Fault.MEMORY: "memory ran out; use fewer workers, or one with more memory",
    Fault.WORKER_DIED: "its worker was ended from outside each time; perhaps memory ran out",
    Fault.NOT_UNDERSTOOD: "casepack failed on this case; report this with casepack's version",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """What a result was made from; equal digests give the same bytes."""

    study: str = ""
    """Keyed digest of paths, sizes and modification times, or of what a PACS lists."""
    case: str = ""
    """Keyed digest of the case file and of the files that it names."""
    recipe: str = ""
    """Of the recipe, the review sheet, and what else the row of the manifest asks for."""
    version: str = ""
    """Of casepack and the libraries and programs that have a part in the result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """What an earlier batch made of the case."""

    verdict: Verdict
    digests: Digests
    result: str
    """Digest of the result that it left; empty if none."""
    confirmed: bool = True
    """False: the batch was killed before it could tell whether its result appeared in place of an
    earlier one. Whatever is there is the batch's own, and made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One case, with all that a worker needs."""

    name: str
    study: str = field(repr=False)
    """Folder or URL, or a query file for a PACS."""
    case_file: str | None = field(repr=False)
    recipe: str = field(repr=False)
    approved: Path | None = field(repr=False, default=None)
    """Review sheet of an earlier run, with decisions."""
    form: Form
    keep_crosswalk: bool
    pseudonyms: Pseudonyms = field(repr=False)
    target: str = field(repr=False)
    """Folder or URL under which the result is to appear."""
    work: Path | None = field(repr=False)
    """Folder in which to build, on the file system of `target`. None: a temporary one."""
    former: Former | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What became of a case: codes, counts and digests, and nothing of the input."""

    name: str
    verdict: Verdict
    form: Form = Form.PACKAGE
    fault: Fault | None = None
    unchanged: bool = False
    """The former result stands: nothing was done."""
    message: str = ""
    """Of the error, without any value of the input; for the terminal only."""
    digests: Digests = field(default_factory=Digests)
    result: str = ""
    staged: str = ""
    """Folder below `Task.work` that holds ``result``, and ``crosswalk`` if it is to be kept."""
    held: tuple[tuple[str, int], ...] = ()
    """Files held, by reason code."""
    findings: tuple[tuple[str, int], ...] = ()
    """What the checks found, by code."""
    doubts: int = 0
    lesions: int = 0
    patient: str = ""
    """The new Patient ID."""
    studies: int = 0
    series: int = 0
    instances: int = 0
    files: int = 0
    """Of the input, DICOM or not."""
    size: int = 0
    """Bytes of the input."""
    picture: str = ""
    """Path of a picture below the result."""
    uids: tuple[bytes, ...] = field(repr=False, default=())
    """Digests of the new SOP Instance UIDs."""
    seconds: float = 0.0
