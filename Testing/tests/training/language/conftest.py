"""A few people to talk about, in several fields of view, and conversations about them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.training.facts.facts import Facts
from MedVLSAM2Lib.training.facts.labelled_scan import LabelledScan
from MedVLSAM2Lib.training.facts.observing import Observer
from MedVLSAM2Lib.training.facts.view import seen_through
from MedVLSAM2Lib.training.language.dialogue import Dialogue
from MedVLSAM2Lib.training.language.people import People
from MedVLSAM2Lib.training.language.reading import Reader
from MedVLSAM2Lib.training.language.said import Turn
from MedVLSAM2Lib.training.language.source import LanguageConfig, LanguageSource
from MedVLSAM2Lib.training.phantom import Part
from MedVLSAM2Lib.vocabulary import Vocabulary

PEOPLE = {Part.TRUNK: 6, Part.HEAD: 3}
PEOPLE_OF_THE_SOURCE = 3
TRUNKS = ((-345.0, 255.0), (-60.0, 240.0), (-260.0, 20.0), (-150.0, 90.0))
HEADS = ((-185.0, 140.0), (-20.0, 140.0), (-180.0, -10.0), (-95.0, 60.0))
TURNS = 110


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    return Vocabulary.read()


@pytest.fixture(scope="session")
def people_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("people")


@pytest.fixture(scope="session")
def people(vocabulary: Vocabulary, people_folder: Path) -> People:
    return People(vocabulary, people_folder)


@pytest.fixture(scope="session")
def reader(vocabulary: Vocabulary) -> Reader:
    return Reader(vocabulary)


@pytest.fixture(scope="session")
def source(people: People, vocabulary: Vocabulary) -> LanguageSource:
    return LanguageSource(people, vocabulary, config=LanguageConfig(grid=(24, 32, 40), people=PEOPLE_OF_THE_SOURCE))


@pytest.fixture(scope="session")
def scans(people: People) -> list[LabelledScan]:
    """Everybody in every field of view."""
    found = []
    for part, fields, reach in ((Part.TRUNK, TRUNKS, 190.0), (Part.HEAD, HEADS, 115.0)):
        for number in range(PEOPLE[part]):
            whole = people.scan(part, number)
            found += [
                seen_through(whole, ((-reach, -132.0, low), (reach, 128.0, high)), (40, 56, 64)) for low, high in fields
            ]
    return found


@pytest.fixture(scope="session")
def conversations(
    scans: list[LabelledScan], vocabulary: Vocabulary
) -> list[tuple[LabelledScan, Facts, tuple[Turn, ...]]]:
    """Thousands of turns."""
    observer = Observer(vocabulary)
    found = []
    for number, scan in enumerate(scans):
        facts = observer.facts(scan)
        found.append((scan, facts, Dialogue(facts, vocabulary).turns(TURNS, np.random.default_rng(number))))
    return found
