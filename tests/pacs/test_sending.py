"""Sending, to a PACS that does as each test says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest
from pydicom import dcmread

from casepack.errors import PacsError, UsageError
from casepack.pacs import Outgoing, Peer, Sent, send_instances
from casepack.pacs.peer import PAUSES, Stored, UnansweredError

pauses: list[float] = []


class Pacs:
    def __init__(self, say: Callable[[int], int | None]) -> None:
        self.say = say
        self.sent: list[str] = []
        self.rounds = 0

    def store(self, files: Sequence[Outgoing]) -> Iterator[Stored]:
        self.rounds += 1
        for file in files:
            status = self.say(len(self.sent))
            self.sent.append(file.sop_instance_uid)
            if status is None:
                raise UnansweredError("the PACS does not answer")
            yield Stored(file=file, status=status)


def outgoing(folder: Path) -> list[Outgoing]:
    found = []
    for path in sorted(folder.rglob("*.dcm")):
        ds = dcmread(path, stop_before_pixels=True)
        found.append(
            Outgoing(
                path=path,
                sop_class_uid=str(ds.SOPClassUID),
                sop_instance_uid=str(ds.SOPInstanceUID),
                transfer_syntax_uid=str(ds.file_meta.TransferSyntaxUID),
                digest=hashlib.sha256(path.read_bytes()).hexdigest(),
            )
        )
    return found


def send(say: Callable[[int], int | None], studies: Path) -> tuple[Sent, Pacs]:
    pauses.clear()
    pacs = Pacs(say)
    sent = send_instances(cast("Peer", pacs), outgoing(studies), pause=pauses.append)
    return sent, pacs


def test_all_are_sent_once_and_warnings_and_refusals_are_counted(studies: Path) -> None:
    said = {2: 0xB000, 5: 0xA900, 6: 0xC123, 7: 0x0122}
    sent, pacs = send(lambda number: said.get(number, 0), studies)
    assert (sent.total, sent.stored, sent.warned, sent.is_complete) == (12, 9, 1, False)
    assert sent.refused == (("0122", 1), ("A900", 1), ("C123", 1))
    assert len(pacs.sent) == 12, "a refusal is final"
    assert pauses == []


def test_only_what_has_no_answer_is_sent_again(studies: Path) -> None:
    sent, pacs = send(lambda number: None if number in {4, 9} else 0, studies)
    assert sent.is_complete
    assert len(pacs.sent) == 14
    assert pauses == [1.0, 1.0]


def test_a_pacs_without_room_is_asked_again_and_then_left(studies: Path) -> None:
    sent, _ = send(lambda number: 0xA700 if number < 12 else 0, studies)
    assert sent.is_complete
    assert pauses == [1.0]
    sent, pacs = send(lambda number: 0xA700 if number else 0, studies)
    assert sent.refused == (("A700", 11),)
    assert pacs.rounds == 1 + len(PAUSES)


def test_a_pacs_that_never_answers_is_an_error_and_one_that_stops_is_counted(
    studies: Path,
) -> None:
    with pytest.raises(PacsError, match="does not answer"):
        send(lambda _number: None, studies)
    assert tuple(pauses) == PAUSES
    sent, _ = send(lambda number: None if number > 2 else 0, studies)
    assert sent.stored == 3
    assert sent.refused == (("no answer", 9),)


def test_a_file_that_changed_after_it_was_checked_is_not_sent(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(b"checked")
    digest = hashlib.sha256(b"checked").hexdigest()
    file = Outgoing(
        path=path, sop_class_uid="", sop_instance_uid="1.2", transfer_syntax_uid="", digest=digest
    )
    assert file.read() == b"checked"
    path.write_bytes(b"changed")
    with pytest.raises(UsageError, match="changed"):
        file.read()
    path.unlink()
    with pytest.raises(UsageError, match="changed"):
        file.read()
