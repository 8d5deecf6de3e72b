"""`casepack sample`: the synthetic case."""

from __future__ import annotations

from pathlib import Path

from casepack.model import Progress, no_progress
from casepack.work_folder import publish, work_folder


def make_sample(
    out: Path, *, seed: int, slices: int, size: int, progress: Progress = no_progress
) -> None:
    """Write the synthetic sample case as `out`, whole or not at all."""
    from casepack.sample import write_sample

    with work_folder(out) as target:
        write_sample(target, seed=seed, slices=slices, size=size, progress=progress)
        publish(target, out)
