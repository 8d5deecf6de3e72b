from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from casepack.lesion import MeasuredLesion, Response, Segment
from casepack.package.page.page_measurements import measurement_tables
from tests.package.cases import full_case, lesions, verified

CASE = full_case()


def measured(tmp_path: Path) -> MeasuredLesion:
    (lesion,) = lesions(verified(tmp_path))
    return lesion


def segment(lesion: MeasuredLesion, place: int, volume: float | None) -> Segment:
    one = lesion.measurements[place]
    return Segment(
        time_point=one.time_point,
        study_instance_uid=one.study_instance_uid,
        series_instance_uid=one.series_instance_uid,
        frame_of_reference_uid="",
        rows=4,
        columns=4,
        fractional=False,
        frames=(),
        volume_ml=volume,
    )


def test_volume_extents_and_response_stand_in_the_table_where_they_are_known(
    tmp_path: Path,
) -> None:
    lesion = measured(tmp_path)
    plain = measurement_tables(CASE, (), [lesion])
    for name in ("Volume", "Transverse", "Anteroposterior", "Signal", "RECIST"):
        assert name not in plain
    category = lesion.lesion.finding
    full = replace(
        lesion,
        measurements=tuple(
            replace(one, anteroposterior_mm=7.25, signal_ratio=0.5) for one in lesion.measurements
        ),
        segments=(segment(lesion, 0, 4.0), segment(lesion, 1, 1.0)),
        responses=(
            Response(
                time_point=2,
                baseline=1,
                long_axis_percent=0.0,
                axis_product_percent=0.0,
                volume_percent=-75.0,
                category=category,
            ),
        ),
    )
    text = measurement_tables(CASE, (), [full])
    assert "<td>4.00 ml</td><td>1.00 ml</td>" in text
    assert "\u221275 %" in text
    assert "<td>0.50</td>" in text
    assert "<td>7.2 mm</td>" in text
    assert f"<td>{category.meaning}</td>" in text


def test_response_stands_in_the_table_of_the_series_it_was_told_from(tmp_path: Path) -> None:
    lesion = measured(tmp_path)
    first, second = lesion.measurements
    other = [
        replace(one, series_instance_uid=f"{one.series_instance_uid}.7") for one in (first, second)
    ]
    said = Response(
        time_point=2, baseline=1, long_axis_percent=0.0, axis_product_percent=0.0,
        volume_percent=None, category=lesion.lesion.finding,
        compared=tuple(one.series_instance_uid for one in other),
    )  # fmt: skip
    full = replace(lesion, measurements=(first, second, *other), responses=(said,))
    tables = measurement_tables(CASE, (), [full]).split("</table>")
    assert ["RECIST" in table for table in tables] == [False, True, False]
    gone = replace(said, compared=said.compared[:1])
    absent = replace(lesion.lesion, absent=(2,))
    alone = replace(full, lesion=absent, measurements=(first, other[0]), responses=(gone,))
    text = measurement_tables(CASE, (), [alone])
    assert text.count(f"<td>{lesion.lesion.finding.meaning} (gone)</td>") == 1


def test_value_that_one_time_point_lacks_is_a_dash(tmp_path: Path) -> None:
    lesion = measured(tmp_path)
    text = measurement_tables(CASE, (), [replace(lesion, segments=(segment(lesion, 0, 4.0),))])
    assert '<td>4.00 ml</td><td>\u2013</td><td class="change">\u2013</td>' in text


def test_of_many_slices_the_largest_stands_in_the_table(tmp_path: Path) -> None:
    lesion = measured(tmp_path)
    smaller = replace(lesion.measurements[0], long_axis_mm=3.0)
    many = replace(lesion, measurements=(smaller, *lesion.measurements, smaller))
    assert measurement_tables(CASE, (), [many]) == measurement_tables(CASE, (), [lesion])
