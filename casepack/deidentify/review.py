"""The review sheet, and the decisions that come back from it with ``--approved FILE``.

``--crosswalk DIR`` writes ``DIR/review.csv`` and ``DIR/review.html``: a row for each distinct value
of each Attribute that was cleaned, and for each box of pixels that was covered. A person fills the
column ``decision`` of either (the page saves a CSV) and hands the CSV to the next run. One file
serves words and pixels alike. Its columns, found by their names in the first line:

========== ======================================================================================
decision   ``approve``: the result is right. ``reject``: it is not; a text goes by its Attribute's
           Type, an image is held. ``keep``: the original identifies nobody; it stays as it is.
           ``cover``: a box that a person adds. Empty: nobody has looked, and what casepack made of
           it stands.
instead    with ``approve``: the wording to write in place of the result (texts only)
kind       ``text`` or ``box``
place      of a text ``(0008,103E) Series Description``; of a box the original SOP Instance UID and
           the frame, ``1.2.3 frame 1``, or ``series`` and the original Series Instance UID
original   of a text the value; of a box ``left,top,right,bottom`` in pixels, ends excluded
result     of a text what was written; of a box ``covered``, or ``held`` for an image that is said
           to hold text which was not found
removed    why something went: kinds of `descriptors.Kind`, or what saw the box
unknown    words of it that no list knows
id         by which a decision finds its row again; spreadsheets may spoil every other column
========== ======================================================================================

``approve`` holds for the result that was seen: if the next run makes another one, the row counts as
undecided. ``reject`` and ``keep`` hold for the original, whatever is made of it.

A box is added by drawing it on a picture of the page, which makes a row without an id that one may
also write oneself: ``decision`` cover, ``kind`` box, ``place`` an
original SOP Instance UID with or without a frame, or ``series`` with the Series Number or UID, or
``all``; ``original`` the box in pixels, or a region of the patient in millimetres (LPS),
``x1,y1,z1,x2,y2,z2 mm``. With ``series`` a region in millimetres is covered in every series of its
Frame of Reference: it is the same anatomy.

Separators may be commas or semicolons; rows may be left out, and columns other than ``id`` and
``decision``, too. The sheet holds what the patient's headers said: it never goes into a result.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from casepack.errors import ReviewError
from casepack.model import Edges

if TYPE_CHECKING:
    from casepack.lesion import Point

COLUMNS: Final = (
    "decision",
    "instead",
    "kind",
    "place",
    "original",
    "result",
    "removed",
    "unknown",
    "id",
)
_SEPARATORS: Final = (",", ";", "\t")
_MOST_BYTES: Final = 256 << 20
_DIGEST: Final = 20
_NUMBER: Final = r"\s*-?[0-9]{1,6}(?:\.[0-9]{1,6})?\s*"
_BOX: Final = re.compile(rf"({_NUMBER}(?:,{_NUMBER}){{3,5}})(mm)?")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "'")
"""A cell that begins so may be carried out by a spreadsheet; an apostrophe makes it text."""


class RowKind(StrEnum):
    """What a row is about."""

    TEXT = "text"
    BOX = "box"


class Decision(StrEnum):
    """What a person decided."""

    APPROVE = "approve"
    REJECT = "reject"
    KEEP = "keep"
    COVER = "cover"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ReviewRow:
    """A distinct value of an Attribute, or a box of pixels, and what was made of it."""

    kind: RowKind
    place: str = field(repr=False)
    original: str = field(repr=False)
    result: str = field(repr=False)
    removed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = field(repr=False, default=())
    marks: tuple[tuple[int, int], ...] = ()
    """Of a text: start and end of what went from the original, for the page."""
    picture: str = ""
    """Of a box: path of a picture for the page, below the folder of the sheet."""
    reads: str = field(repr=False, default="")
    """Of a box: what it says, for the page alone."""
    decision: Decision | None = None
    instead: str = field(repr=False, default="")
    """Of a text: what a person had written in place of the result."""

    @property
    def identifier(self) -> str:
        """Digest of the original at its place, and of the result: ``r-...-...``."""
        return f"r-{_digest(self.kind, self.place, self.original)}-{_digest(self.result)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision, where in the file it stands, and what to write."""

    decision: Decision
    line: int
    instead: str = field(repr=False, default="")
    """With APPROVE: the wording to write; empty for that of casepack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedBox:
    """A box that a person adds: where, and in pixels or in millimetres in the patient."""

    place: str = field(repr=False)
    line: int
    pixels: Edges | None = None
    region: tuple[Point, Point] | None = None
    """Two opposite corners, mm, LPS."""

    @property
    def original(self) -> str:
        """What is covered, as the sheet holds it."""
        if self.region is None:
            return ",".join(map(str, self.pixels or ()))
        return ",".join(f"{number:.6f}" for point in self.region for number in point) + " mm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What a person decided on the rows of a review sheet; empty without ``--approved``."""

    digest: str = ""
    """SHA-256 of the file: results depend on it."""
    file: str = field(repr=False, default="")
    by_original: Mapping[str, Decided] = field(repr=False, default_factory=dict)
    by_result: Mapping[str, Decided] = field(repr=False, default_factory=dict)
    added: tuple[AddedBox, ...] = field(repr=False, default=())

    def find(self, kind: RowKind, place: str, original: str, result: str) -> Decided | None:
        """Return what was decided on a row; None if nobody looked at this result of it."""
        if not self.digest:
            return None
        first = _digest(kind, place, original)
        decided = self.by_original.get(first)
        return decided or self.by_result.get(f"{first}-{_digest(result)}")

    def place(self, decided: Decided) -> str:
        """Return ``file:line`` of a decision, for messages."""
        return f"{self.file}:{decided.line}"


NO_DECISIONS: Final = Decisions()


def _digest(*parts: str) -> str:
    text = "\x00".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:_DIGEST]


def draw_review_csv(rows: Iterable[ReviewRow]) -> str:
    """Return the sheet as CSV (RFC 4180), sorted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in sort_rows(rows):
        cells = (
            row.decision.value if row.decision else "",
            row.instead,
            row.kind.value,
            row.place,
            row.original,
            row.result,
            " ".join(row.removed),
            " ".join(row.unknown),
            row.identifier,
        )
        writer.writerow([_as_text(cell) for cell in cells])
    return text.getvalue()


def sort_rows(rows: Iterable[ReviewRow]) -> list[ReviewRow]:
    """Return rows as every sheet shows them: texts by Attribute and value, then boxes."""
    return sorted(rows, key=_order)


def _order(row: ReviewRow) -> tuple[str, str, str, str]:
    kind = "0" if row.kind is RowKind.TEXT else "1"
    return kind, row.place, row.original, row.result


def _as_text(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def read_decisions(path: Path) -> Decisions:
    """Read the decisions of a review sheet.

    Raises
    ------
    ReviewError
        The file cannot be read, is no review sheet, holds a decision that is none, or decides one
        row twice in different ways; names file and line.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ReviewError("is too large for a review sheet", place=path.name)
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise ReviewError(
            "cannot be read as CSV in UTF-8",
            place=path.name,
            advice="Save it from the page review.html, or as “CSV UTF-8” from the spreadsheet.",
        ) from None
    by_original: dict[str, Decided] = {}
    by_result: dict[str, Decided] = {}
    added: list[AddedBox] = []
    for line, identifier, decided in _read_rows(text, path.name):
        if isinstance(decided, AddedBox):
            added.append(decided)
            continue
        first, _, second = identifier.removeprefix("r-").partition("-")
        if decided.decision is Decision.APPROVE:
            key, known = f"{first}-{second}", by_result
        else:
            key, known = first, by_original
        if known.setdefault(key, decided) != decided and not _agree(known[key], decided):
            raise ReviewError("decides a row a second time otherwise", place=f"{path.name}:{line}")
    digest = hashlib.sha256(data).hexdigest()
    return Decisions(
        digest=digest,
        file=path.name,
        by_original=by_original,
        by_result=by_result,
        added=tuple(added),
    )


def _agree(one: Decided, other: Decided) -> bool:
    return (one.decision, one.instead) == (other.decision, other.instead)


def _read_rows(text: str, file: str) -> Iterator[tuple[int, str, Decided | AddedBox]]:
    """Yield line, identifier and decision of each row that is decided, and the boxes added."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))
    try:
        head = {name.strip().lower(): place for place, name in enumerate(next(reader, []))}
        if not {"id", "decision"} <= head.keys():
            raise ReviewError(
                "is no review sheet: it needs the columns id and decision",
                place=file,
                advice="Take review.csv of the folder that --crosswalk names.",
            )
        for cells in reader:
            word = _cell(cells, head, "decision").strip().lower()
            if word:
                line = reader.line_num
                if word == Decision.COVER:
                    yield line, "", _read_added(cells, head, line, file)
                    continue
                decided = Decided(
                    decision=_read_decision(word, f"{file}:{line}"),
                    line=line,
                    instead=_cell(cells, head, "instead"),
                )
                yield line, _cell(cells, head, "id").strip(), decided
    except csv.Error:
        raise ReviewError("is not CSV", place=f"{file}:{reader.line_num}") from None


def _separator(text: str) -> str:
    """Return what parts the first line; spreadsheets write semicolons where commas are decimal."""
    first = text.partition("\n")[0]
    return max(_SEPARATORS, key=first.count)


def _cell(cells: list[str], head: Mapping[str, int], name: str) -> str:
    place = head.get(name)
    cell = cells[place] if place is not None and place < len(cells) else ""
    return cell.removeprefix("'") if cell.startswith("'") else cell


def _read_added(cells: list[str], head: Mapping[str, int], line: int, file: str) -> AddedBox:
    place = _cell(cells, head, "place").strip()
    found = _BOX.fullmatch(_cell(cells, head, "original").strip())
    numbers = tuple(float(number) for number in found[1].split(",")) if found else ()
    good = bool(place) and _cell(cells, head, "kind").strip().lower() == RowKind.BOX
    if found and found[2] and good and len(numbers) == 6:  # noqa: PLR2004  # two corners
        (x, y, z), (u, v, w) = numbers[:3], numbers[3:]
        return AddedBox(place=place, line=line, region=((x, y, z), (u, v, w)))
    if found and not found[2] and good and len(numbers) == 4:  # noqa: PLR2004  # edges
        left, top, right, bottom = (int(number) for number in numbers)
        if 0 <= left < right and 0 <= top < bottom:
            return AddedBox(place=place, line=line, pixels=(left, top, right, bottom))
    raise ReviewError(
        "does not say what is to be covered",
        place=f"{file}:{line}",
        advice="Write kind box, a place, and as original left,top,right,bottom in pixels or "
        "x1,y1,z1,x2,y2,z2 mm.",
    )


def _read_decision(word: str, place: str) -> Decision:
    try:
        return Decision(word)
    except ValueError:
        raise ReviewError(
            "the decision is none of approve, reject, keep, cover",
            place=place,
            advice="Leave it empty where nobody has decided.",
        ) from None
