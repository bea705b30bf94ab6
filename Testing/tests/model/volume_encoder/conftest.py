"""An encoder small enough to run in every test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import nn

from MedVLSAM2Lib.model.volume_encoder.config import DCFormerConfig
from MedVLSAM2Lib.model.volume_encoder.dcformer import DCFormer


@pytest.fixture
def a_small_config() -> DCFormerConfig:
    return DCFormerConfig((16, 32, 48), 2, channels=(4, 6, 8), depths=(1, 2), kernel_sizes=(5, 3))


@pytest.fixture
def make_encoder(a_small_config: DCFormerConfig) -> Callable[[bool], DCFormer]:
    """With or without an activation in the stem; in evaluation mode, its weights far from what they start at."""

    def make(stem_gelu: bool) -> DCFormer:
        torch.manual_seed(0)
        encoder = DCFormer(replace(a_small_config, stem_gelu=stem_gelu))
        for module in encoder.modules():
            if isinstance(module, nn.BatchNorm3d):
                nn.init.uniform_(module.running_mean, -0.5, 0.5)
                nn.init.uniform_(module.running_var, 0.5, 2)
        for name, parameter in encoder.named_parameters():
            if name.endswith((".scale", "norm.weight", "norm.bias")):
                nn.init.uniform_(parameter, 0.5, 1.5)
        return encoder.eval()

    return make
