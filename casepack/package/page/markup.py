"""HTML of text that others wrote: escaped always, paragraphs and plain lists kept."""

from __future__ import annotations

import html
import json
import re

_BREAK = re.compile(r"\n\s*\n")
_ITEM = re.compile(r"[-*\u2022]\s+")
_UNSAFE = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
_PLACE = re.compile(r"\{\{([a-z-]+)\}\}")


def escape(text: str) -> str:
    """Return text for an element or a quoted attribute."""
    return html.escape(text, quote=True)


def paragraphs(text: str) -> str:
    """Return ``<p>`` for each block between blank lines, ``<ul>`` for a block of dashed lines."""
    blocks = [block.strip() for block in _BREAK.split(text.replace("\r\n", "\n").strip())]
    return "\n".join(_block(block) for block in blocks if block)


def link(address: str, text: str) -> str:
    """Return a link; both parts are escaped."""
    return f'<a href="{escape(address)}">{escape(text)}</a>'


def json_for_script(value: object) -> str:
    """Return JSON that cannot end the ``<script>`` element that holds it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_UNSAFE)


def fill(template: str, parts: dict[str, str]) -> str:
    """Replace each ``{{name}}`` once; what is put in is not looked at again.

    Raises
    ------
    KeyError
        The template names a part that is not there.
    """
    return _PLACE.sub(lambda match: parts[match[1]], template)


def _block(block: str) -> str:
    lines = [line.strip() for line in block.split("\n")]
    if all(_ITEM.match(line) for line in lines):
        items = "".join(f"<li>{escape(_ITEM.sub('', line, count=1))}</li>" for line in lines)
        return f"<ul>{items}</ul>"
    return f"<p>{escape(' '.join(lines))}</p>"
