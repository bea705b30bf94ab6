"""Measures masks: volume, axial diameters, density, place."""

from __future__ import annotations

import numpy as np

from MedVLSAM2Lib.training.facts.facts import Measures, Ras
from MedVLSAM2Lib.volume import Volume, VoxelBox

_DIRECTIONS = 36


def measures_of(mask: np.ndarray, box: VoxelBox, volume: Volume, with_diameters: bool = True) -> Measures:
    """Of a boolean ``mask`` that fills ``box`` of ``volume``; at least one voxel is true.

    Without diameters those are 0: of tissues that are everywhere they mean nothing.
    """
    values = volume.array[box.slices][mask]
    low, high = _corners(box, volume)
    along = [mask.sum(axis=tuple(other for other in range(3) if other != axis)) for axis in range(3)]
    middle = [float(counts @ np.arange(len(counts)) / len(values)) for counts in along]
    k, j, i = (m + first for m, first in zip(middle, box.low, strict=True))
    diameter, perpendicular = axial_diameters(mask, volume.spacing_mm) if with_diameters else (0.0, 0.0)
    return Measures(
        volume_ml=len(values) * volume.voxel_volume_mm3 / 1000,
        diameter_mm=diameter,
        perpendicular_mm=perpendicular,
        hu_mean=float(values.mean()),
        hu_sd=float(values.std()),
        hu_high=float(np.partition(values, -1 - len(values) // 10)[-1 - len(values) // 10]),
        centre=volume.ijk_to_ras_position((i, j, k)),
        low=low,
        high=high,
    )


def axial_diameters(mask: np.ndarray, spacing_mm: tuple[float, float, float]) -> tuple[float, float]:
    """The longest diameter in any axial slice of ``mask`` (K, J, I) and the extent across it in that slice, in mm.

    Extents are from edge to edge of the outermost voxels, over directions 5° apart.
    """
    k, j, i = np.nonzero(_rim(mask))
    angles = np.arange(_DIRECTIONS) * np.pi / _DIRECTIONS
    across, along = np.cos(angles) * spacing_mm[2], np.sin(angles) * spacing_mm[1]
    projected = np.outer(i, across) + np.outer(j, along)
    starts = np.flatnonzero(np.diff(k, prepend=-1))
    extents = np.maximum.reduceat(projected, starts) - np.minimum.reduceat(projected, starts)
    # A voxel reaches half its width beyond its centre: on the mean as far as its own extent in a direction is wide.
    extents += np.maximum(np.abs(across), np.abs(along))
    slice_, direction = np.unravel_index(extents.argmax(), extents.shape)
    other = (int(direction) + _DIRECTIONS // 2) % _DIRECTIONS
    return float(extents[slice_, direction]), float(extents[slice_, other])


def _rim(mask: np.ndarray) -> np.ndarray:
    """The voxels with a neighbour in their slice that is not of the mask."""
    padded = np.pad(mask, ((0, 0), (1, 1), (1, 1)))
    inner = padded[:, :-2, 1:-1] & padded[:, 2:, 1:-1] & padded[:, 1:-1, :-2] & padded[:, 1:-1, 2:]
    return mask & ~inner


def _corners(box: VoxelBox, volume: Volume) -> tuple[Ras, Ras]:
    ends = [
        volume.ijk_to_ras_position((corner[2] - 0.5, corner[1] - 0.5, corner[0] - 0.5))
        for corner in (box.low, box.high)
    ]
    low, high = np.min(ends, axis=0), np.max(ends, axis=0)
    return _ras(low), _ras(high)


def _ras(values: np.ndarray) -> Ras:
    r, a, s = (float(value) for value in values)
    return r, a, s
