"""DIMSE with an Application Entity that answers as each test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, evt

from casepack.errors import PacsError
from casepack.pacs import Query, Retrieved, connect, list_studies, parse_address, retrieve_studies
from tests.pacs.studies import PATIENT, STUDIES

FIND, GET, MR = (
    "1.2.840.10008.5.1.4.1.2.2.1",
    "1.2.840.10008.5.1.4.1.2.2.3",
    "1.2.840.10008.5.1.4.1.1.4",
)
pauses: list[float] = []


class Entity:
    """Lists one instance; a test says with which status it answers to C-FIND and C-GET."""

    def __init__(self, image: Dataset) -> None:
        self.image = image
        self.finds: list[int] = []
        self.gets: list[Callable[[evt.Event], Iterator[Any]]] = []
        self.tells_class = True
        self.asked: list[Dataset] = []
        entity = AE("ENTITY")
        for model in (FIND, GET):
            entity.add_supported_context(model)
        entity.add_supported_context(MR, "1.2.840.10008.1.2.1", scu_role=True, scp_role=True)
        handlers: list[evt.EventHandlerType] = [
            (evt.EVT_C_FIND, self.find),
            (evt.EVT_C_GET, self.get),
        ]
        server: Any = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        self.server = server
        self.address = f"dicom://ENTITY@127.0.0.1:{server.server_address[1]}"

    def find(self, event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        asked = event.identifier
        self.asked.append(asked)
        if self.finds and (status := self.finds.pop(0)):
            yield status, None
            return
        answer = Dataset()
        answer.SpecificCharacterSet = "ISO_IR 192"
        answer.QueryRetrieveLevel = asked.QueryRetrieveLevel
        answer.PatientID = asked.get("PatientID", "") or PATIENT
        answer.StudyInstanceUID = self.image.StudyInstanceUID
        answer.SeriesInstanceUID = self.image.SeriesInstanceUID
        answer.SOPInstanceUID = self.image.SOPInstanceUID
        answer.SOPClassUID = MR if self.tells_class else ""
        yield 0xFF00, answer

    def get(self, event: evt.Event) -> Iterator[Any]:
        yield from self.gets.pop(0)(event) if self.gets else self.give(event)

    def give(self, _event: evt.Event) -> Iterator[Any]:
        yield 1
        yield 0xFF00, self.image

    def refuse(self, status: int) -> Callable[[evt.Event], Iterator[Any]]:
        def answer(_event: evt.Event) -> Iterator[Any]:
            yield 1
            yield status, None

        return answer

    def abort(self, event: evt.Event) -> Iterator[Any]:
        event.assoc.abort()
        yield 0


@pytest.fixture
def entity(studies: Path) -> Iterator[Entity]:
    pauses.clear()
    made = Entity(dcmread(studies / "111.dcm"))
    yield made
    made.server.shutdown()


def fetch(entity: Entity, folder: Path, patient: str = PATIENT) -> Retrieved:
    with connect(parse_address(entity.address)) as peer:
        listing = list_studies(peer, Query(patient_id=patient), pause=pauses.append)
        return retrieve_studies(peer, listing, folder, pause=pauses.append)


def test_a_question_is_asked_again_of_who_is_busy_and_not_of_who_refuses(
    entity: Entity, tmp_path: Path
) -> None:
    entity.finds = [0xA700, 0xA700]
    assert fetch(entity, tmp_path).is_complete
    assert pauses == [1.0, 2.0]
    pauses.clear()
    entity.finds = [0xC001]
    with pytest.raises(PacsError, match="refused the query: status C001"):
        fetch(entity, tmp_path)
    assert pauses == []


def test_a_retrieval_that_is_refused_or_broken_off(entity: Entity, tmp_path: Path) -> None:
    entity.gets = [entity.refuse(0xC001)] * 9
    with pytest.raises(PacsError, match="refused the retrieval by C-GET: status C001"):
        fetch(entity, tmp_path / "refused")
    entity.gets = [entity.refuse(0xA701), entity.abort]
    (tmp_path / "again").mkdir()
    pauses.clear()
    assert fetch(entity, tmp_path / "again").is_complete
    assert pauses == [1.0, 2.0]
    entity.gets = [entity.refuse(0xA702)] * 9
    assert fetch(entity, tmp_path / "partly").count == 0


def test_without_sop_classes_what_is_in_common_use_is_offered(
    entity: Entity, tmp_path: Path
) -> None:
    entity.tells_class = False
    assert fetch(entity, tmp_path).is_complete


def test_a_patient_id_beyond_ascii_says_its_character_set(entity: Entity, tmp_path: Path) -> None:
    assert fetch(entity, tmp_path, "患者-7").is_complete
    assert entity.asked[0].SpecificCharacterSet == "ISO_IR 192"
    assert entity.asked[0].PatientID == "患者-7"
    assert entity.asked[1].StudyInstanceUID == STUDIES[0]
    assert "SpecificCharacterSet" not in entity.asked[1]


def test_an_instance_that_nobody_asked_for_is_not_taken(
    entity: Entity, studies: Path, tmp_path: Path
) -> None:
    other = dcmread(studies / "112.dcm")

    def give(_event: evt.Event) -> Iterator[Any]:
        yield 1
        yield 0xFF00, other

    entity.gets = [give] * 9
    assert fetch(entity, tmp_path).count == 0
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
