"""The projector: published size, and the mixer worked out by hand on a tiny case."""

from __future__ import annotations

import json
from math import erf, sqrt

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from MedVLSAM2Lib.model.projector.config import MixerConfig, StreamConfig
from MedVLSAM2Lib.model.projector.mixer import MixerLayer, MixerProjector, Perceptron

Array = NDArray[np.float64]


def numbers(tensor: torch.Tensor) -> Array:
    return tensor.detach().double().numpy()


def by_hand(perceptron: Perceptron, values: Array) -> Array:
    gelu = np.vectorize(lambda x: x * (1 + erf(x / sqrt(2))) / 2)
    first, second = perceptron.layers
    hidden = gelu(values @ numbers(first.weight).T + numbers(first.bias))
    return np.asarray(hidden @ numbers(second.weight).T + numbers(second.bias))


def normed(norm: torch.nn.LayerNorm, tokens: Array) -> Array:
    centred = tokens - tokens.mean(-1, keepdims=True)
    return np.asarray(
        centred / np.sqrt((centred**2).mean(-1, keepdims=True) + norm.eps) * numbers(norm.weight) + numbers(norm.bias)
    )


def test_the_published_projector_has_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        projector = MixerProjector(MixerConfig())
    assert round(sum(parameter.numel() for parameter in projector.parameters()) / 1e6, 2) == 47.22


def test_the_published_projector_gives_256_tokens_in_the_language_models_width() -> None:
    with torch.device("meta"):
        tokens = MixerProjector(MixerConfig())(torch.empty(2, 256, 384), torch.empty(2, 32, 768))
    assert tuple(tokens.shape) == (2, 256, 3584)
    assert MixerConfig().visual_tokens == 256


def test_the_number_of_visual_tokens_is_the_configs() -> None:
    config = MixerConfig(StreamConfig(12, 6, (7, 5)), StreamConfig(4, 10, (3,)), width=16)
    tokens = MixerProjector(config)(torch.randn(1, 12, 6), torch.randn(1, 4, 10))
    assert tuple(tokens.shape) == (1, 8, 16) == (1, config.visual_tokens, config.width)


def test_a_mixer_layer_is_its_equation() -> None:
    torch.manual_seed(0)
    layer = MixerLayer(3, 4, 2, 6, depth=2)
    for norm in (layer.token_norm, layer.channel_norm):
        torch.nn.init.uniform_(norm.weight, 0.5, 2)
        torch.nn.init.uniform_(norm.bias, -1, 1)
    tokens = torch.randn(3, 4)
    mixed = by_hand(layer.token_mlp, normed(layer.token_norm, numbers(tokens)).T).T
    expected = by_hand(layer.channel_mlp, normed(layer.channel_norm, mixed))
    assert expected.shape == (2, 6)
    assert numbers(layer(tokens[None])[0]) == pytest.approx(expected, abs=1e-5)


def test_the_low_scales_tokens_come_first_and_the_scales_do_not_mix() -> None:
    torch.manual_seed(0)
    config = MixerConfig(StreamConfig(12, 6, (7, 5)), StreamConfig(4, 10, (3, 2)), width=16)
    projector, low, high = MixerProjector(config), torch.randn(1, 12, 6), torch.randn(1, 4, 10)
    changed = projector(low, high + 1) != projector(low, high)
    assert not changed[:, :5].any()
    assert changed[:, 5:].any(-1).all()


def test_a_width_that_cannot_be_halved_is_refused() -> None:
    with pytest.raises(ValueError, match="a width of 18 cannot be halved 2 times"):
        MixerConfig(StreamConfig(8, 4, (4, 4, 4)), StreamConfig(8, 4, (4,)), width=18)


def test_a_config_comes_back_from_json() -> None:
    config = MixerConfig(StreamConfig(12, 6, (7, 5)), StreamConfig(4, 10, (3, 2)), width=16)
    assert MixerConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
