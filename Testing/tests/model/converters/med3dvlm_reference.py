"""Med3DVLM as its paper and its checkpoint describe it: the names of its tensors, and its equations over those names."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from MedVLSAM2Lib.model.projector.config import MixerConfig, StreamConfig
from MedVLSAM2Lib.model.volume_encoder.config import DCFormerConfig

Shapes = Iterator[tuple[str, tuple[int, ...]]]
Weights = dict[str, Tensor]
ENCODER = "model.vision_tower.vision_tower.encoder"
PROJECTOR = "model.mm_projector"


def shapes(encoder: DCFormerConfig, projector: MixerConfig) -> Shapes:
    """Name and shape of every tensor of encoder and projector."""
    widths = encoder.channels
    for place, (width_in, size) in enumerate([(1, 7), *[(widths[0], 3)] * 3]):
        yield from _decomposed(f"{ENCODER}.s0.0.{place}", width_in, widths[0], size)
    for level, (depth, size) in enumerate(zip(encoder.depths, encoder.kernel_sizes, strict=True), start=1):
        width = widths[level]
        yield f"{ENCODER}.s{level}.0.proj.weight", (width, widths[level - 1], 1, 1, 1)
        for block in range(depth):
            name = f"{ENCODER}.s{level}.{block}"
            yield f"{name}.scale", (width,)
            yield from _decomposed(f"{name}.dwconv", 1, width, size)
            yield from _linear(f"{name}.mlp.mlp.0", width, 4 * width)
            yield from _linear(f"{name}.mlp.mlp.3", 4 * width, width)
    for name, stream in (("low_mixer", projector.low), ("high_mixer", projector.high)):
        yield from _mixer(f"{PROJECTOR}.{name}", projector, stream)


def _decomposed(name: str, width_in: int, width: int, size: int) -> Shapes:
    for branch, kernel in (("c1", (size, 1, 1)), ("c2", (1, size, 1)), ("c3", (1, 1, size))):
        yield f"{name}.{branch}.0.weight", (width, width_in, *kernel)
        yield f"{name}.{branch}.0.bias", (width,)
        for statistic in ("weight", "bias", "running_mean", "running_var"):
            yield f"{name}.{branch}.1.{statistic}", (width,)
        yield f"{name}.{branch}.1.num_batches_tracked", ()


def _linear(name: str, width_in: int, width_out: int) -> Shapes:
    yield f"{name}.weight", (width_out, width_in)
    yield f"{name}.bias", (width_out,)


def _mixer(name: str, config: MixerConfig, stream: StreamConfig) -> Shapes:
    for layer, (tokens_in, width_in, tokens_out, width_out) in enumerate(config.layers(stream)):
        for norm in ("ln1", "ln2"):
            yield f"{name}.{layer}.{norm}.weight", (width_in,)
            yield f"{name}.{layer}.{norm}.bias", (width_in,)
        for mlp, n_in, n_out in (("mlp1", tokens_in, tokens_out), ("mlp2", width_in, width_out)):
            yield from _linear(f"{name}.{layer}.{mlp}.mm_projector.0", n_in, n_out)
            yield from _linear(f"{name}.{layer}.{mlp}.mm_projector.1.1", n_out, n_out)


def scales(weights: Weights, config: DCFormerConfig, volume: Tensor) -> list[Tensor]:
    """What its encoder makes of a volume (B, 1, D, H, W): tokens of each scale."""
    features = volume.permute(0, 1, 3, 4, 2)
    for place, stride in enumerate((4, 1, 1, 1)):
        features = _convolved(weights, f"{ENCODER}.s0.0.{place}", features, stride, 1)
    found = [features]
    for level, depth in enumerate(config.depths, start=1):
        pooled = functional.max_pool3d(features, 3, 2, 1)
        features = functional.conv3d(pooled, weights[f"{ENCODER}.s{level}.0.proj.weight"])
        for block in range(depth):
            name = f"{ENCODER}.s{level}.{block}"
            mixed = _convolved(weights, f"{name}.dwconv", features, 1, features.shape[1]).permute(0, 2, 3, 4, 1)
            hidden = functional.gelu(_applied(weights, f"{name}.mlp.mlp.0", mixed))
            added = weights[f"{name}.scale"] * _applied(weights, f"{name}.mlp.mlp.3", hidden)
            features = features + added.permute(0, 4, 1, 2, 3)
        found.append(features)
    return [scale.permute(0, 4, 2, 3, 1).flatten(1, 3) for scale in found]


def visual_tokens(weights: Weights, low: Tensor, high: Tensor) -> Tensor:
    """What its projector makes of the last two scales."""
    return torch.cat([_mixed(weights, "low_mixer", low), _mixed(weights, "high_mixer", high)], dim=1)


def _convolved(weights: Weights, name: str, features: Tensor, stride: int, groups: int) -> Tensor:
    total = torch.zeros(())
    for branch in ("c1", "c2", "c3"):
        conv, norm = f"{name}.{branch}.0", f"{name}.{branch}.1"
        kernel = weights[f"{conv}.weight"]
        padding = [length // 2 for length in kernel.shape[2:]]
        made = functional.conv3d(features, kernel, weights[f"{conv}.bias"], stride, padding, groups=groups)
        statistics = [weights[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        total = total + functional.batch_norm(made, *statistics)
    return total


def _applied(weights: Weights, name: str, values: Tensor) -> Tensor:
    return functional.linear(values, weights[f"{name}.weight"], weights[f"{name}.bias"])


def _mixed(weights: Weights, stream: str, tokens: Tensor) -> Tensor:
    layer = 0
    while f"{PROJECTOR}.{stream}.{layer}.ln1.weight" in weights:
        name = f"{PROJECTOR}.{stream}.{layer}"
        for norm, mlp, axis in (("ln1", "mlp1", 1), ("ln2", "mlp2", 2)):
            scale, shift = weights[f"{name}.{norm}.weight"], weights[f"{name}.{norm}.bias"]
            values = functional.layer_norm(tokens, scale.shape, scale, shift).movedim(axis, -1)
            values = _applied(weights, f"{name}.{mlp}.mm_projector.0", values)
            values = _applied(weights, f"{name}.{mlp}.mm_projector.1.1", functional.gelu(values))
            tokens = values.movedim(-1, axis)
        layer += 1
    return tokens
