"""The programs that are compared: casepack, its peers in an environment of their own, the floor."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.timing import Command, MeasuringFailedError

_PEERS: Final = ("dicognito==0.19.0", "dicom-anonymizer==2.1.0", "deid==0.4.13", "pydicom==3.0.2")

_BARE_PROGRAM: Final = '''
import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def run() -> None:
    """Do nothing."""


app()
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A program that is not measured, and why."""

    name: str
    reason: str


def casepack(*, recipe: str = "basic", workers: int = 2) -> Command:
    """Return ``casepack deid`` of the environment that runs the bench."""
    program = _casepack_program()
    options = ("--recipe", recipe, "--workers", str(workers))
    return Command(
        name=f"casepack deid --workers {workers}",
        arguments=lambda source, target: (program, "deid", source, target, *options),
    )


def casepack_pack(workers: int) -> Command:
    """Return ``casepack pack``: de-identified, checked, packaged, checked again."""
    program = _casepack_program()
    options = ("--workers", str(workers))
    return Command(
        name=f"casepack pack --workers {workers}",
        arguments=lambda source, target: (program, "pack", source, target, *options),
    )


def casepack_help() -> Command:
    """Return ``casepack --help``."""
    program = _casepack_program()
    return Command(name="casepack --help", arguments=lambda _source, _target: (program, "--help"))


def bare_typer_help(work: Path) -> Command:
    """Return the help of a program of one empty command, without rich, as casepack's is."""
    program = work / "bare.py"
    program.write_text(_BARE_PROGRAM, encoding="utf-8")
    return Command(
        name="bare Typer program --help",
        arguments=lambda _source, _target: (sys.executable, program.name, "--help"),
    )


def floor() -> Command:
    """Return what moving the bytes costs: copy the folder, and digest every file."""
    script = 'cp -r "$1" "$2" && find "$2" -type f -exec sha256sum {} + > sums.txt'
    return Command(
        name="cp -r and sha256sum",
        arguments=lambda source, target: ("sh", "-c", script, "sh", source, target),
    )


def gdcmanon(work: Path) -> Command | Skipped:
    """Return gdcmanon; it encrypts the originals for a certificate, which is made here."""
    program = _find_binary("gdcmanon")
    if program is None:
        return Skipped(name="gdcmanon", reason="not installed; Debian: libgdcm-tools")
    if shutil.which("openssl") is None:
        return Skipped(name="gdcmanon", reason="needs a certificate, and openssl is not installed")
    request = "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out certificate.pem -days 2"
    try:
        _run(("openssl", *request.split(), "-subj", "/CN=bench"), work)
        banner = _run((program, "--version"), work)
    except subprocess.CalledProcessError:
        return Skipped(name="gdcmanon", reason="its certificate cannot be made")
    found = re.search(r"gdcm (\d[\d.]*)", banner)
    options = ("-e", "-r", "-c", "certificate.pem")
    return Command(
        name=f"gdcmanon {found[1] if found else ''}".strip(),
        arguments=lambda source, target: (program, *options, "-i", source, "-o", target),
        makes_target=False,
    )


def python_peers(work: Path) -> list[Command | Skipped]:
    """Return the peers in Python, installed at pinned versions; the installation is kept."""
    names = [pin.replace("==", " ") for pin in _PEERS[:3]]
    environment = work / "peers"
    if not _install(environment, work):
        return [Skipped(name=name, reason="cannot be installed from PyPI") for name in names]
    programs = environment / "bin"
    python, anonymizer, deid = (
        str(programs / name) for name in ("python", "dicom-anonymizer", "deid")
    )
    return [
        # the console script of this version fails before it starts
        Command(name=names[0], arguments=lambda s, t: (python, "-m", "dicognito", s, "-o", t)),
        Command(name=names[1], arguments=lambda s, t: (anonymizer, s, t), makes_target=False),
        Command(
            name=names[2],
            arguments=lambda s, t: (deid, "-o", t, "identifiers", "--input", s, "--action", "all"),
            makes_target=False,
        ),
    ]


def _find_binary(name: str) -> str | None:
    """Return the first program of the name on the path that is no script.

    python-gdcm, which casepack's own environment may hold, brings a wrapper of the same name in
    Python: twice the processor time of Debian's program, which the target is set against.
    """
    for folder in os.get_exec_path():
        found = shutil.which(name, path=folder)
        if found is not None:
            with Path(found).open("rb") as file:
                if file.read(2) != b"#!":
                    return found
    return None


def _casepack_program() -> str:
    program = Path(sys.executable).with_name("casepack")
    if not program.exists():
        raise MeasuringFailedError("casepack is not installed in the environment of the bench")
    return str(program)


def _install(environment: Path, work: Path) -> bool:
    done = environment / "installed.txt"
    pins = "\n".join(_PEERS)
    if done.exists() and done.read_text(encoding="utf-8") == pins:
        return True
    shutil.rmtree(environment, ignore_errors=True)
    try:
        _run((sys.executable, "-m", "venv", str(environment)), work)
        python = str(environment / "bin" / "python")
        _run((python, "-m", "pip", "install", "--quiet", *_PEERS), work)
    except subprocess.CalledProcessError:
        return False
    done.write_text(pins, encoding="utf-8")
    return True


def _run(arguments: Sequence[str], work: Path) -> str:
    return subprocess.run(
        arguments,
        cwd=work,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ).stdout
