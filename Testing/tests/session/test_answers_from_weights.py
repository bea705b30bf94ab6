"""From a question, through a language model and a mask network that learnt it in the test, to an answer that is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from MedVLSAM2Lib.engine.failures import failure_of
from MedVLSAM2Lib.model.medvlsam2.model import CapabilityError
from MedVLSAM2Lib.results import AnswerDone, AnswerSentence, Event, MaskRegion, SentenceStatus
from MedVLSAM2Lib.session.errors import Cancelled
from MedVLSAM2Lib.session.mask_models import LoadedModel, load_mask_model
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.volume import Volume, VoxelBox
from tests.session.toy_phrases import BRIGHT, HOLLOW, question, toy_volume


@pytest.fixture
def a_volume() -> tuple[Volume, dict[str, np.ndarray]]:
    return toy_volume(np.random.default_rng(99))


def session_of(loaded: LoadedModel, volume: Volume) -> Session:
    return Session(volume, "toy", loaded, grounding=loaded.grounding, speaker=loaded.speaker)


def test_what_the_model_speaks_of_is_shown(
    a_speaking_checkpoint: Path, a_volume: tuple[Volume, dict[str, np.ndarray]]
) -> None:
    volume, masks = a_volume
    session = session_of(load_mask_model(a_speaking_checkpoint), volume)
    events = list(session.ask(question(BRIGHT), "a", lambda: False))

    (told,) = [event for event in events if isinstance(event, AnswerSentence)]
    assert (told.text, told.status) == ("Here is the bright ball.", SentenceStatus.SAID)
    assert [(told.text[link.start : link.end], link.object_ids) for link in told.links] == [("bright ball", ("a1",))]
    assert events[-1] == AnswerDone("Here is the bright ball [SEG].")
    found = session.mask("a1").unpack(VoxelBox.of_shape(volume.shape))
    assert 2 * (found & masks[BRIGHT]).sum() / (found.sum() + masks[BRIGHT].sum()) > 0.6


def test_what_the_model_makes_up_is_not_said(
    a_speaking_checkpoint: Path, a_volume: tuple[Volume, dict[str, np.ndarray]]
) -> None:
    session = session_of(load_mask_model(a_speaking_checkpoint), a_volume[0])
    events = list(session.ask(question(HOLLOW), "a", lambda: False))

    assert [event for event in events if isinstance(event, AnswerSentence | MaskRegion)] == [
        AnswerSentence(
            0,
            "The model spoke of “hollow ball”, but no voxels of this scan show it.",
            status=SentenceStatus.UNCONFIRMED,
        )
    ]
    assert events[-1] == AnswerDone("Here is the hollow ball [SEG].")


def test_an_answer_is_ended_between_two_tokens(
    a_speaking_checkpoint: Path, a_volume: tuple[Volume, dict[str, np.ndarray]]
) -> None:
    told: list[Event] = []
    asked = iter(range(100))

    def after_a_few_tokens() -> bool:
        return next(asked) > 5

    with pytest.raises(Cancelled):
        told += session_of(load_mask_model(a_speaking_checkpoint), a_volume[0]).ask(
            question(BRIGHT), "a", after_a_few_tokens
        )
    assert next(asked) < 10
    assert not [event for event in told if isinstance(event, AnswerSentence | MaskRegion)]


def test_whoever_takes_an_answer_is_not_put_into_inference_mode(
    a_speaking_checkpoint: Path, a_volume: tuple[Volume, dict[str, np.ndarray]]
) -> None:
    for _ in session_of(load_mask_model(a_speaking_checkpoint), a_volume[0]).ask(question(BRIGHT), "a", lambda: False):
        assert not torch.is_inference_mode_enabled()
        assert torch.is_grad_enabled()


def test_a_checkpoint_that_was_not_trained_for_questions_says_so(
    a_speaking_checkpoint: Path, a_volume: tuple[Volume, dict[str, np.ndarray]], without: Callable[..., Path]
) -> None:
    session = session_of(load_mask_model(without(a_speaking_checkpoint, "question", "report")), a_volume[0])
    with pytest.raises(CapabilityError, match="The checkpoint toy was not trained to answer questions") as raised:
        list(session.ask(question(BRIGHT), "a", lambda: False))
    failure = failure_of(raised.value)
    assert (failure.kind, failure.message) == ("prompt", str(raised.value))


def test_a_checkpoint_that_cannot_point_at_voxels_confirms_nothing(
    a_speaking_checkpoint: Path, a_volume: tuple[Volume, dict[str, np.ndarray]], without: Callable[..., Path]
) -> None:
    session = session_of(load_mask_model(without(a_speaking_checkpoint, "phrase")), a_volume[0])
    events = list(session.ask(question(BRIGHT), "a", lambda: False))
    (told,) = [event for event in events if isinstance(event, AnswerSentence)]
    assert told.status is SentenceStatus.UNCONFIRMED
