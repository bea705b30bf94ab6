"""Region growing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from MedVLSAM2Lib.evaluation.baselines.seeded_patch import BACKGROUND, OBJECT, Reach, SeededPatch

_REACH = Reach(mm=30, seed_mm=4, most_voxels=200_000)


@dataclass(frozen=True)
class RegionGrowing:
    """SimpleITK's ConfidenceConnected from the object's seeds, without the background's, holes filled.

    What is grown but lies nearer to a negative than to a positive click is given up.

    Attributes:
        multiplier: half-width of the accepted intensities, in standard deviations of the region so far.
        iterations: how often the region's mean and deviation are taken anew.
    """

    reach: Reach = _REACH
    multiplier: float = 1.5
    iterations: int = 2
    name: str = "region growing"

    def label(self, patch: SeededPatch) -> np.ndarray:
        """The region connected to the object's seeds."""
        grown = sitk.ConfidenceConnected(
            sitk.GetImageFromArray(patch.intensity),
            seedList=[tuple(int(v) for v in seed[::-1]) for seed in np.argwhere(patch.seeds == OBJECT)],
            numberOfIterations=self.iterations,
            multiplier=self.multiplier,
            initialNeighborhoodRadius=1,
            replaceValue=1,
        )
        region = ndimage.binary_fill_holes(sitk.GetArrayFromImage(grown) == 1)
        return np.asarray(region & (patch.seeds != BACKGROUND) & _nearer_to_positive(patch))


def _nearer_to_positive(patch: SeededPatch) -> np.ndarray:
    positive, negative = patch.clicks == OBJECT, patch.clicks == BACKGROUND
    if not (positive.any() and negative.any()):
        return np.ones(patch.clicks.shape, bool)
    from_positive, from_negative = (
        ndimage.distance_transform_edt(~clicks, sampling=patch.spacing_mm) for clicks in (positive, negative)
    )
    return np.asarray(from_positive <= from_negative)
