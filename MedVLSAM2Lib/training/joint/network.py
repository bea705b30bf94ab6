"""All parts of a checkpoint as one module, to be trained together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase, Qwen2Config, Qwen2ForCausalLM

from MedVLSAM2Lib.learning_start import wrong_kind
from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.model.language.language_model import LanguageModel
from MedVLSAM2Lib.model.medvlsam2.component_store import Component
from MedVLSAM2Lib.model.medvlsam2.config import (
    ENCODER,
    LANGUAGE,
    LOCATOR,
    MASK_MODEL,
    PROJECTOR,
    SEG_PROJECTOR,
    MedVLSam2Config,
)
from MedVLSAM2Lib.model.medvlsam2.mask_component import MaskComponent
from MedVLSAM2Lib.model.medvlsam2.model import MedVLSam2Model
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.model.projector.config import MixerConfig, StreamConfig
from MedVLSAM2Lib.model.projector.mixer import MixerProjector
from MedVLSAM2Lib.model.seg_projector import SegProjector, SegProjectorConfig
from MedVLSAM2Lib.model.torch_machine import device_of
from MedVLSAM2Lib.model.volume_encoder.dcformer import DCFormer
from MedVLSAM2Lib.model.volume_input.config import VolumeInputConfig
from MedVLSAM2Lib.training.joint.config import NetworkSize
from MedVLSAM2Lib.training.joint.meanings import Meanings
from MedVLSAM2Lib.training.language.tokenizer import IMAGE
from MedVLSAM2Lib.vocabulary import Vocabulary

# The paper's abstract does not say which scales; Med3DVLM takes the last two.
LOW_SCALE, HIGH_SCALE = -2, -1
WORDS_OF_MASKS = "token_modulation."


class JointNetwork(nn.Module):
    """Volume encoder, projector, language model, seg projector and mask model.

    The tokenizer and how the language model is asked go with it, so that it can be saved as a checkpoint at any time.

    Attributes:
        begun_with: what the checkpoint it was read from says of itself; None for one made from nothing.
    """

    def __init__(
        self,
        encoder: DCFormer,
        projector: MixerProjector,
        language: PreTrainedModel,
        seg_projector: SegProjector,
        masks: PatchNetwork,
        asked: LanguageConfig,
        locator: PatchNetwork | None = None,
    ) -> None:
        """``locator`` hears words in the place of the mask model, which then answers prompts only."""
        super().__init__()
        self.begun_with: MedVLSam2Config | None = None
        self.volume_encoder, self.projector, self.language_model = encoder, projector, language
        self.seg_projector, self.mask_model, self.locator = seg_projector, masks, locator
        self.asked = asked
        # A contrastive loss begins with a scale of 10 and a bias of -10 (SigLIP).
        width = int(language.config.hidden_size)
        self.alignment = nn.ModuleDict({"volume": nn.Linear(width, width), "text": nn.Linear(width, width)})
        self.alignment_scale = nn.Parameter(torch.tensor([2.3, -10.0]))
        self.meaning = nn.Linear(seg_projector.config.token_width, len(Meanings(Vocabulary.read()).names))

    @property
    def device(self) -> torch.device:
        """Where it is computed."""
        return device_of(self)

    @property
    def listener(self) -> PatchNetwork:
        """The mask model that hears words."""
        return self.mask_model if self.locator is None else self.locator

    def visual_tokens(self, volumes: Tensor) -> Tensor:
        """(B, C, D, H, W) in, (B, N, width of the language model) out."""
        scales = self.volume_encoder(volumes)
        return torch.as_tensor(self.projector(scales[LOW_SCALE], scales[HIGH_SCALE]))

    @classmethod
    def made(cls, size: NetworkSize, tokenizer: PreTrainedTokenizerBase, masks: Path | None = None) -> JointNetwork:
        """A network of random weights; ``masks`` is a safetensors file that the mask model begins with."""
        language = Qwen2ForCausalLM(
            Qwen2Config(
                vocab_size=len(tokenizer),
                hidden_size=size.language.width,
                num_hidden_layers=size.language.layers,
                num_attention_heads=size.language.heads,
                num_key_value_heads=size.language.key_value_heads,
                intermediate_size=size.language.inner_width,
                max_position_embeddings=size.language.positions,
                tie_word_embeddings=True,
                bos_token_id=None,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            )
        )
        encoder = size.encoder
        streams = [
            StreamConfig(encoder.tokens(scale), encoder.channels[scale], (2 * tokens, tokens))
            for scale, tokens in ((LOW_SCALE, size.low_tokens), (HIGH_SCALE, size.high_tokens))
        ]
        patches = PatchNetwork(replace(size.masks, token_width=size.token_width))
        if masks is not None:
            _begin_with(patches, masks)
        return cls(
            DCFormer(encoder),
            MixerProjector(MixerConfig(streams[0], streams[1], size.language.width)),
            language,
            SegProjector(SegProjectorConfig(size.language.width, size.token_width)),
            patches,
            LanguageConfig(image_token=IMAGE),
        )

    @classmethod
    def from_checkpoint(cls, folder: Path) -> JointNetwork:
        """The network of a checkpoint with all parts, in float32; CheckpointError when it cannot be used."""
        model = MedVLSam2Model.from_pretrained(folder, dtype=torch.float32)
        language, masks = model.language_model, _patches(model.mask_model, folder)
        locator = _patches(model.locator, folder) if LOCATOR in model.config.components else None
        parts = (model.volume_encoder, model.projector, language.network, model.seg_projector, masks)
        made = cls(*parts, asked=language.config, locator=locator)
        made.begun_with = model.config
        return made

    def as_model(
        self, config: MedVLSam2Config, tokenizer: PreTrainedTokenizerBase, card: Mapping[str, Any], identity: str
    ) -> MedVLSam2Model:
        """The same parts as a model to be used or saved; ``card`` is the mask model's."""
        parts: dict[str, Component] = {
            ENCODER: self.volume_encoder,
            PROJECTOR: self.projector,
            LANGUAGE: LanguageModel(self.language_model, tokenizer, self.asked),
            SEG_PROJECTOR: self.seg_projector,
            MASK_MODEL: MaskComponent("patches", self.mask_model, card, identity, torch.float16),
        }
        if self.locator is not None:
            parts[LOCATOR] = MaskComponent(
                "patches", self.locator, {**card, "capabilities": []}, identity, torch.float16
            )
        whole = replace(
            config,
            language=self.asked,
            volume_input=VolumeInputConfig(size=self.volume_encoder.config.input_size),
            low_scale=LOW_SCALE,
            high_scale=HIGH_SCALE,
            phrase_sees_volume=False,
        )
        return MedVLSam2Model(whole, parts)


def _patches(component: MaskComponent, folder: Path) -> PatchNetwork:
    if not isinstance(component.network, PatchNetwork):
        raise CheckpointError(wrong_kind(folder, component.kind))
    return component.network


def _begin_with(patches: PatchNetwork, weights: Path) -> None:
    """Weights of a mask model that may know no words yet: what hears them begins as no change at all."""
    given = {name: tensor.float() for name, tensor in load_file(str(weights)).items()}
    missing, unexpected = patches.load_state_dict(given, strict=False)
    wrong = [*unexpected, *(name for name in missing if not name.startswith(WORDS_OF_MASKS))]
    if wrong:
        raise ValueError(f"The weights in {weights} are of another network: {', '.join(sorted(wrong)[:3])} do not fit.")
