"""A small mask model of the kind that walks through slices: it needs no torch and no training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from MedVLSAM2Lib.model.mask_model import Answer, Cache, MaskEstimate, MaskRequest
from MedVLSAM2Lib.prompts import Point, nearest_voxel
from MedVLSAM2Lib.volume import VoxelBox


class SliceWiseModel:
    """What is as bright as the clicked voxel, one slice after the other outwards from the click."""

    identity = "slice-wise"
    capabilities = ("click",)
    cache_bytes = 0

    def __init__(self, tolerance: float = 40.0) -> None:
        self._tolerance = tolerance

    def answer(self, request: MaskRequest, cache: Cache) -> Iterator[Answer]:
        """The clicked slice first, then its neighbours, one Answer a slice; a negative click takes away."""
        click = next(prompt for prompt in reversed(request.prompts) if isinstance(prompt, Point))
        clicked = nearest_voxel(click.position)
        depth = request.volume.shape[0]
        for number, k in enumerate(sorted(range(depth), key=lambda k: (abs(k - clicked[0]), k)), start=1):
            yield Answer((self._slice(request, click, clicked, k),), fraction=number / depth, message=f"slice {k}")

    def _slice(self, request: MaskRequest, click: Point, clicked: tuple[int, int, int], k: int) -> MaskEstimate:
        _, rows, columns = request.volume.shape
        box = VoxelBox((k, 0, 0), (k + 1, rows, columns))
        difference = np.abs(request.volume.array[box.slices].astype(float) - float(request.volume.array[clicked]))
        earlier = request.earlier.unpack(box)
        alike = difference < self._tolerance
        return MaskEstimate(box, np.where(earlier | alike if click.positive else earlier & ~alike, 1.0, -1.0), 0.5)
