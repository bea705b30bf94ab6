"""Vessels, bronchi, bowel and ribs: rods along a line, and lines that branch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from MedVLSAM2Lib.training.phantom.shapes import Capsule, Ras
from MedVLSAM2Lib.training.phantom.structures import Structure, Tissue

Inside = Callable[[np.ndarray], bool]
"""Whether a position (RAS mm) lies where a vessel may grow."""


def tube(
    line: Sequence[Ras], radius: float | Sequence[float], tissue: Tissue, name: str | None = None
) -> list[Structure]:
    """A tube of ``radius`` mm, everywhere or at each point of ``line``."""
    radii = [radius] * len(line) if isinstance(radius, float | int) else list(radius)
    return [
        Structure(Capsule(start, end, first, last), tissue, name)
        for (start, first), (end, last) in pairwise(zip(line, radii, strict=True))
    ]


def smooth_line(points: Sequence[Ras], step_mm: float = 9.0) -> list[Ras]:
    """A curve through ``points`` (Catmull–Rom), a point every ``step_mm`` or so."""
    knots = np.array([2 * np.array(points[0]) - points[1], *points, 2 * np.array(points[-1]) - points[-2]])
    line = [ras(knots[1])]
    for before, start, end, after in zip(knots, knots[1:], knots[2:], knots[3:], strict=False):
        steps = max(1, round(float(np.linalg.norm(end - start)) / step_mm))
        for t in np.linspace(0, 1, steps + 1)[1:]:
            curve = 2 * start + (end - before) * t + (2 * before - 5 * start + 4 * end - after) * t**2
            line.append(ras((curve + (3 * start - before - 3 * end + after) * t**3) / 2))
    return line


@dataclass(frozen=True)
class Tree:
    """A vessel that splits in two until it is too thin.

    Attributes:
        radius: of the stem, in mm.
        thinnest: branches below this radius, in mm, are left out.
        length: of a branch, in radii.
        spread: how far a branch turns away from its stem, in degrees.
    """

    radius: float
    thinnest: float
    length: float = 7.0
    spread: float = 34.0

    def grown(self, root: Ras, direction: Ras, inside: Inside, rng: np.random.Generator) -> list[Capsule]:
        """The branches of a tree that starts at ``root``; what would leave ``inside`` is cut."""
        branches: list[Capsule] = []
        buds = [(np.array(root), _unit(np.array(direction)), self.radius)]
        while buds:
            start, heading, radius = buds.pop()
            end = self._tip(start, heading, radius, inside, rng)
            if end is None:
                continue
            heading = _unit(end - start)
            thinner = radius * 0.8
            branches.append(Capsule(ras(start), ras(end), radius, thinner))
            if thinner < self.thinnest:
                continue
            aside = _unit(np.cross(heading, rng.standard_normal(3)))
            for sign, share in ((1, rng.uniform(0.86, 1.0)), (-1, rng.uniform(0.7, 0.95))):
                angle = np.deg2rad(self.spread * rng.uniform(0.6, 1.3)) * sign
                buds.append((end, _unit(np.cos(angle) * heading + np.sin(angle) * aside), thinner * share))
        return branches

    def _tip(
        self, start: np.ndarray, heading: np.ndarray, radius: float, inside: Inside, rng: np.random.Generator
    ) -> np.ndarray | None:
        """Where a branch ends; it turns and shortens rather than leave, and is given up when that does not help."""
        length = radius * self.length * rng.uniform(0.75, 1.3)
        for turned in (0.0, 0.4, 0.7, 1.0, 1.3):
            end = start + length * _unit(heading + turned * rng.standard_normal(3))
            if inside(end):
                return end
            length *= 0.8
        return None


def ras(position: np.ndarray) -> Ras:
    """Three numbers as a position."""
    r, a, s = (float(value) for value in position)
    return r, a, s


def moved(position: Ras, by: Ras) -> Ras:
    """``position``, ``by`` further on."""
    return position[0] + by[0], position[1] + by[1], position[2] + by[2]


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
