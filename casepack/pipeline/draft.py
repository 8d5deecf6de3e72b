"""`casepack init`: the draft of a case file."""

from __future__ import annotations

from pathlib import Path

from casepack.errors import TargetError
from casepack.model import FileSet, Progress, no_progress
from casepack.study import read_file_set
from casepack.work_folder import target_error


def draft_case_file(study: Path, out: Path, *, progress: Progress = no_progress) -> None:
    """Draft a case file from the studies in a folder; a file that is there is left alone.

    Drawings of other programs beside it are named in ``lesions.json``, unless there is one.

    Raises
    ------
    TargetError
        `out` exists, or cannot be written.
    StudyError
        The folder holds no studies of one patient.
    """
    from casepack.package.draft import draft_case

    file_set = read_file_set(study, progress=progress)
    text = draft_case(file_set)
    try:
        lesions = _draft_lesions(file_set, out.parent)
        if lesions:
            text = text.replace("# lesions: lesions.json", "lesions: lesions.json")
        with out.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        if lesions:
            with (out.parent / "lesions.json").open("x", encoding="utf-8", newline="\n") as file:
                file.write(lesions)
    except FileExistsError:
        raise TargetError(
            "the case file exists", advice="Name another one; nothing is overwritten."
        ) from None
    except OSError as error:
        raise target_error(error) from None


def _draft_lesions(file_set: FileSet, folder: Path) -> str:
    """Return the lesion file of the drawings in a folder; empty without any, or if it is there."""
    if (folder / "lesions.json").exists() or not folder.is_dir():
        return ""
    from casepack.annotate.draft import draft_lesions, find_drawings

    drawings = find_drawings(folder)
    return draft_lesions(drawings, file_set) if drawings else ""
