"""Large structures of a CT by thresholds and morphology: body, fat, muscle, bone, lungs, gas."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.model.patches.view import Triple

FAT, SOFT, BONE, FIRST_LUNG, SECOND_LUNG, OTHER_GAS = 1, 2, 3, 4, 5, 6
NAMES = {FAT: "fat", SOFT: "soft tissue", BONE: "bone", FIRST_LUNG: "lung", SECOND_LUNG: "other lung", OTHER_GAS: "gas"}
GROUPS: dict[str, tuple[int, ...]] = {
    "body": (FAT, SOFT, BONE, FIRST_LUNG, SECOND_LUNG, OTHER_GAS),
    "both lungs": (FIRST_LUNG, SECOND_LUNG),
    "body without gas": (FAT, SOFT, BONE),
}

SKIN_HU = -300
LUNG_HU = -450
FAT_HU = (-150, -30)
BONE_HU = 220
SMALLEST_LUNG_ML = 60.0
SMALLEST_BONE_ML = 2.0


def tissue_layer(image: np.ndarray, spacing_mm: Triple) -> np.ndarray:
    """uint8 (K, J, I) of tissue ids for a CT (int16 HU); 0 outside the body."""
    layer = np.zeros(image.shape, np.uint8)
    body = _body(image)
    ml_per_voxel = float(np.prod(spacing_mm)) / 1000
    layer[body & (image >= SKIN_HU)] = SOFT
    fat = body & (image > FAT_HU[0]) & (image < FAT_HU[1])
    layer[ndimage.binary_opening(fat)] = FAT
    layer[_larger_than(body & (image > BONE_HU), SMALLEST_BONE_ML / ml_per_voxel)] = BONE
    _mark_gas(layer, body & (image < LUNG_HU), ml_per_voxel)
    return layer


def _body(image: np.ndarray) -> np.ndarray:
    """The largest thing denser than air, with what it encloses on each axial slice."""
    dense = ndimage.binary_opening(image > SKIN_HU)
    labels, count = ndimage.label(dense)
    if count == 0:
        return np.zeros(image.shape, bool)
    body = labels == np.bincount(labels.ravel())[1:].argmax() + 1
    return np.stack([ndimage.binary_fill_holes(part) for part in body])


def _larger_than(mask: np.ndarray, voxels: float) -> np.ndarray:
    labels, _ = ndimage.label(mask)
    large = np.bincount(labels.ravel()) >= voxels
    large[0] = False
    return large[labels]


def _mark_gas(layer: np.ndarray, gas: np.ndarray, ml_per_voxel: float) -> None:
    """The two largest gas regions of a lung's size are lungs; if the lungs are one region, its opening may part them."""
    layer[gas] = OTHER_GAS
    labels, _ = ndimage.label(ndimage.binary_opening(gas, iterations=1))
    sizes = np.bincount(labels.ravel()) * ml_per_voxel
    sizes[0] = 0
    lungs = [int(index) for index in np.argsort(-sizes)[:2] if sizes[index] >= SMALLEST_LUNG_ML]
    for lung, region in zip((FIRST_LUNG, SECOND_LUNG), lungs, strict=False):
        grown = ndimage.binary_dilation(labels == region, iterations=1) & gas
        layer[grown & (layer == OTHER_GAS)] = lung
