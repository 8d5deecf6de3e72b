"""casepack batch as a user calls it: exit codes, what it prints, and what it must not."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from casepack.batch.run import Tally
from casepack.cli import batch as batch_command
from casepack.cli.batch import describe_tally
from casepack.cli.main import app
from tests.batch.studies import NAMES, here, write_studies, write_study

runner = CliRunner()


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run cases in this process: what processes do is tested elsewhere."""
    from contextlib import nullcontext

    monkeypatch.setattr(batch_command, "_workers", lambda *_: nullcontext(here()))


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    write_studies(tmp_path / "studies", 2)
    assert runner.invoke(app, ["batch", "--draft", str(tmp_path / "studies")]).exit_code == 0
    path = tmp_path / "manifest.csv"
    result = runner.invoke(app, ["batch", "--draft", str(tmp_path / "studies"), str(path)])
    assert result.exit_code == 0
    path.write_text(path.read_text().replace(",,,,,", ",,,,deidentified,"))
    return path


def test_a_draft_goes_to_a_file_or_is_printed(tmp_path: Path) -> None:
    write_studies(tmp_path / "studies", 2)
    printed = runner.invoke(app, ["batch", "--draft", str(tmp_path / "studies")])
    assert printed.stdout.startswith("name,study,case,recipe,approved,result,crosswalk,note\ncase-")
    manifest = tmp_path / "manifest.yaml"
    result = runner.invoke(app, ["batch", "--draft", str(tmp_path / "studies"), str(manifest)])
    assert "2 case(s) drafted" in result.stdout
    assert f"next: casepack batch {manifest} OUT" in result.stdout
    assert manifest.read_text().startswith("casepack_batch: 1\nrecipe: publication\ncases:\n")


def test_a_draft_says_what_it_leaves_out(tmp_path: Path) -> None:
    write_study(tmp_path / "studies", patient=1, count=1)
    write_study(tmp_path / "studies" / "b", patient=2)
    result = runner.invoke(app, ["batch", "--draft", str(tmp_path / "studies")])
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "left out: .: loose files of several patients; put each in a folder of its own"
    ]


@pytest.mark.usefixtures("in_process")
def test_the_exit_code_is_that_of_the_worst_case(tmp_path: Path, manifest: Path) -> None:
    out = str(tmp_path / "out")
    done = runner.invoke(app, ["batch", str(manifest), out])
    assert done.exit_code == 0, done.output
    assert "2 done (0 as they were); see summary.html" in done.stdout
    held = next((tmp_path / "studies").iterdir()) / "named.dcm"
    held.write_text("named like DICOM")
    result = runner.invoke(app, ["batch", str(manifest), out])
    assert result.exit_code == 3
    assert "1 claims-dicom" in result.stdout
    assert "1 done, 1 held (1 as they were)" in result.stdout
    assert f"{tmp_path}/out.private/cases.csv" in result.stdout
    with manifest.open("a") as file:
        file.write("case-0003,nowhere,,,,,,\n")
    result = runner.invoke(app, ["batch", str(manifest), out])
    assert result.exit_code == 2
    assert "study: the study folder does not exist" in result.stdout


@pytest.mark.usefixtures("in_process")
def test_a_check_that_failed_is_the_worst(
    tmp_path: Path, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from casepack import pipeline
    from casepack.errors import VerificationError
    from casepack.model import Finding, Severity

    finding = Finding(
        code="identifier-found", severity=Severity.ERROR, message="", section="", advice=""
    )

    def refuse(*_args, **_options):
        raise VerificationError([finding])

    monkeypatch.setattr(pipeline, "deidentify_study", refuse)
    result = runner.invoke(app, ["batch", str(manifest), str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "verification: verification failed with 1 finding(s)" in result.stdout
    assert "1 identifier-found" in result.stdout
    page = (tmp_path / "out" / "summary.html").read_text()
    assert "identifier-found" in page
    assert "<strong>verification</strong>" in page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["batch"], "MANIFEST or OUT is missing"),
        (["batch", "MANIFEST"], "MANIFEST or OUT is missing"),
        (["batch", "nowhere.csv", "OUT"], "there is no such file"),
        (["batch", "MANIFEST", "OUT", "--key-file", "nowhere.key"], "cannot be read"),
        (["batch", "MANIFEST", "OUT", "--workers", "0"], "--workers"),
        (["batch", "MANIFEST", "MANIFEST"], "result cannot be written"),
    ],
)
@pytest.mark.usefixtures("in_process")
def test_a_call_that_cannot_be_right_ends_with_2_and_writes_nothing(
    tmp_path: Path, manifest: Path, arguments: list[str], said: str
) -> None:
    places = {"MANIFEST": str(manifest), "OUT": str(tmp_path / "out")}
    result = runner.invoke(app, [places.get(one, one) for one in arguments])
    assert result.exit_code == 2
    assert said in result.output
    assert not list((tmp_path / "out").glob("*/"))


@pytest.mark.usefixtures("in_process")
def test_nothing_of_the_input_is_printed(tmp_path: Path) -> None:
    root = write_studies(tmp_path / "studies", 2)
    (root / "Oxenstierna").mkdir()
    (root / "Oxenstierna" / "Oxenstierna.dcm").write_bytes(b"x" * 300)
    result = runner.invoke(app, ["batch", str(root), str(tmp_path / "out")])
    assert "2 done, 1 failed" in result.stdout
    for word in " ".join(NAMES).replace("^", " ").split():
        assert word not in result.output
    assert "QF-5582" not in result.output


@pytest.mark.usefixtures("in_process")
def test_many_cases_are_summed_up(
    tmp_path: Path, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_command, "_MOST_LINES", 1)
    with manifest.open("a") as file:
        file.write("case-0003,nowhere,,,,,,\ncase-0004,nowhere,,,,,,\n")
    result = runner.invoke(app, ["batch", str(manifest), str(tmp_path / "out")])
    assert "case-0001" not in result.stdout
    assert "case-0003" in result.stdout
    assert "... and 1 more in summary.html" in result.stdout


def test_progress_tells_instances_throughput_and_time_left() -> None:
    tally = Tally(done=2, total=10, instances=1200, size=50_000_000)
    assert describe_tally(tally, 1000.0) == "1,200 instances  0.1 MB/s  1:06:40 left"
    assert describe_tally(Tally(done=0, total=10, instances=0, size=0), 1.0) == "0 instances"


def test_progress_moves_while_a_case_is_made_and_is_not_misled_by_those_that_were_there() -> None:
    begun = Tally(done=0, total=1, under_way=0.25, instances=5000, size=600_000_000)
    assert describe_tally(begun, 60.0) == "5,000 instances  10.0 MB/s  0:03:00 left"
    again = Tally(done=900, total=1000, unchanged=900, instances=54_000, size=0)
    assert describe_tally(again, 20.0) == "54,000 instances", "the pace is not known yet"
    going_on = Tally(done=901, total=1000, unchanged=900, instances=54_060, size=32_000_000)
    assert describe_tally(going_on, 40.0) == "54,060 instances  0.8 MB/s  1:06:00 left"


def test_progress_is_drawn_on_a_terminal(tmp_path: Path) -> None:
    write_studies(tmp_path / "studies", 1)
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "casepack", "batch", str(tmp_path / "studies"), "out"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TERM": "xterm"},
    )
    os.close(terminal)
    said = b""
    while True:
        try:
            part = os.read(controller, 65536)
        except OSError:
            break
        if not part:
            break
        said += part
    os.close(controller)
    assert process.wait() == 0
    assert b"1/1" in said
    assert b"MB/s" in said
    assert b"left" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_to_stop_and_a_second_one_stops_at_once(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with batch_command._stop_on_signals() as stop:
        assert not stop()
        os.kill(os.getpid(), number)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) == before


def test_the_scheduler_is_warned_about_and_named_in_no_error(
    tmp_path: Path, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("casepack.batch.cluster._CONNECT_SECONDS", "1s")
    address = "tcp://192.0.2.1:9"
    arguments = ["batch", str(manifest), str(tmp_path / "out"), "--scheduler", address]
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert "use tls://" in result.stderr
    assert "the scheduler does not answer" in result.stderr
    assert "192.0.2.1" not in result.output
