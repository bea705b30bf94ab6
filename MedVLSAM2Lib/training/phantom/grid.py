"""Where the voxels of a block lie in the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.volume import VoxelBox

Bounds = tuple[tuple[float, float, float], tuple[float, float, float]]
"""The lowest and the highest corner of a box in the patient, RAS in mm."""


@dataclass(frozen=True)
class Grid:
    """The voxel centres of a block whose axes run to the patient's left, posterior and superior.

    Attributes:
        right: R of each voxel in mm, shape (1, 1, I), falling.
        anterior: A of each voxel in mm, shape (1, J, 1), falling.
        superior: S of each voxel in mm, shape (K, 1, 1), rising.
    """

    right: np.ndarray
    anterior: np.ndarray
    superior: np.ndarray

    @classmethod
    def of_block(cls, box: VoxelBox, spacing_mm: tuple[float, float, float], first_voxel_ras: np.ndarray) -> Grid:
        """The grid of ``box`` in a volume of ``spacing_mm`` (K, J, I) whose voxel (0, 0, 0) lies at ``first_voxel_ras``."""
        k, j, i = (
            np.arange(low, high, dtype=np.float32) * np.float32(step)
            for low, high, step in zip(box.low, box.high, spacing_mm, strict=True)
        )
        r, a, s = first_voxel_ras.astype(np.float32)
        return cls((r - i)[None, None, :], (a - j)[None, :, None], (s + k)[:, None, None])

    @classmethod
    def of_bounds(cls, bounds: Bounds, step_mm: float) -> Grid:
        """A grid over ``bounds`` with a point every ``step_mm``."""
        r, a, s = (np.arange(low, high, step_mm, dtype=np.float32) for low, high in zip(*bounds, strict=True))
        return cls(r[::-1][None, None, :], a[::-1][None, :, None], s[:, None, None])

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along K, J and I."""
        return self.superior.size, self.anterior.size, self.right.size

    def part(self, bounds: Bounds, margin_mm: float) -> tuple[VoxelBox, Grid]:
        """The voxels within ``bounds`` and ``margin_mm`` around them: their box in this block, and their grid."""
        low, high = np.array(bounds[0]) - margin_mm, np.array(bounds[1]) + margin_mm
        i = _span(-self.right.ravel(), -high[0], -low[0])
        j = _span(-self.anterior.ravel(), -high[1], -low[1])
        k = _span(self.superior.ravel(), low[2], high[2])
        box = VoxelBox((k[0], j[0], i[0]), (k[1], j[1], i[1]))
        return box, Grid(self.right[:, :, slice(*i)], self.anterior[:, slice(*j)], self.superior[slice(*k)])


def _span(rising: np.ndarray, low: float, high: float) -> tuple[int, int]:
    return int(np.searchsorted(rising, low)), int(np.searchsorted(rising, high, side="right"))
