from __future__ import annotations

import pytest

from casepack.deidentify.descriptors.tidying import remove_parts


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("t2_[X]_sag", "t2_sag"),
        ("[X]_t2", "t2"),
        ("t2_[X]", "t2"),
        ("A [X] B", "A B"),
        ("A, [X], B", "A, B"),
        ("A - [X] - B", "A - B"),
        ("A ([X]) B", "A B"),
        ("A ([X] 4mm) B", "A (4mm) B"),
        ("A (4mm [X]) B", "A (4mm) B"),
        ("A: [X]; B", "A; B"),
        ("A [X]: B", "A: B"),
        ("[X]^B", "B"),
        ("A/[X]/B", "A/B"),
        ("A\n[X]\nB", "A\nB"),
        ("A. [X]. B", "A. B"),
        ("A [X][X] B", "A B"),
        ("A [X]. [X] B", "A B"),
        ("A[X]B", "A B"),
        ("[X] *B", "*B"),
        ("A [X] +C", "A +C"),
        ("A% [X] B", "A% B"),
        ("([X])", ""),
        ("[X] - [X]", ""),
        ("  A [X]", "  A"),
    ],
)
def test_one_separator_remains_and_empty_brackets_go(text, left):
    plain, parts = "", []
    for piece in text.replace("[X]", "\0X\0").split("\0"):
        if piece == "X":
            parts.append((len(plain), len(plain) + 1))
        plain += piece
    result, places = remove_parts(plain, parts)
    assert result == left
    assert len(places) == len(result)
    assert all(
        plain[place] == char for char, place in zip(result, places, strict=True) if char.isalnum()
    )
