"""What goes in and out of a slice network: plain tensors, B slices at a time."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class SliceFeatures:
    """What the image encoder made of B slices.

    Attributes:
        top: (B, T, C), one token for every 16 × 16 pixels, row by row.
        fine: (B, C / 4, 2 √T, 2 √T), for the mask decoder.
        finest: (B, C / 8, 4 √T, 4 √T), for the mask decoder.
    """

    top: Tensor
    fine: Tensor
    finest: Tensor

    @property
    def nbytes(self) -> int:
        """Bytes held, for caches."""
        return self.top.nbytes + self.fine.nbytes + self.finest.nbytes

    def __len__(self) -> int:
        return self.top.shape[0]

    def nth_of_clips(self, number: int, length: int) -> SliceFeatures:
        """The features of every clip's slice of that number, where B slices are clips of ``length`` one after another."""
        return SliceFeatures(*(part[number::length] for part in (self.top, self.fine, self.finest)))

    def one(self, index: int) -> SliceFeatures:
        """The features of one of the slices, on their own."""
        parts = (self.top, self.fine, self.finest)
        top, fine, finest = (part[index : index + 1].clone() for part in parts)
        return SliceFeatures(top, fine, finest)


@dataclass(frozen=True)
class SlicePrompt:
    """What is asked on B slices.

    Attributes:
        points: (B, N, 2) x and y in pixels of the resized slice, (0, 0) the centre of the first pixel; N may be 0.
        labels: (B, N) int: 1 on the object, 0 beside it, 2 and 3 the first and the second corner of a box, which come
            before any other point.
        mask: (B, 1, 4 √T, 4 √T) logits of an earlier answer, or None.
        tokens: (B, K, C) further prompt tokens, or None: the projected state of a [SEG] token, say.
        replace: the tokens stand in the place of points, not beside them; the mask is heard in any case.
    """

    points: Tensor
    labels: Tensor
    mask: Tensor | None = None
    tokens: Tensor | None = None
    replace: bool = False

    @classmethod
    def nothing(cls, batch: int = 1, device: torch.device | str = "cpu") -> SlicePrompt:
        """No prompt at all: what a slice is asked that the object is followed into."""
        return cls(torch.zeros(batch, 0, 2, device=device), torch.zeros(batch, 0, dtype=torch.int32, device=device))


@dataclass(frozen=True)
class SliceMasks:
    """What the mask decoder answered on B slices: M masks for each, M 1 or 3.

    Attributes:
        logits: (B, M, 4 √T, 4 √T); above zero is inside the object, ``ABSENT`` where there is none on the slice.
        iou: (B, M), the network's own estimate of each mask's IoU.
        score: (B, 1), above zero if the object is on the slice.
        pointer: (B, M, C), what is remembered of the object itself.
    """

    logits: Tensor
    iou: Tensor
    score: Tensor
    pointer: Tensor

    @property
    def best(self) -> Tensor:
        """(B,) which mask the network believes."""
        return self.iou.argmax(dim=1)

    def chosen(self, index: int) -> SliceMasks:
        """One of the M masks of every slice."""
        part = slice(index, index + 1)
        return SliceMasks(self.logits[:, part], self.iou[:, part], self.score, self.pointer[:, part])

    def believed(self) -> SliceMasks:
        """Of the M masks of every slice the one that the network believes, which may be another on each."""
        rows, best = torch.arange(len(self.iou), device=self.iou.device), self.best
        logits, iou, pointer = (of[rows, best][:, None] for of in (self.logits, self.iou, self.pointer))
        return SliceMasks(logits, iou, self.score, pointer)


@dataclass(frozen=True)
class SliceMemory:
    """What is remembered of B slices.

    Attributes:
        features: (B, T, 64), rounded to bfloat16 as in the original.
        pointer: (B, C).
    """

    features: Tensor
    pointer: Tensor

    @property
    def nbytes(self) -> int:
        """Bytes held, for caches."""
        return self.features.nbytes + self.pointer.nbytes


ABSENT = -1024.0
"""The logit of a slice without the object."""
