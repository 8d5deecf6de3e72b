"""Pixels looked at before files are de-identified: what is seen, decided, and told afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from casepack.deidentify.instance import Placed
from casepack.deidentify.journal import Journal
from casepack.deidentify.plan import carried_out
from casepack.deidentify.review import Decisions
from casepack.model import FileSet, Option, PixelRecord, Progress
from casepack.recipe import Recipe

if TYPE_CHECKING:
    from casepack.deidentify.pixels.faces import FaceVerdict
    from casepack.deidentify.pixels.looks import Look, Seen
    from casepack.deidentify.pixels.pictures import PixelReview


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was seen in the pixels of a file set, and what is to be done with each image."""

    file_set: FileSet = field(repr=False)
    seen: Mapping[int, Seen] = field(repr=False)
    """By the number of the instance."""
    looks: Mapping[Path, Look] = field(repr=False)
    faces: Mapping[Path, FaceVerdict] = field(repr=False)

    @property
    def covered(self) -> Mapping[str, str]:
        """Original SOP Instance UIDs of images whose pixels change, with what tells them apart."""
        return {
            instance.sop_instance_uid: digest
            for instance in self.file_set.instances
            if (digest := self.looks[instance.path].digest)
        }

    def record(self, placed: Mapping[int, Placed]) -> PixelRecord:
        """Return what was done, by the images that were written."""
        looks = self.looks.values()
        faces = [str(look.face) for look in looks if look.examined and look.face is not None]
        return PixelRecord(
            examined=sum(look.examined and look.reason is None for look in looks),
            doubtful=sum(bool(one.doubtful) for one in self.seen.values()),
            kept=sum(look.stays and look.reason is None for look in looks),
            changes=tuple(
                (done.instance.sop_instance_uid, done.change)
                for _number, done in sorted(placed.items())
                if done.change is not None
            ),
            faces=tuple(sorted(Counter(faces).items())) if faces else None,
        )

    def review(self, placed: Mapping[int, Placed], decisions: Decisions) -> PixelReview:
        """Return what a person is shown."""
        from casepack.deidentify.pixels.pictures import PixelReview  # noqa: PLC0415  # as below
        from casepack.deidentify.pixels.reviewed import list_candidates  # noqa: PLC0415

        return PixelReview(
            file_set=self.file_set,
            candidates=list_candidates(self.file_set, self.seen),
            covered={n: dict(done.change.boxes) for n, done in placed.items() if done.change},
            sizes={n: (one.rows, one.columns) for n, one in self.seen.items()},
            decisions=decisions,
        )


def look_at_pixels(
    file_set: FileSet,
    recipe: Recipe,
    root: Path,
    *,
    workers: int,
    journal: Journal | None,
    decisions: Decisions,
    progress: Progress,
) -> Looked | None:
    """Look at every frame of every image; None where the recipe does not ask for it.

    Parameters
    ----------
    root
        Where the journal lies; what it says was seen is not looked at again.
    decisions
        What a person decided on boxes.

    Raises
    ------
    ReviewError
        A decision is about what is not there.
    """
    if Option.CLEAN_PIXEL_DATA not in carried_out(recipe.options):
        return None
    # only a run that looks at pixels waits for numpy
    from casepack.deidentify.pixels.examine import (  # noqa: PLC0415
        examine_instances,
        settle_looks,
    )
    from casepack.deidentify.pixels.reviewed import decide  # noqa: PLC0415

    instances = file_set.instances
    seen = journal.read_seen(root, instances) if journal is not None else {}
    left = [entry for entry in enumerate(instances) if entry[0] not in seen]
    for found in examine_instances(left, recipe.filters, workers):
        if journal is not None:
            journal.append_seen(root, found, instances)
        seen.update(found)
        progress("look at pixels", len(seen), len(instances))
    looks: Mapping[Path, Look] = settle_looks(file_set, decide(file_set, seen, decisions))
    faces: Mapping[Path, FaceVerdict] = {}
    if recipe.faces is not None:
        from casepack.deidentify.pixels.faces import add_faces, assess_faces  # noqa: PLC0415

        faces = assess_faces(file_set, recipe.faces)
        looks = add_faces(looks, faces)
    return Looked(file_set=file_set, seen=seen, looks=looks, faces=faces)
