"""Whether the head can be in a picture, told from where the picture lies and what it is called.

Nothing in a header says where the head is. What is known is that a picture called lumbar has the
lumbar spine in its middle; whatever lies within a share of the body height of it has no face in
it. All else may show one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from casepack.deidentify.pixels.header import FileHeader
from casepack.deidentify.pixels.planes import Plane, read_planes
from casepack.encoding import read_items
from casepack.part_ten import PartTen

_FRAME_OF_REFERENCE: Final = 0x00200052
_MODALITY: Final = 0x00080060
_IMAGE_TYPE: Final = 0x00080008
_AGE, _SIZE = 0x00101010, 0x00101020
_NUMBER_OF_FRAMES: Final = 0x00280008
_IN_SERIES: Final = (0x0008103E, 0x00181030, 0x00180015)
"""Series Description, Protocol Name, Body Part Examined."""
_IN_STUDY: Final = (0x00081030, 0x00321060)
"""Study Description, Requested Procedure Description."""
_REGIONS: Final = frozenset({0x00082218, 0x00209071, 0x52009229, 0x52009230})
"""Anatomic Region Sequence; Frame Anatomy Sequence and the functional groups it stands in."""
_CODE_MEANING: Final = 0x00080104
_DEEPEST: Final = 4

_LOW: Final = re.compile(
    r"(?<![a-z])(l[-_ .]?spine|l/?s|lsp|lumb\w*|lomb\w*|lend\w*|lws|lsws|sacr\w*|sakr\w*|kreuz\w*"
    r"|coccy\w*|pelvi\w*|becken\w*|bassin|bacino|hips?|hüft\w*|isg|si[-_ ]?joints?|conus|cauda"
    r"|knees?|knie\w*|ankle|foot|femur|thigh)(?![a-z])"
)
"""Words for what lies at the lumbar spine or below, in the languages of the vendors' menus."""
_HIGH: Final = re.compile(
    r"(?<![a-z])(head|brain|skull|face|facial|orbit\w*|neck|hals|nacken|kopf|sch[äa]del|hirn\w*"
    r"|cerebr\w*|cervi\w*|zervi\w*|c[-_ .]?spine|csp|hws|cou|cr[âa]n\w*|t[eê]te|collo|cabeza|cuello"
    r"|thorac\w*|thorak\w*|torac\w*|dors\w*|brust\w*|t[-_ .]?spine|th?sp|bws|d[-_ .]?spine|chest"
    r"|whole\w*|total\w*|ganz\w*|gws|enti\w*|complet\w*|full|survey|pan\w*|neuro\w*axis|shoulder"
    r"|ct[-_ ]?l|c[-_ ]t[-_ ]l|clivus|hypoph\w*|pituit\w*|sinus\w*|temporal|iac|dens|atla\w*)"
    r"(?![a-z])"
)
"""Words for what lies higher, or for the whole."""
_REACH, _REACH_OF_SMALL = 0.20, 0.12
"""Share of the body height above the lumbar spine within which there is no face. The third lumbar
vertebra lies at about 0.6 of the height and the chin at 0.87; in newborns at 0.57 and 0.75. A
lumbar picture may be centred at the first."""
_SMALL: Final = 1.20
_HEIGHTS: Final = ((2, 0.70), (6, 0.90), (12, 1.10), (16, 1.40))
"""Years below which a patient is taken to be so tall, m, where no height is given."""
_ADULT: Final = 1.50


@dataclass(frozen=True, slots=True, kw_only=True)
class Depicted:
    """What the header of an image says about what it may show."""

    planes: tuple[Plane, ...] = ()
    """Of each frame; empty when one is not known."""
    frame_of_reference: str = field(repr=False, default="")
    modality: str = ""
    low: bool = False
    """Its series is called lumbar or lower, and nothing at hand is called higher."""
    localizer: bool = False
    height: float = _ADULT
    """Of the patient, m."""

    @property
    def lowest(self) -> float:
        """The z up to which it reaches towards the feet, mm."""
        return min(float(plane.corners()[:, 2].min()) for plane in self.planes)

    @property
    def highest(self) -> float:
        """The z up to which it reaches towards the head, mm."""
        return max(float(plane.corners()[:, 2].max()) for plane in self.planes)


def read_depicted(file: PartTen) -> Depicted:
    """Read what tells whether the head can be in an image.

    Raises
    ------
    InstanceHeld
        Rows or Columns are missing, or a Sequence is not valid encoding.
    """
    header = FileHeader(file)
    frames = _integer(header.text(_NUMBER_OF_FRAMES)) or 1
    series = _words(header, _IN_SERIES) + " " + " ".join(_meanings(file))
    study = _words(header, _IN_STUDY)
    image_type = (header.text(_IMAGE_TYPE) or "").upper()
    return Depicted(
        planes=read_planes(file, header.rows, header.columns, frames),
        frame_of_reference=(header.text(_FRAME_OF_REFERENCE) or "").strip(),
        modality=(header.text(_MODALITY) or "").strip(),
        low=bool(_LOW.search(series)) and not _HIGH.search(f"{series} {study}"),
        localizer="LOCALIZER" in image_type.split("\\"),
        height=_height(header),
    )


def _words(header: FileHeader, tags: Iterable[int]) -> str:
    # underscores are no letters, but \w takes them for some
    return " ".join((header.text(tag) or "").replace("_", " ").lower() for tag in tags)


def _meanings(file: PartTen) -> list[str]:
    """Return the Code Meanings of anatomic regions, at whatever level they stand."""
    found: list[str] = []
    level = [(file.encoding, [e for e in file.elements if e.tag in _REGIONS])]
    for _ in range(_DEEPEST):
        deeper = []
        for encoding, elements in level:
            for element in elements:
                inner, items = read_items(file.buffer, element, encoding)
                for item in items:
                    deeper.append((inner, [part for part in item if part.tag in _REGIONS]))
                    found += [
                        file.buffer[part.value : part.end].decode("latin-1").lower()
                        for part in item
                        if part.tag == _CODE_MEANING
                    ]
        level = deeper
    return found


def _integer(text: str | None) -> int:
    return int(text) if text and text.strip().isdigit() else 0


def _height(header: FileHeader) -> float:
    try:
        size = float(header.text(_SIZE) or "")
    except ValueError:
        size = 0.0
    if 0.4 <= size <= 2.3:  # noqa: PLR2004  # m; else somebody wrote centimetres, or nothing
        return size
    age = re.fullmatch(r"(\d{3})([DWMY])", (header.text(_AGE) or "").strip())
    if age is None:
        return _ADULT
    years = int(age[1]) / {"D": 365, "W": 52, "M": 12, "Y": 1}[age[2]]
    return next((height for limit, height in _HEIGHTS if years < limit), _ADULT)


def beyond_reach(images: Sequence[Depicted]) -> tuple[bool, ...]:
    """Tell of each image of a Frame of Reference whether the head can not be in it.

    Parameters
    ----------
    images
        All images of one Frame of Reference.

    Returns
    -------
    tuple
        True where the image reaches no further towards the head than a share of the body height
        above the middle of the images that are called lumbar. Without such images, and for an
        image without a known plane, False.
    """
    low = [image for image in images if image.low and image.planes]
    slices = [image for image in low if not image.localizer] or low
    if not slices:
        return (False,) * len(images)
    middle = float(np.median([(image.lowest + image.highest) / 2 for image in slices]))
    height = min(image.height for image in images)
    limit = middle + 1000 * height * (_REACH_OF_SMALL if height < _SMALL else _REACH)
    return tuple(bool(image.planes) and image.highest <= limit for image in images)
