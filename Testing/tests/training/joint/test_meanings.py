"""What phrases speak of."""

from __future__ import annotations

import numpy as np
import pytest

from MedVLSAM2Lib.training.joint.meanings import Meanings
from MedVLSAM2Lib.vocabulary import Side, Vocabulary


@pytest.fixture(scope="module")
def meanings() -> Meanings:
    return Meanings(Vocabulary.read())


def spoken_of(meanings: Meanings, names: np.ndarray) -> set[str]:
    return {meanings.names[place] for place in np.flatnonzero(names)}


def test_a_phrase_speaks_of_its_term_and_its_side(meanings: Meanings) -> None:
    seen = {}
    for seed in range(3000):
        drawn = meanings.draw(np.random.default_rng(seed))
        seen[drawn.phrase] = spoken_of(meanings, drawn.names)
    assert seen["left kidney"] == {"kidney", "left"}
    assert seen["the liver"] == {"liver"}
    both = next(phrase for phrase in seen if phrase.startswith("both "))
    assert set(map(str, Side)) < seen[both]
    placed = next(phrase for phrase in seen if phrase.endswith("in the right kidney"))
    assert {"kidney", "right"} < seen[placed]


def test_a_synonym_speaks_of_the_same(meanings: Meanings) -> None:
    vocabulary = Vocabulary.read()
    synonyms = {word: term.name for term in vocabulary.terms for word in term.synonyms}
    drawn = [meanings.draw(np.random.default_rng(seed)) for seed in range(1500)]
    checked = [one for one in drawn if one.phrase in synonyms]
    assert len(checked) > 50
    for one in checked:
        assert synonyms[one.phrase] in spoken_of(meanings, one.names)
