from __future__ import annotations

from pathlib import Path

import pytest

from casepack.errors import CasepackError, UsageError
from casepack.pacs import Query, parse_address, parse_query, read_source
from casepack.pacs.query import is_answered, parse_dates
from tests.pacs.studies import PATIENT


def test_addresses_of_both_protocols_are_read() -> None:
    web = parse_address("https://pacs.example.org:8443/dicom-web/")
    assert (web.url, web.is_web, web.is_private) == (
        "https://pacs.example.org:8443/dicom-web",
        True,
        True,
    )
    dimse = parse_address("dicom://MY%20PACS@pacs.example.org")
    assert (dimse.called_ae_title, dimse.port, dimse.is_private) == ("MY PACS", 104, False)
    assert parse_address("dicoms://PACS@[::1]").port == 2762
    assert parse_address("http://[::1]:8042/x").url == "http://[::1]:8042/x"
    assert parse_address("dicom://PACS@127.0.0.1:4242").is_private


@pytest.mark.parametrize(
    "address",
    [
        "ftp://pacs.example.org",
        "https://",
        "https://pacs.example.org:port/",
        "https://user:secret@pacs.example.org/",
        "https://pacs.example.org/studies?PatientID=QF-558213",
        "dicom://pacs.example.org:104",
        "dicom://A-TITLE-THAT-IS-TOO-LONG@pacs.example.org",
        "dicom://PACS:secret@pacs.example.org",
        "dicom://PACS@pacs.example.org/path",
    ],
)
def test_what_is_no_address_is_refused_without_quoting_it(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_address(address)
    assert "secret" not in caught.value.message + caught.value.advice
    assert PATIENT not in caught.value.message + caught.value.advice
    assert caught.value.advice


def test_a_query_file_names_a_pacs_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "pacs.yaml").write_text(
        "address: https://pacs.example.org/dicom-web\n"
        "credentials: token\ntrust: ca.pem\ncertificate: /etc/own.pem\n"
    )
    query = tmp_path / "here" / "query.yaml"
    query.write_text(
        "pacs: ../pacs.yaml\npatient_id: QF-558213\nstudy_date: 2024-01-01/2024-03-31\n"
    )
    pacs, found = read_source(str(query))
    assert pacs.credentials == tmp_path / "here" / ".." / "token"
    assert (pacs.trust, pacs.certificate) == (tmp_path / "here/../ca.pem", Path("/etc/own.pem"))
    assert found == Query(patient_id=PATIENT, study_date="20240101-20240331")
    assert PATIENT not in repr(found)
    assert read_source(str(tmp_path / "pacs.yaml"))[1] is None


def test_a_query_is_a_day_and_lists_of_studies_or_accessions(tmp_path: Path) -> None:
    path = tmp_path / "query.yaml"
    path.write_text(
        "address: dicom://PACS@127.0.0.1:104\nae_title: ME\nmove_port: 11113\n"
        "accession_number: ['0012', '0013']\npatient_id: '007'\nstudy_date: 2024-01-08\n"
    )
    pacs, query = read_source(str(path))
    assert (pacs.ae_title, pacs.move_port) == ("ME", 11113)
    assert query is not None
    assert list(query.matches()) == [
        {"AccessionNumber": "0012", "PatientID": "007", "StudyDate": "20240108"},
        {"AccessionNumber": "0013", "PatientID": "007", "StudyDate": "20240108"},
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("accession_number: 0077001", "quotes"),
        ("accession_number: ''", "quotes"),
        ("accession_number: 'ACC*'", "wildcards"),
        ("patient_id: 'QF-55821?'", "wildcards"),
        ("patient_id: 'QF-558213\\ZZ-1'", "wildcards"),
        ("accession_number: ACC-770010000000000", "no such value"),
        ("study_date: 2024-01-08", "whose studies"),
        ("patient_id: QF-558213\nstudy_date: january", "no date"),
        ("patient_id: QF-558213\nstudy_date: 2024-03-31/2024-01-01", "no date"),
        ("study_instance_uid: 1.2.QF-558213", "no UID"),
        ("study_instance_uid: 1.2/../../patients", "no UID"),
        ("patient_name: QF-558213", "does not belong"),
        ("QF-558213: patient_id", "does not belong"),
        ("QF-558213", "no keys"),
        ("patient_id: [QF-558213", "YAML"),
        ("patient_id: QF-558213\npatient_id: ZZ-1", "twice"),
    ],
)
def test_what_could_match_others_is_refused_with_its_line_and_without_its_value(
    text: str, words: str
) -> None:
    with pytest.raises(CasepackError, match=words) as caught:
        parse_query(text, "query.yaml")
    message = caught.value.message + caught.value.advice
    assert message.startswith("query.yaml")
    for value in ("QF-5", "ACC", "77001", "january"):
        assert value not in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("credentials: keyring", "neither an address"),
        ("address: dicom://PACS@h\ncredentials: keyring", "DIMSE"),
        ("address: http://pacs.example.org\ncredentials: keyring", "https"),
        ("address: https://h\nmove_port: many", "port"),
        ("address: https://h\nmove_port: 70000", "port"),
        ("address: https://h\nae_title: 'a\\b'", "AE Title"),
        ("address: https://h\npacs: https://h", "does not belong"),
        ("address: https://h\npassword: secret", "does not belong"),
    ],
)
def test_a_pacs_file_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "pacs.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=words) as caught:
        read_source(str(path))
    assert caught.value.message.startswith("pacs.yaml:")
    assert "secret" not in caught.value.message


def test_a_file_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_source(str(tmp_path / "none.yaml"))


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("20240108", "20240108"),
        ("2024-01-08", "20240108"),
        ("20240101-20240331", "20240101-20240331"),
        ("2024-01-01/2024-03-31", "20240101-20240331"),
    ],
)
def test_dates_are_written_as_dicom_writes_them(text: str, dates: str) -> None:
    assert parse_dates(text) == dates


def test_an_answer_is_believed_only_if_it_holds_what_was_asked() -> None:
    keys = {"PatientID": PATIENT, "StudyDate": "20240101-20240331"}
    assert is_answered(keys, {"PatientID": f"{PATIENT} ", "StudyDate": "20240108"})
    assert not is_answered(keys, {"PatientID": PATIENT, "StudyDate": "20240401"})
    assert not is_answered(keys, {"PatientID": PATIENT})
    assert not is_answered(keys, {"StudyDate": "20240108"})
    assert not is_answered({"StudyDate": "20240108"}, {"StudyDate": "20240109"})
