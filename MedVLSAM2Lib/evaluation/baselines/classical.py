"""A classical method as a segmenter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from MedVLSAM2Lib.evaluation.baselines.seeded_patch import Reach, SeededPatch
from MedVLSAM2Lib.prompts import Point, Prompt, nearest_voxel
from MedVLSAM2Lib.volume import Volume


class SeedMethod(Protocol):
    """Spreads seeds over a patch."""

    @property
    def name(self) -> str:
        """Its column in the table."""
        ...

    @property
    def reach(self) -> Reach:
        """The patch it works on."""
        ...

    def label(self, patch: SeededPatch) -> np.ndarray:
        """The object (bool, K, J, I) in the patch."""
        ...


@dataclass(frozen=True)
class ClassicalSegmenter:
    """Answers every prompt anew from all prompts so far."""

    method: SeedMethod

    @property
    def name(self) -> str:
        """Its column in the table."""
        return self.method.name

    def start(self, volume: Volume, volume_id: str) -> ClassicalInteraction:
        """Begin with a new object in ``volume``."""
        return ClassicalInteraction(self.method, volume)


@dataclass
class ClassicalInteraction:
    """One object being segmented by a classical method."""

    method: SeedMethod
    volume: Volume
    prompts: list[Prompt] = field(default_factory=list)

    def add(self, prompts: Sequence[Prompt]) -> np.ndarray:
        """The object's mask (bool, K, J, I); every clicked voxel follows its click."""
        self.prompts.extend(prompts)
        patch = SeededPatch.cut(self.volume, self.prompts, self.method.reach)
        mask = patch.to_volume(self.method.label(patch), self.volume.shape)
        for prompt in self.prompts:
            if isinstance(prompt, Point):
                mask[nearest_voxel(prompt.position)] = prompt.positive
        return mask
