"""What the network saw in a view, how far to believe it, and when two of them show the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.model.patches.view import View
from MedVLSAM2Lib.volume import VoxelBox

# Two answers that agree this well (DSC) are one candidate.
SAME_ANSWER = 0.85
FEWEST_CELLS = 20
SMALLEST_EXTENT = 0.25


@dataclass(frozen=True)
class Look:
    """What the network saw in one view: logits (P, P, P) and its own estimate of their Dice."""

    view: View
    logits: np.ndarray
    quality: float


def trust(look: Look) -> float:
    """How far to believe a look: the network's own estimate, less for objects cut by the view or tiny in it."""
    inside = look.logits > 0
    if inside.sum() < FEWEST_CELLS:
        return look.quality - 2.0
    faces = [inside.take(index, axis).mean() for axis in range(3) for index in (0, -1)]
    extent = max(VoxelBox.around(inside).shape) / inside.shape[0]
    return look.quality - 0.8 * min(6 * float(np.mean(faces)), 1.0) - 0.6 * max(0.0, 1 - extent / SMALLEST_EXTENT)


def distinct(looks: Sequence[Look], spacing_mm: tuple[float, float, float]) -> list[Look]:
    """The looks whose objects differ, each the most trusted of its kind; at least one."""
    kept: list[Look] = []
    for look in looks:
        if (look.logits > 0).sum() < FEWEST_CELLS:
            continue
        if all(_agreement(look, other, spacing_mm) < SAME_ANSWER for other in kept):
            kept.append(look)
    return kept or list(looks[:1])


def _agreement(look: Look, other: Look, spacing_mm: tuple[float, float, float]) -> float:
    """DSC of two looks' masks, on the cells of the coarser one."""
    coarse, fine = (look, other) if look.view.size_mm[0] >= other.view.size_mm[0] else (other, look)
    inside, resampled = coarse.logits > 0, _nearest_cells(fine, coarse, spacing_mm)
    total = int(inside.sum()) + int(resampled.sum())
    return float(2 * (inside & resampled).sum() / total) if total else 1.0


def _nearest_cells(look: Look, other: Look, spacing_mm: tuple[float, float, float]) -> np.ndarray:
    """A look's mask on another's cells (bool, P, P, P): the cell nearest to each, false outside the look's view."""
    side = look.logits.shape[0]
    cells = np.repeat(np.arange(side)[:, None], 3, axis=1)
    own = look.view.cell_of_voxel(other.view.voxel_of_cell(cells, spacing_mm, side), spacing_mm, side)
    nearest = np.floor(own + 0.5).astype(int)
    is_inside = (nearest >= 0) & (nearest < side)
    k, j, i = (np.clip(nearest[:, axis], 0, side - 1) for axis in range(3))
    mask = look.logits[np.ix_(k, j, i)] > 0
    seen: np.ndarray = mask & is_inside[:, 0, None, None] & is_inside[None, :, 1, None] & is_inside[None, None, :, 2]
    return seen


def open_face(logits: np.ndarray) -> float:
    """The largest share of a face of the view that the object fills."""
    inside = logits > 0
    return max(float(inside.take(index, axis).mean()) for axis in range(3) for index in (0, -1))


def volume_mm3(look: Look) -> float:
    """The volume of what a look shows."""
    return float((look.logits > 0).mean() * np.prod(look.view.size_mm))
