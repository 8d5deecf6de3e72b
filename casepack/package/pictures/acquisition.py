"""What a series shows, worked out from how it was acquired and not from what someone called it.

Series Description may have been removed or cleaned, and was free text in the first place. The
limits of Repetition, Echo and Inversion Time below are the usual ones of spin echo imaging at
1.5 T and 3 T; they name a weighting for a reader, and nothing is decided by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from casepack.package.pictures.attributes import FrameAttributes
from casepack.package.pictures.planes import Plane

LONG_ECHO = 60.0
"""ms; from here on a spin echo is T2-weighted."""
LONG_REPETITION = 1300.0
"""ms; from here on a spin echo with a short Echo Time is proton density weighted."""
LONG_GRADIENT_ECHO = 10.0
"""ms; from here on a gradient echo is T2*-weighted."""
SHORT_INVERSION = (80.0, 300.0)
"""ms; the Inversion Times that null fat."""
LONG_INVERSION = 1500.0
"""ms; from here on, with a long Echo Time, fluid is nulled."""

_FAT_OPTIONS = {"FS", "SFS", "FAT_SAT", "FATSAT", "WE"}
_FAT_SUPPRESSION = {"FAT", "FAT_AND_WATER"}
_WATER_IMAGES = {"WATER", "W"}
_NO_AGENT = {"NO", "NONE", "N", "0"}
_CONTRASTS = {
    "T1": "T1",
    "T2": "T2",
    "T2_STAR": "T2*",
    "PROTON_DENSITY": "PD",
    "STIR": "STIR",
    "FLUID_ATTENUATED": "T2 FLAIR",
    "DIFFUSION": "DWI",
    "PERFUSION": "perfusion",
    "FLOW_ENCODED": "flow",
    "TIME_OF_FLIGHT": "TOF",
}
"""Acquisition Contrast (0008,9209) of Enhanced MR, PS3.3 C.8.13.3.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """Acquisition parameters of one frame; times in ms, lengths in mm, absent ones None."""

    modality: str
    image_type: tuple[str, ...]
    scanning_sequence: tuple[str, ...]
    spoiled: bool
    contrast: str
    """Weighting that the header itself names, or an empty text."""
    repetition_time: float | None
    echo_time: float | None
    inversion_time: float | None
    echo_train: float | None
    b_value: float | None
    volume: bool
    """True for a three-dimensional acquisition."""
    fat_saturated: bool
    agent: bool
    """True when a contrast agent was given."""
    thickness: float | None
    description: str


def read_acquisition(attributes: FrameAttributes) -> Acquisition:
    """Return the acquisition parameters of a frame."""
    named = attributes.words("AcquisitionContrast")
    return Acquisition(
        modality="".join(attributes.words("Modality")[:1]),
        image_type=attributes.words("ImageType"),
        scanning_sequence=_scanning_sequence(attributes),
        spoiled="SP" in attributes.words("SequenceVariant")
        or bool({"RF", "RF_AND_GRADIENT"} & set(attributes.words("Spoiling"))),
        contrast=_CONTRASTS.get(named[0], "") if named else "",
        repetition_time=attributes.number("RepetitionTime"),
        echo_time=_first(
            attributes.number("EchoTime"),
            attributes.number("EffectiveEchoTime"),
        ),
        inversion_time=_positive(
            _first(attributes.number("InversionTime"), attributes.number("InversionTimes"))
        ),
        echo_train=_first(
            attributes.number("EchoTrainLength"),
            attributes.number("RFEchoTrainLength"),
        ),
        b_value=attributes.number("DiffusionBValue"),
        volume="3D" in attributes.words("MRAcquisitionType"),
        fat_saturated=_fat_saturated(attributes),
        agent=_agent_given(attributes),
        thickness=_positive(attributes.number("SliceThickness")),
        description=attributes.text("SeriesDescription"),
    )


def name_weighting(acquisition: Acquisition) -> str:
    """Return ``T1``, ``T2``, ``PD``, ``STIR`` ..., or an empty text when it cannot be told."""
    if acquisition.modality != "MR":
        return ""
    if "ADC" in acquisition.image_type:
        return "ADC"
    if (acquisition.b_value or 0) > 0 or "DIFFUSION" in acquisition.image_type:
        return "DWI"
    if acquisition.contrast:
        return acquisition.contrast
    if acquisition.echo_time is None:
        return ""
    if acquisition.inversion_time is not None:
        return _name_inversion(acquisition.inversion_time, acquisition.echo_time)
    if "GR" in acquisition.scanning_sequence:
        return _name_gradient_echo(acquisition)
    return _name_spin_echo(acquisition)


def name_technique(acquisition: Acquisition) -> str:
    """Return the family of the pulse sequence: ``SE``, ``TSE``, ``GRE``, ``EPI`` or nothing."""
    kinds = set(acquisition.scanning_sequence)
    if "EP" in kinds:
        return "EPI"
    if "GR" in kinds:
        return "GRE"
    if "SE" in kinds:
        return "TSE" if (acquisition.echo_train or 1) > 1 else "SE"
    return ""


_MODALITIES = {"OT": "Other image", "SC": "Secondary capture"}
"""Modalities whose code says nothing to a reader (PS3.3 C.7.3.1.1.1)."""


def label_series(acquisitions: Sequence[Acquisition], planes: Sequence[Plane | None]) -> str:
    """Return a label such as ``Sagittal T1 fat-saturated + contrast`` or ``Localizer``.

    Parameters
    ----------
    acquisitions, planes
        Those of all frames of the series; a series without frames is not labelled.
    """
    first = acquisitions[0]
    if is_localizer(acquisitions, planes):
        return "Localizer"
    weighting = name_weighting(first)
    words = [weighting or _MODALITIES.get(first.modality, first.modality) or "images"]
    if first.volume:
        words.append("3D")
    if first.fat_saturated and "EP" not in first.scanning_sequence and weighting != "STIR":
        words.append("fat-saturated")
    if first.agent and weighting in {"", "T1"}:
        words.append("+ contrast")
    plane = name_plane(planes)
    if plane:
        return " ".join([plane.capitalize(), *words])
    return " ".join(words)


def describe_acquisition(acquisition: Acquisition) -> str:
    """Return the parameters that a reader looks for: ``TSE · TR 3500 ms · TE 100 ms · 4 mm``."""
    parts = [name_technique(acquisition)]
    for name, value in (
        ("TR", acquisition.repetition_time),
        ("TE", acquisition.echo_time),
        ("TI", acquisition.inversion_time),
    ):
        if value:
            parts.append(f"{name} {_short(value)} ms")
    if acquisition.b_value:
        parts.append(f"b {_short(acquisition.b_value)} s/mm²")
    if acquisition.thickness:
        parts.append(f"{_short(acquisition.thickness)} mm")
    return " · ".join(part for part in parts if part)


def is_localizer(acquisitions: Sequence[Acquisition], planes: Sequence[Plane | None]) -> bool:
    """Return whether the series is a localizer: it says so, or it holds several planes."""
    names = {plane.name for plane in planes if plane is not None}
    return len(names) > 1 or any("LOCALIZER" in one.image_type for one in acquisitions)


def name_plane(planes: Sequence[Plane | None]) -> str:
    """Return the anatomical plane that all frames share, or an empty text."""
    names = {plane.name for plane in planes if plane is not None}
    return names.pop() if len(names) == 1 else ""


def _name_inversion(inversion_time: float, echo_time: float) -> str:
    if SHORT_INVERSION[0] <= inversion_time <= SHORT_INVERSION[1]:
        return "STIR"
    if inversion_time >= LONG_INVERSION and echo_time >= LONG_ECHO:
        return "T2 FLAIR"
    return "T1"


def _name_gradient_echo(acquisition: Acquisition) -> str:
    if (acquisition.echo_time or 0) >= LONG_GRADIENT_ECHO:
        return "T2*"
    return "T1" if acquisition.spoiled else "gradient echo"


def _name_spin_echo(acquisition: Acquisition) -> str:
    if (acquisition.echo_time or 0) >= LONG_ECHO:
        return "T2"
    if acquisition.repetition_time is None or "SE" not in acquisition.scanning_sequence:
        return ""
    return "T1" if acquisition.repetition_time < LONG_REPETITION else "PD"


def _scanning_sequence(attributes: FrameAttributes) -> tuple[str, ...]:
    classic = attributes.words("ScanningSequence")
    if classic:
        return classic
    enhanced = {"SPIN": ("SE",), "GRADIENT": ("GR",), "BOTH": ("SE", "GR")}
    names = attributes.words("EchoPulseSequence")
    kinds = enhanced.get(names[0], ()) if names else ()
    planar = attributes.words("EchoPlanarPulseSequence")[:1] == ("YES",)
    return (*kinds, "EP") if planar else kinds


def _fat_saturated(attributes: FrameAttributes) -> bool:
    spectral = set(attributes.words("SpectrallySelectedSuppression")) & _FAT_SUPPRESSION
    options = set(attributes.words("ScanOptions")) & _FAT_OPTIONS
    dixon = set(attributes.words("ImageType")) & _WATER_IMAGES
    excited = attributes.words("SpectrallySelectedExcitation")[:1] == ("WATER",)
    return bool(spectral or options or dixon or excited)


def _agent_given(attributes: FrameAttributes) -> bool:
    agent = attributes.words("ContrastBolusAgent")
    if agent and agent[0] not in _NO_AGENT:
        return True
    amounts = (
        attributes.number(keyword) for keyword in ("ContrastBolusVolume", "ContrastBolusTotalDose")
    )
    return (
        any((amount or 0) > 0 for amount in amounts)
        or bool(attributes.words("ContrastBolusIngredient"))
        or bool(attributes.items("ContrastBolusAgentSequence"))
    )


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
