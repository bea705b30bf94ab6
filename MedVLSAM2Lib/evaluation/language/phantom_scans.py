"""Phantoms that nobody learned from, with questions, phrases and facts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from MedVLSAM2Lib.training.facts.facts import Facts
from MedVLSAM2Lib.training.language.example import LanguageExample
from MedVLSAM2Lib.training.language.people import People
from MedVLSAM2Lib.training.language.source import LanguageConfig, LanguageMix, LanguageSource
from MedVLSAM2Lib.vocabulary import Kind, Vocabulary

FIRST_PERSON, SEED = 200_000, 20_27
GRID = (96, 112, 112)


def phantom_scans(
    count: int, people: int, vocabulary: Vocabulary, kept: Path | None = None
) -> Iterator[LanguageExample]:
    """So many scans of so many people of either part of the body; ``kept`` is a folder where they are kept."""
    config = LanguageConfig(
        GRID, turns=6, phrases=3, people=people, first_person=FIRST_PERSON, mix=LanguageMix(0.75, 0.25, 0, 0)
    )
    source = LanguageSource(People(vocabulary, kept), vocabulary, config=config)
    for number in range(count):
        yield source.draw(np.random.default_rng((SEED, number)))


def visible_organs(facts: Facts) -> list[str]:
    """The organs that are seen, by name."""
    return [found.name for found in facts.seen() if found.structure.term.kind is Kind.ORGAN]


def finding_phrases(example: LanguageExample) -> list[tuple[str, tuple[str, ...]]]:
    """Phrases that refer to findings, with what they mean."""
    names = {finding.name for finding in example.facts.findings}
    return [(phrase.text, phrase.target) for phrase in example.phrases if set(phrase.target) <= names]
