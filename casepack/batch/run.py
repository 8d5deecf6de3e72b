"""The coordinator of a batch: hands out cases, lets results appear, notes what became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from casepack.batch.case import CROSSWALK, RESULT, run_case
from casepack.batch.digests import digest_result
from casepack.batch.journal import Journal, open_journal
from casepack.batch.manifest import Entry, read_manifest
from casepack.batch.places import is_url, join, read_place, remove_folder, take_away
from casepack.batch.private import PrivateFolder, lock_private_folder
from casepack.batch.summary import Summary, summarize, write_summary
from casepack.batch.task import CaseResult, Fault, Form, Former, Task, Verdict
from casepack.batch.telling import Step
from casepack.deidentify.pseudonyms import Pseudonyms
from casepack.errors import CasepackError, TargetError, UsageError
from casepack.work_folder import target_error

_ATTEMPTS: Final = 3
"""A case survives the deaths of two workers."""
_AT_FAULT: Final = frozenset(
    {Fault.STUDY, Fault.CASE_FILE, Fault.VERIFICATION, Fault.NOT_UNDERSTOOD}
)
"""What lies in the case; a storage that is not there, or memory, says nothing against a result."""
_POLL_SECONDS: Final = 0.2
_AHEAD: Final = 2
"""Cases handed out for each that can run, so that no worker waits for the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """Where cases run."""

    executor: Executor
    width: Callable[[], int]
    """How many cases can run at a time, now."""
    kill: Callable[[], None]
    """End what is running."""
    shares_folders: bool = True
    """Whether workers run on this machine."""
    read_steps: Callable[[], Sequence[Step]] = tuple
    """How far the cases are that run now, as far as workers tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How far a batch is."""

    done: int
    total: int
    unchanged: int = 0
    """Of those that are done, the ones that were as they should be: they tell nothing of the
    others' pace."""
    under_way: float = 0.0
    """What is done of the cases that run now; 1 is a whole case."""
    instances: int
    """Those of finished cases, and what those that run now have of theirs."""
    size: int
    """Bytes of input, likewise, but none of unchanged cases."""


Observe = Callable[[Tally], None]


def observe_nothing(_tally: Tally) -> None:
    """Observe nothing: the default."""


def never() -> bool:
    """Do not stop: the default."""
    return False


def run_batch(
    manifest: Path,
    out: str,
    workers: Workers,
    *,
    key_file: Path | None = None,
    stop: Callable[[], bool] = never,
    observe: Observe = observe_nothing,
) -> Summary:
    """Make the results of all cases of a manifest that are not there, below `out`.

    Parameters
    ----------
    stop
        Asked all the time; when it says so, what runs is ended and counts as not begun.

    Raises
    ------
    UsageError
        The manifest, the key file or OUT cannot be used; nothing was done.
    CasepackError
        Results cannot be written any more, or no worker answers. What is finished is kept.
    """
    out = read_place(out, Path.cwd())
    _refuse_out_inside(manifest, out)
    if not is_url(out):
        try:
            Path(out).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise target_error(error) from None
    with lock_private_folder(out) as private:
        pseudonyms = private.read_key(key_file)
        entries = read_manifest(manifest, pseudonyms)
        private.write_names([(entry.name, entry.study, "", "", "") for entry in entries])
        with open_journal(private.journal, pseudonyms.code("journal", "key")) as journal:
            batch = _Batch(
                out=out,
                private=private,
                journal=journal,
                pseudonyms=pseudonyms,
                workers=workers,
                total=len(entries),
                observe=observe,
                unsettled=_settle(journal, out),
                known=journal.read_results(),
            )
            try:
                stopped = batch.run(entries, stop)
            except BaseException:
                # what failed says more than that the summary cannot be written either
                with suppress(CasepackError):
                    batch.sum_up(entries)
                raise
            summary = batch.sum_up(entries)
    return replace(summary, stopped=stopped)


def _refuse_out_inside(manifest: Path, out: str) -> None:
    if not is_url(out) and manifest.is_dir() and Path(out).is_relative_to(manifest.absolute()):
        raise UsageError(
            "OUT lies in the folder of studies and would be taken as one of them",
            advice="Name a folder outside MANIFEST.",
        )


def _settle(journal: Journal, out: str) -> set[str]:
    """Confirm results that did appear; return the names of the cases whose results did not."""
    unsettled = set()
    for name, result in journal.find_unconfirmed().items():
        if any(digest_result(join(out, name), form) == result for form in Form):
            journal.confirm([name])
        else:
            unsettled.add(name)
    return unsettled


@dataclass(slots=True, kw_only=True)
class _Batch:
    """One run over a manifest; not frozen: it counts."""

    out: str
    private: PrivateFolder
    journal: Journal
    pseudonyms: Pseudonyms
    workers: Workers
    total: int
    observe: Observe
    unsettled: set[str]
    known: dict[str, CaseResult]
    unchanged: set[str] = field(default_factory=set)
    done: int = 0
    instances: int = 0
    size: int = 0

    def run(self, entries: Sequence[Entry], stop: Callable[[], bool]) -> bool:
        """Run all cases; return whether the run was stopped."""
        waiting = ((self._task(entry), 1) for entry in entries)
        running: dict[Future[CaseResult], tuple[Task, int]] = {}
        again: list[tuple[Task, int]] = []
        self._tell()
        try:
            while not stop():
                for task, attempt in _take(again, waiting, self._room(len(running))):
                    running[self._submit(task)] = (task, attempt)
                if not running:
                    return False
                finished, _ = wait(running, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                self._finish(list(_ended(finished, running, again)))
                self._tell()
        except BaseException:
            self._end(running)
            raise
        self._end(running)
        return True

    def sum_up(self, entries: Sequence[Entry]) -> Summary:
        """Write the summary of all cases, and return it."""
        summary = summarize(self.journal, entries, unchanged=frozenset(self.unchanged))
        write_summary(summary, self.out)
        found = {line.result.name: line.result for line in summary.lines}
        self.private.write_names(
            [(one.name, one.study, *_account(found[one.name])) for one in entries]
        )
        return summary

    def _room(self, running: int) -> int:
        return max(0, _AHEAD * max(1, self.workers.width()) - running)

    def _submit(self, task: Task) -> Future[CaseResult]:
        try:
            return self.workers.executor.submit(run_case, task)
        except Exception:  # noqa: BLE001  # executors have their own errors; texts may name places
            raise CasepackError(
                "the workers cannot be reached any more",
                advice="Check the scheduler and call again: what is finished is kept.",
            ) from None

    def _end(self, running: dict[Future[CaseResult], tuple[Task, int]]) -> None:
        for future in running:
            future.cancel()
        self.workers.kill()

    def _task(self, entry: Entry) -> Task:
        known = self.known.get(entry.name)
        shared = self.workers.shares_folders or not is_url(self.out)
        return Task(
            name=entry.name,
            study=entry.study,
            case_file=entry.case_file,
            recipe=entry.recipe,
            approved=entry.approved,
            form=entry.form,
            keep_crosswalk=entry.keep_crosswalk,
            pseudonyms=self.pseudonyms,
            target=join(self.out, entry.name),
            work=self.private.work if shared else None,
            former=None if known is None else self._former(known),
        )

    def _former(self, known: CaseResult) -> Former:
        return Former(
            verdict=known.verdict,
            digests=known.digests,
            result=known.result,
            confirmed=known.name not in self.unsettled,
        )

    def _finish(self, ended: Sequence[tuple[Task, CaseResult]]) -> None:
        """Note what became of cases, those that ended together in one go."""
        try:
            self._note(ended)
        except OSError as error:
            raise target_error(error) from None
        if any(result.fault is Fault.TARGET for _, result in ended):
            raise TargetError(
                "results cannot be written any more",
                advice="Check the room and the permissions of OUT, its private folder and the"
                " folder for temporary files; then call again: what is finished is kept.",
            )

    def _note(self, ended: Sequence[tuple[Task, CaseResult]]) -> None:
        made = []
        for task, result in ended:
            self.done += 1
            if result.unchanged:
                self._let_stand(self.known[task.name])
                continue
            self.size += result.size
            if result.verdict is Verdict.FAILED:
                self._note_failure(task, result)
            else:
                made.append((task, result))
        self._let_appear(made)

    def _let_appear(self, made: Sequence[tuple[Task, CaseResult]]) -> None:
        """Let results appear under their names: noted before, confirmed afterwards."""
        self.instances += sum(result.instances for _, result in made)
        there = is_url(self.out)
        self.journal.note([result for _, result in made], appeared=there)
        for task, result in made:
            if not result.staged:
                continue
            staged = self.private.work / result.staged
            if (staged / CROSSWALK).exists():
                self.private.keep(staged / CROSSWALK, "crosswalks", task.name)
            if not there:
                _appear(staged / RESULT, Path(task.target), staged / "former")
        if not there:
            self.journal.confirm([task.name for task, _ in made])
        for _, result in made:
            if result.staged:
                remove_folder(self.private.work / result.staged)

    def _note_failure(self, task: Task, result: CaseResult) -> None:
        """Note a failure; where the case is at fault, a former result must not stay in OUT."""
        former = task.former.result if task.former else ""
        at_fault = result.fault in _AT_FAULT and result.files > 0
        if former and at_fault and digest_result(task.target, task.form) == former:
            # before it is noted: what the journal does not know is never touched
            take_away(task.target, self.private.free("former", task.name))
        if former and not at_fault:
            self.journal.judge(result)
        else:
            self.journal.note([result], appeared=True)

    def _let_stand(self, former: CaseResult) -> None:
        self.unchanged.add(former.name)
        self.instances += former.instances
        if former.verdict not in {Verdict.DONE, Verdict.HELD}:
            verdict = Verdict.HELD if former.held else Verdict.DONE
            self.journal.judge(replace(former, verdict=verdict, fault=None, message=""))

    def _tell(self) -> None:
        steps = self.workers.read_steps()
        self.observe(
            Tally(
                done=self.done,
                total=self.total,
                unchanged=len(self.unchanged),
                under_way=sum(step.part for step in steps),
                instances=self.instances + sum(step.instances for step in steps),
                size=self.size + sum(step.size for step in steps),
            )
        )


def _account(result: CaseResult) -> tuple[str, str, str]:
    return result.verdict.value, result.fault.value if result.fault else "", result.message


def _take(
    again: list[tuple[Task, int]], waiting: Iterator[tuple[Task, int]], room: int
) -> Iterator[tuple[Task, int]]:
    for _ in range(room):
        if again:
            yield again.pop()
            continue
        following = next(waiting, None)
        if following is None:
            return
        yield following


def _ended(
    finished: Iterable[Future[CaseResult]],
    running: dict[Future[CaseResult], tuple[Task, int]],
    again: list[tuple[Task, int]],
) -> Iterator[tuple[Task, CaseResult]]:
    """Yield the cases that have come to an end; those whose worker died are tried again."""
    for future in finished:
        task, attempt = running.pop(future)
        result = _outcome(future)
        if result is None and attempt < _ATTEMPTS:
            again.append((task, attempt + 1))
        else:
            yield task, result or _lost(task)


def _outcome(future: Future[CaseResult]) -> CaseResult | None:
    """Return what a worker said; None if it died. `run_case` itself never raises."""
    with suppress(Exception):
        return future.result()
    return None


def _lost(task: Task) -> CaseResult:
    return CaseResult(
        name=task.name, form=task.form, verdict=Verdict.FAILED, fault=Fault.WORKER_DIED
    )


def _appear(result: Path, target: Path, former: Path) -> None:
    """Let a result appear under its name, in place of a former one."""
    if target.exists():
        target.rename(former)
    result.rename(target)
