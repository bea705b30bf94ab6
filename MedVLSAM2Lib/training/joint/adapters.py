"""Low-rank adapters (LoRA, arXiv 2106.09685) that learn in the place of a language model's own weights, by PEFT."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.model.language.prompt_tokens import PromptTokens
from MedVLSAM2Lib.training.joint.config import Adapters

# What PEFT calls the weights that it adds.
ADDED = ("lora_", "trainable_tokens_")
TOKENS = "tokens"


def is_of_adapter(name: str) -> bool:
    """Whether a parameter of that name was added by ``add_adapters``."""
    return any(added in name for added in ADDED)


def add_adapters(
    language: PreTrainedModel, adapters: Adapters, tokenizer: PreTrainedTokenizerBase, asked: LanguageConfig
) -> None:
    """Put adapters, which change nothing yet, into ``language`` in its place; only they are left to learn in it.

    Raises:
        ValueError: PEFT is not installed, or the language model has no layers of the names that are to be adapted.
    """
    try:
        from peft import LoraConfig, TrainableTokensConfig, inject_adapter_in_model
    except ImportError as error:
        raise ValueError("Adapters need PEFT; install medvlsam2 with [models,adapters].") from error
    low_rank = LoraConfig(r=adapters.rank, lora_alpha=adapters.alpha, target_modules=list(adapters.targets))
    inject_adapter_in_model(low_rank, language)
    rows = _rows(adapters, tokenizer, asked)
    if rows:
        embeddings = _name_of(language, language.get_input_embeddings())
        of_tokens = TrainableTokensConfig(token_indices=rows, target_modules=[embeddings])
        with warnings.catch_warnings():
            # Two kinds of adapters are meant, and PEFT keeps rows that input and output share together.
            warnings.filterwarnings("ignore", category=UserWarning, module="peft")
            inject_adapter_in_model(of_tokens, language, adapter_name=TOKENS)


def merge_adapters(language: PreTrainedModel) -> None:
    """Add what adapters have learned to the weights they adapt, and take them out, in place.

    Nothing is left to do for a language model without adapters.
    """
    if not any(is_of_adapter(name) for name, _ in language.named_parameters()):
        return
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, layer in list(language.named_modules()):
        if isinstance(layer, BaseTunerLayer):
            layer.merge()
            language.set_submodule(name, layer.get_base_layer())
    del language.peft_config
    language.tie_weights()


def _rows(adapters: Adapters, tokenizer: PreTrainedTokenizerBase, asked: LanguageConfig) -> Sequence[int]:
    """Token ids whose embeddings learn."""
    seg = PromptTokens(tokenizer, asked).seg_id
    return [seg] if adapters.seg_token and seg is not None else []


def _name_of(network: nn.Module, wanted: nn.Module) -> str:
    return next(name for name, module in network.named_modules() if module is wanted)
