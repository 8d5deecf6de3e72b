from __future__ import annotations

from pathlib import Path

import pytest

from casepack.case import Case, Figure, TimePoint
from casepack.package.doubts import find_caption_faults, find_study_doubts
from tests.builders import deidentified

T1 = "Sagittal T1"


@pytest.mark.parametrize(
    ("caption", "label"),
    [
        ("Sagittal T1-weighted image: lower signal than on T2", T1),
        ("Axial T2 image", "Axial T2"),
        ("T2-weighted image with fat suppression", "Sagittal STIR"),
        ("T2 FLAIR shows oedema", "Axial T2 FLAIR"),
        ("T1 after gadolinium", "Sagittal T1 fat-saturated + contrast"),
        ("Post-contrast image", ""),
        ("The lesion with its oedema", T1),
        ("Sagittal T2* image", "Sagittal T2*"),
        ("ADC map", "Axial ADC"),
    ],
)
def test_a_caption_that_fits_raises_no_doubt(caption: str, label: str) -> None:
    assert list(find_caption_faults(caption, label)) == []


@pytest.mark.parametrize(
    ("caption", "label", "words"),
    [
        ("Sagittal T2-weighted image", T1, "sequence"),
        ("STIR image", "Sagittal T2", "sequence"),
        ("Axial T1 image", T1, "plane"),
        ("T1 after contrast", T1, "contrast"),
        ("Contrast-enhanced T1", T1, "contrast"),
        ("ADC map", "Axial DWI", "sequence"),
        ("T1 image", "Axial T2*", "sequence"),
    ],
)
def test_a_caption_that_names_what_the_series_is_not_is_doubted(
    caption: str, label: str, words: str
) -> None:
    assert any(words in one for one in find_caption_faults(caption, label))


def test_captions_and_days_are_held_against_the_studies(tmp_path: Path) -> None:
    studies = deidentified(tmp_path, studies=2, series=2).studies
    points = (TimePoint(label="Before"), TimePoint(label="After", day=96))
    right = Case(
        id="x",
        title="y",
        time_points=points,
        figures=(Figure(caption="Sagittal T1", series=1), Figure(caption="T2", series=2)),
    )
    assert find_study_doubts(right, studies) == ()
    wrong = Case(
        id="x",
        title="y",
        time_points=(points[0], TimePoint(label="After", day=90)),
        figures=(Figure(caption="Sagittal T2", series=1, time_point=2),),
    )
    places = [one.place for one in find_study_doubts(wrong, studies)]
    assert places == ["time_points.1.day", "figures.0.caption"]


def test_a_series_that_is_not_there_is_left_to_the_figures(tmp_path: Path) -> None:
    studies = deidentified(tmp_path, studies=1).studies
    figures = (Figure(caption="T2", series=9), Figure(caption="T2", series=1, time_point=3))
    assert find_study_doubts(Case(id="x", title="y", figures=figures), studies) == ()
