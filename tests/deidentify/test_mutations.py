"""Ten thousand damaged files: each is de-identified or held, at once, and in little memory."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
from pathlib import Path

import pydicom
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from casepack.deidentify.pseudonyms import Pseudonyms
from casepack.deidentify.studies import deidentify_file_set
from casepack.errors import StudyError
from casepack.model import Reason
from casepack.recipe import read_recipe
from casepack.study import read_file_set
from tests.builders import mr_instance

MUTANTS = 10_000
BATCH = 500


def originals() -> list[bytes]:
    """Small MR images in four encodings, with nested Sequences and private elements."""
    found = []
    for syntax in (
        ExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ):
        ds = mr_instance(PatientName="Quillfeather^Amaranth", PatientID="QF-558213")
        ds.Rows = ds.Columns = 4
        ds.PixelData = bytes(32)
        ds["PixelData"].VR = "OW"
        inner = pydicom.Dataset()
        inner.CodeValue, inner.CodingSchemeDesignator = "T-D0146", "SRT"
        inner.CodeMeaning = "Spine of Quillfeather"
        outer = pydicom.Dataset()
        outer.RequestedProcedureDescription = "For Quillfeather"
        outer.ScheduledProtocolCodeSequence = [inner]
        ds.RequestAttributesSequence = [outer]
        ds.ProcedureCodeSequence = [inner]
        ds.private_block(0x0019, "SIEMENS MR HEADER", create=True).add_new(0x0C, "IS", "800")
        ds.file_meta.TransferSyntaxUID = syntax
        stream = pydicom.filebase.DicomBytesIO()
        pydicom.dcmwrite(stream, ds, enforce_file_format=True)
        found.append(stream.getvalue())
    return found


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Flip bits, cut, repeat, lie about a length, or nest a thousand Sequences."""
    mutant = bytearray(data)
    kind = dice.randrange(6)
    if kind == 0:
        for _ in range(dice.randint(1, 8)):
            mutant[dice.randrange(len(mutant))] ^= 1 << dice.randrange(8)
    elif kind == 1:
        del mutant[dice.randrange(len(mutant)) :]
    elif kind == 2:
        at, length = dice.randrange(len(mutant)), dice.randint(1, 200)
        mutant[at:at] = mutant[at : at + length]
    elif kind == 3:
        at = dice.randrange(132, len(mutant) - 4)
        mutant[at : at + 4] = struct.pack("<I", dice.choice([0xFFFFFFFF, 0xFFFFFFFE, 1 << 30, 0]))
    elif kind == 4:
        at, length = dice.randrange(132, len(mutant)), dice.randint(1, 60)
        mutant[at : at + length] = dice.randbytes(length)
    else:
        depth = dice.choice([10, 100, 1000])
        sequence = struct.pack("<HH2sHI", 0x0040, 0x0275, b"SQ", 0, 0xFFFFFFFF)
        item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
        mutant += (sequence + item) * depth
    return bytes(mutant)


def survive(folder: Path, seed: int, count: int) -> tuple[int, int]:
    """De-identify mutants one by one; return how many were done and how many were held."""
    dice = random.Random(seed)
    sources = originals()
    recipe, pseudonyms = read_recipe("publication"), Pseudonyms(key=b"k" * 32)
    done = held = 0
    for number in range(count):
        study = folder / str(number)
        study.mkdir(parents=True)
        (study / "mutant.dcm").write_bytes(mutate(dice.choice(sources), dice))
        out = folder / f"out{number}"
        try:
            result, _ = deidentify_file_set(read_file_set(study), recipe, pseudonyms, out)
        except StudyError:
            held += 1
            assert not list(out.rglob("*.dcm")), "no output for a file that was not understood"
            continue
        assert (Reason.NOT_UNDERSTOOD, 1) not in result.record.unused
        done += 1
    return done, held


def test_ten_thousand_mutants_are_done_or_held_in_time_and_memory(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from tests.deidentify.test_mutations import survive\n"
        "from tests.memory import peak_bytes\n"
        "done, held = survive(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))\n"
        "print(done, held, peak_bytes())"
    )
    done = held = 0
    for seed in range(MUTANTS // BATCH):
        run = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / str(seed)), str(seed), str(BATCH)],
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert run.returncode == 0, run.stderr[-2000:]
        counts = [int(word) for word in run.stdout.split()]
        done, held = done + counts[0], held + counts[1]
        assert counts[2] < 1 << 30, "peak memory in bytes"
    assert done + held == MUTANTS
    assert done > MUTANTS // 20
    assert held > MUTANTS // 4
