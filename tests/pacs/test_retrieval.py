"""Listing and retrieving, from a PACS that does as each test says."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from pydicom import dcmread

from casepack.errors import PacsError
from casepack.pacs import Outgoing, Query, list_studies, retrieve_studies
from casepack.pacs.peer import PAUSES, Receive, Stored, UnansweredError, Wanted
from casepack.pacs.query import Answer
from tests.pacs.studies import FIRST, IDENTIFYING, PATIENT, STUDIES

QUERY = Query(patient_id=PATIENT)
pauses: list[float] = []
KEYWORDS = (
    *("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "PatientID"),
    *("AccessionNumber", "StudyDate", "StudyTime", "Modality", "SeriesNumber", "InstanceNumber"),
)


class Pacs:
    """Holds the files of a folder; `give` says what it does when it is asked for a file."""

    def __init__(self, folder: Path) -> None:
        self.files = {}
        for path in sorted(folder.rglob("*.dcm"), reverse=True):
            ds = dcmread(path)
            answer = {name: str(ds.get(name, "")) for name in KEYWORDS}
            self.files[answer["SOPInstanceUID"]] = (answer, path.read_bytes())
        self.give: Callable[[str, bytes], bytes | None] = lambda _uid, content: content
        self.counts: dict[str, str] = {}
        self.asked: list[tuple[bool, int]] = []
        self.silent = 0
        self.knows_keys = True

    def _find(self, unique: str, **keys: str) -> list[Answer]:
        if self.silent:
            self.silent -= 1
            raise UnansweredError("the PACS does not answer", after=3.0)
        found = {}
        for answer, _ in self.files.values():
            if all(answer[name] == value for name, value in keys.items()):
                found[answer[unique]] = {**answer, **self.counts}
        return list(found.values())

    def find_studies(self, keys: Mapping[str, str]) -> list[Answer]:
        return self._find("StudyInstanceUID", **(keys if self.knows_keys else {}))

    def find_series(self, study: str) -> list[Answer]:
        return self._find("SeriesInstanceUID", StudyInstanceUID=study)

    def find_instances(self, study: str, series: str) -> list[Answer]:
        return self._find("SOPInstanceUID", StudyInstanceUID=study, SeriesInstanceUID=series)

    def retrieve(
        self, _study: str, _series: str, wanted: Sequence[Wanted], receive: Receive, *, whole: bool
    ) -> None:
        self.asked.append((whole, len(wanted)))
        for uid in [one.sop_instance_uid for one in wanted]:
            content = self.give(uid, self.files[uid][1])
            if content is not None:
                receive(content)

    def store(self, _files: Sequence[Outgoing]) -> Iterator[Stored]:
        yield from ()

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def pacs(studies: Path) -> Pacs:
    pauses.clear()
    return Pacs(studies)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_files_are_named_by_number_in_the_order_of_the_listing(pacs: Pacs, tmp_path: Path) -> None:
    listing = list_studies(pacs, QUERY, pause=pauses.append)
    assert listing.studies == 2
    assert [(one.study, one.number, one.modality) for one in listing.series] == [
        *((1, 1, "MR"), (1, 2, "MR"), (2, 1, "MR"), (2, 2, "MR"))
    ]
    retrieved = retrieve_studies(pacs, listing, tmp_path, pause=pauses.append)
    assert retrieved.is_complete
    assert retrieved.received == (3, 3, 3, 3)
    assert files(tmp_path) == [
        f"ST000{study}/SE000{series}/IM00000{instance}.dcm"
        for study in (1, 2)
        for series in (1, 2)
        for instance in (1, 2, 3)
    ]
    ds = dcmread(tmp_path / "ST0002/SE0001/IM000003.dcm")
    assert (ds.StudyInstanceUID, ds.SeriesNumber, ds.InstanceNumber) == (STUDIES[1], 1, 3)
    assert pauses == []
    assert not any(value in repr(retrieved) for value in IDENTIFYING)


def test_only_the_owner_can_read_what_was_fetched(pacs: Pacs, tmp_path: Path) -> None:
    retrieve_studies(pacs, list_studies(pacs, QUERY), tmp_path)
    for path in tmp_path.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_a_question_without_an_answer_is_asked_again_after_longer_pauses(pacs: Pacs) -> None:
    pacs.silent = 3
    assert list_studies(pacs, QUERY, pause=pauses.append).expected == 12
    # the PACS asked for three seconds at least
    assert pauses == [3.0, 3.0, 4.0]
    pacs.silent = 5
    with pytest.raises(PacsError, match="does not answer"):
        list_studies(pacs, QUERY, pause=pauses.append)


def test_only_what_is_missing_is_asked_for_again(pacs: Pacs, tmp_path: Path) -> None:
    lost = [False, True, False, True, *[False] * 20]

    def give(_uid: str, content: bytes) -> bytes:
        if lost.pop(0):
            raise UnansweredError("the PACS does not answer")
        return content

    pacs.give = give
    listing = list_studies(pacs, QUERY)
    retrieved = retrieve_studies(pacs, listing, tmp_path, pause=pauses.append)
    assert retrieved.is_complete
    assert pacs.asked[:4] == [(True, 3), (False, 2), (False, 1), (True, 3)]
    assert pauses == [1.0, 1.0], "what came begins the pauses anew"


def test_a_partial_retrieval_is_counted_series_by_series(pacs: Pacs, tmp_path: Path) -> None:
    withheld = sorted(pacs.files)[4]
    pacs.give = lambda uid, content: None if uid == withheld else content
    retrieved = retrieve_studies(pacs, list_studies(pacs, QUERY), tmp_path, pause=pauses.append)
    assert not retrieved.is_complete
    assert (retrieved.received, retrieved.count) == ((3, 2, 3, 3), 11)
    assert len(files(tmp_path)) == 11
    assert pauses == [], "the PACS did answer: waiting does not help"


def test_a_file_that_is_cut_off_or_no_dicom_is_not_kept(pacs: Pacs, tmp_path: Path) -> None:
    first, second = sorted(pacs.files)[:2]
    broken = {first: pacs.files[first][1][:-100], second: b"<html>"}
    pacs.give = broken.get
    retrieved = retrieve_studies(pacs, list_studies(pacs, QUERY), tmp_path, pause=pauses.append)
    assert retrieved.received == (1, 3, 3, 3)
    assert len(files(tmp_path)) == 10, "nothing half-written is left"


def test_an_instance_that_was_not_asked_for_is_not_kept(pacs: Pacs, tmp_path: Path) -> None:
    listing = list_studies(pacs, Query(accession_numbers=(FIRST,)))
    others = [content for answer, content in pacs.files.values() if answer["StudyDate"] > "202402"]
    pacs.give = lambda _uid, _content: others[0]
    retrieved = retrieve_studies(pacs, listing, tmp_path, pause=pauses.append)
    assert retrieved.count == 0
    assert files(tmp_path) == []


def test_what_is_counted_and_not_listed_is_missing(pacs: Pacs, tmp_path: Path) -> None:
    pacs.counts = {"NumberOfSeriesRelatedInstances": "4"}
    listing = list_studies(pacs, QUERY)
    assert listing.expected == 16
    assert not retrieve_studies(pacs, listing, tmp_path, pause=pauses.append).is_complete
    pacs.counts = {"NumberOfStudyRelatedInstances": "7"}
    listing = list_studies(pacs, QUERY)
    assert (listing.expected, listing.uncounted) == (14, 2)
    (tmp_path / "b").mkdir()
    assert not retrieve_studies(pacs, listing, tmp_path / "b", pause=pauses.append).is_complete


def test_a_pacs_that_stops_answering_leaves_what_came(pacs: Pacs, tmp_path: Path) -> None:
    def give(uid: str, content: bytes) -> bytes:
        if uid.split(".")[-3:-1] == ["1", "2"]:
            raise UnansweredError("the PACS does not answer")
        return content

    pacs.give = give
    retrieved = retrieve_studies(pacs, list_studies(pacs, QUERY), tmp_path, pause=pauses.append)
    assert retrieved.received == (3, 0, 0, 0)
    assert tuple(pauses) == PAUSES


def test_a_refusal_of_one_series_does_not_keep_the_others(pacs: Pacs, tmp_path: Path) -> None:
    def give(uid: str, content: bytes) -> bytes:
        if uid.split(".")[-3:-1] == ["1", "2"]:
            raise PacsError("the PACS refused")
        return content

    pacs.give = give
    retrieved = retrieve_studies(pacs, list_studies(pacs, QUERY), tmp_path, pause=pauses.append)
    assert retrieved.received == (3, 0, 3, 3)
    pacs.give = lambda _uid, _content: (_ for _ in ()).throw(PacsError("the PACS refused"))
    with pytest.raises(PacsError, match="refused"):
        retrieve_studies(pacs, list_studies(pacs, QUERY), tmp_path / "b", pause=pauses.append)


def test_a_server_that_does_not_search_by_the_key_is_not_believed(pacs: Pacs) -> None:
    """Some answer with all that they have when they do not know a key."""
    pacs.knows_keys = False
    with pytest.raises(PacsError, match="not asked for") as caught:
        list_studies(pacs, Query(accession_numbers=(FIRST,)))
    assert "Study Instance UID" in caught.value.advice


def test_studies_of_several_patients_and_of_none_are_refused(pacs: Pacs) -> None:
    for answer, _ in list(pacs.files.values())[:1]:
        answer["PatientID"], answer["AccessionNumber"] = "ZZ-1", FIRST
    with pytest.raises(PacsError, match="2 patients") as caught:
        list_studies(pacs, Query(accession_numbers=(FIRST,)))
    assert FIRST not in caught.value.message + caught.value.advice
    with pytest.raises(PacsError, match="no study that matches"):
        list_studies(pacs, Query(accession_numbers=("ACC-0",)))


def test_a_uid_that_is_none_leads_nowhere(pacs: Pacs) -> None:
    for answer, _ in pacs.files.values():
        answer["SeriesInstanceUID"] = "../../patients"
    with pytest.raises(PacsError, match="no UID"):
        list_studies(pacs, QUERY)
