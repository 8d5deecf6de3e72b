"""Retrieving studies: list what there is, retrieve it, and count.

Files are named by number, from the PACS's own listing, so that a study has the same files whatever
the order in which they arrive. What is missing afterwards is asked for again, and then reported.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from casepack.errors import InstanceHeld, PacsError
from casepack.model import Progress, no_progress
from casepack.pacs.peer import PAUSES, Pause, Peer, UnansweredError, ask_again
from casepack.pacs.query import Answer, Query, is_answered, is_uid
from casepack.part_ten import open_part_ten

_SOP_INSTANCE_UID: Final = 0x00080018
_STUDY_INSTANCE_UID: Final = 0x0020000D


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedInstance:
    """An instance that the PACS says it has."""

    sop_instance_uid: str = field(repr=False)
    sop_class_uid: str
    name: str
    """Path of its file: ``ST0001/SE0001/IM000001.dcm``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSeries:
    """A series that the PACS says it has."""

    study: int
    """Number of the study, 1 for the earliest."""
    number: int
    """Number of the series in the listing, from 1."""
    modality: str
    study_instance_uid: str = field(repr=False)
    series_instance_uid: str = field(repr=False)
    instances: tuple[ListedInstance, ...]
    counted: int
    """Number of Series Related Instances (0020,1209), or 0 if the PACS does not tell."""

    @property
    def expected(self) -> int:
        """How many instances there are, by the list or by the count, whichever is more."""
        return max(len(self.instances), self.counted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What matches a query."""

    studies: int
    series: tuple[ListedSeries, ...]
    uncounted: int = 0
    """Instances that a PACS counts in a study, but lists in none of its series."""

    @property
    def expected(self) -> int:
        """How many instances there are."""
        return sum(one.expected for one in self.series) + self.uncounted


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """What was retrieved of a listing, series by series."""

    listing: Listing
    received: tuple[int, ...]
    """Instances of each series of the listing that are there and sound."""

    @property
    def count(self) -> int:
        """How many instances are there."""
        return sum(self.received)

    @property
    def is_complete(self) -> bool:
        """Whether all that the PACS lists or counts is there."""
        return self.count == self.listing.expected


def list_studies(peer: Peer, query: Query, *, pause: Pause = time.sleep) -> Listing:
    """Find the studies of a query, and what is in them.

    Raises
    ------
    PacsError
        There are none, they are several patients', or the answer is not to the question.
    """
    studies: dict[str, Answer] = {}
    for keys in query.matches():
        for answer in _find(lambda: peer.find_studies(keys), "StudyInstanceUID", pause):  # noqa: B023  # called at once
            if not is_answered(keys, answer):
                raise PacsError(
                    "the PACS answered with a study that was not asked for",
                    advice="It cannot search by this value: ask by Study Instance UID.",
                )
            studies[answer["StudyInstanceUID"]] = answer
    if not studies:
        raise PacsError(
            "the PACS has no study that matches", advice="Check the values of the query."
        )
    patients = {(one["PatientID"], one.get("IssuerOfPatientID", "")) for one in studies.values()}
    if len(patients) > 1:
        raise PacsError(
            f"the query matches studies of {len(patients)} patients",
            advice="Add patient_id, or ask by Study Instance UID: a case is one patient's.",
        )
    series: list[ListedSeries] = []
    uncounted = 0
    for number, study in enumerate(sorted(studies.values(), key=_by_time), 1):
        found = _list_series(peer, study["StudyInstanceUID"], number, pause)
        series += found
        counted = _number(study.get("NumberOfStudyRelatedInstances", ""))
        uncounted += max(0, counted - sum(one.expected for one in found))
    return Listing(studies=len(studies), series=tuple(series), uncounted=uncounted)


def _by_time(answer: Answer) -> tuple[str, str, str]:
    return (
        answer.get("StudyDate", ""),
        answer.get("StudyTime", ""),
        answer["StudyInstanceUID"],
    )


def _list_series(peer: Peer, study: str, place: int, pause: Pause) -> list[ListedSeries]:
    found = _find(lambda: peer.find_series(study), "SeriesInstanceUID", pause)
    found.sort(key=lambda one: (_number(one.get("SeriesNumber", "")), one["SeriesInstanceUID"]))
    return [_list_instances(peer, study, one, (place, n), pause) for n, one in enumerate(found, 1)]


def _list_instances(
    peer: Peer, study: str, answer: Answer, place: tuple[int, int], pause: Pause
) -> ListedSeries:
    series = answer["SeriesInstanceUID"]
    found = _find(lambda: peer.find_instances(study, series), "SOPInstanceUID", pause)
    found.sort(key=lambda one: (_number(one.get("InstanceNumber", "")), one["SOPInstanceUID"]))
    folder = f"ST{place[0]:04d}/SE{place[1]:04d}"
    modality = answer.get("Modality", "")
    return ListedSeries(
        study=place[0],
        number=place[1],
        # a code string of the standard is shown; what is none could be anything
        modality=modality if modality.isalpha() and len(modality) <= len("DOCUMENT") else "",
        study_instance_uid=study,
        series_instance_uid=series,
        instances=tuple(
            ListedInstance(
                sop_instance_uid=one["SOPInstanceUID"],
                sop_class_uid=one["SOPClassUID"] if is_uid(one.get("SOPClassUID", "")) else "",
                name=f"{folder}/IM{number:06d}.dcm",
            )
            for number, one in enumerate(found, 1)
        ),
        counted=_number(answer.get("NumberOfSeriesRelatedInstances", "")),
    )


def _find(find: Callable[[], list[Answer]], unique: str, pause: Pause) -> list[Answer]:
    """Return the answers, each once; a UID that is none could lead anywhere in an address."""
    found = {answer.get(unique, ""): answer for answer in ask_again(find, pause)}
    if not all(map(is_uid, found)):
        raise PacsError("the PACS answered with something that is no UID")
    return list(found.values())


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return 0


def retrieve_studies(
    peer: Peer,
    listing: Listing,
    folder: Path,
    *,
    pause: Pause = time.sleep,
    progress: Progress = no_progress,
) -> Retrieved:
    """Retrieve what is listed into `folder`; only its owner can read it.

    What arrives and was not asked for, is cut off or is not DICOM, is not kept.

    Raises
    ------
    PacsError
        Nothing could be retrieved.
    OSError
        The folder cannot be written.
    """
    reception = _Reception(folder, listing, progress)
    refusal: PacsError | None = None
    for series in listing.series:
        try:
            _retrieve_series(peer, series, reception, pause)
        except PacsError as error:
            refusal = error
            if isinstance(error, UnansweredError):
                break
    if refusal is not None and not reception.count:
        raise refusal from None
    reception.clear()
    received = tuple(len(one.instances) - len(reception.missing(one)) for one in listing.series)
    return Retrieved(listing=listing, received=received)


def _retrieve_series(peer: Peer, series: ListedSeries, reception: _Reception, pause: Pause) -> None:
    """Retrieve a series, then what is missing of it; stop when no more of it comes."""
    waits = iter(PAUSES)
    whole = True
    while missing := reception.missing(series):
        try:
            peer.retrieve(
                series.study_instance_uid,
                series.series_instance_uid,
                missing,
                reception.receive,
                whole=whole,
            )
            answered = True
        except UnansweredError as error:
            seconds = next(waits, None)
            if seconds is None:
                raise
            pause(max(seconds, error.after))
            answered = False
        left = reception.missing(series)
        if answered and not whole and len(left) == len(missing):
            return
        if len(left) < len(missing):
            waits = iter(PAUSES)
        # a series of which something is there is not retrieved from its beginning again
        whole = whole and not answered and len(left) == len(missing)


class _Reception:
    """Takes each instance that is listed, once, under its name; from whatever thread."""

    def __init__(self, folder: Path, listing: Listing, progress: Progress) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._progress = progress
        self._total = sum(len(one.instances) for one in listing.series)
        self._lock = threading.Lock()
        self._waiting: Mapping[str, tuple[str, ListedInstance]] = {
            instance.sop_instance_uid: (series.study_instance_uid, instance)
            for series in listing.series
            for instance in series.instances
        }
        self._there: set[str] = set()

    @property
    def count(self) -> int:
        """How many instances are there."""
        return len(self._there)

    def missing(self, series: ListedSeries) -> Sequence[ListedInstance]:
        """Return the instances of a series that are not there yet."""
        return [one for one in series.instances if one.sop_instance_uid not in self._there]

    def receive(self, content: bytes) -> bool:
        """Keep a file if it is one of those that are listed, and whole."""
        with self._lock:
            self._write(content)
            try:
                with open_part_ten(self._incoming) as file:
                    uid = _uid(file.value(_SOP_INSTANCE_UID))
                    study = _uid(file.value(_STUDY_INSTANCE_UID))
            except InstanceHeld:
                return False
            listed_in, instance = self._waiting.get(uid, ("", None))
            if instance is None or listed_in != study:
                return False
            target = self._folder / instance.name
            target.parent.parent.mkdir(mode=0o700, exist_ok=True)
            target.parent.mkdir(mode=0o700, exist_ok=True)
            self._incoming.replace(target)
            self._there.add(uid)
            self._progress("fetch", len(self._there), self._total)
            return True

    def clear(self) -> None:
        """Remove what was not kept."""
        self._incoming.unlink(missing_ok=True)

    def _write(self, content: bytes) -> None:
        self._incoming.unlink(missing_ok=True)
        descriptor = os.open(self._incoming, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)


def _uid(value: bytes | None) -> str:
    return (value or b"").decode("ascii", "replace").strip()
