"""Which frames to look at: first views of the right and of the wrong size, refits, and close-ups of the edge."""

from __future__ import annotations

import numpy as np

from MedVLSAM2Lib.training.data.cases import Case, TrainingObject
from MedVLSAM2Lib.training.frames.frame import Frame, random_turn

SMALLEST_MM, LARGEST_MM = 14.0, 520.0
SMALLEST_VOXELS = 5.0
# Of the object's largest extent: the network must also learn what a wrong view looks like, to guess its own quality.
WRONG_SIZES = (0.3, 5.0)
# And, whatever the object, the sizes at which a session tries a first click: else it would learn that small views
# show small objects, and believe them.
ANY_SIZE_MM = (24.0, 330.0)
ANY_SIZE_SHARE = 0.5
FITTING_SIZES = (1.2, 2.4)
# Shortest edge of the object's box that a view is made for, as a share of the longest: in a cube, a cord is lost.
SLIMNESSES = (0.15, 1.0)
REFIT_SLIMNESSES = (0.18, 0.45)
CENTRED_SHARE = 0.55
TURNED_SHARE = 0.35
MIRRORED_SHARE = 0.5
CLOSE_UP_SHARE = 0.07


class ObjectFraming:
    """Frames of one object of one case."""

    def __init__(self, case: Case, item: TrainingObject, side: int, rng: np.random.Generator) -> None:
        self._item, self._rng = item, rng
        self._spacing = np.array(case.spacing_mm)
        self.extent_mm = (item.hi - item.lo) * self._spacing
        self._middle = (item.lo + item.hi - 1) / 2
        turn = random_turn(rng, rng.random() < TURNED_SHARE, rng.random() < MIRRORED_SHARE)
        self._any = Frame(self._middle, np.ones(3), turn, self._spacing, side)

    def a_click(self) -> np.ndarray:
        """(3,) continuous voxel index inside the object."""
        clicks = self._item.clicks
        return clicks[self._rng.integers(len(clicks))] + self._rng.uniform(-0.4, 0.4, 3)

    def centred(self, click: np.ndarray) -> Frame:
        """A cube around a click, of the object's size or far from it."""
        if self._rng.random() < ANY_SIZE_SHARE:
            size = np.exp(self._rng.uniform(*np.log(ANY_SIZE_MM)))
        else:
            size = max(float(self.extent_mm.max()), 8.0) * np.exp(self._rng.uniform(*np.log(WRONG_SIZES)))
        return self._any.at(click, self._bounded(np.full(3, size)))

    def cube(self, centre: np.ndarray, size_mm: float) -> Frame:
        """A cube of a given size."""
        return self._any.at(centre, np.full(3, size_mm))

    def fitting(self, sizes: tuple[float, float] = FITTING_SIZES) -> Frame:
        """A box around the object, its edges independent of each other, the object not in its middle."""
        rng, extent = self._rng, self.extent_mm
        size = np.maximum(extent, max(extent.max(), 8.0) * rng.uniform(*SLIMNESSES)) * np.exp(
            rng.uniform(*np.log(sizes))
        )
        if rng.random() < 0.3:
            size = np.full(3, size.max())
        size = self._bounded(size)
        free = np.maximum(size - extent, 0) / self._spacing
        return self._any.at(self._middle + rng.uniform(-0.4, 0.4, 3) * free, size)

    def refit(self) -> Frame:
        """The view that a session takes after its first answer: the object with some margin."""
        rng, extent = self._rng, self.extent_mm
        size = np.maximum(extent, extent.max() * rng.uniform(*REFIT_SLIMNESSES)) * rng.uniform(1.15, 2.3)
        free = np.maximum(size - extent, 0.1 * extent) / self._spacing
        return self._any.at(self._middle + rng.uniform(-0.25, 0.25, 3) * free, self._bounded(size))

    def close_up(self) -> Frame:
        """A cube smaller than the object, around one of its voxels."""
        cube = float(self.extent_mm.max()) * np.exp(self._rng.uniform(*np.log((0.2, 0.8))))
        offset = self._rng.uniform(-0.35, 0.35, 3) * cube / self._spacing
        return self._any.at(self.a_click() + offset, self._bounded(np.full(3, cube)))

    def first(self) -> tuple[Frame, np.ndarray | None]:
        """A first view, and the click in its middle if it was made around one."""
        if self._rng.random() < CENTRED_SHARE:
            click = self.a_click()
            return self.centred(click), click
        return (self.close_up() if self._rng.random() < CLOSE_UP_SHARE else self.fitting()), None

    def second(self, first: Frame) -> Frame:
        """The view of the later rounds: a refit, a close-up of a part, or the first one again."""
        choice = self._rng.random()
        if choice < 0.55:
            return self.refit()
        return self.close_up() if choice < 0.75 else first

    def _bounded(self, size_mm: np.ndarray) -> np.ndarray:
        """Neither larger than any body nor smaller than a few voxels, of which nothing can be learned."""
        return np.clip(size_mm, max(SMALLEST_MM, SMALLEST_VOXELS * float(self._spacing.max())), LARGEST_MM)
