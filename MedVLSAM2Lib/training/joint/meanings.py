"""What phrases mean, as far as the vocabulary alone can say it: taught without any image, so that words are told apart
long before masks are.

Without it all phrases begin with nearly the same seg token, and a mask model learns to ignore it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.training.language.presence import HOSTS
from MedVLSAM2Lib.training.language.seg_requests import without_article
from MedVLSAM2Lib.training.language.user import called, kind_called
from MedVLSAM2Lib.training.language.words import place_in
from MedVLSAM2Lib.vocabulary import Kind, Side, Term, Vocabulary

FINDING_SHARE, PLACED_SHARE, PAIR_SHARE, SYNONYM_SHARE = 0.35, 0.5, 0.1, 0.45
_QUALIFIERS = ("", "", "the ", "all ", "the larger ", "the smaller ", "the upper ", "the lower ")


@dataclass(frozen=True)
class Meaning:
    """A phrase, and which of ``Meanings.names`` it speaks of: float32 (N,), 0 or 1."""

    phrase: str
    names: np.ndarray


class Meanings:
    """Draws phrases with what they speak of: terms of the vocabulary, and sides."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._structures = [s for s in vocabulary.structures() if s.term.kind is not Kind.FINDING]
        self._findings = list(vocabulary.findings())
        self.names = (*(term.name for term in vocabulary.terms), *map(str, Side))
        self._places = {name: place for place, name in enumerate(self.names)}

    def draw(self, rng: np.random.Generator) -> Meaning:
        """One phrase."""
        return self._finding(rng) if rng.random() < FINDING_SHARE else self._structure(rng)

    def _structure(self, rng: np.random.Generator) -> Meaning:
        structure = self._structures[int(rng.integers(len(self._structures)))]
        if structure.side and rng.random() < PAIR_SHARE:
            words = str(rng.choice(("both {}", "the {}", "{}"))).format(structure.term.plural)
            return self._meaning(words, (structure.term,), tuple(Side))
        words = without_article(f"the {called(structure, rng, SYNONYM_SHARE)}", rng)
        return self._meaning(words, (structure.term,), (structure.side,) if structure.side else ())

    def _finding(self, rng: np.random.Generator) -> Meaning:
        term = self._findings[int(rng.integers(len(self._findings)))]
        word = kind_called(term, rng) if rng.random() < PLACED_SHARE else term.plural
        words = str(rng.choice(_QUALIFIERS)) + word
        hosts = HOSTS.get(term.name, ())
        if not hosts or rng.random() > PLACED_SHARE:
            return self._meaning(words, (term,), ())
        host = hosts[int(rng.integers(len(hosts)))]
        meant = next((s for s in self._structures if s.name == host), None)
        placed = (term,) if meant is None else (term, meant.term)
        side = meant.side if meant else None
        return self._meaning(f"{words} {place_in(term.name, host)}", placed, (side,) if side else ())

    def _meaning(self, phrase: str, terms: tuple[Term, ...], sides: tuple[Side, ...]) -> Meaning:
        names = np.zeros(len(self.names), np.float32)
        names[[self._places[name] for name in (*(term.name for term in terms), *map(str, sides))]] = 1
        return Meaning(phrase, names)
