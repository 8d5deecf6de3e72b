"""Clean Graphics (PS3.15 E.3.3): presentation states, overlays and curves.

Overlays and curves go as whole groups. What is drawn in a presentation state is shapes and text:
shapes stay, text is cleaned as any description is, and references lead to the images under their
new UIDs. The Plan does that, Attribute by Attribute; here is what it takes besides.
"""

from __future__ import annotations

import re
from typing import Final

from casepack.deidentify.actions import Context
from casepack.encoding import unpad
from casepack.errors import InstanceHeld
from casepack.model import Reason

GRAPHIC_LAYER: Final = 0x00700002
_SHUTTER_OVERLAY_GROUP: Final = 0x00181623
_SEPARATOR: Final = re.compile(r"[\s_]+")


def refuse_overlay_shutter(tags: frozenset[int]) -> None:
    """Hold a presentation state whose shutter is drawn in an overlay, which goes.

    Without its shutter it would show what it was made to hide (PS3.3 C.7.6.15).

    Raises
    ------
    InstanceHeld
        With `Reason` GRAPHICS.
    """
    if _SHUTTER_OVERLAY_GROUP in tags:
        raise InstanceHeld(Reason.GRAPHICS)


def clean_graphic_label(tag: int, value: bytes, context: Context) -> bytes | None:
    """Return a term that people made up, if its words are known; None if there is no other.

    Annotations name their layer: it gets a name made of the secret key, the same wherever it
    stands.
    """
    text = unpad(value).decode("latin-1").strip()
    words = _SEPARATOR.sub(" ", text)
    if context.words is not None and not context.words.read(words).removals:
        return value
    if tag == GRAPHIC_LAYER:
        return f"LAYER_{context.pseudonyms.code('layer', text)}".encode("ascii")
    return None
