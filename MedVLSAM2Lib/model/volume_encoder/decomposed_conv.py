"""A large 3D convolution taken apart into one along each axis."""

from __future__ import annotations

import torch
from torch import Tensor, nn

AXES = 3


class DecomposedConv3d(nn.Module):
    """The sum of three one-dimensional convolutions, along D, H and W, each with its own batch norm.

    Equal to one 3D convolution whose kernel is zero off the three axes through its centre, with 3 k weights for each
    pair of channels instead of k³ (arXiv 2502.05091).
    """

    def __init__(
        self, width_in: int, width_out: int, kernel_size: int, stride: int = 1, *, depthwise: bool = False
    ) -> None:
        super().__init__()
        groups = width_in if depthwise else 1
        self.branches = nn.ModuleList(
            _AxisConv(width_in, width_out, kernel_size, stride, groups, axis) for axis in range(AXES)
        )

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, D, H, W) in, (B, C', D / stride, H / stride, W / stride) out."""
        along_depth, along_height, along_width = self.branches
        return torch.as_tensor(along_depth(features) + along_height(features) + along_width(features))


class _AxisConv(nn.Module):
    def __init__(self, width_in: int, width_out: int, kernel_size: int, stride: int, groups: int, axis: int) -> None:
        super().__init__()
        kernel = tuple(kernel_size if other == axis else 1 for other in range(AXES))
        padding = tuple(length // 2 for length in kernel)
        self.conv = nn.Conv3d(width_in, width_out, kernel, stride, padding, groups=groups)  # type: ignore[arg-type]
        self.norm = nn.BatchNorm3d(width_out)

    def forward(self, features: Tensor) -> Tensor:
        return torch.as_tensor(self.norm(self.conv(features)))
