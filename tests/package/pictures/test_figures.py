from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image

from casepack.case import Case, Figure, Panel, untitled_case
from casepack.errors import CaseError
from casepack.model import Verified
from casepack.package.pictures.drawing import OUTLINE
from casepack.package.pictures.figures import PlacedFigure, write_figures
from tests.package.cases import verified
from tests.package.screens import checked, drawn_lesion, image, write_series

AXIAL = [1, 0, 0, 0, 1, 0]


def case_with(*figures: Figure) -> Case:
    return Case(id="case", title="Case", figures=figures)


@pytest.fixture(scope="module")
def studies(tmp_path_factory) -> Verified:
    """Two time points of two sagittal series of three slices, and an axial one."""
    root = tmp_path_factory.mktemp("studies")
    found = verified(root, studies=2, series=2, slices=3)
    pixels = np.add.outer(np.arange(40) * 10, np.arange(40) * 10).astype(np.uint16)
    axial = write_series(
        root / "axial",
        [
            image(
                pixels,
                series=7,
                instance=number,
                ImageOrientationPatient=AXIAL,
                ImagePositionPatient=[-40, -48, 64 - 12 * number],
                PixelSpacing=[2, 2],
                SliceThickness=6,
            )
            for number in range(1, 9)
        ],
    )
    first, second = found.deidentified.studies
    return checked(root, [*first.series, axial], second.series)


def yellow(path) -> np.ndarray:
    """Places of the yellow pixels, shape (n, 2): row, column."""
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    return np.argwhere(np.abs(pixels - OUTLINE).sum(axis=2) < 60)


def test_the_outline_lands_on_the_pixels_that_were_drawn(tmp_path, studies):
    lesion = drawn_lesion(studies, (1, 0, 1), box=(10, 20, 22, 38))
    (figure,) = write_figures(
        tmp_path, studies, case_with(Figure(caption="A", series=1, lesion="lesion-1")), [lesion]
    )
    scale = figure.height / 64
    assert scale == figure.width / 48 == 4.0
    marked = yellow(tmp_path / figure.file)
    top, left = marked.min(axis=0)
    bottom, right = marked.max(axis=0)
    expected = [(edge + 0.5) * scale - 0.5 for edge in (10, 20, 22, 38)]
    assert [left, top, right, bottom] == pytest.approx(expected, abs=2)
    # a line and not an area: the middle stays as it was
    middle = (int((29 + 0.5) * scale), int((16 + 0.5) * scale))
    assert not (marked == middle).all(axis=1).any()
    assert figure.marking == "outline"


def test_the_plain_figure_is_the_same_without_the_outline(tmp_path, studies):
    lesion = drawn_lesion(studies, (1, 0, 1))
    (figure,) = write_figures(
        tmp_path, studies, case_with(Figure(caption="A", series=1, lesion="lesion-1")), [lesion]
    )
    assert (figure.file, figure.plain) == ("fig1.png", "fig1-plain.png")
    assert not len(yellow(tmp_path / "fig1-plain.png"))
    outlined = np.asarray(Image.open(tmp_path / "fig1.png").convert("L")).astype(int)
    plain = np.asarray(Image.open(tmp_path / "fig1-plain.png").convert("L")).astype(int)
    assert 0 < (outlined != plain).mean() < 0.1


def test_a_figure_is_tied_to_the_key_image(tmp_path, studies):
    lesion = drawn_lesion(studies, (1, 0, 1), (2, 1, 2))
    placed = write_figures(
        tmp_path,
        studies,
        case_with(
            Figure(caption="A", series=1, lesion="lesion-1"),
            Figure(caption="B", series=2, time_point=2, lesion="lesion-1", window=(300, 200)),
        ),
        [lesion],
    )
    assert [one.sop_instance_uid for one in placed] == [
        one.sop_instance_uid for one in lesion.measurements
    ]
    assert [one.window for one in placed] == [(400, 800), (300, 200)]
    assert [one.crop for one in placed] == [(0, 0, 48, 64)] * 2
    written = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    assert written == json.loads(json.dumps([asdict(one) for one in placed]))
    assert written[1]["caption"] == "B"


def test_a_lesion_drawn_on_another_series_is_shown_on_the_nearest_slice(tmp_path, studies):
    lesion = drawn_lesion(studies, (1, 0, 2))
    (figure,) = write_figures(
        tmp_path, studies, case_with(Figure(caption="A", series=2, lesion="lesion-1")), [lesion]
    )
    third = studies.deidentified.studies[0].series[1].instances[2]
    assert figure.sop_instance_uid == third.sop_instance_uid
    assert figure.marking == "projected"
    top, left = yellow(tmp_path / figure.file).min(axis=0)
    assert (left, top) == pytest.approx((10.5 * 4, 20.5 * 4), abs=3)


def test_a_lesion_on_a_perpendicular_slice_is_pointed_at(tmp_path, studies):
    # drawn at x = 0, y = -28 .. -4 and z = 24 .. -12: centre (0, -16, 6), axial slice 5 is at z = 4
    lesion = drawn_lesion(studies, (1, 0, 1))
    (figure,) = write_figures(
        tmp_path, studies, case_with(Figure(caption="A", series=7, lesion="lesion-1")), [lesion]
    )
    axial = studies.deidentified.studies[0].series[2]
    assert figure.sop_instance_uid == axial.instances[4].sop_instance_uid
    assert figure.marking == "pointer"
    marked = yellow(tmp_path / figure.file)
    target = np.array([((-16 + 48) / 2 + 0.5) * 4, ((0 + 40) / 2 + 0.5) * 4])
    nearest = np.abs(marked - target).sum(axis=1).min()
    assert 10 < nearest < 40


def test_an_image_is_named_by_its_place_in_the_series(tmp_path, studies):
    (figure,) = write_figures(
        tmp_path, studies, case_with(Figure(caption="A", series=7, image=3)), []
    )
    axial = studies.deidentified.studies[0].series[2]
    assert figure.sop_instance_uid == axial.instances[2].sop_instance_uid
    assert (figure.marking, figure.plain) == ("", "fig1.png")
    assert figure.series_label == "Axial T1"


def test_without_lesion_or_image_the_middle_of_the_series_is_shown(tmp_path, studies):
    (figure,) = write_figures(tmp_path, studies, case_with(Figure(caption="A", series=1)), [])
    middle = studies.deidentified.studies[0].series[0].instances[1]
    assert figure.sop_instance_uid == middle.sop_instance_uid


@pytest.mark.parametrize(
    ("figure", "place"),
    [
        (Figure(caption="A", series=99), "figures.0.series"),
        (Figure(caption="A", series=1, time_point=3), "figures.0.series"),
        (Figure(caption="A", series=1, lesion="other"), "figures.0.lesion"),
        (Figure(caption="A", series=1, time_point=2, lesion="lesion-1"), "figures.0.lesion"),
        (Figure(caption="A", series=1, image=4), "figures.0.image"),
    ],
)
def test_a_figure_of_something_that_is_not_there_names_its_place(tmp_path, studies, figure, place):
    lesion = drawn_lesion(studies, (1, 0, 1))
    with pytest.raises(CaseError, match=place):
        write_figures(tmp_path, studies, case_with(figure), [lesion])


def test_without_figures_in_the_case_the_key_images_are_shown(tmp_path, studies):
    lesion = drawn_lesion(studies, (1, 0, 1), (2, 0, 1))
    placed = write_figures(tmp_path, studies, untitled_case(2), [lesion])
    assert [one.caption for one in placed] == [
        "Sagittal T1, Study 1, Cord lesion.",
        "Sagittal T1, Study 2, Cord lesion.",
    ]


def test_without_lesions_the_middle_of_each_series_is_shown_six_at_most(tmp_path, studies):
    placed = write_figures(tmp_path, studies, untitled_case(2), [])
    assert [(one.time_point, one.series_number) for one in placed] == [
        (1, 1),
        (1, 2),
        (1, 7),
        (2, 1),
        (2, 2),
    ]
    many = verified(tmp_path / "many", studies=1, series=8, slices=1)
    assert len(write_figures(tmp_path / "six", many, untitled_case(1), [])) == 6


def test_the_lesion_is_magnified_in_a_picture_of_its_own_without_the_outline(tmp_path):
    pixels = np.zeros((400, 400), np.uint16)
    pixels[300:320, 96:106] = 1000
    series = write_series(tmp_path / "in", [image(pixels, PixelSpacing=[0.5, 1])])
    found = checked(tmp_path, [series])
    lesion = drawn_lesion(found, (1, 0, 0), box=(95.5, 299.5, 105.5, 319.5))
    case = case_with(Figure(caption="A", series=1, lesion="lesion-1"))
    (figure,) = write_figures(tmp_path, found, case, [lesion])
    # 10 mm both ways: the least width of 36 mm, in pixels of 1 x 0.5 mm, around its middle
    assert figure.detail_crop == (83, 274, 36, 72)
    assert figure.detail_corner == "top-right"
    detail = Image.open(tmp_path / figure.detail)
    assert detail.size == (800, 800)
    assert yellow(tmp_path / figure.detail).size == 0
    assert yellow(tmp_path / figure.file).size > 0
    bright = np.argwhere(np.asarray(detail.convert("L"))[100:700, 100:700] > 128) + 100
    # 26 of 72 rows, 13 of 36 columns, from the corner of the crop: the lesion as it lies there
    assert bright.min(axis=0) == pytest.approx([800 * 26 / 72, 800 * 13 / 36], abs=6)
    assert bright.max(axis=0) == pytest.approx([800 * 46 / 72, 800 * 23 / 36], abs=6)
    saved = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    assert saved[0]["detail_crop"] == [83, 274, 36, 72]


def test_a_lesion_at_the_edge_is_magnified_inside_the_picture_and_a_large_one_not(tmp_path):
    series = write_series(
        tmp_path / "in", [image(np.zeros((100, 100), np.uint16), PixelSpacing=[1, 1])]
    )
    found = checked(tmp_path, [series])
    case = case_with(Figure(caption="A", series=1, lesion="lesion-1"))
    corner = drawn_lesion(found, (1, 0, 0), box=(90, 92, 99, 99))
    (figure,) = write_figures(tmp_path / "corner", found, case, [corner])
    assert figure.detail_crop == (64, 64, 36, 36)
    large = drawn_lesion(found, (1, 0, 0), box=(20, 20, 80, 80))
    (figure,) = write_figures(tmp_path / "large", found, case, [large])
    assert (figure.detail, figure.detail_crop) == ("", None)


def test_figures_are_repeatable_and_hold_no_text(tmp_path, studies):
    lesion = drawn_lesion(studies, (1, 0, 1))
    case = case_with(Figure(caption="A", series=1, lesion="lesion-1"))
    for name in ("a", "b"):
        write_figures(tmp_path / name, studies, case, [lesion])
    for name in ("fig1.png", "fig1-plain.png", "figures.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    content = (tmp_path / "a" / "fig1.png").read_bytes()
    assert not any(chunk in content for chunk in (b"tEXt", b"iTXt", b"zTXt", b"tIME", b"eXIf"))


def test_the_edges_are_lettered_and_the_scale_bar_is_as_long_as_it_says(tmp_path):
    black = np.zeros((200, 200), np.uint16)
    series = write_series(tmp_path / "in", [image(black, PixelSpacing=[1, 1])])
    (figure,) = write_figures(
        tmp_path, checked(tmp_path, [series]), case_with(Figure(caption="A", series=1)), []
    )
    pixels = np.asarray(Image.open(tmp_path / figure.file).convert("L"))
    assert pixels.shape == (800, 800)
    for corner in (pixels[380:420, :60], pixels[380:420, -60:], pixels[:60, 380:420]):
        assert corner.max() > 200
    bar = np.flatnonzero(pixels[800 - 16, 500:] > 200)
    # 50 mm at 4 pixels a mm
    assert bar.max() - bar.min() == pytest.approx(200, abs=3)


def test_without_spacing_there_is_no_scale_bar_and_without_a_plane_no_letters(tmp_path):
    black = np.zeros((200, 200), np.uint16)
    ds = image(black, PixelSpacing=None, ImageOrientationPatient=None, ImagePositionPatient=None)
    series = write_series(tmp_path / "in", [ds])
    (figure,) = write_figures(
        tmp_path, checked(tmp_path, [series]), case_with(Figure(caption="A", series=1)), []
    )
    assert np.asarray(Image.open(tmp_path / figure.file)).max() == 0


def test_a_figure_of_an_image_that_cannot_be_decoded_keeps_its_caption(tmp_path):
    series = write_series(tmp_path / "in", [image(np.zeros((8, 8), np.uint16))])
    path = series.instances[0].path
    path.write_bytes(path.read_bytes()[:-20])
    (figure,) = write_figures(
        tmp_path, checked(tmp_path, [series]), case_with(Figure(caption="A", series=1)), []
    )
    assert isinstance(figure, PlacedFigure)
    assert (figure.file, figure.caption) == ("", "A")
    assert figure.skipped == "has pixel data that cannot be decoded here"
    assert not list(tmp_path.glob("*.png"))


def test_panels_are_pictures_of_one_figure_with_letters(tmp_path, studies):
    panels = (Panel(series=1, caption="Before."), Panel(series=1, time_point=2, caption="After."))
    single = Figure(caption="Axial", series=7)
    placed = write_figures(
        tmp_path, studies, case_with(Figure(caption="Both.", panels=panels), single), []
    )
    assert [(one.number, one.panel, one.file) for one in placed] == [
        (1, "a", "fig1a.png"),
        (1, "b", "fig1b.png"),
        (2, "", "fig2.png"),
    ]
    assert [one.caption for one in placed] == ["Both. Before.", "Both. After.", "Axial"]
    assert placed[1].time_point == 2
    missing = Figure(caption="x", panels=(panels[0], Panel(series=99)))
    with pytest.raises(CaseError) as caught:
        write_figures(tmp_path, studies, case_with(missing), [])
    assert caught.value.place == "case file: figures.0.panels.1.series"
