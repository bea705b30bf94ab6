"""User and network at a batch of clips: prompts on the first slice, corrections of the answer, then the way on."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from MedVLSAM2Lib.model.slices.network import SliceNetwork
from MedVLSAM2Lib.model.slices.slice_stack import normalised
from MedVLSAM2Lib.model.slices.tensors import SliceMasks, SlicePrompt
from MedVLSAM2Lib.model.slices.track import MOST_POINTERS, SliceRecord, Track, Way
from MedVLSAM2Lib.training.prompting.cell_prompts import CellStroke
from MedVLSAM2Lib.training.prompting.corrections import clicks_at_peaks
from MedVLSAM2Lib.training.slices.clip import ClipBatch
from MedVLSAM2Lib.training.slices.losses import object_is_there

# As a session feeds an answer back.
LARGEST_LOGIT = 32.0
NO_POINT = -1


class Play:
    """One batch, from the first prompt to the last slice; what is computed has gradients if they are asked for."""

    def __init__(self, network: SliceNetwork, batch: ClipBatch, teaches: bool = True) -> None:
        """``teaches``: the masks of a slice with the object have gradients, whatever the network's score says."""
        self._network, self._batch, self._teaches = network, batch, teaches
        self._features = network.encode(normalised(batch.greys.flatten(0, 1)[:, None]))
        self._points, self._labels = batch.points, batch.labels
        self._earlier: Tensor | None = None

    def answer(self) -> SliceMasks:
        """The answer to all prompts on the first slice: three masks to a first prompt, else one."""
        features = self._features.nth_of_clips(0, self._batch.length)
        prompt = SlicePrompt(self._points, self._labels, self._earlier)
        top = self._network.without_memory(features)
        return self._network.decode(
            features, top, prompt, several=self._earlier is None, is_there=self._known_to_be_there(0)
        )

    def correct(self, masks: SliceMasks) -> None:
        """The user clicks amid the largest error of what the network believes, which is the earlier mask from now on."""
        logits = masks.believed().logits.detach()
        self._earlier = logits.clamp(-LARGEST_LOGIT, LARGEST_LOGIT)
        target = self._batch.share_on(0) > 0.5
        made = clicks_at_peaks((on_pixels(logits, target.shape[-1]) > 0)[:, :, None], target[:, :, None])
        points, labels = [], []
        for click in made:
            _, row, column = click.cells[0] if isinstance(click, CellStroke) else (0.0, 0.0, 0.0)
            points.append([[float(column), float(row)]])
            labels.append([int(click.positive) if isinstance(click, CellStroke) else NO_POINT])
        device = self._points.device
        self._points = torch.cat([self._points, torch.tensor(points, dtype=torch.float32, device=device)], dim=1)
        self._labels = torch.cat([self._labels, torch.tensor(labels, dtype=torch.int32, device=device)], dim=1)

    def follow(self, masks: SliceMasks) -> Iterator[tuple[int, SliceMasks]]:
        """From the answer on the first slice through the others: the number of each, and its masks."""
        network, length = self._network, self._batch.length
        first, features = masks.believed(), self._features.nth_of_clips(0, length)
        track = Track().with_prompted(0, SliceRecord(first, network.remember(features, first, prompted=True)))
        way = Way(downwards=False, depth=MOST_POINTERS)
        for number in range(1, length):
            features = self._features.nth_of_clips(number, length)
            top = network.attend(
                features, track.memories(number, way), track.pointers(number, way), way.farthest_pointer
            )
            nothing = SlicePrompt.nothing(len(features), self._points.device)
            answered = network.decode(features, top, nothing, is_there=self._known_to_be_there(number))
            believed = answered.believed()
            memory = network.remember(features, believed, prompted=False)
            track = track.with_followed(number, SliceRecord(believed, memory))
            yield number, answered

    def _known_to_be_there(self, number: int) -> Tensor | None:
        return object_is_there(self._batch.share_on(number)) if self._teaches else None


def on_pixels(logits: Tensor, size: int) -> Tensor:
    """Logits (B, M, L, L) on the pixels of the slice: (B, M, size, size)."""
    return functional.interpolate(logits.float(), (size, size), mode="bilinear", align_corners=False)
