"""The programs under examination: casepack through its command line, and its peers."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench import programs
from tests.bench.midib.scoring import Output
from tests.bench.programs import Skipped
from tests.bench.timing import Command

_DONE: Final = (0, 3)
_LIMIT_SECONDS: Final = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a program handed in."""

    name: str
    output: Output
    exit_codes: Counter[int]


def run_casepack(source: Path, work: Path) -> Answer:
    """De-identify one patient after the other with one key, as a project does."""
    target = _clear(work / "casepack")
    target.mkdir()
    key = target / "project.key"
    command = programs.casepack(recipe="publication", workers=1)
    program = command.arguments("", "")[0]
    _call((program, "key", "new", str(key)), work)
    codes: Counter[int] = Counter()
    uids: dict[str, str] = {}
    patients: dict[str, str] = {}
    for folder in sorted(source.iterdir()):
        out, crosswalk = target / "out" / folder.name, target / "crosswalk" / folder.name
        out.parent.mkdir(exist_ok=True)
        crosswalk.parent.mkdir(exist_ok=True)
        options = ("--crosswalk", str(crosswalk), "--key-file", str(key))
        codes[_call((*command.arguments(str(folder), str(out)), *options), work)] += 1
        uids |= _read_mapping(crosswalk / "uid_mapping.csv")
        patients |= _read_mapping(crosswalk / "patid_mapping.csv")
    return Answer(name="casepack", output=Output(target / "out", uids, patients), exit_codes=codes)


def run_peers(source: Path, work: Path, installed: Path) -> list[Answer | Skipped]:
    """Run the peers in their usual form; their mappings are derived."""
    return [
        peer if isinstance(peer, Skipped) else _run_peer(peer, source, work)
        for peer in [programs.gdcmanon(work), *programs.python_peers(installed)]
    ]


def _run_peer(peer: Command, source: Path, work: Path) -> Answer:
    """Run a patient at a time: some read one level of folders, some write all into one."""
    target = _clear(work / peer.name.replace(" ", "-"))
    codes: Counter[int] = Counter()
    for folder in sorted(source.iterdir()):
        out = target / folder.name
        (target if peer.makes_target else out).mkdir(parents=True, exist_ok=True)
        codes[_call(tuple(peer.arguments(str(folder), str(out))), work)] += 1
    return Answer(name=peer.name, output=Output(target, None, None), exit_codes=codes)


def _clear(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _read_mapping(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["id_old"]: row["id_new"] for row in csv.DictReader(file)}


def _call(arguments: tuple[str, ...], work: Path) -> int:
    try:
        return subprocess.run(
            arguments,
            cwd=work,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_LIMIT_SECONDS,
        ).returncode
    except subprocess.TimeoutExpired:
        return -1


def is_done(code: int) -> bool:
    """Tell whether casepack finished: done, or done with something held."""
    return code in _DONE
