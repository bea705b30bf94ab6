"""An object without a name in a real scan: what hangs together and looks like its seed."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

SMALLEST_CELLS, LARGEST_SHARE = 60, 0.7


def grown_region(rng: np.random.Generator, image: np.ndarray) -> np.ndarray | None:
    """bool (side, side, side): cells connected to a random seed and of similar HU; None when that is no object."""
    smooth = ndimage.gaussian_filter(image, rng.uniform(0.5, 1.5))
    seed = tuple(int(value) for value in rng.integers(6, np.array(image.shape) - 6))
    value = smooth[seed]
    if value < -940 and rng.random() < 0.9:
        return None
    tolerance = rng.uniform(30, 120) * (2.5 if value < -400 or value > 300 else 1)
    similar = np.abs(smooth - value) < tolerance
    if rng.random() < 0.6:
        similar = ndimage.binary_opening(similar)
    labels, _ = ndimage.label(similar)
    if labels[seed] == 0:
        return None
    region = labels == labels[seed]
    if rng.random() < 0.5:
        region = ndimage.binary_fill_holes(region)
    return region if SMALLEST_CELLS < region.sum() < LARGEST_SHARE * region.size else None
