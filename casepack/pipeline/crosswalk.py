"""The crosswalk of a run: outside its result, and written last."""

from __future__ import annotations

from pathlib import Path

from casepack.deidentify.crosswalk import Crosswalk
from casepack.deidentify.crosswalk import write_crosswalk as write_files
from casepack.errors import TargetError
from casepack.work_folder import target_error


def refuse_crosswalk_inside(out: Path, crosswalk: Path | None) -> None:
    """Raise TargetError for a crosswalk folder inside the result."""
    if crosswalk is not None and crosswalk.absolute().is_relative_to(out.absolute()):
        raise TargetError(
            "the crosswalk links new identifiers to old ones and must not lie in the result",
            advice="Name a folder outside OUT for --crosswalk.",
        )


def write_crosswalk(crosswalk: Crosswalk, folder: Path | None) -> None:
    """Write the crosswalk, if a folder was named for it."""
    if folder is None:
        return
    try:
        write_files(folder, crosswalk)
    except OSError as error:
        raise target_error(error) from None
