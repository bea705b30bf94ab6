"""How one person differs from the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.training.phantom.shapes import Ellipsoid, Ras, Shape, Uneven


@dataclass(frozen=True)
class Chance:
    """Draws places and sizes about the ones anatomy books give."""

    rng: np.random.Generator

    def near(self, position: Ras, spread_mm: float) -> Ras:
        """A position within ``spread_mm`` of ``position`` on each axis."""
        r, a, s = (float(p + d) for p, d in zip(position, self.rng.uniform(-spread_mm, spread_mm, 3), strict=True))
        return r, a, s

    def sized(self, size: float, share: float = 0.08) -> float:
        """A size up to ``share`` larger or smaller than ``size``."""
        return float(size * self.rng.uniform(1 - share, 1 + share))

    def ellipsoid(self, centre: Ras, half_axes: Ras, turns: Ras = (0.0, 0.0, 0.0), spread_mm: float = 3.0) -> Ellipsoid:
        """An ellipsoid moved, resized and turned a little."""
        r, a, s = (self.sized(half) for half in half_axes)
        return Ellipsoid(self.near(centre, spread_mm), (r, a, s), self.near(turns, 4.0))

    def uneven(self, shape: Shape, depth: float, length: float) -> Uneven:
        """``shape`` with bumps ``depth`` mm high, every ``length`` mm."""
        r, a, s = (float(phase) for phase in self.rng.uniform(0, 2 * np.pi, 3))
        return Uneven(shape, depth, length, (r, a, s))
