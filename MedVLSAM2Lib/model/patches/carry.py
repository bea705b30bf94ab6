"""An answer given in one view, as it looks in another."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

# What lies outside the first view is surely not part of its answer.
UNSEEN_LOGIT = 8.0


def carried(logits: Tensor, scale: np.ndarray, offset: np.ndarray) -> Tensor:
    """Logits (1, 1, P, P, P) of a first view at a second view's cells, averaged where those are larger.

    ``scale`` and ``offset`` (3,) turn the first view's cells into the second's.
    """
    side, device = logits.shape[-1], logits.device
    above = logits + UNSEEN_LOGIT
    for axis in range(3):
        per_cell = 1 / float(scale[axis])
        positions = (torch.arange(side, device=device) - float(offset[axis])) * per_cell
        distance = (positions[:, None] - torch.arange(side, device=device)[None]).abs()
        width = max(per_cell, 1.0)
        weights = (((width + 1) / 2 - distance).clamp(0, 1) / width).float()
        above = torch.tensordot(above, weights, dims=([2 + axis], [1])).movedim(-1, 2 + axis)
    return above - UNSEEN_LOGIT
