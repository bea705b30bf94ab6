"""A CT made of ellipsoids, of any size, whose every voxel is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.prompts import Point
from MedVLSAM2Lib.volume import Modality, Volume, VoxelBox

_AIR_HU, _BODY_HU, _NOISE_HU = -1000, 40, 12
_SEED = 2024


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid along the axes, by its centre and half axes as shares of the volume's edges (K, J, I)."""

    centre: tuple[float, float, float]
    half_axes: tuple[float, float, float]
    hu: int

    def box(self, shape: Sequence[int]) -> VoxelBox:
        """The voxels it lies in, in a volume of ``shape`` (K, J, I)."""
        low = [int((c - h) * n) - 1 for c, h, n in zip(self.centre, self.half_axes, shape, strict=True)]
        high = [int((c + h) * n) + 2 for c, h, n in zip(self.centre, self.half_axes, shape, strict=True)]
        return VoxelBox((low[0], low[1], low[2]), (high[0], high[1], high[2])).intersection(VoxelBox.of_shape(shape))

    def inside(self, shape: Sequence[int], box: VoxelBox) -> np.ndarray:
        """Boolean array of ``box``: which of its voxels the ellipsoid holds."""
        k, j, i = (
            ((np.arange(low, high) / n - c) / h).astype(np.float32) ** 2
            for low, high, n, c, h in zip(box.low, box.high, shape, self.centre, self.half_axes, strict=True)
        )
        return k[:, None, None] + j[:, None] + i <= 1


BODY = Ellipsoid((0.5, 0.5, 0.5), (0.7, 0.4, 0.45), _BODY_HU)
LIVER = Ellipsoid((0.55, 0.45, 0.35), (0.2, 0.2, 0.18), 110)
SPLEEN = Ellipsoid((0.5, 0.6, 0.75), (0.12, 0.1, 0.08), 130)
KIDNEY = Ellipsoid((0.35, 0.62, 0.32), (0.12, 0.06, 0.06), 190)
SPINE = Ellipsoid((0.5, 0.78, 0.5), (0.7, 0.06, 0.05), 400)
_ORGANS = (BODY, LIVER, SPLEEN, KIDNEY, SPINE)


def ellipsoid_ct(shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> Volume:
    """A noisy int16 CT of ``shape`` (K, J, I) with air, a body and four organs in it; always the same."""
    array = np.full(shape, _AIR_HU, np.int16)
    for organ in _ORGANS:
        box = organ.box(shape)
        for k in range(box.low[0], box.high[0]):
            plane = VoxelBox((k, *box.low[1:]), (k + 1, *box.high[1:]))
            array[plane.slices][organ.inside(shape, plane)] = organ.hu
    _add_noise(array)
    matrix = np.diag([-spacing_mm[2], -spacing_mm[1], spacing_mm[0], 1.0])
    return Volume(array, matrix, Modality.CT, "HU", "the phantom")


def centre_click(organ: Ellipsoid, shape: Sequence[int]) -> Point:
    """A click in the middle of ``organ`` in a phantom of ``shape`` (K, J, I)."""
    k, j, i = (float(int(c * n)) for c, n in zip(organ.centre, shape, strict=True))
    return Point((i, j, k))


def _add_noise(array: np.ndarray) -> None:
    # One plane of noise, rolled on from slice to slice: a large phantom is made in seconds, and no two
    # neighbouring slices carry the same.
    rng = np.random.default_rng(_SEED)
    noise = rng.normal(0, _NOISE_HU, array.shape[1:]).astype(np.int16)
    for k in range(array.shape[0]):
        array[k] += np.roll(noise, 977 * k)
