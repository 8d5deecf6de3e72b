"""What the reviewer sees of faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from casepack.deidentify.pixels.face_sheets import write_face_sheets
from casepack.deidentify.pixels.faces import FaceVerdict, assess_faces
from casepack.deidentify.pixels.relief import draw_relief
from casepack.model import FileSet
from casepack.recipe import FaceRule
from casepack.study import read_file_set
from tests.deidentify.pixels.head_phantom import write_head_study, write_series


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> tuple[FileSet, dict[Path, FaceVerdict]]:
    file_set = read_file_set(write_head_study(tmp_path_factory.mktemp("head") / "study"))
    return file_set, assess_faces(file_set, FaceRule())


def test_each_series_with_a_face_is_shown_before_and_after(
    head: tuple[FileSet, dict[Path, FaceVerdict]], tmp_path: Path
) -> None:
    page, *pictures = write_face_sheets(tmp_path / "faces", *head)

    text = page.read_text(encoding="utf-8")
    for number in (1, 2, 3):
        assert f"Series {number}, section" in text
    assert "relief" in text
    assert all(f'src="{picture.name}"' in text for picture in pictures)
    assert {path.stat().st_mode & 0o777 for path in (page, *pictures)} == {0o600}
    assert (tmp_path / "faces").stat().st_mode & 0o777 == 0o700


def test_the_pictures_differ_where_the_face_was(
    head: tuple[FileSet, dict[Path, FaceVerdict]], tmp_path: Path
) -> None:
    _page, *pictures = write_face_sheets(tmp_path / "faces", *head)

    for path in pictures:
        shown = np.asarray(Image.open(path).convert("L"), dtype=int)
        half = (shown.shape[1] - 8) // 2
        changed = np.abs(shown[:, :half] - shown[:, -half:]) > 30
        # above, not below
        assert changed[: len(changed) // 2].mean() > 0.02
        assert changed[-len(changed) // 8 :].mean() < 0.05


def test_nothing_is_written_where_no_face_was_removed(tmp_path: Path) -> None:
    write_series(tmp_path, "sagittal", number=1, offsets=(0,), centre=(0, 0, -200))
    file_set = read_file_set(tmp_path)

    written = write_face_sheets(tmp_path / "faces", file_set, assess_faces(file_set, FaceRule()))

    assert written == ()
    assert not (tmp_path / "faces").exists()


def test_the_relief_shows_what_stands_out_and_leaves_the_unknown_black() -> None:
    x, z = np.meshgrid(np.arange(0, 100, 2.0), np.arange(0, 100, 2.0))
    ball = np.where(np.hypot(x - 50, z - 50) < 30, -30.0, 0.0)
    points = np.stack((x, ball, z), axis=-1).reshape(-1, 3)

    flat = draw_relief(np.stack((x, 0 * x, z), axis=-1).reshape(-1, 3), points)
    shown = draw_relief(points)

    assert shown.shape == flat.shape
    assert len(np.unique(flat)) == 2
    assert len(np.unique(shown)) > 4
    assert not shown[:4].any()


def test_a_relief_of_nothing_is_black() -> None:
    assert not draw_relief(np.empty((0, 3))).any()
