"""What is made small on one slice: SAM 2's mixture of mask, IoU and object score."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from MedVLSAM2Lib.model.slices.tensors import SliceMasks

IOU_WEIGHT, SCORE_WEIGHT = 1.0, 0.5
_PLANE = (2, 3)


def slice_loss(masks: SliceMasks, share: Tensor) -> Tensor:
    """The loss of B slices, (B,).

    Of several masks only the best one learns its outline, every one its IoU, as in SAM 2 (arXiv 2408.00714). The
    cross-entropy weighs object and surroundings alike: on a whole slice an object is a hundredth of the pixels, and a
    network that begins from nothing would otherwise learn first to answer nothing at all. A slice without the object is
    learned from by its score alone.

    Args:
        masks: what was answered, M masks each.
        share: (B, 1, S, S) float32, the object's share of each pixel.
    """
    height, width = masks.logits.shape[-2:]
    share = functional.adaptive_avg_pool2d(share, (height, width))
    is_there = object_is_there(share)
    outline = _outline_loss(masks.logits, share)
    best = outline.min(dim=1).values
    told = (masks.iou - _iou(masks.logits > 0, share > 0.5)).square().mean(dim=1)
    score = functional.binary_cross_entropy_with_logits(masks.score[:, 0], is_there.float(), reduction="none")
    return torch.where(is_there, best + IOU_WEIGHT * told, 0.0) + SCORE_WEIGHT * score


def object_is_there(share: Tensor) -> Tensor:
    """(B,) bool: whether the object fills half of any pixel (B, 1, S, S)."""
    return share.flatten(1).amax(dim=1) > 0.5


def plane_dice(answer: Tensor, target: Tensor) -> Tensor:
    """Dice of bool masks (B, 1, S, S): (B,)."""
    overlap = (answer & target).sum(dim=(1, 2, 3)).float()
    return (2 * overlap + 1e-3) / (answer.sum(dim=(1, 2, 3)) + target.sum(dim=(1, 2, 3)) + 1e-3)


def _outline_loss(logits: Tensor, share: Tensor) -> Tensor:
    """(B, M): Dice against the object's pixels and balanced cross-entropy against its share of each."""
    probability, target = logits.sigmoid(), (share > 0.5).float()
    overlap = 2 * (probability * target).sum(_PLANE) + 1
    dice = 1 - overlap / (probability.sum(_PLANE) + target.sum(_PLANE) + 1)
    inside, outside = (
        (part * functional.softplus(sign * logits)).sum(_PLANE) / part.sum(_PLANE).clamp(min=1)
        for part, sign in ((share, -1), (1 - share, 1))
    )
    return dice + 0.5 * (inside + outside)


def _iou(answer: Tensor, target: Tensor) -> Tensor:
    """(B, M) of bool masks (B, M, L, L) and (B, 1, L, L)."""
    both, either = (answer & target).sum(_PLANE).float(), (answer | target).sum(_PLANE).float()
    return both / either.clamp(min=1)
