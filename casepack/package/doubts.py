"""Where the case file and the images seem to say different things: captions, days."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from casepack.case import Case, Picture
from casepack.model import Finding, Series, Severity, Study
from casepack.package.patient import read_date
from casepack.package.pictures.acquisition import label_series
from casepack.package.pictures.frames import NO_PICTURES, Frame, read_frames

_WEIGHTINGS = {
    "T1": r"\bT1\b",
    "T2": r"\bT2\b(?!\*)",
    "T2*": r"\bT2\*|\bT2[\s-]?star\b|\bSWI\b",
    "PD": r"\bPD\b|\bproton[\s-]density\b",
    "STIR": r"\bSTIR\b|\bTIRM\b",
    "T2 FLAIR": r"\bFLAIR\b",
    "DWI": r"\bDWI\b|\bdiffusion\b",
    "ADC": r"\bADC\b",
}
_ALIKE = {"STIR": {"T2"}, "T2 FLAIR": {"T2"}, "T2*": {"T2"}, "DWI": {"T2"}, "ADC": {"DWI"}}
"""What a caption may call a weighting without being wrong."""
_PLANES = {
    "sagittal": r"\bsagittal\b",
    "coronal": r"\bcoronal\b",
    "axial": r"\baxial\b|\btransvers(?:e|al)\b",
}
_AGENT = re.compile(
    r"\b(?:after|post)[\s-]+(?:intravenous\s+)?(?:gadolinium|contrast|gd)\b"
    r"|\bcontrast[\s-]enhanced\b|\bpost[\s-]?contrast\b|\bT1\s*\+\s*C\b|\bwith\s+contrast\b",
    re.IGNORECASE,
)
_SAMPLED = 3
"""Images of a series that are read to name it: the first, the middle, the last."""


def find_study_doubts(case: Case, studies: Sequence[Study]) -> tuple[Finding, ...]:
    """Return what of the case file does not fit the studies; the first is time point 1."""
    found = (*_days(case, studies), *_captions(case, studies))
    return tuple(
        Finding(
            code="case-doubt",
            severity=Severity.WARNING,
            message=message,
            section="casepack",
            advice="Look at the images, and correct the case file.",
            place=place,
        )
        for place, message in found
    )


def label_of(series: Series) -> str:
    """Return what a series shows by how it was acquired; empty when nothing can be said."""
    frames = sample_frames(series)
    if not frames:
        return ""
    return label_series([one.acquisition for one in frames], [one.plane for one in frames])


def sample_frames(series: Series) -> tuple[Frame, ...]:
    """Return frames of the first, the middle and the last instance, which tell for all."""
    count = len(series.instances)
    places = sorted({0, count // 2, count - 1}) if count >= _SAMPLED else range(count)
    few = tuple(series.instances[place] for place in places)
    return read_frames(replace(series, instances=few))[0]


def days_from_first(studies: Sequence[Study]) -> tuple[int | None, ...]:
    """Return the days from the first study to each, where the dates are dates."""
    dates = [read_date(study.date) for study in studies]
    first = dates[0] if dates else None
    return tuple((one - first).days if one and first else None for one in dates)


def _days(case: Case, studies: Sequence[Study]) -> Iterator[tuple[str, str]]:
    for place, (point, day) in enumerate(
        zip(case.time_points, days_from_first(studies), strict=False)
    ):
        if day is not None and day != point.day:
            yield f"time_points.{place}.day", "is not the interval between the study dates"


def _captions(case: Case, studies: Sequence[Study]) -> Iterator[tuple[str, str]]:
    labels: dict[tuple[int, int], str] = {}
    for picture in case.pictures:
        key = (picture.time_point, picture.series)
        if key not in labels:
            series = _find(studies, picture)
            labels[key] = label_of(series) if series else ""
        for message in find_caption_faults(picture.caption, labels[key]):
            yield f"{picture.place}.caption", message


def _find(studies: Sequence[Study], picture: Picture) -> Series | None:
    if picture.time_point > len(studies):
        return None
    for series in studies[picture.time_point - 1].series:
        if series.number == picture.series and series.modality not in NO_PICTURES:
            return series
    return None


def find_caption_faults(caption: str, label: str) -> Iterator[str]:
    """Yield what a caption names and the series is not.

    Parameters
    ----------
    label
        As `label_series` makes it: ``Sagittal T1 fat-saturated + contrast``.
    """
    told = {name for name, form in _WEIGHTINGS.items() if re.search(form, caption, re.IGNORECASE)}
    is_weighting = next((name for name in sorted(_WEIGHTINGS, key=len)[::-1] if name in label), "")
    fitting = {is_weighting, *_ALIKE.get(is_weighting, ())}
    if told and is_weighting and not told & fitting:
        yield "names a sequence that the series is not, by its acquisition parameters"
    planes = {name for name, form in _PLANES.items() if re.search(form, caption, re.IGNORECASE)}
    plane = next((name for name in _PLANES if label.lower().startswith(name)), "")
    if planes and plane and plane not in planes:
        yield "names a plane that the series is not in"
    if _AGENT.search(caption) and is_weighting == "T1" and "+ contrast" not in label:
        yield "speaks of contrast, but the images do not say that an agent was given"
