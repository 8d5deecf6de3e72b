"""Writing the sample case: studies with DICOMDIR, case file, lesion drawings, answer key."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from casepack.errors import TargetError, UsageError
from casepack.model import Progress, no_progress
from casepack.sample.acquisition import acquire, render, sequence_name
from casepack.sample.answers import answer_key
from casepack.sample.capture import secondary_capture
from casepack.sample.directory import write_directory
from casepack.sample.drawing import lesion_drawings
from casepack.sample.geometry import axial_spacing, plan_slices
from casepack.sample.header import SeriesPlan, image_header, series_header
from casepack.sample.identifiers import Identity
from casepack.sample.lesion import LESIONS
from casepack.sample.planting import (
    add_overlay,
    file_meta,
    plant,
    preamble,
    trailing_padding,
    write_letter,
)
from casepack.sample.texture import Textures, build_textures
from casepack.sample.tissue import read_parameters, signal_table
from casepack.shipped import shipped_folder

STUDIES = (1, 2)
SMALLEST_SIZE = 32
_WINDOWS = {1: 0.9, 2: 0.75, 3: 0.98, 4: 0.95, 5: 0.95}
"""Window Width as a part of 1500; the center is half of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An image that was written: its Data Set without pixels, and its path below the study."""

    study: int
    series: int
    number: int
    ds: Dataset
    path: Path


def write_sample(
    out: Path, *, seed: int = 1, slices: int = 15, size: int = 320, progress: Progress = no_progress
) -> None:
    """Write the synthetic sample case.

    Parameters
    ----------
    out
        Folder to make: ``study/`` with two identified studies and their DICOMDIR, ``case.yaml``,
        ``lesions.json`` and ``planted.json``. It may exist if it is empty.
    seed
        Noise, tissue texture and UIDs follow from it.
    slices
        Images of each sagittal series, at least 1.
    size
        Rows and Columns, at least 32.

    Raises
    ------
    UsageError
        `slices` or `size` is too small.
    TargetError
        `out` holds files already, or cannot be written.
    """
    if slices < 1 or size < SMALLEST_SIZE:
        raise UsageError(
            f"the sample needs at least 1 slice of {SMALLEST_SIZE} rows",
            advice="Give larger numbers, or none for 15 slices of 320 rows.",
        )
    try:
        if out.exists() and any(out.iterdir()):
            raise TargetError("OUT is not empty", advice="Name a folder that does not exist yet.")
        _write(out, seed, slices, size, progress)
    except OSError:
        raise TargetError(
            "OUT cannot be written", advice="Check its place and free space."
        ) from None


def _write(out: Path, seed: int, slices: int, size: int, progress: Progress) -> None:
    study = out / "study"
    study.mkdir(parents=True)
    plans = {number: plan_study(seed, number, slices, size) for number in STUDIES}
    total = sum(len(plan.planes) for group in plans.values() for plan in group)
    textures = build_textures(seed)
    files: list[Written] = []
    for number, group in plans.items():
        for written in _write_study(study, number, group, textures):
            files.append(written)
            progress("sample", min(len(files), total), total)
    first = Identity(seed=seed, study=1)
    write_directory(
        study / "DICOMDIR",
        [(file.ds, file.path) for file in files],
        first.uid("directory"),
        file_meta(files[0].ds, first),
    )
    write_letter(study / "README.TXT", first)
    planes = {
        (n, plan.sequence.number): plan.planes for n, group in plans.items() for plan in group
    }
    shutil.copyfile(shipped_folder("samples") / "case.yaml", out / "case.yaml")
    _write_json(out / "lesions.json", lesion_drawings(planes))
    _write_json(
        out / "planted.json",
        answer_key(seed, [(f.study, f.series, f.number, f.path, f.ds) for f in files]),
    )


def plan_study(seed: int, study: int, slices: int, size: int) -> tuple[SeriesPlan, ...]:
    """Return the series of a study in the order in which they were taken."""
    identity = Identity(seed=seed, study=study)
    hours, minutes, seconds = (int(identity.word("time")[at : at + 2]) for at in (0, 2, 4))
    start = hours * 3600.0 + minutes * 60 + seconds + 41.25
    plans = []
    for name in ("localizer", "sagittal_t1", "sagittal_t2", "axial_t2", "sagittal_t1_gd"):
        sequence = read_parameters().sequences[name]
        planes = plan_slices(sequence, study, slices=slices, size=size, lesion=LESIONS[study - 1])
        width = round(1500 * _WINDOWS[sequence.number])
        spacing = axial_spacing(sequence, slices) if sequence.number == 4 else sequence.spacing
        start += 310.0 if sequence.contrast else 22.5
        plans.append(
            SeriesPlan(
                identity=identity,
                sequence=sequence,
                planes=planes,
                spacing=spacing,
                start=start,
                window=(width // 2, width),
            )
        )
        start += sequence.seconds
    return tuple(plans)


def _write_study(
    root: Path, study: int, plans: tuple[SeriesPlan, ...], textures: Textures
) -> Iterator[Written]:
    localizer, t1, t2, axial, t1_gd = plans
    random = np.random.default_rng([localizer.identity.seed, study])
    for group in ((localizer,), (t1, t2, t1_gd), (axial,)):
        # Series with the same planes are painted at once: they differ in signal only.
        signals = signal_table(tuple(sequence_name(plan.sequence) for plan in group))
        shared = [_shared(plan) for plan in group]
        planes = group[0].planes
        for number, plane in enumerate(planes, 1):
            channels = render(plane, group[0].sequence.thickness, study, signals, textures)
            for place, plan in enumerate(group):
                both = channels[2 * place : 2 * place + 2]
                pixels = acquire(both, plane, plan.sequence, study, random)
                ds = image_header(plan, shared[place], number, pixels, localizer)
                if plan is t1:
                    add_overlay(ds, plan.identity)
                yield _save(root, study, plan, number, ds)
                if study == 1 and plan is t1_gd and number == len(planes) // 2 + 1:
                    yield _save(root, study, plan, 1, secondary_capture(plan, ds, pixels))


def _shared(plan: SeriesPlan) -> Dataset:
    ds = series_header(plan)
    plant(ds, plan.identity, plan.sequence.number)
    return ds


def _save(root: Path, study: int, plan: SeriesPlan, number: int, ds: Dataset) -> Written:
    series = int(ds.SeriesNumber)
    path = Path("DICOM", "BRONDAL", f"ST{study:06d}", f"SE{series:06d}", f"IM{number:06d}")
    ds.add_new(0xFFFCFFFC, "OB", trailing_padding(plan.identity))
    ds.file_meta = file_meta(ds, plan.identity)
    ds.preamble = preamble(plan.identity)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(root / path, enforce_file_format=True)
    del ds.PixelData
    return Written(study=study, series=series, number=number, ds=ds, path=path)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
