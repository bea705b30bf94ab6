"""Intensity windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

_SAMPLES = 1_000_000


@dataclass(frozen=True)
class Window:
    """An intensity window, in the volume's own units (HU for CT)."""

    centre: float
    width: float

    @property
    def low(self) -> float:
        """The intensity shown as black."""
        return self.centre - self.width / 2

    @property
    def high(self) -> float:
        """The intensity shown as white."""
        return self.centre + self.width / 2

    @classmethod
    def between(cls, low: float, high: float) -> Window:
        """The window from ``low`` to ``high``."""
        return cls((low + high) / 2, high - low)

    def apply(self, array: np.ndarray) -> np.ndarray:
        """``array`` scaled to 0..1 (float32), clipped at the window's ends."""
        scaled = (array.astype(np.float32) - self.low) / max(self.width, float(np.finfo(np.float32).tiny))
        return np.clip(scaled, 0.0, 1.0)


CT_WINDOWS: Mapping[str, Window] = MappingProxyType(
    {
        "soft tissue": Window(40, 400),
        "lung": Window(-600, 1500),
        "bone": Window(400, 1800),
        "brain": Window(40, 80),
        "liver": Window(60, 160),
        "mediastinum": Window(50, 350),
    }
)
"""The usual CT presets, in HU."""


def percentile_window(array: np.ndarray, low: float = 1.0, high: float = 99.5) -> Window:
    """The window between two percentiles of ``array`` (K, J, I), for MR and unknown intensities.

    Large volumes are read at every n-th voxel, so that the cost does not grow with them.
    Voxels that are not finite are left out.
    """
    step = max(1, round((array.size / _SAMPLES) ** (1 / 3)))
    sample = array[::step, ::step, ::step]
    if np.issubdtype(sample.dtype, np.floating):
        sample = sample[np.isfinite(sample)]
    bottom, top = (float(value) for value in np.percentile(sample, [low, high]))
    return Window.between(bottom, top if top > bottom else bottom + 1.0)
