"""A view: the box of the volume that the patch network looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class View:
    """A box aligned with the voxel grid of a canonically ordered volume; all triples are (K, J, I).

    ``centre`` is a continuous voxel index (voxel centres at whole numbers), ``size_mm`` the physical edge lengths.
    """

    centre: Triple
    size_mm: Triple

    def __post_init__(self) -> None:
        if min(self.size_mm) <= 0:
            raise ValueError(f"a view needs positive edge lengths, not {self.size_mm}")

    def voxels_per_cell(self, spacing_mm: Triple, side: int) -> np.ndarray:
        """How many voxels one cell spans along each axis, as float64 (3,)."""
        return np.asarray(self.size_mm, float) / side / np.asarray(spacing_mm, float)

    def cell_of_voxel(self, positions: np.ndarray, spacing_mm: Triple, side: int) -> np.ndarray:
        """Continuous cell indices (..., 3) of continuous voxel indices (..., 3), both in (K, J, I) order."""
        offset = np.asarray(positions, float) - np.asarray(self.centre, float)
        return offset / self.voxels_per_cell(spacing_mm, side) + (side - 1) / 2

    def voxel_of_cell(self, positions: np.ndarray, spacing_mm: Triple, side: int) -> np.ndarray:
        """Continuous voxel indices (..., 3) of continuous cell indices (..., 3), both in (K, J, I) order."""
        offset = np.asarray(positions, float) - (side - 1) / 2
        return np.asarray(self.centre, float) + offset * self.voxels_per_cell(spacing_mm, side)
