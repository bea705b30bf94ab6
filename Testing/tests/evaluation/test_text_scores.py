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
    assert scores.meteor == pytest.approx(1, abs=0.01)


def test_fewer_of_the_words_score_less_and_none_score_nothing() -> None:
    some = text_scores([("The left kidney [SEG] is in view.", REFERENCE)])
    none = text_scores([("", REFERENCE)])
    assert none.bleu == none.rouge_l == none.meteor == 0
    assert 0 < some.bleu < 100
    assert 0 < some.rouge_l < 1
    assert 0 < some.meteor < 1


def test_meteor_takes_words_of_one_stem_as_equal_and_needs_no_wordnet() -> None:
    ending, another = (text_scores([(text, "two cysts")]).meteor for text in ("two cyst", "two stones"))
    assert ending > another > 0
