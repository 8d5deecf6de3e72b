"""What a line says, for a person who decides on boxes: read by the recogniser of RapidOCR.

Optional (`casepack[ocr]`), and no part of de-identification: a box is covered whatever it is read
as. What is read stands on the review page, in the crosswalk folder, and nowhere else. Of the
package `rapidocr` the network alone is used, which is inside: RapidOCR's own code logs, and may
fetch models.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from casepack.deidentify.pixels.boxes import Box

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_PACKAGE: Final = "rapidocr"
_MODEL: Final = "*_rec_*.onnx"
_HEIGHT: Final = 48
"""Rows of a line, as the recogniser takes it."""
_NARROWEST, _WIDEST = 320, 3200
"""Columns: shorter lines are padded, longer ones squeezed."""
_SURE: Final = 0.6
"""Mean likelihood of the characters of a line below which nothing is said."""
_PLAIN: Final = 0.9
"""The same from which a box is taken for one line."""
_WELL: Final = 0.85
"""The same of each line of a block that is parted rightly."""
_LOWEST: Final = 8
"""Rows of a line, at the least."""
_UPRIGHT: Final = 2
"""Height of a line, in widths, from which it is taken for one that is written upwards or down."""
_MOST_LINES: Final = 6
"""In a box; more boxes that touch are the pieces of an oblique line, with none in them to read."""
_BLANK: Final = ""

Reading = tuple[float, str]
"""Mean likelihood of the characters of a line, and the characters."""


def read_boxes(picture: NDArray[np.uint8], boxes: Sequence[Box]) -> str:
    """Return what the lines in boxes say, as far as they can be read; nothing without RapidOCR.

    Parameters
    ----------
    picture
        A frame in eight bits, shape (rows, columns, 3).
    boxes
        Around lines of text.
    """
    if not boxes or len(boxes) > _MOST_LINES or _session() is None:
        return ""
    from_above = sorted(boxes, key=lambda box: (box.top, box.left))
    blocks = (picture[box.top : box.bottom, box.left : box.right] for box in from_above)
    return " / ".join(line for block in blocks for line in _read_block(block))


def _read_block(block: NDArray[np.uint8]) -> list[str]:
    """Return what the lines of a block say; of one that stands upright the likelier reading."""
    rows, columns = block.shape[:2]
    if rows > _UPRIGHT * columns:
        return _sure([max(_recognise(np.rot90(block, turns)) for turns in (1, 3))])
    best = [_recognise(block)]
    if best[0][0] < _PLAIN:
        # lines that stand near one another are one box; their number is what reads best
        for count in range(2, min(_MOST_LINES, rows // _LOWEST) + 1):
            best = max(
                best, [_recognise(part) for part in np.array_split(block, count)], key=_weigh
            )
    return _sure(best)


def _weigh(readings: Sequence[Reading]) -> tuple[bool, float]:
    """Return how well a block reads when it is parted so; a line cut through reads badly, or twice.

    Where all parts read well, the number of characters counts, those of equal parts once.
    """
    likelihoods = [likelihood for likelihood, _ in readings]
    if min(likelihoods) < _WELL:
        return False, sum(likelihoods) / len(likelihoods)
    parts = {"".join(filter(str.isalnum, text)) for _, text in readings}
    return True, float(sum(map(len, parts)))


def _sure(readings: Sequence[Reading]) -> list[str]:
    return [text for likelihood, text in readings if likelihood >= _SURE]


def _recognise(line: NDArray[np.uint8]) -> Reading:
    """Return the mean likelihood of the characters of a line, and the characters."""
    session = _session()
    assert session is not None  # noqa: S101  # asked for before
    likelihoods = session.run(None, {session.get_inputs()[0].name: _as_input(line)})[0][0]
    best = likelihoods.argmax(axis=1)
    characters = _characters()
    # PP-OCR ends in CTC: a character counts once, and again only after a blank
    kept = [
        (float(likelihoods[at, one]), characters[one])
        for at, one in enumerate(best)
        if one and (not at or one != best[at - 1])
    ]
    text = "".join(character for _, character in kept).strip()
    return (float(np.mean([sure for sure, _ in kept])) if text else 0.0), text


def _as_input(line: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a line as the recogniser takes it: shape (1, 3, 48, columns), from -1 to 1."""
    columns = min(_WIDEST, max(1, round(line.shape[1] * _HEIGHT / line.shape[0])))
    scaled = Image.fromarray(line).resize((columns, _HEIGHT), Image.Resampling.BILINEAR)
    values = np.zeros((1, 3, _HEIGHT, max(_NARROWEST, columns)), dtype=np.float32)
    values[0, :, :, :columns] = np.asarray(scaled, dtype=np.float32).transpose(2, 0, 1)
    values[0, :, :, :columns] = values[0, :, :, :columns] / 127.5 - 1
    return values


@lru_cache(maxsize=1)
def _characters() -> tuple[str, ...]:
    """Return what each answer of the network stands for; the first stands for none."""
    session = _session()
    assert session is not None  # noqa: S101  # asked for before
    listed = session.get_modelmeta().custom_metadata_map["character"].splitlines()
    return (_BLANK, *listed, " ")


@lru_cache(maxsize=1)
def _session() -> InferenceSession | None:
    path = next(_models(), None)
    if path is None:
        return None
    # imported here: only who has boxes to review pays for it
    from onnxruntime import InferenceSession, SessionOptions  # noqa: PLC0415

    options = SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _models() -> Iterator[Path]:
    """Yield the recognisers that the package holds, without importing it."""
    found = find_spec(_PACKAGE)
    for folder in (found.submodule_search_locations or []) if found is not None else []:
        yield from sorted((Path(folder) / "models").glob(_MODEL))
