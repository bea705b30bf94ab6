"""What the network is trained to make small, and how its answers are scored."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_SPACE = (1, 2, 3, 4)


def mask_loss(logits: Tensor, share: Tensor) -> Tensor:
    """Dice plus weighted cross-entropy, (B,).

    The Dice is against the object's cells, the cross-entropy against its share of each cell, which places the boundary
    between cells. The cross-entropy weighs more where the object is small, or nobody would learn its few cells.

    Args:
        logits: (B, 1, P, P, P) float32.
        share: (B, 1, P, P, P) float32, 0..1.
    """
    probability, target = logits.sigmoid(), (share > 0.5).float()
    overlap = 2 * (probability * target).sum(_SPACE) + 1
    dice = 1 - overlap / (probability.sum(_SPACE) + target.sum(_SPACE) + 1)
    entropy = functional.binary_cross_entropy_with_logits(logits, share, reduction="none").mean(_SPACE)
    weight = 0.5 * (1 + 0.15 / target.mean(_SPACE).clamp(min=0.01))
    return dice + weight * entropy


def hard_dice(answer: Tensor, target: Tensor, whole: Tensor | None = None) -> Tensor:
    """Dice of two bool masks (B, 1, P, P, P): (B,); ``whole`` (B,) counts the target's cells beyond the view too."""
    overlap = (answer & target).sum(_SPACE).float()
    cells = target.sum(_SPACE).float()
    expected = cells if whole is None else torch.maximum(whole, cells)
    return (2 * overlap + 1e-3) / (answer.sum(_SPACE) + expected + 1e-3)
