"""What is searched is streamed: a file fifty times as large takes no more memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from tests.builders import mr_instance, write_instance

SMALL, LARGE = 3 << 20, 150 << 20
NAME = b"Amaranth^Quillfeather"
MOST = 24 << 20
"""Bytes: far less than the file, and more than what one start differs from another."""

PROGRAM = """
import sys
from pathlib import Path
from casepack.verify import Identifier, Identifiers, Kind, search_identifiers
from casepack.verify.holdings import read_holdings
from casepack.verify.pixels import digest_pixels
from tests.memory import peak_bytes

name = Identifier(kind=Kind.PATIENT_NAME, value="Quillfeather^Amaranth", distinctive=True)
root = Path(sys.argv[1])
found = search_identifiers(root, Identifiers(values=(name,)))
assert all(map(digest_pixels, read_holdings(root).dicom))
print(len(found), peak_bytes())
"""


def sparse_text(folder: Path, size: int) -> None:
    """Zero bytes, of which the file system keeps none, and a name behind them."""
    with (folder / "notes.bin").open("wb") as file:
        file.truncate(size)
        file.seek(size)
        file.write(b" " + NAME + b" ")


def sparse_image(folder: Path, size: int) -> None:
    """Pixel Data of zero bytes, with a name at their end."""
    ds: Dataset = mr_instance()
    path = write_instance(ds, folder / "1.dcm")
    data = path.read_bytes()
    at = data.index(b"\xe0\x7f\x10\x00OW\x00\x00") + 12
    with path.open("wb") as file:
        file.write(data[: at - 4] + size.to_bytes(4, "little"))
        file.truncate(at + size)
        file.seek(at + size - len(NAME) - 7)
        file.write(NAME)


@pytest.mark.skipif(sys.platform != "linux", reason="counts the resident set as Linux does")
@pytest.mark.parametrize("write", [sparse_text, sparse_image])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, write: object) -> None:
    assert callable(write)
    peaks = []
    for size in (SMALL, LARGE):
        folder = tmp_path / str(size)
        folder.mkdir()
        write(folder, size)
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(folder)],
            capture_output=True,
            check=True,
            text=True,
        )
        count, peak = map(int, done.stdout.split())
        assert count == 1
        peaks.append(peak)
    assert peaks[1] - peaks[0] < MOST
