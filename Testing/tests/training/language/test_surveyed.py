"""Conversations about surveys say no more than the survey does."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from MedVLSAM2Lib.slots import is_sound
from MedVLSAM2Lib.survey import Sight
from MedVLSAM2Lib.training.language.checking import untruths
from MedVLSAM2Lib.training.language.closed_questions import CANNOT_TELL, NOT_FOUND
from MedVLSAM2Lib.training.language.reading import FindingClaim, Reader
from MedVLSAM2Lib.training.language.surveyed_scans import SurveyedConversation, SurveyedScans, surveyed_facts
from MedVLSAM2Lib.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def conversations() -> list[SurveyedConversation]:
    scans = SurveyedScans(Vocabulary.read())
    return [scans.conversation(6, np.random.default_rng((5, number))) for number in range(900)]


def test_every_claim_is_borne_out_by_the_survey(conversations: list[SurveyedConversation]) -> None:
    reader = Reader(Vocabulary.read())
    wrong = [
        (turn.answer.text, found)
        for one in conversations
        for turn in one.turns
        if (found := untruths(turn.answer.text, surveyed_facts(one.survey), reader))
    ]
    assert wrong == []


def test_nothing_is_claimed_of_findings(conversations: list[SurveyedConversation]) -> None:
    reader = Reader(Vocabulary.read())
    said = [turn for one in conversations for turn in one.turns]
    claims = [
        (turn.question, claim)
        for turn in said
        if turn.key != CANNOT_TELL
        for claim in reader.claims(turn.answer.text)
        if isinstance(claim, FindingClaim)
    ]
    assert claims == []
    assert all(is_sound(turn.answer.text) for turn in said)


def test_what_was_not_found_is_never_pointed_at(conversations: list[SurveyedConversation]) -> None:
    for one in conversations:
        missing = {s.structure.name for s in one.survey.sightings if s.sight is Sight.NOT_FOUND}
        pointed_at = {name for turn in one.turns for target in turn.answer.targets for name in target}
        assert not missing & pointed_at


def test_every_sort_of_question_is_asked(conversations: list[SurveyedConversation]) -> None:
    turns = [turn for one in conversations for turn in one.turns]
    kinds = Counter(turn.kind for turn in turns)
    expected = {"presence", "side", "count", "larger", "in view", "exists", "regions", "phase", "segment", "measure",
                "describe", "abnormal", "caption", "overview", "report", "section", "impression", "unanswerable", "follow-up"}  # fmt: skip
    assert expected <= set(kinds)
    assert {"yes", "there", "in part", "right", "left", "same", NOT_FOUND, CANNOT_TELL} <= {turn.key for turn in turns}


def test_most_surveys_are_of_what_the_checkpoint_looks_for() -> None:
    own = ("liver", "right lung", "left lung")
    scans = SurveyedScans(Vocabulary.read(), own, own_share=0.7)
    surveys = [scans.survey(np.random.default_rng(number)) for number in range(200)]
    of_own = [one for one in surveys if {s.structure.name for s in one.sightings} == set(own)]
    assert 100 < len(of_own) < 180


def test_what_is_out_of_view_is_asked_about_and_not_pointed_at(conversations: list[SurveyedConversation]) -> None:
    vocabulary = Vocabulary.read()
    asked = 0
    for one in conversations:
        looked_for = {s.structure for s in one.survey.sightings}
        for turn in one.turns:
            far = [
                structure
                for structure in vocabulary.named_in(turn.question)
                if structure not in looked_for and one.survey.is_out_of_view(structure)
            ]
            asked += bool(far)
            assert not far or not turn.answer.targets
    assert asked > 50
