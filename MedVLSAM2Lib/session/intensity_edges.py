"""Edges of an answer moved to where the scan's own intensities change.

A patch model answers on cells that may be several voxels wide, so the edge of a large object lies where the cells put it.
Where the object is clearly brighter or darker than what surrounds it, the voxels themselves tell the side they are on: the
answer's sure parts show which intensities the object has and which its surroundings have, and in between, where the
model is unsure, the ratio of the two decides along with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.model.mask_model import MaskEstimate, VoxelLogits
from MedVLSAM2Lib.volume import Volume, VoxelBox

SURE_LOGIT = 2.0
UNSURE_LOGIT = 6.0
"""Beyond this the model is believed whatever the voxel shows."""
MOST_SLICES = 24
FEWEST_VOXELS, MOST_VOXELS = 64, 40_000
BINS = 96
BIN_BLUR = 1.5
MOST_RATIO = 4.0
LEAST_SEPARATION = 0.65
"""Of the two histograms: 1 minus their overlap. Below this nothing is changed, from here on the ratio counts more and more."""
STRENGTH = 2.5
MOST_UNTYPICAL = 0.25
"""Of an object's own voxels, the share whose intensity speaks against it. An object of air and tissue has no intensity."""

FEWEST_NEIGHBOURS = 1
"""Of the six that share a face: a voxel with no more of its own kind stands alone."""


@dataclass(frozen=True)
class IntensityRatio:
    """How much likelier each intensity is inside an object than around it, as a logarithm, times how far to believe it.

    Attributes:
        low, high: the range of intensities the bins divide; beyond it the outermost bins hold.
        log_ratio: (BINS,) float32.
    """

    low: float
    high: float
    log_ratio: np.ndarray

    @property
    def most(self) -> float:
        """The largest value, of either sign."""
        return float(np.abs(self.log_ratio).max())

    def of(self, intensities: np.ndarray) -> np.ndarray:
        """The value for each voxel, float32 of the same shape."""
        scale = BINS / (self.high - self.low)
        bins = np.clip((intensities - np.float32(self.low)) * np.float32(scale), 0, BINS - 1).astype(np.uint8)
        found: np.ndarray = self.log_ratio[bins]
        return found

    @classmethod
    def between(cls, inside: np.ndarray, around: np.ndarray) -> IntensityRatio | None:
        """From intensities of the object and of its surroundings; None when they hardly differ or are too few."""
        if min(inside.size, around.size) < FEWEST_VOXELS:
            return None
        low, high = (float(v) for v in np.percentile(np.concatenate([inside, around]), (1, 99)))
        if high <= low:
            return None
        within, without = (_histogram(values, low, high) for values in (inside, around))
        separation = 1 - float(np.minimum(within, without).sum())
        belief = (separation - LEAST_SEPARATION) / (1 - LEAST_SEPARATION)
        if belief <= 0:
            return None
        floor = 0.02 / BINS
        ratio = np.clip(np.log((within + floor) / (without + floor)), -MOST_RATIO, MOST_RATIO)
        made = cls(low, high, (STRENGTH * belief * ratio).astype(np.float32))
        return made if float((made.of(inside) < 0).mean()) <= MOST_UNTYPICAL else None


def with_sharper_edges(estimate: MaskEstimate, volume: Volume) -> MaskEstimate:
    """The estimate with its edges where the intensities of ``volume`` change; itself when they change too little."""
    box = estimate.positive_box
    if box.is_empty:
        return estimate
    inside, around = _sure_intensities(estimate, volume, box)
    ratio = IntensityRatio.between(inside, around)
    if ratio is None:
        return estimate
    return replace(estimate, logits=_SharperLogits(estimate.logits, volume.array[estimate.box.slices], ratio))


@dataclass(frozen=True)
class _SharperLogits:
    """A model's logits moved by what each voxel shows, the less the surer the model is."""

    logits: VoxelLogits
    intensities: np.ndarray
    ratio: IntensityRatio

    def __getitem__(self, part: tuple[slice, slice, slice]) -> np.ndarray:
        # One voxel more on every side: whether a voxel stands alone is for its neighbours to say.
        shape = self.intensities.shape
        wide = tuple(slice(max(s.start - 1, 0), min(s.stop + 1, n)) for s, n in zip(part, shape, strict=True))
        k, j, i = (slice(s.start - w.start, s.stop - w.start) for s, w in zip(part, wide, strict=True))
        moved = self._moved((wide[0], wide[1], wide[2]))
        return moved[k, j, i]

    def _moved(self, part: tuple[slice, slice, slice]) -> np.ndarray:
        logits = self.logits[part]
        # Surer ones keep their sign whatever the voxel shows, and only the sign is asked for.
        most = self.ratio.most
        movable = np.abs(logits) < most * UNSURE_LOGIT / (most + UNSURE_LOGIT)
        answers = logits[movable]
        doubt = 1 - np.abs(answers) / np.float32(UNSURE_LOGIT)
        moved: np.ndarray = logits.copy()
        moved[movable] = answers + doubt * self.ratio.of(self.intensities[part][movable])
        _join_neighbours(moved, movable)
        return moved


def _join_neighbours(logits: np.ndarray, movable: np.ndarray) -> None:
    """Let movable voxels that stand alone (noise has moved them) be what their face neighbours are, in place."""
    inside = logits > 0
    neighbours = np.zeros(inside.shape, np.uint8)
    for axis in range(3):
        to, of = np.moveaxis(neighbours, axis, 0), np.moveaxis(inside, axis, 0)
        to[1:] += of[:-1]
        to[:-1] += of[1:]
    logits[movable & inside & (neighbours <= FEWEST_NEIGHBOURS)] = -1
    logits[movable & ~inside & (neighbours >= 6 - FEWEST_NEIGHBOURS)] = 1


def _sure_intensities(estimate: MaskEstimate, volume: Volume, box: VoxelBox) -> tuple[np.ndarray, np.ndarray]:
    """Intensities of the voxels that are surely inside, and of those that surely are not, on some slices of the box."""
    inside, around = [], []
    wide = box.grown(max(4, max(box.shape) // 8), volume.shape).intersection(estimate.box)
    for k in np.unique(np.linspace(wide.low[0], wide.high[0] - 1, MOST_SLICES).astype(int)):
        plane = VoxelBox((int(k), *wide.low[1:]), (int(k) + 1, *wide.high[1:]))
        logits = estimate.logits[plane.relative_to(estimate.box).slices]
        values = volume.array[plane.slices]
        inside.append(values[logits > SURE_LOGIT])
        around.append(values[logits < -SURE_LOGIT])
    return _some_of(np.concatenate(inside)), _some_of(np.concatenate(around))


def _some_of(values: np.ndarray) -> np.ndarray:
    """Evenly spread ones of many values, float32."""
    return values[:: max(1, values.size // MOST_VOXELS)].astype(np.float32)


def _histogram(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Shares of the bins, a little blurred, float64 (BINS,)."""
    counts, _ = np.histogram(np.clip(values, low, high), BINS, (low, high))
    blurred: np.ndarray = ndimage.gaussian_filter1d(counts.astype(float), BIN_BLUR, mode="nearest")
    return blurred / max(blurred.sum(), 1e-9)
