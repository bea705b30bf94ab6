"""Telling Hounsfield units from other intensities."""

from __future__ import annotations

import numpy as np

_SAMPLES = 100_000
_LOWEST_HU, _AIR_HU, _SOFT_TISSUE_HU, _DENSE_HU = -4096, -900, (-200, 300), 100


def looks_like_hounsfield_units(array: np.ndarray) -> bool:
    """Whether intensities (K, J, I) can only be Hounsfield units: air, soft tissue and something denser, in whole HU.

    Large volumes are read at every n-th voxel.
    """
    if array.size == 0:
        return False
    step = max(1, round((array.size / _SAMPLES) ** (1 / 3)))
    sample = array[::step, ::step, ::step]
    low, high = float(sample.min()), float(sample.max())
    soft = (sample >= _SOFT_TISSUE_HU[0]) & (sample <= _SOFT_TISSUE_HU[1])
    whole = bool((sample == np.round(sample)).all())
    return whole and _LOWEST_HU <= low <= _AIR_HU and high >= _DENSE_HU and bool(soft.mean() > 0.01)
