"""Studies with planted identifiers: a folder a patient, MR series and a CT; held classes apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from tests.bench.midib import structure
from tests.bench.midib.check import Action, Check, Examined
from tests.bench.midib.held_classes import make_held_instances
from tests.bench.midib.identities import Identity
from tests.bench.midib.phrases import LANGUAGES
from tests.bench.midib.planting import Planted, Planter

_CHARACTER_SETS: Final = {
    "de": "ISO_IR 100",
    "en": "ISO_IR 100",
    "fr": "ISO_IR 100",
    "it": "ISO_IR 100",
    "es": "ISO_IR 100",
    "pt": "ISO_IR 100",
    "nl": "ISO_IR 100",
    "tr": "ISO_IR 148",
    "pl": "ISO_IR 101",
    "ru": "ISO_IR 144",
    "el": "ISO_IR 126",
    "ja": "\\ISO 2022 IR 87",
    "ko": "\\ISO 2022 IR 149",
    "zh": "GB18030",
}
_UNICODE_EVERY: Final = 3
_SERIES: Final = 4
_LO: Final = 64
_CS: Final = 16
_LT: Final = 1024


class NotPlantedError(Exception):
    """A written file does not hold what was to be planted: the benchmark itself is wrong."""


def write_studies(root: Path, seed: int, patients: int) -> list[Examined]:
    """Write `patients` folders for each language and return what is asked about their files."""
    return [
        examined
        for place, language in enumerate(LANGUAGES)
        for number in range(patients)
        for examined in _write_patient(root, language, number, seed, 100 * place + number)
    ]


def _write_patient(
    root: Path, language: str, number: int, seed: int, order: int
) -> Iterator[Examined]:
    identity = Identity(language, number, seed)
    planter = Planter(identity)
    unicode = number % _UNICODE_EVERY == _UNICODE_EVERY - 1
    character_set = "ISO_IR 192" if unicode else _CHARACTER_SETS[language]
    folder = root / f"{language}{number}"
    study = structure.StudyHeader(
        identity=identity,
        character_set=character_set,
        root=f"1.2.826.0.1.3680043.10.9999.{seed}.{order + 1}",
    )
    once = _plant_study(planter)
    for series in range(1, _SERIES + 1):
        ds = study.make_image(series, is_ct=series == _SERIES)
        checks = structure.check_structure(ds)
        checks += _plant_once(ds, once, first=series == 1)
        checks += _plant_series(ds, planter, series)
        checks += structure.plant_private(ds, planter)
        yield _write(
            ds, folder, checks, language, "CT" if ds.SOPClassUID == CTImageStorage else "MR"
        )
    for ds, checks, name in make_held_instances(study, planter, first_series=_SERIES + 1):
        yield _write(ds, folder, checks, language, name)


def _plant_study(planter: Planter) -> dict[str, Planted]:
    clinical, named = planter.plant_pair()
    return {
        "StudyDescription": planter.plant("short", _LO),
        "RequestedProcedureDescription": planter.plant("short", _LO),
        "MedicalAlerts": planter.plant("alert", _LO),
        "AdditionalPatientHistory": planter.plant("long", _LT),
        "StudyComments": planter.plant("long", _LT),
        "AdmittingDiagnosesDescription": clinical,
        "ReasonForStudy": named,
    }


def _plant_once(ds: Dataset, once: dict[str, Planted], *, first: bool) -> list[Check]:
    """Put what all instances of the study share; it is asked once, as in MIDI-B's series mode."""
    checks = []
    for keyword, planted in once.items():
        setattr(ds, keyword, planted.text)
        if first:
            checks += planted.place((keyword,))
    return checks


def _plant_series(ds: Dataset, planter: Planter, series: int) -> list[Check]:
    glued = series % 2 == 1
    clinical, named = planter.plant_pair()
    values = {
        "SeriesDescription": planter.plant("short", _LO, common=not glued),
        "ProtocolName": planter.plant("short", _LO, common=glued),
        "ContrastBolusAgent": planter.plant("contrast", _LO),
        "DerivationDescription": planter.plant("long", _LT),
        "ImageComments": planter.plant("long", _LT),
        "CommentsOnThePerformedProcedureStep": clinical,
        "PerformedProcedureStepDescription": named,
    }
    checks = []
    for keyword, planted in values.items():
        setattr(ds, keyword, planted.text)
        checks += planted.place((keyword,))
    checks += _plant_nested(ds, planter)
    return checks + _plant_image_type(ds, planter)


def _plant_nested(ds: Dataset, planter: Planter) -> list[Check]:
    request = Dataset()
    step, meaning, protocol = (planter.plant("short", _LO) for _ in range(3))
    request.ScheduledProcedureStepDescription = step.text
    request.ScheduledProcedureStepID = "S1"
    request.RequestedProcedureID = planter.identity.accession
    request.ScheduledProtocolCodeSequence = [structure.make_code("P100", "99LOCAL", protocol.text)]
    ds.RequestAttributesSequence = [request]
    ds.AnatomicRegionSequence = [structure.make_code("122495006", "SCT", "Thoracic spine")]
    ds.ProcedureCodeSequence = [structure.make_code("P200", "99LOCAL", meaning.text)]
    item = ("RequestAttributesSequence", 0)
    return [
        *step.place((*item, "ScheduledProcedureStepDescription")),
        *protocol.place((*item, "ScheduledProtocolCodeSequence", 0, "CodeMeaning")),
        *meaning.place(("ProcedureCodeSequence", 0, "CodeMeaning")),
        Check(
            action=Action.TEXT_RETAINED,
            path=("AnatomicRegionSequence", 0, "CodeMeaning"),
            text="Thoracic spine",
            category="TCIA-rev",
            kind="standard code",
            planted="Thoracic spine",
        ),
        Check(
            action=Action.TEXT_REMOVED,
            path=(*item, "RequestedProcedureID"),
            text=planter.identity.accession,
            category="HIPAA-R",
            kind="header identifier",
            planted=planter.identity.accession,
        ),
    ]


def _plant_image_type(ds: Dataset, planter: Planter) -> list[Check]:
    surname = planter.identity.doctor.latin_surname.upper()
    if not surname.isascii() or not surname.isalpha() or len(surname) + 3 > _CS:
        return []
    terms = (
        ["ORIGINAL", "PRIMARY", "M", "ND"]
        if ds.Modality == "MR"
        else ["ORIGINAL", "PRIMARY", "AXIAL"]
    )
    ds.ImageType = [*terms, f"DR_{surname}"]
    planted = "\\".join(ds.ImageType)
    checks = [
        Check(
            action=Action.TEXT_RETAINED,
            path=("ImageType",),
            text=term,
            category="TCIA-rev",
            kind="defined term",
            planted=planted,
        )
        for term in terms
        if len(term) > 1
    ]
    removed = Check(
        action=Action.TEXT_REMOVED,
        path=("ImageType",),
        text=surname,
        category="HIPAA-A",
        kind="echo doctor, Latin letters",
        planted=planted,
    )
    return [*checks, removed]


def _write(
    ds: Dataset, folder: Path, checks: list[Check], language: str, class_name: str
) -> Examined:
    path = folder / f"se{int(ds.SeriesNumber):02}.dcm"
    folder.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, enforce_file_format=True)
    _read_back(ds, path)
    return Examined(
        path=path,
        language=language,
        character_set=" ".join(ds.SpecificCharacterSet).strip()
        if ds["SpecificCharacterSet"].VM > 1
        else str(ds.SpecificCharacterSet),
        stamp=structure.read_stamp(ds),
        sop_instance_uid=str(ds.SOPInstanceUID),
        patient_id=str(ds.PatientID),
        study_uid=str(ds.StudyInstanceUID),
        series_uid=str(ds.SeriesInstanceUID),
        class_name=class_name,
        checks=checks,
    )


def _read_back(ds: Dataset, path: Path) -> None:
    """Prove that the character set could hold what was planted."""
    written = dcmread(path)
    for element in ds:
        if element.VR in {"LO", "LT", "ST", "PN"} and written[element.tag].value != element.value:
            raise NotPlantedError(f"{path.name}: {element.keyword}")
