"""Where in a person something of a given size fits."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from MedVLSAM2Lib.training.phantom.anatomy.tubes import ras
from MedVLSAM2Lib.training.phantom.grid import Grid
from MedVLSAM2Lib.training.phantom.shapes import Capsule, Ras
from MedVLSAM2Lib.training.phantom.structures import Structure

_STEPS = 14
_TRIES = 24


class Places:
    """Finds places in a person's structures, as they are painted: later ones over earlier ones."""

    def __init__(self, structures: Iterable[Structure], rng: np.random.Generator) -> None:
        self._rng = rng
        self._structures = list(structures)
        bounds = np.array([structure.shape.bounds for structure in self._structures])
        self._low, self._high = bounds[:, 0], bounds[:, 1]

    def add(self, structure: Structure) -> None:
        """Paint something more, in front of all the others."""
        self._structures.append(structure)
        low, high = structure.shape.bounds
        self._low, self._high = np.vstack([self._low, low]), np.vstack([self._high, high])

    def inside(self, organ: str, radius_mm: float, share: float = 0.9) -> Ras | None:
        """A place for a ball of ``radius_mm`` of which ``share`` lies in ``organ``; None where none was found."""
        shape = next((s.shape for s in self._structures if s.name == organ), None)
        if shape is None:
            return None
        low, high = np.array(shape.bounds)
        low, high = np.maximum(low, -400), np.minimum(high, 400)
        step = float(max((high - low).max() / _STEPS, 1.0))
        grid = Grid.of_bounds((ras(low + step / 2), ras(high)), step)
        k, j, i = np.nonzero(np.broadcast_to(shape.distance(grid), grid.shape) < -radius_mm * (2 * share - 1))
        points = np.stack([grid.right.ravel()[i], grid.anterior.ravel()[j], grid.superior.ravel()[k]], axis=1)
        return self._first_fitting(self._rng.permutation(points), organ, radius_mm, share)

    def beside(self, tube: str, organ: str, radius_mm: float, reach_mm: float, share: float = 0.9) -> Ras | None:
        """A place in ``organ`` within ``reach_mm`` of the axis of a tube; None where none was found."""
        line = self.axis(tube)
        if not len(line):
            return None
        points = self._rng.choice(line, _TRIES) + self._rng.uniform(-reach_mm, reach_mm, (_TRIES, 3))
        return self._first_fitting(points, organ, radius_mm, share)

    def axis(self, tube: str) -> np.ndarray:
        """Points along the axis of a tube, (N, 3) RAS mm."""
        rods = [s.shape for s in self._structures if s.name == tube and isinstance(s.shape, Capsule)]
        return np.array([np.add(rod.start, rod.end) / 2 for rod in rods]).reshape(-1, 3)

    def radius(self, tube: str) -> float:
        """The largest radius of a tube, in mm."""
        rods = [s.shape for s in self._structures if s.name == tube and isinstance(s.shape, Capsule)]
        return max(rod.start_radius for rod in rods)

    def _first_fitting(self, points: np.ndarray, organ: str, radius_mm: float, share: float) -> Ras | None:
        for point in points[:_TRIES]:
            moved = point + self._rng.uniform(-1, 1, 3)
            if self._share(moved, radius_mm, organ) >= share:
                return ras(moved)
        return None

    def _share(self, centre: np.ndarray, radius_mm: float, organ: str) -> float:
        """How much of a ball lies in an organ."""
        steps = np.linspace(-radius_mm, radius_mm, 5, dtype=np.float32)
        r, a, s = (np.float32(c) + steps for c in centre)
        grid = Grid(r[None, None, :], a[None, :, None], s[:, None, None])
        near = np.flatnonzero(((self._low <= centre + radius_mm) & (self._high >= centre - radius_mm)).all(axis=1))
        top = np.zeros(grid.shape, np.int32)
        names: list[str | None] = [None]
        for index in near:
            structure = self._structures[index]
            if structure.name is not None:
                names.append(structure.name)
                top[np.broadcast_to(structure.shape.distance(grid), grid.shape) < 0] = len(names) - 1
        ball = (steps[:, None, None] ** 2 + steps[:, None] ** 2 + steps**2) <= (radius_mm * 1.01) ** 2
        is_organ = np.array([name == organ for name in names])
        return float(is_organ[top[ball]].mean())
