"""Small studies for batches, and what to compare of their results."""

from __future__ import annotations

import hashlib
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from casepack.batch.run import Workers
from tests.builders import mr_instance, write_instance

NAMES = ("Quillfeather^Amaranth", "Thistlewick^Benedikt", "Oxenstierna^Cunegonde")


def write_study(folder: Path, *, patient: int = 1, count: int = 2, **attributes: Any) -> Path:
    """Write a study of a patient; patients have studies, series and instances of their own."""
    uid = f"1.2.826.0.1.3680043.10.8888.{patient}"
    for number in range(1, count + 1):
        identity = {
            "PatientName": NAMES[patient % len(NAMES)],
            "PatientID": f"QF-{558213 + patient}",
            "StudyInstanceUID": uid,
            "SeriesInstanceUID": f"{uid}.1",
            "SOPInstanceUID": f"{uid}.1.{number}",
            "FrameOfReferenceUID": f"{uid}.9",
        }
        ds = mr_instance(instance=number, **{**identity, **attributes})
        write_instance(ds, folder / f"IM{number:04d}.dcm")
    return folder


def write_studies(root: Path, count: int, *, instances: int = 2) -> Path:
    """Write a folder of studies of as many patients, each folder named for its patient."""
    for patient in range(1, count + 1):
        name = NAMES[patient % len(NAMES)].replace("^", "_")
        write_study(root / f"{name}-{patient:03d}", patient=patient, count=instances)
    return root


def digest_of(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder, hidden ones too."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class Here(Executor):
    """Runs each call at once in this process."""

    def submit(self, fn, /, *args, **kwargs):
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001  # as an executor does
            future.set_exception(error)
        return future


def here(executor: Executor | None = None) -> Workers:
    return Workers(executor=executor or Here(), width=lambda: 1, kill=lambda: None)
