"""Sizes in phrases."""

from __future__ import annotations

import pytest

from MedVLSAM2Lib.phrase_size import split_size


@pytest.mark.parametrize(
    ("phrase", "words", "meant", "not_meant"),
    [
        ("all lymph nodes above 1 cm", "all lymph nodes", 10.1, 10.0),
        ("lung nodules larger than 8 mm", "lung nodules", 9.0, 8.0),
        ("cysts > 1,5 cm", "cysts", 15.5, 15.0),
        ("cysts of at least 15mm in diameter", "cysts", 15.0, 14.9),
        ("cysts that are smaller than 2 cm", "cysts", 19.0, 20.0),
        ("nodules up to 6 mm", "nodules", 6.0, 6.1),
    ],
)
def test_a_size_is_told_from_what_is_named(phrase: str, words: str, meant: float, not_meant: float) -> None:
    named, limit = split_size(phrase)
    assert named == words
    assert limit is not None
    assert limit.holds(meant)
    assert not limit.holds(not_meant)


@pytest.mark.parametrize(
    "phrase", ["liver", "", "above 1 cm", "the larger left renal cyst", "1 cm margin", "nodes over 1"]
)
def test_what_is_no_size_is_part_of_the_name(phrase: str) -> None:
    assert split_size(phrase) == (phrase, None)
