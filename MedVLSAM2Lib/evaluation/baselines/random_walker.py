"""The random walker."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from skimage.segmentation import random_walker

from MedVLSAM2Lib.evaluation.baselines.seeded_patch import OBJECT, Reach, SeededPatch

_REACH = Reach(mm=50, seed_mm=8, most_voxels=32**3)


@dataclass(frozen=True)
class RandomWalker:
    """scikit-image's random walker (Grady 2006), solved by preconditioned conjugate gradients.

    Attributes:
        beta: how hard an edge is to cross.
        tolerance: of the solver.
    """

    reach: Reach = _REACH
    beta: float = 1000
    tolerance: float = 1e-3
    name: str = "random walker"

    def label(self, patch: SeededPatch) -> np.ndarray:
        """The voxels from which a walker more likely meets the object's seeds first."""
        if not (patch.seeds == 0).any():
            return patch.seeds == OBJECT
        with warnings.catch_warnings():
            # scikit-image stops its solver after 30 steps, which can leave probabilities outside 0..1, and warns. Only
            # which of the two is the larger matters here.
            warnings.filterwarnings("ignore", "The probability range is outside")
            labels = random_walker(
                patch.intensity / patch.window_width,
                patch.seeds.astype(np.int32),
                beta=self.beta,
                mode="cg_j",
                tol=self.tolerance,
                spacing=np.divide(patch.spacing_mm, min(patch.spacing_mm)),
            )
        return np.asarray(labels == OBJECT)
