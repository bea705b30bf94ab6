"""A patch network small enough to build in every test."""

from __future__ import annotations

import pytest
import torch

from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.network import PatchNetwork


@pytest.fixture
def a_small_config() -> PatchConfig:
    return PatchConfig(side=16, channels=(4, 8), depths=(1, 1))


@pytest.fixture
def a_small_network(a_small_config: PatchConfig) -> PatchNetwork:
    torch.manual_seed(0)
    return PatchNetwork(a_small_config).eval()
