"""How alike two wordings are."""

from __future__ import annotations

import pytest

from MedVLSAM2Lib.evaluation.language.text_scores import text_scores

REFERENCE = "The left kidney [SEG] holds two renal cysts [SEG]."


def test_the_same_words_score_highest() -> None:
    scores = text_scores([(REFERENCE, REFERENCE), (REFERENCE, REFERENCE)])
    assert scores.count == 2
    assert scores.bleu == pytest.approx(100)
    assert scores.rouge_l == pytest.approx(1)


def test_fewer_of_the_words_score_less_and_none_score_nothing() -> None:
    some = text_scores([("The left kidney [SEG] is in view.", REFERENCE)])
    none = text_scores([("", REFERENCE)])
    assert none.bleu == none.rouge_l == 0
    assert 0 < some.bleu < 100
    assert 0 < some.rouge_l < 1
