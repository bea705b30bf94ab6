"""A number that stands for which voxels a segment has.

Every voxel has a fixed random number, the product of one for each of its three indices; a segment's fingerprint is the
sum of its voxels' numbers modulo 2^64. So a change is known from the changed voxels alone, and a whole plane is summed
by two small matrix products. Two different segments share a fingerprint with a chance of about 2^-43.
"""

from __future__ import annotations

import numpy as np

from MedVLSAM2Lib.scene.segment_layer import SegmentLayer
from MedVLSAM2Lib.scene.voxel_change import VoxelChange
from MedVLSAM2Lib.volume import PackedMask, VoxelBox

_MODULUS = 2**64
# A thousand numbers of 43 bits add up to less than 2^53: float64 sums them exactly, and fast.
_EXACT_BITS = 43
_STEP, _MIX_1, _MIX_2 = (np.uint64(v) for v in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_SEED_K, _SEED_J, _SEED_I = 1 << 32, 2 << 32, 3 << 32


def fingerprint_of(layer: SegmentLayer, label: int) -> int:
    """The fingerprint of a whole segment: one pass over its layer."""
    weights = _Weights(layer.box)
    planes = layer.planes_with(label)
    return sum(weights.of_plane(number, plane) for number, plane in enumerate(planes)) % _MODULUS


def add_to_fingerprint(fingerprint: int, change: VoxelChange) -> int:
    """The fingerprint after ``change``."""
    return (fingerprint + _of_mask(change.added) - _of_mask(change.removed)) % _MODULUS


def _of_mask(mask: PackedMask) -> int:
    weights = _Weights(mask.box)
    return sum(weights.of_plane(number, plane) for number, plane in enumerate(mask.unpack())) % _MODULUS


class _Weights:
    """The random numbers of a box's indices along each axis."""

    def __init__(self, box: VoxelBox) -> None:
        (k, j, i), (k_end, j_end, i_end) = box.low, box.high
        self._k = _random(_SEED_K, k, k_end)
        self._j = _random(_SEED_J, j, j_end)
        self._i = (_random(_SEED_I, i, i_end) >> np.uint64(64 - _EXACT_BITS)).astype(float)

    def of_plane(self, number: int, plane: np.ndarray) -> int:
        """The sum over the true voxels (J, I) of the box's plane of that number."""
        if not plane.any():
            return 0
        rows = (plane.astype(float) @ self._i).astype(np.uint64)
        return int(self._k[number]) * int((rows * self._j).sum())


def _random(seed: int, low: int, high: int) -> np.ndarray:
    """A fixed random number (splitmix64) for each index from ``low`` to ``high``."""
    x = (np.arange(low, high, dtype=np.int64) + seed).astype(np.uint64) * _STEP
    x = (x ^ (x >> np.uint64(30))) * _MIX_1
    x = (x ^ (x >> np.uint64(27))) * _MIX_2
    return np.asarray(x ^ (x >> np.uint64(31)))
