"""Agreement of two masks, and how soon a course of interactions is good enough."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.volume import VoxelBox


def dice(mask: np.ndarray, truth: np.ndarray) -> float:
    """The Dice similarity coefficient (DSC) of two boolean arrays (K, J, I).

    Two empty masks agree fully (1.0); an empty one and one that is not, not at all (0.0).
    """
    _check_shapes(mask, truth)
    total = np.count_nonzero(mask) + np.count_nonzero(truth)
    return 1.0 if total == 0 else 2 * np.count_nonzero(mask & truth) / total


def surface_dice(mask: np.ndarray, truth: np.ndarray, spacing_mm: Sequence[float], tolerance_mm: float = 2.0) -> float:
    """The normalised surface distance (NSD): the share of both surfaces within ``tolerance_mm`` of the other one.

    A surface is the mask's voxels with a face neighbour outside the mask (or outside the array); distances run
    between voxel centres, in mm. With voxels larger than the tolerance only surfaces that coincide there count.
    Two empty masks agree fully (1.0); an empty one and one that is not, not at all (0.0).

    Args:
        mask: boolean array (K, J, I).
        truth: boolean array (K, J, I).
        spacing_mm: voxel spacing along K, J and I; a shear of the grid is left out.
        tolerance_mm: the distance up to which two surfaces agree.

    Source: Nikolov et al. 2018 (arXiv 1809.04430), with surface voxels in place of surface elements.
    """
    _check_shapes(mask, truth)
    box = VoxelBox.around(mask).union(VoxelBox.around(truth))
    if box.is_empty:
        return 1.0
    surfaces = [_surface(array[box.slices]) for array in (mask, truth)]
    counts = [np.count_nonzero(surface) for surface in surfaces]
    if 0 in counts:
        return 0.0
    near = sum(
        np.count_nonzero(ndimage.distance_transform_edt(~other, sampling=spacing_mm)[surface] <= tolerance_mm)
        for surface, other in (surfaces, surfaces[::-1])
    )
    return near / sum(counts)


def interactions_to_reach(course: Sequence[float], target: float) -> int | None:
    """After how many interactions ``course`` (a score after each one) first reaches ``target``; None if it fails to."""
    return next((count for count, score in enumerate(course, start=1) if score >= target), None)


def _surface(mask: np.ndarray) -> np.ndarray:
    return np.asarray(mask & ~ndimage.binary_erosion(mask))


def _check_shapes(mask: np.ndarray, truth: np.ndarray) -> None:
    if mask.shape != truth.shape:
        raise ValueError(f"Masks of shapes {mask.shape} and {truth.shape} cannot be compared.")
