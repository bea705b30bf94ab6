"""Phrases as people type them."""

from __future__ import annotations

import pytest

from MedVLSAM2Lib.session.phrase_reader import within_a_sentence


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("left kidney", "left kidney"),
        ("Left kidney.", "left kidney"),
        ("  The  Larger   renal cyst ", "the larger renal cyst"),
        ("LEFT KIDNEY", "left kidney"),
        ("IVC", "IVC"),
        ("L3", "L3"),
        ("Vertebra L3", "vertebra L3"),
        ("soft-tissue mass", "soft-tissue mass"),
    ],
)
def test_a_phrase_means_the_same_however_it_is_typed(typed: str, read: str) -> None:
    assert within_a_sentence(typed) == read
