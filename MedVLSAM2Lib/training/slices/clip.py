"""One training example: some slices of an object one after the other, and a prompt on the first of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Clip:
    """Slices in the order in which the object is followed through them.

    Attributes:
        greys: uint8 (T, S, S), windowed and resized, times 255.
        shares: uint8 (T, S, S), the object's share of each pixel times 255.
        points: float32 (N, 2), x and y of the first prompt in pixels of the first slice.
        labels: int32 (N,), as in ``SlicePrompt``.
    """

    greys: np.ndarray
    shares: np.ndarray
    points: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class ClipBatch:
    """B clips as tensors; all have as many slices and points.

    Attributes:
        greys: (B, T, S, S) float32, 0..1.
        shares: (B, T, S, S) float32, 0..1.
        points: (B, N, 2) float32.
        labels: (B, N) int32.
    """

    greys: Tensor
    shares: Tensor
    points: Tensor
    labels: Tensor

    @classmethod
    def of(cls, clips: Sequence[Clip], device: torch.device) -> ClipBatch:
        """The tensors of some clips, on ``device``."""
        greys, shares, points, labels = (
            torch.from_numpy(np.stack([getattr(clip, name) for clip in clips])).to(device)
            for name in ("greys", "shares", "points", "labels")
        )
        return cls(greys.float() / 255, shares.float() / 255, points, labels)

    @property
    def length(self) -> int:
        """Slices of a clip."""
        return self.greys.shape[1]

    def share_on(self, number: int) -> Tensor:
        """The object's share of the pixels of every clip's slice of that number: (B, 1, S, S)."""
        return self.shares[:, number : number + 1]
