from __future__ import annotations

from pathlib import Path

from lxml import etree

from casepack.package.page.outlines import draw_outlines
from tests.package.cases import MARKUP, lesions, verified

SVG = "{http://www.w3.org/2000/svg}"


def test_outline_lies_on_its_image_in_pixels(tmp_path: Path) -> None:
    measured = lesions(verified(tmp_path))
    sizes = {one.sop_instance_uid: (64, 48) for one in measured[0].measurements}
    drawings = draw_outlines(measured, sizes)
    assert list(drawings) == ["1-lesion-1-time-point-1-1.svg", "1-lesion-1-time-point-2-2.svg"]
    root = etree.fromstring(drawings["1-lesion-1-time-point-1-1.svg"].encode())
    assert root.get("viewBox") == "0 0 48 64"
    polygon = root.find(f"{SVG}polygon")
    assert polygon is not None
    # the centre of the first pixel lies at half a pixel
    assert polygon.get("points") == "1.5,2.5 3.5,2.5 3.5,5.5"
    assert [each.get("class") for each in root.findall(f"{SVG}polyline")] == [
        "long-axis",
        "short-axis",
    ]
    title = root.find(f"{SVG}title")
    assert title is not None
    assert title.text == f"Lesion {MARKUP}"
    assert measured[0].measurements[0].sop_instance_uid in drawings["1-lesion-1-time-point-1-1.svg"]


def test_image_of_unknown_size_is_left_out(tmp_path: Path) -> None:
    assert draw_outlines(lesions(verified(tmp_path)), {}) == {}
