"""DCFormer (arXiv 2502.05091), the volume encoder of Med3DVLM (arXiv 2503.20047)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from MedVLSAM2Lib.model.volume_encoder.config import STEM_STRIDE, DCFormerConfig
from MedVLSAM2Lib.model.volume_encoder.decomposed_conv import DecomposedConv3d

LAYER_SCALE = 1e-6


class DCFormer(nn.Module):
    """A strided stem and stages of residual blocks, each stage at half the resolution of the one before."""

    def __init__(self, config: DCFormerConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.channels
        self.stem = _Stem(config)
        self.stages = nn.ModuleList(
            _Stage(widths[stage], widths[stage + 1], depth, kernel_size, config.expansion)
            for stage, (depth, kernel_size) in enumerate(zip(config.depths, config.kernel_sizes, strict=True))
        )

    def forward(self, volume: Tensor) -> list[Tensor]:
        """Features at each scale.

        Args:
            volume: (B, C, D, H, W), 0..1, of the config's input size.

        Returns:
            For the stem and each stage tokens (B, D' H' W', C), the cells in (D, H, W) order, W fastest.
        """
        features = self.stem(volume)
        scales = [features]
        for stage in self.stages:
            features = stage(features)
            scales.append(features)
        return [scale.flatten(2).transpose(1, 2) for scale in scales]


class _Stem(nn.Module):
    def __init__(self, config: DCFormerConfig) -> None:
        super().__init__()
        width = config.channels[0]
        first = DecomposedConv3d(config.in_channels, width, config.stem_kernel, STEM_STRIDE)
        self.convs = nn.ModuleList([first, *(DecomposedConv3d(width, width, 3) for _ in range(config.stem_depth))])
        self.activate = functional.gelu if config.stem_gelu else nn.Identity()

    def forward(self, volume: Tensor) -> Tensor:
        features = volume
        for conv in self.convs:
            features = self.activate(conv(features))
        return features


class _Stage(nn.Module):
    """Halves the resolution, widens, and mixes."""

    def __init__(self, width_in: int, width_out: int, depth: int, kernel_size: int, expansion: int) -> None:
        super().__init__()
        self.pool = nn.MaxPool3d(3, stride=2, padding=1)
        self.widen = nn.Conv3d(width_in, width_out, 1, bias=False)
        self.blocks = nn.Sequential(*(DCFormerBlock(width_out, kernel_size, expansion) for _ in range(depth)))

    def forward(self, features: Tensor) -> Tensor:
        return torch.as_tensor(self.blocks(self.widen(self.pool(features))))


class DCFormerBlock(nn.Module):
    """A decomposed depthwise convolution mixes cells, a perceptron mixes channels; what they add starts near zero."""

    def __init__(self, width: int, kernel_size: int, expansion: int) -> None:
        super().__init__()
        self.mix = DecomposedConv3d(width, width, kernel_size, depthwise=True)
        self.expand = nn.Linear(width, expansion * width)
        self.shrink = nn.Linear(expansion * width, width)
        self.scale = nn.Parameter(torch.full((width,), LAYER_SCALE))

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, D, H, W) in and out."""
        cells = self.mix(features).movedim(1, -1)
        added = self.scale * self.shrink(functional.gelu(self.expand(cells)))
        return features + added.movedim(-1, 1)
