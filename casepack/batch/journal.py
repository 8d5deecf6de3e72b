"""What became of each case, in one SQLite file: it is what makes a second call resume.

It holds names of cases, new identifiers, keyed digests, codes and counts. A result is noted before
it appears under its name and confirmed afterwards; whoever finds a result that was noted and not
confirmed can tell by its digest whether it did appear.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from casepack.batch.task import CaseResult, Digests, Fault, Form, Verdict
from casepack.errors import KeyFileError, TargetError

_FORMAT: Final = "casepack-batch/1"
_TABLES: Final = """
CREATE TABLE batch (format TEXT NOT NULL, key TEXT NOT NULL);
CREATE TABLE cases (
    name TEXT PRIMARY KEY,
    verdict TEXT NOT NULL,
    fault TEXT,
    message TEXT NOT NULL,
    appeared INTEGER NOT NULL,
    study TEXT NOT NULL, case_file TEXT NOT NULL, recipe TEXT NOT NULL, version TEXT NOT NULL,
    result TEXT NOT NULL,
    patient TEXT NOT NULL,
    instances INTEGER NOT NULL, size INTEGER NOT NULL,
    seconds REAL NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX patients ON cases (patient);
CREATE TABLE instances (uid BLOB, name TEXT, PRIMARY KEY (uid, name)) WITHOUT ROWID;
CREATE INDEX instances_of ON instances (name);
"""
_COLUMNS: Final = (
    *("name", "verdict", "fault", "message", "result", "patient"),
    *("instances", "size", "seconds"),
)
_UPSERT: Final = """
INSERT OR REPLACE INTO cases VALUES (:name, :verdict, :fault, :message, :appeared, :study,
:case_file, :recipe, :version, :result, :patient, :instances, :size, :seconds, :record)
"""
_SHARED: Final = """
SELECT one.name, other.name, count(*) FROM instances one JOIN instances other
ON one.uid = other.uid AND one.name <> other.name GROUP BY 1, 2 ORDER BY 1, 2
"""
_RESTORE: Final = "Restore a copy; or move OUT and its private folder away and begin anew."
_WAIT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """The journal of the batches into one OUT. Only the process that holds the lock opens it."""

    database: sqlite3.Connection = field(repr=False)

    def read_results(self) -> dict[str, CaseResult]:
        """Return what became of each case, by name."""
        with _readable():
            rows = self.database.execute("SELECT * FROM cases ORDER BY name").fetchall()
            return {row["name"]: _result(row) for row in rows}

    def find_unconfirmed(self) -> dict[str, str]:
        """Return the digests of the results that may have appeared or not, by name of the case."""
        with _readable():
            rows = self.database.execute("SELECT name, result FROM cases WHERE NOT appeared")
            return {row["name"]: row["result"] for row in rows}

    def count_shared(self) -> dict[str, dict[str, int]]:
        """Return for each case the others that hold instances of it, with how many."""
        shared: dict[str, dict[str, int]] = {}
        with _readable():
            for one, other, count in self.database.execute(_SHARED):
                shared.setdefault(one, {})[other] = count
        return shared

    def note(self, results: Sequence[CaseResult], *, appeared: bool) -> None:
        """Note what became of cases, in place of what was known of them."""
        with _writable(), self.database:
            for result in results:
                self.database.execute(_UPSERT, _row(result, appeared=appeared))
                self.database.execute("DELETE FROM instances WHERE name = ?", (result.name,))
                self.database.executemany(
                    "INSERT OR IGNORE INTO instances VALUES (?, ?)",
                    [(uid, result.name) for uid in result.uids],
                )

    def judge(self, result: CaseResult) -> None:
        """Note a verdict on a case whose former result stays as it is."""
        fault = result.fault.value if result.fault else None
        with _writable(), self.database:
            self.database.execute(
                "UPDATE cases SET verdict = ?, fault = ?, message = ? WHERE name = ?",
                (result.verdict.value, fault, result.message, result.name),
            )

    def confirm(self, names: Sequence[str]) -> None:
        """Note that results have appeared under their names."""
        with _writable(), self.database:
            self.database.executemany(
                "UPDATE cases SET appeared = 1 WHERE name = ?", [(name,) for name in names]
            )


@contextmanager
def open_journal(path: Path, key_code: str) -> Iterator[Journal]:
    """Open the journal at a path, or begin one.

    Parameters
    ----------
    key_code
        What tells the key of the batch from others, and not the key.

    Raises
    ------
    KeyFileError
        The journal was begun with another key.
    TargetError
        It cannot be read or written.
    """
    new = not path.exists()
    with _writable(), closing(_connect(path)) as database:
        if new:
            path.chmod(0o600)
        if new or not _has_tables(database):
            with database:
                database.executescript(f"BEGIN; {_TABLES}")
                database.execute("INSERT INTO batch VALUES (?, ?)", (_FORMAT, key_code))
        _check_head(database, key_code)
        yield Journal(database=database)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_WAIT_SECONDS)
    database.row_factory = sqlite3.Row
    return database


def _has_tables(database: sqlite3.Connection) -> bool:
    return bool(database.execute("SELECT 1 FROM sqlite_master WHERE name = 'batch'").fetchone())


def _check_head(database: sqlite3.Connection, key_code: str) -> None:
    head = database.execute("SELECT format, key FROM batch").fetchone()
    if head is None or head["format"] != _FORMAT:
        raise TargetError(
            "the journal is of another version of casepack",
            advice="Use that version, or name another OUT.",
        )
    if head["key"] != key_code:
        raise KeyFileError(
            "the key file is not the one that this batch was begun with",
            advice="Give that one, or name another OUT: pseudonyms of two keys do not match.",
        )


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, ValueError, TypeError, KeyError):
        raise TargetError(
            "the journal cannot be read",
            advice=_RESTORE,
        ) from None


@contextmanager
def _writable() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
        raise TargetError(
            "the disk is full" if full else "the journal cannot be written",
            advice="Free some room and call again: what is finished is kept."
            if full
            else "Check the private folder beside OUT and its permissions.",
        ) from None
    except sqlite3.DatabaseError:
        raise TargetError(
            "the journal cannot be read",
            advice=_RESTORE,
        ) from None


def _row(result: CaseResult, *, appeared: bool) -> dict[str, Any]:
    record = asdict(replace(result, uids=()))
    digests = record.pop("digests")
    for key in (*_COLUMNS, "uids", "staged", "unchanged"):
        record.pop(key)
    return {
        "name": result.name,
        "verdict": result.verdict.value,
        "fault": result.fault.value if result.fault else None,
        "message": result.message,
        "appeared": appeared,
        "study": digests["study"],
        "case_file": digests["case"],
        "recipe": digests["recipe"],
        "version": digests["version"],
        "result": result.result,
        "patient": result.patient,
        "instances": result.instances,
        "size": result.size,
        "seconds": result.seconds,
        "record": json.dumps(record),
    }


def _result(row: sqlite3.Row) -> CaseResult:
    record = json.loads(row["record"])
    for key in ("held", "findings"):
        record[key] = _pairs(record[key])
    record["form"] = Form(record["form"])
    return CaseResult(
        name=row["name"],
        verdict=Verdict(row["verdict"]),
        fault=Fault(row["fault"]) if row["fault"] else None,
        message=row["message"],
        digests=Digests(
            study=row["study"],
            case=row["case_file"],
            recipe=row["recipe"],
            version=row["version"],
        ),
        result=row["result"],
        patient=row["patient"],
        instances=row["instances"],
        size=row["size"],
        seconds=row["seconds"],
        **record,
    )


def _pairs(entries: Sequence[Sequence[Any]]) -> tuple[tuple[str, int], ...]:
    return tuple((str(code), int(count)) for code, count in entries)
