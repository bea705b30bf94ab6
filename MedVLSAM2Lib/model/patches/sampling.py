"""Voxels into a view's cells and a view's cells back onto voxels, both by one geometry.

A view is axis-aligned, so resampling is separable: one small matrix of weights an axis, and three matrix products. A
cell is the average over the voxels that it covers, weighted by how much of each it covers; for cells smaller than a voxel
the same rule, with a cell taken as one voxel wide, is linear interpolation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from MedVLSAM2Lib.model.patches.view import Triple, View

# With more source samples per cell the average hardly changes, but its cost grows with the third power.
MAX_SAMPLES_PER_CELL = 3.0


def sample_view(
    array: np.ndarray,
    spacing_mm: Triple,
    view: View,
    side: int | tuple[int, int, int],
    *,
    fill: float,
    order: int = 1,
    value_of: Callable[[np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    """The volume as the cells of a view, antialiased; costs about the same for a volume of any size.

    Args:
        array: (K, J, I) voxels of any number type; also a numpy view with negative strides.
        spacing_mm: voxel size (K, J, I) in millimetres.
        view: what to look at; it may reach beyond the volume.
        side: cells along each edge, or along (K, J, I).
        fill: the value outside the volume, after ``value_of``.
        order: 1 averages and interpolates, 0 takes the nearest voxel.
        value_of: makes numbers of the few voxels taken, before they are averaged (say, "is it label 5?").

    Returns:
        float32 (side, side, side) in (K, J, I) order.
    """
    sides = (side,) * 3 if isinstance(side, int) else side
    samplers = [_AxisSampler.of(array.shape[axis], spacing_mm, view, sides[axis], axis, order) for axis in range(3)]
    source = array[tuple(sampler.voxels for sampler in samplers)]
    if source.size == 0:
        return np.full(sides, fill, np.float32)
    source = (source if value_of is None else value_of(source)).astype(np.float32)
    if fill:
        source -= np.float32(fill)
    # The axis that shrinks most goes first, so that the later products are small.
    for axis in sorted(range(3), key=lambda axis: -samplers[axis].weights.shape[1]):
        source = _apply(samplers[axis].weights, source, axis)
    return source + np.float32(fill) if fill else source


def voxel_box_of_view(
    shape: tuple[int, ...], spacing_mm: Triple, view: View
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Half-open box of the voxels whose centres lie in the view, clipped to the volume: (lo, hi), each (K, J, I)."""
    half = view.voxels_per_cell(spacing_mm, 1) / 2
    centre = np.asarray(view.centre, float)
    lo = np.clip(np.ceil(centre - half), 0, shape).astype(int)
    hi = np.clip(np.floor(centre + half) + 1, lo, shape).astype(int)
    return (int(lo[0]), int(lo[1]), int(lo[2])), (int(hi[0]), int(hi[1]), int(hi[2]))


def logits_on_voxels(
    logits: np.ndarray, spacing_mm: Triple, view: View, lo: tuple[int, ...], hi: tuple[int, ...]
) -> np.ndarray:
    """A view's cells on the voxels of the box ``lo`` to ``hi`` (half-open), trilinear; edge cells continue outwards.

    Args:
        logits: (side, side, side) cells in (K, J, I) order.

    Returns:
        float32 (K, J, I) of shape ``hi - lo``.
    """
    cells = np.ascontiguousarray(logits, np.float32)
    side = cells.shape[0]
    voxels_per_cell = view.voxels_per_cell(spacing_mm, side)
    for axis in range(3):
        voxels = np.arange(lo[axis], hi[axis])
        positions = (voxels - view.centre[axis]) / voxels_per_cell[axis] + (side - 1) / 2
        cells = _apply(_overlap(np.clip(positions, 0, side - 1), np.arange(side), 1.0, 1.0), cells, axis)
    return cells


@dataclass(frozen=True)
class _AxisSampler:
    """Which voxels of one axis a view needs, and the weight of each for each cell: (side, voxels taken) float32."""

    voxels: slice
    weights: np.ndarray

    @classmethod
    def of(cls, length: int, spacing_mm: Triple, view: View, side: int, axis: int, order: int) -> _AxisSampler:
        per_cell = float(view.voxels_per_cell(spacing_mm, side)[axis])
        cells = view.centre[axis] + (np.arange(side) - (side - 1) / 2) * per_cell
        # The nearest voxel of each cell is chosen among all voxels, but never among more than the samples' limit.
        step = max(1, int(np.ceil(per_cell / MAX_SAMPLES_PER_CELL)))
        reach = max(per_cell, 1.0) / 2 + step
        lo = min(max(int(np.floor(cells[0] - reach)), 0), length)
        hi = min(max(int(np.ceil(cells[-1] + reach)) + 1, lo), length)
        # Taken from the middle of each run of `step` voxels, so that a decimated axis is not shifted.
        first = min(lo + (step - 1) // 2, max(hi - 1, lo))
        samples = np.arange(first, hi, step)
        weights = _nearest(cells, samples, step) if order == 0 else _overlap(cells, samples, max(per_cell, step), step)
        return cls(slice(first, hi, step), weights)


def _nearest(positions: np.ndarray, samples: np.ndarray, step: int) -> np.ndarray:
    """1 for the sample nearest to each position, if the position lies inside that sample: (positions, samples)."""
    weights = np.zeros((len(positions), len(samples)), np.float32)
    if len(samples):
        nearest = np.clip(np.floor((positions - samples[0]) / step + 0.5).astype(int), 0, len(samples) - 1)
        inside = np.abs(positions - samples[nearest]) <= step / 2
        weights[np.flatnonzero(inside), nearest[inside]] = 1
    return weights


def _overlap(positions: np.ndarray, samples: np.ndarray, width: float, sample_width: float) -> np.ndarray:
    """Share of each window (``width`` around a position) that each sample's own interval covers: (positions, samples).

    With both widths 1 this is the hat function: linear interpolation.
    """
    distance = np.abs(positions[:, None] - samples[None, :])
    covered = np.minimum((width + sample_width) / 2 - distance, min(width, sample_width))
    return (np.clip(covered, 0, None) / width).astype(np.float32)


def _apply(weights: np.ndarray, array: np.ndarray, axis: int) -> np.ndarray:
    """``weights`` (out, in) along one axis of a (K, J, I) float32 array."""
    # By torch: many small products by threads of NumPy's BLAS are a hundred times slower where other work takes a core.
    matrix, source = torch.from_numpy(weights), torch.from_numpy(array)
    if axis == 2:
        product = source @ matrix.T
    elif axis == 1:
        product = matrix @ source
    else:
        product = (matrix @ source.reshape(source.shape[0], -1)).reshape(-1, *source.shape[1:])
    made: np.ndarray = product.numpy()
    return made
