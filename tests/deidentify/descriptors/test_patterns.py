from __future__ import annotations

import pytest

from casepack.deidentify.descriptors import Kind, clean_descriptor, collect_echo, read_vocabulary

NO_ECHO = collect_echo(())


def found(text: str) -> list[Kind]:
    return [removal.kind for removal in clean_descriptor(text, NO_ECHO, read_vocabulary()).removals]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("20140321", Kind.DATE),
        ("20140321101500.123", Kind.DATE),
        ("21032014", Kind.DATE),
        ("2014-03-21", Kind.DATE),
        ("2014:03:21", Kind.DATE),
        ("21.3.14", Kind.DATE),
        ("3/21/2014", Kind.DATE),
        ("21 03 2014", Kind.DATE),
        ("03/2014", Kind.DATE),
        ("21-MAR-2014", Kind.DATE),
        ("21st of March 2014", Kind.DATE),
        ("Mar 21, 2014", Kind.DATE),
        ("March 2014", Kind.DATE),
        ("Mar'14", Kind.DATE),
        ("21 mars 2014", Kind.DATE),
        ("1er mars 2014", Kind.DATE),
        ("21 marzo 2014", Kind.DATE),
        ("21 de marzo de 2014", Kind.DATE),
        ("21 de março de 2014", Kind.DATE),
        ("21 maart 2014", Kind.DATE),
        ("21 Mart 2014", Kind.DATE),
        ("21. März", Kind.DATE),
        ("21 марта 2014", Kind.DATE),
        ("21 Μαρτίου 2014", Kind.DATE),
        ("2014年3月21日", Kind.DATE),
        ("平成26年3月21日", Kind.DATE),
        ("H26.3.21", Kind.DATE),
        ("2014년 3월 21일", Kind.DATE),
        ("٢٠١٤-٠٣-٢١", Kind.DATE),
        ("２０１４／０３／２１", Kind.DATE),  # noqa: RUF001  # full-width digits
        ("2014", Kind.DATE),
        ("10:15", Kind.TIME),
        ("10:15:30.5", Kind.TIME),
        ("9:15 am", Kind.TIME),
        ("9 pm", Kind.TIME),
        ("10.15 Uhr", Kind.TIME),
        ("14h30", Kind.TIME),
        ("saat 14.30", Kind.TIME),
        ("午後3時20分", Kind.TIME),
        ("91-year-old", Kind.AGE),
        ("92 ans", Kind.AGE),
        ("Alter 95", Kind.AGE),
        ("093Y", Kind.AGE),
        ("+49 6221 4567", Kind.PHONE),
        ("(617) 555-0199", Kind.PHONE),
        ("617-555-0199", Kind.PHONE),
        ("06221/456789", Kind.PHONE),
        ("pager 4471", Kind.PHONE),
        ("電話 03-1234-5678", Kind.PHONE),
        ("a.b@example.org", Kind.E_MAIL),
        ("https://example.org/a?b=c", Kind.URL),
        ("www.example.org", Kind.URL),
        ("pacs01.example.org", Kind.URL),
        ("10.0.0.12", Kind.URL),
        ("00:1a:2b:3c:4d:5e", Kind.URL),
        ("1.2.840.10008.1.2", Kind.UID),
        ("123e4567-e89b-12d3-a456-426614174000", Kind.UID),
        ("1234567", Kind.NUMBER),
        ("A1234567", Kind.NUMBER),
        ("12-345-678", Kind.NUMBER),
        ("ACC-19-001234", Kind.NUMBER),
        ("123-45-6789", Kind.NUMBER),
        ("d6e895774587", Kind.NUMBER),
        ("H3W 1W5", Kind.NUMBER),
        ("P.O. Box 771", Kind.ADDRESS),
        ("12 Larch Street", Kind.ADDRESS),
        ("Lindenstraße 4", Kind.ADDRESS),
        ("Zwetschgenweg 4a", Kind.ADDRESS),
        ("4 rue des Lilas", Kind.ADDRESS),
        ("via Manzoni 12", Kind.ADDRESS),
        ("calle Sauce 12", Kind.ADDRESS),
        ("Keizersgracht 12", Kind.ADDRESS),
        ("Prof. Winterbottom", Kind.HONORIFIC_NAME),
        ("Dr. med. Young", Kind.HONORIFIC_NAME),
        ("MUDr. Novák", Kind.HONORIFIC_NAME),
        ("Young MD", Kind.HONORIFIC_NAME),
        ("山田様", Kind.HONORIFIC_NAME),
        ("やまださん", Kind.HONORIFIC_NAME),
        ("ordered by Long", Kind.BY_PHRASE),
        ("acquired at Stone Clinic", Kind.PLACE_PHRASE),
        ("Rice, Tadeusz", Kind.NAME_USE),
        ("Qwyjibo", Kind.UNKNOWN_TOKEN),
    ],
)
def test_what_identifies_by_its_form_goes_whole(text, kind):
    cleaned = clean_descriptor(text, NO_ECHO, read_vocabulary())
    assert cleaned.text == ""
    assert kind in {removal.kind for removal in cleaned.removals}
    # in company too
    assert clean_descriptor(f"T2 sag {text}", NO_ECHO, read_vocabulary()).text == "T2 sag"


@pytest.mark.parametrize(
    "text",
    [
        "4mm",
        "4 mm",
        "3.0T",
        "b1000",
        "b 0 500 1000 2000",
        "b=2000",
        "TE90",
        "TR 2000 ms",
        "TI2500",
        "2x2",
        "0.7x0.7x3.0",
        "512*384",
        "P4^P101^S108",
        "0.0%",
        "0.084906",
        "x3",
        "#2",
        "C5/6",
        "L1-L2",
        "Th12",
        "D6-D12",
        "S1",
        "T10-11-12",
        "1/2",
        "10:1",
        "JPEG 2000",
        "-2048",
        "e+1",
        "120 kV",
        "89-year-old",
        "age 60",
        "2 min",
        "45min delay",
        "24h",
        "3.5.1",
        "v2.0",
        "Br40d",
        "30°",
        "M54.5",
        "IV",
        "1st",
        "3D",
        "1.5 x 1.5",
        "20-55 lb",
        "63870 Hz",
        "3/5",
        "grade 2/5",
        "2 of 3",
        "p2_iso",
    ],
)
def test_numbers_in_a_technical_form_stay(text):
    assert clean_descriptor(text, NO_ECHO, read_vocabulary()).text == text


def test_a_year_goes_unless_it_is_a_value():
    assert found("fusion 2017") == [Kind.DATE]
    assert found("TR 2017") == []
    assert found("2017 ms") == []


def test_ambiguous_months_need_a_day_or_a_year():
    assert found("may represent") == []
    assert found("May 2019") == [Kind.DATE]
    assert found("mar T2") == [] or found("mar T2") == [Kind.UNKNOWN_TOKEN]
    assert found("set 2") == []
    assert found("MARCH sequence") == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("GOLD^LONG", ""),
        ("Mark Young T2", "T2"),
        ("J. Young, knee", "knee"),
        ("Young, J.", ""),
        ("5 min Qwyjibo", "5 min"),
        ("2014 Mar 21 MRI", "MRI"),
        ("2014 March", ""),
        ("March 21", ""),
        ("Sankt Gertrud, LWS", "LWS"),
        ("Hand, Tadeusz", ""),
        ("MR wrist and Hand, Qwyjibo", "MR wrist and Hand"),
        ("Head R", "Head R"),
        ("long and short axis", "long and short axis"),
        ("Long, short", "Long, short"),
        ("Operator: K.", ""),
        ("Radiologist: Young", ""),
        ("Young and Strong MD", ""),
        ("Drs. Young and Strong", ""),
        ("Dr. Young and small lesion", "and small lesion"),
        ("read by CT", "read by CT"),
        ("12 Long Road", ""),
        ("Bennet Cad. No 5", ""),
        ("long road to recovery", "long road to recovery"),
        ("via femoral vein", "via femoral vein"),
        ("place of birth", "place of birth"),
    ],
)
def test_double_use_words_by_the_company_they_keep(text, left):
    assert clean_descriptor(text, NO_ECHO, read_vocabulary()).text == left


def test_a_text_that_does_not_settle_is_emptied(monkeypatch):
    monkeypatch.setattr("casepack.deidentify.descriptors.clean._MOST_PASSES", 1)
    cleaned = clean_descriptor("T2 Qwyjibo", NO_ECHO, read_vocabulary())
    assert cleaned.text == ""
    assert found("T2") == []
