"""The same seed gives the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from casepack.sample import write_sample
from tests.sample.conftest import Sample


def content(root: Path) -> dict[str, bytes]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def test_the_same_seed_gives_the_same_bytes_in_another_process(
    sample: Sample, tmp_path: Path
) -> None:
    code = (
        "import sys; from pathlib import Path; from casepack.sample import write_sample;"
        "write_sample(Path(sys.argv[1]), slices=3, size=64)"
    )
    strange = {"PYTHONHASHSEED": "7", "TZ": "Pacific/Chatham", "LC_ALL": "C", "LANG": "C"}
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "again")], check=True, env=os.environ | strange
    )
    assert content(tmp_path / "again") == content(sample.out)


def test_another_seed_changes_pixels_and_uids_and_nothing_of_the_person(
    sample: Sample, tmp_path: Path
) -> None:
    write_sample(tmp_path / "other", seed=2, slices=3, size=64)
    other = Sample(tmp_path / "other")
    first, second = sample.series(1, 3)[1], other.series(1, 3)[1]
    assert first.PixelData != second.PixelData
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert first.StudyInstanceUID != second.StudyInstanceUID
    assert first.PatientName == second.PatientName
