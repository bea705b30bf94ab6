"""One network in training: its optimiser, its average, its progress, and the state from which it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from MedVLSAM2Lib.model.patches.checkpoint import save_checkpoint
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.training.config import TrainingConfig
from MedVLSAM2Lib.training.examples.example import Example
from MedVLSAM2Lib.training.learning.ema import MovingAverage
from MedVLSAM2Lib.training.learning.replicas import Replicas
from MedVLSAM2Lib.training.learning.rough_weights import is_rough, load_rough_weights
from MedVLSAM2Lib.training.learning.rounds import Rounds, RoundsResult
from MedVLSAM2Lib.training.learning.schedule import learning_rate, progress
from MedVLSAM2Lib.training.model_card import card_of

STATE_NAME = "state.pt"
# Draws of the rounds must not repeat those of the examples, which count from zero.
ROUNDS_STREAM = 1_000_000


@dataclass
class Progress:
    """How far a run is: optimiser steps, seconds of training over all its sittings, and its best validation."""

    step: int = 0
    seconds: float = 0.0
    best: float = -1.0


class Trainer:
    """Takes one step a batch; ``average`` holds the weights to use."""

    def __init__(self, config: TrainingConfig) -> None:
        self.config, self.progress = config, Progress()
        torch.manual_seed(config.seed)
        self.network = PatchNetwork(config.network)
        self.average = MovingAverage(self.network, config.ema)
        self._optimiser = torch.optim.AdamW(
            self.network.parameters(), config.schedule.peak, betas=(0.9, 0.99), weight_decay=config.weight_decay
        )
        self._replicas = Replicas(self.network, config.threads)
        self._rounds = Rounds(config.rounds, config.quality_weight, config.bfloat16)

    @property
    def is_done(self) -> bool:
        """Whether the schedule has come to its end."""
        return self._done >= 1

    @property
    def learning_rate(self) -> float:
        """The next step's."""
        return learning_rate(self.config.schedule, self.progress.step, self._done)

    def start_from(self, weights: Path) -> None:
        """Begin with the weights in a safetensors file instead of random ones."""
        if is_rough(weights):
            load_rough_weights(self.network, weights)
        else:
            self.network.load_state_dict({name: tensor.float() for name, tensor in load_file(str(weights)).items()})
        self.average = MovingAverage(self.network, self.config.ema)

    def step(self, batch: list[Example]) -> RoundsResult:
        """Learn from one batch."""
        for group in self._optimiser.param_groups:
            group["lr"] = self.learning_rate
        self.network.train()
        result = self._gradients(batch)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.gradient_norm)
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        self.progress.step += 1
        self.average.update(self.network, self.progress.step)
        return result

    def save(self, folder: Path) -> None:
        """Write the state to resume from; a state that is there is replaced only by a complete one."""
        state = {
            "progress": vars(self.progress),
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }
        unfinished = folder / (STATE_NAME + ".part")
        torch.save(state, unfinished)
        unfinished.replace(folder / STATE_NAME)

    @staticmethod
    def has_state(folder: Path) -> bool:
        """Whether there is something to resume."""
        return (folder / STATE_NAME).exists()

    def resume(self, folder: Path) -> None:
        """Go on where ``save`` was last called."""
        state = torch.load(folder / STATE_NAME, weights_only=True)
        self.progress = Progress(**state["progress"])
        self.network.load_state_dict(state["network"])
        self.average.network.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])

    def export(self, folder: Path, validation: dict[str, float]) -> None:
        """Write the averaged weights, and what is known of them, as a checkpoint."""
        card = card_of(self.config, self.progress.step, self.progress.seconds, validation)
        save_checkpoint(folder, self.average.network, card)

    @property
    def _done(self) -> float:
        return progress(self.config.schedule, self.progress.step, self.progress.seconds)

    def _gradients(self, batch: list[Example]) -> RoundsResult:
        """Gradients of one batch, its parts computed side by side."""
        key = (self.config.seed, self.progress.step, ROUNDS_STREAM)
        count = self._rounds.draw_count(np.random.default_rng(key))

        def learn(network: PatchNetwork, part: list[Example], number: int) -> RoundsResult:
            result = self._rounds.run(network, part, count, np.random.default_rng((*key, number)))
            (result.loss * (len(part) / len(batch))).backward()
            return result.detached()

        results = self._replicas.map_parts(learn, batch)
        self._replicas.gather_gradients()
        return RoundsResult.joined(results)
