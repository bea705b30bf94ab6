"""An encoder small enough to run in every test."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from MedVLSAM2Lib.model.volume_encoder.config import DCFormerConfig
from MedVLSAM2Lib.model.volume_encoder.dcformer import DCFormer


@pytest.fixture
def a_small_config() -> DCFormerConfig:
    return DCFormerConfig((16, 32, 48), 2, channels=(4, 6, 8), depths=(1, 2), kernel_sizes=(5, 3))


@pytest.fixture
def a_small_encoder(a_small_config: DCFormerConfig) -> DCFormer:
    """In evaluation mode, with weights far from what they start at, so that every term shows."""
    torch.manual_seed(0)
    encoder = DCFormer(a_small_config)
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm3d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 2)
    for name, parameter in encoder.named_parameters():
        if name.endswith((".scale", "norm.weight", "norm.bias")):
            nn.init.uniform_(parameter, 0.5, 1.5)
    return encoder.eval()
