"""What the network takes and gives."""

from __future__ import annotations

import pytest
import torch

from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.network import (
    CHANNEL_NAMES,
    PatchNetwork,
    depth_to_space,
    mask_statistics,
    space_to_depth,
)


def some_channels(batch: int, side: int) -> torch.Tensor:
    return torch.rand(batch, len(CHANNEL_NAMES), side, side, side, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("side", [16, 24])
def test_any_side_that_can_be_halved_often_enough_works(a_small_network: PatchNetwork, side: int) -> None:
    with torch.inference_mode():
        logits, quality = a_small_network(some_channels(2, side), torch.full((2, 3), 90.0))
    assert logits.shape == (2, 1, side, side, side)
    assert logits.dtype == quality.dtype == torch.float32
    assert quality.shape == (2,)


def test_views_of_a_batch_do_not_see_each_other(a_small_network: PatchNetwork) -> None:
    channels, sizes = some_channels(3, 16), torch.tensor([[40.0] * 3, [90.0] * 3, [200.0] * 3])
    with torch.inference_mode():
        together, _ = a_small_network(channels, sizes)
        alone, _ = a_small_network(channels[1:2], sizes[1:2])
    assert torch.allclose(together[1:2], alone, atol=1e-5)


def test_half_precision_inside_still_answers_in_full(a_small_network: PatchNetwork) -> None:
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        logits, quality = a_small_network(some_channels(1, 16), torch.full((1, 3), 90.0))
    assert logits.dtype == quality.dtype == torch.float32


def test_the_size_of_the_view_matters_once_it_was_learned(a_small_network: PatchNetwork) -> None:
    torch.nn.init.normal_(a_small_network.size_modulation[0].out.weight)
    channels = some_channels(1, 16)
    with torch.inference_mode():
        near, _ = a_small_network(channels, torch.full((1, 3), 30.0))
        far, _ = a_small_network(channels, torch.full((1, 3), 300.0))
    assert not torch.allclose(near, far, atol=1e-3)


def test_judging_a_mask_does_not_change_it(a_small_network: PatchNetwork) -> None:
    _, quality = a_small_network(some_channels(1, 16), torch.full((1, 3), 90.0))
    quality.sum().backward()
    assert a_small_network.mask_head.weight.grad is None
    assert a_small_network.quality_head.out.weight.grad is not None


def test_blocks_go_into_channels_and_back() -> None:
    channels = some_channels(2, 8)
    folded = space_to_depth(channels)
    assert folded.shape == (2, 64, 4, 4, 4)
    assert torch.equal(depth_to_space(folded), channels)


def test_a_sharp_mask_is_expected_to_be_right_and_a_vague_one_is_not() -> None:
    sharp = torch.zeros(1, 1, 8, 8, 8)
    sharp[..., 2:6, 2:6, 2:6] = 1
    vague = 0.3 + 0.3 * sharp
    assert mask_statistics(sharp)[0, 0] > 0.99
    assert mask_statistics(vague)[0, 0] < 0.5


def test_a_config_that_fits_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="not a multiple of 16"):
        PatchConfig(side=40)
    with pytest.raises(ValueError, match="4 channel widths but 3 depths"):
        PatchConfig(depths=(1, 2, 2))
