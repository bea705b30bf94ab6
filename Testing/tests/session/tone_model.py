"""A small mask model that knows words: a token is the tone, in HU, of what is meant. It needs no training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.model.mask_model import Answer, Cache, MaskEstimate, MaskRequest
from MedVLSAM2Lib.prompts import Box, Point, nearest_voxel
from MedVLSAM2Lib.volume import PackedMask, Volume, VoxelBox

TOLERANCE = 30


class ToneReader:
    """Knows the tones of a few words."""

    def __init__(self, tones: Mapping[str, float]) -> None:
        self._tones = tones
        self.asked: list[tuple[str, ...]] = []

    def tokens(self, volume: Volume, volume_id: str, phrases: Sequence[str], cache: Cache) -> np.ndarray:
        """(len(phrases), 1)."""
        self.asked.append(tuple(phrases))
        return np.array([[self._tones[phrase]] for phrase in phrases], np.float32)


class ToneModel:
    """Every connected part of a tone; surer of the larger ones. A click means the tone of its voxel."""

    identity = "tones"
    cache_bytes = 0

    def __init__(self, capabilities: tuple[str, ...] = ("click", "phrase")) -> None:
        self.capabilities = capabilities
        self.asked: list[MaskRequest] = []
        self.looks = 0

    def locate(self, request: MaskRequest, cache: Cache) -> list[PackedMask]:
        """Each part, coarsely: with its margin, and those with much between them twice."""
        self.looks += 1
        parts, count = ndimage.label(self._tone(request))
        return [PackedMask.pack(ndimage.binary_dilation(parts == n)) for n in range(1, count + 1)] * 2

    def answer(self, request: MaskRequest, cache: Cache) -> Iterator[Answer]:
        """The parts that the earlier mask, a click or a box reaches."""
        self.asked.append(request)
        parts, _ = ndimage.label(self._tone(request))
        seeds = request.earlier.unpack(VoxelBox.of_shape(request.volume.shape))
        for prompt in request.prompts:
            if isinstance(prompt, Point):
                seeds[nearest_voxel(prompt.position)] = True
        reached = np.unique(parts[seeds])
        inside = np.isin(parts, reached[reached > 0])
        confidence = 0.9 if inside.sum() > 300 else 0.2
        box = VoxelBox.of_shape(request.volume.shape)
        yield Answer((MaskEstimate(box, np.where(inside, 1.0, -1.0), confidence, VoxelBox.around(inside)),))

    def _tone(self, request: MaskRequest) -> np.ndarray:
        if request.tokens is not None:
            tone = float(request.tokens[0, 0])
        else:
            asked = [prompt for prompt in request.prompts if isinstance(prompt, Point | Box)]
            click = next(prompt for prompt in reversed(asked) if isinstance(prompt, Point))
            tone = float(request.volume.array[nearest_voxel(click.position)])
        inside: np.ndarray = np.abs(request.volume.array.astype(float) - tone) < TOLERANCE
        return inside
