"""The part of a volume a classical method works on, and the seeds the user's prompts amount to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from skimage.measure import block_reduce

from MedVLSAM2Lib.prompts import Box, Point, Prompt, nearest_voxel
from MedVLSAM2Lib.volume import Volume, VoxelBox
from MedVLSAM2Lib.volume.box import Triple

OBJECT = 1
BACKGROUND = 2
_CORE_OF_BOX = 1 / 3
_MARGIN_OF_BOX_MM = 10.0
_PromptKind = TypeVar("_PromptKind", Point, Box)


@dataclass(frozen=True)
class Reach:
    """How much of the volume a method sees, and how finely.

    Attributes:
        mm: how far beyond the clicks the patch reaches when there is no box.
        seed_mm: radius of the ball of seeds around a click.
        most_voxels: a larger patch is read in coarser steps, along its finest axis first.
    """

    mm: float
    seed_mm: float
    most_voxels: int


@dataclass(frozen=True)
class SeededPatch:
    """A part of the volume with seeds in it, (K, J, I).

    Attributes:
        box: the voxels of the volume the patch covers.
        steps: voxels of the volume to one of the patch, along each axis.
        intensity: float32, the means of those voxels in the volume's units.
        window_width: width of the window the volume is looked at with, in the same units.
        seeds: uint8: ``OBJECT``, ``BACKGROUND`` or 0.
        clicks: uint8, the seeds that come from clicks alone.
        spacing_mm: of the patch's voxels.
    """

    box: VoxelBox
    steps: Triple
    intensity: np.ndarray
    window_width: float
    seeds: np.ndarray
    clicks: np.ndarray
    spacing_mm: tuple[float, float, float]

    @classmethod
    def cut(cls, volume: Volume, prompts: Sequence[Prompt], reach: Reach) -> SeededPatch:
        """The patch around ``prompts`` (points and 3D boxes).

        With a box the patch reaches a centimetre beyond it, the background is what lies outside, and the object an
        ellipsoid of a third of its size in its middle. Without one, the patch reaches ``reach.mm`` beyond the
        clicks and its faces are background. Clicks are balls of seeds and overrule both.
        """
        points, boxes = _of_kind(prompts, Point), _of_kind(prompts, Box)
        box = _patch_box(volume, points, boxes, reach)
        clicks = _click_seeds(volume, points, box, reach.seed_mm)
        seeds = _box_seeds(boxes[-1], box) if boxes else _face_seeds(box.shape)
        seeds = np.where(clicks > 0, clicks, seeds)
        steps = _steps(box.shape, volume.spacing_mm, reach.most_voxels)
        return cls(
            box=box,
            steps=steps,
            intensity=_block_means(volume.array[box.slices].astype(np.float32), steps),
            window_width=volume.window.width,
            seeds=_coarse_seeds(seeds, steps),
            clicks=_coarse_seeds(clicks, steps),
            spacing_mm=_coarse_spacing(volume.spacing_mm, steps),
        )

    def to_volume(self, mask: np.ndarray, shape: Sequence[int]) -> np.ndarray:
        """A mask of the patch as one of the volume of ``shape``; false outside the patch."""
        for axis, step in enumerate(self.steps):
            mask = mask.repeat(step, axis)
        whole = np.zeros(shape, dtype=bool)
        whole[self.box.slices] = mask[tuple(slice(size) for size in self.box.shape)]
        return whole


def _of_kind(prompts: Sequence[Prompt], kind: type[_PromptKind]) -> list[_PromptKind]:
    return [prompt for prompt in prompts if isinstance(prompt, kind)]


def _patch_box(volume: Volume, points: Sequence[Point], boxes: Sequence[Box], reach: Reach) -> VoxelBox:
    corners = [corner for box in boxes for corner in (box.minimum, box.maximum)]
    corners += [point.position for point in points]
    margin_mm = _MARGIN_OF_BOX_MM if boxes else reach.mm
    voxels = np.array([nearest_voxel(corner) for corner in corners])
    margin = np.ceil(margin_mm / np.array(volume.spacing_mm)).astype(int)
    low, high = (tuple(v.tolist()) for v in (voxels.min(axis=0) - margin, voxels.max(axis=0) + margin + 1))
    return VoxelBox(low, high).intersection(VoxelBox.of_shape(volume.shape))


def _click_seeds(volume: Volume, points: Sequence[Point], box: VoxelBox, radius_mm: float) -> np.ndarray:
    seeds = np.zeros(box.shape, np.uint8)
    for point in points:
        centre = np.subtract(nearest_voxel(point.position), box.low)
        distance = _ellipsoid(box.shape, centre, radius_mm / np.array(volume.spacing_mm))
        seeds[distance <= 1] = OBJECT if point.positive else BACKGROUND
    # The clicked voxels last: no ball of another click may cover them.
    for point in points:
        seeds[tuple(np.subtract(nearest_voxel(point.position), box.low))] = OBJECT if point.positive else BACKGROUND
    return seeds


def _box_seeds(prompt: Box, box: VoxelBox) -> np.ndarray:
    low = np.subtract(nearest_voxel(prompt.minimum), box.low)
    high = np.subtract(nearest_voxel(prompt.maximum), box.low) + 1
    seeds = np.full(box.shape, BACKGROUND, np.uint8)
    seeds[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = 0
    seeds[_ellipsoid(box.shape, (low + high - 1) / 2, (high - low) / 2 * _CORE_OF_BOX) <= 1] = OBJECT
    return seeds


def _face_seeds(shape: Triple) -> np.ndarray:
    seeds = np.full(shape, BACKGROUND, np.uint8)
    seeds[1:-1, 1:-1, 1:-1] = 0
    return seeds


def _ellipsoid(shape: Triple, centre: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Distance from the centre, 1 on the surface of the ellipsoid."""
    k, j, i = (
        ((np.arange(n) - c) / max(r, np.finfo(float).tiny)) ** 2 for n, c, r in zip(shape, centre, radii, strict=True)
    )
    return np.asarray(np.sqrt(k[:, None, None] + j[:, None] + i))


def _steps(shape: Triple, spacing_mm: Sequence[float], most_voxels: int) -> Triple:
    steps = np.ones(3, int)
    while np.prod(np.ceil(np.array(shape) / steps)) > most_voxels:
        steps[np.argmin(steps * np.array(spacing_mm))] += 1
    k, j, i = steps.tolist()
    return k, j, i


def _block_means(array: np.ndarray, steps: Triple) -> np.ndarray:
    missing = [(0, -size % step) for size, step in zip(array.shape, steps, strict=True)]
    return np.asarray(block_reduce(np.pad(array, missing, mode="edge"), steps, np.mean))


def _coarse_seeds(seeds: np.ndarray, steps: Triple) -> np.ndarray:
    # A seed survives in its block; where both kinds meet, the object's does.
    has_object = block_reduce(seeds == OBJECT, steps, np.max, cval=False)
    has_background = block_reduce(seeds == BACKGROUND, steps, np.max, cval=False)
    return np.where(has_object, OBJECT, np.where(has_background, BACKGROUND, 0)).astype(np.uint8)


def _coarse_spacing(spacing_mm: Sequence[float], steps: Triple) -> tuple[float, float, float]:
    k, j, i = (spacing * step for spacing, step in zip(spacing_mm, steps, strict=True))
    return k, j, i
