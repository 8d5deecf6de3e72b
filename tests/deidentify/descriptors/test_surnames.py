from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casepack.deidentify.descriptors import clean_descriptor, collect_echo, read_vocabulary

VOCABULARY = read_vocabulary()
NO_ECHO = collect_echo(())
INSTITUTION = 0x00080080

# surnames that are words of the vocabulary, or not: invented ones beside dictionary words
SURNAMES = ("Kok", "Smal", "Slot", "Jong", "Zwolwaard", "Wildekamp")
PARTICLES = (
    "de ",
    "van ",
    "van de ",
    "van der ",
    "van den ",
    "van 't ",
    "in 't ",
    "op den ",
    "ter ",
)
CUES = (
    ("verwezen door {}", ""),
    ("Aangevraagd door dr. {}", ""),
    ("MRI knie, aanvrager: {}", "MRI knie"),
    ("Mevr. {}, knieklachten", "knieklachten"),
    ("MRI hoofd, besproken met {}", "MRI hoofd, besproken"),
)


def clean(text: str, *institutions: str) -> str:
    """Return what is left of a text of a study with these institutions."""
    echo = collect_echo([(INSTITUTION, "LO", name) for name in institutions])
    return clean_descriptor(text, echo, VOCABULARY).text


@given(st.sampled_from(PARTICLES), st.sampled_from(SURNAMES), st.sampled_from(CUES))
def test_a_surname_with_its_particles_goes_behind_a_title_or_a_persons_part(particle, name, cue):
    text, left = cue
    assert clean(text.format(particle + name)) == left


@given(
    st.sampled_from(("van der ", "van den ", "van 't ", "in 't ", "op den ", "ten ", "ter ")),
    st.sampled_from(("Meer", "Smal", "Zwolwaard", "Hart")),
    st.sampled_from(("T2 sag {}", "MRI knie {} links", "{}: MRI knie", "Knie links ({})")),
)
def test_particles_of_surnames_alone_need_no_other_sign(particle, name, text):
    left = clean(text.format(particle + name))
    assert name not in left
    assert particle.strip() not in left.split()


@pytest.mark.parametrize(
    "name", ["de Zwolwaard", "van Wildekamp", "dos Ferrazano", "della Trovanti"]
)
@pytest.mark.parametrize("text", ["{} T2 sag", "t1_tse_{}_sag", "MRI - {} - rechts", "T2 {} sag"])
@pytest.mark.parametrize("dress", [str, str.upper, str.lower])
def test_no_particle_is_left_of_a_name(name, text, dress):
    left = clean(dress(text.format(name))).casefold()
    assert not set(name.casefold().split()) & set(left.replace("_", " ").split())


@pytest.mark.parametrize(
    "text",
    [
        "MRI van de Knie",
        "RM de Columna Lumbar",
        "RM do Joelho esquerdo",
        "IRM du Genou",
        "Angio-TC de Troncos",
        "quiste de Baker izquierdo",
        "cyste van Baker",
        "enfermedad de Paget",
        "pijn in de knie",
        "scheur van de Meniscus",
        "MRT von der Hand",
        "Verwezen door Neurologie",
        "Ordered by Radiology",
        "performed by technologist",
        "besproken met patient",
        "acquired with contrast",
        "A.P. Thorax",
        "Z.n. Fraktur",
        "V.C.S. Stenose",
        "N. Facialis",
        "campo de visão",
    ],
)
def test_prepositions_and_abbreviations_before_clinical_words_stay(text):
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("P.J. Groot T2 sag", "T2 sag"),
        ("MRI knie Groot, P.J.", "MRI knie"),
        ("Drs. Kok en Slot, knie links", "knie links"),
        ("T2 sag Zwolwaard-Slot", "T2 sag"),
        ("MRI hoofd, zoon van Slot", "MRI hoofd, zoon"),
        ("MRI knie, huisarts Kok", "MRI knie"),
    ],
)
def test_surnames_that_are_words_go_with_initials_or_a_second_name(text, left):
    assert clean(text) == left


@pytest.mark.parametrize(
    ("institution", "text", "left"),
    [
        ("Rio Maior", "RM joelho Rio Maior", "RM joelho"),
        ("Rio Maior", "T2 SAG RIO MAIOR", "T2 SAG"),
        ("Hospital de Ponta Delgada", "RX tórax - Hosp. Ponta Delgada", "RX tórax"),
        ("Hospital de Ponta Delgada", "RX tórax, Hosp. da Ponta Delgada", "RX tórax"),
        ("Hospital do Alto da Vista", "Alto da Vista RM", "RM"),
        ("Hospital Santo Ferrazano", "Hosp. Sto. Ferrazano", ""),
        ("Santa Casa de Boa Vista", "T2 SAG SANTA CASA BOA VISTA", "T2 SAG"),
        ("Hospital Nossa Senhora da Luz", "RM da N. Sra. da Luz", "RM"),
        ("Ferrazano do Campo", "T2 Ferrazano do Campo sag", "T2 sag"),
        ("Campo do Sul", "RM lombar Campo do Sul", "RM lombar"),
        ("Tomar", "RM Tomar", "RM"),
        ("Tomar", "T2 TOMAR", "T2"),
        ("Tomar", "RM joelho, Hospital de Tomar", "RM joelho"),
    ],
)
def test_an_institution_goes_with_other_articles_and_shortened_words(institution, text, left):
    assert clean(text, institution) == left


@pytest.mark.parametrize(
    ("institution", "text"),
    [
        ("Rio Maior", "tumor de maior volume"),
        ("Tomar", "tomar contraste"),
        ("Tomar", "Tomar contraste oral"),
        ("Hospital de Ponta Delgada", "lesão na ponta do fígado, intestino delgado"),
        ("Ferrazano do Campo", "campo de visão"),
        ("Centro de Ressonância Magnética da Costa", "Ressonância Magnética lombar"),
        ("Spine Imaging Center", "Spine Imaging protocol"),
        ("Clear View Imaging", "AP view, clear lungs"),
        ("Santa Casa de Boa Vista", "boa vista da lesão"),
        ("Radiologie Nord", "Radiologie"),
    ],
)
def test_words_that_an_institution_shares_with_medicine_stay(institution, text):
    assert clean(text, institution) == text
