"""Objects that the annotate stage wrote, read back."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import highdicom as hd
from pydicom import dcmread
from pydicom.dataset import Dataset

from casepack.annotate.annotation import annotate
from casepack.annotate.measure import measure_lesions
from casepack.model import Deidentified
from tests.annotate.drawings import (
    lesion,
)

TITLE = "Intramedullary metastasis"


def annotated(
    studies: Deidentified, *lesions, authored: dt.datetime | None = None, title: str = TITLE
) -> Deidentified:
    drawn = lesions or (lesion(),)
    return annotate(
        studies,
        measure_lesions(studies, drawn),
        title=title,
        software_version="0.1.0",
        authored=authored,
    )


def objects(result: Deidentified, modality: str = "") -> list[Dataset]:
    """The new objects, study by study, of one Modality or of all."""
    return [
        dcmread(instance.path)
        for study in result.studies
        for series in study.series
        if series.modality in ({modality} if modality else {"KO", "SR", "SEG", "PR"})
        for instance in series.instances
    ]


def content_of(result: Deidentified, number: int = 0) -> hd.sr.MeasurementReport:
    found = [
        instance.path
        for study in result.studies
        for series in study.series
        if series.modality == "SR"
        for instance in series.instances
    ]
    report = hd.sr.srread(found[number])
    assert isinstance(report, hd.sr.Comprehensive3DSR)
    assert isinstance(report.content, hd.sr.MeasurementReport)
    return report.content


def walk(ds: Dataset):
    for element in ds:
        yield element
        if element.VR == "SQ":
            for item in element.value:
                yield from walk(item)


def digests(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*.dcm"))
    }


def times_of(ds: Dataset) -> set[str]:
    return {str(each.value) for each in walk(ds) if each.VR in {"DA", "TM", "DT"} and each.value}
