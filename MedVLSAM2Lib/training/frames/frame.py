"""A frame: a view that may also be turned and mirrored, from which training examples are sampled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.model.patches.sampling import MAX_SAMPLES_PER_CELL, sample_view
from MedVLSAM2Lib.model.patches.view import Triple, View


@dataclass(frozen=True)
class Frame:
    """A box of cells in a volume; everything is in (K, J, I) order.

    Attributes:
        centre: (3,) continuous voxel index of the middle.
        size_mm: (3,) edge lengths.
        turn: (3, 3) orthogonal matrix: the frame's axes, in millimetres of the volume, as columns.
        spacing_mm: (3,) of the volume.
        side: cells along each edge.
    """

    centre: np.ndarray
    size_mm: np.ndarray
    turn: np.ndarray
    spacing_mm: np.ndarray
    side: int

    @property
    def cell_mm(self) -> np.ndarray:
        """(3,) edge lengths of a cell."""
        return self.size_mm / self.side

    @property
    def matrix(self) -> np.ndarray:
        """(3, 3) voxels per cell along the frame's axes (columns)."""
        return self.turn * self.cell_mm / self.spacing_mm[:, None]

    def at(self, centre: np.ndarray, size_mm: np.ndarray) -> Frame:
        """A frame of the same orientation, elsewhere or of another size."""
        return Frame(np.asarray(centre, float), np.asarray(size_mm, float), self.turn, self.spacing_mm, self.side)

    def voxels_of(self, cells: np.ndarray) -> np.ndarray:
        """Continuous voxel indices (N, 3) of continuous cell indices (N, 3)."""
        return (cells - (self.side - 1) / 2) @ self.matrix.T + self.centre

    def cells_of(self, voxels: np.ndarray) -> np.ndarray:
        """Continuous cell indices (N, 3) of continuous voxel indices (N, 3)."""
        return (voxels - self.centre) @ np.linalg.inv(self.matrix).T + (self.side - 1) / 2

    def cells_from(self, other: Frame) -> tuple[np.ndarray, np.ndarray]:
        """Scale and offset (3,) that turn cells of ``other``, of the same orientation, into this frame's cells."""
        scale = other.cell_mm / self.cell_mm
        return scale, self.cells_of(other.voxels_of(np.zeros((1, 3))))[0]

    def grid_voxels(self) -> np.ndarray:
        """Continuous voxel indices of all cells, float32 (side³, 3)."""
        cells = np.indices((self.side,) * 3, dtype=np.float32).reshape(3, -1).T
        matrix, centre = self.matrix.astype(np.float32), self.centre.astype(np.float32)
        return (cells - np.float32((self.side - 1) / 2)) @ matrix.T + centre

    def sample(
        self, array: np.ndarray, fill: float, value_of: Callable[[np.ndarray], np.ndarray] | None = None
    ) -> np.ndarray:
        """The volume in this frame's cells: float32 (side, side, side); see ``sample_view``."""
        if np.count_nonzero(self.turn) > 3:
            return self._sample_turned(array, fill, value_of)
        centre, size = _triple(self.centre), _triple(self.size_mm)
        view = View(centre, size)
        cells = sample_view(array, _triple(self.spacing_mm), view, self.side, fill=fill, value_of=value_of)
        mirrored = tuple(axis for axis in range(3) if self.turn[axis, axis] < 0)
        return np.ascontiguousarray(np.flip(cells, mirrored)) if mirrored else cells

    def _sample_turned(
        self, array: np.ndarray, fill: float, value_of: Callable[[np.ndarray], np.ndarray] | None
    ) -> np.ndarray:
        matrix = self.matrix
        last = self.side - 1
        corners = self.voxels_of(np.array(np.meshgrid(*[(0, last)] * 3)).reshape(3, -1).T)
        footprint = np.abs(matrix).sum(1)
        lo = np.clip(np.floor(corners.min(0) - footprint).astype(int), 0, np.array(array.shape) - 1)
        hi = np.clip(np.ceil(corners.max(0) + footprint).astype(int) + 1, lo + 1, array.shape)
        step = np.maximum(1, np.ceil(footprint / MAX_SAMPLES_PER_CELL).astype(int))
        source = array[tuple(slice(a, b, s) for a, b, s in zip(lo, hi, step, strict=True))]
        source = (source if value_of is None else value_of(source)).astype(np.float32)
        # An odd number of samples: the mean of an even one lies half a sample beside its place.
        width = 2 * np.round((np.linalg.norm(matrix, axis=1) / step - 1) / 2).clip(0).astype(int) + 1
        if width.max() > 1:
            source = ndimage.uniform_filter(source, width, mode="nearest")
        origin = (self.voxels_of(np.zeros((1, 3)))[0] - lo) / step
        shape = (self.side,) * 3
        return ndimage.affine_transform(
            source, matrix / step[:, None], origin, shape, order=1, mode="constant", cval=fill, prefilter=False
        )


def enlarged(values: np.ndarray, side: int) -> np.ndarray:
    """(n, n, n) float32 values at evenly spaced places, corner to corner, interpolated to (side, side, side)."""
    count = values.shape[0]
    distance = np.abs(np.linspace(0, count - 1, side)[:, None] - np.arange(count)[None])
    weights = np.clip(1 - distance, 0, 1).astype(np.float32)
    values = weights @ values.reshape(count, -1)
    values = np.matmul(weights, values.reshape(side, count, count))
    return values @ weights.T


def random_turn(rng: np.random.Generator, rotated: bool, mirrored: bool) -> np.ndarray:
    """(3, 3) orthogonal: up to about 20 degrees about each axis, and each axis mirrored half of the time."""
    turn = np.eye(3)
    if rotated:
        for axis in range(3):
            angle = rng.normal() * 0.15
            i, j = (other for other in range(3) if other != axis)
            single = np.eye(3)
            single[i, i] = single[j, j] = np.cos(angle)
            single[i, j], single[j, i] = -np.sin(angle), np.sin(angle)
            turn = turn @ single
    return turn * rng.choice((-1.0, 1.0), 3) if mirrored else turn


def _triple(values: np.ndarray) -> Triple:
    k, j, i = (float(value) for value in values)
    return k, j, i
