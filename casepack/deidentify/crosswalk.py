"""The crosswalk: what links the result to the patient, in files that nobody else can read.

The columns of the mappings are those that the scorer of the MIDI-B challenge reads.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from casepack.deidentify.private_files import open_private
from casepack.deidentify.review import ReviewRow, draw_review_csv
from casepack.errors import UsageError
from casepack.model import FileSet, Unused

if TYPE_CHECKING:
    from casepack.deidentify.pixels.faces import FaceVerdict
    from casepack.deidentify.pixels.pictures import PixelReview
    from casepack.deidentify.review_page import Canvas

_UID_MAPPING: Final = "uid_mapping.csv"
_COLUMNS: Final = 2
_UID: Final = re.compile(r"[0-9.]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crosswalk:
    """What links the result to the patient: kept apart from it, or not kept at all."""

    uids: dict[str, str] = field(repr=False)
    patient_id_old: str = field(repr=False)
    patient_id_new: str
    days_into_the_past: int = field(repr=False)
    unused: tuple[Unused, ...] = field(repr=False)
    review: tuple[ReviewRow, ...] = field(repr=False, default=())
    """Texts for a person to decide on."""
    pixels: PixelReview | None = field(repr=False, default=None)
    """Boxes for a person to decide on; None where pixels were not examined."""
    originals: FileSet | None = field(repr=False, default=None)
    """What was de-identified."""
    faces: Mapping[Path, FaceVerdict] = field(repr=False, default_factory=dict)
    """What was covered of faces, by original path."""


def read_uid_mapping(folder: Path) -> dict[str, str]:
    """Return the UIDs that an earlier run replaced, old to new.

    Raises
    ------
    UsageError
        The folder holds no mapping, or a line of it is none.
    """
    path = folder / _UID_MAPPING
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, ValueError, csv.Error):
        raise UsageError(
            f"the crosswalk folder holds no {_UID_MAPPING} that can be read",
            advice="Name the folder that casepack deid --crosswalk wrote.",
        ) from None
    uids: dict[str, str] = {}
    for number, row in enumerate(rows[1:], 2):
        if len(row) != _COLUMNS or not all(map(_UID.fullmatch, row)):
            raise UsageError(
                f"line {number} of {_UID_MAPPING} is not an old and a new UID",
                advice="Use the file as casepack deid --crosswalk wrote it.",
            )
        uids[row[0]] = row[1]
    return uids


def write_crosswalk(folder: Path, crosswalk: Crosswalk) -> None:
    """Write what links old and new, readable by nobody else."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    old_patient = crosswalk.patient_id_old.partition("\\")[0]
    held = [
        (str(item.path), item.sop_instance_uid, str(item.reason))
        for item in crosswalk.unused
        if item.reason.held
    ]
    tables: dict[str, tuple[Sequence[str], Sequence[Sequence[object]]]] = {
        _UID_MAPPING: (("id_old", "id_new"), sorted(crosswalk.uids.items())),
        "patid_mapping.csv": (
            ("id_old", "id_new"),
            [(old_patient, crosswalk.patient_id_new)],
        ),
        "date_shift.csv": (
            ("id_new", "days"),
            [(crosswalk.patient_id_new, -crosswalk.days_into_the_past)],
        ),
        "held.csv": (("path", "sop_instance_uid", "reason"), held),
        "unknown_words.csv": (("word", "values"), count_unknown_words(crosswalk.review)),
    }
    for name, (header, rows) in tables.items():
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        _write_private(folder / name, text.getvalue())
    # only who asks for a crosswalk waits for the page
    from casepack.deidentify.review_page import draw_review_page  # noqa: PLC0415

    boxes, canvases = _write_pictures(folder, crosswalk.pixels)
    sheet = (*crosswalk.review, *boxes)
    # the mark tells spreadsheets that it is UTF-8
    _write_private(folder / "review.csv", "\ufeff" + draw_review_csv(sheet))
    _write_private(folder / "review.html", draw_review_page(sheet, canvases))
    if crosswalk.originals is not None and any(one.boxes for one in crosswalk.faces.values()):
        # only who covers faces waits for numpy
        from casepack.deidentify.pixels.face_sheets import write_face_sheets  # noqa: PLC0415

        write_face_sheets(folder / "faces", crosswalk.originals, crosswalk.faces)


def _write_pictures(
    folder: Path, review: PixelReview | None
) -> tuple[tuple[ReviewRow, ...], tuple[Canvas, ...]]:
    if review is None:
        return (), ()
    # only who looked at pixels waits for numpy
    from casepack.deidentify.pixels.pictures import write_review  # noqa: PLC0415

    return write_review(folder, review)


def count_unknown_words(rows: Sequence[ReviewRow]) -> list[tuple[str, int]]:
    """Return the words that went because no list knows them, and of how many values.

    The most frequent come first: a site finds its protocol words there, and puts them into its
    recipe (``%values known_words``).
    """
    counts = Counter(word for row in rows for word in row.unknown)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _write_private(path: Path, text: str) -> None:
    with open_private(path) as file:
        file.write(text.encode())
