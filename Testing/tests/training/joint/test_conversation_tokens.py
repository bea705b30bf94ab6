"""Conversations as tokens to learn from."""

from __future__ import annotations

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.survey import Sight, Sighting, Survey
from MedVLSAM2Lib.training.joint.conversation_tokens import IGNORED, ConversationTokens
from MedVLSAM2Lib.training.language.said import Said, Turn
from MedVLSAM2Lib.training.language.surveyed_scans import SurveyedConversation
from MedVLSAM2Lib.training.language.tokenizer import IMAGE
from MedVLSAM2Lib.vocabulary import Vocabulary

TURNS = (
    Turn("where", "Where is the liver?", Said("The liver [SEG] lies on the right.", (("liver",),))),
    Turn("size", "How large is it?", Said("The liver [SEG] measures <volume:1>.", (("liver",),))),
)


@pytest.fixture
def tokens(a_tokenizer: PreTrainedTokenizerFast) -> ConversationTokens:
    return ConversationTokens(a_tokenizer, LanguageConfig(image_token=IMAGE))


def test_the_model_learns_its_own_words_and_their_end_and_nothing_else(
    tokens: ConversationTokens, a_tokenizer: PreTrainedTokenizerFast
) -> None:
    made = tokens.conversation(TURNS, 3)
    learned = a_tokenizer.decode([label for label in made.labels if label != IGNORED])
    assert learned == "".join(f"{turn.answer.text}<|im_end|>" for turn in TURNS)
    assert len(made.ids) == len(made.labels)
    assert made.ids.count(a_tokenizer.convert_tokens_to_ids(IMAGE)) == 3


def test_what_was_said_before_is_read_as_it_was_said(
    tokens: ConversationTokens, a_tokenizer: PreTrainedTokenizerFast
) -> None:
    first, both = tokens.conversation(TURNS[:1], 3), tokens.conversation(TURNS, 3)
    assert both.ids[: len(first.ids)] == first.ids
    assert all(label in (IGNORED, token) for token, label in zip(both.ids, both.labels, strict=True))


def test_every_seg_of_the_answers_is_known_by_its_place(
    tokens: ConversationTokens, a_tokenizer: PreTrainedTokenizerFast
) -> None:
    made = tokens.conversation(TURNS, 3)
    assert [a_tokenizer.convert_ids_to_tokens(made.ids[place]) for place in made.segs] == ["[SEG]", "[SEG]"]


def test_later_turns_of_a_long_conversation_are_left_out(a_tokenizer: PreTrainedTokenizerFast) -> None:
    whole = ConversationTokens(a_tokenizer, LanguageConfig(image_token=IMAGE)).conversation(TURNS, 3)
    short = ConversationTokens(a_tokenizer, LanguageConfig(image_token=IMAGE), most=len(whole.ids) - 1)
    assert len(short.conversation(TURNS, 3).segs) == 1


def test_a_survey_stands_before_the_first_question_and_is_not_learned(
    tokens: ConversationTokens, a_tokenizer: PreTrainedTokenizerFast
) -> None:
    survey = Survey("CT", (Sighting(Vocabulary.read().structure("liver"), Sight.WHOLLY, 1400.0),))
    made = tokens.surveyed(SurveyedConversation.of(survey, TURNS, Vocabulary.read()))
    begun = "CT of the abdomen: wholly liver.\nAsked about: wholly liver.\nWhere is the liver?"
    assert a_tokenizer.decode(made.ids).count(begun) == 1
    learned = a_tokenizer.decode([label for label in made.labels if label != IGNORED])
    assert learned == "".join(f"{turn.answer.text}<|im_end|>" for turn in TURNS)


def test_texts_of_a_batch_are_filled_up_behind(tokens: ConversationTokens) -> None:
    texts = [tokens.caption("A scan."), tokens.conversation(TURNS, 3)]
    ids, labels, shown = tokens.padded(texts, torch.device("cpu"))
    assert ids.shape == labels.shape == shown.shape == (2, len(texts[1].ids))
    assert shown.sum(1).tolist() == [len(text.ids) for text in texts]
    assert (labels[~shown] == IGNORED).all()
