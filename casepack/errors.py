"""Every failure that a user can see, each with its exit code and advice.

No message ever holds a value of the input: not an identifier, not a UID, not an original path.

::

    CasepackError                      exit 2
    ├── UsageError                     exit 2   bad usage, key file, target
    │   ├── StudyError                 exit 2   the folder cannot be taken as one patient's studies
    │   ├── RecipeError                exit 2   names recipe file and line
    │   ├── CaseError                  exit 2   names case file and place
    │   ├── ReviewError                exit 2   names the review sheet and line
    │   ├── KeyFileError               exit 2
    │   └── TargetError                exit 2   OUT exists, is not writable, or the disk is full
    ├── InstanceHeld                   exit 3   one file is held, with its reason code
    ├── VerificationError              exit 1   a check failed; carries the findings
    ├── RegistrationError              exit 2   a registration service did not do what was asked
    ├── PacsError                      exit 2   a PACS did not do what was asked
    └── ToolMissingError               exit 2   an outside program or an extra is not installed
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "CaseError",
    "CasepackError",
    "InstanceHeld",
    "KeyFileError",
    "PacsError",
    "RecipeError",
    "RegistrationError",
    "ReviewError",
    "StudyError",
    "TargetError",
    "ToolMissingError",
    "UsageError",
    "VerificationError",
]


class CasepackError(Exception):
    """Root of all failures that casepack reports to a user.

    Parameters
    ----------
    message
        What is wrong, without any value of the input.
    advice
        What the user can do next; shown on a line of its own.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class UsageError(CasepackError, ValueError):
    """The call, or a file that the user wrote, cannot be used as it is."""


class StudyError(UsageError):
    """The folder cannot be taken as the studies of one patient."""


class RecipeError(UsageError):
    """A recipe cannot be used; `place` is ``file:line``."""

    def __init__(self, message: str, *, place: str, advice: str = "") -> None:
        super().__init__(f"{place}: {message}", advice=advice)
        self.place = place


class CaseError(UsageError):
    """A case file or lesion file cannot be used; `place` is the file and the path inside it."""

    def __init__(self, message: str, *, place: str, advice: str = "") -> None:
        super().__init__(f"{place}: {message}", advice=advice)
        self.place = place


class ReviewError(UsageError):
    """A review sheet cannot be used as it was filled in; `place` is ``file:line``."""

    def __init__(self, message: str, *, place: str, advice: str = "") -> None:
        super().__init__(f"{place}: {message}", advice=advice)
        self.place = place


class KeyFileError(UsageError):
    """The key file is missing, malformed or readable by others."""


class TargetError(UsageError):
    """The result cannot be written where it was asked for."""


class InstanceHeld(CasepackError):  # noqa: N818  # "held" is the outcome's name for users
    """One file is held back; `reason` is a value of `casepack.model.Reason`."""

    exit_code = 3

    def __init__(self, reason: str) -> None:
        super().__init__(f"held: {reason}")
        self.reason = reason

    def __reduce__(self) -> tuple[type[InstanceHeld], tuple[str]]:
        """Pickle by reason, so that the outcome crosses processes."""
        return type(self), (self.reason,)


class VerificationError(CasepackError):
    """A check failed, so nothing was written; `findings` are `casepack.model.Finding`."""

    exit_code = 1

    def __init__(self, findings: Sequence[object], *, advice: str = "") -> None:
        super().__init__(f"verification failed with {len(findings)} finding(s)", advice=advice)
        self.findings = tuple(findings)


class RegistrationError(CasepackError):
    """A registration service did not do what was asked; no package was changed."""


class PacsError(CasepackError):
    """A PACS did not do what was asked, or did not answer."""


class ToolMissingError(UsageError):
    """An outside program or an optional extra is needed and is not installed."""
