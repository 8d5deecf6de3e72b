from __future__ import annotations

from importlib.resources import files

import pytest
from pydicom import __version__ as pydicom_version

from casepack.deidentify.descriptors import clean_descriptor, collect_echo, read_vocabulary
from casepack.deidentify.descriptors.build_vocabulary import build_vocabulary, read_sources
from casepack.deidentify.descriptors.folding import fold_word
from casepack.deidentify.descriptors.morphology import derive_use
from casepack.deidentify.descriptors.vocabulary import Use

NO_ECHO = collect_echo(())
FILE = files("casepack.deidentify.descriptors") / "vocabulary.txt"


def test_the_vocabulary_is_what_its_sources_give():
    text = FILE.read_text("utf-8")
    if f"pydicom {pydicom_version} " not in text:
        pytest.skip("made with the meanings of another pydicom")
    assert text == build_vocabulary()


def test_each_source_says_what_it_is():
    for path in (files("casepack.deidentify.descriptors") / "sources").iterdir():
        first = path.read_text("utf-8").splitlines()[0]
        assert first.startswith("# "), path.name


def test_it_is_read_once():
    assert read_vocabulary() is read_vocabulary(()) is read_vocabulary([" "])


def test_words_of_the_site_stay():
    text = "QZX sag Blorp_7ZQ"
    assert clean_descriptor(text, NO_ECHO, read_vocabulary()).text == "sag"
    own = read_vocabulary(["qzx", "Blorp 7ZQ"])
    assert clean_descriptor(text, NO_ECHO, own).text == text


def test_words_of_the_site_do_not_shield_an_identifier():
    echo = collect_echo([(0x00100010, "PN", "Blorp^Ada")])
    own = read_vocabulary(["Blorp"])
    assert clean_descriptor("BLORP^ADA T2", echo, own).text == "T2"


def test_common_names_are_no_words():
    names = (
        "Smith Johnson Williams Jones Miller Davis Garcia Rodriguez Martinez Hernandez Lopez "
        "Gonzalez Wilson Anderson Thomas Taylor Jackson Harris Clark Robinson Walker Nguyen "
        "James Mary Robert Patricia John Jennifer Michael Elizabeth David Barbara William Susan "
        "Müller Schmidt Schneider Fischer Meyer Wagner Hoffmann Maria Anna Peter Hans Ursula "
        "Dupont Bernard Dubois Moreau Laurent Jean Pierre Nathalie Rossi Ferrari Esposito "
        "Giuseppe Silva Santos Oliveira Ferreira Fernández Yılmaz Demir Şahin Mehmet Ayşe "  # noqa: RUF001
        "Janssen Bakker Visser Ivanov Smirnov Иванов Смирнова Παπαδόπουλος Novák Kowalski "
        "Nielsen Johansson Korhonen Nagy Popescu Ahmed Mohammed Fatima Khan Singh Kumar Patel"
    )
    vocabulary = read_vocabulary()
    standing = [
        name
        for name in names.split()
        if clean_descriptor(name, NO_ECHO, vocabulary).text
        and clean_descriptor(f"T2 sag {name}", NO_ECHO, vocabulary).text != "T2 sag"
    ]
    assert standing == []
    for name in [
        *("田中", "佐藤", "鈴木", "王伟", "李娜", "김민수", "박지영"),
        # made of syllables and characters that are words, too
        *("大内", "中内", "野間", "本間", "余一", "左三", "이상하", "전신하", "정상임"),
    ]:
        assert clean_descriptor(name, NO_ECHO, vocabulary).text == ""


def test_double_use_words_are_words_of_another_list_too():
    sources = read_sources()
    vocabulary = read_vocabulary()
    kept = [name for name in sources["other"] if vocabulary.uses.get(fold_word(name)) is Use.DOUBLE]
    assert 100 < len(kept) < len(sources["other"])
    assert "smith" not in vocabulary.uses or vocabulary.uses.get("smith") is Use.SURNAME


DERIVED = (
    "spondylodiscitis Hemilaminektomien lombosciatalgies espondilolisteses thoracolumbalen "
    "Brustwirbelkörperfraktur Bandscheibenvorfälle wervelkanaalstenose omurgalarda hipertrofik "
    "metastases hemangiomas paraparesen позвоночнику"
)
NOT_DERIVED = "Tripathy Ingram Steinhandler Constantinou Politis Bergmann Teresa Moises"


@pytest.mark.parametrize("word", DERIVED.split())
def test_inflected_compound_and_learned_words_are_derived(word):
    vocabulary = read_vocabulary()
    folded = fold_word(word)
    assert folded in vocabulary.uses or derive_use(folded, vocabulary) is Use.KNOWN


@pytest.mark.parametrize("name", NOT_DERIVED.split())
def test_names_that_look_like_words_are_not_derived(name):
    assert derive_use(fold_word(name), read_vocabulary()) is Use.UNKNOWN
