"""The two-scale MLP-Mixer projector of Med3DVLM (arXiv 2503.20047)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from MedVLSAM2Lib.model.projector.config import MixerConfig, StreamConfig


class MixerProjector(nn.Module):
    """Mixes each scale's tokens, then their channels, until they fit the language model."""

    def __init__(self, config: MixerConfig) -> None:
        super().__init__()
        self.config = config
        self.low = self._stream(config.low)
        self.high = self._stream(config.high)

    def forward(self, low: Tensor, high: Tensor) -> Tensor:
        """(B, n, c) features of the low and (B, N, C) of the high scale in, (B, visual tokens, width) out."""
        return torch.cat([self.low(low), self.high(high)], dim=1)

    def _stream(self, stream: StreamConfig) -> nn.Sequential:
        return nn.Sequential(*(MixerLayer(*sizes, self.config.mlp_depth) for sizes in self.config.layers(stream)))


class MixerLayer(nn.Module):
    """A perceptron across tokens, then one across channels, each after a layer norm; both may change the size."""

    def __init__(self, tokens_in: int, width_in: int, tokens_out: int, width_out: int, depth: int) -> None:
        super().__init__()
        self.token_norm = nn.LayerNorm(width_in)
        self.token_mlp = Perceptron(tokens_in, tokens_out, depth)
        self.channel_norm = nn.LayerNorm(width_in)
        self.channel_mlp = Perceptron(width_in, width_out, depth)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, tokens in, width in) in, (B, tokens out, width out) out."""
        mixed = self.token_mlp(self.token_norm(tokens).transpose(1, 2)).transpose(1, 2)
        return torch.as_tensor(self.channel_mlp(self.channel_norm(mixed)))


class Perceptron(nn.Module):
    """Linear layers with GELU between them; the first one changes the width."""

    def __init__(self, width_in: int, width_out: int, depth: int) -> None:
        super().__init__()
        rest = (nn.Linear(width_out, width_out) for _ in range(depth - 1))
        self.layers = nn.ModuleList([nn.Linear(width_in, width_out), *rest])

    def forward(self, values: Tensor) -> Tensor:
        """(..., width in) in, (..., width out) out."""
        values = self.layers[0](values)
        for layer in self.layers[1:]:
            values = layer(functional.gelu(values))
        return values
