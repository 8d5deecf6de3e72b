from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedMRImageStorage

from casepack.model import Series
from casepack.package.pictures import previews
from casepack.package.pictures.previews import Stack, begin_previews, write_previews
from tests.package.cases import verified
from tests.package.screens import checked, image, write_series

GREY = np.full((64, 48), 400, np.uint16)


def stacks_of(tmp_path, *datasets: Dataset) -> tuple[Stack, ...]:
    series = write_series(tmp_path / "in", datasets)
    return write_previews(tmp_path / "preview", checked(tmp_path / "in", [series]))


def bytes_of(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*.webp"))}


def test_each_slice_becomes_a_picture_named_by_time_point_and_series(tmp_path):
    found = verified(tmp_path / "in", studies=2, series=2, slices=3)
    stacks = write_previews(tmp_path / "preview", found)
    assert [(one.time_point, one.series_number) for one in stacks] == [
        (1, 1),
        (1, 2),
        (2, 1),
        (2, 2),
    ]
    assert [one.file for one in stacks[2].images] == [f"tp2-s01/00{n}.webp" for n in range(3)]
    for stack in stacks:
        for picture in stack.images:
            with Image.open(tmp_path / "preview" / picture.file) as opened:
                assert opened.size == (picture.width, picture.height) == (48, 64)
                assert opened.format == "WEBP"


def test_a_stack_tells_what_a_reader_needs(tmp_path):
    stack, other = write_previews(tmp_path, verified(tmp_path / "in", studies=1, slices=1))
    assert (stack.label, stack.plane, stack.window) == ("Sagittal T1", "sagittal", (400, 800))
    assert stack.detail == "TSE \u00b7 TR 600 ms \u00b7 TE 10 ms \u00b7 4 mm"
    assert other.label == "Sagittal T2"
    assert stack.images[0].number == 1
    assert stack.images[0].position == pytest.approx(-4)


def test_the_same_studies_give_the_same_bytes_whatever_the_workers(tmp_path):
    found = verified(tmp_path / "in", slices=9)
    alone = write_previews(tmp_path / "a", found)
    assert write_previews(tmp_path / "b", found, workers=3) == alone
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b") != {}


def write_process(path: Path, *_: object) -> tuple[int, int]:
    time.sleep(0.02)
    path.write_text(str(os.getpid()))
    return (1, 1)


def test_pictures_are_drawn_by_several_processes(tmp_path, monkeypatch):
    monkeypatch.setattr(previews, "_write_image", write_process)
    write_previews(tmp_path, verified(tmp_path / "in", studies=1, series=1, slices=40), workers=2)
    written = [path.read_text() for path in tmp_path.rglob("*.webp")]
    assert len(written) == 40
    assert len(set(written)) == 2
    assert str(os.getpid()) not in written


def test_pictures_are_drawn_while_the_caller_does_something_else(tmp_path):
    found = verified(tmp_path / "in", studies=1, slices=3).deidentified
    with begin_previews(tmp_path / "preview", found, workers=2) as drawing:
        end = time.monotonic() + 60
        while len(bytes_of(tmp_path / "preview")) < 6 and time.monotonic() < end:
            time.sleep(0.01)
        assert len(bytes_of(tmp_path / "preview")) == 6
        assert [len(stack.images) for stack in drawing.finish()] == [3, 3]


def test_pictures_that_nobody_waits_for_are_not_drawn_to_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(previews, "_write_image", write_process)
    found = verified(tmp_path / "in", studies=1, series=1, slices=160).deidentified
    with begin_previews(tmp_path / "preview", found, workers=2):
        pass
    assert len(bytes_of(tmp_path / "preview")) < 160


def test_with_one_worker_pictures_are_drawn_when_they_are_asked_for(tmp_path):
    found = verified(tmp_path / "in", studies=1, slices=3).deidentified
    with begin_previews(tmp_path / "preview", found) as drawing:
        assert bytes_of(tmp_path / "preview") == {}
        drawing.finish()
    assert len(bytes_of(tmp_path / "preview")) == 6


def test_a_picture_that_cannot_be_written_stops_all(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError

    monkeypatch.setattr(previews, "_write_image", fail)
    with pytest.raises(OSError):  # noqa: PT011  # none of its numbers matters
        write_previews(tmp_path, verified(tmp_path / "in", slices=9), workers=2)


def test_slices_follow_the_normal_and_not_the_order_of_the_files(tmp_path):
    places = {1: 8.0, 2: -4.0, 3: 0.0, 4: 4.0}
    datasets = [
        image(GREY, instance=number, ImagePositionPatient=[x, 0, 0]) for number, x in places.items()
    ]
    (stack,) = stacks_of(tmp_path, *datasets)
    # 8, 4, 0, -4: along the normal, in the direction that starts with the lower instance number
    assert [one.number for one in stack.images] == [1, 4, 3, 2]
    assert [one.position for one in stack.images] == [8, 4, 0, -4]


def test_slices_without_a_plane_follow_instance_number(tmp_path):
    datasets = [
        image(GREY, instance=number, ImagePositionPatient=None, ImageOrientationPatient=None)
        for number in (3, 1, 2)
    ]
    (stack,) = stacks_of(tmp_path, *datasets)
    assert [one.number for one in stack.images] == [1, 2, 3]
    assert (stack.label, stack.plane, stack.images[0].plane) == ("T1", "", None)


def test_a_localizer_is_paged_plane_by_plane(tmp_path):
    axial, sagittal, coronal = [1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, -1], [1, 0, 0, 0, 0, -1]
    datasets = [
        image(GREY, instance=number, ImageOrientationPatient=orientation)
        for number, orientation in enumerate([axial, coronal, sagittal, axial], 1)
    ]
    (stack,) = stacks_of(tmp_path, *datasets)
    assert stack.label == "Localizer"
    assert stack.plane == ""
    assert [one.plane and one.plane.name for one in stack.images] == [
        "sagittal",
        "coronal",
        "axial",
        "axial",
    ]


def test_large_images_are_halved_and_still_lie_where_they_were(tmp_path):
    ds = image(np.zeros((1024, 512), np.uint16), PixelSpacing=[0.5, 0.5])
    (stack,) = stacks_of(tmp_path, ds)
    (picture,) = stack.images
    assert (picture.width, picture.height, stack.width, stack.height) == (256, 512, 256, 512)
    assert picture.plane is not None
    assert picture.plane.spacing == (1.0, 1.0)
    first = ds.ImagePositionPatient
    # columns run to posterior, rows to the feet: the first pixel's centre moves by a quarter mm
    assert picture.plane.position == pytest.approx((first[0], first[1] + 0.25, first[2] - 0.25))


def test_pixels_become_square(tmp_path):
    (stack,) = stacks_of(tmp_path, image(GREY, PixelSpacing=[2, 1]))
    picture = stack.images[0]
    assert (picture.width, picture.height) == (48, 128)
    assert picture.plane is not None
    assert picture.plane.spacing == (1.0, 1.0)


def test_frames_of_an_enhanced_image_are_pictures_of_one_stack(tmp_path):
    frames = np.stack([np.full((8, 6), value, np.uint16) for value in (100, 300, 200)])
    ds = image(frames[0])
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    ds.NumberOfFrames = 3
    ds.PixelData = frames.tobytes()
    for keyword in (
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "PixelSpacing",
        "WindowCenter",
        "WindowWidth",
    ):
        delattr(ds, keyword)
    shared, measures, orientation, window = Dataset(), Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = [2, 2]
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    window.WindowCenter, window.WindowWidth = 200, 400
    shared.PixelMeasuresSequence = [measures]
    shared.PlaneOrientationSequence = [orientation]
    shared.FrameVOILUTSequence = [window]
    ds.SharedFunctionalGroupsSequence = [shared]
    ds.PerFrameFunctionalGroupsSequence = []
    for z in (0, 10, 5):
        group, position = Dataset(), Dataset()
        position.ImagePositionPatient = [0, 0, z]
        group.PlanePositionSequence = [position]
        ds.PerFrameFunctionalGroupsSequence.append(group)
    (stack,) = stacks_of(tmp_path, ds)
    assert [one.frame for one in stack.images] == [1, 3, 2]
    assert [one.position for one in stack.images] == [0, 5, 10]
    greys = [
        np.asarray(Image.open(tmp_path / "preview" / one.file).convert("L")).mean()
        for one in stack.images
    ]
    assert greys == pytest.approx([64, 128, 191], abs=3)


def test_what_is_no_image_is_no_stack(tmp_path):
    found = verified(tmp_path / "in", studies=1, series=1)
    study = found.deidentified.studies[0]
    report = replace(study.series[0], modality="SR", series_instance_uid="1.2.3.4")
    empty = image(GREY, series=5, Rows=None, Columns=None, PixelData=None)
    nothing = write_series(tmp_path / "in", [empty], modality="OT")
    stacks = write_previews(
        tmp_path / "preview", checked(tmp_path, [study.series[0], report, nothing])
    )
    assert [one.modality for one in stacks] == ["MR"]


def test_images_that_cannot_be_decoded_are_listed_with_the_reason(tmp_path):
    series = write_series(tmp_path / "in", [image(GREY, instance=n) for n in (1, 2, 3)])
    short = series.instances[1].path
    short.write_bytes(short.read_bytes()[:-50])
    no_file = series.instances[2].path
    no_file.write_bytes(b"not DICOM")
    (stack,) = write_previews(tmp_path / "preview", checked(tmp_path, [series]))
    assert [one.number for one in stack.images] == [1]
    assert {(one.sop_instance_uid, one.reason) for one in stack.skipped} == {
        (series.instances[1].sop_instance_uid, "has pixel data that cannot be decoded here"),
        (series.instances[2].sop_instance_uid, "cannot be read"),
    }


def test_a_series_of_which_nothing_can_be_decoded_is_a_stack_without_images(tmp_path):
    series = write_series(tmp_path / "in", [image(GREY)])
    path = series.instances[0].path
    path.write_bytes(path.read_bytes()[:-50])
    (stack,) = write_previews(tmp_path / "preview", checked(tmp_path, [series]))
    assert stack.images == ()
    assert len(stack.skipped) == 1
    assert bytes_of(tmp_path / "preview") == {}


def test_series_of_one_number_do_not_overwrite_each_other(tmp_path):
    one = write_series(
        tmp_path / "in", [image(GREY, SeriesInstanceUID="1.2.1", SOPInstanceUID="1.1")]
    )
    other: Series = replace(
        write_series(tmp_path / "in", [image(GREY, SeriesInstanceUID="1.2.2")]), number=1
    )
    stacks = write_previews(tmp_path / "preview", checked(tmp_path, [one, other]))
    assert [one.images[0].file for one in stacks] == ["tp1-s01/000.webp", "tp1-s01-2/000.webp"]


def test_a_series_that_cannot_be_read_is_a_stack_without_images(tmp_path):
    series = write_series(tmp_path / "in", [image(GREY)])
    series.instances[0].path.write_bytes(b"not DICOM")
    (stack,) = write_previews(tmp_path / "preview", checked(tmp_path, [series]))
    assert stack.images == ()
    assert [one.reason for one in stack.skipped] == ["cannot be read"]


def test_progress_counts_pictures(tmp_path):
    told = []
    write_previews(
        tmp_path / "preview",
        verified(tmp_path / "in", studies=2, series=1, slices=3),
        progress=lambda *step: told.append(step),
    )
    assert told == [("previews", 3, 6), ("previews", 6, 6)]
