"""Two studies of one synthetic patient, one of another, and how a PACS would list them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydicom import dcmread

from tests.builders import mr_instance, write_instance

PATIENT, NAME = "QF-558213", "Quillfeather^Amaranth"
FIRST, SECOND, OTHER = "ACC-77001", "ACC-77002", "ACC-88003"
STUDIES = tuple(str(mr_instance(number).StudyInstanceUID) for number in (1, 2, 3))
IDENTIFYING = (PATIENT, "Quillfeather", FIRST, SECOND, *STUDIES)


def write_studies(folder: Path) -> Path:
    """Two studies of two series of three instances; one of each is compressed."""
    identity: dict[str, Any] = {"PatientID": PATIENT, "PatientName": NAME}
    for study, number in ((1, FIRST), (2, SECOND)):
        for series in (1, 2):
            for instance in (1, 2, 3):
                ds = mr_instance(study, series, instance, AccessionNumber=number, **identity)
                path = write_instance(ds, folder / f"{study}{series}{instance}.dcm")
                if instance == 3:
                    compressed = dcmread(path)
                    compressed.compress("1.2.840.10008.1.2.5", generate_instance_uid=False)
                    compressed.save_as(path)
    return folder


def write_other(folder: Path) -> Path:
    """A study of another patient, with an Accession Number that the first one also has."""
    other = {"PatientID": "ZZ-1", "PatientName": "Other^One"}
    ds = mr_instance(3, 1, 1, AccessionNumber=OTHER, **other)
    write_instance(ds, folder / "other.dcm")
    return folder


def data_sets(folder: Path) -> dict[str, bytes]:
    """The encoded Data Sets below a folder, by SOP Instance UID: what is behind group 0002."""
    found = {}
    for path in sorted(folder.rglob("*.dcm")):
        ds = dcmread(path, stop_before_pixels=True)
        length = ds.file_meta.FileMetaInformationGroupLength
        found[str(ds.SOPInstanceUID)] = path.read_bytes()[132 + 12 + length :]
    return found
