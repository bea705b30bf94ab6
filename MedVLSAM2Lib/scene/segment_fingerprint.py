"""A number that stands for which voxels a segment has."""

from __future__ import annotations

import numpy as np

from MedVLSAM2Lib.scene.segment_layer import SegmentLayer
from MedVLSAM2Lib.scene.voxel_change import VoxelChange
from MedVLSAM2Lib.volume import PackedMask

# Zobrist hashing: each voxel has a fixed random number (splitmix64 of its index), a set of voxels is their exclusive or.
# Adding or taking away a voxel is then one more exclusive or, whatever else the segment holds.
_STEP, _MIX_1, _MIX_2 = (np.uint64(v) for v in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_BITS_PER_AXIS = 21


def fingerprint_of(layer: SegmentLayer, label: int) -> int:
    """The fingerprint of a whole segment: one pass over its layer."""
    total = 0
    for k, plane in layer.planes_with(label):
        j, i = np.nonzero(plane)
        if len(i):
            _, low_j, low_i = layer.box.low
            total ^= _of_voxels(np.full(len(i), k), j + low_j, i + low_i)
    return total


def fingerprint_change(change: VoxelChange) -> int:
    """What a change does to the fingerprint: the new one is the old one, exclusive or this."""
    return _of_mask(change.added) ^ _of_mask(change.removed)


def _of_mask(mask: PackedMask) -> int:
    k, j, i = (index + low for index, low in zip(np.nonzero(mask.unpack()), mask.box.low, strict=True))
    return _of_voxels(k, j, i) if len(k) else 0


def _of_voxels(k: np.ndarray, j: np.ndarray, i: np.ndarray) -> int:
    index = ((k.astype(np.int64) << _BITS_PER_AXIS) + j << _BITS_PER_AXIS) + i
    x = index.astype(np.uint64) * _STEP
    x = (x ^ (x >> np.uint64(30))) * _MIX_1
    x = (x ^ (x >> np.uint64(27))) * _MIX_2
    return int(np.bitwise_xor.reduce(x ^ (x >> np.uint64(31))))
