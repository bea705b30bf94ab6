"""The shape of a volume encoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from MedVLSAM2Lib.model.plain_values import from_plain

ARCHITECTURE = "dcformer"
STEM_STRIDE = 4


@dataclass(frozen=True)
class DCFormerConfig:
    """Sizes of a DCFormer (arXiv 2502.05091).

    Attributes:
        input_size: voxels of the volume it is shown (D, H, W); a multiple of ``stride`` along each axis.
        in_channels: images it is shown of it: one, or one a window.
        channels: widths of the stem and of each stage after it.
        depths: blocks of each stage.
        kernel_sizes: length of each stage's one-dimensional kernels.
        stem_kernel: length of the stem's first kernels.
        stem_depth: further convolutions of length 3 in the stem.
        stem_gelu: whether the stem's convolutions are followed by GELU. The published weights were trained without: their
            code passes the activation in the place of another argument, and none is applied.
        expansion: how much wider than the features the blocks' perceptrons are.
    """

    input_size: tuple[int, int, int] = (128, 256, 256)
    in_channels: int = 1
    channels: tuple[int, ...] = (64, 96, 192, 384, 768)
    depths: tuple[int, ...] = (2, 3, 6, 2)
    kernel_sizes: tuple[int, ...] = (13, 11, 9, 7)
    stem_kernel: int = 7
    stem_depth: int = 3
    stem_gelu: bool = False
    expansion: int = 4

    def __post_init__(self) -> None:
        if not len(self.channels) - 1 == len(self.depths) == len(self.kernel_sizes):
            raise ValueError(
                f"{len(self.channels)} widths (the stem's and one a stage) but {len(self.depths)} depths"
                f" and {len(self.kernel_sizes)} kernel sizes"
            )
        if any(size % self.stride for size in self.input_size):
            raise ValueError(f"a volume of {self.input_size} voxels is not a multiple of {self.stride}")

    @classmethod
    def small(cls) -> DCFormerConfig:
        """The published DCFormer-small, which Med3DVLM uses: 18.24 M parameters."""
        return cls()

    @classmethod
    def tiny(cls) -> DCFormerConfig:
        """Ours, for a bundled checkpoint: half the voxels along each axis, so one stage less, but three windows; 1.4 M parameters."""
        return cls(
            (64, 128, 128), 3, channels=(32, 64, 128, 256), depths=(1, 2, 2), kernel_sizes=(11, 9, 7), stem_gelu=True
        )

    @property
    def stride(self) -> int:
        """Voxels along each axis that the deepest features merge into one."""
        return int(STEM_STRIDE * 2 ** len(self.depths))

    def grid(self, scale: int) -> tuple[int, int, int]:
        """Cells (D, H, W) of the features at ``scale``: 0 the stem, -1 the deepest."""
        stride = STEM_STRIDE * 2 ** (scale % len(self.channels))
        d, h, w = self.input_size
        return d // stride, h // stride, w // stride

    def tokens(self, scale: int) -> int:
        """How many cells the features at ``scale`` have."""
        d, h, w = self.grid(scale)
        return d * h * w

    def to_dict(self) -> dict[str, Any]:
        """Plain values for ``config.json``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DCFormerConfig:
        """The config from ``to_dict``'s values or from parsed JSON."""
        return from_plain(cls, values)
