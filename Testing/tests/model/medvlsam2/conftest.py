"""A model of every part, each as small as it can be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.model.language.language_model import LanguageModel
from MedVLSAM2Lib.model.medvlsam2.config import ComponentSource, MedVLSam2Config
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

ENCODER = DCFormerConfig((16, 32, 32), 3, channels=(4, 6, 8), depths=(1, 1), kernel_sizes=(3, 3))
PROJECTOR = MixerConfig(StreamConfig(32, 6, (8, 4)), StreamConfig(4, 8, (4, 2)), width=32)
MASKS = PatchConfig(side=16, channels=(4, 8), depths=(1, 1), token_width=12)


@pytest.fixture
def a_model(make_language_model: Callable[[LanguageConfig], LanguageModel]) -> MedVLSam2Model:
    torch.manual_seed(0)
    masks = PatchNetwork(MASKS)
    for modulation in masks.token_modulation:
        torch.nn.init.normal_(modulation.out.weight, std=0.3)
    parts = {
        "volume_encoder": DCFormer(ENCODER).eval(),
        "projector": MixerProjector(PROJECTOR).eval(),
        "language_model": make_language_model(LanguageConfig(most_new_tokens=6)),
        "seg_projector": SegProjector(SegProjectorConfig(32, MASKS.token_width)).eval(),
        "mask_model": MaskComponent("patches", masks.eval(), {"capabilities": ["click"]}, "patches:random"),
    }
    config = MedVLSam2Config(
        name="small",
        capabilities=("click", "phrase", "question"),
        components={name: ComponentSource(path=name) for name in parts},
        language=LanguageConfig(most_new_tokens=6),
        volume_input=VolumeInputConfig(size=ENCODER.input_size),
        licence="Apache-2.0",
        trained_on=("nothing",),
    )
    return MedVLSam2Model(config, parts)


@pytest.fixture
def a_checkpoint(a_model: MedVLSam2Model, tmp_path: Path) -> Path:
    a_model.save_pretrained(tmp_path / "small")
    return tmp_path / "small"


@pytest.fixture
def clicks_only(a_model: MedVLSam2Model) -> MedVLSam2Config:
    config = a_model.config
    return replace(config, capabilities=("click",), components={"mask_model": config.components["mask_model"]})
