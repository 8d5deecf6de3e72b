"""How a lesion answers treatment: its change since the first time point at which it was seen."""

from __future__ import annotations

from collections.abc import Sequence

from casepack.lesion import Lesion, Measurement, Response, Segment
from casepack.model import Code

COMPLETE = Code(value="112041", scheme="DCM", meaning="Target Lesion Complete Response")
PARTIAL = Code(value="112042", scheme="DCM", meaning="Target Lesion Partial Response")
PROGRESSIVE = Code(value="112043", scheme="DCM", meaning="Target Lesion Progressive Disease")
STABLE = Code(value="112044", scheme="DCM", meaning="Target Lesion Stable Disease")
"""CID 6144."""

_SHRUNK, _GROWN, _GROWN_MM = -30.0, 20.0, 5.0
"""RECIST 1.1: percent of baseline; percent and mm over the smallest so far."""


def assess_responses(
    lesion: Lesion,
    measurements: Sequence[Measurement],
    series_numbers: Sequence[int | None],
    segments: Sequence[Segment],
) -> tuple[Response, ...]:
    """Return the response at each time point after the first measured one.

    Compared is the outline with the longest axis of each time point, on a series (by Series
    Number) that both time points have, if there is one. The category is that of RECIST 1.1
    applied to this lesion alone: complete when it is gone, partial when its long axis is shorter
    by 30 % at least, progressive when it is longer by 20 % and 5 mm than the shortest so far,
    else stable. It stands for no assessment of the patient.

    Parameters
    ----------
    series_numbers
        Series Number of each measurement.
    """
    numbered = list(zip(measurements, series_numbers, strict=True))
    seen = sorted({one.time_point for one in measurements})
    if not seen:
        return ()
    baseline = seen[0]
    responses: list[Response] = []
    shortest = 0.0
    for time_point in sorted({*seen[1:], *(each for each in lesion.absent if each > baseline)}):
        first, last = _comparable(numbered, baseline, time_point)
        if not responses:
            shortest = first.long_axis_mm
        length = 0.0 if last is None else last.long_axis_mm
        product = 0.0 if last is None else last.long_axis_mm * last.short_axis_mm
        responses.append(
            Response(
                time_point=time_point,
                baseline=baseline,
                long_axis_percent=_percent(first.long_axis_mm, length),
                axis_product_percent=_percent(first.long_axis_mm * first.short_axis_mm, product),
                volume_percent=_volume_change(segments, baseline, time_point, gone=last is None),
                category=_category(first.long_axis_mm, shortest, length, gone=last is None),
                compared=tuple(one.series_instance_uid for one in (first, last) if one is not None),
            )
        )
        shortest = min(shortest, length)
    return tuple(responses)


def _comparable(
    numbered: Sequence[tuple[Measurement, int | None]], baseline: int, time_point: int
) -> tuple[Measurement, Measurement | None]:
    at = {
        number: [pair for pair in numbered if pair[0].time_point == number]
        for number in (baseline, time_point)
    }
    shared = {pair[1] for pair in at[baseline]} & {pair[1] for pair in at[time_point]}
    if shared:
        at = {number: [pair for pair in pairs if pair[1] in shared] for number, pairs in at.items()}
    return _longest(at[baseline]), _longest(at[time_point]) if at[time_point] else None


def _longest(pairs: Sequence[tuple[Measurement, int | None]]) -> Measurement:
    return max((pair[0] for pair in pairs), key=lambda one: one.long_axis_mm)


def _percent(first: float, last: float) -> float | None:
    return round((last - first) / first * 100, 1) + 0.0 if first > 0 else None


def _volume_change(
    segments: Sequence[Segment], baseline: int, time_point: int, *, gone: bool
) -> float | None:
    volumes = {
        number: [
            one.volume_ml
            for one in segments
            if one.time_point == number and one.volume_ml is not None
        ]
        for number in (baseline, time_point)
    }
    if not volumes[baseline] or not (volumes[time_point] or gone):
        return None
    return _percent(max(volumes[baseline]), max(volumes[time_point], default=0.0))


def _category(baseline: float, shortest: float, length: float, *, gone: bool) -> Code:
    if gone:
        return COMPLETE
    grown = length - shortest
    if grown >= _GROWN_MM and (shortest <= 0 or grown / shortest * 100 >= _GROWN):
        return PROGRESSIVE
    change = _percent(baseline, length)
    return PARTIAL if change is not None and change <= _SHRUNK else STABLE
