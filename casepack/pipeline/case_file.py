"""The case file of a run: read, and held against the studies that it describes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from casepack.errors import CaseError
from casepack.model import FileSet, Finding

if TYPE_CHECKING:
    from casepack.case import Case
    from casepack.lesion import Lesion


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """A case file with its drawings; without a path, that of a run without one."""

    path: Path | None = None
    case: Case | None = None
    drawings: Path | None = None
    lesions: tuple[Lesion, ...] = ()


def read_case_file(path: Path | None) -> CaseFile:
    """Read a case file, its publication profile and its drawings.

    Raises
    ------
    CaseError
        One of them is not as it should be.
    """
    if path is None:
        return CaseFile()
    from casepack.case import read_case
    from casepack.case.profiles import read_profile

    case = read_case(path)
    read_profile(case.profile, path.parent)
    if case.lesions is None:
        return CaseFile(path=path, case=case)
    from casepack.annotate.lesions import read_lesions

    drawings = path.parent / case.lesions
    return CaseFile(path=path, case=case, drawings=drawings, lesions=read_lesions(drawings))


def fit_case(file: CaseFile, originals: FileSet) -> tuple[Case, tuple[Finding, ...]]:
    """Hold a case against the studies; return it with what in it is missing or doubtful.

    Raises
    ------
    CaseError
        It does not fit the studies, or its text holds what identifies the patient.
    """
    from casepack.case import untitled_case
    from casepack.case.completeness import find_doubts, find_gaps
    from casepack.case.profiles import read_profile
    from casepack.deidentify.case_text import check_case_text
    from casepack.package.doubts import find_study_doubts
    from casepack.package.patient import check_patient

    count = len(originals.studies)
    if file.case is None or file.path is None:
        return untitled_case(count), ()
    case, path = file.case, file.path
    check_case_text(path, file.drawings, file.lesions, originals)
    if case.time_points and len(case.time_points) != count:
        raise CaseError(
            f"describes {len(case.time_points)} time point(s), but the folder holds {count}"
            " study(ies)",
            place=f"{path.name}: time_points",
            advice="Write one time point for each study, the earliest first.",
        )
    check_patient(case, originals.studies, path.name)
    doubts = (
        *find_gaps(case, read_profile(case.profile, path.parent)),
        *find_doubts(case),
        *find_study_doubts(case, originals.studies),
    )
    return case, tuple(replace(one, file=path.name) for one in doubts)
