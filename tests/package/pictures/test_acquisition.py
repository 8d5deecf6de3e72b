from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from casepack.package.pictures.acquisition import (
    Acquisition,
    describe_acquisition,
    label_series,
    read_acquisition,
)
from casepack.package.pictures.attributes import FrameAttributes
from casepack.package.pictures.planes import Plane, plane_from
from tests.builders import mr_instance


def acquisition(**attributes) -> Acquisition:
    return read_acquisition(FrameAttributes(mr_instance(**attributes)))


def plane(*orientation: float) -> Plane | None:
    return plane_from((0, 0, 0), orientation or (0, 1, 0, 0, 0, -1), (1, 1))


def label(**attributes) -> str:
    return label_series([acquisition(**attributes)], [plane()])


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"RepetitionTime": 600, "EchoTime": 10}, "Sagittal T1"),
        ({"RepetitionTime": 3500, "EchoTime": 100}, "Sagittal T2"),
        ({"RepetitionTime": 3000, "EchoTime": 30}, "Sagittal PD"),
        ({"RepetitionTime": 4000, "EchoTime": 60, "InversionTime": 160}, "Sagittal STIR"),
        ({"RepetitionTime": 9000, "EchoTime": 120, "InversionTime": 2500}, "Sagittal T2 FLAIR"),
        ({"RepetitionTime": 2000, "EchoTime": 10, "InversionTime": 800}, "Sagittal T1"),
        ({"ScanningSequence": "GR", "EchoTime": 20}, "Sagittal T2*"),
        ({"ScanningSequence": "GR", "EchoTime": 4, "SequenceVariant": "SP"}, "Sagittal T1"),
        ({"ScanningSequence": "EP", "EchoTime": 80, "DiffusionBValue": 800.0}, "Sagittal DWI"),
        ({"ImageType": ["DERIVED", "PRIMARY", "ADC"]}, "Sagittal ADC"),
        ({"MRAcquisitionType": "3D", "RepetitionTime": 3500, "EchoTime": 100}, "Sagittal T2 3D"),
        ({"EchoTime": None}, "Sagittal MR"),
        ({"Modality": "CT"}, "Sagittal CT"),
        (
            {"ScanOptions": "FS", "ContrastBolusAgent": "GADO"},
            "Sagittal T1 fat-saturated + contrast",
        ),
        ({"ScanOptions": ["PFP", "FS"]}, "Sagittal T1 fat-saturated"),
        ({"ContrastBolusVolume": "15"}, "Sagittal T1 + contrast"),
    ],
)
def test_a_series_is_named_by_how_it_was_acquired(attributes, expected):
    assert label(**attributes) == expected


@pytest.mark.parametrize("agent", ["", "NO", "none"])
def test_an_empty_agent_is_no_contrast(agent):
    assert label(ContrastBolusAgent=agent) == "Sagittal T1"


def test_contrast_is_not_named_on_t2_images():
    assert label(RepetitionTime=3500, EchoTime=100, ContrastBolusAgent="GADO") == "Sagittal T2"


def test_the_description_does_not_decide():
    assert label(SeriesDescription="ax T2 stir") == "Sagittal T1"


def test_several_planes_or_the_image_type_make_a_localizer():
    one = acquisition()
    assert label_series([one, one], [plane(), plane(1, 0, 0, 0, 1, 0)]) == "Localizer"
    assert label(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]) == "Localizer"


def test_without_a_plane_the_label_starts_with_the_weighting():
    assert label_series([acquisition()], [None]) == "T1"


def test_a_modality_whose_code_says_nothing_is_written_out():
    assert label_series([acquisition(Modality="OT")], [None]) == "Other image"
    assert label_series([acquisition(Modality="SC")], [None]) == "Secondary capture"
    assert label_series([acquisition(Modality="US")], [None]) == "US"


def test_parameters_are_told_in_the_order_a_reader_expects():
    one = acquisition(RepetitionTime=3500, EchoTime=101.5)
    assert describe_acquisition(one) == "TSE \u00b7 TR 3500 ms \u00b7 TE 101.5 ms \u00b7 4 mm"


def test_enhanced_images_are_named_by_their_functional_groups():
    ds = Dataset()
    ds.Modality = "MR"
    ds.EchoPulseSequence = "SPIN"
    timing, echo, modifier = Dataset(), Dataset(), Dataset()
    timing.RepetitionTime = 650.0
    echo.EffectiveEchoTime = 12.0
    modifier.SpectrallySelectedSuppression = "FAT"
    shared, first, second = Dataset(), Dataset(), Dataset()
    shared.MRTimingAndRelatedParametersSequence = [timing]
    shared.MRModifierSequence = [modifier]
    first.MREchoSequence = [echo]
    ds.SharedFunctionalGroupsSequence = [shared]
    ds.PerFrameFunctionalGroupsSequence = [first, second]
    found = read_acquisition(FrameAttributes(ds, 1))
    assert label_series([found], [plane()]) == "Sagittal T1 fat-saturated"
    assert read_acquisition(FrameAttributes(ds, 2)).echo_time is None


def test_values_that_are_no_numbers_are_taken_as_absent():
    ds = mr_instance()
    del ds.RepetitionTime
    ds.add_new(0x00180080, "LO", "long")
    assert read_acquisition(FrameAttributes(ds)).repetition_time is None
