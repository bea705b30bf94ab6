"""The bundled checkpoint, asked about a phantom that nobody learned from."""

from __future__ import annotations

import re

import pytest

from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.evaluation.language.asker import Answered, Asker
from MedVLSAM2Lib.evaluation.metrics import dice
from MedVLSAM2Lib.evaluation.suites.language import REPORT_QUESTION
from MedVLSAM2Lib.session.mask_models import LoadedModel, load_mask_model
from MedVLSAM2Lib.training.facts.facts import Visibility
from MedVLSAM2Lib.training.facts.observing import Observer
from MedVLSAM2Lib.training.facts.view import seen_through
from MedVLSAM2Lib.training.language.people import People
from MedVLSAM2Lib.training.phantom import Part
from MedVLSAM2Lib.vocabulary import Vocabulary

NOBODY_LEARNED_FROM = 300_000
CHEST = ((-190.0, -132.0, -60.0), (190.0, 128.0, 240.0))


@pytest.fixture(scope="module")
def the_model() -> LoadedModel:
    return load_mask_model(bundled_checkpoint())


@pytest.fixture(scope="module")
def a_chest() -> tuple[object, object]:
    vocabulary = Vocabulary.read()
    scan = seen_through(People(vocabulary).scan(Part.TRUNK, NOBODY_LEARNED_FROM), CHEST, (80, 104, 104))
    return scan, Observer(vocabulary).facts(scan)


@pytest.fixture(scope="module")
def an_asker(a_chest: tuple, the_model: LoadedModel) -> Asker:
    return Asker(a_chest[0].volume, "chest", the_model)


def ask(asker: Asker, question: str) -> Answered:
    return asker.ask(question)


def test_what_words_name_is_found(an_asker: Asker, a_chest: tuple) -> None:
    scan, facts = a_chest
    assert facts.visibility("right lung") is not Visibility.UNKNOWN
    assert dice(an_asker.find("right lung").mask, scan.mask("right lung")) > 0.8


def test_its_reports_are_not_filled_with_findings_that_it_cannot_find(the_model: LoadedModel) -> None:
    assert not the_model.finds_findings


def test_an_organ_that_was_seen_is_said_to_be_in_view(an_asker: Asker) -> None:
    told = ask(an_asker, "Is the right lung in view?")
    assert "right lung" in told.text
    assert "not found" not in told.text


def test_what_is_far_away_is_not_said_to_be_there(an_asker: Asker) -> None:
    for organ in ("brainstem", "larynx"):
        assert "in view." not in ask(an_asker, f"Is the {organ} in view?").text.replace("not in view.", "")


def test_nothing_is_said_of_findings(an_asker: Asker) -> None:
    for question in ("Is there a liver cyst?", "How many lung nodules are there?", "What is abnormal?"):
        assert "cannot tell" in ask(an_asker, question).text


def test_a_report_measures_and_says_what_it_did_not_look_for(an_asker: Asker, a_chest: tuple) -> None:
    scan, _ = a_chest
    told = ask(an_asker, REPORT_QUESTION)
    assert told.text.startswith("Technique: CT")
    assert "Findings were not looked for." in told.text
    millilitres = re.search(r"right lung[^.]*?(\d+)\sml", told.text)
    assert millilitres is not None
    true = scan.mask("right lung").sum() * scan.volume.voxel_volume_mm3 / 1000
    assert float(millilitres[1]) == pytest.approx(true, rel=0.15)
