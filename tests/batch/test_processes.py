"""Processes that run a case each: what becomes of a case when its process dies."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import Executor
from pathlib import Path

import pytest

from casepack.batch import case as case_module
from casepack.batch.case import allow_processes, run_case
from casepack.batch.processes import Processes, WorkerDiedError, local_workers
from casepack.batch.run import Workers, run_batch
from casepack.batch.task import CaseResult, Fault, Task, Verdict
from casepack.deidentify.key_file import write_new_key
from tests.batch.studies import digest_of, here, write_studies, write_study

KILLED = "killed.txt"


def kill_oneself(times: int, noted: Path) -> int:
    """Die so many times, as a process does that the kernel ends for want of memory; then answer."""
    with noted.open("a") as file:
        file.write("x")
    if len(noted.read_text()) <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def run_case_and_die(times: int, noted: Path, task: Task) -> CaseResult:
    """Make a case, and die before it is said, so many times."""
    result = run_case(task)
    if task.name == "case-b":
        kill_oneself(times, noted)
    return result


def fail(value: str) -> None:
    raise ValueError(value)


def start_decoder() -> int:
    """Start the process that decodes, and return its number."""
    from casepack.deidentify.pixels.decoding import _process

    allow_processes()
    return _process(os.getpid()).submit(os.getpid).result(timeout=120)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Dying(Executor):
    """Hands cases to workers that die."""

    def __init__(self, executor: Executor, times: int, noted: Path) -> None:
        self.executor, self.times, self.noted = executor, times, noted

    def submit(self, fn, /, *args, **kwargs):
        assert fn is run_case
        return self.executor.submit(run_case_and_die, self.times, self.noted, *args, **kwargs)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    for patient, name in enumerate("abc", 1):
        write_study(tmp_path / "studies" / name, patient=patient)
    path = tmp_path / "manifest.csv"
    rows = [f"case-{name},studies/{name},deidentified\n" for name in "abc"]
    path.write_text("name,study,result\n" + "".join(rows))
    write_new_key(tmp_path / "project.key")
    return path


def test_a_process_that_dies_fails_its_own_call_alone_and_is_replaced(tmp_path: Path) -> None:
    processes = Processes(2)
    dies = processes.submit(kill_oneself, 1, tmp_path / "a")
    lives = processes.submit(kill_oneself, 0, tmp_path / "b")
    with pytest.raises(WorkerDiedError):
        dies.result()
    first = lives.result()
    pids = {processes.submit(kill_oneself, 0, tmp_path / "c").result() for _ in range(4)}
    assert first in pids or len(pids) == 2
    assert os.getpid() not in pids
    processes.shutdown()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_process_is_replaced_before_it_has_grown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casepack.batch.processes._MOST_CALLS", 2)
    with local_workers(1) as workers:
        pids = [workers.executor.submit(kill_oneself, 0, tmp_path / "a").result() for _ in range(5)]
    assert len(set(pids)) == 3
    assert pids[0] == pids[1] != pids[2]


def test_what_a_call_raises_is_not_passed_on() -> None:
    with local_workers(1) as workers:
        with pytest.raises(WorkerDiedError) as error:
            workers.executor.submit(fail, "Quillfeather").result()
        assert error.value.args == ()
        assert error.value.__cause__ is None


def test_killing_ends_what_runs_at_once() -> None:
    processes = Processes(1)
    running = processes.submit(time.sleep, 600)
    waiting = processes.submit(time.sleep, 600)
    time.sleep(0.2)
    processes.kill()
    with pytest.raises(WorkerDiedError):
        running.result(timeout=60)
    assert waiting.cancelled() or isinstance(waiting.exception(timeout=60), WorkerDiedError)


def test_the_process_that_decodes_ends_with_the_one_that_started_it() -> None:
    processes = Processes(1)
    decoder = processes.submit(start_decoder).result()
    os.kill(decoder, 0)
    processes.submit(time.sleep, 600)
    time.sleep(0.2)
    processes.kill()
    end = time.monotonic() + 60
    while is_alive(decoder):
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.parametrize(("deaths", "verdict"), [(2, Verdict.DONE), (3, Verdict.FAILED)])
def test_a_case_survives_the_deaths_of_two_workers(
    tmp_path: Path, manifest: Path, deaths: int, verdict: Verdict
) -> None:
    key, out = tmp_path / "project.key", tmp_path / "out"
    with local_workers(2) as workers:
        dying = Workers(
            executor=Dying(workers.executor, deaths, tmp_path / KILLED),
            width=workers.width,
            kill=workers.kill,
        )
        summary = run_batch(manifest, str(out), dying, key_file=key)
    found = {line.result.name: line.result for line in summary.lines}
    assert len((tmp_path / KILLED).read_text()) == 3
    assert found["case-b"].verdict is verdict
    assert found["case-b"].fault is (None if verdict is Verdict.DONE else Fault.WORKER_DIED)
    assert found["case-a"].verdict is found["case-c"].verdict is Verdict.DONE
    assert not list((tmp_path / "out.private").glob("work-*"))
    summary = run_batch(manifest, str(out), here(), key_file=key)
    run_batch(manifest, str(tmp_path / "fresh"), here(), key_file=key)
    assert summary.count(Verdict.DONE) == 3
    assert digest_of(out) == digest_of(tmp_path / "fresh")


def test_two_processes_give_the_bytes_of_one(tmp_path: Path) -> None:
    studies = write_studies(tmp_path / "studies", 2)
    write_new_key(tmp_path / "project.key")
    for name, count in (("one", 1), ("two", 2)):
        with local_workers(count) as workers:
            run_batch(studies, str(tmp_path / name), workers, key_file=tmp_path / "project.key")
    assert digest_of(tmp_path / "one") == digest_of(tmp_path / "two")


def test_a_case_that_runs_out_of_memory_fails_alone(
    tmp_path: Path, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = case_module._build

    def run_out(task: Task, *rest):
        if task.name == "case-b":
            raise MemoryError
        return build(task, *rest)

    monkeypatch.setattr(case_module, "_build", run_out)
    summary = run_batch(manifest, str(tmp_path / "out"), here())
    assert [line.result.fault for line in summary.lines] == [None, Fault.MEMORY, None]


def test_a_failure_nobody_foresaw_is_named_by_its_kind_alone(
    tmp_path: Path, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_args):
        raise LookupError("Quillfeather")

    monkeypatch.setattr(case_module, "_build", break_down)
    summary = run_batch(manifest, str(tmp_path / "out"), here())
    assert {line.result.fault for line in summary.lines} == {Fault.NOT_UNDERSTOOD}
    assert {line.result.message for line in summary.lines} == {"LookupError"}
