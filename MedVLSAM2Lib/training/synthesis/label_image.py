"""A CT-like image from a label map: random values for each structure, random surroundings, bent and blurred."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.training.data.cases import LABELS, Case, TrainingObject, is_any_of
from MedVLSAM2Lib.training.frames.frame import Frame
from MedVLSAM2Lib.training.synthesis.smooth_field import SmoothField

TISSUE_HU = np.array([-1000, -850, -100, 0, 40, 60, 120, 220, 500, 1000], np.float32)
TISSUE_SHARES = (0.03, 0.06, 0.12, 0.13, 0.20, 0.20, 0.12, 0.07, 0.04, 0.03)
BEND_CELLS = 3.5


class LabelImage:
    """One random image of a label map, to be looked at in several frames."""

    def __init__(self, rng: np.random.Generator, case: Case, item: TrainingObject, frame: Frame) -> None:
        self._rng, self._labels, self._is_target = rng, case.layers[LABELS], is_any_of(item.ids)
        reach = np.abs(frame.matrix).sum(1) * frame.side
        lo, hi = np.minimum(frame.centre - reach, item.lo), np.maximum(frame.centre + reach, item.hi)
        # Bent by a few cells of the object's own size, not of a frame that may be far too large for it.
        cell = np.minimum((item.hi - item.lo) * 1.6 / frame.side, reach / frame.side)
        knots = int(rng.integers(3, 7))
        self._bend = [SmoothField(rng, lo, hi, knots, float(rng.uniform(0, BEND_CELLS) * width)) for width in cell]
        self._hu = _structure_values(rng, self._is_target, int(self._labels.max()) + 1)
        self._regions = SmoothField(rng, lo, hi, 6, 1.0) if rng.random() < 0.75 else None
        self._region_hu = (50 + rng.normal(size=4) * rng.uniform(20, 90)).astype(np.float32)
        self._texture = SmoothField(rng, lo, hi, 8, float(rng.uniform(3, 20))) if rng.random() < 0.5 else None
        self._blur = float(rng.uniform(0.4, 1.1))
        self._noise = np.float32(rng.uniform(2, 30))

    def sample_values(self) -> np.ndarray:
        """HU of voxels all over the map, for percentiles."""
        step = max(1, round((self._labels.size / 4096) ** (1 / 3)))
        return self._hu[self._labels[::step, ::step, ::step]].ravel()

    def in_frame(self, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
        """HU float32 and the object's share of each cell, both (side, side, side)."""
        bend = np.stack([field.in_frame(frame) for field in self._bend], axis=-1)
        labels = self._labels_at(frame.grid_voxels() + bend.reshape(-1, 3)).reshape((frame.side,) * 3)
        values = self._hu[labels]
        if self._regions is not None:
            level = np.digitize(self._regions.in_frame(frame), (-0.5, 0.0, 0.5))
            values = np.where(labels == 0, self._hu[0] + self._region_hu[level] * (level > 0), values)
        if self._texture is not None:
            values = values + self._texture.in_frame(frame)
        image = ndimage.gaussian_filter(values.astype(np.float32), self._blur)
        image += self._rng.standard_normal(image.shape, np.float32) * self._noise
        return image, self._is_target[labels].astype(np.float32)

    def _labels_at(self, voxels: np.ndarray) -> np.ndarray:
        nearest = np.floor(voxels + 0.5).astype(np.int32)
        last = np.array(self._labels.shape, np.int32) - 1
        inside = ((nearest >= 0) & (nearest <= last)).all(1)
        nearest = np.clip(nearest, 0, last)
        return np.where(inside, self._labels[nearest[:, 0], nearest[:, 1], nearest[:, 2]], 0)


def _structure_values(rng: np.random.Generator, is_target: np.ndarray, count: int) -> np.ndarray:
    """Random HU of each label; the object differs from its surroundings, however little."""
    values = rng.choice(TISSUE_HU, count, p=TISSUE_SHARES) + rng.normal(size=count) * 25
    if rng.random() < 0.4:
        values = 50 + rng.normal(size=count) * rng.uniform(20, 60)
    values[0] = -1000 if rng.random() < 0.25 else rng.choice((-100, 50)) + rng.normal() * 20
    target = np.flatnonzero(is_target[:count])
    if len(target) > 1 and rng.random() < 0.7:
        # A group of structures is one object when it looks like one: lung lobes, the bones of the spine.
        values[target] = values[target[0]] + rng.normal(size=len(target)) * 10
    for label in target[np.abs(values[target] - values[0]) < 15]:
        values[label] += rng.choice((-1, 1)) * rng.uniform(20, 80)
    return values.astype(np.float32)
