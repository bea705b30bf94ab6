"""How a slice network does on scans it never trains on: always the same clips, clicks and corrections."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from MedVLSAM2Lib.model.slices.network import SliceNetwork
from MedVLSAM2Lib.training.data.cases import Case
from MedVLSAM2Lib.training.learning.mixed_precision import mixed_precision
from MedVLSAM2Lib.training.slices.clip import Clip, ClipBatch
from MedVLSAM2Lib.training.slices.config import SliceTrainingConfig
from MedVLSAM2Lib.training.slices.losses import object_is_there, plane_dice
from MedVLSAM2Lib.training.slices.play import Play, on_pixels
from MedVLSAM2Lib.training.slices.source import ClipSource

CORRECTIONS = 2
SEED = 20_25
MEASURES = ("click_1", "click_3", "followed", "score_right")


class ClipValidation:
    """A click on the first slice of each clip, two corrections, and the object followed through the others."""

    measures = MEASURES

    def __init__(self, cases: Sequence[Case], config: SliceTrainingConfig) -> None:
        self._config = config
        source = ClipSource([case for case in cases if case.held_out], config)
        rngs = (np.random.default_rng((SEED, number)) for number in range(config.validation_objects))
        self._clips: list[Clip] = [source.draw(rng, in_box=False) for rng in rngs]

    @torch.no_grad()
    def run(self, network: SliceNetwork) -> dict[str, float]:
        """Means over the clips: Dice on the first slice after one click and after three, Dice on the other slices that
        the object is on, and how often the score says rightly whether it is there."""
        network.eval()
        rows: dict[str, list[float]] = {name: [] for name in MEASURES}
        for clip in self._clips:
            with mixed_precision(network.device, self._config.bfloat16):
                self._play(network, ClipBatch.of([clip], network.device), rows)
        return {name: float(np.mean(values)) if values else 0.0 for name, values in rows.items()}

    def score(self, measured: dict[str, float]) -> float:
        """One number to compare checkpoints by."""
        return measured["click_1"] + measured["click_3"] + measured["followed"]

    def _play(self, network: SliceNetwork, batch: ClipBatch, rows: dict[str, list[float]]) -> None:
        play = Play(network, batch, teaches=False)
        size, dice = batch.greys.shape[-1], []
        masks = play.answer()
        for _ in range(CORRECTIONS):
            dice.append(plane_dice(on_pixels(masks.believed().logits, size) > 0, batch.share_on(0) > 0.5))
            play.correct(masks)
            masks = play.answer()
        rows["click_1"].append(float(dice[0]))
        rows["click_3"].append(float(plane_dice(on_pixels(masks.believed().logits, size) > 0, batch.share_on(0) > 0.5)))
        for number, followed in play.follow(masks):
            share = batch.share_on(number)
            is_there = bool(object_is_there(share))
            rows["score_right"].append(float((float(followed.score) > 0) == is_there))
            if is_there:
                answer = on_pixels(followed.believed().logits, size) > 0
                rows["followed"].append(float(plane_dice(answer, share > 0.5)))
