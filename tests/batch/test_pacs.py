"""Cases whose studies are asked of a PACS, with a real Orthanc."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from casepack.batch.run import run_batch
from casepack.batch.task import Fault, Verdict
from casepack.deidentify.key_file import write_new_key
from tests.batch.studies import digest_of, here, write_study
from tests.servers import Orthanc


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[Orthanc]:
    server = Orthanc(tmp_path / "orthanc")
    server.upload(write_study(tmp_path / "original", patient=1))
    yield server
    server.stop()


def test_a_query_is_a_study_that_is_fetched_again_when_the_pacs_lists_more(
    tmp_path: Path, orthanc: Orthanc
) -> None:
    (tmp_path / "query.yaml").write_text(f"pacs: {orthanc.web}\npatient_id: QF-558214\n")
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("name,study\ncase-a,query.yaml\n")
    near = tmp_path / "near.csv"
    near.write_text("name,study\ncase-a,original\n")
    write_new_key(tmp_path / "project.key")
    out, key = tmp_path / "out", tmp_path / "project.key"
    summary = run_batch(manifest, str(out), here(), key_file=key)
    assert (summary.lines[0].result.verdict, summary.lines[0].result.files) == (Verdict.DONE, 2)
    run_batch(near, str(tmp_path / "near"), here(), key_file=key)
    assert digest_of(out) == digest_of(tmp_path / "near")

    summary = run_batch(manifest, str(out), here(), key_file=key)
    assert summary.lines[0].unchanged

    orthanc.upload(write_study(tmp_path / "original", patient=1, count=3))
    summary = run_batch(manifest, str(out), here(), key_file=key)
    assert not summary.lines[0].unchanged
    assert summary.lines[0].result.instances == 3
    before = digest_of(out / "case-a")

    orthanc.clear()
    summary = run_batch(manifest, str(out), here(), key_file=key)
    assert summary.lines[0].result.fault is Fault.PACS
    assert digest_of(out / "case-a") == before, "what a PACS lost is no reason to lose it too"
