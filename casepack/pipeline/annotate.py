"""`casepack annotate`: the lesions of a case as DICOM objects beside its images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from casepack.deidentify.crosswalk import read_uid_mapping
from casepack.deidentify.instance import SOFTWARE
from casepack.errors import CaseError, StudyError
from casepack.model import Deidentified, FileSet, unknown_record
from casepack.pipeline.case_file import read_case_file
from casepack.study import read_file_set

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from casepack.case import Case
    from casepack.lesion import Lesion, MeasuredLesion

_UNRECORDED: Final = unknown_record(SOFTWARE)
"""What is known of a de-identification that another run did."""


def annotate_folder(folder: Path, case_file: Path, *, crosswalk: Path | None = None) -> int:
    """Annotate a de-identified folder in place; return the number of objects written.

    Parameters
    ----------
    crosswalk
        Folder that the de-identification wrote: drawings made on the original study name its
        images and Frames of Reference by their old UIDs.

    Raises
    ------
    CaseError
        The case names no lesions, or they do not fit the images.
    UsageError
        The crosswalk folder holds no mapping of UIDs.
    """
    file = read_case_file(case_file)
    if file.case is None or not file.lesions:
        raise CaseError(
            "names no lesion drawings",
            place=f"{case_file.name}: lesions",
            advice="Write the path of the drawings there, relative to the case file.",
        )
    file_set = read_file_set(folder)
    _refuse_unordered(file_set)
    deidentified = Deidentified(root=folder, studies=file_set.studies, record=_UNRECORDED)
    uids = read_uid_mapping(crosswalk) if crosswalk is not None else {}
    annotated, _ = annotate_lesions(deidentified, file.case, file.lesions, uids=uids)
    return len(annotated.instances) - len(deidentified.instances)


def annotate_lesions(
    deidentified: Deidentified,
    case: Case,
    lesions: Sequence[Lesion],
    *,
    uids: Mapping[str, str],
) -> tuple[Deidentified, tuple[MeasuredLesion, ...]]:
    """Return the studies with the annotations of the lesions, and these as measured.

    Parameters
    ----------
    uids
        New UIDs by the old ones, by which drawings name images.
    """
    if not lesions:
        return deidentified, ()
    from casepack.annotate.annotation import annotate
    from casepack.annotate.measure import measure_lesions

    measured = measure_lesions(deidentified, lesions, uids=uids)
    annotated = annotate(
        deidentified,
        measured,
        title=case.title,
        software_version=SOFTWARE,
        case=case,
        export=case.key_objects,
    )
    return annotated, measured


def _refuse_unordered(file_set: FileSet) -> None:
    """Refuse studies whose order cannot be told: recipes without dates give all the same one."""
    moments = [(study.date, study.time) for study in file_set.studies]
    if len(set(moments)) != len(moments):
        raise StudyError(
            "the studies have the same date and time, so time points cannot be told apart",
            advice="Use casepack pack, which knows their order, or a recipe that retains dates.",
        )
