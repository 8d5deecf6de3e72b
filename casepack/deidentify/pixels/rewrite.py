"""The Data Set of a covered image: new Pixel Data, what describes them, and what was done to them.

All else stays as de-identification left it. An image whose pixels are not those of its original is
a derived image (PS3.3 C.7.6.1.1.2) and says so.
"""

from __future__ import annotations

import struct
from typing import Final

from casepack.deidentify.dataset import Extent, Output
from casepack.deidentify.pixels.boxes import Box
from casepack.deidentify.pixels.clean import clean_image
from casepack.deidentify.pixels.frame_types import EACH_FRAME, SHARED, derive_frame_types
from casepack.deidentify.pixels.header import PIXEL_DATA, read_stored_pixels
from casepack.deidentify.pixels.looks import BoxesByFrame, Look
from casepack.deidentify.pixels.stored import LOSSY_METHODS, StoredPixels, native_size, swap_bytes
from casepack.deidentify.pixels.unused_bits import clear_unused_bits
from casepack.encoding import Encoding, encode_element, read_elements, unpad
from casepack.errors import InstanceHeld
from casepack.model import Option, PixelChange, Reason
from casepack.part_ten import PartTen

_IMAGE_TYPE: Final = 0x00080008
_DERIVATION_DESCRIPTION: Final = 0x00082111
_PHOTOMETRIC: Final = 0x00280004
_PLANAR_CONFIGURATION: Final = 0x00280006
_BITS_ALLOCATED: Final = 0x00280100
_HIGH_BIT: Final = 0x00280102
_LOSSY: Final = 0x00282110
_LOSSY_RATIO: Final = 0x00282112
_LOSSY_METHOD: Final = 0x00282114
_STALE: Final = frozenset(
    # Smallest and Largest Image Pixel Value; offset tables of the former fragments
    {0x00280106, 0x00280107, 0x7FE00001, 0x7FE00002, 0x7FE00003}
)
_ALWAYS_LOSSY: Final = frozenset({"ISO_10918_1"})
"""Methods that cannot do without loss; a header that says so of another is believed."""
_MOST_TEXT: Final = 1024
DESCRIPTION: Final = "Rectangles with burned-in text were filled with one value"
FACE_DESCRIPTION: Final = "The region of the face was filled with one value"


def cover_output(
    file: PartTen, output: Output, look: Look, options: frozenset[Option]
) -> tuple[Output, str, PixelChange]:
    """Return a de-identified Data Set with the boxes covered and its header telling of it.

    Parameters
    ----------
    file
        The original.
    output
        What de-identification made of it, with the original Pixel Data.
    look
        What is to be covered.
    options
        The Options that are claimed.

    Returns
    -------
    Output, str, PixelChange
        The Data Set sorted by tag, its Transfer Syntax, and what was done.

    Raises
    ------
    InstanceHeld
        The image cannot be decoded or covered, or text is found on it still.
    """
    pixels = read_stored_pixels(file)
    if pixels is None:
        raise InstanceHeld(Reason.NOT_UNDERSTOOD)
    cleared = clear_unused_bits(pixels) if look.hidden else pixels
    boxes = tuple(_boxes(look.boxes, frame) for frame in range(pixels.frames))
    faces = tuple(_boxes(look.face_boxes, frame) for frame in range(pixels.frames))
    cleaned = clean_image(cleared, boxes, kept=_kept_boxes(look, pixels.frames), faces=faces)
    new = cleaned.covered.pixels
    described = dict(_described(pixels, new, file, output))
    if cleaned.changed:
        told = [DESCRIPTION] * cleaned.lettered + [FACE_DESCRIPTION] * any(faces)
        if cleaned.covered.reason:
            told.append(f"Decompressed: {cleaned.covered.reason}")
        described |= _derived(file, output, frozenset(cleaned.covered.frames))
        described |= _told(file, output, options, "; ".join(told))
    kept = [entry for entry in output if entry[0] not in described and entry[0] not in _STALE]
    change = PixelChange(
        frames=pixels.frames,
        boxes=tuple((frame, found) for frame, found in enumerate(cleaned.boxes) if found),
        text=cleaned.changed and cleaned.lettered,
        cleared=look.hidden,
        decompressed=cleaned.covered.reason,
    )
    result = sorted([*kept, *described.items()], key=lambda entry: entry[0])
    return result, new.transfer_syntax_uid, change


def _kept_boxes(look: Look, frames: int) -> dict[int, tuple[Box, ...]]:
    """Return by frame where text that is found stays."""
    if not look.kept and not look.spared:
        return {}
    kept = tuple(Box(*edges) for edges in look.kept)
    return {frame: (*kept, *_boxes(look.spared, frame)) for frame in range(frames)}


def _boxes(boxes: BoxesByFrame, frame: int) -> tuple[Box, ...]:
    return tuple(Box(*edges) for edges in boxes.get(frame, ()))


def _described(
    old: StoredPixels, new: StoredPixels, file: PartTen, output: Output
) -> dict[int, bytes]:
    """Return the Pixel Data and what of the Image Pixel Module is another one, encoded."""
    how = file.encoding
    present = {tag for tag, _ in output}
    found = {PIXEL_DATA: _encoded_pixels(old, new, file)}
    for tag, number, before in (
        (_BITS_ALLOCATED, new.bits_allocated, old.bits_allocated),
        (_HIGH_BIT, new.high_bit, old.high_bit),
        (_PLANAR_CONFIGURATION, new.planar_configuration, old.planar_configuration),
    ):
        if number != before and tag in present:
            found[tag] = encode_element(tag, "US", struct.pack(f"{how.order}H", number), how)
    if new.photometric != old.photometric:
        found[_PHOTOMETRIC] = encode_element(_PHOTOMETRIC, "CS", new.photometric.encode(), how)
    return found | _lossy(old, new, file, present)


def _encoded_pixels(old: StoredPixels, new: StoredPixels, file: PartTen) -> bytes:
    how = file.encoding
    if not new.native:
        head = struct.pack("<HH2sHI", PIXEL_DATA >> 16, PIXEL_DATA & 0xFFFF, b"OB", 0, 0xFFFFFFFF)
        return head + bytes(new.value) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    if old.native:
        vr = next(element.vr for element in file.elements if element.tag == PIXEL_DATA)
        value = swap_bytes(new.value) if new.swapped else bytes(new.value)
        return encode_element(PIXEL_DATA, vr if vr in {"OB", "OW"} else "OW", value, how)
    vr = "OB" if new.bits_allocated <= 8 else "OW"  # noqa: PLR2004  # bytes or words
    return encode_element(PIXEL_DATA, vr, bytes(new.value), how)


def _lossy(
    old: StoredPixels, new: StoredPixels, file: PartTen, present: set[int]
) -> dict[int, bytes]:
    """Return the marks of lossy compression that the Transfer Syntax will no longer tell."""
    method = LOSSY_METHODS.get(old.transfer_syntax_uid)
    said = file.value(_LOSSY) or b""
    same = new.transfer_syntax_uid == old.transfer_syntax_uid
    if method is None or same or (said == b"00" and method not in _ALWAYS_LOSSY):
        return {}
    found = {}
    if said != b"01":
        found[_LOSSY] = encode_element(_LOSSY, "CS", b"01", file.encoding)
    if _LOSSY_RATIO not in present:
        ratio = f"{native_size(old) / max(1, len(old.value)):.2f}"
        found[_LOSSY_RATIO] = encode_element(_LOSSY_RATIO, "DS", ratio.encode(), file.encoding)
    # a value for each ratio: of several compressions only the last is known
    if _LOSSY_METHOD not in present and b"\\" not in (file.value(_LOSSY_RATIO) or b""):
        found[_LOSSY_METHOD] = encode_element(_LOSSY_METHOD, "CS", method.encode(), file.encoding)
    return found


def _derived(file: PartTen, output: Output, touched: frozenset[int]) -> dict[int, bytes]:
    """Return what says that the image is derived: Image Type, and Frame Type in Enhanced ones."""
    how = file.encoding
    encoded = {tag: _encoded(file, output, tag) for tag in (_IMAGE_TYPE, SHARED, EACH_FRAME)}
    types = derive_frame_types(encoded[SHARED], encoded[EACH_FRAME], touched, how)
    found = dict(types.groups)
    image_type = encoded[_IMAGE_TYPE]
    if image_type is not None:
        rest = _value(image_type, how).split(b"\\")[1:] or [b"SECONDARY"]
        found[_IMAGE_TYPE] = encode_element(
            _IMAGE_TYPE, "CS", b"\\".join([types.image, *rest]), how
        )
    return found


def _told(
    file: PartTen, output: Output, options: frozenset[Option], description: str
) -> dict[int, bytes]:
    """Return what says how the image was derived."""
    if Option.CLEAN_DESCRIPTORS not in options:
        # Table E.1-1 removes it then, whoever wrote it
        return {}
    encoded = _encoded(file, output, _DERIVATION_DESCRIPTION)
    before = _value(encoded, file.encoding) if encoded is not None else b""
    text = b"; ".join([part for part in (before, description.encode()) if part])
    if len(text) > _MOST_TEXT:
        text = description.encode()
    return {
        _DERIVATION_DESCRIPTION: encode_element(_DERIVATION_DESCRIPTION, "ST", text, file.encoding)
    }


def _encoded(file: PartTen, output: Output, tag: int) -> bytes | None:
    """Return an element as de-identification left it; None where there is none."""
    for found, encoded in output:
        if found == tag:
            if isinstance(encoded, Extent):
                return bytes(file.buffer[encoded.start : encoded.end])
            return encoded
    return None


def _value(raw: bytes, how: Encoding) -> bytes:
    (element,), _ = read_elements(raw, 0, len(raw), how)
    return unpad(raw[element.value : element.end])
