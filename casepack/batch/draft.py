"""A manifest drafted from a folder: the topmost folders that hold one patient each are cases.

A draft names folders, which may be named for patients: it is for its author alone.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from casepack.batch.manifest import CASE_FILE, COLUMNS, STUDY, VERSION_KEY
from casepack.errors import InstanceHeld, StudyError, TargetError
from casepack.model import Progress, no_progress
from casepack.part_ten import open_part_ten
from casepack.recipe import DEFAULT_RECIPE
from casepack.study import claims_dicom
from casepack.work_folder import target_error

_PATIENT_ID: Final = 0x00100020
_ISSUER: Final = 0x00100021
_STUDY_UID: Final = 0x0020000D
_SOP_INSTANCE_UID: Final = 0x00080018
_YAML: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A drafted manifest."""

    text: str = field(repr=False)
    cases: int
    mixed: tuple[Path, ...] = field(repr=False, default=())
    """Folders with loose files of several patients, which no case can hold."""
    unusable: tuple[Path, ...] = field(repr=False, default=())
    """Folders of which no file can be used, though some claim to be DICOM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A folder below which all files are of one patient."""

    folder: Path = field(repr=False)
    patient: bytes = field(repr=False)
    studies: int
    instances: int


@dataclass(slots=True, kw_only=True)
class _Folder:
    """What lies directly in a folder; not frozen: it is counted up."""

    patients: dict[bytes, Counter[bytes]] = field(default_factory=lambda: defaultdict(Counter))
    """Instances by Study, by patient."""
    children: list[Path] = field(default_factory=list)
    held: bool = False
    """Files claim to be DICOM and cannot be used."""


def draft_manifest(root: Path, manifest: Path, *, progress: Progress = no_progress) -> Draft:
    """Draft a manifest of the cases below a folder.

    Parameters
    ----------
    manifest
        Where it will lie: paths are relative to it, and its suffix says whether it is YAML or CSV.

    Raises
    ------
    StudyError
        The folder is missing, or no folder in it holds DICOM files of one patient alone.
    """
    if not root.is_dir():
        raise StudyError("ROOT does not exist or is not a folder", advice="Name a folder.")
    root = root.absolute()
    folders = _read_folders(root, progress)
    mixed: list[Path] = []
    patients = _patients(root, folders)
    found = list(_choose(root, folders, patients, mixed))
    if not found:
        raise StudyError(
            "no folder holds DICOM files of one patient alone",
            advice="Put each patient in a folder of its own.",
        )
    rows = _rows(found, manifest.absolute().parent)
    write = _write_yaml if manifest.suffix.lower() in _YAML else _write_csv
    return Draft(
        text=write(rows),
        cases=len(rows),
        mixed=tuple(mixed),
        unusable=tuple(_find_unusable(folders, patients, [one.folder for one in found])),
    )


def _find_unusable(
    folders: dict[Path, _Folder], patients: dict[Path, set[bytes]], cases: list[Path]
) -> Iterator[Path]:
    """Yield the folders that no case holds, of which every file would be held."""
    inside = set(cases)
    for path, folder in sorted(folders.items()):
        within = any(parent in inside for parent in (path, *path.parents))
        if folder.held and not patients[path] and not within:
            yield path


def write_draft(root: Path, manifest: Path, *, progress: Progress = no_progress) -> Draft:
    """Draft a manifest into a new file that nobody else can read.

    Raises
    ------
    TargetError
        The file exists, or cannot be written.
    """
    draft = draft_manifest(root, manifest, progress=progress)
    try:
        descriptor = os.open(manifest, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(draft.text)
    except FileExistsError:
        raise TargetError(
            "the manifest exists", advice="Name another one; nothing is overwritten."
        ) from None
    except OSError as error:
        raise target_error(error) from None
    return draft


def _read_folders(root: Path, progress: Progress) -> dict[Path, _Folder]:
    folders: dict[Path, _Folder] = {}
    read = 0
    for place, names, files in os.walk(root):
        names.sort()
        folder = folders[Path(place)] = _Folder(children=[Path(place) / name for name in names])
        for name in sorted(files):
            read += 1
            progress("read", read, read)
            path = Path(place) / name
            try:
                with open_part_ten(path) as file:
                    study = (file.value(_STUDY_UID) or b"").strip(b"\x00 ")
                    patient = (file.value(_PATIENT_ID) or b"").strip(b"\x00 ")
                    issuer = (file.value(_ISSUER) or b"").strip(b"\x00 ")
                    usable = bool(study and file.value(_SOP_INSTANCE_UID))
            except InstanceHeld as error:
                folder.held |= claims_dicom(path, error)
                continue
            if usable:
                # as in `study`: a Study without a Patient ID is its own patient
                whose = b"\\".join((patient, issuer)) if patient else b"\\" + study
                folder.patients[whose][study] += 1
    return folders


def _patients(root: Path, folders: dict[Path, _Folder]) -> dict[Path, set[bytes]]:
    """Return the patients below each folder."""
    found: dict[Path, set[bytes]] = {path: set(one.patients) for path, one in folders.items()}
    for path in sorted(folders, key=lambda path: len(path.parts), reverse=True):
        if path != root:
            found[path.parent] |= found[path]
    return found


def _choose(
    folder: Path, folders: dict[Path, _Folder], patients: dict[Path, set[bytes]], mixed: list[Path]
) -> Iterator[_Found]:
    here = patients.get(folder, set())
    if len(here) == 1:
        counts = sum(_counts(folder, folders), Counter())
        (patient,) = here
        yield _Found(folder=folder, patient=patient, studies=len(counts), instances=counts.total())
        return
    if here and folders[folder].patients:
        mixed.append(folder)
    for child in folders[folder].children if here else ():
        yield from _choose(child, folders, patients, mixed)


def _counts(folder: Path, folders: dict[Path, _Folder]) -> Iterator[Counter[bytes]]:
    pending = [folder]
    while pending:
        one = folders.get(pending.pop())
        if one is not None:
            yield from one.patients.values()
            pending += one.children


def _rows(found: list[_Found], base: Path) -> list[dict[str, str]]:
    rows = []
    first: dict[bytes, str] = {}
    for number, one in enumerate(found, 1):
        name = f"case-{number:04d}"
        note = f"{_plural(one.studies, 'study', 'studies')}, {_plural(one.instances, 'instance')}"
        if one.patient in first:
            note += f"; same patient as {first[one.patient]}"
        first.setdefault(one.patient, name)
        case_file = _find_case_file(one.folder)
        rows.append(
            {
                "name": name,
                "study": _relative(one.folder, base),
                "case": _relative(case_file, base) if case_file else "",
                "recipe": "",
                "approved": "",
                "result": "",
                "crosswalk": "",
                "note": note,
            }
        )
    return rows


def _find_case_file(folder: Path) -> Path | None:
    places = [folder / CASE_FILE]
    if folder.name == STUDY:
        places.append(folder.parent / CASE_FILE)
    return next((path for path in places if path.is_file()), None)


def _relative(path: Path, base: Path) -> str:
    return Path(os.path.relpath(path, base)).as_posix()


def _plural(count: int, noun: str, plural: str = "") -> str:
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def _write_csv(rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _write_yaml(rows: list[dict[str, str]]) -> str:
    cases = [{key: value for key, value in row.items() if value} for row in rows]
    head = {VERSION_KEY: 1, "recipe": DEFAULT_RECIPE, "cases": cases}
    return yaml.safe_dump(head, sort_keys=False, allow_unicode=True)
