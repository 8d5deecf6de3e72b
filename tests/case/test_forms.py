from __future__ import annotations

from collections.abc import Callable

import pytest

from casepack.case.forms import (
    check_doi,
    check_identifier,
    check_issn,
    check_orcid,
    check_ror,
    is_language,
    is_spdx,
)

GOOD: list[tuple[Callable[[str], str], str]] = [
    (check_orcid, "0000-0002-1825-0097"),
    (check_orcid, "0000-0002-1694-233X"),
    (check_ror, "https://ror.org/03yrm5c26"),
    (check_ror, "https://ror.org/01ggx4157"),
    (check_issn, "1563-4086"),
    (check_issn, "0378-5955"),
    (check_issn, "2434-561X"),
    (check_doi, "10.1594/EURORAD/CASE.12973"),
    (check_identifier, "iscm-0001"),
]


@pytest.mark.parametrize(("check", "value"), GOOD)
def test_a_right_identifier_passes_unchanged(check: Callable[[str], str], value: str) -> None:
    assert check(value) == value


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (check_orcid, "0000-0002-1825-0098"),
        (check_orcid, "https://orcid.org/0000-0002-1825-0097"),
        (check_orcid, "0000-0002-1825-009"),
        (check_ror, "https://ror.org/03yrm5c27"),
        (check_ror, "03yrm5c26"),
        (check_issn, "1563-4087"),
        (check_issn, "15634086"),
        (check_doi, "https://doi.org/10.1594/x"),
        (check_doi, "10.12/x"),
        (check_identifier, "Case 1"),
        (check_identifier, "../up"),
    ],
)
def test_a_wrong_identifier_is_refused_without_being_quoted(
    check: Callable[[str], str], value: str
) -> None:
    with pytest.raises(ValueError, match=r"^(is not|may hold)") as caught:
        check(value)
    assert value not in str(caught.value)


@pytest.mark.parametrize(("check", "value"), [case for case in GOOD if case[0] is not check_doi])
def test_one_changed_digit_breaks_a_checksum(check: Callable[[str], str], value: str) -> None:
    if check is check_identifier:
        return
    start = value.rindex("/") + 2 if check is check_ror else 0
    for place in range(start, len(value)):
        if value[place].isdigit():
            digit = str((int(value[place]) + 1) % 10)
            with pytest.raises(ValueError, match="is not"):
                check(value[:place] + digit + value[place + 1 :])


def test_licences_and_languages_are_known_by_their_lists() -> None:
    assert is_spdx("CC-BY-NC-SA-4.0")
    assert is_spdx("LicenseRef-Hospital")
    assert not is_spdx("cc by")
    assert not is_spdx("GPL-3.0")  # deprecated: GPL-3.0-only
    assert is_language("pt-BR")
    assert not is_language("english")
