"""The volume encoder: published sizes, and the equations written out a second time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from MedVLSAM2Lib.model.volume_encoder.config import DCFormerConfig
from MedVLSAM2Lib.model.volume_encoder.dcformer import DCFormer, DCFormerBlock
from MedVLSAM2Lib.model.volume_encoder.decomposed_conv import DecomposedConv3d


def millions(network: torch.nn.Module) -> float:
    return round(sum(parameter.numel() for parameter in network.parameters()) / 1e6, 2)


def as_one_kernel(conv: DecomposedConv3d, kernel_size: int) -> tuple[Tensor, Tensor]:
    """The weight and bias of the one 3D convolution that a decomposed one is, batch norms folded in."""
    weights: list[Tensor] = []
    biases: list[Tensor] = []
    for axis, branch in enumerate(conv.branches):
        gain = branch.norm.weight / (branch.norm.running_var + branch.norm.eps).sqrt()
        line = branch.conv.weight * gain[:, None, None, None, None]
        around = [(0, 0) if a == axis else (kernel_size // 2,) * 2 for a in (2, 1, 0)]
        weights.append(functional.pad(line, [n for pair in around for n in pair]))
        biases.append((branch.conv.bias - branch.norm.running_mean) * gain + branch.norm.bias)
    return torch.stack(weights).sum(0), torch.stack(biases).sum(0)


def test_the_small_size_has_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        assert millions(DCFormer(DCFormerConfig.small())) == 18.24


def test_the_tiny_size_has_between_one_and_two_million_parameters() -> None:
    with torch.device("meta"):
        assert 1 < millions(DCFormer(DCFormerConfig.tiny())) < 2


def test_the_small_size_gives_the_published_tokens_at_each_scale() -> None:
    with torch.device("meta"):
        scales = DCFormer(DCFormerConfig.small())(torch.empty(1, 1, 128, 256, 256))
    assert [tuple(scale.shape[1:]) for scale in scales[1:]] == [(16384, 96), (2048, 192), (256, 384), (32, 768)]


@pytest.mark.parametrize("config", [DCFormerConfig.small(), DCFormerConfig.tiny()])
def test_a_config_knows_the_tokens_of_its_scales(config: DCFormerConfig) -> None:
    with torch.device("meta"):
        scales = DCFormer(config)(torch.empty(1, config.in_channels, *config.input_size))
    assert [scale.shape[1] for scale in scales] == [config.tokens(scale) for scale in range(len(config.channels))]
    assert config.tokens(-1) == scales[-1].shape[1]


@pytest.mark.parametrize(("kernel_size", "stride", "depthwise"), [(5, 1, False), (7, 4, False), (3, 1, True)])
def test_a_decomposed_convolution_is_one_whose_kernel_is_zero_off_the_axes(
    kernel_size: int, stride: int, depthwise: bool
) -> None:
    torch.manual_seed(1)
    conv = DecomposedConv3d(6, 6, kernel_size, stride, depthwise=depthwise)
    conv.train()(torch.randn(4, 6, 8, 12, 16))  # gives the batch norms a history
    weight, bias = as_one_kernel(conv.eval(), kernel_size)
    assert torch.count_nonzero(weight[0, 0]) == 3 * (kernel_size - 1) + 1
    features = torch.randn(2, 6, 8, 12, 16)
    expected = functional.conv3d(features, weight, bias, stride, kernel_size // 2, groups=6 if depthwise else 1)
    assert torch.allclose(conv(features), expected, atol=1e-5)


def test_each_branch_runs_along_its_own_axis() -> None:
    conv = DecomposedConv3d(1, 1, 5)
    lengths = [tuple(branch.conv.weight.shape[2:]) for branch in conv.branches]
    assert lengths == [(5, 1, 1), (1, 5, 1), (1, 1, 5)]


def test_a_block_adds_little_before_it_is_trained() -> None:
    block = DCFormerBlock(6, 5, 4).eval()
    features = torch.randn(1, 6, 4, 4, 4)
    assert torch.allclose(block(features), features, atol=1e-4)
    assert not torch.equal(block(features), features)


@pytest.mark.parametrize("stem_gelu", [True, False])
def test_the_encoder_is_its_equations(make_encoder: Callable[[bool], DCFormer], stem_gelu: bool) -> None:
    encoder = make_encoder(stem_gelu)
    volume = torch.rand(2, 2, 16, 32, 48)
    features = volume
    for conv, (size, stride) in zip(encoder.stem.convs, [(7, 4), (3, 1), (3, 1), (3, 1)], strict=True):
        features = functional.conv3d(features, *as_one_kernel(conv, size), stride, size // 2)
        features = functional.gelu(features) if stem_gelu else features
    expected = [features]
    for stage, size in zip(encoder.stages, (5, 3), strict=True):
        features = functional.conv3d(functional.max_pool3d(features, 3, 2, 1), stage.widen.weight)
        for block in stage.blocks:
            mixed = functional.conv3d(features, *as_one_kernel(block.mix, size), 1, size // 2, groups=features.shape[1])
            hidden = functional.gelu(
                torch.einsum("bcdhw,ec->bedhw", mixed, block.expand.weight) + channel(block.expand)
            )
            added = torch.einsum("bedhw,ce->bcdhw", hidden, block.shrink.weight) + channel(block.shrink)
            features = features + block.scale[:, None, None, None] * added
        expected.append(features)
    for scale, cells in zip(encoder(volume), expected, strict=True):
        assert torch.allclose(scale, cells.permute(0, 2, 3, 4, 1).flatten(1, 3), atol=1e-4)


def channel(linear: torch.nn.Linear) -> Tensor:
    return linear.bias[:, None, None, None]


def test_a_shape_that_cannot_be_halved_is_refused() -> None:
    with pytest.raises(ValueError, match="not a multiple of 64"):
        DCFormerConfig((100, 256, 256))
    with pytest.raises(ValueError, match=r"5 widths .* but 3 depths"):
        DCFormerConfig(depths=(1, 1, 1))


def test_a_config_comes_back_from_json(a_small_config: DCFormerConfig) -> None:
    assert DCFormerConfig.from_dict(a_small_config.to_dict() | {"architecture": "dcformer"}) == a_small_config
