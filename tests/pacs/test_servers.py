"""Fetching from and sending to real servers: Orthanc, by DICOMweb and DIMSE, and dcmqrscp."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import trustme

from casepack.errors import PacsError, UsageError
from casepack.pacs import (
    Pacs,
    Query,
    Retrieved,
    connect,
    list_studies,
    parse_address,
    retrieve_studies,
    send_instances,
)
from casepack.pacs.tls import server_tls
from tests.pacs.studies import FIRST, IDENTIFYING, NAME, OTHER, PATIENT, STUDIES, data_sets
from tests.pacs.test_sending import outgoing
from tests.servers import Dcmqrscp, Orthanc, TlsProxy

QUERY = Query(patient_id=PATIENT)
pauses: list[float] = []


def fetch(pacs: Pacs, folder: Path, query: Query = QUERY) -> Retrieved:
    folder.mkdir(exist_ok=True)
    with connect(pacs) as peer:
        return retrieve_studies(
            peer, list_studies(peer, query, pause=pauses.append), folder, pause=pauses.append
        )


def ways(server: Orthanc | Dcmqrscp) -> dict[str, Pacs]:
    dimse = parse_address(server.dicom)
    return {"get": dimse, "move": replace(dimse, move_port=server.move_port)}


@pytest.mark.parametrize("way", ["web", "get", "move"])
def test_orthanc_gives_every_data_set_unchanged(
    orthanc: Orthanc, studies: Path, tmp_path: Path, way: str
) -> None:
    pacs = {**ways(orthanc), "web": parse_address(orthanc.web)}[way]
    assert fetch(pacs, tmp_path / "out").is_complete
    # compressed ones too: nothing is converted on the way
    assert data_sets(tmp_path / "out") == data_sets(studies)


@pytest.mark.parametrize("way", ["web", "get"])
@pytest.mark.parametrize(
    ("query", "instances"),
    [
        (Query(study_instance_uids=STUDIES[:1]), 6),
        (Query(study_instance_uids=STUDIES[:2]), 12),
        (Query(accession_numbers=(FIRST,)), 6),
        (Query(accession_numbers=(FIRST,), patient_id=PATIENT), 6),
        (Query(patient_id=PATIENT, study_date="20240108"), 6),
        (Query(patient_id=PATIENT, study_date="20240101-20240601"), 12),
    ],
)
def test_orthanc_is_searched_by_study_accession_patient_and_date(
    orthanc: Orthanc, way: str, query: Query, instances: int
) -> None:
    with connect(parse_address(orthanc.web if way == "web" else orthanc.dicom)) as peer:
        assert list_studies(peer, query).expected == instances
        for nobody in (
            Query(accession_numbers=(FIRST,), patient_id="ZZ-1"),
            Query(patient_id=PATIENT, study_date="20230101-20231231"),
        ):
            with pytest.raises(PacsError, match="no study that matches"):
                list_studies(peer, nobody)
        with pytest.raises(PacsError, match="2 patients"):
            list_studies(peer, Query(accession_numbers=(FIRST, OTHER)))


def test_dcmqrscp_takes_all_and_gives_every_data_set_back(
    dcmqrscp: Dcmqrscp, studies: Path, tmp_path: Path
) -> None:
    with connect(parse_address(dcmqrscp.dicom)) as peer:
        assert send_instances(peer, outgoing(studies)).is_complete
    get, move = ways(dcmqrscp)["get"], ways(dcmqrscp)["move"]
    assert fetch(get, tmp_path / "get").is_complete
    assert data_sets(tmp_path / "get") == data_sets(studies)
    # it offers to send uncompressed only, and does not convert: a third is missing
    assert fetch(move, tmp_path / "move").received == (2, 2, 2, 2)
    given = data_sets(tmp_path / "move")
    assert given.items() < data_sets(studies).items()


def test_what_a_server_takes_only_decompressed_is_refused_and_not_converted(
    studies: Path, tmp_path: Path
) -> None:
    server = Dcmqrscp(tmp_path / "dcmqrscp")
    try:
        with connect(parse_address(server.dicom)) as peer:
            sent = send_instances(peer, outgoing(studies))
    finally:
        server.stop()
    assert (sent.stored, sent.refused) == (8, (("0122", 4),))


def test_an_instance_that_a_server_lost_is_missing(
    dcmqrscp: Dcmqrscp, studies: Path, tmp_path: Path
) -> None:
    pacs = parse_address(dcmqrscp.dicom)
    with connect(pacs) as peer:
        assert send_instances(peer, outgoing(studies)).is_complete
    stored = sorted(
        path for path in (tmp_path / "dcmqrscp/db").iterdir() if "index" not in path.name
    )
    stored[0].unlink()
    retrieved = fetch(pacs, tmp_path / "out")
    assert (retrieved.count, retrieved.listing.expected) == (11, 12)
    assert not retrieved.is_complete


@pytest.mark.parametrize("way", ["web", "dicom"])
def test_orthanc_stores_what_is_sent(studies: Path, tmp_path: Path, way: str) -> None:
    server = Orthanc(tmp_path / "orthanc")
    try:
        with connect(parse_address(getattr(server, way))) as peer:
            sent = send_instances(peer, outgoing(studies))
        assert (sent.stored, sent.warned, sent.total) == (12, 0, 12)
        assert server.instances() == sorted(one.sop_instance_uid for one in outgoing(studies))
        for name in server.instances():
            assert name in data_sets(studies)
    finally:
        server.stop()


def test_a_wrong_title_and_a_server_that_is_not_there_are_reported(
    orthanc: Orthanc, tmp_path: Path
) -> None:
    pauses.clear()
    with pytest.raises(PacsError, match="refused to speak") as caught:
        fetch(replace(parse_address(orthanc.dicom), called_ae_title="WRONG"), tmp_path)
    assert "AE Title" in caught.value.advice
    assert pauses == []
    for address in (
        "dicom://PACS@127.0.0.1:1",
        "dicom://PACS@pacs.invalid",
        "http://127.0.0.1:1/dicom-web",
        "http://pacs.invalid/dicom-web",
    ):
        pauses.clear()
        with pytest.raises(PacsError, match="does not answer"):
            fetch(parse_address(address), tmp_path)
        assert pauses == [1.0, 2.0, 4.0, 8.0]


def test_a_title_that_the_server_does_not_know_is_reported(
    orthanc: Orthanc, dcmqrscp: Dcmqrscp, studies: Path, tmp_path: Path
) -> None:
    with pytest.raises(PacsError, match="stopped answering") as caught:
        fetch(replace(parse_address(orthanc.dicom), ae_title="STRANGER"), tmp_path)
    assert "knows our AE Title" in caught.value.advice
    with connect(parse_address(dcmqrscp.dicom)) as peer:
        assert send_instances(peer, outgoing(studies)).is_complete
    unknown = replace(ways(dcmqrscp)["move"], ae_title="STRANGER")
    with pytest.raises(PacsError, match="where to send") as caught:
        fetch(unknown, tmp_path)
    assert "move_port" in caught.value.advice
    with pytest.raises(UsageError, match="port"):
        fetch(replace(unknown, move_port=orthanc.dicom_port), tmp_path)


@dataclass(frozen=True)
class Secure:
    """An Orthanc behind TLS, and whom to trust; `own` is our own certificate."""

    server: Orthanc
    proxy: TlsProxy
    trust: Path
    own: Path

    @property
    def web(self) -> Pacs:
        return parse_address(f"https://127.0.0.1:{self.proxy.port}/dicom-web")

    @property
    def dicom(self) -> Pacs:
        return parse_address(self.server.dicom.replace("dicom:", "dicoms:"))


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    for name in ("server", "own"):
        made = authority.issue_cert("127.0.0.1", "localhost")
        made.private_key_and_cert_chain_pem.write_to_path(folder / f"{name}.pem")
        made.private_key_pem.write_to_path(folder / f"{name}.key")
        made.cert_chain_pems[0].write_to_path(folder / f"{name}.crt")
    server = Orthanc(
        folder / "orthanc",
        AuthenticationEnabled=True,
        RegisteredUsers={"ada": "pass:word"},
        DicomTlsEnabled=True,
        DicomTlsCertificate=str(folder / "server.crt"),
        DicomTlsPrivateKey=str(folder / "server.key"),
        DicomTlsTrustedCertificates=str(folder / "ca.pem"),
    )
    proxy = TlsProxy(server.port, folder / "server.pem")
    yield Secure(server, proxy, folder / "ca.pem", folder / "own.pem")
    proxy.stop()
    server.stop()


def test_both_protocols_run_over_tls_with_credentials(
    secure: Secure, studies: Path, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text("ada:pass:word\n")
    password.chmod(0o600)
    web = replace(secure.web, trust=secure.trust, credentials=password)
    dicom = replace(secure.dicom, trust=secure.trust, certificate=secure.own)
    with connect(dicom) as peer:
        assert send_instances(peer, outgoing(studies)).is_complete
    for name, pacs in (("web", web), ("dicom", dicom)):
        assert fetch(pacs, tmp_path / name).is_complete
        assert data_sets(tmp_path / name) == data_sets(studies)
    move = replace(dicom, move_port=secure.server.move_port)
    assert fetch(move, tmp_path / "move").is_complete
    assert data_sets(tmp_path / "move") == data_sets(studies)
    with pytest.raises(UsageError, match="certificate of our own"):
        server_tls(replace(move, certificate=None))
    password.write_text("ada:wrong\n")
    with pytest.raises(PacsError, match="HTTP 401"):
        fetch(web, tmp_path / "refused")


def test_a_server_that_nobody_vouches_for_is_not_spoken_to(secure: Secure, tmp_path: Path) -> None:
    with pytest.raises(PacsError, match="not trusted"):
        fetch(secure.web, tmp_path)
    for trust in (None, secure.trust):
        # without whom to trust; and to a server that wants to know who we are
        with pytest.raises(PacsError, match="does not answer"):
            fetch(replace(secure.dicom, trust=trust), tmp_path)
    with pytest.raises(UsageError, match="certificates cannot be read"):
        fetch(replace(secure.dicom, trust=tmp_path / "none"), tmp_path)


LOUD = """
import logging, sys
from pathlib import Path
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
from casepack.pacs import connecting, Query, connect, list_studies, parse_address, retrieve_studies
if sys.argv[3] == "loud":
    connecting.silence_libraries = lambda: None
    from pynetdicom import _config
    import casepack.pacs.dimse
    _config.LOG_REQUEST_IDENTIFIERS = True
with connect(parse_address(sys.argv[1])) as peer:
    listing = list_studies(peer, Query(patient_id="QF-558213"))
    print(retrieve_studies(peer, listing, Path(sys.argv[2])).count, "retrieved")
"""


@pytest.mark.parametrize("way", ["web", "dicom"])
def test_no_library_logs_a_value(orthanc: Orthanc, tmp_path: Path, way: str) -> None:
    said = {}
    for mode in ("loud", "silent"):
        (tmp_path / mode).mkdir()
        done = subprocess.run(
            [sys.executable, "-c", LOUD, getattr(orthanc, way), str(tmp_path / mode), mode],
            capture_output=True,
            text=True,
            check=False,
        )
        said[mode] = done.stdout + done.stderr
        assert "12 retrieved" in done.stdout, said[mode]
    assert PATIENT in said["loud"], "the test would find it"
    assert not any(value in said["silent"] for value in (*IDENTIFYING, NAME))


FAILING = """
import sys
from casepack.errors import PacsError
from casepack.pacs import Query, connect, list_studies, parse_address
try:
    with connect(parse_address(sys.argv[1])) as peer:
        list_studies(peer, Query(patient_id="QF-558213"), pause=lambda seconds: None)
except PacsError as error:
    print(error.message)
"""


@pytest.mark.parametrize("scheme", ["http", "dicom"])
def test_no_library_writes_of_a_failure_to_standard_error(scheme: str) -> None:
    """Without a handler, Python writes warnings of libraries there, and tracebacks with them."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            FAILING,
            f"{scheme}://PACS@127.0.0.1:1".replace("http://PACS@", "http://"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "the PACS does not answer\n"
    assert done.stderr == ""
