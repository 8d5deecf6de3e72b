from __future__ import annotations

import pytest

from casepack.deidentify.descriptors import clean_descriptor, collect_echo, read_vocabulary
from tests.deidentify.descriptors.examples import HEADERS, read_examples

ECHO = collect_echo(HEADERS)
NO_ECHO = collect_echo(())


@pytest.mark.parametrize("text", [text for text, _ in read_examples("kept")])
def test_texts_without_identifiers_stay_as_they_are(text):
    cleaned = clean_descriptor(text, NO_ECHO, read_vocabulary())
    assert cleaned.text == text
    assert not cleaned.removals


@pytest.mark.parametrize(("text", "left"), read_examples("echoed"))
def test_the_studys_own_identifiers_go_and_the_rest_stays(text, left):
    assert clean_descriptor(text, ECHO, read_vocabulary()).text == left


@pytest.mark.parametrize(("text", "left"), read_examples("unheaded"))
def test_identifiers_that_no_header_tells_go_and_the_rest_stays(text, left):
    assert clean_descriptor(text, NO_ECHO, read_vocabulary()).text == left


@pytest.mark.parametrize(("text", "left"), read_examples("golden"))
def test_descriptions_in_public_test_files_survive_except_their_identifiers(text, left):
    assert clean_descriptor(text, NO_ECHO, read_vocabulary()).text == left


def test_there_are_many_examples_in_both_directions():
    assert len(read_examples("kept")) > 200
    assert len(read_examples("echoed")) + len(read_examples("unheaded")) > 200
    assert len(read_examples("golden")) > 100
