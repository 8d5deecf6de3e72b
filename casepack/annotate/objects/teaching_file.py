"""Additional Teaching File Information: the case's text for a teaching file system (IHE TCE)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import highdicom as hd
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code as SrCode
from pydicom.uid import BasicTextSRStorage

from casepack.annotate.objects.content import document_options, evidence_of
from casepack.annotate.objects.context import SOFTWARE, StudyContext, stamp
from casepack.annotate.objects.placement import Placement
from casepack.annotate.objects.shown import ImageReference
from casepack.case import Case

_IHE = "IHERADTF"
_IHE_CODES = CodingSchemeIdentificationItem(
    designator=_IHE,
    name="IHE Radiology Technical Framework",
    responsible_organization="IHE International",
)
_AUTHOR = SrCode("TCE101", _IHE, "Author")
_AFFILIATION = SrCode("TCE102", _IHE, "Affiliation")
_ABSTRACT = SrCode("TCE104", _IHE, "Abstract")
_KEYWORDS = SrCode("TCE105", _IHE, "Keywords")
_HISTORY = SrCode("121060", "DCM", "History")
_FINDING = SrCode("121071", "DCM", "Finding")
_DISCUSSION = SrCode("TCE106", _IHE, "Discussion")
_DIFFERENTIAL = SrCode("111023", "DCM", "Differential Diagnosis/Impression")
_DIAGNOSIS = SrCode("TCE107", _IHE, "Diagnosis")
_ANATOMY = SrCode("112005", "DCM", "Radiographic anatomy")
_LEVELS = {
    "primary": SrCode("128725", "DCM", "Primary level"),
    "intermediate": SrCode("128726", "DCM", "Intermediate level"),
    "advanced": SrCode("128727", "DCM", "Advanced level"),
}
_LEVEL = SrCode("128724", "DCM", "Level of Difficulty")


def build_teaching_file_information(
    context: StudyContext,
    placement: Placement,
    case: Case,
    images: Sequence[ImageReference],
    title: SrCode,
) -> Dataset:
    """Return a Basic Text SR with the text of a case, flat below its root as MIRC reads it.

    Empty parts are left out. The codes are those of IHE TCE, as far as DICOM has none.
    """
    # highdicom has no Basic Text SR: an Enhanced SR without what only that may hold
    root = hd.sr.ContainerContentItem(name=title, is_content_continuous=False)
    root.ContentSequence = hd.sr.ContentSequence(list(_items(case)))
    document = hd.sr.EnhancedSR(
        evidence=evidence_of(context, images),
        content=root,
        **document_options(placement, _IHE_CODES),
    )
    document.SOPClassUID = BasicTextSRStorage
    document.file_meta.MediaStorageSOPClassUID = BasicTextSRStorage
    document.Manufacturer = SOFTWARE
    stamp(document, context)
    return document


def has_text(case: Case) -> bool:
    """Tell whether a case says anything that such a document could hold."""
    return next(_items(case), None) is not None


def _items(case: Case) -> Iterator[hd.sr.TextContentItem | hd.sr.CodeContentItem]:
    for author in case.authors:
        yield _text(_AUTHOR, f"{author.given} {author.family}")
        for affiliation in case.affiliations_of(author):
            yield _text(_AFFILIATION, affiliation.line)
    discussion = case.discussion
    parts = (
        (_ABSTRACT, case.abstract),
        (_KEYWORDS, ", ".join(case.keywords)),
        (_HISTORY, case.clinical_history),
        (_FINDING, case.imaging_findings),
        *(
            (_FINDING, f"{each.label}: {each.findings}")
            for each in case.time_points
            if each.findings
        ),
        (
            _DISCUSSION,
            "\n\n".join(
                part
                for part in (
                    discussion.background,
                    discussion.clinical_perspective,
                    discussion.imaging_perspective,
                    discussion.outcome,
                    discussion.take_home_message,
                )
                if part.strip()
            ),
        ),
        (_DIFFERENTIAL, "\n".join(each.text for each in case.differential_diagnosis)),
        (_DIAGNOSIS, case.final_diagnosis.text if case.final_diagnosis else ""),
        (_ANATOMY, ", ".join(case.area_of_interest)),
    )
    for name, text in parts:
        if text.strip():
            yield _text(name, text.strip())
    if case.level is not None:
        yield hd.sr.CodeContentItem(
            name=_LEVEL, value=_LEVELS[case.level], relationship_type="CONTAINS"
        )


def _text(name: SrCode, text: str) -> hd.sr.TextContentItem:
    return hd.sr.TextContentItem(name=name, value=text, relationship_type="CONTAINS")
