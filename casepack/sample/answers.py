"""The answer key of the sample: every planted place, the values to look for, what must stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from casepack.sample.capture import SERIES_NUMBER
from casepack.sample.identifiers import Identity, identifying_values, series_only
from casepack.sample.planting import OVERLAY_PLACES

Image = tuple[int, int, int, Path, Dataset]
"""Study, Series Number, Instance Number, path below the study folder, Data Set."""

_UIDS = {
    "(0008,0018)": "SOPInstanceUID",
    "(0020,000D)": "StudyInstanceUID",
    "(0020,000E)": "SeriesInstanceUID",
    "(0020,0052)": "FrameOfReferenceUID",
}

_KEPT_EVERYWHERE = (
    "Modality", "PatientSex", "PatientAge", "BodyPartExamined", "MagneticFieldStrength",
    "PatientPosition", "Rows", "Columns", "BitsStored",
)  # fmt: skip
_KEPT_BY_SERIES = (
    "EchoTime", "RepetitionTime", "FlipAngle", "EchoTrainLength", "PixelBandwidth", "PixelSpacing",
    "SliceThickness", "SpacingBetweenSlices", "ScanningSequence", "SequenceVariant",
    "ImageOrientationPatient",
)  # fmt: skip


def answer_key(seed: int, images: list[Image]) -> dict[str, Any]:
    """Return the content of ``planted.json``."""
    studies = [
        {"study": study, "places": _places(Identity(seed=seed, study=study), images)}
        for study in (1, 2)
    ]
    return {
        "casepack_planted": 1,
        "about": "file '*': every MR image of the study (Series Number 1 to 5), paths are below"
        " study/; values: must not occur in a result; keep: must survive",
        "studies": studies,
        "values": list(dict.fromkeys([*identifying_values(), *_all_uids(seed, images)])),
        "keep": _kept(images),
    }


def _places(identity: Identity, images: list[Image]) -> list[dict[str, str]]:
    own = [image for image in images if image[0] == identity.study]
    first = {series: path.as_posix() for _, series, number, path, _ in reversed(own) if number}
    places = []
    for series in (1, 3, 4, 5):
        for planting, value in identity.plantings(series):
            limited = series_only(planting.at)
            if planting.kind and (series == 1) != (series in limited):
                places.append(
                    _place(planting.at, first[series] if limited else "*", value, planting.kind)
                )
    sample = own[0][4]
    places += [_place(tag, first[1], str(sample[key].value), "uid") for tag, key in _UIDS.items()]
    places += _outside(identity, own[0][3].as_posix(), first[2], own)
    return places


def _outside(
    identity: Identity, image: str, overlay: str, own: list[Image]
) -> list[dict[str, str]]:
    """Return the places that are no Data Element of an image's header."""
    fill = identity.fill
    ds = next(ds for _, series, _, _, ds in own if series == 2)
    places = [
        _place("preamble", "*", fill("{patient}"), "name"),
        _place("file meta (0002,0003)", image, str(own[0][4].SOPInstanceUID), "uid"),
        _place("file meta (0002,0013)", "*", "ELDERMOOR_PX_7", "institution"),
        _place("file meta (0002,0016)", "*", identity.word("title"), "institution"),
        _place("file meta (0002,0017)", "*", "ELDERMOOR_PACS", "institution"),
        _place("file meta (0002,0100)", "*", identity.uid("information"), "uid"),
        _place("file meta (0002,0102)", "*", fill("{patient}|{phone}"), "private"),
        _place("trailing padding", "*", fill("{patient_id}"), "id"),
        _place("path", "*", "BRONDAL", "name"),
        _place("(0008,1140)[0].(0008,1155)", overlay, _reference(own), "uid"),
        *(_place(tag, overlay, str(ds[_tag(tag)].value), "free-text") for tag in OVERLAY_PLACES),
        _place("(6000,3000)", overlay, identity.word("drawn_family"), "pixels"),
        _place("DICOMDIR", "DICOMDIR", fill("{accession}"), "id"),
    ]
    if identity.study == 1:
        capture = next(p.as_posix() for _, s, _, p, _ in own if s == SERIES_NUMBER)
        places += [
            _place("pixels", capture, fill("{drawn}"), "pixels"),
            _place("pixels", capture, fill("{birth_text}"), "pixels"),
            _place("pixels", capture, fill("{patient_id}"), "pixels"),
            _place("(0008,103E)", capture, fill("Screenshot for {oncologist}"), "free-text"),
            _place("DICOMDIR", "DICOMDIR", fill("{patient}"), "name"),
            _place("README.TXT", "README.TXT", fill("{patient}"), "name"),
        ]
    return places


def _reference(own: list[Image]) -> str:
    return next(
        str(ds.SOPInstanceUID) for _, series, number, _, ds in own if (series, number) == (1, 1)
    )


def _tag(place: str) -> int:
    return int(place[1:5] + place[6:10], 16)


def _place(place: str, file: str, value: str, kind: str) -> dict[str, str]:
    return {"place": place, "file": file, "value": value, "kind": kind}


def _all_uids(seed: int, images: list[Image]) -> list[str]:
    found = [str(ds[key].value) for *_, ds in images for key in _UIDS.values() if key in ds]
    for study in (1, 2):
        identity = Identity(seed=seed, study=study)
        found += [value for plan, value in identity.plantings(1) if plan.kind == "uid"]
        found += [identity.uid("private"), identity.uid("information")]
    return [*found, Identity(seed=seed, study=1).uid("directory")]


def _kept(images: list[Image]) -> list[dict[str, Any]]:
    mr = [(series, ds) for _, series, _, _, ds in images if series != SERIES_NUMBER]
    kept: list[dict[str, Any]] = [
        {"attribute": key, "value": _text(mr[0][1], key)} for key in _KEPT_EVERYWHERE
    ]
    for series in range(1, 6):
        ds = next(ds for number, ds in mr if number == series)
        kept += [
            {"attribute": key, "value": _text(ds, key), "study": 1, "series_number": series}
            for key in _KEPT_BY_SERIES
            if not (series == 1 and key == "ImageOrientationPatient")
        ]
    return kept


def _text(ds: Dataset, keyword: str) -> str:
    value = ds[keyword].value
    return (
        str(value)
        if isinstance(value, str) or not hasattr(value, "__iter__")
        else "\\".join(str(part) for part in value)
    )
