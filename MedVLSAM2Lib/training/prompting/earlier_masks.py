"""Earlier masks that no network of ours made: drawn by hand, by another tool, or at another scale."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def faulty_mask(target: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mask (side, side, side) float32 0..1 that was meant to be ``target`` (bool) but has one to three faults."""
    mask = target
    for _ in range(int(rng.integers(1, 4))):
        change = FAULTS[rng.integers(len(FAULTS))]
        mask = change(mask, rng)
    soft = mask.astype(np.float32)
    return ndimage.uniform_filter(soft, int(rng.integers(2, 4))) if rng.random() < 0.4 else soft


def _grown(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return ndimage.binary_dilation(mask, iterations=int(rng.integers(1, 4)))


def _shrunk(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    smaller = ndimage.binary_erosion(mask, iterations=int(rng.integers(1, 4)), border_value=1)
    return smaller if smaller.any() else mask


def _cut(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """All beyond a plane through the object is gone."""
    cells = np.argwhere(mask)
    if len(cells) == 0:
        return mask
    normal = rng.normal(size=3)
    heights = cells @ normal
    limit = np.quantile(heights, rng.uniform(0.3, 0.9))
    kept = np.zeros_like(mask)
    kept[tuple(cells[heights <= limit].T)] = True
    return kept


def _with_blob(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A ball is added near the object, or taken out of it."""
    cells = np.argwhere(ndimage.binary_dilation(mask, iterations=2))
    if len(cells) == 0:
        return mask
    centre = cells[rng.integers(len(cells))]
    grid = np.indices(mask.shape)
    distance = sum((grid[axis] - centre[axis]) ** 2 for axis in range(3))
    blob = distance < rng.uniform(2, 9) ** 2
    return mask | blob if rng.random() < 0.5 else mask & ~blob


def _shifted(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return ndimage.shift(mask.astype(np.float32), rng.normal(size=3) * 1.5, order=1, prefilter=False) > 0.5


def _coarse(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As a view several times larger would have answered."""
    width = int(rng.integers(3, 9))
    return ndimage.uniform_filter(mask.astype(np.float32), width) > rng.uniform(0.3, 0.6)


FAULTS: tuple[Change, ...] = (_grown, _shrunk, _cut, _with_blob, _shifted, _coarse)
