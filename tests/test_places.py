"""Where a study comes from and a package goes: other machines' settings, strange and bad places."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from casepack.deidentify.key_file import write_new_key
from casepack.errors import TargetError
from casepack.package.pictures import previews
from casepack.pipeline import Settings, make_sample, pack_study
from tests.test_pipeline import digest_of, write_patient

SETTINGS = Settings(recipe="publication")
LONG = "n" * 180


def pack_elsewhere(study: Path, out: Path, *options: str, **environment: str) -> None:
    """Run the program with a folder, time zone, language, hash seed and temp of its own."""
    temp = out.parent / "temp"
    temp.mkdir(parents=True)
    command = [sys.executable, "-P", "-m", "casepack", "pack", str(study), str(out), *options]
    place = os.environ | {"TMPDIR": str(temp), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        command, check=False, capture_output=True, cwd=temp, env=place | environment, umask=0o027
    )
    assert done.returncode in {0, 3}, done.stderr.decode()


def test_two_machines_make_the_same_bytes(tmp_path: Path) -> None:
    make_sample(tmp_path / "a", seed=1, slices=3, size=64)
    make_sample(tmp_path / "b" / "Zweite Kopie \u810a\u9ad3", seed=1, slices=3, size=64)
    write_new_key(tmp_path / "key")
    options = ("--key-file", str(tmp_path / "key"), "--case")
    one, other = tmp_path / "one" / "iscm-0001", tmp_path / "other" / "place" / "iscm-0001"
    sample = tmp_path / "a"
    pack_elsewhere(sample / "study", one, *options, str(sample / "case.yaml"), TZ="UTC")
    sample = tmp_path / "b" / "Zweite Kopie \u810a\u9ad3"
    pack_elsewhere(
        sample / "study",
        other,
        *options,
        str(sample / "case.yaml"),
        *("--workers", "3"),
        TZ="Pacific/Kiritimati",
        LC_ALL="C",
        LANG="tr_TR.UTF-8",
        PYTHONHASHSEED="7",
        PYTHONUTF8="0",
    )
    assert digest_of(one) == digest_of(other)


def test_names_beyond_ascii_and_very_long_paths_are_places_like_any_other(tmp_path: Path) -> None:
    study = write_patient(tmp_path.joinpath(*[f"\u00c9tude \u810a\u9ad3 {LONG}"] * 3, "in"))
    out = tmp_path.joinpath(*["R\u00e9sultat \u00fc"] * 20, LONG)
    assert len(os.fsencode(study)) > 600
    pack_study(study, out, SETTINGS)
    assert (out / "data" / "index.html").is_file()


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (lambda root: root / ("n" * 300), "too long"),
        (lambda root: root.joinpath(*[LONG] * 40), "too long"),
        (lambda root: root / "file" / "out", "cannot be written"),
        # read-only for everyone, even for root
        (lambda _: Path("/proc/casepack-out"), "cannot be written"),
    ],
    ids=["a long name", "a long path", "below a file", "read-only"],
)
def test_a_place_that_cannot_be_written_is_a_clear_error_and_nothing_is_left(
    tmp_path: Path, place: Callable[[Path], Path], message: str
) -> None:
    study = write_patient(tmp_path / "study")
    (tmp_path / "file").write_text("mine", "utf-8")
    with pytest.raises(TargetError, match=message) as caught:
        pack_study(study, place(tmp_path), SETTINGS)
    assert caught.value.advice
    assert caught.value.__suppress_context__
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "study"]


@pytest.mark.parametrize("count", [3, 40], ids=["drawn here", "drawn by workers"])
def test_a_disk_that_fills_up_while_pictures_are_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    study = write_patient(tmp_path / "study", count)
    monkeypatch.setattr(previews, "_write_image", fail)
    with pytest.raises(TargetError, match="disk is full"):
        pack_study(study, tmp_path / "out", Settings(recipe="publication", workers=2))
    assert [path.name for path in tmp_path.iterdir()] == ["study"]
