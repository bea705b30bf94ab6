"""Against plain Qwen2 with ``inputs_embeds``: what it is shown, what it answers, and where its states are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.model.language.conversation import GeneratedPiece, GeneratedSeg, GeneratedText
from MedVLSAM2Lib.model.language.language_model import LanguageModel
from MedVLSAM2Lib.prompts import Turn

Make = Callable[[LanguageConfig], LanguageModel]
QUESTION = "Is there a pleural effusion?"


def never() -> bool:
    return False


def text_of(pieces: Sequence[GeneratedPiece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, GeneratedText))


def scripted(model: LanguageModel, *tokens: str) -> Callable[[Tensor], int]:
    """Chooses these tokens one after the other, whatever the model thinks."""
    ids = iter([model.tokenizer.convert_tokens_to_ids(token) for token in tokens])
    return lambda _: next(ids)


def test_visual_tokens_stand_where_their_placeholders_are_in_the_chat_template(
    a_language_model: LanguageModel, some_visual_tokens: Tensor
) -> None:
    model, tokenizer = a_language_model, a_language_model.tokenizer
    ids = model.prompt_ids([Turn("user", QUESTION)], 6)
    before = tokenizer("<|im_start|>user\n")["input_ids"]
    after = tokenizer(f"{QUESTION}<|im_end|>\n<|im_start|>assistant\n")["input_ids"]
    image = tokenizer.convert_tokens_to_ids("<im_patch>")
    assert ids == [*before, *[image] * 6, *after]

    table = model.network.get_input_embeddings()
    shown = model.embed(torch.tensor([ids]), some_visual_tokens)
    expected = [table(torch.tensor([before])), some_visual_tokens, table(torch.tensor([after]))]
    assert torch.equal(shown, torch.cat(expected, dim=1))


def test_earlier_turns_stay_in_the_conversation(a_language_model: LanguageModel) -> None:
    turns = [Turn("user", QUESTION), Turn("assistant", "No."), Turn("user", "The liver is normal?")]
    said = a_language_model.tokenizer.decode(a_language_model.prompt_ids(turns, 1))
    assert said == (
        f"<|im_start|>user\n<im_patch>{QUESTION}<|im_end|>\n<|im_start|>assistant\nNo.<|im_end|>\n"
        "<|im_start|>user\nThe liver is normal?<|im_end|>\n<|im_start|>assistant\n"
    )


def test_the_plain_style_is_questions_and_answers_with_a_space_between(make_language_model: Make) -> None:
    model = make_language_model(LanguageConfig(style="plain"))
    turns = [Turn("user", QUESTION), Turn("assistant", "No."), Turn("user", "Why?")]
    assert model.tokenizer.decode(model.prompt_ids(turns, 2)) == f"<im_patch><im_patch>{QUESTION} No. Why?"


def test_a_placeholder_typed_by_a_person_is_not_one(a_language_model: LanguageModel) -> None:
    ids = a_language_model.prompt_ids([Turn("user", "What is <im_patch>?")], 3)
    assert ids.count(a_language_model.tokenizer.convert_tokens_to_ids("<im_patch>")) == 3


def test_a_conversation_that_ends_with_an_answer_is_refused(a_language_model: LanguageModel) -> None:
    with pytest.raises(ValueError, match="must end with a question"):
        a_language_model.prompt_ids([Turn("assistant", "No.")], 0)


def test_med3dvlms_splice_keeps_a_placeholder_and_overwrites_the_first_word(
    make_language_model: Make, some_visual_tokens: Tensor
) -> None:
    model = make_language_model(LanguageConfig.med3dvlm())
    ids = model.prompt_ids([Turn("user", QUESTION)], 6)
    table = model.network.get_input_embeddings()(torch.tensor([ids]))
    question = model.tokenizer(QUESTION)["input_ids"]
    shown = model.embed(torch.tensor([ids]), some_visual_tokens)
    assert shown.shape == table.shape
    assert torch.equal(shown[:, 0], table[:, 0])
    assert torch.equal(shown[:, 1:7], some_visual_tokens)
    assert torch.equal(shown[:, 7:], model.network.get_input_embeddings()(torch.tensor([question[1:]])))


def test_no_other_config_splices_as_med3dvlm_does() -> None:
    assert LanguageConfig().splice == "in_place"
    assert LanguageConfig.med3dvlm().splice == "after_first"


@pytest.mark.parametrize("config", [LanguageConfig(most_new_tokens=12), LanguageConfig.med3dvlm()])
def test_the_streamed_answer_is_qwen2s_greedy_one(
    make_language_model: Make, some_visual_tokens: Tensor, config: LanguageConfig
) -> None:
    model = make_language_model(replace(config, most_new_tokens=12))
    shown = model.embed(torch.tensor([model.prompt_ids([Turn("user", QUESTION)], 6)]), some_visual_tokens)
    with torch.no_grad():
        expected = model.network.generate(
            inputs_embeds=shown,
            attention_mask=torch.ones(shown.shape[:2], dtype=torch.long),
            max_new_tokens=12,
            do_sample=False,
            eos_token_id=model.tokenizer.eos_token_id,
            pad_token_id=0,
        )[0]
    pieces = list(model.generate(some_visual_tokens, [Turn("user", QUESTION)], never))
    assert len(expected) > 3
    assert text_of(pieces) == model.tokenizer.decode(expected, skip_special_tokens=True)


def test_an_answer_ends_at_the_end_token(a_language_model: LanguageModel) -> None:
    choose = scripted(a_language_model, "N", "o", "<|im_end|>", "N")
    assert text_of(list(a_language_model.generate(None, [Turn("user", QUESTION)], never, choose))) == "No"


def test_an_answer_ends_when_it_is_cancelled_between_two_tokens(a_language_model: LanguageModel) -> None:
    choose = scripted(a_language_model, "N", "o", "t", "e")
    asked = iter([False, False, True])
    pieces = list(a_language_model.generate(None, [Turn("user", QUESTION)], lambda: next(asked), choose))
    assert text_of(pieces) == "No"


def test_pieces_come_one_by_one(a_language_model: LanguageModel) -> None:
    choose = scripted(a_language_model, "N", "o", "<|im_end|>")
    pieces = a_language_model.generate(None, [Turn("user", QUESTION)], never, choose)
    assert next(pieces) == GeneratedText("N")
    assert next(pieces) == GeneratedText("o")


def test_a_character_of_several_tokens_comes_whole(a_language_model: LanguageModel) -> None:
    # A byte-level vocabulary writes € as the three bytes E2 82 AC.
    choose = scripted(a_language_model, "â", "Ĥ", "¬", "Ċ", "x", "<|im_end|>")
    pieces = list(a_language_model.generate(None, [Turn("user", QUESTION)], never, choose))
    assert pieces == [GeneratedText("€"), GeneratedText("\n"), GeneratedText("x")]


def states_of(model: LanguageModel, ids: Sequence[int], visual: Tensor | None) -> Tensor:
    """Every position's state by the bare network, without a cache: (L, width)."""
    with torch.no_grad():
        shown = model.embed(torch.tensor([list(ids)]), visual)
        return model.network.model(inputs_embeds=shown).last_hidden_state[0]


@pytest.mark.parametrize(("position", "behind"), [("at", 0), ("before", 1)])
def test_a_phrases_state_is_read_where_the_config_says(
    make_language_model: Make, some_visual_tokens: Tensor, position: str, behind: int
) -> None:
    model = make_language_model(LanguageConfig(seg_position=position))  # type: ignore[arg-type]
    phrases = ["liver", "the left kidney in this scan", "effusion"]
    states = model.seg_states(some_visual_tokens, phrases)
    assert states.shape == (3, model.width)
    for phrase, state in zip(phrases, states, strict=True):
        question = Turn("user", f"Segment {phrase} in this scan.")
        ids = model.prompt_ids([question], 6, f"{phrase} [SEG]")
        assert ids[-1] == model.tokenizer.convert_tokens_to_ids("[SEG]")
        assert torch.allclose(state, states_of(model, ids, some_visual_tokens)[-1 - behind], atol=1e-5)


def test_another_layer_can_be_read(make_language_model: Make, some_visual_tokens: Tensor) -> None:
    last = make_language_model(LanguageConfig()).seg_states(some_visual_tokens, ["liver"])
    first = make_language_model(LanguageConfig(seg_layer=1)).seg_states(some_visual_tokens, ["liver"])
    assert not torch.allclose(last, first, atol=1e-2)


def test_many_phrases_are_read_in_groups_with_the_same_states(
    a_language_model: LanguageModel, some_visual_tokens: Tensor
) -> None:
    phrases = [f"lesion {number}" for number in range(11)]
    together = a_language_model.seg_states(some_visual_tokens, phrases)
    alone = torch.cat([a_language_model.seg_states(some_visual_tokens, [phrase]) for phrase in phrases])
    assert torch.allclose(together, alone, atol=1e-5)
    assert a_language_model.seg_states(some_visual_tokens, []).shape == (0, a_language_model.width)


def test_a_gradient_reaches_the_visual_tokens_through_a_phrases_state(
    a_language_model: LanguageModel, some_visual_tokens: Tensor
) -> None:
    visual = some_visual_tokens.clone().requires_grad_()
    a_language_model.seg_states(visual, ["liver"]).square().sum().backward()
    assert visual.grad is not None
    assert (visual.grad.abs().amax(-1) > 0).all()


@pytest.mark.parametrize(("position", "behind"), [("at", 0), ("before", 1)])
def test_a_seg_in_an_answer_brings_its_state(
    make_language_model: Make, some_visual_tokens: Tensor, position: str, behind: int
) -> None:
    model = make_language_model(LanguageConfig(seg_position=position))  # type: ignore[arg-type]
    script = ("N", "o", "[SEG]", "n", "o", "[SEG]", "<|im_end|>")
    turns = [Turn("user", QUESTION)]
    pieces = list(model.generate(some_visual_tokens, turns, never, scripted(model, *script)))
    assert text_of(pieces) == "Nono"
    assert [type(piece) for piece in pieces].count(GeneratedSeg) == 2
    spoken = [model.tokenizer.convert_tokens_to_ids(token) for token in script]
    prompt = model.prompt_ids(turns, 6)
    expected = states_of(model, [*prompt, *spoken], some_visual_tokens)
    found = [piece.state[0] for piece in pieces if isinstance(piece, GeneratedSeg)]
    for state, place in zip(found, (2, 5), strict=True):
        assert torch.allclose(state, expected[len(prompt) + place - behind], atol=1e-4)


def test_a_seg_as_the_last_token_that_fits_still_brings_its_state(make_language_model: Make) -> None:
    model = make_language_model(LanguageConfig(most_new_tokens=2))
    pieces = list(model.generate(None, [Turn("user", QUESTION)], never, scripted(model, "N", "[SEG]")))
    assert [type(piece) for piece in pieces] == [GeneratedText, GeneratedSeg]


def test_a_model_without_seg_says_so(make_language_model: Make) -> None:
    with pytest.raises(ValueError, match="has no token for segmentation"):
        make_language_model(LanguageConfig.med3dvlm()).seg_states(None, ["liver"])


def test_a_choice_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="style is 'poem', but must be one of chat, plain"):
        LanguageConfig(style="poem")  # type: ignore[arg-type]
