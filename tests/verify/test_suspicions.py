"""Without the originals: what looks like a person's data is a doubt, and ordinary text is none."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from casepack.verify import Revealed, verify_folder
from tests.verify.studies import Written, change


@pytest.fixture(autouse=True)
def _no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casepack.verify.verification.available_tools", dict)


def doubts(written: Written, text: str, keyword: str = "SeriesDescription") -> set[str]:
    change(written.first, lambda ds: setattr(ds, keyword, text))
    return {finding.code for finding in verify_folder(written.root).findings}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *((text, "date-in-text") for text in ("born 17.05.1963", "on 2024-02-29", "3/14/2023 pm")),
        *((text, "date-in-text") for text in ("of 20231105", "12 March 2021", "Oct 3rd, 2022")),
        *((text, "date-in-text") for text in ("5. M\u00e4rz 2020", "am 1.2.99", "03-Dec-2019")),
        ("mail a.b-c@klinik.example.org", "mail-in-text"),
        ("+44 7700 900417", "phone-in-text"),
        ("Tel. 0711/123456", "phone-in-text"),
        ("bleep 4471", "phone-in-text"),
        ("MRN 7712039", "number-in-text"),
        ("MRN: 4471", "number-in-text"),
        ("KV-5530918842", "number-in-text"),
        ("170-56-2048", "number-in-text"),
        ("see Dr. Quillfeather", "person-in-text"),
        ("Frau M\u00fcller", "person-in-text"),
        ("SMITH^JOHN", "person-in-text"),
        ("reported by Zwartendijk", "person-in-text"),
        ("T2 sag Quillfeather", "words-unknown"),
        ("LWS nativ VANDERSLOOT", "words-unknown"),
        ("Bröndal wirbelsäule", "words-unknown"),
    ],
)
def test_what_looks_like_a_persons_data_is_found(written: Written, text: str, code: str) -> None:
    assert code in doubts(written, text)


@pytest.mark.parametrize(
    "text",
    [
        *("t2_tse_sag_384", "T1 VIBE fs post KM 10ml", "ep2d_diff b0/500/1000", "C5/6 - Th12"),
        *("SE 12 TR 4500 TE 100", "1.5T 0.8x0.8x3.0", "sag T2 STIR 4/1 320", "12/7", "2D 3 mm 1/2"),
        *(
            "Dixon W",
            "Brain MPRAGE 1.0 iso 2.5.1",
            "pre/post Gd",
            "MR Signal, MRS Brain",
            "ID 12",
            "000000000",
            "00000000.8561",
            "Wirbelsäule sag, Rückenmark, Metastasen",
            "rachis dorsal injecté, œdème médullaire",
            "columna dorsal, lesión intramedular",
            "головной мозг, контраст",
            "facet joints, weakness of both legs, gadolinium",
        ),
    ],
)
def test_ordinary_text_is_no_doubt(written: Written, text: str) -> None:
    assert doubts(written, text) == set()


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("", set()),
        ("ANONYMIZED", set()),
        ("XXXX", set()),
        ("Sankt Veronika", {"value-not-dummy"}),
    ],
)
def test_a_value_where_only_a_dummy_may_stand_is_a_doubt(
    written: Written, value: str, found: set[str]
) -> None:
    assert doubts(written, value, "InstitutionName") == found


def test_words_are_weighed_where_people_write_alone(written: Written) -> None:
    # a coil, a manufacturer and a model may be called anything
    assert doubts(written, "Quillfeather", "ReceiveCoilName") == set()
    assert doubts(written, "Quillfeather", "Manufacturer") == set()


def test_numbers_that_are_pseudonyms_by_right_are_no_doubt(written: Written) -> None:
    for path in written.root.rglob("*.dcm"):
        change(path, lambda ds: setattr(ds, "PatientID", "CASE99887766"))
    assert verify_folder(written.root).findings == ()


def test_a_doubt_is_a_warning_in_nested_and_private_texts_too(written: Written) -> None:
    def edit(ds: Dataset) -> None:
        ds.ReferencedImageSequence[0].SeriesDescription = "Dr. Quillfeather"
        ds.private_block(0x0031, "NOBODY 1", create=True).add_new(0x01, "LT", "for Mrs Pettigrove")

    change(written.first, edit)
    found = [one for one in verify_folder(written.root).findings if one.code == "person-in-text"]
    assert {one.place for one in found} == {"(0008,1140)[0].(0008,103E)", "(0031,1001)"}
    assert {str(one.severity) for one in found} == {"warning"}


def test_only_reveal_learns_what_it_was(written: Written) -> None:
    change(written.first, lambda ds: setattr(ds, "SeriesDescription", "MRN 7712039"))
    told: list[Revealed] = []
    report = verify_folder(written.root, reveal=told.append)
    assert [(one.code, one.value) for one in told] == [("number-in-text", "MRN 7712039")]
    assert "7712039" not in repr(report)


def test_with_the_originals_their_own_values_are_searched_instead(written: Written) -> None:
    change(written.first, lambda ds: setattr(ds, "SeriesDescription", "MRN 7712039"))
    assert verify_folder(written.root, originals=written.originals).findings == ()
