"""A speaker is told what was seen in the volume before the first question."""

from __future__ import annotations

import numpy as np
import pytest

from MedVLSAM2Lib.prompts import Turn
from MedVLSAM2Lib.results import AnswerSentence, MaskRegion, Progress, SentenceStatus
from MedVLSAM2Lib.session.errors import Cancelled
from MedVLSAM2Lib.session.grounding import Grounding
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.session.surveying import Surveyor
from MedVLSAM2Lib.vocabulary import Vocabulary
from MedVLSAM2Lib.volume import Modality, Volume
from tests.session.conftest import ball
from tests.session.scripted_speaker import ScriptedSpeaker
from tests.session.tone_model import ToneModel, ToneReader

TONES = {"right kidney": 200.0, "left kidney": -50.0, "spleen": -300.0, "liver": 400.0}
FIRST, SECOND = Turn("user", "Which kidney is larger?"), Turn("user", "And the spleen?")


@pytest.fixture
def a_volume() -> Volume:
    """Two kidneys of different size, a liver that is cut by the border, and no spleen."""
    array = np.full((40, 40, 48), 40, np.int16)
    array[ball(array.shape, (12, 12, 12), 8)] = 200
    array[ball(array.shape, (12, 28, 36), 6)] = -50
    array[ball(array.shape, (38, 20, 20), 8)] = 400
    return Volume(array, np.diag([-2.0, -2.0, 2.0, 1.0]), Modality.CT)


@pytest.fixture
def a_model() -> ToneModel:
    return ToneModel()


@pytest.fixture
def a_speaker() -> ScriptedSpeaker:
    return ScriptedSpeaker("I cannot tell that from this scan.")


@pytest.fixture
def a_session(a_volume: Volume, a_model: ToneModel, a_speaker: ScriptedSpeaker) -> Session:
    return surveyed_session(a_volume, a_model, a_speaker)


def surveyed_session(a_volume: Volume, a_model: ToneModel, a_speaker: ScriptedSpeaker) -> Session:
    vocabulary = Vocabulary.read()
    surveyor = Surveyor([vocabulary.structure(name) for name in TONES], vocabulary)
    grounding = Grounding(ToneReader(TONES), a_model, threshold=0.5)
    return Session(a_volume, "scan", a_model, grounding=grounding, speaker=a_speaker, surveyor=surveyor)


def test_the_speaker_reads_what_was_seen_before_the_first_question_and_nobody_else_does(
    a_session: Session, a_speaker: ScriptedSpeaker
) -> None:
    conversation = (FIRST, Turn("assistant", "The right one."), SECOND)
    events = list(a_session.ask(conversation, "a ", lambda: False))

    (told,) = a_speaker.asked
    survey = "CT of the abdomen: wholly right kidney, wholly left kidney, no spleen, partly liver, larger right kidney."
    about = "Asked about: wholly right kidney, wholly left kidney, larger right kidney."
    assert told[0] == Turn("user", f"{survey}\n{about}\nWhich kidney is larger?")
    assert told[1:] == (conversation[1], Turn("user", "Asked about: no spleen.\nAnd the spleen?"))
    messages = [event.message for event in events if isinstance(event, Progress)]
    assert "Looking at the scan: spleen, 3 of 4" in messages
    assert not [event for event in events if isinstance(event, MaskRegion)]


def test_a_volume_is_looked_over_once(a_session: Session, a_model: ToneModel, a_speaker: ScriptedSpeaker) -> None:
    list(a_session.ask((FIRST,), "a ", lambda: False))
    looks = a_model.looks
    list(a_session.ask((SECOND,), "b ", lambda: False))
    assert a_model.looks == looks
    assert a_speaker.asked[1][0].text.endswith("larger right kidney.\nAsked about: no spleen.\nAnd the spleen?")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("The spleen is not found in this scan.", "The spleen is not found in this scan."),
        (
            "The left kidney is not found in this scan.",
            "The model denied “left kidney”, which was seen in this scan; its sentence is left out.",
        ),
        ("I do not look for kidney stones.", "I do not look for kidney stones."),
    ],
)
def test_what_was_seen_cannot_be_denied(a_volume: Volume, a_model: ToneModel, said: str, shown: str) -> None:
    session = surveyed_session(a_volume, a_model, ScriptedSpeaker(said))
    (sentence,) = [e for e in session.ask((FIRST,), "a ", lambda: False) if isinstance(e, AnswerSentence)]
    assert sentence.text == shown
    assert (sentence.status is SentenceStatus.SAID) is (said == shown)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("liver", "The liver is in view."),
        ("brain", "The model spoke of “brain”, which is not in view in this scan; its sentence is left out."),
    ],
)
def test_what_is_out_of_view_cannot_be_pointed_at(a_volume: Volume, a_model: ToneModel, name: str, shown: str) -> None:
    speaker = ScriptedSpeaker(f"The {name}", TONES["liver"], " is in view.")
    session = surveyed_session(a_volume, a_model, speaker)
    (sentence,) = [e for e in session.ask((FIRST,), "a ", lambda: False) if isinstance(e, AnswerSentence)]
    assert sentence.text == shown


def test_where_nothing_holds_that_was_said_of_the_scan_it_is_told_what_was_found(
    a_volume: Volume, a_model: ToneModel
) -> None:
    speaker = ScriptedSpeaker("The gallbladder", 3000.0, " is in view.")
    session = surveyed_session(a_volume, a_model, speaker)

    def sentences(question: str) -> list[AnswerSentence]:
        events = list(session.ask((Turn("user", question),), f"{question} ", lambda: False))
        return [event for event in events if isinstance(event, AnswerSentence)]

    doubt, found = sentences("What does this scan show?")
    assert doubt.status is SentenceStatus.UNCONFIRMED
    assert found.text == "Looked for and found: the right kidney, the left kidney and the liver."
    assert [found.text[link.start : link.end] for link in found.links] == ["right kidney", "left kidney", "liver"]
    (only,) = sentences("Is the gallbladder in view?")
    assert only.status is SentenceStatus.UNCONFIRMED


def test_looking_can_be_stopped_between_two_structures_and_begins_anew(
    a_session: Session, a_model: ToneModel, a_speaker: ScriptedSpeaker
) -> None:
    with pytest.raises(Cancelled):
        list(a_session.ask((FIRST,), "a ", lambda: a_model.looks >= 2))
    assert not a_speaker.asked
    list(a_session.ask((FIRST,), "b ", lambda: False))
    assert "wholly right kidney" in a_speaker.asked[0][0].text
