"""A slice network that needs no training and knows three words: a token says which tone the object has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from MedVLSAM2Lib.model.slices.tensors import SliceFeatures, SliceMasks, SliceMemory, SlicePrompt
from tests.model.slices.bright_network import BrightNetwork

BRIGHT, DARK, ABSENT = (np.full((1, 64), tone, np.float32) for tone in (1.0, -1.0, 0.0))
EDGE = 16


class ToneNetwork(BrightNetwork):
    """Asked in words, all that has the tone on a slice; with clicks as well, the part that is clicked.

    Followed, the parts that touch what it remembers. It believes larger objects more.
    """

    def attend(
        self,
        features: SliceFeatures,
        memories: Sequence[tuple[int, SliceMemory]],
        pointers: Sequence[tuple[int, Tensor]],
        farthest: int,
    ) -> Tensor:
        _, last = min(memories, key=lambda memory: memory[0] or farthest)
        remembered = last.features[0].float().flatten()[: EDGE**2].reshape(1, EDGE**2, 1)
        tone = last.pointer[0, 0].expand(1, EDGE**2, 1)
        return torch.cat([features.top, remembered, tone], dim=2)

    def decode(
        self, features: SliceFeatures, top: Tensor, prompt: SlicePrompt, several: bool | None = None
    ) -> SliceMasks:
        tone = float(top[0, 0, 2]) if top.shape[2] > 1 else 1.0
        if prompt.tokens is not None:
            tone = float(prompt.tokens[0, 0, 0])
        inside = (tone * features.fine[0, 0] > 1).numpy()
        for place, label in zip((prompt.points[0] + 0.5).numpy() // 4, prompt.labels[0].tolist(), strict=True):
            if label == 1:
                inside = _touching(inside, np.array([place[::-1]], int))
        if prompt.mask is not None:
            inside = _touching(inside, np.argwhere(prompt.mask[0, 0].numpy() > 0))
        if top.shape[2] > 1:
            inside = _touching(inside, np.argwhere(top[0, :, 1].reshape(EDGE, EDGE).numpy() > 0))
        logits = torch.from_numpy(np.where(inside, 8.0, -8.0)).float()[None, None]
        iou = torch.tensor([[min(0.5 + inside.sum() / 100, 1.0)]])
        pointer = torch.full((1, 1, 64), tone)
        return SliceMasks(logits, iou, torch.tensor([[4.0 if inside.any() else -4.0]]), pointer)

    def remember(self, features: SliceFeatures, masks: SliceMasks, prompted: bool) -> SliceMemory:
        shown = torch.zeros(self.config.grid**2, 64)
        shown.view(-1)[: EDGE**2] = (masks.logits[0, 0] > 0).float().flatten()
        return SliceMemory(shown[None].bfloat16(), masks.pointer[:, 0])


def _touching(inside: np.ndarray, places: np.ndarray) -> np.ndarray:
    parts, _ = ndimage.label(inside)
    return np.isin(parts, [part for part in parts[tuple(places.T)] if part])
