"""Thick slices: what a scan of 3 to 8 mm slices would have shown of a frame."""

from __future__ import annotations

import numpy as np

THICKNESS_MM = (3.0, 8.0)


class Slabs:
    """Averages the cells of slabs across one axis and repeats the average."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._axis = int(rng.integers(3))
        self._thickness_mm = float(rng.uniform(*THICKNESS_MM))
        self._phase = float(rng.uniform())

    def of(self, cells: np.ndarray, cell_mm: np.ndarray) -> np.ndarray:
        """(side, side, side) float32 of the same shape; unchanged where a cell is thicker than half a slab."""
        per_slab = round(self._thickness_mm / float(cell_mm[self._axis]))
        length = cells.shape[self._axis]
        if per_slab < 2:
            return cells
        slab = (np.arange(length) + int(self._phase * per_slab)) // per_slab
        starts = np.flatnonzero(np.diff(slab, prepend=-1))
        sums = np.add.reduceat(cells, starts, axis=self._axis)
        counts = np.diff(np.append(starts, length)).astype(np.float32)
        means = sums / np.expand_dims(counts, tuple(axis for axis in range(3) if axis != self._axis))
        return np.take(means, slab - slab[0], axis=self._axis)
