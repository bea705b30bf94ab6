"""Segmenters whose answers can be told beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.prompts import Point, Prompt, nearest_voxel
from MedVLSAM2Lib.volume import Volume


@dataclass
class ThresholdInteraction:
    """Everything brighter than a level and connected to a positive click; candidates are three levels."""

    volume: Volume
    levels: tuple[float, ...] = (90.0, 50.0, -np.inf)
    candidate: int = 0
    points: list[Point] = field(default_factory=list)

    @property
    def candidates(self) -> int:
        return len(self.levels)

    def add(self, prompts: Sequence[Prompt]) -> np.ndarray:
        self.points += [prompt for prompt in prompts if isinstance(prompt, Point)]
        return self._mask()

    def step(self, step: int) -> np.ndarray:
        self.candidate += step
        assert 0 <= self.candidate < self.candidates
        return self._mask()

    def _mask(self) -> np.ndarray:
        parts, _ = ndimage.label(self.volume.array > self.levels[self.candidate])
        clicked = [nearest_voxel(point.position) for point in self.points if point.positive]
        mask = np.isin(parts, [parts[voxel] for voxel in clicked if parts[voxel]])
        for point in self.points:
            mask[nearest_voxel(point.position)] = point.positive
        return mask


class ThresholdSegmenter:
    """Finds bright objects."""

    name = "threshold"

    def start(self, volume: Volume, volume_id: str) -> ThresholdInteraction:
        return ThresholdInteraction(volume)
