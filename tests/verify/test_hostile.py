"""Bad input is a finding: it never crashes, hangs or speaks to the terminal."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casepack.model import FileSet
from casepack.verify import report_json, verify_folder
from casepack.verify.holdings import Holdings
from casepack.verify.packaged.annotations import check_annotations
from casepack.verify.packaged.datacite import check_datacite
from casepack.verify.packaged.layout import check_crate, check_layout
from casepack.verify.packaged.links import check_pages
from tests.verify.packages import rebag
from tests.verify.studies import FAMILY, Written


@pytest.fixture(autouse=True)
def _without_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casepack.verify.verification.available_tools", dict)


def test_names_that_are_no_text_are_shown_harmlessly(written: Written) -> None:
    folder = os.fsencode(written.root)
    for name in (b"caf\xe9.dcm", b"\x1b[31mred.dcm", b"new\nline.dcm"):
        Path(os.fsdecode(folder + b"/" + name)).write_bytes(b"no DICOM")
    report = verify_folder(written.root, originals=written.originals)
    files = [finding.file for finding in report.findings]
    assert sorted(files) == ["caf\ufffd.dcm", "new\ufffdline.dcm", "\ufffd[31mred.dcm"]
    assert "\x1b" not in report_json(report).encode("utf-8").decode("utf-8")


def test_a_name_in_another_encoding_is_found_and_hidden(written: Written) -> None:
    name = FAMILY.encode("latin-1") + b".dcm"
    Path(os.fsdecode(os.fsencode(written.root) + b"/" + name)).write_bytes(b"no DICOM")
    report = verify_folder(written.root, originals=written.originals)
    assert {(finding.code, finding.file) for finding in report.findings} == {
        ("identifier-patient-name", "(component 1)"),
        ("file-claims-dicom", "(component 1)"),
    }


def codes_with(written: Written, name: str, content: bytes) -> set[str]:
    (written.root / name).write_bytes(content)
    report = verify_folder(written.root, originals=written.originals)
    return {finding.code for finding in report.findings}


def test_pictures_behind_pictures_end_somewhere(written: Written) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(4) + b"IEND" + bytes(4)
    assert codes_with(written, "a.png", picture * 10_000) == {"file-too-large"}


def test_more_elements_than_any_object_has_are_not_all_read(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casepack.verify.contents.reading._MOST_ELEMENTS", 5000)
    data = written.first.read_bytes()
    at = data.index(b"\xe0\x7f\x10\x00OW")
    codes = codes_with(written, written.first.name, data[:at] + b"\xe0\x7f\x01\x00LO\0\0" * 9000)
    assert "elements-too-many" in codes


def test_the_findings_of_one_file_are_bounded(written: Written) -> None:
    data = written.first.read_bytes()
    at = data.index(b"\xe0\x7f\x10\x00OW")
    repeated = data[:at] + b"\xdf\x7f\x01\x00LO\0\0" * 9000 + data[at:]
    written.first.write_bytes(repeated)
    report = verify_folder(written.root, originals=written.originals)
    assert 0 < len(report.findings) <= 1100


def test_a_folder_that_cannot_be_listed_is_named(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs the tests may be allowed everything."""
    closed = written.root / "closed"
    closed.mkdir()
    list_folder = os.scandir

    def refuse(path: str | Path) -> object:
        if Path(path) == closed:
            raise PermissionError(13, "no", str(path))
        return list_folder(path)

    monkeypatch.setattr(os, "scandir", refuse)
    report = verify_folder(written.root, originals=written.originals)
    found = [(finding.code, finding.file) for finding in report.findings]
    assert found == [("file-unreadable", "closed")]


def test_a_place_holds_no_value_either(package: Path, originals: FileSet) -> None:
    path = package / "data" / "ro-crate-metadata.json"
    crate = json.loads(path.read_text("utf-8"))
    crate["@graph"].append({"@id": f"{FAMILY}.pdf", "@type": "File"})
    path.write_text(json.dumps(crate, ensure_ascii=False), "utf-8")
    rebag(package)
    report = verify_folder(package, originals=originals)
    assert "crate-missing" in {finding.code for finding in report.findings}
    assert FAMILY not in report_json(report)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3)
    ),
    max_leaves=8,
)
KEYS = (
    *("lesions", "measurements", "tracking_uid", "sop_instance_uid", "path", "frame", "studies"),
    *("series", "instances", "figures", "file", "@graph", "@id", "about", "hasPart", "creators"),
    *("titles", "publisher", "types", "resourceTypeGeneral", "doi", "case", "authors"),
)
DOCUMENTS = st.recursive(
    VALUES,
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS), children, max_size=4)
    ),
    max_leaves=12,
)


@given(DOCUMENTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_json_of_any_shape_is_read_without_an_exception(tmp_path: Path, document: object) -> None:
    payload = tmp_path / "data"
    for name in (
        *("ro-crate-metadata.json", "case.json", "annotations/lesions.json"),
        *("figures/figures.json", "doi/datacite.json"),
    ):
        (payload / name).parent.mkdir(parents=True, exist_ok=True)
        (payload / name).write_text(json.dumps(document), "utf-8")
    holdings = Holdings(root=tmp_path, dicom=())
    list(check_annotations(payload, holdings))
    list(check_crate(payload, tmp_path))
    list(check_datacite(payload, tmp_path))
    list(check_layout(payload, tmp_path))
    assert verify_folder(tmp_path).kind == "package"


@given(st.text(alphabet="<>/=\"'&#;!-[] abscriptmgrehf:.\x00", max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_of_any_text_are_read_without_an_exception(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.html").write_text(text, "utf-8")
    list(check_pages(tmp_path, tmp_path))


def test_json_that_is_nested_too_deeply_is_a_finding(package: Path) -> None:
    (package / "data" / "case.json").write_text("[" * 200_000, "utf-8")
    rebag(package)
    codes = {finding.code for finding in verify_folder(package).findings}
    assert codes == {"json-invalid"}


def test_a_crate_that_climbs_out_is_not_followed(package: Path) -> None:
    path = package / "data" / "ro-crate-metadata.json"
    crate = json.loads(path.read_text("utf-8"))
    crate["@graph"] += [{"@id": "../bag-info.txt"}, {"@id": "/etc/passwd"}, {"@id": "../"}]
    path.write_text(json.dumps(crate), "utf-8")
    rebag(package)
    findings = verify_folder(package).findings
    assert [finding.code for finding in findings] == ["crate-missing"] * 3


def test_a_link_in_a_bag_does_not_lead_out(package: Path) -> None:
    (package / "data" / "LICENSE").unlink()
    (package / "data" / "LICENSE").symlink_to("/etc/hostname")
    codes = {finding.code for finding in verify_folder(package).findings}
    assert {"file-symlink", "bag-invalid"} <= codes


def test_a_pipe_in_a_bag_does_not_hang(package: Path) -> None:
    (package / "data" / "LICENSE").unlink()
    os.mkfifo(package / "data" / "LICENSE")
    codes = {finding.code for finding in verify_folder(package).findings}
    assert {"file-unreadable", "bag-invalid"} <= codes


def test_a_file_of_nothing_but_items_is_a_finding(tmp_path: Path) -> None:
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    (tmp_path / "1.dcm").write_bytes(b"\x00" * 128 + b"DICM" + item * 100_000)
    codes = {finding.code for finding in verify_folder(tmp_path).findings}
    assert "file-malformed" in codes
