"""Elements and paragraphs of XML documents, for the exports that are XML."""

from __future__ import annotations

from lxml import etree

from casepack.package.text import one_line


def add(
    parent: etree._Element, name: str, text: str | None = None, **attributes: str
) -> etree._Element:
    """Add an element; ``pub_id_type`` is the attribute pub-id-type, ``id_`` is id."""
    named = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    child = etree.SubElement(parent, name, named)
    child.text = text
    return child


def add_paragraphs(parent: etree._Element, text: str) -> None:
    """Add the blocks of a text, parted by empty lines, as elements ``p``."""
    for block in text.split("\n\n"):
        if block.strip():
            add(parent, "p", one_line(block))
