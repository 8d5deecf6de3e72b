"""Sending files that were checked, and counting what the PACS stored."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from casepack.model import Progress, no_progress
from casepack.pacs.peer import PAUSES, Outgoing, Pause, Peer, Stored, UnansweredError


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a PACS said of the instances that were sent."""

    total: int
    stored: int
    """Stored, with or without a warning."""
    warned: int
    """Stored with a warning: the PACS may have changed something."""
    refused: tuple[tuple[str, int], ...]
    """How many were refused with which status (PS3.4 B.2.3), such as ``A900``."""

    @property
    def is_complete(self) -> bool:
        """Whether all are stored."""
        return self.stored == self.total


def send_instances(
    peer: Peer,
    files: Sequence[Outgoing],
    *,
    pause: Pause = time.sleep,
    progress: Progress = no_progress,
) -> Sent:
    """Send files; what the PACS has no room for, or did not answer to, is sent again.

    Raises
    ------
    PacsError
        The PACS refuses, or does not answer and nothing was stored.
    UsageError
        A file is not what was checked.
    """
    said: dict[str, Stored] = {}
    waits = iter(PAUSES)
    while left := [one for one in files if _is_open(said.get(one.sop_instance_uid))]:
        failure = None
        try:
            for stored in peer.store(left):
                said[stored.file.sop_instance_uid] = stored
                progress("send", sum(not _is_open(one) for one in said.values()), len(files))
        except UnansweredError as error:
            failure = error
        still = sum(_is_open(said.get(one.sop_instance_uid)) for one in left)
        if still < len(left):
            waits = iter(PAUSES)
        if not still:
            break
        seconds = next(waits, None)
        if seconds is None and failure is not None and not said:
            raise failure from None
        if seconds is None:
            break
        pause(max(seconds, failure.after if failure is not None else 0.0))
    return _count(files, said)


def _is_open(stored: Stored | None) -> bool:
    return stored is None or stored.is_transient


def _count(files: Sequence[Outgoing], said: dict[str, Stored]) -> Sent:
    answers = [said.get(one.sop_instance_uid) for one in files]
    refused = Counter(
        "no answer" if one is None else f"{one.status:04X}"
        for one in answers
        if one is None or not one.is_stored
    )
    return Sent(
        total=len(files),
        stored=sum(one is not None and one.is_stored for one in answers),
        warned=sum(one is not None and one.is_stored and one.status != 0 for one in answers),
        refused=tuple(sorted(refused.items())),
    )
