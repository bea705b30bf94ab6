"""How people ask: in other words, without capitals, in a hurry."""

from __future__ import annotations

import numpy as np

from MedVLSAM2Lib.training.language.grammar import capitalized
from MedVLSAM2Lib.vocabulary import Structure, Term

_SYNONYM_SHARE = 0.3
_POLITE = ("Please, ", "please ", "Could you tell me: ", "Hi. ", "Now: ")
_AT_THE_END = (" please", " Please.", " Thanks.")


def called(structure: Structure, rng: np.random.Generator, synonym_share: float = _SYNONYM_SHARE) -> str:
    """A structure by its name or by another."""
    if structure.term.synonyms and rng.random() < synonym_share:
        word = str(rng.choice(structure.term.synonyms))
        return f"{structure.side} {word}" if structure.side else word
    return structure.name


def kind_called(term: Term, rng: np.random.Generator) -> str:
    """A kind of finding by its name or by another, in the singular."""
    return called(Structure(term), rng)


def hurried(question: str, rng: np.random.Generator) -> str:
    """The question as it may be typed."""
    if rng.random() < 0.12:
        question = str(rng.choice(_POLITE)) + question
    elif rng.random() < 0.08:
        question = question + str(rng.choice(_AT_THE_END))
    if rng.random() < 0.25:
        question = question.rstrip("?.!")
    if rng.random() < 0.3:
        return question.lower() if rng.random() < 0.7 else question
    return capitalized(question)
