"""How much memory a model takes, from its shape and the volume alone: asked before anything is loaded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

PATCHES, SLICES = "patches", "slices"
FLOAT32_BYTES = 4
# What torch itself takes: its libraries on the CPU (measured, 2.13), the CUDA context on a GPU (not measured here).
RUNTIME_BYTES: Mapping[str, int] = {"cpu": 250_000_000, "cuda": 600_000_000, "mps": 250_000_000}
# oneDNN's copies of weights in the layout it computes with, and its scratch space (measured).
PATCHES_WORKSPACE_BYTES = 80_000_000
# A patch network is shown three windows, four channels of prompts and the earlier mask; up to six views at once.
PATCHES_CHANNELS = 8
MOST_VIEWS = 6
# Measured with SAM 2.1's four sizes at 512 and 1024 pixels: 840 to 1,340 bytes for each pixel of the square input, the
# most of it in memory attention.
SLICES_BYTES_PER_PIXEL = 1350
# What stays of a slice in memory: 64 channels of features and of their positions at a sixteenth, a mask at a quarter.
SLICES_KEPT_CHANNELS = 128
# What a session keeps of what its mask model made of the scan. A view of the scan is made in 4 ms, and 97 of 100 are never
# looked at again (measured); a slice's features take half a second, and the next correction wants them.
CACHE_BYTES: Mapping[str, int] = {PATCHES: 64 * 2**20, SLICES: 512 * 2**20}
# Of a slice: 256 channels of features at a sixteenth of its resolution, 64 at an eighth, 32 at a quarter.
SLICES_FEATURES_PER_PIXEL = 4
# A voxel of the scan twice (as opened, and in canonical order, two bytes each), of a mask, and of float32 logits.
BYTES_PER_VOXEL = 9

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class MemoryEstimate:
    """Peak bytes.

    Attributes:
        weights: of each part.
        key_value_cache: of the language model, for a conversation of the length asked for.
        activations: the most that any one part needs while it works; an upper estimate.
        kept: what stays of a scan's slices while an object is followed.
        cache: what is kept of a scan as the mask model saw it, for the next prompt.
        runtime: what torch itself takes.
        scan: the scan and its masks, in main memory in any case.
    """

    weights: Mapping[str, int] = field(default_factory=dict)
    key_value_cache: int = 0
    activations: int = 0
    kept: int = 0
    cache: int = 0
    runtime: int = 0
    scan: int = 0

    @property
    def device_bytes(self) -> int:
        """What is taken where the model is; on a CPU from the same memory as the scan."""
        weights = sum(self.weights.values())
        return weights + self.key_value_cache + self.activations + self.kept + self.cache + self.runtime

    @property
    def total(self) -> int:
        """All of it at once."""
        return self.device_bytes + self.scan


@dataclass(frozen=True)
class MaskShape:
    """What the memory of a mask model depends on.

    Attributes:
        kind: ``patches`` or ``slices``.
        parameters: how many numbers its weights are.
        edge: of what it sees at once: cells of a cube, or pixels of a slice.
        width: channels of a patch network's finest features; 0 for slices.
    """

    kind: str
    parameters: int
    edge: int
    width: int = 0


def mask_memory(
    shape: MaskShape,
    volume_shape: Shape | None = None,
    device_type: str = "cpu",
    bytes_per_value: int = FLOAT32_BYTES,
) -> MemoryEstimate:
    """What a mask model takes.

    Args:
        shape: of the model.
        volume_shape: the scan's (K, J, I); None before one is opened.
        device_type: ``cpu``, ``cuda`` or ``mps``.
        bytes_per_value: of weights and features: 4 for float32, 2 for half precision. Patch networks are in float32.
    """
    width = bytes_per_value if shape.kind == SLICES else FLOAT32_BYTES
    return MemoryEstimate(
        weights={"mask_model": shape.parameters * width},
        activations=mask_activation_bytes(shape, width),
        kept=kept_bytes(shape, volume_shape),
        cache=cached_bytes(shape, volume_shape, width),
        runtime=RUNTIME_BYTES[device_type],
        scan=scan_bytes(volume_shape),
    )


def mask_activation_bytes(shape: MaskShape, bytes_per_value: int = FLOAT32_BYTES) -> int:
    """The most that a mask model needs while it answers."""
    if shape.kind == SLICES:
        return shape.edge**2 * SLICES_BYTES_PER_PIXEL * bytes_per_value // FLOAT32_BYTES
    cells = shape.edge**3
    # The input and its space-to-depth copy; about six tensors of the finest features at an eighth of the cells.
    of_a_view = FLOAT32_BYTES * (2 * PATCHES_CHANNELS * cells + 6 * shape.width * cells // 8)
    return MOST_VIEWS * of_a_view + PATCHES_WORKSPACE_BYTES


def kept_bytes(shape: MaskShape, volume_shape: Shape | None) -> int:
    """What a model that follows an object remembers of all slices of a scan."""
    if shape.kind != SLICES or volume_shape is None:
        return 0
    pixels = shape.edge**2
    return max(volume_shape) * FLOAT32_BYTES * (SLICES_KEPT_CHANNELS * pixels // 256 + pixels // 16)


def cached_bytes(shape: MaskShape, volume_shape: Shape | None, bytes_per_value: int = FLOAT32_BYTES) -> int:
    """The most that a session keeps of a scan as the mask model saw it."""
    if volume_shape is None:
        return 0
    if shape.kind != SLICES:
        return CACHE_BYTES[PATCHES]
    all_slices = sum(volume_shape) * SLICES_FEATURES_PER_PIXEL * shape.edge**2 * bytes_per_value
    return min(all_slices, CACHE_BYTES[SLICES])


def scan_bytes(volume_shape: Shape | None) -> int:
    """What a scan (K, J, I) and the masks on it take."""
    return BYTES_PER_VOXEL * math.prod(volume_shape) if volume_shape else 0
