"""What a result was made from, and what a result is, as digests.

Those of the input are keyed: a digest of a guessed path or text must not confirm the guess.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from typing import Final

import yaml

from casepack.batch.places import (
    File,
    fetch_file,
    is_url,
    join,
    list_files,
    list_place,
    read_file,
)
from casepack.batch.task import Digests, Form, Task
from casepack.deidentify.instance import SOFTWARE
from casepack.deidentify.pseudonyms import Pseudonyms
from casepack.recipe import read_recipe

TAG_MANIFEST: Final = "tagmanifest-sha512.txt"
BAG_DECLARATION: Final = "bagit.txt"
REPORT: Final = "report.json"

_LIBRARIES: Final = (
    *("highdicom", "numpy", "pillow", "pydicom", "lxml"),
    *("pyjpegls", "pylibjpeg", "pylibjpeg-openjpeg", "python-gdcm", "nibabel", "pynrrd"),
    "onnxruntime",
)
_LONGEST_NAME: Final = 1024
_NAME_OF_FILE: Final = re.compile(r"[^\n\x00]*[^./\n\x00][^\n\x00]*")
_STRUCTURED: Final = (".json", ".yaml", ".yml")


def digest_task(task: Task, files: list[File], case_file: Path | None) -> Digests:
    """Return the digests of a case; `files` is the listing of its study.

    Raises
    ------
    RecipeError
        The recipe cannot be used.
    """
    listing = "\n".join(f"{file.name}\x00{file.size}\x00{file.stamp}" for file in files)
    sheet = None if task.approved is None else read_file(str(task.approved))
    asked = [
        read_recipe(task.recipe).digest,
        "" if sheet is None else _keyed(task.pseudonyms, "approved", sheet),
        task.form.value,
        str(task.keep_crosswalk),
    ]
    return Digests(
        study=_keyed(task.pseudonyms, "study", listing.encode("utf-8", "surrogateescape")),
        case=_digest_case(task.pseudonyms, case_file) if case_file is not None else "",
        recipe=hashlib.sha256("\n".join(asked).encode()).hexdigest(),
        version=_digest_version(),
    )


def digest_result(place: str, form: Form) -> str:
    """Return the digest of a result; empty if there is none, or not a whole one.

    That of a package is the digest of its tag manifest, which holds those of all the rest. A
    de-identified folder has no manifest: names and sizes stand for it, and its report.
    """
    if form is Form.PACKAGE:
        manifest = read_file(join(place, TAG_MANIFEST))
        return "" if manifest is None else hashlib.sha256(manifest).hexdigest()
    report = read_file(join(place, REPORT))
    if report is None:
        return ""
    names = "\n".join(f"{file.name}\x00{file.size}" for file in list_place(place))
    return hashlib.sha256(report + b"\x00" + names.encode()).hexdigest()


def last_file(form: Form) -> str:
    """Return the file without which a result counts as none."""
    return BAG_DECLARATION if form is Form.PACKAGE else REPORT


def fetch_case_file(place: str, folder: Path) -> Path:
    """Copy a case file at a URL, and the files that it names, to a folder."""
    path = folder / PurePosixPath(place).name
    root = place.rpartition("/")[0]
    fetch_file(place, path)

    def fetch(text: str) -> Path | None:
        if text.startswith("/") or ".." in PurePosixPath(text).parts or is_url(text):
            return None
        target = folder / text
        if target.exists():
            return target
        try:
            fetch_file(join(root, text), target)
        except FileNotFoundError:
            return None
        return target if target.is_file() else None

    for _ in _follow(path, fetch):
        pass
    return path


def _digest_case(pseudonyms: Pseudonyms, path: Path) -> str:
    folder = path.parent

    def find(text: str) -> Path | None:
        found = folder / text
        return found if found.exists() else None

    parts = []
    for file in _follow(path, find):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        parts.append(f"{os.path.relpath(file, folder)}\x00{content}")
    return _keyed(pseudonyms, "case", "\n".join(parts).encode("utf-8", "surrogateescape"))


def _follow(path: Path, find: Callable[[str], Path | None]) -> Iterator[Path]:
    """Yield a file and all that it names, in order: each text in it that is the name of a file.

    What a case file may name (lesions, drawings, pictures, a profile) is for others to know.
    """
    pending, seen = [path], set()
    while pending:
        file = pending.pop()
        if file in seen or not file.is_file():
            continue
        seen.add(file)
        yield file
        for text in sorted(_texts(file)):
            found = find(text)
            if found is not None:
                pending += list_files(found) if found.is_dir() else [found]


def _texts(file: Path) -> set[str]:
    """Return the texts in a structured file that could be names of files."""
    if file.suffix.lower() not in _STRUCTURED:
        return set()
    try:
        text = file.read_text(encoding="utf-8-sig")
        content = json.loads(text) if file.suffix.lower() == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return set()  # whoever reads it says what is wrong
    return set(_strings(content))


def _strings(content: object) -> Iterator[str]:
    pending = [content]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            pending += one.values()
        elif isinstance(one, list):
            pending += one
        elif isinstance(one, str) and len(one) <= _LONGEST_NAME and _NAME_OF_FILE.fullmatch(one):
            yield one


def _keyed(pseudonyms: Pseudonyms, role: str, content: bytes) -> str:
    return hmac.digest(pseudonyms.key, role.encode() + b"\x00" + content, hashlib.sha256).hex()


@cache
def _digest_version() -> str:
    from casepack.verify.conformance import available_tools  # noqa: PLC0415  # only in a worker

    parts = [SOFTWARE, os.environ.get("SOURCE_DATE_EPOCH", "")]
    for name in _LIBRARIES:
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            parts.append(f"{name} -")
    parts += sorted(available_tools())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
