"""MR essentials that only private elements hold, lifted into standard Attributes before they go.

b-value and diffusion gradient direction have standard Attributes (PS3.3 C.8.13.5.9), which the MR
Image IOD does not list but may carry as a Standard Extended SOP Class (PS3.2). In Enhanced MR they
stand in functional groups already. Where vendors keep them is public: Siemens CSA Image Header and
SIEMENS MR HEADER, GE GEMS_PARM_01, Philips Imaging DD 001 and Philips MR Imaging DD 001.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Final

from casepack.deidentify.private import creator_tag, private_creators
from casepack.encoding import Buffer, Element, Encoding, encode_element, unpad

MR_IMAGE_STORAGE: Final = "1.2.840.10008.5.1.4.1.1.4"
DIFFUSION_B_VALUE: Final = 0x00189087
DIFFUSION_GRADIENT_ORIENTATION: Final = 0x00189089
IN_PLANE_PHASE_ENCODING_DIRECTION: Final = 0x00181312

_GE_B_VALUE_MODULUS: Final = 10**9  # GE adds multiples of it as a flag
_MAX_B_VALUE: Final = 1e6
_CSA_NAME: Final = 64
_CSA_TAG: Final = struct.Struct("<i4s3i")
_CSA_ITEM: Final = struct.Struct("<4i")
_CSA_MAX_ITEMS: Final = 24
_NUMBER: Final = re.compile(rb"[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?")

Numbers = Sequence[float]


def lift_mr_essentials(
    buffer: Buffer, private: Sequence[Element], present: Container[int], encoding: Encoding
) -> list[tuple[int, bytes]]:
    """Return encoded standard elements for what the private elements of an MR Image hold.

    Parameters
    ----------
    private
        Top-level private elements.
    present
        Tags of the Data Set; an Attribute that is among them is not lifted.

    Returns
    -------
    list[tuple[int, bytes]]
        Diffusion b-value (s/mm2), Diffusion Gradient Orientation (unit vector, patient
        coordinates) and In-plane Phase Encoding Direction, as far as they are known.
    """
    creators = private_creators(buffer, private)
    found: dict[int, Numbers] = {}
    direction = b""
    for element in private:
        creator = creators.get(creator_tag(element.tag), "")
        source = _SOURCES.get((creator, element.tag >> 16, element.tag & 0xFF))
        if source is not None:
            tag, read = source
            found.setdefault(tag, read(buffer, element, encoding))
        elif creator == _CSA_CREATOR and element.tag & 0xFF == _CSA_IMAGE_HEADER:
            found.setdefault(DIFFUSION_B_VALUE, _csa_numbers(buffer, element, b"B_value"))
            found.setdefault(
                DIFFUSION_GRADIENT_ORIENTATION,
                _csa_numbers(buffer, element, b"DiffusionGradientDirection"),
            )
            direction = direction or _csa_value(buffer, element, b"PhaseEncodingDirection")
    lifted = [
        (tag, encode_element(tag, "FD", struct.pack(f"{encoding.order}{len(n)}d", *n), encoding))
        for tag, n in sorted(found.items())
        if tag not in present and _is_plausible(tag, n)
    ]
    if direction in {b"ROW", b"COL"} and IN_PLANE_PHASE_ENCODING_DIRECTION not in present:
        tag = IN_PLANE_PHASE_ENCODING_DIRECTION
        lifted.append((tag, encode_element(tag, "CS", direction, encoding)))
    return lifted


def _is_plausible(tag: int, numbers: Numbers) -> bool:
    if tag == DIFFUSION_B_VALUE:
        return len(numbers) == 1 and 0 <= numbers[0] < _MAX_B_VALUE
    return len(numbers) == 3 and all(abs(number) <= 1.001 for number in numbers)  # noqa: PLR2004  # a unit vector


def _decimals(buffer: Buffer, element: Element, _encoding: Encoding) -> Numbers:
    value = unpad(buffer[element.value : element.end])
    return [float(part) for part in value.split(b"\\") if _NUMBER.fullmatch(part.strip())]


def _binary(code: str) -> Callable[[Buffer, Element, Encoding], Numbers]:
    def read(buffer: Buffer, element: Element, encoding: Encoding) -> Numbers:
        value = buffer[element.value : element.end]
        size = struct.calcsize(code)
        if not value or len(value) % size:
            return []
        return struct.unpack(f"{encoding.order}{len(value) // size}{code}", value)

    return read


def _ge_b_value(buffer: Buffer, element: Element, encoding: Encoding) -> Numbers:
    numbers = _decimals(buffer, element, encoding)
    return [numbers[0] % _GE_B_VALUE_MODULUS] if numbers else []


_CSA_CREATOR: Final = "SIEMENS CSA HEADER"
_CSA_IMAGE_HEADER: Final = 0x10
_SOURCES: Final[
    Mapping[tuple[str, int, int], tuple[int, Callable[[Buffer, Element, Encoding], Numbers]]]
] = {
    ("SIEMENS MR HEADER", 0x0019, 0x0C): (DIFFUSION_B_VALUE, _decimals),
    ("SIEMENS MR HEADER", 0x0019, 0x0E): (DIFFUSION_GRADIENT_ORIENTATION, _binary("d")),
    ("GEMS_PARM_01", 0x0043, 0x39): (DIFFUSION_B_VALUE, _ge_b_value),
    ("Philips Imaging DD 001", 0x2001, 0x03): (DIFFUSION_B_VALUE, _binary("f")),
}


def _csa_value(buffer: Buffer, element: Element, name: bytes) -> bytes:
    """Return the first value of a CSA header's tag, or nothing (layout known from dcm2niix)."""
    values = _csa_values(buffer, element, name)
    return values[0] if values else b""


def _csa_numbers(buffer: Buffer, element: Element, name: bytes) -> Numbers:
    return [float(v) for v in _csa_values(buffer, element, name) if _NUMBER.fullmatch(v)]


def _csa_values(buffer: Buffer, element: Element, name: bytes) -> list[bytes]:
    at = buffer.find(name + b"\x00", element.value, element.end)
    if at < 0 or at + _CSA_NAME + _CSA_TAG.size > element.end:
        return []
    _vm, _vr, _type, count, _mark = _CSA_TAG.unpack_from(buffer, at + _CSA_NAME)
    position = at + _CSA_NAME + _CSA_TAG.size
    values = []
    for _ in range(min(max(count, 0), _CSA_MAX_ITEMS)):
        if position + _CSA_ITEM.size > element.end:
            break
        length = _CSA_ITEM.unpack_from(buffer, position)[1]
        position += _CSA_ITEM.size
        if length < 0 or position + length > element.end:
            break
        value = buffer[position : position + length].partition(b"\x00")[0].strip()
        if value:
            values.append(value)
        position += -(-length // 4) * 4
    return values
