"""The studies that lesions are drawn on: which images a drawing may mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from casepack.annotate.geometry.planes import Plane, read_planes
from casepack.errors import CaseError
from casepack.lesion import ImageName
from casepack.model import Series, Study

NO_IMAGES = frozenset({"KO", "PR", "REG", "RTSTRUCT", "SEG", "SR"})
"""Modalities of objects that nothing is drawn on."""


class Drawing(Protocol):
    """What an outline and a mask share: where they were drawn, as far as it is known."""

    @property
    def time_point(self) -> int | None:
        """1 for the earliest study."""

    @property
    def series_number(self) -> int | None:
        """Series Number (0020,0011)."""

    @property
    def frame_of_reference_uid(self) -> str:
        """Frame of Reference UID, old or new."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shelf:
    """The studies, with the planes of the series read so far."""

    studies: tuple[Study, ...]
    uids: Mapping[str, str] = field(repr=False, default_factory=dict)
    """Original UID to new UID, for drawings made on the original study."""
    planes: dict[str, tuple[Plane, ...]] = field(default_factory=dict)

    def time_point(self, plane: Plane) -> int:
        """Return the time point of the study that holds a plane."""
        return next(
            number
            for number, study in enumerate(self.studies, 1)
            if any(
                series.series_instance_uid == plane.series_instance_uid for series in study.series
            )
        )

    def study_uid(self, plane: Plane) -> str:
        """Return the Study Instance UID of a plane."""
        return self.studies[self.time_point(plane) - 1].study_instance_uid

    def stack(self, plane: Plane) -> tuple[Plane, ...]:
        """Return all planes of a plane's series."""
        return self.planes[plane.series_instance_uid]

    def translate(self, uid: str) -> str:
        """Return the new UID of an original one, or the UID itself."""
        return self.uids.get(uid, uid)

    def find(self, drawing: Drawing, place: str) -> list[tuple[Plane, ...]]:
        """Return the planes of each series that a drawing may lie on.

        Raises
        ------
        CaseError
            There is no such time point or series, it has no images in the patient, or they are
            of another Frame of Reference.
        """
        found = [
            planes for series in self._series(drawing, place) if (planes := self._read(series))
        ]
        if not found:
            raise CaseError(
                "names a series without an image plane in the patient",
                place=f"{place}.series_number",
                advice="Name a series whose images have a position, orientation and spacing.",
            )
        if not drawing.frame_of_reference_uid:
            return found
        wanted = self.translate(drawing.frame_of_reference_uid)
        same = [
            kept
            for planes in found
            if (kept := tuple(each for each in planes if each.frame_of_reference_uid == wanted))
        ]
        if not same:
            raise CaseError(
                "was drawn in another Frame of Reference than that of the images",
                place=place,
                advice="Drawings made on the original study are carried over by casepack pack, "
                "which knows both; casepack annotate takes drawings on the de-identified study.",
            )
        return same

    def find_image(self, name: ImageName, drawing: Drawing, place: str) -> Plane:
        """Return the plane of a named image.

        Raises
        ------
        CaseError
            The studies do not hold it, or hold it twice.
        """
        uid = self.translate(name.sop_instance_uid)
        matching = [
            plane
            for planes in self.find(drawing, place)
            for plane in planes
            if plane.frame == name.frame
            and (plane.instance.sop_instance_uid == uid if uid else True)
            and name.instance_number in {None, plane.instance.number}
        ]
        if len(matching) != 1:
            raise CaseError(
                "names an image that the studies do not hold"
                if not matching
                else "names an image that the studies hold more than once",
                place=f"{place}.image",
                advice="Name one image by time_point, series_number, instance_number and frame.",
            )
        return matching[0]

    def _series(self, drawing: Drawing, place: str) -> Iterator[Series]:
        studies = self.studies
        if drawing.time_point is not None:
            if not 1 <= drawing.time_point <= len(self.studies):
                raise unknown_time_point(len(self.studies), f"{place}.time_point")
            studies = (self.studies[drawing.time_point - 1],)
        series = [series for study in studies for series in study.series]
        if drawing.series_number is None:
            yield from (each for each in series if each.modality not in NO_IMAGES)
            return
        named = [each for each in series if each.number == drawing.series_number]
        if not named:
            raise CaseError(
                "names a Series Number that the study of this time point does not have",
                place=f"{place}.series_number",
                advice="casepack inspect lists the series of each study.",
            )
        yield from named

    def _read(self, series: Series) -> tuple[Plane, ...]:
        if series.series_instance_uid not in self.planes:
            self.planes[series.series_instance_uid] = read_planes(series)
        return self.planes[series.series_instance_uid]


def unknown_time_point(count: int, place: str) -> CaseError:
    """Return the error of a time point without a study."""
    return CaseError(
        f"names a time point that does not exist; there are {count}",
        place=place,
        advice="Time points count the studies by date, from 1 for the earliest.",
    )


def two_time_points(place: str) -> CaseError:
    """Return the error of a drawing that fits more than one study."""
    return CaseError(
        "fits the images of more than one time point",
        place=place,
        advice="Name its time_point in a lesion file: "
        '"drawings": [{"file": ..., "time_point": 1, "series_number": ...}].',
    )
