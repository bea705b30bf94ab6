"""The loss of a batch of clips: corrections without a gradient, then an answer and its way through the slices with one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from MedVLSAM2Lib.model.slices.network import SliceNetwork
from MedVLSAM2Lib.training.learning.mixed_precision import mixed_precision
from MedVLSAM2Lib.training.slices.clip import Clip, ClipBatch
from MedVLSAM2Lib.training.slices.losses import object_is_there, plane_dice, slice_loss
from MedVLSAM2Lib.training.slices.play import Play, on_pixels


@dataclass(frozen=True)
class Learned:
    """What came of a part of a batch.

    Attributes:
        loss: its mean over clips and slices, with a gradient until it is detached.
        numbers: for the curve.
    """

    loss: Tensor
    numbers: dict[str, float]

    def detached(self) -> Learned:
        """The numbers without the graph."""
        return Learned(self.loss.detach(), self.numbers)


def learn(network: SliceNetwork, clips: Sequence[Clip], corrections: int, bfloat16: bool) -> Learned:
    """Play a batch with so many corrections before the answer that is learned from."""
    batch = ClipBatch.of(clips, network.device)
    with mixed_precision(network.device, bfloat16):
        play = Play(network, batch)
        for _ in range(corrections):
            with torch.no_grad():
                play.correct(play.answer())
        masks = play.answer()
        losses, dice = [slice_loss(masks, batch.share_on(0))], [_dice(masks.believed().logits, batch.share_on(0))]
        right = []
        for number, followed in play.follow(masks):
            share = batch.share_on(number)
            losses.append(slice_loss(followed, share))
            dice.append(_dice(followed.believed().logits, share))
            right.append((followed.score[:, 0] > 0) == object_is_there(share))
    numbers = {f"dice_{min(corrections, 3)}": float(dice[0].nanmean())}
    numbers["followed"] = float(torch.stack(dice[1:]).nanmean())
    numbers["score_right"] = float(torch.stack(right).float().mean())
    return Learned(
        torch.stack(losses).mean(), {name: value for name, value in numbers.items() if not math.isnan(value)}
    )


@torch.no_grad()
def _dice(logits: Tensor, share: Tensor) -> Tensor:
    """Dice on the pixels of each slice, (B,); not a number where the object is not on it."""
    answer = on_pixels(logits, share.shape[-1]) > 0
    return torch.where(object_is_there(share), plane_dice(answer, share > 0.5), torch.nan)
