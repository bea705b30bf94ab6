"""A slice network that needs no training: the object is what is bright."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from MedVLSAM2Lib.model.slices.network import SliceNetwork
from MedVLSAM2Lib.model.slices.tensors import SliceFeatures, SliceMasks, SliceMemory, SlicePrompt


class BrightNetwork(SliceNetwork):
    """On a prompted slice the bright part that is clicked; on every other slice all that is bright.

    Of its three answers to a click the second is the bright part itself, and the one it believes. Negative clicks take
    their surroundings away. It counts what it is asked.
    """

    def __init__(self, config) -> None:
        super().__init__(config)
        self.encoded = 0
        self.attended: list[tuple[int, int]] = []
        self.fed_back: list[bool] = []

    def encode(self, pixels: Tensor) -> SliceFeatures:
        self.encoded += 1
        brightness = functional.avg_pool2d(pixels[:, :1], 4)
        return SliceFeatures(brightness.flatten(2).transpose(1, 2), brightness, brightness)

    def attend(
        self,
        features: SliceFeatures,
        memories: Sequence[tuple[int, SliceMemory]],
        pointers: Sequence[tuple[int, Tensor]],
        farthest: int,
    ) -> Tensor:
        self.attended.append((len(memories), len(pointers)))
        return features.top

    def without_memory(self, features: SliceFeatures) -> Tensor:
        return features.top

    def decode(
        self, features: SliceFeatures, top: Tensor, prompt: SlicePrompt, several: bool | None = None
    ) -> SliceMasks:
        self.fed_back.append(prompt.mask is not None)
        inside = (features.fine[0, 0] > 1).numpy()
        parts, _ = ndimage.label(inside)
        clicks = (prompt.points[0] + 0.5).numpy() // 4
        labels = prompt.labels[0].tolist()
        for (x, y), label in zip(clicks.astype(int), labels, strict=True):
            if label == 1 and parts[y, x]:
                inside = parts == parts[y, x]
            if label == 0:
                inside[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2] = False
        answers = [inside]
        if labels == [1]:
            answers = [ndimage.binary_erosion(inside), inside, ndimage.binary_dilation(inside)]
        logits = torch.from_numpy(np.where(np.stack(answers), 8.0, -8.0)).float()[None]
        iou = torch.tensor([[0.3, 0.9, 0.5][: len(answers)] if len(answers) > 1 else [0.8]])
        score = torch.tensor([[1.0 if inside.any() else -1.0]])
        return SliceMasks(logits, iou, score, torch.zeros(1, len(answers), 64))

    def accept(self, features: SliceFeatures, mask: Tensor) -> SliceMasks:
        logits = functional.avg_pool2d(mask, 4) * 20 - 10
        return SliceMasks(logits, torch.ones(1, 1), torch.ones(1, 1), torch.zeros(1, 1, 64))

    def remember(self, features: SliceFeatures, masks: SliceMasks, prompted: bool) -> SliceMemory:
        return SliceMemory(torch.zeros(1, self.config.grid**2, 64), masks.pointer[:, 0])
