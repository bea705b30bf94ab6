"""A Qwen2 with random weights and a tokenizer trained on a few sentences; nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import torch

from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.model.language.language_model import LanguageModel
from MedVLSAM2Lib.model.language.loading import add_tokens

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast, Qwen2ForCausalLM

SENTENCES = [
    "Segment the left kidney in this scan. The liver is normal. Is there a pleural effusion? No, there is none.",
    "Der linke Lungenflügel – größer als der rechte – zeigt 3 Rundherde à 5 µm.",
]


def a_tokenizer() -> PreTrainedTokenizerFast:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>")


def a_qwen2(vocabulary: int) -> Qwen2ForCausalLM:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
        initializer_range=0.3,
        bos_token_id=None,
        eos_token_id=None,
    )
    return Qwen2ForCausalLM(config).eval()


def a_small_language_model(config: LanguageConfig) -> LanguageModel:
    tokenizer = a_tokenizer()
    network = a_qwen2(len(tokenizer))
    add_tokens(network, tokenizer, config)
    return LanguageModel(network, tokenizer, config)


@pytest.fixture(scope="session")
def make_language_model() -> Callable[[LanguageConfig], LanguageModel]:
    return a_small_language_model


@pytest.fixture(scope="session")
def a_language_model(make_language_model: Callable[[LanguageConfig], LanguageModel]) -> LanguageModel:
    return make_language_model(LanguageConfig())


@pytest.fixture
def some_visual_tokens(a_language_model: LanguageModel) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(1, 6, a_language_model.width, generator=generator)
