"""How much memory models take and how much is free: arithmetic on shapes, for the panel as well. Needs no torch."""

from MedVLSAM2Lib.memory.checkpoint_shape import read_mask_shape
from MedVLSAM2Lib.memory.estimate import (
    CACHE_BYTES,
    PATCHES,
    RUNTIME_BYTES,
    SLICES,
    MaskShape,
    MemoryEstimate,
    cached_bytes,
    kept_bytes,
    mask_activation_bytes,
    mask_memory,
    scan_bytes,
)
from MedVLSAM2Lib.memory.free import free_memory_bytes

__all__ = [
    "CACHE_BYTES",
    "PATCHES",
    "RUNTIME_BYTES",
    "SLICES",
    "MaskShape",
    "MemoryEstimate",
    "cached_bytes",
    "free_memory_bytes",
    "kept_bytes",
    "mask_activation_bytes",
    "mask_memory",
    "read_mask_shape",
    "scan_bytes",
]
