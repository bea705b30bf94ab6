"""A mask model whose answers can be told beforehand."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.model.mask_model import Answer, Cache, MaskEstimate, MaskRequest
from MedVLSAM2Lib.prompts import Box, Point, nearest_voxel
from MedVLSAM2Lib.volume import VoxelBox


class BrightRegionModel:
    """Everything brighter than a level and connected to a positive click or the middle of a box.

    A first prompt has one candidate for each of three levels, and believes the one with the highest level.
    """

    identity = "bright region"
    cache_bytes = 0
    levels = (90.0, 50.0, 20.0)

    def answer(self, request: MaskRequest, cache: Cache) -> Iterator[Answer]:
        """One answer a request."""
        is_first = request.new_from == 0
        levels = self.levels if is_first else (float(request.memory),)  # type: ignore[arg-type]
        estimates = [self._estimate(request, level) for level in levels]
        yield Answer(tuple(estimates), chosen=0)

    def _estimate(self, request: MaskRequest, level: float) -> MaskEstimate:
        parts, _ = ndimage.label(request.volume.array > level)
        seeds = {parts[voxel] for voxel in _positive_voxels(request)} - {0}
        inside = np.isin(parts, list(seeds))
        return MaskEstimate(VoxelBox.of_shape(request.volume.shape), np.where(inside, 1.0, -1.0), 0.5, memory=level)


def _positive_voxels(request: MaskRequest) -> list[tuple[int, int, int]]:
    voxels = []
    for prompt in request.prompts:
        if isinstance(prompt, Point) and prompt.positive:
            voxels.append(nearest_voxel(prompt.position))
        elif isinstance(prompt, Box):
            middle = [(a + b) / 2 for a, b in zip(prompt.minimum, prompt.maximum, strict=True)]
            voxels.append(nearest_voxel(middle))
    return voxels
