"""The sizes a model comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.model.language.language_model import LanguageModel
from MedVLSAM2Lib.model.language.loading import add_tokens
from MedVLSAM2Lib.model.medvlsam2.component_store import Component
from MedVLSAM2Lib.model.medvlsam2.config import (
    ENCODER,
    LANGUAGE,
    MASK_MODEL,
    PROJECTOR,
    SEG_PROJECTOR,
    ComponentSource,
    MedVLSam2Config,
)
from MedVLSAM2Lib.model.medvlsam2.mask_component import MaskComponent
from MedVLSAM2Lib.model.medvlsam2.model import MedVLSam2Model
from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.model.projector.config import MixerConfig, StreamConfig
from MedVLSAM2Lib.model.projector.mixer import MixerProjector
from MedVLSAM2Lib.model.seg_projector import SegProjector, SegProjectorConfig
from MedVLSAM2Lib.model.volume_encoder.config import DCFormerConfig
from MedVLSAM2Lib.model.volume_encoder.dcformer import DCFormer
from MedVLSAM2Lib.model.volume_input.config import VolumeInputConfig

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TINY_TOKEN_WIDTH = 128


def tiny_projector_config(width: int) -> MixerConfig:
    """64 visual tokens of the tiny encoder's last two scales (our choice)."""
    encoder = DCFormerConfig.tiny()
    low = StreamConfig(encoder.tokens(-2), encoder.channels[-2], (64, 32))
    high = StreamConfig(encoder.tokens(-1), encoder.channels[-1], (32, 32))
    return MixerConfig(low, high, width)


def tiny_language_model(tokenizer: PreTrainedTokenizerBase, config: LanguageConfig | None = None) -> LanguageModel:
    """A Qwen2 of width 256 and six layers with random weights; the tokenizer is taught our tokens."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    shape = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=256,
        intermediate_size=1024,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    network = Qwen2ForCausalLM(shape)
    language = config or LanguageConfig()
    add_tokens(network, tokenizer, language)
    return LanguageModel(network, tokenizer, language)


def tiny_model(
    tokenizer: PreTrainedTokenizerBase, name: str = "tiny", capabilities: tuple[str, ...] = (), side: int = 48
) -> MedVLSam2Model:
    """A model of the bundled size with random weights: about 17 M parameters and a vocabulary of a few thousand words.

    Args:
        tokenizer: for the language model; our tokens are added to it.
        capabilities: what it is about to be trained for.
        side: cells along an edge of the mask model's views.
    """
    language = tiny_language_model(tokenizer)
    masks = PatchNetwork(PatchConfig(side=side, token_width=TINY_TOKEN_WIDTH))
    parts: dict[str, Component] = {
        ENCODER: DCFormer(DCFormerConfig.tiny()).eval(),
        PROJECTOR: MixerProjector(tiny_projector_config(language.width)).eval(),
        LANGUAGE: language,
        SEG_PROJECTOR: SegProjector(SegProjectorConfig(language.width, TINY_TOKEN_WIDTH)).eval(),
        MASK_MODEL: MaskComponent("patches", masks.eval(), {"capabilities": []}, "patches:untrained"),
    }
    config = MedVLSam2Config(
        name=name,
        capabilities=capabilities,
        components={part: ComponentSource(path=part) for part in parts},
        language=language.config,
        volume_input=VolumeInputConfig(size=DCFormerConfig.tiny().input_size),
    )
    return MedVLSam2Model(config, parts)
