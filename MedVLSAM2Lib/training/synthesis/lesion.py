"""A lesion put into a real scan: a bent ellipsoid, a little or much brighter or darker than its place."""

from __future__ import annotations

import numpy as np

from MedVLSAM2Lib.training.data.cases import TISSUES, Case
from MedVLSAM2Lib.training.data.tissues import FIRST_LUNG, SECOND_LUNG, SOFT
from MedVLSAM2Lib.training.frames.frame import Frame, random_turn
from MedVLSAM2Lib.training.synthesis.smooth_field import SmoothField

RADII_MM = (3.0, 38.0)


class Lesion:
    """A made object; ``centre`` (3,) in voxels, ``radii_mm`` (3,)."""

    def __init__(self, rng: np.random.Generator, case: Case) -> None:
        self._rng = rng
        self._spacing = np.array(case.spacing_mm)
        tissue = case.layers[TISSUES]
        self.centre = _place(rng, tissue)
        in_lung = tissue[tuple(self.centre.astype(int))] in (FIRST_LUNG, SECOND_LUNG)
        self.radii_mm = np.exp(rng.uniform(*np.log(RADII_MM))) * rng.uniform(0.6, 1.3, 3)
        self._turn = random_turn(rng, rotated=True, mirrored=False)
        reach = self.radii_mm.max() * 1.6 / self._spacing
        self._bump = SmoothField(rng, self.centre - reach, self.centre + reach, int(rng.integers(4, 8)), 1.0)
        self._bumpiness = float(rng.uniform(0.05, 0.5))
        self._softness = float(rng.uniform(0.05, 0.25))
        self._value = rng.uniform(-40, 80) if in_lung else None
        self._change = float(rng.choice((-1, 1)) * rng.uniform(15, 110))
        self._texture = SmoothField(rng, self.centre - reach, self.centre + reach, 9, float(rng.uniform(0, 20)))
        self._flattened = float(rng.uniform(0, 0.9))

    def put_into(self, image: np.ndarray, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
        """The image (side, side, side) with the lesion, and the lesion's share of each cell."""
        voxels = frame.grid_voxels()
        offset = ((voxels - self.centre) * self._spacing) @ self._turn / self.radii_mm
        surface = np.sqrt((offset**2).sum(1)).reshape(image.shape) + self._bump.in_frame(frame) * self._bumpiness
        share = np.clip((1 - surface) / self._softness + 0.5, 0, 1).astype(np.float32)
        texture = self._texture.in_frame(frame)
        if self._value is not None:
            inner = self._value + texture
        else:
            mean = float(image[share > 0.5].mean()) if (share > 0.5).any() else 0.0
            inner = image + self._flattened * (mean - image) + self._change + texture
        return (image + share * (inner - image)).astype(np.float32), share

    def inner_voxels(self, count: int) -> np.ndarray:
        """(count, 3) continuous voxel indices in the inner half of it."""
        offset = self._rng.uniform(-0.45, 0.45, (count, 3)) * self.radii_mm
        return self.centre + (offset @ self._turn.T) / self._spacing

    @property
    def volume_mm3(self) -> float:
        """About how large it is."""
        return float(4 / 3 * np.pi * np.prod(self.radii_mm))


def _place(rng: np.random.Generator, tissue: np.ndarray) -> np.ndarray:
    """(3,) a voxel of soft tissue or lung."""
    shape = np.array(tissue.shape)
    for _ in range(200):
        voxel = rng.integers(0, shape)
        if tissue[tuple(voxel)] in (SOFT, FIRST_LUNG, SECOND_LUNG):
            return voxel.astype(float)
    return shape / 2
