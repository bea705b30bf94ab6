"""Slice networks small enough to build in every test, and a volume with two balls."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from MedVLSAM2Lib.model.slices.config import SliceConfig, TrunkConfig
from MedVLSAM2Lib.model.slices.network import SliceNetwork
from MedVLSAM2Lib.volume import Modality, Volume
from tests.model.slices.bright_network import BrightNetwork


@pytest.fixture
def a_small_config() -> SliceConfig:
    """64 pixels, 16 tokens, masks of 16 × 16."""
    trunk = TrunkConfig(width=8, blocks=(1, 1, 2, 1), windows=(8, 4, 3, 2), global_blocks=(3,), background=4)
    return SliceConfig(64, trunk, width=64, token_width=64)


@pytest.fixture
def a_small_network(a_small_config: SliceConfig) -> SliceNetwork:
    """Random weights that leave no part without effect; it always sees an object."""
    generator = torch.Generator().manual_seed(3)
    network = SliceNetwork(a_small_config).eval()
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=generator))
        network.sam.mask_decoder.pred_obj_score_head.proj_out.bias.fill_(5.0)
    return network


@pytest.fixture
def a_bright_network(a_small_config: SliceConfig) -> BrightNetwork:
    return BrightNetwork(a_small_config).eval()


def ball(centre: tuple[float, float, float], radius: float) -> np.ndarray:
    """A ball of voxels (K, J, I) in the volume of the tests."""
    grid = np.indices((16, 16, 16), dtype=float) - np.array(centre)[:, None, None, None]
    return (grid**2).sum(axis=0) <= radius**2


@pytest.fixture
def two_balls() -> Volume:
    """A CT of 16³ voxels, as many across as a mask has pixels, with two bright balls at (5, 5, 5) and (11, 11, 11)."""
    array = np.full((16, 16, 16), -200, np.int16)
    array[ball((5, 5, 5), 3.5) | ball((11, 11, 11), 2.5)] = 400
    return Volume(array, np.diag([-1.0, -1.0, 1.0, 1.0]), Modality.CT)
