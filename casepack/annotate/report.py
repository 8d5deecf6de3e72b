"""Measurement Reports (TID 1500): a lesion's outlines and measurements in one study."""

from __future__ import annotations

from collections.abc import Sequence

import highdicom as hd
import numpy as np
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom.dataset import Dataset

from casepack.annotate import codes
from casepack.annotate.codes import sr_code
from casepack.annotate.content import device_observer, evidence_of
from casepack.annotate.context import SOFTWARE, StudyContext, stamp
from casepack.annotate.placement import Placement
from casepack.model import MeasuredLesion, Measurement

_STEEP = np.cos(np.pi / 4)
"""A plane whose normal is within 45 degrees of the z axis shows no craniocaudal extent."""
_GroupType = (
    hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations
    | hd.sr.MeasurementsAndQualitativeEvaluations
)


def build_report(
    context: StudyContext,
    placement: Placement,
    lesion: MeasuredLesion,
    measurements: Sequence[Measurement],
) -> Dataset:
    """Return a Comprehensive 3D SR with an Imaging Measurement Report of one lesion in one study.

    Each outline gives two groups under one tracking identifier: a Planar ROI (TID 1410) with the
    closed polygon, its area and craniocaudal extent, and a Measurement Group (TID 1501) with the
    axes and their lines, which TID 1410 does not admit. The qualitative evaluations stand in the
    first group, so that they are stated once.
    """
    groups: list[_GroupType] = []
    for number, measurement in enumerate(measurements):
        image = _source_image(measurement, placement)
        groups.append(_planar_roi(context, lesion, measurement, image, first=number == 0))
        groups.append(_axes(context, lesion, measurement, image))
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_device_context=device_observer()),
        procedure_reported=codes.procedure_reported(str(context.header.get("Modality") or "")),
        imaging_measurements=groups,
    )
    document = hd.sr.Comprehensive3DSR(
        evidence=evidence_of(context, measurements),
        content=content,
        series_instance_uid=placement.series_instance_uid,
        series_number=placement.series_number,
        sop_instance_uid=placement.sop_instance_uid,
        instance_number=placement.instance_number,
        is_complete=True,
        is_final=True,
        specific_character_set="ISO_IR 192",
        coding_schemes=[
            CodingSchemeIdentificationItem(
                designator=codes.SCHEME,
                name=codes.SCHEME_NAME,
                responsible_organization=SOFTWARE,
            )
        ],
    )
    stamp(document, context)
    return document


def graphic_data(positions: Sequence[tuple[float, float]]) -> np.ndarray:
    """Return positions of our model as Graphic Data, shape ``(n, 2)``.

    Graphic Data count from the top left corner of the first pixel (PS3.3 C.18.6.1.2), so that
    its centre is (0.5, 0.5); ours count from its centre.
    """
    return np.array(positions, dtype=np.float64) + 0.5


def shows_craniocaudal_extent(measurement: Measurement) -> bool:
    """Tell whether an outline's plane runs along the body rather than across it.

    Across it (axial) the extent of the outline along z is none of the lesion's.
    """
    points = np.array(measurement.polygon_mm)
    centred = points - points.mean(axis=0)
    normal = np.cross(centred, np.roll(centred, -1, axis=0)).sum(axis=0)
    return bool(abs(normal[2]) < _STEEP * np.linalg.norm(normal))


def _source_image(measurement: Measurement, placement: Placement) -> hd.sr.SourceImageForRegion:
    multi_frame = measurement.sop_instance_uid in placement.frames
    return hd.sr.SourceImageForRegion(
        measurement.sop_class_uid,
        measurement.sop_instance_uid,
        [measurement.frame] if multi_frame else None,
    )


def _tracking(lesion: MeasuredLesion) -> hd.sr.TrackingIdentifier:
    return hd.sr.TrackingIdentifier(uid=lesion.tracking_uid, identifier=lesion.lesion.tracking_id)


def _finding_sites(lesion: MeasuredLesion) -> list[hd.sr.FindingSite]:
    return [hd.sr.FindingSite(sr_code(site)) for site in lesion.lesion.sites]


def _time_point(context: StudyContext) -> hd.sr.TimePointContext:
    """Return TID 1502; the first study is the baseline from which days are counted."""
    offset = None
    if context.days is not None:
        offset = hd.sr.LongitudinalTemporalOffsetFromEvent(
            value=context.days, unit=codes.DAY, event_type=codes.BASELINE_EVENT
        )
    return hd.sr.TimePointContext(
        time_point=str(context.time_point),
        time_point_type=codes.BASELINE_TIME_POINT if context.time_point == 1 else None,
        time_point_order=context.time_point,
        temporal_offset_from_event=offset,
    )


def _planar_roi(
    context: StudyContext,
    lesion: MeasuredLesion,
    measurement: Measurement,
    image: hd.sr.SourceImageForRegion,
    *,
    first: bool,
) -> hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    closed = (*measurement.polygon_px, measurement.polygon_px[0])
    values = [
        hd.sr.Measurement(name=codes.AREA, value=measurement.area_mm2, unit=codes.SQUARE_MILLIMETRE)
    ]
    if shows_craniocaudal_extent(measurement):
        values.append(
            hd.sr.Measurement(
                name=codes.LENGTH,
                value=measurement.craniocaudal_mm,
                unit=codes.MILLIMETRE,
                method=codes.CRANIOCAUDAL,
            )
        )
    return hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(lesion),
        referenced_region=hd.sr.ImageRegion(
            graphic_type=hd.sr.GraphicTypeValues.POLYLINE,
            graphic_data=graphic_data(closed),
            source_image=image,
        ),
        time_point_context=_time_point(context),
        finding_type=sr_code(lesion.lesion.finding),
        finding_sites=_finding_sites(lesion),
        measurements=values,
        qualitative_evaluations=[
            hd.sr.QualitativeEvaluation(sr_code(evaluation.concept), sr_code(evaluation.value))
            for evaluation in lesion.lesion.evaluations
            if first and evaluation.time_point == context.time_point
        ],
    )


def _axes(
    context: StudyContext,
    lesion: MeasuredLesion,
    measurement: Measurement,
    image: hd.sr.SourceImageForRegion,
) -> hd.sr.MeasurementsAndQualitativeEvaluations:
    axes = (
        (codes.LONG_AXIS, measurement.long_axis_mm, measurement.long_axis_px),
        (codes.SHORT_AXIS, measurement.short_axis_mm, measurement.short_axis_px),
    )
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(lesion),
        time_point_context=_time_point(context),
        finding_type=sr_code(lesion.lesion.finding),
        finding_sites=_finding_sites(lesion),
        measurements=[
            hd.sr.Measurement(
                name=name,
                value=value,
                unit=codes.MILLIMETRE,
                referenced_coordinates=[
                    hd.sr.CoordinatesForMeasurement(
                        graphic_type=hd.sr.GraphicTypeValues.POLYLINE,
                        graphic_data=graphic_data(ends),
                        source_image=image,
                    )
                ],
            )
            for name, value, ends in axes
        ],
    )
