"""The same code on a Dask cluster: a scheduler and workers as processes of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from casepack.batch.cluster import dask_workers, is_exposed
from casepack.batch.processes import local_workers
from casepack.batch.run import Workers, run_batch
from casepack.batch.task import Verdict
from casepack.deidentify.key_file import write_new_key
from casepack.errors import CasepackError, UsageError
from tests.batch.studies import NAMES, digest_of, write_studies
from tests.batch.test_processes import KILLED, Dying, fail, start_decoder

if "CI" not in os.environ:
    pytest.importorskip("distributed", reason="Dask is not installed")

ROOT = Path(__file__).parents[2]
START_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A scheduler with workers, and what they write."""

    folder: Path
    port: int
    page: int
    processes: list[subprocess.Popen[bytes]]

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_" + name, *arguments],
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
            )
        self.processes.append(process)
        return process

    def said(self) -> str:
        """Return the logs, and what the scheduler's pages show."""
        texts = [path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log"))]
        for page in ("info/main/workers.html", "info/main/logs.html", "json/counts.json"):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.page}/{page}") as answer:
                texts.append(answer.read().decode())
        return "\n".join(texts)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def start_cluster(folder: Path) -> Cluster:
    cluster = Cluster(folder=folder, port=free_port(), page=free_port(), processes=[])
    cluster.start(
        "scheduler",
        *("--host", "127.0.0.1", "--port", str(cluster.port)),
        *("--dashboard-address", f"127.0.0.1:{cluster.page}"),
    )
    cluster.start(
        "worker",
        *(cluster.address, "--nworkers", "2", "--nthreads", "1", "--no-dashboard"),
        *("--local-directory", str(folder / "scratch"), "--host", "127.0.0.1"),
    )
    return cluster


def stop_cluster(cluster: Cluster) -> None:
    for process in reversed(cluster.processes):
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for_workers(workers: Workers, count: int) -> None:
    end = time.monotonic() + START_SECONDS
    while workers.width() < count:
        assert time.monotonic() < end, "the workers did not come"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    one = start_cluster(tmp_path_factory.mktemp("cluster"))
    yield one
    stop_cluster(one)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    write_new_key(tmp_path / "project.key")
    return tmp_path / "project.key"


def test_a_cluster_gives_the_bytes_of_one_machine_and_says_nothing(
    tmp_path: Path, key: Path, cluster: Cluster
) -> None:
    root = write_studies(tmp_path / "studies", 2)
    broken = root / "Oxenstierna_broken"
    broken.mkdir()
    (broken / "Oxenstierna.dcm").write_bytes(b"x" * 200)
    with dask_workers(cluster.address) as workers:
        wait_for_workers(workers, 2)
        summary = run_batch(root, str(tmp_path / "there"), workers, key_file=key)
    assert summary.count(Verdict.DONE) == 2
    assert summary.count(Verdict.FAILED) == 1
    with local_workers(1) as workers:
        run_batch(root, str(tmp_path / "here"), workers, key_file=key)
    assert digest_of(tmp_path / "there") == digest_of(tmp_path / "here")
    assert not list((tmp_path / "there.private").glob("work-*"))
    said = cluster.said()
    assert "scheduler" in said.lower()
    words = [word for name in NAMES for word in name.split("^")]
    for value in (*words, "QF-5582", "1.2.826.0.1.3680043.10.8888", key.read_text().strip()[-64:]):
        assert value not in said
    with dask_workers(cluster.address) as workers:
        assert workers.executor.submit(start_decoder).result(timeout=START_SECONDS) > 0
    # what a worker does raise is written down with what it was given: the search is not empty
    with dask_workers(cluster.address) as workers, pytest.raises(ValueError, match="Vermeulen"):
        workers.executor.submit(fail, "Vermeulen").result(timeout=START_SECONDS)
    assert "Vermeulen" in cluster.said()


def test_a_worker_of_a_cluster_that_dies_twice_loses_and_doubles_no_case(
    tmp_path: Path, key: Path, cluster: Cluster
) -> None:
    root = write_studies(tmp_path / "studies", 3)
    manifest = tmp_path / "manifest.csv"
    rows = [f"case-{n},{path},deidentified" for n, path in zip("abc", root.iterdir(), strict=True)]
    manifest.write_text("\n".join(["name,study,result", *rows]))
    with dask_workers(cluster.address) as workers:
        wait_for_workers(workers, 1)
        dying = Workers(
            executor=Dying(workers.executor, 2, tmp_path / KILLED),
            width=workers.width,
            kill=workers.kill,
            shares_folders=False,
        )
        summary = run_batch(manifest, str(tmp_path / "there"), dying, key_file=key)
    assert len((tmp_path / KILLED).read_text()) == 3
    assert summary.count(Verdict.DONE) == 3
    with local_workers(1) as workers:
        run_batch(manifest, str(tmp_path / "here"), workers, key_file=key)
    assert digest_of(tmp_path / "there") == digest_of(tmp_path / "here")
    assert not list((tmp_path / "there.private").glob("work-*"))


def test_a_scheduler_that_goes_away_keeps_what_is_finished(tmp_path: Path, key: Path) -> None:
    root = tmp_path / "manifest.csv"
    studies = write_studies(tmp_path / "studies", 4)
    rows = [f"{path},deidentified" for path in studies.iterdir()]
    root.write_text("\n".join(["study,result", *rows]))
    folder = tmp_path / "cluster"
    folder.mkdir()
    cluster = start_cluster(folder)
    try:
        with dask_workers(cluster.address) as workers:
            wait_for_workers(workers, 1)

            def end(tally) -> None:
                if tally.done:
                    cluster.processes[0].kill()

            with pytest.raises(CasepackError) as error:
                run_batch(root, str(tmp_path / "out"), workers, key_file=key, observe=end)
        assert "scheduler" in f"{error.value} {error.value.advice}"
        assert str(cluster.port) not in f"{error.value} {error.value.advice}"
    finally:
        stop_cluster(cluster)
    with local_workers(1) as workers:
        summary = run_batch(root, str(tmp_path / "out"), workers, key_file=key)
        run_batch(root, str(tmp_path / "here"), workers, key_file=key)
    assert any(line.unchanged for line in summary.lines)
    assert digest_of(tmp_path / "out") == digest_of(tmp_path / "here")


def test_a_scheduler_that_is_not_there_is_said_without_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("casepack.batch.cluster._CONNECT_SECONDS", "1s")
    with pytest.raises(UsageError, match="does not answer") as error:
        dask_workers(f"tcp://127.0.0.1:{free_port()}").__enter__()
    assert error.value.advice
    assert "127.0.0.1" not in str(error.value)


@pytest.mark.parametrize(
    ("address", "exposed"),
    [
        ("tcp://10.1.2.3:8786", True),
        ("scheduler.example:8786", True),
        ("tls://10.1.2.3:8786", False),
        ("tcp://127.0.0.1:8786", False),
        ("localhost:8786", False),
    ],
)
def test_it_is_told_where_the_key_would_travel_in_the_clear(address: str, exposed: bool) -> None:
    assert is_exposed(address) is exposed
