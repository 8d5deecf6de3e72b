"""What a PACS can be asked, whatever the protocol; and how often."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, TypeVar

from casepack.errors import PacsError, UsageError
from casepack.pacs.query import Answer

Result = TypeVar("Result")
Receive = Callable[[bytes], bool]
"""Takes a DICOM file (PS3.10); tells whether it was one of those that are wanted."""
Pause = Callable[[float], None]
PAUSES: Final = (1.0, 2.0, 4.0, 8.0)
"""Seconds before the second, third ... attempt."""
LONGEST_PAUSE: Final = 60.0


class UnansweredError(PacsError):
    """The PACS did not answer, or is busy: it is worth another try, `after` so many seconds."""

    def __init__(self, message: str, *, advice: str = "", after: float = 0.0) -> None:
        super().__init__(message, advice=advice or "Check the network, and try again later.")
        self.after = min(after, LONGEST_PAUSE)


class Wanted(Protocol):
    """An instance to be retrieved."""

    @property
    def sop_instance_uid(self) -> str:
        """SOP Instance UID (0008,0018)."""

    @property
    def sop_class_uid(self) -> str:
        """SOP Class UID (0008,0016); empty if the PACS does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A file to be sent, and the digest under which it was checked."""

    path: Path = field(repr=False)
    sop_class_uid: str
    sop_instance_uid: str = field(repr=False)
    transfer_syntax_uid: str
    digest: str

    def read(self) -> bytes:
        """Return the content.

        Raises
        ------
        UsageError
            It is not what was checked.
        """
        import hashlib  # noqa: PLC0415  # only where something is sent

        try:
            content = self.path.read_bytes()
        except OSError:
            content = b""
        if hashlib.sha256(content).hexdigest() != self.digest:
            raise UsageError(
                "a file was changed after it was checked",
                advice="Leave the folder alone, and send again.",
            )
        return content


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a PACS said of one instance: a status of C-STORE (PS3.4 B.2.3), 0 for success."""

    file: Outgoing
    status: int

    @property
    def is_stored(self) -> bool:
        """Stored, be it with a warning."""
        return self.status == 0 or self.status >> 12 == 0xB  # noqa: PLR2004  # Bxxx are warnings

    @property
    def is_transient(self) -> bool:
        """Refused for want of resources (A7xx), which may come back."""
        return self.status >> 8 == 0xA7  # noqa: PLR2004  # see above


class Peer(Protocol):
    """A connection to a PACS.

    Every method raises `UnansweredError` where another try is worth it, else `PacsError`.
    """

    def find_studies(self, keys: Mapping[str, str]) -> list[Answer]:
        """Return the studies that match."""

    def find_series(self, study: str) -> list[Answer]:
        """Return the series of a study."""

    def find_instances(self, study: str, series: str) -> list[Answer]:
        """Return the instances of a series."""

    def retrieve(
        self, study: str, series: str, wanted: Sequence[Wanted], receive: Receive, *, whole: bool
    ) -> None:
        """Retrieve a `whole` series, or only the instances that are `wanted`."""

    def store(self, files: Sequence[Outgoing]) -> Iterator[Stored]:
        """Send files; yield what the PACS says of each."""

    def close(self) -> None:
        """End the connection."""


def ask_again(ask: Callable[[], Result], pause: Pause = time.sleep) -> Result:
    """Ask until there is an answer, each time after a longer pause.

    Raises
    ------
    PacsError
        There is none after the last attempt, or it is a refusal.
    """
    for seconds in PAUSES:
        try:
            return ask()
        except UnansweredError as error:
            pause(max(seconds, error.after))
    return ask()
