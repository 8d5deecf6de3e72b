"""DICOMweb with a server that answers as each test says: forms, credentials, refusals."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from casepack.errors import KeyFileError, PacsError, UsageError
from casepack.pacs import (
    Pacs,
    Query,
    Retrieved,
    Sent,
    connect,
    list_studies,
    parse_address,
    read_pacs,
    retrieve_studies,
    send_instances,
)
from tests.pacs.studies import IDENTIFYING, PATIENT, STUDIES
from tests.pacs.test_sending import outgoing

Answer = tuple[int, dict[str, str], bytes]
SERIES, INSTANCE = f"{STUDIES[0]}.1", f"{STUDIES[0]}.1.1"
JSON = {"Content-Type": "application/dicom+json"}
MULTIPART = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
pauses: list[float] = []


def listed(**attributes: str) -> dict[str, Any]:
    return {tag.lstrip("t"): {"vr": "XX", "Value": [value]} for tag, value in attributes.items()}


class Server:
    """Answers by the end of the path; `answers` may be changed by a test."""

    def __init__(self, content: bytes) -> None:
        study = listed(t0020000D=STUDIES[0], t00100020=PATIENT, t00080020="20240108")
        part = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + content + b"\r\n--b--"
        self.answers: dict[str, Callable[[], Answer]] = {
            "/studies": lambda: (200, JSON, json.dumps([study]).encode()),
            "/series": lambda: (200, JSON, json.dumps([listed(t0020000E=SERIES)]).encode()),
            "/instances": lambda: (200, JSON, json.dumps([listed(t00080018=INSTANCE)]).encode()),
            SERIES: lambda: (200, MULTIPART, part),
            INSTANCE: lambda: (200, MULTIPART, part),
            "POST": lambda: (200, JSON, b""),
        }
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.bodies: list[bytes] = []
        self.knows_pages = True
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                server.requests.append((self.path, dict(self.headers.items())))
                name = next(end for end in server.answers if path.endswith(end))
                offset = "offset=" in self.path and server.knows_pages
                self._answer((200, JSON, b"[]") if offset else server.answers[name]())

            def do_POST(self) -> None:
                server.requests.append((self.path, dict(self.headers.items())))
                server.bodies.append(self._body())
                self._answer(server.answers["POST"]())

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers["Content-Length"]))
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def _answer(self, answer: Answer) -> None:
                status, headers, content = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in headers:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_args: object) -> None:
                """Keep the test output quiet."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/dicom-web"


@pytest.fixture
def content(studies: Path) -> bytes:
    return (studies / "111.dcm").read_bytes()


@pytest.fixture
def server(content: bytes) -> Iterator[Server]:
    pauses.clear()
    found = Server(content)
    thread = threading.Thread(target=found.http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    found.http.shutdown()
    thread.join()
    found.http.server_close()


def fetch(server: Server, folder: Path, pacs: Pacs | None = None) -> Retrieved:
    folder.mkdir(exist_ok=True)
    with connect(pacs or parse_address(server.url)) as peer:
        listing = list_studies(peer, Query(patient_id=PATIENT), pause=pauses.append)
        return retrieve_studies(peer, listing, folder, pause=pauses.append)


def refused(server: Server, folder: Path, pacs: Pacs | None = None) -> PacsError:
    with pytest.raises(PacsError) as caught:
        fetch(server, folder, pacs)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None or error.__suppress_context__
    assert not any(value in error.message + error.advice for value in IDENTIFYING)
    return error


def test_the_file_is_what_the_server_sent_in_the_syntax_in_which_it_is_stored(
    server: Server, content: bytes, tmp_path: Path
) -> None:
    assert fetch(server, tmp_path).is_complete
    [path] = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert path.read_bytes() == content
    accept = next(headers["Accept"] for where, headers in server.requests if where.endswith(SERIES))
    assert "transfer-syntax=*" in accept
    assert "Authorization" not in server.requests[0][1]


@pytest.mark.parametrize(
    ("secret", "header"),
    [
        ("ada:pässwörd", "Basic " + base64.b64encode("ada:pässwörd".encode()).decode()),
        ("token-5f1e", "Bearer token-5f1e"),
    ],
)
def test_credentials_are_read_from_a_file_that_only_its_owner_may_read(
    server: Server, tmp_path: Path, secret: str, header: str
) -> None:
    (tmp_path / "secret").write_text(secret + "\n")
    (tmp_path / "secret").chmod(0o644)
    (tmp_path / "pacs.yaml").write_text(f"address: {server.url}\ncredentials: secret\n")
    pacs = read_pacs(str(tmp_path / "pacs.yaml"))
    with pytest.raises(KeyFileError, match="others can read"):
        fetch(server, tmp_path / "out", pacs)
    assert server.requests == []
    (tmp_path / "secret").chmod(0o600)
    assert fetch(server, tmp_path / "out", pacs).is_complete
    assert {headers["Authorization"] for _, headers in server.requests} == {header}


def test_credentials_are_asked_of_the_keyring(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = pytest.importorskip("keyring")
    asked = []

    def get_password(*names: str) -> str:
        asked.append(names)
        return "token-5f1e"

    monkeypatch.setattr(keyring, "get_password", get_password)
    (tmp_path / "pacs.yaml").write_text(f"address: {server.url}\ncredentials: keyring\n")
    assert fetch(server, tmp_path / "out", read_pacs(str(tmp_path / "pacs.yaml"))).is_complete
    assert asked == [("casepack", "127.0.0.1")]
    assert server.requests[0][1]["Authorization"] == "Bearer token-5f1e"


@pytest.mark.parametrize(
    ("status", "words"), [(401, "credentials"), (403, "may not"), (404, "address"), (400, "")]
)
def test_a_refusal_is_final_and_says_what_to_do(
    server: Server, tmp_path: Path, status: int, words: str
) -> None:
    server.answers["/studies"] = lambda: (status, {}, PATIENT.encode())
    error = refused(server, tmp_path)
    assert f"HTTP {status}" in error.message
    assert words in error.advice
    assert len(server.requests) == 1
    assert pauses == []


def test_a_busy_server_is_asked_again_when_it_says(server: Server, tmp_path: Path) -> None:
    usual = server.answers["/studies"]
    busy = [(503, {"Retry-After": "7"}, b""), (429, {"Retry-After": "86400"}, b"")]
    server.answers["/studies"] = lambda: busy.pop(0) if busy else usual()
    assert fetch(server, tmp_path).is_complete
    assert pauses == [7.0, 60.0]


def test_a_redirect_is_not_followed(server: Server, tmp_path: Path) -> None:
    server.answers["/studies"] = lambda: (302, {"Location": "http://127.0.0.1:1/other"}, b"")
    assert "another address" in refused(server, tmp_path).message


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b"[1]", b"\xff", b'[{"0020000D": 1}]'])
def test_another_answer_than_the_standards_is_an_error(
    server: Server, tmp_path: Path, answer: bytes
) -> None:
    server.answers["/studies"] = lambda: (200, JSON, answer)
    error = refused(server, tmp_path)
    assert "something else" in error.message or "no UID" in error.message


def test_an_answer_that_breaks_off_is_asked_for_again(
    server: Server, content: bytes, tmp_path: Path
) -> None:
    status, headers, whole = server.answers[SERIES]()
    short = {**headers, "Content-Length": str(len(whole) + 1000), "Connection": "close"}
    cut = [(status, short, whole[:-50]), (status, headers, whole[: len(whole) // 2])]
    server.answers[SERIES] = lambda: cut.pop(0) if cut else (status, headers, whole)
    assert fetch(server, tmp_path).is_complete
    [path] = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert path.read_bytes() == content
    assert pauses == [1.0]


def test_a_single_instance_without_its_envelope_is_taken(
    server: Server, content: bytes, tmp_path: Path
) -> None:
    server.answers[SERIES] = lambda: (200, {"Content-Type": "application/dicom"}, content)
    assert fetch(server, tmp_path).is_complete


def test_what_is_listed_and_not_there_is_counted_as_missing(server: Server, tmp_path: Path) -> None:
    server.answers[SERIES] = server.answers[INSTANCE] = lambda: (404, {}, b"")
    retrieved = fetch(server, tmp_path)
    assert (retrieved.count, retrieved.listing.expected) == (0, 1)
    assert pauses == []


def test_all_pages_of_an_answer_are_read(server: Server, tmp_path: Path) -> None:
    assert fetch(server, tmp_path).listing.expected == 1
    offsets = [where for where, _ in server.requests if "offset=1" in where]
    assert len(offsets) == 3


def test_a_server_that_does_not_know_pages_is_not_asked_for_ever(
    server: Server, tmp_path: Path
) -> None:
    server.knows_pages = False
    assert fetch(server, tmp_path).listing.expected == 1


def send(server: Server, studies: Path) -> Sent:
    with connect(parse_address(server.url)) as peer:
        return send_instances(peer, outgoing(studies), pause=pauses.append)


def test_what_is_stored_is_the_file_as_it_was_checked(server: Server, studies: Path) -> None:
    assert send(server, studies).is_complete
    [body] = server.bodies
    for file in outgoing(studies):
        assert body.count(file.path.read_bytes()) == 1
    [(_, headers)] = server.requests
    assert headers["Content-Type"].startswith('multipart/related; type="application/dicom"')


def told(stored: dict[str, int], failed: dict[str, int]) -> bytes:
    def items(reasons: dict[str, int], tag: str) -> dict[str, Any]:
        return {
            "vr": "SQ",
            "Value": [
                {"00081155": {"vr": "UI", "Value": [uid]}}
                | ({tag: {"vr": "US", "Value": [reason]}} if reason else {})
                for uid, reason in reasons.items()
            ],
        }

    return json.dumps(
        {"00081199": items(stored, "00081196"), "00081198": items(failed, "00081197")}
    ).encode()


def test_what_the_server_says_of_each_instance_is_counted(server: Server, studies: Path) -> None:
    uids = [file.sop_instance_uid for file in outgoing(studies)]
    said = told(dict.fromkeys(uids[:9], 0) | {uids[9]: 0xB000}, {uids[10]: 0xC122})
    server.answers["POST"] = lambda: (202, JSON, said)
    sent = send(server, studies)
    assert (sent.stored, sent.warned, sent.is_complete) == (10, 1, False)
    assert sent.refused == (("0110", 1), ("C122", 1)), "no word on one: it is not stored"


def test_a_conflict_says_what_failed(server: Server, studies: Path) -> None:
    uids = [file.sop_instance_uid for file in outgoing(studies)]
    server.answers["POST"] = lambda: (409, JSON, told({}, dict.fromkeys(uids, 0xA900)))
    assert send(server, studies).refused == (("A900", 12),)


def test_an_answer_in_xml_is_read(server: Server, studies: Path) -> None:
    item = (
        '<DicomAttribute tag="00081155" vr="UI"><Value number="1">{}</Value></DicomAttribute>'
        '<DicomAttribute tag="00081197" vr="US"><Value number="1">43264</Value></DicomAttribute>'
    )
    uid = outgoing(studies)[0].sop_instance_uid
    text = (
        '<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM">'
        f'<DicomAttribute tag="00081198" vr="SQ"><Item number="1">{item.format(uid)}</Item>'
        "</DicomAttribute></NativeDicomModel>"
    )
    kind = {"Content-Type": "application/dicom+xml"}
    server.answers["POST"] = lambda: (202, kind, text.encode())
    assert dict(send(server, studies).refused) == {"A900": 1, "0110": 11}
    server.answers["POST"] = lambda: (202, kind, b"<!DOCTYPE x>" + text.encode())
    with pytest.raises(PacsError, match="something else"):
        send(server, studies)


def test_a_large_study_is_sent_in_several_requests(server: Server, studies: Path) -> None:
    files = outgoing(studies) * 6
    with connect(parse_address(server.url)) as peer:
        stored = list(peer.store(files))
    assert len(stored) == 72
    assert len(server.bodies) == 2
    # the digest is that of the whole content
    assert hashlib.sha256(files[0].path.read_bytes()).hexdigest() == files[0].digest


def test_a_certificate_that_is_not_there_is_reported(server: Server, tmp_path: Path) -> None:
    (tmp_path / "pacs.yaml").write_text(f"address: {server.url}\ntrust: none.pem\n")
    with pytest.raises(UsageError, match="not there"):
        fetch(server, tmp_path / "out", read_pacs(str(tmp_path / "pacs.yaml")))
