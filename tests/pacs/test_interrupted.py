"""Ctrl-C while a PACS keeps us waiting: the program ends at once, and leaves nothing."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, evt

from tests.pacs.studies import PATIENT, STUDIES

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
GET = "1.2.840.10008.5.1.4.1.2.2.3"
MR = "1.2.840.10008.5.1.4.1.1.4"
LIMIT_SECONDS = 30


class Slow:
    """An Application Entity that answers questions, until it comes to `until`; then it waits."""

    def __init__(self, until: str) -> None:
        self.reached, self.ended = threading.Event(), threading.Event()
        self.until = until
        entity = AE("SLOW")
        for model in (FIND, GET):
            entity.add_supported_context(model)
        entity.add_supported_context(MR, scu_role=True, scp_role=True)
        handlers: list[evt.EventHandlerType] = [
            (evt.EVT_C_FIND, self.find),
            (evt.EVT_C_GET, self.get),
        ]
        server: Any = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        self.server = server
        self.port: int = server.server_address[1]

    def wait(self, place: str) -> None:
        if place == self.until:
            self.reached.set()
            self.ended.wait(LIMIT_SECONDS)

    def find(self, event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        asked = event.identifier
        self.wait(asked.QueryRetrieveLevel)
        answer = Dataset()
        answer.QueryRetrieveLevel = asked.QueryRetrieveLevel
        answer.PatientID, answer.StudyInstanceUID = PATIENT, STUDIES[0]
        answer.SeriesInstanceUID, answer.SOPInstanceUID = f"{STUDIES[0]}.1", f"{STUDIES[0]}.1.1"
        answer.SOPClassUID = MR
        yield 0xFF00, answer

    def get(self, _event: evt.Event) -> Iterator[int]:
        self.wait("GET")
        yield 0

    def stop(self) -> None:
        self.ended.set()
        self.server.shutdown()


@pytest.mark.parametrize(
    ("until", "number"),
    [("STUDY", signal.SIGINT), ("IMAGE", signal.SIGTERM), ("GET", signal.SIGINT)],
)
def test_a_program_that_waits_for_dimse_ends_when_it_is_told(
    tmp_path: Path, until: str, number: signal.Signals
) -> None:
    slow = Slow(until)
    try:
        interrupt(tmp_path, f"dicom://SLOW@127.0.0.1:{slow.port}", slow.reached, number)
    finally:
        slow.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_program_that_waits_for_dicomweb_ends_when_it_is_told(
    tmp_path: Path, number: signal.Signals
) -> None:
    reached = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(1)
                reached.set()
                # until the other side closes
                while client.recv(1 << 16):
                    pass

        thread = threading.Thread(target=accept)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/dicom-web"
        interrupt(tmp_path, url, reached, number)
        thread.join(LIMIT_SECONDS)


def interrupt(folder: Path, pacs: str, reached: threading.Event, number: signal.Signals) -> None:
    query = folder / "query.yaml"
    query.write_text(f"pacs: {pacs}\npatient_id: {PATIENT}\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "casepack", "fetch", str(query), str(folder / "study")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert reached.wait(LIMIT_SECONDS)
        process.send_signal(number)
        start = time.monotonic()
        said, _ = process.communicate(timeout=LIMIT_SECONDS)
    finally:
        process.kill()
    assert process.returncode == 130, said
    assert "interrupted; nothing half-written was left" in said
    assert "Traceback" not in said
    assert time.monotonic() - start < LIMIT_SECONDS
    assert [path.name for path in folder.iterdir()] == ["query.yaml"]
