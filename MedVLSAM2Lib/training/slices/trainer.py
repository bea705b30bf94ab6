"""The slice network in training on clicks, boxes and the way through the slices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from MedVLSAM2Lib.model.slices.checkpoint import save_checkpoint
from MedVLSAM2Lib.model.slices.network import SliceNetwork
from MedVLSAM2Lib.training.learning.ema import MovingAverage
from MedVLSAM2Lib.training.learning.processes import OneProcess, Processes
from MedVLSAM2Lib.training.learning.replicas import Replicas
from MedVLSAM2Lib.training.learning.training_state import TrainingState
from MedVLSAM2Lib.training.model_card import card_of
from MedVLSAM2Lib.training.slices.clip import Clip
from MedVLSAM2Lib.training.slices.config import SliceTrainingConfig
from MedVLSAM2Lib.training.slices.initial_weights import begin_anew
from MedVLSAM2Lib.training.slices.learner import Learned, learn

# Draws of the rounds must not repeat those of the clips, which count from zero.
ROUNDS_STREAM = 1_000_000
CAPABILITIES = ("click", "box", "prior")
CURVE_COLUMNS = ("step", "seconds", "slices_per_second", "wait_share", "learning_rate", "loss", "dice_0", "dice_1",
                 "dice_2", "dice_3", "followed", "score_right")  # fmt: skip


class SliceTrainer(TrainingState[SliceNetwork]):
    """Takes one step a batch of clips; ``average`` holds the weights to use."""

    def __init__(self, config: SliceTrainingConfig, processes: Processes | None = None) -> None:
        """``processes`` train together, each on its device; None for this one alone, on the CPU."""
        self.config = config
        self.processes = processes or OneProcess()
        torch.manual_seed(config.seed)
        network = SliceNetwork(config.network)
        begin_anew(network)
        for module in network.modules():
            # Its draws are torch's own, which a run that goes on would not repeat.
            if isinstance(module, nn.Dropout):
                module.p = 0.0
        network.to(self.processes.device)
        optimiser = torch.optim.AdamW(
            network.parameters(), config.schedule.peak, betas=(0.9, 0.99), weight_decay=config.weight_decay
        )
        super().__init__(network, MovingAverage(network, config.ema), optimiser, config.schedule)
        self._replicas = Replicas(network, config.threads)

    def start_from(self, weights: Path) -> None:
        """Begin with the weights in a safetensors file, in transformers' names, instead of random ones."""
        self.network.sam.load_state_dict({name: tensor.float() for name, tensor in load_file(str(weights)).items()})
        self.average = MovingAverage(self.network, self.config.ema)

    @property
    def stage(self) -> str:
        """What the log calls it."""
        return "interactive, slices"

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
        return {"slices_per_second": steps * self.config.batch * self.config.length / seconds}

    def step(self, batches: list[list[Clip]]) -> dict[str, float]:
        """Learn from one batch: the loss, the Dice of the first slice and of the others, and how often the score is right."""
        (batch,) = batches
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate
        self.network.train()
        results = self._gradients(batch)
        self.processes.average_gradients(self.network)
        self.take_step(self.config.gradient_norm)
        names = {name for result in results for name in result.numbers}
        means = {name: _mean([r.numbers[name] for r in results if name in r.numbers]) for name in sorted(names)}
        return {"loss": _mean([float(result.loss) for result in results]), **means}

    def export(self, folder: Path, validation: dict[str, float]) -> None:
        """Write the averaged weights, and what is known of them, as a checkpoint."""
        config, views = self.config, self.progress.step * self.config.batch * self.config.length
        card = card_of(config, self.progress.step, self.progress.seconds, validation, views)
        save_checkpoint(folder, self.average.network, {**card, "capabilities": list(CAPABILITIES)})

    def _gradients(self, batch: list[Clip]) -> list[Learned]:
        """Gradients of one batch, its parts computed side by side."""
        config = self.config
        shares = np.array(config.rounds) / sum(config.rounds)
        rng = np.random.default_rng((config.seed, self.progress.step, ROUNDS_STREAM))
        corrections = int(rng.choice(len(shares), p=shares))

        def work(network: SliceNetwork, part: list[Clip], _number: int) -> Learned:
            learned = learn(network, part, corrections, config.bfloat16)
            (learned.loss * (len(part) / len(batch))).backward()
            return learned.detached()

        results = self._replicas.map_parts(work, batch)
        self._replicas.gather_gradients()
        return results


def _mean(values: list[float]) -> float:
    return float(np.mean(values))
