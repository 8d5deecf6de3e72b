"""The measurements table of the case page: each lesion over time points, with its change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from casepack.case import Case
from casepack.lesion import MeasuredLesion, Measurement
from casepack.package.page.markup import escape
from casepack.package.page.viewer_data import name_time_point
from casepack.package.pictures.previews import Stack

_Row = tuple[str, str, int, Callable[[Measurement], float | None]]
"""Name, unit, decimal places, and the value of a measurement, where it has one."""
_CRANIOCAUDAL: _Row = ("Craniocaudal extent", "mm", 1, lambda one: one.craniocaudal_mm)
_ROWS: tuple[_Row, ...] = (
    ("Long axis", "mm", 1, lambda one: one.long_axis_mm),
    ("Short axis", "mm", 1, lambda one: one.short_axis_mm),
    _CRANIOCAUDAL,
    ("Anteroposterior extent", "mm", 1, lambda one: one.anteroposterior_mm),
    ("Transverse extent", "mm", 1, lambda one: one.transverse_mm),
    ("Area", "mm\u00b2", 0, lambda one: one.area_mm2),
    ("Signal, ratio to reference", "", 2, lambda one: one.signal_ratio),
)
_HUNDRED = 100
_BLANK = "\u2013"


def measurement_tables(
    case: Case, stacks: Sequence[Stack], lesions: Sequence[MeasuredLesion]
) -> str:
    """Return a table for each lesion and kind of series that it was outlined on."""
    by_uid = {stack.series_instance_uid: stack for stack in stacks}
    return "\n".join(
        _table(case, lesion, label, group, _rows(by_uid, lesion, group), first=place == 0)
        for lesion in lesions
        for place, (label, group) in enumerate(_comparable(lesion, by_uid))
    )


def _rows(
    by_uid: Mapping[str, Stack], lesion: MeasuredLesion, group: Sequence[Measurement]
) -> tuple[_Row, ...]:
    """Return what is worth telling: an axial outline has no extent along the body."""
    planes = {
        by_uid[one.series_instance_uid].plane for one in group if one.series_instance_uid in by_uid
    }
    volumes = {one.series_instance_uid: one.volume_ml for one in lesion.segments}
    volume: _Row = ("Volume", "ml", 2, lambda one: volumes.get(one.series_instance_uid))
    return tuple(
        row
        for row in (*_ROWS, volume)
        if (row is not _CRANIOCAUDAL or "axial" not in planes)
        and any(row[3](one) is not None for one in group)
    )


def _key_measurements(lesion: MeasuredLesion) -> list[Measurement]:
    """Return one measurement of each series, by time point: the largest of several slices."""
    largest: dict[str, Measurement] = {}
    for one in lesion.measurements:
        known = largest.get(one.series_instance_uid)
        if known is None or one.long_axis_mm > known.long_axis_mm:
            largest[one.series_instance_uid] = one
    return sorted(largest.values(), key=lambda one: one.time_point)


def _comparable(
    lesion: MeasuredLesion, by_uid: Mapping[str, Stack]
) -> list[tuple[str, list[Measurement]]]:
    """Group measurements so that a group holds one a time point, made on like series.

    When no two time points share a kind of series, they are compared all the same if each was
    measured once: the table then names the series of each.
    """
    groups: dict[str, list[Measurement]] = {}
    measurements = _key_measurements(lesion)
    for one in measurements:
        stack = by_uid.get(one.series_instance_uid)
        name = stack.label if stack else ""
        copy = name
        while any(other.time_point == one.time_point for other in groups.get(copy, ())):
            copy += " "
        groups.setdefault(copy, []).append(one)
    times = [one.time_point for one in measurements]
    if len(groups) == len(times) == len(set(times)):
        return [("", measurements)]
    return [(name.strip(), group) for name, group in groups.items()]


def _table(
    case: Case,
    measured: MeasuredLesion,
    series_label: str,
    group: Sequence[Measurement],
    listed: Sequence[_Row],
    *,
    first: bool,
) -> str:
    compared = len(group) > 1
    heads = [
        f'<th scope="col">{_head(name_time_point(case, one.time_point))}</th>' for one in group
    ]
    if compared:
        heads.append('<th scope="col">Change</th>')
    rows = [_row(*row, group) for row in listed]
    if first:
        times = [one.time_point for one in group]
        rows += _evaluations(measured, times)
    rows += _responses(measured, group, first=first)
    return (
        '<div class="table" role="region" tabindex="0" aria-label="Measurements">'
        f"<table>{_caption(measured, series_label)}"
        f'<thead><tr><th scope="col">Measurement</th>{"".join(heads)}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _head(time_point: str) -> str:
    label, comma, day = time_point.rpartition(", ")
    return f"{escape(label)}<span>{escape(day)}</span>" if comma else escape(time_point)


def _caption(measured: MeasuredLesion, series_label: str) -> str:
    lesion = measured.lesion
    parts = [lesion.finding.meaning, ", ".join(site.meaning for site in lesion.sites)]
    if series_label:
        parts.append(f"outlined on {series_label}")
    detail = " \u00b7 ".join(escape(part) for part in parts if part)
    return f"<caption><b>{escape(lesion.label)}</b><span>{detail}</span></caption>"


def _row(
    name: str,
    unit: str,
    digits: int,
    value_of: Callable[[Measurement], float | None],
    group: Sequence[Measurement],
) -> str:
    values = [value_of(one) for one in group]
    cells = "".join(
        f"<td>{_BLANK if value is None else f'{value:.{digits}f} {unit}'.strip()}</td>"
        for value in values
    )
    if len(values) > 1:
        first, last = values[0], values[-1]
        change = _BLANK if first is None or last is None else describe_change(first, last)
        cells += f'<td class="change">{change}</td>'
    return f'<tr><th scope="row">{name}</th>{cells}</tr>'


def _responses(measured: MeasuredLesion, group: Sequence[Measurement], *, first: bool) -> list[str]:
    """Return the row of responses, in the table of the series that they were told from.

    A response to a time point at which the lesion is gone stands behind its words.
    """
    series = {one.series_instance_uid for one in group}
    told = [
        one
        for one in measured.responses
        if (series.issuperset(one.compared) if one.compared else first)
    ]
    if not told:
        return []
    said = {one.time_point: escape(one.category.meaning) for one in told}
    cells = [said.get(one.time_point, "") for one in group]
    cells[-1] = "; ".join(
        text
        for text in (
            cells[-1],
            *(f"{said[number]} (gone)" for number in measured.lesion.absent if number in said),
        )
        if text
    )
    row = "".join(f"<td>{cell or _BLANK}</td>" for cell in cells)
    blank = "<td></td>" if len(group) > 1 else ""
    return [
        f'<tr><th scope="row">Response by RECIST 1.1, of this lesion alone</th>{row}{blank}</tr>'
    ]


def _evaluations(measured: MeasuredLesion, time_points: Sequence[int]) -> list[str]:
    """Return the rows of qualitative findings; words have no change, so its cell stays empty."""
    found: dict[str, dict[int, str]] = {}
    for one in measured.lesion.evaluations:
        found.setdefault(one.concept.meaning, {})[one.time_point] = one.value.meaning
    rows = []
    for concept, values in found.items():
        cells = "".join(
            f"<td>{escape(values[number]) if number in values else chr(0x2013)}</td>"
            for number in time_points
        )
        blank = "<td></td>" if len(time_points) > 1 else ""
        rows.append(f'<tr><th scope="row">{escape(concept)}</th>{cells}{blank}</tr>')
    return rows


def describe_change(first: float, last: float) -> str:
    """Return the change from the first to the last value as ``-38 %`` with a true minus sign."""
    if first <= 0:
        return "\u2013"
    change = round((last - first) / first * _HUNDRED)
    sign = "\u2212" if change < 0 else "+" if change > 0 else "\u00b1"
    return f"{sign}{abs(change)} %"
