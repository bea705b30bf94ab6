"""The patch network in training on clicks, boxes, scribbles and lassos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from MedVLSAM2Lib.model.patches.checkpoint import save_checkpoint
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.training.config import TrainingConfig
from MedVLSAM2Lib.training.examples.example import Example
from MedVLSAM2Lib.training.learning.ema import MovingAverage
from MedVLSAM2Lib.training.learning.processes import OneProcess, Processes
from MedVLSAM2Lib.training.learning.replicas import Replicas
from MedVLSAM2Lib.training.learning.rough_weights import is_rough, load_rough_weights
from MedVLSAM2Lib.training.learning.rounds import Rounds, RoundsResult
from MedVLSAM2Lib.training.learning.training_state import TrainingState
from MedVLSAM2Lib.training.model_card import card_of

# Draws of the rounds must not repeat those of the examples, which count from zero.
ROUNDS_STREAM = 1_000_000
STAGE = "interactive"
CURVE_COLUMNS = ("step", "seconds", "views_per_second", "wait_share", "learning_rate", "loss", "dice_0", "dice_1",
                 "dice_2", "dice_3", "quality_error")  # fmt: skip


class Trainer(TrainingState[PatchNetwork]):
    """Takes one step a batch; ``average`` holds the weights to use."""

    def __init__(self, config: TrainingConfig, processes: Processes | None = None) -> None:
        """``processes`` train together, each on its device; None for this one alone, on the CPU."""
        self.config = config
        self.processes = processes or OneProcess()
        torch.manual_seed(config.seed)
        network = PatchNetwork(config.network).to(self.processes.device)
        optimiser = torch.optim.AdamW(
            network.parameters(), config.schedule.peak, betas=(0.9, 0.99), weight_decay=config.weight_decay
        )
        super().__init__(network, MovingAverage(network, config.ema), optimiser, config.schedule)
        self._replicas = Replicas(network, config.threads)
        self._rounds = Rounds(config.rounds, config.quality_weight, config.bfloat16)

    def start_from(self, weights: Path) -> None:
        """Begin with the weights in a safetensors file instead of random ones."""
        if is_rough(weights):
            load_rough_weights(self.network, weights)
        else:
            self.network.load_state_dict({name: tensor.float() for name, tensor in load_file(str(weights)).items()})
        self.average = MovingAverage(self.network, self.config.ema)

    @property
    def stage(self) -> str:
        """What the log calls it."""
        return STAGE

    @property
    def curve_columns(self) -> tuple[str, ...]:
        """The columns of its curve."""
        return CURVE_COLUMNS

    @property
    def batches_a_step(self) -> int:
        """How many batches a step learns from."""
        return 1

    def speed(self, steps: float, seconds: float) -> dict[str, float]:
        """What the curve says of so many steps in so many seconds."""
        return {"views_per_second": steps * self.config.batch / seconds}

    def step(self, batches: list[list[Example]]) -> dict[str, float]:
        """Learn from one batch: the loss, the Dice of each round and the error of the network's estimate of it."""
        (batch,) = batches
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate
        self.network.train()
        result = self._gradients(batch)
        self.processes.average_gradients(self.network)
        self.take_step(self.config.gradient_norm)
        dice = {f"dice_{index}": float(value.mean()) for index, value in enumerate(result.dice)}
        return {"loss": float(result.loss), "quality_error": result.quality_error, **dice}

    def export(self, folder: Path, validation: dict[str, float]) -> None:
        """Write the averaged weights, and what is known of them, as a checkpoint."""
        views = self.progress.step * self.config.batch
        card = card_of(self.config, self.progress.step, self.progress.seconds, validation, views)
        save_checkpoint(folder, self.average.network, card)

    def _gradients(self, batch: list[Example]) -> RoundsResult:
        """Gradients of one batch, its parts computed side by side."""
        key = (self.config.seed, self.progress.step, ROUNDS_STREAM)
        count = self._rounds.draw_count(np.random.default_rng(key))

        def learn(network: PatchNetwork, part: list[Example], number: int) -> RoundsResult:
            # Of several processes none repeats another's draws.
            own = self.processes.index * self._replicas.count + number
            result = self._rounds.run(network, part, count, np.random.default_rng((*key, own)))
            (result.loss * (len(part) / len(batch))).backward()
            return result.detached()

        results = self._replicas.map_parts(learn, batch)
        self._replicas.gather_gradients()
        return RoundsResult.joined(results)
