"""A batch: what it makes, what a second call does, and what becomes of cases that fail."""

from __future__ import annotations

import csv
import os
import shutil
import stat
import time
from pathlib import Path

import pytest

from casepack.batch import case as case_module
from casepack.batch.journal import open_journal
from casepack.batch.private import lock_private_folder
from casepack.batch.run import Tally, run_batch
from casepack.batch.summary import Summary
from casepack.batch.task import Fault, Task, Verdict
from casepack.deidentify.key_file import write_new_key
from casepack.errors import KeyFileError, TargetError, UsageError
from casepack.pipeline import Settings, pack_study, validate_folder
from tests.batch.studies import NAMES, digest_of, here, write_studies, write_study


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cases that are built, as they are."""
    names: list[str] = []
    build = case_module._build

    def note(task: Task, *rest):
        names.append(task.name)
        return build(task, *rest)

    monkeypatch.setattr(case_module, "_build", note)
    return names


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Three studies to be de-identified, which is quicker than to package them."""
    for patient, name in enumerate("abc", 1):
        write_study(tmp_path / "studies" / name, patient=patient)
    return write_manifest(tmp_path)


def write_manifest(folder: Path, *rows: str) -> Path:
    path = folder / "manifest.csv"
    lines = rows or [f"case-{name},studies/{name},,,deidentified" for name in "abc"]
    path.write_text("\n".join(["name,study,case,recipe,result,crosswalk", *lines]) + "\n")
    return path


def run(manifest: Path, out: Path | None = None, **options) -> Summary:
    return run_batch(manifest, str(out or manifest.parent / "out"), here(), **options)


def verdicts(summary: Summary) -> dict[str, str]:
    return {line.result.name: line.result.verdict.value for line in summary.lines}


def faults(summary: Summary) -> dict[str, Fault | None]:
    return {line.result.name: line.result.fault for line in summary.lines}


def test_each_case_becomes_the_package_that_pack_makes(tmp_path: Path, manifest: Path) -> None:
    write_new_key(tmp_path / "project.key")
    write_manifest(tmp_path, *(f"case-{name},studies/{name}" for name in "abc"))
    summary = run(manifest, key_file=tmp_path / "project.key")
    assert verdicts(summary) == {"case-a": "done", "case-b": "done", "case-c": "done"}
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == [
        *("case-a", "case-b", "case-c", "summary.csv", "summary.html")
    ]
    settings = Settings(recipe="publication", key_file=tmp_path / "project.key")
    pack_study(tmp_path / "studies" / "b", tmp_path / "alone", settings)
    assert digest_of(out / "case-b") == digest_of(tmp_path / "alone")
    assert validate_folder(out / "case-c", tmp_path / "studies" / "c").ok


def test_private_things_lie_beside_the_results_and_only_the_owner_reads_them(
    tmp_path: Path, manifest: Path
) -> None:
    run(manifest)
    private = tmp_path / "out.private"
    assert sorted(path.name for path in private.iterdir()) == [
        *("cases.csv", "journal.sqlite", "lock", "project.key")
    ]
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in private.iterdir()} == {0o600}
    rows = list(csv.reader((private / "cases.csv").read_text().splitlines()))
    assert rows[1] == ["case-a", str(tmp_path / "studies" / "a"), "done", "", ""]


def test_a_second_call_does_nothing_again(tmp_path: Path, manifest: Path, made: list[str]) -> None:
    run(manifest)
    before = digest_of(tmp_path / "out")
    del made[:]
    summary = run(manifest)
    assert made == []
    assert verdicts(summary) == {"case-a": "done", "case-b": "done", "case-c": "done"}
    assert all(line.unchanged for line in summary.lines)
    assert digest_of(tmp_path / "out") == before


def test_a_changed_study_is_made_anew_and_the_others_are_not(
    tmp_path: Path, manifest: Path, made: list[str]
) -> None:
    write_manifest(tmp_path, "case-a,studies/a", "case-b,studies/b")
    run(manifest)
    before = digest_of(tmp_path / "out" / "case-b")
    del made[:]
    write_study(tmp_path / "studies" / "b", patient=2, count=3)
    summary = run(manifest)
    assert made == ["case-b"]
    assert digest_of(tmp_path / "out" / "case-b") != before
    assert {line.result.name: line.result.instances for line in summary.lines}["case-b"] == 3
    assert validate_folder(tmp_path / "out" / "case-b", tmp_path / "studies" / "b").ok


def test_another_recipe_version_or_date_makes_anew(
    tmp_path: Path, manifest: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from casepack.batch import digests

    run(manifest)
    del made[:]
    recipes = {"a": "basic", "b": "", "c": ""}
    rows = [
        f"case-{name},studies/{name},,{recipe},deidentified" for name, recipe in recipes.items()
    ]
    write_manifest(tmp_path, *rows)
    run(manifest)
    assert made == ["case-a"]
    monkeypatch.setattr(digests, "SOFTWARE", "casepack 99")
    digests._digest_version.cache_clear()
    del made[:]
    run(manifest)
    assert sorted(made) == ["case-a", "case-b", "case-c"]
    digests._digest_version.cache_clear()


def test_a_case_file_is_packaged_with_its_lesion(tmp_path: Path) -> None:
    from casepack.pipeline import make_sample

    make_sample(tmp_path / "sample", seed=1, slices=3, size=64)
    manifest = write_manifest(tmp_path, "iscm,sample/study,sample/case.yaml")
    summary = run(manifest)
    (line,) = summary.lines
    assert line.result.verdict in {Verdict.DONE, Verdict.HELD}
    assert line.result.lesions == 1
    assert line.result.picture == "data/figures/fig1.png"


def test_a_held_case_is_tried_again_and_stays_the_same(tmp_path: Path, made: list[str]) -> None:
    write_study(tmp_path / "study")
    (tmp_path / "study" / "notes.dcm").write_text("named like DICOM")
    manifest = write_manifest(tmp_path, "case-a,study")
    first = run(manifest)
    before = digest_of(tmp_path / "out")
    second = run(manifest)
    assert made == ["case-a", "case-a"]
    assert verdicts(first) == verdicts(second) == {"case-a": "held"}
    assert digest_of(tmp_path / "out") == before
    (tmp_path / "study" / "notes.dcm").unlink()
    assert verdicts(run(manifest)) == {"case-a": "done"}


def test_a_case_that_fails_stops_no_other_and_is_tried_again(
    tmp_path: Path, manifest: Path
) -> None:
    away = shutil.move(tmp_path / "studies" / "b", tmp_path / "away")
    (tmp_path / "studies" / "b").mkdir()
    (tmp_path / "studies" / "b" / "README").write_text("no DICOM here")
    summary = run(manifest)
    assert verdicts(summary) == {"case-a": "done", "case-b": "failed", "case-c": "done"}
    assert faults(summary)["case-b"] is Fault.STUDY
    assert not (tmp_path / "out" / "case-b").exists()
    shutil.rmtree(tmp_path / "studies" / "b")
    shutil.move(away, tmp_path / "studies" / "b")
    assert set(verdicts(run(manifest)).values()) == {"done"}


def test_a_former_result_of_a_case_that_now_fails_does_not_stay_in_out(
    tmp_path: Path, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from casepack import pipeline
    from casepack.errors import VerificationError

    run(manifest)
    write_study(tmp_path / "studies" / "b", patient=2, count=3)
    former = digest_of(tmp_path / "out" / "case-b")

    def refuse(*_args, **_options):
        raise VerificationError([])

    monkeypatch.setattr(pipeline, "deidentify_study", refuse)
    summary = run(manifest)
    assert faults(summary) == {"case-a": None, "case-b": Fault.VERIFICATION, "case-c": None}
    assert not (tmp_path / "out" / "case-b").exists()
    assert digest_of(tmp_path / "out.private" / "former" / "case-b") == former
    monkeypatch.undo()
    assert set(verdicts(run(manifest)).values()) == {"done"}


def test_a_storage_that_is_not_there_costs_no_result(tmp_path: Path, manifest: Path) -> None:
    run(manifest)
    before = digest_of(tmp_path / "out" / "case-b")
    (tmp_path / "studies").rename(tmp_path / "unmounted")
    summary = run(manifest)
    assert set(faults(summary).values()) == {Fault.STUDY}
    assert digest_of(tmp_path / "out" / "case-b") == before
    (tmp_path / "unmounted").rename(tmp_path / "studies")
    summary = run(manifest)
    assert set(verdicts(summary).values()) == {"done"}
    assert {line.result.instances for line in summary.lines} == {2}


def test_what_somebody_changed_since_is_not_overwritten(tmp_path: Path, manifest: Path) -> None:
    write_manifest(tmp_path, "case-a,studies/a,,,deidentified", "case-b,studies/b")
    run(manifest)
    manifest_file = tmp_path / "out" / "case-b" / "tagmanifest-sha512.txt"
    manifest_file.write_text(manifest_file.read_text() + "\n")
    assert set(verdicts(run(manifest)).values()) == {"done"}
    changed = digest_of(tmp_path / "out" / "case-b")
    write_study(tmp_path / "studies" / "b", patient=2, count=3)
    for _ in range(2):
        assert faults(run(manifest))["case-b"] is Fault.RESULT_CHANGED
        assert digest_of(tmp_path / "out" / "case-b") == changed
    shutil.move(tmp_path / "out" / "case-b", tmp_path / "published")
    assert set(verdicts(run(manifest)).values()) == {"done"}


def test_a_folder_that_the_batch_did_not_make_is_left_alone(tmp_path: Path, manifest: Path) -> None:
    mine = tmp_path / "out" / "case-b" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    for _ in range(2):
        assert faults(run(manifest))["case-b"] is Fault.TARGET_EXISTS
        assert digest_of(mine.parent).keys() == {"mine.txt"}


@pytest.mark.parametrize("appeared", [True, False])
def test_a_batch_killed_while_a_result_appears_loses_and_doubles_nothing(
    tmp_path: Path, manifest: Path, appeared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from casepack.batch import run as run_module

    run(manifest)
    write_study(tmp_path / "studies" / "b", patient=2, count=3)
    appear = run_module._appear

    class Killed(BaseException):
        pass

    def die(*paths):
        if appeared:
            appear(*paths)
        raise Killed

    monkeypatch.setattr(run_module, "_appear", die)
    with pytest.raises(Killed):
        run(manifest)
    monkeypatch.undo()
    assert set(verdicts(run(manifest)).values()) == {"done"}
    fresh = tmp_path / "fresh"
    run(manifest, fresh, key_file=tmp_path / "out.private" / "project.key")
    assert digest_of(tmp_path / "out") == digest_of(fresh)


def test_cases_of_one_patient_and_identical_instances_are_reported(tmp_path: Path) -> None:
    write_study(tmp_path / "studies" / "a", patient=1)
    write_study(tmp_path / "studies" / "b", patient=1, count=3)
    write_study(tmp_path / "studies" / "c", patient=2)
    write_study(tmp_path / "studies" / "d", patient=2, PatientID="ANOTHER-4711")
    rows = [f"case-{name},studies/{name},,,deidentified" for name in "abcd"]
    lines = {line.result.name: line for line in run(write_manifest(tmp_path, *rows)).lines}
    assert lines["case-a"].same_patient == ("case-b",)
    assert lines["case-a"].shared == (("case-b", 2),)
    assert lines["case-a"].patients_differ == ()
    assert lines["case-a"].result.patient == lines["case-b"].result.patient
    assert lines["case-c"].same_patient == ()
    assert lines["case-c"].shared == (("case-d", 2),)
    assert lines["case-c"].patients_differ == ("case-d",)


def test_one_key_gives_the_same_pseudonyms_in_a_later_batch(tmp_path: Path, manifest: Path) -> None:
    write_new_key(tmp_path / "project.key")
    first = run(manifest, key_file=tmp_path / "project.key")
    write_study(tmp_path / "later", patient=2, count=1)
    later = run(
        write_manifest(tmp_path, "case-z,later,,,deidentified"),
        tmp_path / "other",
        key_file=tmp_path / "project.key",
    )
    patients = {line.result.name: line.result.patient for line in (*first.lines, *later.lines)}
    assert patients["case-z"] == patients["case-b"] != patients["case-a"]


def test_cases_of_an_earlier_manifest_stay(tmp_path: Path, manifest: Path) -> None:
    run(manifest)
    write_study(tmp_path / "studies" / "d", patient=1)
    summary = run(write_manifest(tmp_path, "case-d,studies/d,,,deidentified"))
    assert [(line.result.name, line.asked) for line in summary.lines] == [
        *(("case-a", False), ("case-b", False), ("case-c", False), ("case-d", True))
    ]
    assert summary.lines[3].same_patient == ("case-a",)
    assert summary.count(Verdict.DONE) == 1


def test_deidentified_folders_and_crosswalks_can_be_asked_for(
    tmp_path: Path, manifest: Path, made: list[str]
) -> None:
    rows = ("case-a,studies/a,,,deidentified,yes", "case-b,studies/b,,,package,yes")
    manifest = write_manifest(tmp_path, *rows)
    summary = run(manifest)
    assert set(verdicts(summary).values()) == {"done"}
    assert len(list((tmp_path / "out" / "case-a").rglob("*.dcm"))) == 2
    for name in ("case-a", "case-b"):
        crosswalk = tmp_path / "out.private" / "crosswalks" / name
        assert "QF-5582" in (crosswalk / "patid_mapping.csv").read_text()
        assert not list((tmp_path / "out" / name).rglob("*_mapping.csv"))
    run(manifest)
    assert made == ["case-a", "case-b"]
    next((tmp_path / "out" / "case-a").rglob("*.dcm")).unlink()
    summary = run(manifest)
    assert made == ["case-a", "case-b"], "a changed result is not overwritten"


def test_nothing_of_the_input_is_in_results_journal_or_messages(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    studies = write_studies(tmp_path / "studies", 2)
    broken = studies / "Oxenstierna_broken"
    broken.mkdir()
    (broken / "Oxenstierna.dcm").write_bytes(b"x" * 200)
    summary = run(studies)
    assert summary.count(Verdict.DONE) == 2
    assert summary.count(Verdict.FAILED) == 1
    written = [*(tmp_path / "out").rglob("*"), tmp_path / "out.private" / "journal.sqlite"]
    said = capfd.readouterr()
    texts = [said.out.encode(), said.err.encode(), repr(summary).encode()]
    texts += [str(path.relative_to(tmp_path)).encode() for path in written]
    texts += [path.read_bytes() for path in written if path.is_file()]
    words = [word.encode() for name in NAMES[1:] for word in name.split("^")]
    for value in (*words, b"QF-5582", b"1.2.826.0.1.3680043.10.8888", b"IM0001"):
        assert all(value not in text for text in texts), value
    assert words[0] in (tmp_path / "out.private" / "cases.csv").read_bytes()
    assert any(words[0] in path.read_bytes() for path in studies.rglob("*.dcm"))


def test_a_task_shows_nothing_of_the_input(tmp_path: Path, manifest: Path) -> None:
    tasks: list[Task] = []

    class Noting(type(here().executor)):  # type: ignore[misc]  # the class of an instance
        def submit(self, fn, /, *args, **kwargs):
            tasks.extend(args)
            return super().submit(fn, *args, **kwargs)

    run_batch(manifest, str(tmp_path / "out"), here(Noting()))
    assert len(tasks) == 3
    for task in tasks:
        assert str(tmp_path) not in repr(task)
        assert task.pseudonyms.key.hex() not in repr(task)


def test_two_batches_into_one_out_at_once_are_refused(tmp_path: Path, manifest: Path) -> None:
    with lock_private_folder(str(tmp_path / "out")):
        with pytest.raises(TargetError, match="another batch"):
            run(manifest)
        assert not (tmp_path / "out.private" / "journal.sqlite").exists()
    assert set(verdicts(run(manifest)).values()) == {"done"}


def test_the_key_file_must_be_there_protected_and_that_of_the_batch(
    tmp_path: Path, manifest: Path
) -> None:
    key, other = tmp_path / "project.key", tmp_path / "other.key"
    with pytest.raises(KeyFileError, match="cannot be read") as missing:
        run(manifest, key_file=key)
    assert "casepack key new" in missing.value.advice
    for path in (key, other):
        write_new_key(path)
    key.chmod(0o644)
    with pytest.raises(KeyFileError, match="read by others") as readable:
        run(manifest, key_file=key)
    assert "chmod 600" in readable.value.advice
    key.chmod(0o600)
    run(manifest, key_file=key)
    before = digest_of(tmp_path / "out")
    with pytest.raises(KeyFileError, match="not the one") as foreign:
        run(manifest, key_file=other)
    assert foreign.value.advice
    with pytest.raises(KeyFileError, match="none is named"):
        run(manifest)
    assert digest_of(tmp_path / "out") == before
    assert not list((tmp_path / "out.private").glob("*.key"))


def test_out_may_not_lie_in_the_folder_of_studies(tmp_path: Path) -> None:
    write_studies(tmp_path / "studies", 1)
    with pytest.raises(UsageError, match="OUT lies in"):
        run(tmp_path / "studies", tmp_path / "studies" / "out")
    assert not (tmp_path / "studies" / "out").exists()


def test_a_batch_that_is_stopped_goes_on_where_it_was(
    tmp_path: Path, manifest: Path, made: list[str]
) -> None:
    seen: list[Tally] = []
    summary = run(manifest, stop=lambda: bool(made), observe=seen.append)
    assert summary.stopped
    assert "waiting" in verdicts(summary).values()
    assert not list((tmp_path / "out.private").glob("work-*"))
    done = len(made)
    summary = run(manifest)
    assert not summary.stopped
    assert set(verdicts(summary).values()) == {"done"}
    assert len(made) >= 3 > done


def test_the_tally_counts_cases_instances_and_bytes(tmp_path: Path, manifest: Path) -> None:
    seen: list[Tally] = []
    run(manifest, observe=seen.append)
    size = sum(path.stat().st_size for path in (tmp_path / "studies").rglob("*.dcm"))
    assert seen[0] == Tally(done=0, total=3, instances=0, size=0)
    assert seen[-1] == Tally(done=3, total=3, instances=6, size=size)


def test_a_clock_set_back_changes_nothing(
    tmp_path: Path, manifest: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_manifest(tmp_path, "case-a,studies/a", "case-b,studies/b,,,deidentified")
    future = time.time() + 400 * 86400
    for path in (tmp_path / "studies").rglob("*.dcm"):
        os.utime(path, (future, future))
    run(manifest)
    before = digest_of(tmp_path / "out")
    del made[:]
    monkeypatch.setattr(time, "time", lambda: 1e9)
    summary = run(manifest)
    assert made == []
    assert digest_of(tmp_path / "out") == before
    os.utime(next((tmp_path / "studies" / "a").iterdir()), (1, 1))
    summary = run(manifest)
    assert made == ["case-a"]
    assert digest_of(tmp_path / "out") == before
    assert all(line.result.seconds > 0 for line in summary.lines)


def test_a_journal_that_is_none_is_not_overwritten(tmp_path: Path, manifest: Path) -> None:
    run(manifest)
    journal = tmp_path / "out.private" / "journal.sqlite"
    journal.write_bytes(b"no database" * 1000)
    with pytest.raises(TargetError, match="journal") as error:
        run(manifest)
    assert error.value.advice
    assert journal.read_bytes().startswith(b"no database")


def test_the_journal_holds_states_digests_durations_and_codes(
    tmp_path: Path, manifest: Path
) -> None:
    run(manifest)
    with lock_private_folder(str(tmp_path / "out")) as private:
        key = private.read_key(None).code("journal", "key")
        with open_journal(private.journal, key) as journal:
            result = journal.read_results()["case-a"]
    assert result.verdict is Verdict.DONE
    assert all(len(one) == 64 for one in (result.digests.study, result.digests.version))
    assert result.seconds > 0
    assert (result.studies, result.series, result.instances, result.files) == (1, 1, 2, 2)


def test_cases_that_failed_are_told_in_private_with_their_study_and_linked_on_a_long_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casepack.batch.summary._SEEN_AT_ONCE", 2)
    write_study(tmp_path / "studies" / "a")
    (tmp_path / "studies" / "Oxenstierna").mkdir()
    manifest = write_manifest(
        tmp_path,
        "case-a,studies/a,,,deidentified",
        "case-b,studies/Oxenstierna",
        "case-c,studies/nowhere",
    )
    run(manifest)
    path = tmp_path / "out.private" / "cases.csv"
    rows = {row["case"]: row for row in csv.DictReader(path.read_text().splitlines())}
    assert rows["case-b"]["study"].endswith("Oxenstierna")
    assert (rows["case-b"]["verdict"], rows["case-b"]["fault"]) == ("failed", "study")
    assert rows["case-b"]["message"] != rows["case-c"]["message"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    page = (tmp_path / "out" / "summary.html").read_text()
    assert '<p>Failed: <a href="#case-b">case-b</a>, <a href="#case-c">case-c</a></p>' in page
    assert "Oxenstierna" not in page


def test_files_that_are_named_for_a_patient_are_not_named_when_they_are_wrong(
    tmp_path: Path,
) -> None:
    write_study(tmp_path / "studies" / "a")
    (tmp_path / "Oxenstierna.yaml").write_text("pacs: dicom://A@127.0.0.1:9\npatient: X\n")
    (tmp_path / "Quillfeather.yaml").write_text("casepack: 1\ntitl: A case\n")
    manifest = write_manifest(
        tmp_path, "case-a,studies/a,Quillfeather.yaml", "case-b,Oxenstierna.yaml"
    )
    lines = run(manifest).lines
    assert [line.result.fault for line in lines] == [Fault.CASE_FILE, Fault.USAGE]
    assert "case file:2: titl" in lines[0].result.message
    assert "query file:2: a key that does not belong" in lines[1].result.message
    assert not any(name in repr(lines) for name in ("Oxenstierna", "Quillfeather"))
