"""A smooth random function of place, the same in whichever frame it is looked at."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.training.frames.frame import Frame, enlarged

# The function is smooth: it is computed at this many points along each edge of a frame, and interpolated between.
POINTS = 20


class SmoothField:
    """Random values on a coarse grid over a box of voxels, interpolated between; continued at its edges."""

    def __init__(self, rng: np.random.Generator, lo: np.ndarray, hi: np.ndarray, knots: int, amplitude: float) -> None:
        self._lo = lo
        self._per_voxel = (knots - 1) / np.maximum(hi - lo, 1e-3)
        self._values = (rng.normal(size=(knots,) * 3) * amplitude).astype(np.float32)

    def in_frame(self, frame: Frame) -> np.ndarray:
        """float32 (side, side, side)."""
        points = np.linspace(0, frame.side - 1, POINTS)
        cells = np.stack(np.meshgrid(points, points, points, indexing="ij"), axis=-1).reshape(-1, 3)
        knots = (frame.voxels_of(cells) - self._lo) * self._per_voxel
        values = ndimage.map_coordinates(self._values, knots.T, order=1, mode="nearest", prefilter=False)
        return enlarged(values.reshape((POINTS,) * 3), frame.side)
