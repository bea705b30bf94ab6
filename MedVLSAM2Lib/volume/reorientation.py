"""Axis orders and flips: from a volume's own order to the canonical one and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from MedVLSAM2Lib.volume.box import Triple, VoxelBox
from MedVLSAM2Lib.volume.packed_mask import PackedMask

Position = tuple[float, float, float]

# Canonical array axes run to the patient's left, posterior and superior in I, J and K: the order of
# axial slices as a radiologist reads them, and of DICOM's own LPS.
_CANONICAL_DIRECTIONS_RAS = np.diag([-1.0, -1.0, 1.0])


@dataclass(frozen=True)
class Reorientation:
    """One of the 48 axis orders and flips between a volume's own IJK and the canonical IJK.

    ``axes[c]`` is the source axis (in I, J, K) that becomes canonical axis ``c``;
    ``flipped[c]`` tells whether it is run through backwards. ``shape`` is the source's, in (I, J, K).
    """

    axes: Triple
    flipped: tuple[bool, bool, bool]
    shape: Triple

    @classmethod
    def to_canonical(cls, ijk_to_ras: np.ndarray, array_shape: Sequence[int]) -> Reorientation:
        """The reorientation that brings a volume's axes closest to left, posterior, superior.

        Oblique and sheared axes keep their angle: only the order and the signs are changed.
        ``array_shape`` is the array's (K, J, I).
        """
        columns = ijk_to_ras[:3, :3]
        cosines = _CANONICAL_DIRECTIONS_RAS @ (columns / np.linalg.norm(columns, axis=0))
        best = max(permutations(range(3)), key=lambda order: sum(abs(cosines[c, s]) for c, s in enumerate(order)))
        i, j, k = best
        flips = tuple(bool(cosines[c, s] < 0) for c, s in enumerate(best))
        size_k, size_j, size_i = (int(size) for size in array_shape)
        return cls((i, j, k), (flips[0], flips[1], flips[2]), (size_i, size_j, size_k))

    @property
    def is_identity(self) -> bool:
        """Whether source and canonical order are the same."""
        return self.axes == (0, 1, 2) and not any(self.flipped)

    @property
    def matrix(self) -> np.ndarray:
        """Canonical IJK (homogeneous) → source IJK, 4×4."""
        matrix = np.zeros((4, 4))
        matrix[3, 3] = 1.0
        for canonical, (source, flip) in enumerate(zip(self.axes, self.flipped, strict=True)):
            matrix[source, canonical] = -1.0 if flip else 1.0
            matrix[source, 3] = self.shape[source] - 1 if flip else 0.0
        return matrix

    def array_to_canonical(self, array: np.ndarray) -> np.ndarray:
        """A view (never a copy) of a source array (K, J, I) in canonical order."""
        reversed_axes = [2 - self.axes[2 - axis] for axis in range(3)]
        steps = tuple(slice(None, None, -1 if self.flipped[2 - axis] else 1) for axis in range(3))
        return array.transpose(reversed_axes)[steps]

    def array_to_source(self, array: np.ndarray) -> np.ndarray:
        """A view (never a copy) of a canonical array (K, J, I), or of a box's part of one, in source order."""
        steps = tuple(slice(None, None, -1 if self.flipped[2 - axis] else 1) for axis in range(3))
        reversed_axes = [2 - self.axes[2 - axis] for axis in range(3)]
        return array[steps].transpose(np.argsort(reversed_axes))

    def position_to_canonical(self, ijk: Sequence[float]) -> Position:
        """A source position (i, j, k), in voxels, as a canonical position (i, j, k)."""
        i, j, k = (
            self.shape[source] - 1 - ijk[source] if flip else float(ijk[source])
            for source, flip in zip(self.axes, self.flipped, strict=True)
        )
        return float(i), float(j), float(k)

    def axis_to_canonical(self, axis: int) -> int:
        """Which canonical axis (0 I, 1 J, 2 K) the source axis ``axis`` became."""
        return self.axes.index(axis)

    def box_to_canonical(self, box: VoxelBox) -> VoxelBox:
        """A source box as a canonical box."""
        low, high = [0, 0, 0], [0, 0, 0]
        for canonical, (source, flip) in enumerate(zip(self.axes, self.flipped, strict=True)):
            first, last, size = box.low[2 - source], box.high[2 - source], self.shape[source]
            low[2 - canonical], high[2 - canonical] = (size - last, size - first) if flip else (first, last)
        return VoxelBox((low[0], low[1], low[2]), (high[0], high[1], high[2]))

    def box_to_source(self, box: VoxelBox) -> VoxelBox:
        """A canonical box as a source box."""
        low, high = [0, 0, 0], [0, 0, 0]
        for canonical, (source, flip) in enumerate(zip(self.axes, self.flipped, strict=True)):
            first, last, size = box.low[2 - canonical], box.high[2 - canonical], self.shape[source]
            low[2 - source], high[2 - source] = (size - last, size - first) if flip else (first, last)
        return VoxelBox((low[0], low[1], low[2]), (high[0], high[1], high[2]))

    def mask_to_canonical(self, mask: PackedMask) -> PackedMask:
        """A source mask as a canonical mask."""
        if self.is_identity or mask.box.is_empty:
            return mask
        return PackedMask.pack(self.array_to_canonical(mask.unpack()), self.box_to_canonical(mask.box))

    def mask_to_source(self, mask: PackedMask) -> PackedMask:
        """A canonical mask as a source mask."""
        if self.is_identity or mask.box.is_empty:
            return mask
        return PackedMask.pack(self.array_to_source(mask.unpack()), self.box_to_source(mask.box))
