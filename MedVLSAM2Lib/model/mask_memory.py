"""How much memory a mask model takes, from its shape and the volume alone: asked before anything is loaded."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.network import CHANNEL_NAMES, PatchNetwork

FLOAT32_BYTES = 4
# What torch itself takes: its libraries on the CPU (measured, 2.13), the CUDA context on a GPU (not measured here).
RUNTIME_BYTES = {"cpu": 250_000_000, "cuda": 600_000_000, "mps": 250_000_000}
# oneDNN's copies of weights in the layout it computes with, and its scratch space (measured).
PATCHES_WORKSPACE_BYTES = 80_000_000
# A first prompt shows the network this many views at once.
MOST_VIEWS = 6
# Measured with SAM 2.1's four sizes at 512 and 1024 pixels: 840 to 1,340 bytes for each pixel of the square input, the
# most of it in memory attention.
SLICES_BYTES_PER_PIXEL = 1350
# What stays of a slice in memory: 64 channels of features and of their positions at a sixteenth, a mask at a quarter.
SLICES_KEPT_CHANNELS = 128
# A voxel of the scan twice (as opened, and in canonical order, two bytes each), of a mask, and of float32 logits.
BYTES_PER_VOXEL = 9


@dataclass(frozen=True)
class MemoryEstimate:
    """Peak bytes: ``device_bytes`` where the network is, ``host_bytes`` for what stays in main memory in any case.

    On a CPU both are taken from the same memory.
    """

    device_bytes: int
    host_bytes: int

    @property
    def total_bytes(self) -> int:
        """All of it."""
        return self.device_bytes + self.host_bytes


def patches_memory(
    config: PatchConfig,
    volume_shape: tuple[int, int, int] | None = None,
    device_type: str = "cpu",
) -> MemoryEstimate:
    """What a patch network takes.

    Args:
        config: its shape.
        volume_shape: the scan's (K, J, I); None before one is opened.
        device_type: ``cpu``, ``cuda`` or ``mps``.
    """
    with torch.device("meta"):
        network = PatchNetwork(config)
    weights = FLOAT32_BYTES * sum(tensor.numel() for tensor in network.state_dict().values())
    cells = config.side**3
    # The input and its space-to-depth copy; about six tensors of the finest features at an eighth of the cells.
    of_a_view = FLOAT32_BYTES * (2 * len(CHANNEL_NAMES) * cells + 6 * config.channels[0] * cells // 8)
    working = MOST_VIEWS * of_a_view + PATCHES_WORKSPACE_BYTES
    return MemoryEstimate(RUNTIME_BYTES[device_type] + weights + working, _host_bytes(volume_shape))


def slices_memory(
    parameters: int,
    image_size: int,
    volume_shape: tuple[int, int, int] | None = None,
    device_type: str = "cpu",
    bytes_per_value: int = FLOAT32_BYTES,
) -> MemoryEstimate:
    """What SAM 2 over slices takes.

    Args:
        parameters: how many numbers its weights are.
        image_size: edge of a slice as the network sees it, in pixels.
        volume_shape: the scan's (K, J, I); None before one is opened, which leaves out what stays of each slice.
        device_type: ``cpu``, ``cuda`` or ``mps``.
        bytes_per_value: of weights and features: 4 for float32, 2 for half precision.
    """
    pixels = image_size**2
    half = bytes_per_value / FLOAT32_BYTES
    weights, working = parameters * bytes_per_value, int(pixels * SLICES_BYTES_PER_PIXEL * half)
    slices = max(volume_shape) if volume_shape else 0
    kept = slices * FLOAT32_BYTES * (SLICES_KEPT_CHANNELS * pixels // 256 + pixels // 16)
    return MemoryEstimate(RUNTIME_BYTES[device_type] + weights + working + kept, _host_bytes(volume_shape))


def _host_bytes(volume_shape: tuple[int, int, int] | None) -> int:
    return BYTES_PER_VOXEL * math.prod(volume_shape) if volume_shape else 0
