"""Instances that a careful program may hold: burned-in text, structured report, document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset
from pydicom.uid import (
    BasicTextSRStorage,
    EncapsulatedPDFStorage,
    MRImageStorage,
    SecondaryCaptureImageStorage,
)

from tests.bench.midib import structure
from tests.bench.midib.check import Action, Check
from tests.bench.midib.planting import Planter

_WIDTH, _HEIGHT, _SIZE = 320, 256, 22
_BOX: Final = (8, 44, 8, 312)


def make_held_instances(
    study: structure.StudyHeader, planter: Planter, first_series: int
) -> Iterator[tuple[Dataset, list[Check], str]]:
    """Yield a captured screen, an MR image with text, a report and a document."""
    yield (*_make_capture(study, first_series), "SC, text burned in")
    yield (*_make_burned_mr(study, first_series + 1), "MR, text burned in")
    yield (*_make_report(study, planter, first_series + 2), "SR")
    yield (*_make_document(study, first_series + 3), "PDF")


def _make_capture(study: structure.StudyHeader, series: int) -> tuple[Dataset, list[Check]]:
    ds = study.make_common(SecondaryCaptureImageStorage, series)
    ds.Modality, ds.ConversionType, ds.BurnedInAnnotation = "OT", "WSD", "YES"
    ds.ImageType = ["DERIVED", "SECONDARY"]
    return ds, _burn(ds, study)


def _make_burned_mr(study: structure.StudyHeader, series: int) -> tuple[Dataset, list[Check]]:
    """Return an MR image that does not say that text is burned in."""
    ds = study.make_image(series)
    ds.SOPClassUID = MRImageStorage
    ds.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    del ds.BurnedInAnnotation
    return ds, _burn(ds, study)


def _burn(ds: Dataset, study: structure.StudyHeader) -> list[Check]:
    who = study.identity
    text = f"{who.patient.latin_surname} {who.birth.isoformat()}"
    canvas = Image.new("L", (_WIDTH, _HEIGHT), 12)
    pen = ImageDraw.Draw(canvas)
    pen.ellipse((90, 80, 230, 230), fill=90)
    pen.text((_BOX[2] + 2, _BOX[0] + 4), text, fill=230, font=ImageFont.load_default(size=_SIZE))
    structure.put_pixels(ds, np.asarray(canvas).astype(np.uint16) * 4)
    hidden = Check(
        action=Action.PIXELS_HIDDEN,
        path=("PixelData",),
        text=text,
        category="HIPAA-A",
        kind="burned in",
        planted=text,
        box=_BOX,
    )
    return [hidden, _ask_name(ds)]


def _make_report(
    study: structure.StudyHeader, planter: Planter, series: int
) -> tuple[Dataset, list[Check]]:
    ds = study.make_common(BasicTextSRStorage, series)
    ds.Modality, ds.CompletionFlag, ds.VerificationFlag = "SR", "COMPLETE", "UNVERIFIED"
    ds.ReferencedPerformedProcedureStepSequence, ds.PerformedProcedureCodeSequence = [], []
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    ds.ConceptNameCodeSequence = [structure.make_code("18748-4", "LN", "Diagnostic Imaging Report")]
    planted = [planter.plant("long", 1024) for _ in range(2)]
    finding = structure.make_code("121071", "DCM", "Finding")
    items = [_item("TEXT", finding, planted_.text) for planted_ in planted]
    observer = structure.make_code("121008", "DCM", "Person Observer Name")
    name = structure.write_name(study.identity.doctor, study.identity.language)
    items.append(_item("PNAME", observer, name))
    ds.ContentSequence = items
    checks = [_ask_name(ds)]
    for number, planted_ in enumerate(planted):
        checks += planted_.place(("ContentSequence", number, "TextValue"))
    checks.append(
        Check(
            action=Action.TEXT_REMOVED,
            path=("ContentSequence", len(planted), "PersonName"),
            text=name.replace("=", "^"),
            category="HIPAA-A",
            kind="header identifier",
            planted=name,
        )
    )
    return ds, checks


def _item(value_type: str, concept: Dataset, text: str) -> Dataset:
    item = Dataset()
    item.RelationshipType = "HAS OBS CONTEXT" if value_type == "PNAME" else "CONTAINS"
    item.ValueType, item.ConceptNameCodeSequence = value_type, [concept]
    setattr(item, "PersonName" if value_type == "PNAME" else "TextValue", text)
    return item


def _make_document(study: structure.StudyHeader, series: int) -> tuple[Dataset, list[Check]]:
    ds = study.make_common(EncapsulatedPDFStorage, series)
    ds.Modality, ds.ConversionType, ds.BurnedInAnnotation = "DOC", "WSD", "YES"
    ds.DocumentTitle = f"Report {study.identity.patient.latin_surname}"
    ds.ConceptNameCodeSequence, ds.MIMETypeOfEncapsulatedDocument = [], "application/pdf"
    text = study.identity.patient.latin_surname.encode()
    document = b"%PDF-1.4 (" + text + b")\n%%EOF\n"
    ds.EncapsulatedDocument = document + b"\0" * (len(document) % 2)
    return ds, [
        _ask_name(ds),
        Check(
            action=Action.TEXT_REMOVED,
            path=("EncapsulatedDocument",),
            text=text.decode(),
            category="HIPAA-A",
            kind="document",
            planted="a PDF with the name",
        ),
    ]


def _ask_name(ds: Dataset) -> Check:
    return Check(
        action=Action.TEXT_REMOVED,
        path=("PatientName",),
        text=str(ds.PatientName).replace("=", "^"),
        category="HIPAA-A",
        kind="header identifier",
        planted=str(ds.PatientName),
    )
