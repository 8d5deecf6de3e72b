from __future__ import annotations

import datetime as dt
import pickle
import re

from hypothesis import assume, given
from hypothesis import strategies as st

from casepack.deidentify.descriptors import clean_descriptor, collect_echo, read_vocabulary
from casepack.deidentify.descriptors.echo import NO_ONE, TITLES
from casepack.deidentify.descriptors.folding import fold_word
from casepack.deidentify.descriptors.morphology import derive_use
from casepack.deidentify.descriptors.vocabulary import Use
from tests.deidentify.descriptors.examples import HEADERS, read_examples

VOCABULARY = read_vocabulary()
ECHO = collect_echo(HEADERS)
NO_ECHO = collect_echo(())
EXAMPLES = [
    text for name in ("kept", "echoed", "unheaded", "golden") for text, _ in read_examples(name)
]
PIECES = sorted({piece for text in EXAMPLES for piece in re.split(r"(\W+)", text) if piece})
texts = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join),
    st.lists(st.sampled_from(EXAMPLES), min_size=1, max_size=3).map(", ".join),
)

ORDINARY = sorted(
    word
    for word in VOCABULARY.uses
    if VOCABULARY.uses.get(word) is Use.KNOWN
    and word.isalpha()
    and len(word) > 2
    and not VOCABULARY.role(word)
)
CLINICAL = ("T2 sag", "MRI brain", "t1_tse_tra", "LWS nativ", "rachis lombaire", "columna", "腰椎")


def is_unlisted(name: str) -> bool:
    """Tell whether a name is no word of the vocabulary, nor made of its parts."""
    folded = fold_word(name)
    return folded not in VOCABULARY.uses and derive_use(folded, VOCABULARY) is Use.UNKNOWN


def is_standing(name: str, text: str) -> bool:
    """Tell whether a name stands in a text as a word."""
    return bool(re.search(rf"(?<![^\W_]){re.escape(fold_word(name))}(?![^\W_])", fold_word(text)))


letters = "abcdefghijklmnopqrstuvwxyzäöüßçéèñøåłşğ"
names = st.text(letters, min_size=4, max_size=9).map(str.capitalize).filter(is_unlisted)


@given(texts)
def test_nothing_makes_it_fail_and_cleaning_twice_is_cleaning_once(text):
    cleaned = clean_descriptor(text, ECHO, VOCABULARY)
    again = clean_descriptor(cleaned.text, ECHO, VOCABULARY)
    assert again.text == cleaned.text
    assert not again.removals


@given(texts)
def test_removals_are_in_order_inside_of_the_text_and_nothing_is_added(text):
    cleaned = clean_descriptor(text, ECHO, VOCABULARY)
    ends = [place for removal in cleaned.removals for place in (removal.start, removal.end)]
    assert ends == sorted(ends)
    assert all(0 <= place <= len(text) for place in ends)
    assert all(removal.start < removal.end for removal in cleaned.removals)
    remaining = iter(char for char in text if char.isalnum())
    assert all(char in remaining for char in cleaned.text if char.isalnum())
    if not cleaned.removals:
        assert cleaned.text == text


@given(texts)
def test_reports_of_removals_hold_no_text(text):
    shown = repr(clean_descriptor(text, ECHO, VOCABULARY))
    assert shown.startswith("Cleaned(removals=(")
    assert not re.search(r"[^\x20-\x7e]", shown)


@given(st.lists(st.sampled_from(ORDINARY), min_size=1, max_size=8).map(" ".join))
def test_texts_of_known_words_lose_nothing(text):
    assert not clean_descriptor(text, NO_ECHO, VOCABULARY).removals


@given(names, names, st.sampled_from(CLINICAL), st.data())
def test_a_name_goes_in_every_written_form(family, given_name, clinical, data):
    assume(fold_word(family) != fold_word(given_name))
    echo = collect_echo([(0x00100010, "PN", f"{family}^{given_name}")])
    forms = [
        f"{family} {given_name}",
        f"{given_name} {family}",
        f"{family}, {given_name}",
        f"{family}^{given_name}".upper(),
        f"{family}_{given_name}".lower(),
        f"{given_name[0]}. {family}",
        f"{family} {given_name[0]}.",
        f"{family}{given_name}",
        f"{given_name}{family}".lower(),
        f"{family}-{given_name}",
        f"Dr. {family}",
        f"{family}'s",
    ]
    form = data.draw(st.sampled_from(forms))
    text = data.draw(st.sampled_from([f"{form} {clinical}", f"{clinical} {form}", form]))
    left = clean_descriptor(text, echo, VOCABULARY).text
    for name in (family, given_name):
        assert fold_word(name) not in fold_word(left)
    assert all(word in left for word in clinical.split()) or text == form


@given(names, st.sampled_from(["Lspine", "T2", "Brain"]))
def test_a_name_glued_to_a_clinical_word_goes_alone(family, clinical):
    echo = collect_echo([(0x00080090, "PN", f"{family}^Q")])
    assert clean_descriptor(f"{clinical}_{family}", echo, VOCABULARY).text == clinical
    glued = clean_descriptor(f"{clinical}{family}", echo, VOCABULARY).text
    assert fold_word(family) not in fold_word(glued)


@given(st.sampled_from(ORDINARY), st.sampled_from(ORDINARY))
def test_an_ordinary_word_as_a_name_goes_in_name_form_and_stays_elsewhere(family, given_name):
    assume(family != given_name and not {family, given_name} & (NO_ONE | TITLES))
    echo = collect_echo([(0x00100010, "PN", f"{family.upper()}^{given_name.upper()}")])
    assert clean_descriptor(f"{family}^{given_name}", echo, VOCABULARY).text == ""
    assert clean_descriptor(f"{family}, {given_name}", echo, VOCABULARY).text == ""
    assert clean_descriptor(f"MRI {family} T2", echo, VOCABULARY).text == f"MRI {family} T2"


@given(st.integers(10_000, 9_999_999_999), st.sampled_from("-./ _"), st.data())
def test_a_number_goes_with_any_separators_and_leading_zeros(number, sign, data):
    digits = str(number)
    cut = data.draw(st.integers(1, len(digits) - 1))
    echo = collect_echo([(0x00100020, "LO", digits)])
    for form in (digits, f"00{digits}", f"{digits[:cut]}{sign}{digits[cut:]}", f"PAT{digits}"):
        left = clean_descriptor(f"T2 {form} sag", echo, VOCABULARY).text
        assert digits not in left.replace(sign, "")
        assert left.endswith("sag")


@given(st.dates(dt.date(1920, 1, 1), dt.date(2034, 12, 31)), st.data())
def test_a_date_goes_in_every_written_form(date, data):
    echo = collect_echo([(0x00100030, "DA", f"{date:%Y%m%d}")])
    d, m, y = date.day, date.month, date.year
    english = dt.date(2000, m, 1).strftime("%B")
    german = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
    french = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
    spanish = (
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
    )
    turkish = "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık"  # noqa: RUF001
    form = data.draw(
        st.sampled_from(
            [
                f"{date:%Y%m%d}",
                f"{date:%Y-%m-%d}",
                f"{date:%d.%m.%Y}",
                f"{d}.{m}.{y}",
                f"{m}/{d}/{y}",
                f"{d:02}/{m:02}/{y % 100:02}",
                f"{date:%Y/%m/%d}",
                f"{date:%d%m%Y}",
                f"{date:%y%m%d}",
                f"{d} {english[:3]} {y}",
                f"{english} {d}, {y}",
                f"{d:02}-{english[:3].upper()}-{y}",
                f"{d}. {german.split()[m - 1]} {y}",
                f"{d} {french.split()[m - 1]} {y}",
                f"{d} de {spanish.split()[m - 1]} de {y}",
                f"{d} {turkish.split()[m - 1]} {y}",
                f"{y}年{m}月{d}日",
                f"{y}년 {m}월 {d}일",
                f"{date:%Y%m%d}101500",
                f"{y}",
            ]
        )
    )
    left = clean_descriptor(f"MRI {form} brain", echo, VOCABULARY).text
    assert left == "MRI brain"


@given(texts)
def test_echo_and_vocabulary_survive_pickling(text):
    echo, vocabulary = pickle.loads(pickle.dumps((ECHO, VOCABULARY)))  # noqa: S301  # our own
    assert clean_descriptor(text, echo, vocabulary) == clean_descriptor(text, ECHO, VOCABULARY)
