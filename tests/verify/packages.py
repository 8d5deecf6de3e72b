"""A small package with a lesion, a figure and reports, as `casepack pack` writes it."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bagit

from casepack.annotate.annotation import annotate
from casepack.annotate.measure import measure_lesions
from casepack.case import (
    Author,
    Case,
    Diagnosis,
    Differential,
    Discussion,
    Figure,
    Patient,
    Reference,
    TimePoint,
)
from casepack.lesion import Lesion
from casepack.model import FileSet
from casepack.package.write import write_package
from casepack.verify import Identifiers, verify_deidentified
from tests.annotate.drawings import CORD, METASTASIS, ellipse, outline
from tests.verify.studies import Written, write_results


def write_case_package(folder: Path, originals: FileSet, identifiers: Identifiers) -> Path:
    """Write the small study with a lesion at both time points as a package."""
    written = Written(originals=originals, root=write_results(folder / "dicom"))
    deidentified = written.deidentified()
    lesion = Lesion(
        tracking_id="lesion-1",
        label="Lesion",
        finding=METASTASIS,
        sites=(CORD,),
        # on both slices at first, so that there is a volume, and on one later
        outlines=tuple(outline(ellipse(x), time) for x, time in ((-4.0, 1), (0.0, 1), (-4.0, 2))),
    )
    measured = measure_lesions(deidentified, (lesion,))
    annotated = annotate(deidentified, measured, title="Case", software_version="casepack 0")
    verified = verify_deidentified(annotated, originals, identifiers)
    out = folder / "case-0001"
    write_package(verified, small_case(), measured, out, software="casepack 0")
    return out


def small_case() -> Case:
    return Case(
        id="case-0001",
        title="A case",
        consent="given",
        patient=Patient(age=62, sex="F"),
        clinical_history="Weakness of both legs.",
        imaging_findings="A mass in the cord.",
        differential_diagnosis=(
            Differential(text="Ependymoma"),
            Differential(text="Astrocytoma"),
        ),
        final_diagnosis=Diagnosis(text="Metastasis"),
        discussion=Discussion(background="Such masses are rare."),
        authors=(Author(family="Oberländer", given="Käthe", affiliation="Klinik Tannweiler"),),
        time_points=(TimePoint(label="Before"), TimePoint(label="After", day=96)),
        figures=(Figure(caption="The lesion on both slices.", series=1, lesion="lesion-1"),),
        lesions="lesions.json",
        references=(Reference(text="Someone A. On spines. 1999"),),
        publisher="Nobody",
        publication_date=dt.date(2026, 1, 2),
        licence="CC-BY-4.0",
        keywords=("spine", "cord"),
    )


def rebag(root: Path) -> None:
    """Make the bag valid again, so that only what was changed inside is wrong."""
    data = root / "data"
    inner = root.with_name("payload")
    data.rename(inner)
    shutil.rmtree(root)
    inner.rename(root)
    bagit.make_bag(str(root), checksums=["sha512"])


def edit_json(path: Path, edit: Callable[[Any], object]) -> None:
    content = json.loads(path.read_text("utf-8"))
    edit(content)
    path.write_text(json.dumps(content), "utf-8")
