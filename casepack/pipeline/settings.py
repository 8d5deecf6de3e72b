"""How a run is asked for, and what it made."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from casepack.deidentify.key_file import read_pseudonyms
from casepack.deidentify.pseudonyms import Pseudonyms
from casepack.deidentify.review import NO_DECISIONS, Decisions, read_decisions
from casepack.model import Deidentified, Finding, Unused, Verified

if TYPE_CHECKING:
    from casepack.lesion import MeasuredLesion


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

    def read_decisions(self) -> Decisions:
        """Return what a person decided on the review sheet, if there is one."""
        return NO_DECISIONS if self.approved is None else read_decisions(self.approved)
