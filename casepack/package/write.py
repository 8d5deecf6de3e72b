"""One package: the payload, made an RO-Crate, in a bag, in one folder."""

from __future__ import annotations

import datetime as dt
import errno
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from casepack.case import Case
from casepack.errors import TargetError
from casepack.lesion import MeasuredLesion
from casepack.model import Progress, Verified, no_progress
from casepack.package.bag import PAYLOAD, write_bag
from casepack.package.crate import METADATA, PREVIEW, describe_crate, write_crate_preview
from casepack.package.dicomdir.fileset import write_fileset
from casepack.package.doi.citation import write_citation
from casepack.package.doi.datacite import describe_for_datacite, write_datacite_xml
from casepack.package.doi.zenodo import describe_for_zenodo
from casepack.package.exports.markdown import write_case_markdown, write_eurorad_markdown
from casepack.package.exports.mirc import write_mirc_document
from casepack.package.exports.readme import write_readme
from casepack.package.lesions import describe_lesions
from casepack.package.licences import write_licence_text
from casepack.package.listing import describe_case
from casepack.package.page import page
from casepack.package.page.outlines import write_outlines
from casepack.package.pictures import figures, previews
from casepack.package.report import action_rows, describe_report, write_actions_csv
from casepack.package.report_page import write_report_page
from casepack.package.text import legible, write_json, write_text

_PREVIEWS = "preview"
_FILE_MODE, _FOLDER_MODE = 0o644, 0o755


def write_package(
    verified: Verified,
    case: Case,
    lesions: Sequence[MeasuredLesion],
    target: Path,
    *,
    software: str,
    date: dt.date | None = None,
    drawing: previews.Drawing | None = None,
    progress: Progress = no_progress,
) -> None:
    """Write the package folder of a case; the same arguments give the same bytes.

    When it fails, what was written of `target` stays: the caller writes into a work folder and
    renames.

    Parameters
    ----------
    target
        Folder to make; must not exist, its parent must.
    software
        Name and version of the program, for the reports.
    date
        Of the bag; without: the case's publication date, or none.
    drawing
        The pictures of these images, begun by a run that throws away what lies beside `target`:
        they are moved into the package, and its images are hard links to the de-identified files
        instead of copies. Without, nothing outside `target` is touched.

    Raises
    ------
    TargetError
        `target` exists, or cannot be written.
    """
    if target.exists() or target.is_symlink():
        raise TargetError(
            "the package cannot be written: the target exists",
            advice="Name a folder that does not exist yet.",
        )
    try:
        target.mkdir()
        folder, link = target / PAYLOAD / "dicom", drawing is not None
        folder.mkdir(parents=True)
        names = write_fileset(folder, verified.deidentified, link=link, progress=progress)
        with _drawing(verified, target, drawing) as pictures:
            _write(verified, legible(case), lesions, target, names, software, pictures, progress)
        write_bag(target, legible(case), software=software, date=date, progress=progress)
        _set_modes(target)
    except OSError as error:
        raise _target_error(error) from None


def _drawing(
    verified: Verified, target: Path, begun: previews.Drawing | None
) -> AbstractContextManager[previews.Drawing]:
    if begun is not None:
        return nullcontext(begun)
    return previews.begin_previews(target / PAYLOAD / _PREVIEWS, verified.deidentified)


def _write(
    verified: Verified,
    case: Case,
    lesions: Sequence[MeasuredLesion],
    target: Path,
    file_ids: Mapping[str, str],
    software: str,
    drawing: previews.Drawing,
    progress: Progress,
) -> None:
    payload = target / PAYLOAD
    paths = {uid: f"dicom/{file_id}" for uid, file_id in file_ids.items()}
    captions = _write_pages(payload, verified, case, lesions, drawing, progress)
    _write_case(payload, verified, case, lesions, paths, captions, software)
    _write_doi(payload / "doi", case)
    _write_report(payload / "deid", verified, case, paths, software)
    _remove_empty_folders(payload)
    _write_crate(payload, verified, case, paths, captions)


def _write_pages(
    payload: Path,
    verified: Verified,
    case: Case,
    lesions: Sequence[MeasuredLesion],
    drawing: previews.Drawing,
    progress: Progress,
) -> Mapping[str, str]:
    """Write figures, previews and the case page; return path and caption of the figures."""
    placed = figures.write_figures(
        payload / "figures", verified, case, lesions, shown=drawing.shown
    )
    stacks = drawing.finish(progress=progress)
    if drawing.folder.exists() and drawing.folder != payload / _PREVIEWS:
        drawing.folder.rename(payload / _PREVIEWS)
    page.write_page(payload, verified, case, stacks, placed, lesions)
    return {f"figures/{one.file}": one.caption for one in placed if one.file}


def _write_case(
    payload: Path,
    verified: Verified,
    case: Case,
    lesions: Sequence[MeasuredLesion],
    paths: Mapping[str, str],
    captions: Mapping[str, str],
    software: str,
) -> None:
    listing = describe_case(case, verified.deidentified, paths, software)
    write_json(payload / "case.json", listing)
    write_text(payload / "case.md", write_case_markdown(case, captions))
    write_text(payload / "CITATION.cff", write_citation(case))
    write_text(payload / "LICENSE", write_licence_text(case))
    write_text(payload / "README.txt", write_readme(case, software))
    write_json(payload / "annotations" / "lesions.json", describe_lesions(lesions, paths))
    write_outlines(payload / "annotations", verified.deidentified, lesions)
    write_text(payload / "export" / "eurorad.md", write_eurorad_markdown(case))
    write_text(payload / "export" / "mirc.xml", write_mirc_document(case, captions))


def _write_doi(folder: Path, case: Case) -> None:
    record = describe_for_datacite(case)
    write_json(folder / "datacite.json", record)
    write_text(folder / "datacite.xml", write_datacite_xml(record))
    write_json(folder / "zenodo.json", describe_for_zenodo(case))


def _write_report(
    folder: Path, verified: Verified, case: Case, paths: Mapping[str, str], software: str
) -> None:
    report = describe_report(verified, case, paths, software)
    write_json(folder / "report.json", report)
    write_text(folder / "report.html", write_report_page(report, action_rows(verified)))
    write_text(folder / "actions.csv", write_actions_csv(verified))


def _write_crate(
    payload: Path,
    verified: Verified,
    case: Case,
    paths: Mapping[str, str],
    captions: Mapping[str, str],
) -> None:
    crate = describe_crate(payload, case, verified.deidentified, paths, captions)
    write_json(payload / METADATA, crate)
    write_text(payload / PREVIEW, write_crate_preview(case, crate))


def _remove_empty_folders(folder: Path) -> None:
    """Remove folders that a manifest could not name, as when a case has no pictures."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _set_modes(root: Path) -> None:
    for folder, _, files in os.walk(root):
        Path(folder).chmod(_FOLDER_MODE)
        for name in files:
            Path(folder, name).chmod(_FILE_MODE)


def _target_error(error: OSError) -> TargetError:
    """Return our own error for a failed write; the original message holds paths."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return TargetError(
            "the package cannot be written: the disk is full",
            advice="Free space, or name a folder on another disk.",
        )
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return TargetError(
            "the package cannot be written: no permission",
            advice="Name a folder that you may write to.",
        )
    name = errno.errorcode.get(error.errno or 0, "input or output failed")
    return TargetError(
        f"the package cannot be written: {name}",
        advice="Check the disk, or name a folder on another one; ulimit -f limits file sizes.",
    )
