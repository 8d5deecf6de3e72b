"""Segmentations: a lesion as voxels of the images of one series (PS3.3 A.51)."""

from __future__ import annotations

import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes as dictionary

from casepack.annotate.geometry.raster import Image
from casepack.annotate.objects.codes import sr_code
from casepack.annotate.objects.content import read_image_headers
from casepack.annotate.objects.context import SOFTWARE, StudyContext, stamp
from casepack.annotate.objects.placement import Placement
from casepack.annotate.objects.shown import Shown
from casepack.lesion import Segment
from casepack.standard.uids import derived_uid

MAXIMUM_FRACTION = 255
_LABEL_LENGTH = 64
"""Of a Long String (PS3.5 6.2)."""
_RED = hd.color.CIELabColor(54.0, 81.0, 70.0)


def build_segmentation(
    context: StudyContext, placement: Placement, shown: Shown, segment: Segment
) -> Dataset:
    """Return a Segmentation with one segment: binary, or fractional when so given.

    The fractions are occupancies. Frames without lesion are left out.
    """
    numbers = dict.fromkeys(frame.sop_instance_uid for frame in segment.frames)
    headers = read_image_headers([context.paths[uid] for uid in numbers], context)
    document = hd.seg.Segmentation(
        source_images=headers,
        pixel_array=_pixel_array(segment, headers),
        segmentation_type="FRACTIONAL" if segment.fractional else "BINARY",
        fractional_type="OCCUPANCY",
        max_fractional_value=MAXIMUM_FRACTION,
        segment_descriptions=[_description(shown)],
        series_instance_uid=placement.series_instance_uid,
        series_number=placement.series_number,
        sop_instance_uid=placement.sop_instance_uid,
        instance_number=placement.instance_number,
        manufacturer=SOFTWARE,
        manufacturer_model_name=SOFTWARE,
        software_versions=context.software_version,
        device_serial_number="0",
        content_label="LESION",
    )
    document.SpecificCharacterSet = "ISO_IR 192"
    organization = derived_uid("dimension organization", placement.sop_instance_uid)
    for items in (document.DimensionOrganizationSequence, document.DimensionIndexSequence):
        for item in items:
            item.DimensionOrganizationUID = organization
    stamp(document, context)
    return document


def _pixel_array(segment: Segment, headers: list[Dataset]) -> Image:
    """Return an array of shape (frames of the source images, Rows, Columns)."""
    size = (segment.rows, segment.columns)
    frames = {(frame.sop_instance_uid, frame.frame): frame.values for frame in segment.frames}
    planes = [
        np.frombuffer(values, dtype=np.uint8).reshape(size) if values else np.zeros(size, np.uint8)
        for header in headers
        for number in range(1, int(header.get("NumberOfFrames") or 1) + 1)
        for values in [frames.get((str(header.SOPInstanceUID), number), b"")]
    ]
    array = np.stack(planes)
    if segment.fractional:
        return np.asarray(array / np.float32(MAXIMUM_FRACTION))
    return np.asarray(array > 0).astype(np.uint8)


def _description(shown: Shown) -> hd.seg.SegmentDescription:
    lesion = shown.lesion.lesion
    return hd.seg.SegmentDescription(
        segment_number=1,
        segment_label=lesion.label.replace("\\", "/")[:_LABEL_LENGTH].strip(),
        segmented_property_category=dictionary.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=sr_code(lesion.finding),
        algorithm_type="MANUAL",
        tracking_uid=shown.lesion.tracking_uid,
        tracking_id=lesion.tracking_id,
        anatomic_regions=[sr_code(site) for site in lesion.sites[:1]] or None,
        display_color=_RED,
    )
