"""Measurement Reports (TID 1500): what was drawn and measured of a lesion in one study."""

from __future__ import annotations

from collections.abc import Sequence

import highdicom as hd
import numpy as np
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code as SrCode
from pydicom.uid import SegmentationStorage

from casepack.annotate.objects import codes
from casepack.annotate.objects.codes import sr_code
from casepack.annotate.objects.content import device_observer, document_options, evidence_of
from casepack.annotate.objects.context import SOFTWARE, StudyContext, stamp
from casepack.annotate.objects.placement import Placement
from casepack.annotate.objects.shown import ImageReference, Shown, images_of
from casepack.lesion import MeasuredCaliper, Measurement, Segment

_STEEP = np.cos(np.pi / 4)
"""A plane whose normal is within 45 degrees of the z axis shows no craniocaudal extent."""
_OWN_CODES = CodingSchemeIdentificationItem(
    designator=codes.SCHEME,
    name=codes.SCHEME_NAME,
    responsible_organization=SOFTWARE,
)
_GroupType = (
    hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations
    | hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations
    | hd.sr.MeasurementsAndQualitativeEvaluations
)


def build_report(context: StudyContext, placement: Placement, shown: Shown) -> Dataset:
    """Return a Comprehensive 3D SR with an Imaging Measurement Report of one lesion in one study.

    All groups have one tracking identifier. Each outline gives a Planar ROI (TID 1410) with the
    closed polygon, its area, extents and signal ratio, and a Measurement Group (TID 1501) with
    the axes and their lines, which TID 1410 does not admit. A segmented volume gives a Volumetric
    ROI (TID 1411) that refers to the Segmentation; calipers a Measurement Group each; a marked
    point a Planar ROI. Response and absence stand in a Measurement Group of their own. The
    qualitative evaluations stand in the first group, so that they are stated once.
    """
    groups: list[_GroupType] = []
    for measurement in shown.measurements:
        image = _source_image(measurement, placement)
        groups.append(_planar_roi(context, shown, measurement, image, first=not groups))
        groups.append(_axes(context, shown, measurement, image))
    groups += [
        _volumetric_roi(context, shown, segment)
        for segment in shown.segments
        if segment.volume_ml is not None
    ]
    for caliper in shown.calipers:
        groups.append(_caliper(context, shown, caliper, _source_image(caliper, placement)))
    if shown.response or shown.absent or not shown.measurements:
        groups.append(_assessment(context, shown, stated=bool(shown.measurements)))
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_device_context=device_observer()),
        procedure_reported=codes.procedure_reported(str(context.header.get("Modality") or "")),
        imaging_measurements=groups,
    )
    document = hd.sr.Comprehensive3DSR(
        evidence=evidence_of(context, _evidence(shown)),
        content=content,
        **document_options(placement, _OWN_CODES),
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


def _evidence(shown: Shown) -> list[ImageReference]:
    """Return what the report refers to; of a lesion that is gone, an image that was looked at."""
    drawn = [*images_of((*shown.measurements, *shown.calipers))]
    for segment in shown.segments:
        if segment.volume_ml is None:
            continue
        drawn += images_of((), [segment])
    return [*drawn, *_segmentations(shown)] or [shown.looked_at]


def _segmentations(shown: Shown) -> list[ImageReference]:
    return [
        ImageReference(
            study_instance_uid=segment.study_instance_uid,
            series_instance_uid=shown.segmentation_series,
            sop_class_uid=str(SegmentationStorage),
            sop_instance_uid=shown.segmentations[segment.series_instance_uid],
        )
        for segment in shown.segments
        if segment.volume_ml is not None
    ]


def _source_image(
    drawn: Measurement | MeasuredCaliper, placement: Placement
) -> hd.sr.SourceImageForRegion:
    (image,) = images_of([drawn])
    return hd.sr.SourceImageForRegion(
        image.sop_class_uid,
        image.sop_instance_uid,
        [image.frame] if placement.is_multi_frame(image) else None,
    )


def _tracking(shown: Shown) -> hd.sr.TrackingIdentifier:
    return hd.sr.TrackingIdentifier(
        uid=shown.lesion.tracking_uid, identifier=shown.lesion.lesion.tracking_id
    )


def _finding_sites(shown: Shown) -> list[hd.sr.FindingSite]:
    return [hd.sr.FindingSite(sr_code(site)) for site in shown.lesion.lesion.sites]


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


def _evaluations(shown: Shown) -> list[hd.sr.QualitativeEvaluation]:
    return [
        hd.sr.QualitativeEvaluation(sr_code(evaluation.concept), sr_code(evaluation.value))
        for evaluation in shown.evaluations
    ]


def _values(
    *rows: tuple[SrCode, float | None, SrCode, SrCode | None],
) -> list[hd.sr.Measurement]:
    """Return measurements of (name, value, unit, method), those without a value left out."""
    return [
        hd.sr.Measurement(name=name, value=value, unit=unit, method=method)
        for name, value, unit, method in rows
        if value is not None
    ]


def _planar_roi(
    context: StudyContext,
    shown: Shown,
    measurement: Measurement,
    image: hd.sr.SourceImageForRegion,
    *,
    first: bool,
) -> hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    closed = (*measurement.polygon_px, measurement.polygon_px[0])
    along = measurement.craniocaudal_mm if shows_craniocaudal_extent(measurement) else None
    mm = codes.MILLIMETRE
    return hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(shown),
        referenced_region=hd.sr.ImageRegion(
            graphic_type=hd.sr.GraphicTypeValues.POLYLINE,
            graphic_data=graphic_data(closed),
            source_image=image,
        ),
        time_point_context=_time_point(context),
        finding_type=sr_code(shown.lesion.lesion.finding),
        finding_sites=_finding_sites(shown),
        measurements=_values(
            (codes.AREA, measurement.area_mm2, codes.SQUARE_MILLIMETRE, None),
            (codes.LENGTH, along, mm, codes.CRANIOCAUDAL),
            (codes.DEPTH, measurement.anteroposterior_mm, mm, codes.ANTEROPOSTERIOR),
            (codes.WIDTH, measurement.transverse_mm, mm, codes.TRANSVERSE),
            (
                codes.RATIO,
                measurement.signal_ratio,
                codes.NO_UNIT_RATIO,
                codes.SIGNAL_TO_REFERENCE,
            ),
        ),
        qualitative_evaluations=_evaluations(shown) if first else [],
    )


def _axes(
    context: StudyContext,
    shown: Shown,
    measurement: Measurement,
    image: hd.sr.SourceImageForRegion,
) -> hd.sr.MeasurementsAndQualitativeEvaluations:
    axes = (
        (codes.LONG_AXIS, measurement.long_axis_mm, measurement.long_axis_px),
        (codes.SHORT_AXIS, measurement.short_axis_mm, measurement.short_axis_px),
    )
    return _group(
        context,
        shown,
        measurements=[_line(name, value, ends, image, None) for name, value, ends in axes],
    )


def _line(
    name: SrCode,
    value: float,
    ends: Sequence[tuple[float, float]],
    image: hd.sr.SourceImageForRegion,
    method: SrCode | None,
) -> hd.sr.Measurement:
    return hd.sr.Measurement(
        name=name,
        value=value,
        unit=codes.MILLIMETRE,
        method=method,
        referenced_coordinates=[
            hd.sr.CoordinatesForMeasurement(
                graphic_type=hd.sr.GraphicTypeValues.POLYLINE,
                graphic_data=graphic_data(ends),
                source_image=image,
            )
        ],
    )


def _volumetric_roi(
    context: StudyContext, shown: Shown, segment: Segment
) -> hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations:
    """Return TID 1411; the reference is built here, as highdicom reads it off the SEG wrongly."""
    mm = codes.MILLIMETRE
    return hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(shown),
        referenced_segment=hd.sr.ReferencedSegment(
            sop_class_uid=str(SegmentationStorage),
            sop_instance_uid=shown.segmentations[segment.series_instance_uid],
            segment_number=1,
            source_series=hd.sr.SourceSeriesForSegmentation(segment.series_instance_uid),
        ),
        time_point_context=_time_point(context),
        finding_type=sr_code(shown.lesion.lesion.finding),
        finding_sites=_finding_sites(shown),
        measurements=_values(
            (codes.VOLUME, segment.volume_ml, codes.MILLILITRE, None),
            (codes.HEIGHT, segment.craniocaudal_mm, mm, codes.CRANIOCAUDAL),
            (codes.DEPTH, segment.anteroposterior_mm, mm, codes.ANTEROPOSTERIOR),
            (codes.WIDTH, segment.transverse_mm, mm, codes.TRANSVERSE),
        ),
    )


def _caliper(
    context: StudyContext,
    shown: Shown,
    caliper: MeasuredCaliper,
    image: hd.sr.SourceImageForRegion,
) -> _GroupType:
    if caliper.extent is None:
        return hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=_tracking(shown),
            referenced_region=hd.sr.ImageRegion(
                graphic_type=hd.sr.GraphicTypeValues.POINT,
                graphic_data=graphic_data(caliper.points_px),
                source_image=image,
            ),
            time_point_context=_time_point(context),
            finding_type=sr_code(shown.lesion.lesion.finding),
            finding_sites=_finding_sites(shown),
        )
    method = codes.CALIPER_METHODS[caliper.extent]
    line = _line(codes.DISTANCE, caliper.length_mm, caliper.points_px, image, method)
    return _group(context, shown, measurements=[line])


def _assessment(
    context: StudyContext, shown: Shown, *, stated: bool
) -> hd.sr.MeasurementsAndQualitativeEvaluations:
    """Return what is said of the lesion as a whole: gone or not, its response, and findings."""
    evaluations = [] if stated else _evaluations(shown)
    if shown.absent:
        evaluations.append(hd.sr.QualitativeEvaluation(codes.PRESENCE, codes.ABSENT))
    response = shown.response
    if response is None:
        return _group(context, shown, evaluations=evaluations)
    evaluations.append(
        hd.sr.QualitativeEvaluation(codes.CURRENT_RESPONSE, sr_code(response.category))
    )
    percent = codes.PERCENT
    return _group(
        context,
        shown,
        measurements=_values(
            (codes.LONG_AXIS_CHANGE, response.long_axis_percent, percent, None),
            (codes.AXIS_PRODUCT_CHANGE, response.axis_product_percent, percent, None),
            (codes.VOLUME_CHANGE, response.volume_percent, percent, None),
        ),
        evaluations=evaluations,
    )


def _group(
    context: StudyContext,
    shown: Shown,
    measurements: Sequence[hd.sr.Measurement] = (),
    evaluations: Sequence[hd.sr.QualitativeEvaluation] = (),
) -> hd.sr.MeasurementsAndQualitativeEvaluations:
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(shown),
        time_point_context=_time_point(context),
        finding_type=sr_code(shown.lesion.lesion.finding),
        finding_sites=_finding_sites(shown),
        measurements=measurements,
        qualitative_evaluations=evaluations,
    )
