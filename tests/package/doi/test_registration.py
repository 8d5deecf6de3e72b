from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from casepack.errors import KeyFileError, RegistrationError, UsageError
from casepack.package.doi.registration import describe_requests, reserve_doi
from casepack.package.identification import set_doi

SECRET = "REPO.CASES:open sesame"  # noqa: S105  # of no service
TOKEN = "token-5f1e"  # noqa: S105  # of no service


@dataclass
class Recorded:
    """What the service was asked, and what it answers: status and body for each path."""

    answers: dict[str, tuple[int, bytes]]
    requests: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    address: str = ""


@pytest.fixture
def service() -> Iterator[Recorded]:
    recorded = Recorded(
        answers={
            "/dois": (201, json.dumps({"data": {"id": "10.5072/abcd-ef12"}}).encode()),
            "/api/records": (201, json.dumps({"id": "k3x1", "links": {}}).encode()),
            "/api/records/k3x1/draft/pids/doi": (
                201,
                json.dumps({"id": "k3x1", "pids": {"doi": {"identifier": "10.5281/z.1"}}}).encode(),
            ),
        }
    )

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            recorded.requests.append((self.path, dict(self.headers.items()), body))
            status, content = recorded.answers.get(self.path, (404, b"{}"))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: object) -> None:
            """Keep the test output quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    recorded.address = f"http://127.0.0.1:{server.server_port}"
    yield recorded
    server.shutdown()
    thread.join()
    server.server_close()


def _credentials(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "credentials"
    path.write_text(text + "\n")
    path.chmod(mode)
    return path


def test_datacite_gets_a_draft_in_the_documented_form(
    package: Path, service: Recorded, tmp_path: Path
) -> None:
    reserved = reserve_doi(
        package,
        f"datacite={service.address}",
        prefix="10.5072",
        credentials=_credentials(tmp_path, SECRET),
    )
    assert reserved.doi == "10.5072/abcd-ef12"
    [(path, headers, body)] = service.requests
    assert path == "/dois"
    assert headers["Content-Type"] == "application/vnd.api+json"
    assert headers["Authorization"] == "Basic " + base64.b64encode(SECRET.encode()).decode()
    assert body.keys() == {"data"}
    assert body["data"]["type"] == "dois"
    attributes = body["data"]["attributes"]
    assert attributes["prefix"] == "10.5072"
    assert "event" not in attributes, "an event would publish it"
    assert "doi" not in attributes
    assert attributes["schemaVersion"] == "http://datacite.org/schema/kernel-4"
    required = {"creators", "titles", "publisher", "publicationYear", "types"}
    assert required <= attributes.keys()


def test_a_doi_that_is_set_is_the_one_that_datacite_is_asked_for(
    package: Path, service: Recorded
) -> None:
    set_doi(package, "10.5072/case-0001")
    [request] = describe_requests(package, f"datacite={service.address}")
    assert request.body is not None
    attributes = request.body["data"]["attributes"]
    assert attributes["doi"] == "10.5072/case-0001"
    assert "prefix" not in attributes


def test_inveniordm_gets_a_draft_and_then_the_reservation(
    package: Path, service: Recorded, tmp_path: Path
) -> None:
    reserved = reserve_doi(
        package, f"invenio={service.address}", credentials=_credentials(tmp_path, TOKEN)
    )
    assert reserved.doi == "10.5281/z.1"
    assert reserved.draft == f"{service.address}/uploads/k3x1"
    (create, headers, body), (reserve, _, nothing) = service.requests
    assert (create, reserve) == ("/api/records", "/api/records/k3x1/draft/pids/doi")
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["Content-Type"] == "application/json"
    assert nothing is None
    assert body.keys() == {"access", "files", "metadata"}
    assert body["metadata"]["resource_type"] == {"id": "dataset"}
    person = body["metadata"]["creators"][0]["person_or_org"]
    assert person["family_name"] == "Müller"


def test_a_dry_run_sends_nothing(package: Path, service: Recorded) -> None:
    first, second = describe_requests(package, f"invenio={service.address}")
    assert second.url.endswith("/api/records/{id}/draft/pids/doi")
    assert "Authorization" not in first.headers
    assert service.requests == []


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "credentials"), (403, "may not"), (422, "refused"), (500, "doi check"), (302, "check")],
)
def test_a_refusal_is_reported_without_the_secret(
    package: Path, service: Recorded, tmp_path: Path, status: int, words: str
) -> None:
    service.answers["/dois"] = (status, f"echo {SECRET}".encode())
    with pytest.raises(RegistrationError) as caught:
        reserve_doi(
            package,
            f"datacite={service.address}",
            prefix="10.5072",
            credentials=_credentials(tmp_path, SECRET),
        )
    assert f"HTTP {status}" in caught.value.message
    assert words in caught.value.advice
    assert SECRET not in caught.value.message + caught.value.advice
    assert len(service.requests) == 1, "redirects are not followed"


@pytest.mark.parametrize("content", [b"", b"[]", b'{"data": {"id": "nonsense"}}', b"<html>"])
def test_another_answer_than_the_documented_is_an_error(
    package: Path, service: Recorded, tmp_path: Path, content: bytes
) -> None:
    service.answers["/dois"] = (201, content)
    with pytest.raises(RegistrationError, match="something else"):
        reserve_doi(
            package,
            f"datacite={service.address}",
            prefix="10.5072",
            credentials=_credentials(tmp_path, SECRET),
        )


def test_a_draft_that_was_left_behind_is_named(
    package: Path, service: Recorded, tmp_path: Path
) -> None:
    del service.answers["/api/records/k3x1/draft/pids/doi"]
    with pytest.raises(RegistrationError) as caught:
        reserve_doi(
            package, f"invenio={service.address}", credentials=_credentials(tmp_path, TOKEN)
        )
    assert "/uploads/k3x1" in caught.value.advice


def test_a_service_that_does_not_answer_is_reported(package: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(RegistrationError, match="does not answer"):
            reserve_doi(package, f"invenio={address}", credentials=_credentials(tmp_path, TOKEN))


@pytest.mark.parametrize(
    "name", ["crossref", "invenio=http://example.org", "invenio=", "invenio=ftp://localhost", ""]
)
def test_other_services_and_addresses_without_https_are_refused(package: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no such service"):
        describe_requests(package, name)


def test_datacite_wants_a_prefix(package: Path) -> None:
    with pytest.raises(UsageError, match="prefix"):
        describe_requests(package, "datacite-test")


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [(TOKEN, 0o644, "others can read"), ("", 0o600, "one line"), ("a\nb", 0o600, "one line")],
)
def test_credentials_that_others_can_read_are_refused(
    package: Path, service: Recorded, tmp_path: Path, text: str, mode: int, words: str
) -> None:
    path = _credentials(tmp_path, text, mode)
    with pytest.raises(KeyFileError, match=words):
        reserve_doi(package, f"invenio={service.address}", credentials=path)
    assert service.requests == []


def test_without_a_file_the_keyring_is_asked(
    package: Path, service: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = pytest.importorskip("keyring")
    asked = []

    def get_password(*names: str) -> str | None:
        asked.append(names)
        return TOKEN if len(asked) > 1 else None

    monkeypatch.setattr(keyring, "get_password", get_password)
    with pytest.raises(KeyFileError, match="keyring"):
        reserve_doi(package, f"invenio={service.address}")
    assert reserve_doi(package, f"invenio={service.address}").doi == "10.5281/z.1"
    assert asked == [("casepack", "127.0.0.1")] * 2
