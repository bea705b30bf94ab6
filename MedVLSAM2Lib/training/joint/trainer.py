"""A network in a stage of training: its optimiser, its average, its progress, and the state from which it goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from MedVLSAM2Lib.model.medvlsam2.config import MASK_MODEL
from MedVLSAM2Lib.training.joint.config import TRAINED, JointConfig
from MedVLSAM2Lib.training.joint.conversation_tokens import ConversationTokens
from MedVLSAM2Lib.training.joint.example import JointBatch
from MedVLSAM2Lib.training.joint.learner import Learner, Measured
from MedVLSAM2Lib.training.joint.network import JointNetwork
from MedVLSAM2Lib.training.joint.processes import OneProcess, Processes
from MedVLSAM2Lib.training.learning.ema import MovingAverage
from MedVLSAM2Lib.training.learning.replicas import Replicas
from MedVLSAM2Lib.training.learning.schedule import learning_rate, progress
from MedVLSAM2Lib.training.learning.trainer import STATE_NAME, Progress

STREAM = 3_000_000
# What only a loss needs is trained with it, and is no part of a checkpoint.
OF_LOSSES = ("alignment", "meaning")


class JointTrainer:
    """Takes one step a batch; ``average`` holds the weights to use."""

    def __init__(
        self,
        config: JointConfig,
        network: JointNetwork,
        tokenizer: PreTrainedTokenizerBase,
        processes: Processes | None = None,
    ) -> None:
        """``processes`` train together; None for this one alone."""
        self.config, self.network, self.tokenizer = config, network, tokenizer
        self.processes = processes or OneProcess()
        # Parts that stay as they are keep the statistics of their norms too; copies of the network are as it is now.
        network.eval()
        for part in config.learns:
            getattr(network, part).train()
        self.progress = Progress()
        self.average = MovingAverage(network, config.ema)
        self._learner = Learner(config, ConversationTokens(tokenizer, network.asked))
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(_learns(name, config))
        self._replicas = Replicas(network, config.threads)
        self._optimiser = torch.optim.AdamW(
            self._groups(), config.schedule.peak, betas=(0.9, 0.98), weight_decay=config.weight_decay
        )

    @property
    def is_done(self) -> bool:
        """Whether the schedule has come to its end."""
        return self._done >= 1

    @property
    def learning_rate(self) -> float:
        """The next step's, of the mask model."""
        return learning_rate(self.config.schedule, self.progress.step, self._done)

    def step(self, batches: list[JointBatch]) -> dict[str, float]:
        """Learn from one batch, or from several whose gradients are added up; the mean of each number."""
        self._set_rates()
        measured = [self._gradients(batch, number, len(batches)) for number, batch in enumerate(batches)]
        self.processes.average_gradients(self.network)
        learned = [parameter for parameter in self.network.parameters() if parameter.grad is not None]
        torch.nn.utils.clip_grad_norm_(learned, self.config.gradient_norm)
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        self.progress.step += 1
        self.average.update(self.network, self.progress.step)
        return _means([part.numbers for parts in measured for part in parts])

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

    def resume(self, folder: Path) -> None:
        """Go on where ``save`` was last called."""
        state = torch.load(folder / STATE_NAME, weights_only=True)
        self.progress = Progress(**state["progress"])
        self.network.load_state_dict(state["network"])
        self.average.network.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])

    @property
    def _done(self) -> float:
        return progress(self.config.schedule, self.progress.step, self.progress.seconds)

    def _gradients(self, batch: JointBatch, number: int, batches: int) -> list[Measured]:
        """Gradients of one batch, its parts computed side by side."""
        # Of several processes none repeats another's draws.
        key = (self.config.seed, self.progress.step, STREAM, self.processes.index * batches + number)
        parts = batch.parts(self.config.threads)

        def learn(network: JointNetwork, part: list[JointBatch], index: int) -> Measured:
            measured = self._learner.measure(network, part[0], np.random.default_rng((*key, index)))
            (measured.loss / (len(parts) * batches)).backward()
            return measured.detached()

        results = self._replicas.map_parts(learn, parts)
        self._replicas.gather_gradients()
        return results

    def _groups(self) -> list[dict[str, object]]:
        """The mask model learns at the schedule's rate, everything else at its multiple."""
        named = [(name, p) for name, p in self.network.named_parameters() if p.requires_grad]
        slow = [p for name, p in named if name.startswith(MASK_MODEL) and "token_modulation" not in name]
        fast = [p for name, p in named if not name.startswith(MASK_MODEL) or "token_modulation" in name]
        groups = ((slow, 1.0), (fast, self.config.language_rate))
        return [{"params": parameters, "multiple": multiple} for parameters, multiple in groups if parameters]

    def _set_rates(self) -> None:
        for group in self._optimiser.param_groups:
            group["lr"] = self.learning_rate * group["multiple"]


def _learns(name: str, config: JointConfig) -> bool:
    """Whether a parameter is one of a part that learns, or of a loss that counts."""
    for loss in OF_LOSSES:
        if name.startswith(loss):
            return float(getattr(config.weights, loss)) > 0
    part = next(part for part in TRAINED if name.startswith(part))
    return part in config.learns


def _means(rows: list[dict[str, float]]) -> dict[str, float]:
    names = sorted({name for row in rows for name in row})
    return {name: float(np.mean([row[name] for row in rows if name in row])) for name in names}
