"""What is measured: casepack's detector, and other programs beside it, each as its makers use it.

A finder takes the stored values of a frame and returns the pixels that it would cover.
"""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from casepack.deidentify.pixels.boxes import Mask, mask_of
from casepack.deidentify.pixels.detect import find_text

Finder = Callable[[np.ndarray], Mask]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A program that is not measured, and why."""

    reason: str


def finders() -> dict[str, Finder | Missing]:
    """Return what is measured, by name."""
    return {
        "casepack": find_with_casepack,
        "Tesseract as presidio calls it, every word covered": (
            find_with_tesseract
            if shutil.which("tesseract")
            else Missing(reason="install the Debian package tesseract-ocr")
        ),
        "deid's DicomCleaner": find_with_deid,
    }


def find_with_casepack(values: np.ndarray) -> Mask:
    """Cover what `find_text` finds in the frame alone."""
    (boxes,) = find_text(values[None])
    return mask_of(boxes, *values.shape)


_PADDING = 25


def find_with_tesseract(values: np.ndarray) -> Mask:
    """Cover every word that Tesseract reads: the most that presidio-image-redactor could cover.

    As its `DicomImageRedactorEngine` 0.0.62 does: inverted, stretched to eight bits, padded by 25
    pixels of the most common value, Tesseract with its defaults. What presidio covers of it is what
    its recognisers then take for a name or a number, which is less.
    """
    span = max(1, int(values.max()) - int(values.min()))
    eight = np.uint8((values.max() - values) / span * 255.0)
    common = int(np.bincount(eight.ravel()).argmax())
    padded = np.pad(eight, _PADDING, constant_values=common)
    picture = io.BytesIO()
    Image.fromarray(padded).save(picture, "PNG")
    done = subprocess.run(
        ["tesseract", "stdin", "stdout", "tsv"],
        input=picture.getvalue(),
        capture_output=True,
        check=True,
        env={"OMP_THREAD_LIMIT": "1", "PATH": "/usr/bin:/bin"},
    )
    mask = np.zeros(values.shape, dtype=np.bool_)
    rows = csv.DictReader(io.StringIO(done.stdout.decode()), delimiter="\t", quoting=csv.QUOTE_NONE)
    for row in rows:
        if (row["text"] or "").strip():
            left, top = int(row["left"]) - _PADDING, int(row["top"]) - _PADDING
            right, bottom = left + int(row["width"]), top + int(row["height"])
            mask[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = True
    return mask


def find_with_deid(values: np.ndarray) -> Mask:
    """Cover what deid's `DicomCleaner` covers in an MR image with these values, by its header."""
    from deid.dicom import DicomCleaner  # slow to import
    from deid.logger import bot

    bot.level = -10
    # never the value that it covers with
    stored = (values - int(values.min()) + 1).astype("<u2")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frame.dcm"
        _image(stored).save_as(path, enforce_file_format=True)
        cleaner = DicomCleaner(output_folder=folder)
        cleaner.detect(str(path))
        cleaned = cleaner.clean()
    changed: Mask = np.asarray(cleaned).reshape(stored.shape) != stored
    return changed


def _image(values: np.ndarray) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID = MRImageStorage, "1.2.826.0.1.3680043.8.498.8"
    ds.Modality, ds.Manufacturer, ds.ImageType = "MR", "SIEMENS", ["ORIGINAL", "PRIMARY", "M"]
    ds.Rows, ds.Columns = values.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.PixelData = values.tobytes()
    return ds
