"""The rounds of one batch: a first answer, corrections of it, and the last answer, which is learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from MedVLSAM2Lib.model.patches.carry import carried
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.model.torch_machine import device_of
from MedVLSAM2Lib.training.examples.example import Example
from MedVLSAM2Lib.training.learning.losses import hard_dice, mask_loss
from MedVLSAM2Lib.training.learning.scene import Scene
from MedVLSAM2Lib.training.prompting.cell_prompts import CellPrompt
from MedVLSAM2Lib.training.prompting.corrections import corrections

# An earlier mask without a new prompt is a case of its own: the session looks again after its first answer.
CORRECTED_SHARE = 0.75
SOFT_EARLIER_SHARE = 0.12
BLURRED_EARLIER_SHARE = 0.3
LATER_ROUND_WEIGHT = 0.2
STRAIGHT_TO_SECOND_SHARE = 0.75


@dataclass(frozen=True)
class RoundsResult:
    """What came of a batch.

    Attributes:
        loss: of the last round, with a gradient.
        dice: (B,) for each round, of the mask against the target within the view.
        quality_error: mean distance between the network's estimate and the truth in the last round.
    """

    loss: Tensor
    dice: list[Tensor]
    quality_error: float

    def detached(self) -> RoundsResult:
        """The numbers without the graph."""
        return RoundsResult(self.loss.detach(), self.dice, self.quality_error)

    @classmethod
    def joined(cls, parts: Sequence[RoundsResult]) -> RoundsResult:
        """The result of a batch from those of its parts, weighted by their sizes."""
        sizes = [len(part.dice[0]) for part in parts]
        share = [size / sum(sizes) for size in sizes]
        loss = torch.stack([part.loss * weight for part, weight in zip(parts, share, strict=True)]).sum()
        dice = [torch.cat(values) for values in zip(*(part.dice for part in parts), strict=True)]
        error = sum(part.quality_error * weight for part, weight in zip(parts, share, strict=True))
        return cls(loss, dice, error)


class Rounds:
    """Plays user and network against each other on batches of examples."""

    def __init__(
        self, shares: Sequence[float], quality_weight: float, bfloat16: bool, corrected: float = CORRECTED_SHARE
    ) -> None:
        """``corrected`` is the share of answers that the user corrects before the next one."""
        self._corrected = corrected
        self._shares = np.array(shares) / sum(shares)
        self._quality_weight, self._bfloat16 = quality_weight, bfloat16

    def draw_count(self, rng: np.random.Generator) -> int:
        """How many corrections come before the answer that is learned from."""
        return int(rng.choice(len(self._shares), p=self._shares))

    def run(
        self,
        network: PatchNetwork,
        batch: Sequence[Example],
        count: int,
        rng: np.random.Generator,
        tokens: Tensor | None = None,
    ) -> RoundsResult:
        """``count`` rounds without a gradient, then the last answer with one, which also reaches the tokens.

        ``tokens`` (B, N, d) are the seg tokens of what each example is called; None when there are only prompts.
        """
        state = _State(batch, tokens, self._corrected, device_of(network))
        state.correct_given_masks(rng)
        dice: list[Tensor] = []
        # Mostly the session zooms after its first answer; sometimes it stays for a while.
        switch = 1 if rng.random() < STRAIGHT_TO_SECOND_SHARE else 2
        for number in range(1, count + 1):
            with torch.no_grad():
                logits, _ = state.answer(network, self._bfloat16)
            dice.append(hard_dice(logits > 0, state.scene.target))
            if number == switch:
                logits = state.move_to_second_views(logits)
            state.take(logits, rng)
        logits, quality = state.answer(network, self._bfloat16)
        return self._result(logits, quality, state, dice)

    def _result(self, logits: Tensor, quality: Tensor, state: _State, dice: list[Tensor]) -> RoundsResult:
        answer, scene = logits.detach() > 0, state.scene
        within = hard_dice(answer, scene.target)
        # Answers in views of several sizes are compared by it, so it is about the whole object, not the view's part.
        truth = hard_dice(answer, scene.target, scene.whole_cells)
        loss = mask_loss(logits, scene.share).mean() * (1 + LATER_ROUND_WEIGHT * len(dice))
        loss = loss + self._quality_weight * functional.mse_loss(quality, truth)
        return RoundsResult(loss, [*dice, within], float((quality.detach() - truth).abs().mean()))


class _State:
    """What user and network have done so far with each example of a batch."""

    def __init__(self, batch: Sequence[Example], tokens: Tensor | None, corrected: float, device: torch.device) -> None:
        self._batch, self._tokens, self._corrected, self._device = batch, tokens, corrected, device
        self.scene = Scene.of([example.views[0] for example in batch], device)
        self.prompts = [list(example.prompts) for example in batch]
        self.earlier = _given_masks(batch).to(device)

    def answer(self, network: PatchNetwork, bfloat16: bool) -> tuple[Tensor, Tensor]:
        return self.scene.answer(network, self.prompts, self.earlier, bfloat16, self._tokens)

    def correct_given_masks(self, rng: np.random.Generator) -> None:
        """Somebody who brings a mask of their own mostly corrects it at once."""
        given = np.array([example.earlier is not None for example in self._batch])
        if given.any():
            wanted = given & (rng.random(len(self._batch)) < self._corrected)
            made = corrections(self.earlier > 0.5, self.scene.target, rng)
            self._add([prompt if want else None for prompt, want in zip(made, wanted, strict=True)])

    def take(self, logits: Tensor, rng: np.random.Generator) -> None:
        """The answer becomes the earlier mask, and mostly the user corrects it."""
        self.earlier = _as_earlier(logits, rng)
        if rng.random() < self._corrected:
            self._add(corrections(self.earlier > 0.5, self.scene.target, rng))

    def move_to_second_views(self, logits: Tensor) -> Tensor:
        """Look at each example's second view, if it has one; the answer (B, 1, P, P, P) as seen there."""
        moved = []
        for number, example in enumerate(self._batch):
            one = logits[number : number + 1]
            if example.to_second is not None:
                scale, offset = example.to_second
                self.prompts[number] = [prompt.moved(scale, offset) for prompt in self.prompts[number]]
                one = carried(one, scale, offset)
            moved.append(one)
        self.scene = Scene.of([example.views[-1] for example in self._batch], self._device)
        return torch.cat(moved)

    def _add(self, made: Sequence[CellPrompt | None]) -> None:
        for items, prompt in zip(self.prompts, made, strict=True):
            if prompt is not None:
                items.append(prompt)


def _given_masks(batch: Sequence[Example]) -> Tensor:
    """(B, 1, P, P, P) 0..1: the earlier masks that the examples come with, zero where there is none."""
    empty = np.zeros_like(batch[0].views[0].target)
    stacked = np.stack([empty if example.earlier is None else example.earlier for example in batch])
    return torch.from_numpy(stacked).float()[:, None] / 255


def _as_earlier(logits: Tensor, rng: np.random.Generator) -> Tensor:
    """The answer as the next round is shown it: a binary mask, at times blurred by voxels larger than cells."""
    if rng.random() < SOFT_EARLIER_SHARE:
        return logits.sigmoid()
    mask = (logits > 0).float()
    if rng.random() < BLURRED_EARLIER_SHARE:
        mask = functional.avg_pool3d(mask, 3, 1, 1, count_include_pad=False)
    return mask
