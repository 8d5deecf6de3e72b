"""Large files are streamed, and what many files have in common is held once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from casepack.study import read_file_set
from casepack.verify.holdings import Holding, read_holdings
from casepack.verify.images.pairing import read_originals
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
from casepack.verify.images.pixels import digest_pixels
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


def size_of(holdings: Iterable[Holding]) -> int:
    """Bytes of what the elements hold, each counted once."""
    parts = {id(e): e for holding in holdings for e in holding.part_ten.elements}
    return sum(sys.getsizeof(one) + sys.getsizeof(one.value) for one in parts.values())


def test_of_many_originals_only_short_values_are_kept(tmp_path: Path) -> None:
    for number in range(1, 21):
        ds = mr_instance(instance=number)
        ds.add_new(0x00291010, "OB", bytes(range(250)) * 16 + bytes([number, 0]))
        write_instance(ds, tmp_path / f"{number:02d}.dcm")
    holdings = read_holdings(tmp_path)
    originals = read_originals(read_file_set(tmp_path))
    assert len(originals) == 20
    assert size_of(originals) < 3 * size_of(holdings.dicom[:1]), "what is compared is short"
    assert holdings.claimed is holdings.claimed, "worked out once, not once a file"
