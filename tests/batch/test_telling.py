"""What is told of a case while it is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from casepack.batch.processes import local_workers
from casepack.batch.run import Tally, run_batch
from casepack.batch.task import Form
from casepack.batch.telling import Step, Telling, ignore, listen
from casepack.pipeline import Settings, deidentify_study, pack_study
from tests.batch.studies import write_studies, write_study


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("casepack.batch.telling._PAUSE_SECONDS", 0.0)
    steps: list[Step] = []
    listen(steps.append)
    yield steps
    listen(ignore)


@pytest.mark.parametrize("form", list(Form))
def test_a_case_advances_from_nothing_to_all(tmp_path: Path, told: list[Step], form: Form) -> None:
    study = write_study(tmp_path / "study", count=6)
    make = pack_study if form is Form.PACKAGE else deidentify_study
    telling = Telling(form=form, size=1000)
    make(study, tmp_path / "out", Settings(recipe="publication"), progress=telling)
    parts = [step.part for step in told]
    assert parts == sorted(set(parts))
    assert parts[0] < 0.2
    assert 0.9 < parts[-1] <= 1.0, "the number of stages is that of the pipeline"
    assert [step.instances for step in told][-1] in {5, 6}
    assert told[-1].size == pytest.approx(1000 * parts[-1], abs=1)


def test_a_batch_advances_while_a_worker_makes_its_only_case(tmp_path: Path) -> None:
    root = write_studies(tmp_path / "studies", 1, instances=40)
    seen: list[Tally] = []
    with local_workers(1) as workers:
        run_batch(root, str(tmp_path / "out"), workers, observe=seen.append)
    under_way = [tally for tally in seen if tally.under_way]
    assert under_way
    assert all(0 < one.under_way <= 1 and one.done == 0 for one in under_way)
    last = under_way[-1]
    assert 0 < last.instances <= 40
    assert 0 < last.size <= seen[-1].size
    assert (seen[-1].done, seen[-1].under_way, seen[-1].instances) == (1, 0.0, 40)
