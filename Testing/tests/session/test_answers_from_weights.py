"""From a question, through a language model and a mask network that learnt it in the test, to an answer that is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from MedVLSAM2Lib.engine.failures import failure_of
from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.model.medvlsam2.model import CapabilityError, MedVLSam2Model
from MedVLSAM2Lib.model.volume_input.prepare import prepare
from MedVLSAM2Lib.prompts import Turn
from MedVLSAM2Lib.results import AnswerDone, AnswerSentence, Event, MaskRegion, SentenceStatus
from MedVLSAM2Lib.session.errors import Cancelled
from MedVLSAM2Lib.session.mask_models import LoadedModel, load_mask_model
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.volume import Volume, VoxelBox
from tests.session.toy_phrases import BRIGHT, HOLLOW, PHRASES, one_thread, toy_model, toy_volume, train

# A phrase is asked for as a question is, so that the state of its mark is the one that the mask network learns.
LANGUAGE = LanguageConfig(
    phrase_question="Is there {phrase}?", phrase_answer="Here is {phrase} [SEG]", most_new_tokens=40
)
CAPABILITIES = ("click", "phrase", "question")


def question(phrase: str) -> tuple[Turn, ...]:
    return (Turn("user", LANGUAGE.phrase_question.format(phrase=phrase)),)


def teach_answers(model: MedVLSam2Model, steps: int) -> None:
    """Teach the language model to answer every question with yes and the phrase, whatever the volume shows."""
    language, generator = model.language_model, np.random.default_rng(3)
    with torch.no_grad():
        shown = [torch.from_numpy(prepare(toy_volume(generator)[0], model.config.volume_input)) for _ in range(4)]
        visual = model.encode_volume(torch.stack(shown))
    optimizer = torch.optim.AdamW(language.network.parameters(), 3e-3)
    for step in range(steps):
        phrase, seen = PHRASES[step % len(PHRASES)], visual[[step % len(visual)]]
        answer = f"{LANGUAGE.phrase_answer.format(phrase=phrase)}.{language.tokenizer.eos_token}"
        asked = language.prompt_ids(question(phrase), seen.shape[1])
        ids = torch.tensor([language.prompt_ids(question(phrase), seen.shape[1], answer)])
        logits = language.network(inputs_embeds=language.embed(ids, seen)).logits
        loss = functional.cross_entropy(logits[0, len(asked) - 1 : -1], ids[0, len(asked) :])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    language.network.requires_grad_(False)


@pytest.fixture(scope="module")
def a_taught_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = toy_model(LANGUAGE, CAPABILITIES)
    with one_thread():
        teach_answers(model, steps=300)
        train(model, steps=250)
    folder = tmp_path_factory.mktemp("toy")
    model.save_pretrained(folder)
    return folder


@pytest.fixture
def a_volume() -> tuple[Volume, dict[str, np.ndarray]]:
    return toy_volume(np.random.default_rng(99))


def session_of(loaded: LoadedModel, volume: Volume) -> Session:
    return Session(volume, "toy", loaded, grounding=loaded.grounding, speaker=loaded.speaker)


def test_what_the_model_speaks_of_is_shown(
    a_taught_checkpoint: Path, a_volume: tuple[Volume, dict[str, np.ndarray]]
) -> None:
    volume, masks = a_volume
    session = session_of(load_mask_model(a_taught_checkpoint), volume)
    events = list(session.ask(question(BRIGHT), "a", lambda: False))

    (told,) = [event for event in events if isinstance(event, AnswerSentence)]
    assert (told.text, told.status) == ("Here is the bright ball.", SentenceStatus.SAID)
    assert [(told.text[link.start : link.end], link.object_ids) for link in told.links] == [("bright ball", ("a1",))]
    assert events[-1] == AnswerDone("Here is the bright ball [SEG].")
    found = session.mask("a1").unpack(VoxelBox.of_shape(volume.shape))
    assert 2 * (found & masks[BRIGHT]).sum() / (found.sum() + masks[BRIGHT].sum()) > 0.6


def test_what_the_model_makes_up_is_not_said(
    a_taught_checkpoint: Path, a_volume: tuple[Volume, dict[str, np.ndarray]]
) -> None:
    session = session_of(load_mask_model(a_taught_checkpoint), a_volume[0])
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
    a_taught_checkpoint: Path, a_volume: tuple[Volume, dict[str, np.ndarray]]
) -> None:
    told: list[Event] = []
    asked = iter(range(100))

    def after_a_few_tokens() -> bool:
        return next(asked) > 5

    with pytest.raises(Cancelled):
        told += session_of(load_mask_model(a_taught_checkpoint), a_volume[0]).ask(
            question(BRIGHT), "a", after_a_few_tokens
        )
    assert next(asked) < 10
    assert not [event for event in told if isinstance(event, AnswerSentence | MaskRegion)]


def test_whoever_takes_an_answer_is_not_put_into_inference_mode(
    a_taught_checkpoint: Path, a_volume: tuple[Volume, dict[str, np.ndarray]]
) -> None:
    for _ in session_of(load_mask_model(a_taught_checkpoint), a_volume[0]).ask(question(BRIGHT), "a", lambda: False):
        assert not torch.is_inference_mode_enabled()
        assert torch.is_grad_enabled()


def test_a_checkpoint_that_was_not_trained_for_questions_says_so(
    a_taught_checkpoint: Path, a_volume: tuple[Volume, dict[str, np.ndarray]], without: Callable[[Path, str], Path]
) -> None:
    session = session_of(load_mask_model(without(a_taught_checkpoint, "question")), a_volume[0])
    with pytest.raises(CapabilityError, match="The checkpoint toy was not trained to answer questions") as raised:
        list(session.ask(question(BRIGHT), "a", lambda: False))
    failure = failure_of(raised.value)
    assert (failure.kind, failure.message) == ("prompt", str(raised.value))


def test_a_checkpoint_that_cannot_point_at_voxels_confirms_nothing(
    a_taught_checkpoint: Path, a_volume: tuple[Volume, dict[str, np.ndarray]], without: Callable[[Path, str], Path]
) -> None:
    session = session_of(load_mask_model(without(a_taught_checkpoint, "phrase")), a_volume[0])
    events = list(session.ask(question(BRIGHT), "a", lambda: False))
    (told,) = [event for event in events if isinstance(event, AnswerSentence)]
    assert told.status is SentenceStatus.UNCONFIRMED
