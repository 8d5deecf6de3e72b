"""Which chunks of files are finished: what makes a run that was stopped go on where it was.

A line a chunk, written when all its files are. It holds keyed digests of the inputs, new
identifiers, reason codes and counts: nothing of the input, so it may lie beside the results. A
chunk counts as finished while each of its files has the path, size and modification time it had,
and while the same boxes are to be covered in all images: they decide on UIDs that others refer to.

Before them stand lines with what was seen in the pixels: places of text, and no text.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from casepack.deidentify.elements import Applied
from casepack.deidentify.instance import SOFTWARE, Placed, Totals
from casepack.deidentify.pixels.looks import Look, Seen, edges_of, seen_of
from casepack.deidentify.pseudonyms import Pseudonyms
from casepack.model import Action, Instance, PixelChange, Reason
from casepack.recipe import Recipe

if TYPE_CHECKING:
    from casepack.deidentify.cleaner import TextFate

JOURNAL: Final = "finished.jsonl"
_FORMAT: Final = "casepack-journal/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a chunk of files, by their number; crosses processes."""

    placed: dict[int, Placed]
    held: dict[int, Reason]
    totals: Totals
    fates: frozenset[TextFate] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """The finished chunks of the de-identification of one folder, noted beside its results."""

    source: Path = field(repr=False)
    """Folder of the originals."""
    recipe: Recipe
    pseudonyms: Pseudonyms
    decisions: str = ""
    """Digest of the review sheet whose decisions are carried out."""

    @property
    def _head(self) -> dict[str, str]:
        return {
            "format": _FORMAT,
            "software": SOFTWARE,
            "recipe": self.recipe.digest,
            "key": self.pseudonyms.code("journal", "key"),
            "decisions": self.decisions,
        }

    def digest(self, instance: Instance) -> str:
        """Return a keyed digest of what tells that a file has not changed."""
        status = instance.path.stat()
        name = instance.path.relative_to(self.source)
        text = f"{name}\x00{status.st_size}\x00{status.st_mtime_ns}"
        message = b"input\x00" + text.encode("utf-8", "surrogateescape")
        return hmac.digest(self.pseudonyms.key, message, hashlib.sha256).hex()

    def fits(self, root: Path) -> bool:
        """Tell whether a folder holds results of the same program, recipe and key."""
        try:
            with (root / JOURNAL).open(encoding="utf-8") as file:
                return bool(json.loads(file.readline()) == self._head)
        except (OSError, ValueError):
            return False

    def read_seen(self, root: Path, instances: Sequence[Instance]) -> dict[int, Seen]:
        """Return what was seen in the pixels of the files that are as they were."""
        root.mkdir(parents=True, exist_ok=True)
        if not self.fits(root):
            self._write(root, [])
        numbers = {self.digest(instance): number for number, instance in enumerate(instances)}
        return {
            numbers[digest]: seen_of(seen)
            for line in _read_lines(root)
            for digest, seen in line.get("seen", {}).items()
            if digest in numbers
        }

    def append_seen(
        self, root: Path, seen: Mapping[int, Seen], instances: Sequence[Instance]
    ) -> None:
        """Note what was seen in the pixels of a chunk of files."""
        digests = {self.digest(instances[number]): one.as_json() for number, one in seen.items()}
        self._append(root, {"seen": digests})

    def digest_looks(self, looks: Mapping[Path, Look] | None, instances: Sequence[Instance]) -> str:
        """Return a digest of what is to be done with pixels; empty where none are examined."""
        if looks is None:
            return ""
        changed = [
            (self.digest(instance), repr(look))
            for instance in instances
            if (look := looks[instance.path]).changes or look.reason or look.face
        ]
        return hashlib.sha256(repr(sorted(changed)).encode("ascii")).hexdigest()

    def read(self, root: Path, instances: Sequence[Instance], looks: str = "") -> list[Outcome]:
        """Return the outcomes of the chunks whose files are all as they were.

        Results that no such chunk accounts for are deleted, half-written ones among them.

        Parameters
        ----------
        looks
            From `digest_looks`.
        """
        numbers = {self.digest(instance): number for number, instance in enumerate(instances)}
        known = _read_lines(root)
        lines = [
            line
            for line in known
            if set(line.get("inputs", ["none"])) <= numbers.keys() and line["looks"] == looks
        ]
        outcomes = [_outcome(line, root, numbers) for line in lines]
        kept = {placed.instance.path for done in outcomes for placed in done.placed.values()}
        for path in root.rglob("*.dcm"):
            if path not in kept:
                path.unlink()
        root.mkdir(parents=True, exist_ok=True)
        self._write(root, [*(line for line in known if "seen" in line), *lines])
        return outcomes

    def _write(self, root: Path, lines: Sequence[Mapping[str, Any]]) -> None:
        text = "".join(json.dumps(line) + "\n" for line in (self._head, *lines))
        temporary = root / f"{JOURNAL}.new"
        temporary.write_text(text, encoding="utf-8")
        temporary.rename(root / JOURNAL)

    def _append(self, root: Path, line: Mapping[str, Any]) -> None:
        with (root / JOURNAL).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def append(
        self, root: Path, outcome: Outcome, instances: Sequence[Instance], looks: str = ""
    ) -> None:
        """Note that a chunk is finished."""
        placed = {
            self.digest(instances[number]): _describe(done, root)
            for number, done in outcome.placed.items()
        }
        held = {self.digest(instances[number]): done for number, done in outcome.held.items()}
        line = {
            "inputs": [*placed, *held],
            "looks": looks,
            "placed": placed,
            "held": held,
            "applied": [
                [sop_class, *applied, count]
                for (sop_class, applied), count in sorted(outcome.totals.applied.items())
            ],
            "texts": sorted(outcome.fates),
        }
        self._append(root, line)


def _read_lines(root: Path) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    if not (root / JOURNAL).is_file():
        return lines
    for text in (root / JOURNAL).read_text(encoding="utf-8").splitlines()[1:]:
        try:
            lines.append(json.loads(text))
        except ValueError:
            break  # the run was killed while it wrote this line
    return lines


def _describe(placed: Placed, root: Path) -> dict[str, Any]:
    description = asdict(placed)
    description["instance"]["path"] = placed.instance.path.relative_to(root).as_posix()
    return description


def _outcome(line: Mapping[str, Any], root: Path, numbers: Mapping[str, int]) -> Outcome:
    placed = {}
    for digest, description in line["placed"].items():
        instance = {**description["instance"], "path": root / description["instance"]["path"]}
        change = _change(description["change"]) if description["change"] else None
        new = {"instance": Instance(**instance), "change": change}
        placed[numbers[digest]] = Placed(**{**description, **new})
    applied = Counter(
        {
            (sop_class, Applied(tag, Action(action), source)): count
            for sop_class, tag, action, source, count in line["applied"]
        }
    )
    return Outcome(
        placed=placed,
        held={numbers[digest]: Reason(reason) for digest, reason in line["held"].items()},
        totals=Totals(applied=applied, uids={}),
        fates=_fates(line["texts"]),
    )


def _fates(texts: list[list[Any]]) -> frozenset[TextFate]:
    if not texts:
        return frozenset()
    # only who cleans waits for the words
    from casepack.deidentify.cleaner import TextFate  # noqa: PLC0415

    return frozenset(
        TextFate(text, changed, standing, tuple(unknown))
        for text, changed, standing, unknown in texts
    )


def _change(description: Mapping[str, Any]) -> PixelChange:
    boxes = tuple((frame, edges_of(found)) for frame, found in description["boxes"])
    return PixelChange(**{**description, "boxes": boxes})
