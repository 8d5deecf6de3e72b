"""Grayscale Softcopy Presentation States: outline, label and arrow for viewers that show no SR."""

from __future__ import annotations

import math
import re

import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset

from casepack.annotate.geometry.planes import Vector
from casepack.annotate.objects.content import read_image_headers
from casepack.annotate.objects.context import SOFTWARE, StudyContext, stamp
from casepack.annotate.objects.placement import Placement
from casepack.annotate.objects.report import graphic_data
from casepack.annotate.objects.shown import ImageReference, Shown, images_of
from casepack.lesion import MeasuredCaliper, Measurement

_LAYER = "LESION"
_SPINE = re.compile(r"spin(e|al)|vertebra", re.IGNORECASE)
_UNPAIRED = frozenset(
    {"ABDOMEN", "BLADDER", "BRAIN", "CHEST", "HEAD", "HEART", "LIVER", "NECK", "PANCREAS"}
    | {"PELVIS", "PROSTATE", "SPLEEN", "STOMACH", "UTERUS"}
)
_YELLOW = hd.color.CIELabColor(97.0, -21.0, 94.0)
_SHAFT, _BARB = 1 / 8, 1 / 3
"""Length of the arrow as part of the image, and of its barbs as part of the arrow."""
_BARB_ANGLE = math.radians(25)


def build_presentation_state(
    context: StudyContext, placement: Placement, shown: Shown, series_instance_uid: str
) -> Dataset:
    """Return a presentation state with the drawings of a lesion on one series.

    On each key image: the closed outline, an arrow that points to it, and the lesion's label at
    the arrow's tail; calipers as lines, marked points as points. Positions count from the top
    left corner of the first pixel (PS3.3 C.10.5).
    """
    every: tuple[Measurement | MeasuredCaliper, ...] = (*shown.measurements, *shown.calipers)
    drawn = [each for each in every if each.series_instance_uid == series_instance_uid]
    images = images_of(drawn)
    uids = dict.fromkeys(image.sop_instance_uid for image in images)
    headers = dict(
        zip(uids, read_image_headers([context.paths[uid] for uid in uids], context), strict=True)
    )
    layer = hd.pr.GraphicLayer(_LAYER, order=1, display_color=_YELLOW)
    document = hd.pr.GrayscaleSoftcopyPresentationState(
        referenced_images=list(headers.values()),
        series_instance_uid=placement.series_instance_uid,
        series_number=placement.series_number,
        sop_instance_uid=placement.sop_instance_uid,
        instance_number=placement.instance_number,
        manufacturer=SOFTWARE,
        manufacturer_model_name=SOFTWARE,
        software_versions=context.software_version,
        device_serial_number="0",
        content_label=_LAYER,
        graphic_layers=[layer],
        graphic_annotations=[
            _annotation(shown, headers[image.sop_instance_uid], image, drawn, placement, layer)
            for image in images
        ],
    )
    document.SpecificCharacterSet = "ISO_IR 192"
    body_part = _body_part(context, shown)
    if body_part:
        document.BodyPartExamined = body_part
    del document.DeviceSerialNumber
    stamp(document, context)
    document.PresentationCreationDate = document.ContentDate
    document.PresentationCreationTime = document.ContentTime
    # both belong to other objects than this one
    del document.ContentDate
    del document.ContentTime
    return document


def _body_part(context: StudyContext, shown: Shown) -> str:
    """Return Body Part Examined of the images, or else that of the finding site.

    Without it Laterality would be asked for, as a part might be paired. Empty where the site is
    none of the unpaired ones that are known here (PS3.16 Annex L).
    """
    said = str(context.header.get("BodyPartExamined") or "")
    for site in shown.lesion.lesion.sites:
        if _SPINE.search(site.meaning):
            return said or "SPINE"
        if site.meaning.upper() in _UNPAIRED:
            return said or site.meaning.upper()
    return said


def _annotation(
    shown: Shown,
    header: Dataset,
    image: ImageReference,
    drawn: list[Measurement | MeasuredCaliper],
    placement: Placement,
    layer: hd.pr.GraphicLayer,
) -> hd.pr.GraphicAnnotation:
    here = [
        each
        for each in drawn
        if (each.sop_instance_uid, each.frame) == (image.sop_instance_uid, image.frame)
    ]
    size = (int(header.Rows), int(header.Columns))
    graphics: list[hd.pr.GraphicObject] = []
    texts: list[hd.pr.TextObject] = []
    for each in here:
        if isinstance(each, MeasuredCaliper):
            kind = "POINT" if each.extent is None else "POLYLINE"
            graphics.append(_graphic(shown, kind, graphic_data(each.points_px)))
            continue
        closed = graphic_data((*each.polygon_px, each.polygon_px[0]))
        arrow = draw_arrow(closed, size)
        graphics += [_graphic(shown, "POLYLINE", closed), _graphic(shown, "POLYLINE", arrow)]
        texts.append(
            hd.pr.TextObject(
                text_value=shown.lesion.lesion.label,
                units="PIXEL",
                anchor_point=(float(arrow[0, 0]), float(arrow[0, 1])),
                anchor_point_visible=False,
                tracking_id=shown.lesion.lesion.tracking_id,
                tracking_uid=shown.lesion.tracking_uid,
            )
        )
    return hd.pr.GraphicAnnotation(
        referenced_images=[header],
        graphic_layer=layer,
        referenced_frame_number=image.frame if placement.is_multi_frame(image) else None,
        graphic_objects=graphics,
        text_objects=texts or None,
    )


def _graphic(shown: Shown, kind: str, data: Vector) -> hd.pr.GraphicObject:
    return hd.pr.GraphicObject(
        graphic_type=kind,
        graphic_data=data,
        units="PIXEL",
        tracking_id=shown.lesion.lesion.tracking_id,
        tracking_uid=shown.lesion.tracking_uid,
    )


def draw_arrow(polygon: Vector, size: tuple[int, int]) -> Vector:
    """Return an arrow from the roomier side to a polygon, as one line of shape ``(5, 2)``.

    The line runs from the tail to the tip and along both barbs. All of it lies on the image.

    Parameters
    ----------
    size
        Rows and Columns.
    """
    rows, columns = size
    middle = polygon.mean(axis=0)
    toward = np.array(
        [1.0 if middle[0] < columns / 2 else -1.0, 0.5 if middle[1] < rows / 2 else -0.5]
    )
    toward /= np.linalg.norm(toward)
    tip = polygon[int(np.argmax(np.round(polygon @ toward, 6)))]
    limit = np.array([columns, rows], dtype=np.float64)
    tail = np.clip(tip + toward * min(size) * _SHAFT, 0, limit)
    barbs = []
    for sign in (1, -1):
        cosine, sine = math.cos(_BARB_ANGLE), sign * math.sin(_BARB_ANGLE)
        along = (tail - tip) * _BARB
        barb = tip + np.array(
            [along[0] * cosine - along[1] * sine, along[0] * sine + along[1] * cosine]
        )
        barbs.append(np.clip(barb, 0, limit))
    return np.round(np.stack([tail, tip, barbs[0], tip, barbs[1]]), 3)
