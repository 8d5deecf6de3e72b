from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from casepack.errors import CasepackError
from casepack.workers import begin_over_processes, over_processes


def add(task: int, chunk: int) -> int:
    return task + chunk


def leave_mark(folder: Path, chunk: int) -> int:
    (folder / str(chunk)).touch()
    time.sleep(0.02)
    return os.getpid()


def die(_task: None, _chunk: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_the_order_of_the_chunks(workers: int) -> None:
    assert list(over_processes(add, 10, range(7), workers)) == [10, 11, 12, 13, 14, 15, 16]


def test_work_goes_on_while_nobody_asks_for_it(tmp_path: Path) -> None:
    with begin_over_processes(leave_mark, tmp_path, range(4), 2) as results:
        end = time.monotonic() + 60
        while len(list(tmp_path.iterdir())) < 4 and time.monotonic() < end:
            time.sleep(0.01)
        assert len(list(tmp_path.iterdir())) == 4
        assert os.getpid() not in set(results)


def test_what_nobody_waits_for_is_not_begun(tmp_path: Path) -> None:
    with begin_over_processes(leave_mark, tmp_path, range(200), 2):
        pass
    assert len(list(tmp_path.iterdir())) < 200


def test_one_worker_works_here_and_when_it_is_asked(tmp_path: Path) -> None:
    with begin_over_processes(leave_mark, tmp_path, range(2), 1) as results:
        assert not list(tmp_path.iterdir())
        assert set(results) == {os.getpid()}


def test_a_process_that_is_killed_is_an_error_with_advice() -> None:
    with pytest.raises(CasepackError, match="ended from outside") as error:
        list(over_processes(die, None, range(3), 2))
    assert error.value.advice
