"""All parts of a checkpoint in a stage of training."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from MedVLSAM2Lib.model.medvlsam2.config import LANGUAGE, LOCATOR, MASK_MODEL
from MedVLSAM2Lib.training.joint.adapters import add_adapters, is_of_adapter
from MedVLSAM2Lib.training.joint.config import TRAINED, JointConfig
from MedVLSAM2Lib.training.joint.conversation_tokens import ConversationTokens
from MedVLSAM2Lib.training.joint.example import JointBatch
from MedVLSAM2Lib.training.joint.export import save_checkpoint_of
from MedVLSAM2Lib.training.joint.learner import Learner, Measured
from MedVLSAM2Lib.training.joint.network import JointNetwork
from MedVLSAM2Lib.training.learning.ema import MovingAverage
from MedVLSAM2Lib.training.learning.processes import OneProcess, Processes
from MedVLSAM2Lib.training.learning.replicas import Replicas
from MedVLSAM2Lib.training.learning.sharding import whole_on_cpu
from MedVLSAM2Lib.training.learning.training_state import TrainingState

STREAM = 3_000_000
# What only a loss needs is trained with it, and is no part of a checkpoint.
MASK_MODELS = (MASK_MODEL, LOCATOR)
OF_LOSSES = ("alignment", "meaning")
CURVE_COLUMNS = ("step", "seconds", "steps_per_minute", "wait_share", "learning_rate", "alignment_loss", "meaning_loss",
                 "language_loss", "survey_loss", "moved", "word_loss", "word_dice", "click_loss", "click_dice")  # fmt: skip


class JointTrainer(TrainingState[JointNetwork]):
    """Takes one step a batch; ``average`` holds the weights to use."""

    def __init__(
        self,
        config: JointConfig,
        network: JointNetwork,
        tokenizer: PreTrainedTokenizerBase,
        processes: Processes | None = None,
    ) -> None:
        """``processes`` train together, each on its device; None for this one alone, on the CPU."""
        self.config, self.tokenizer = config, tokenizer
        self.processes = processes or OneProcess()
        if config.adapters is not None and LANGUAGE in config.learns:
            add_adapters(network.language_model, config.adapters, tokenizer, network.asked)
        # Parts that stay as they are keep the statistics of their norms too; copies of the network are as it is now.
        network.eval()
        for part in config.learns:
            getattr(network, part).train()
        if network.locator is not None and MASK_MODEL in config.learns:
            network.locator.train()
        average = MovingAverage(network, config.ema)
        before = copy.deepcopy(network).requires_grad_(False) if config.weights.keeping else None
        self._learner = Learner(config, ConversationTokens(tokenizer, network.asked), before)
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(_learns(name, config))
        is_sharded = self.processes.is_sharded
        self._whole = copy.deepcopy(average.network) if is_sharded and self.processes.index == 0 else None
        for one in (network, average.network, before):
            if one is not None:
                self.processes.deal_out(one.language_model)
                one.to(self.processes.device)
        # What is dealt out among processes cannot be copied for threads.
        self._replicas = Replicas(network, 1 if is_sharded else config.threads)
        optimiser = torch.optim.AdamW(
            _groups(network, config),
            config.schedule.peak,
            betas=(0.9, 0.98),
            weight_decay=config.weight_decay,
            # Weights that are dealt out cannot be stepped together with whole ones.
            foreach=False if is_sharded else None,
        )
        super().__init__(network, average, optimiser, config.schedule)

    @property
    def stage(self) -> str:
        """What the log calls it."""
        return self.config.stage

    @property
    def curve_columns(self) -> tuple[str, ...]:
        """The columns of its curve."""
        return CURVE_COLUMNS

    @property
    def batches_a_step(self) -> int:
        """How many batches a step learns from."""
        return self.config.accumulate

    def speed(self, steps: float, seconds: float) -> dict[str, float]:
        """What the curve says of so many steps in so many seconds."""
        return {"steps_per_minute": 60 * steps / seconds}

    def step(self, batches: list[JointBatch]) -> dict[str, float]:
        """Learn from one batch, or from several whose gradients are added up; the mean of each number."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate * group["multiple"]
        measured = [self._gradients(batch, number, len(batches)) for number, batch in enumerate(batches)]
        self.processes.average_gradients(self.network)
        self.take_step(self.config.gradient_norm)
        return _means([part.numbers for parts in measured for part in parts])

    @torch.no_grad()
    def whole_average(self) -> JointNetwork:
        """The averaged network, whole and on the CPU where it is dealt out, in the process that writes."""
        if not self.processes.is_sharded:
            return self.average.network
        kept = self._whole.state_dict() if self._whole is not None else {}
        for name, mean in self.average.network.state_dict().items():
            whole = whole_on_cpu(mean)
            if name in kept:
                kept[name].copy_(whole)
        return self.average.network if self._whole is None else self._whole

    def export(self, folder: Path, validation: dict[str, float]) -> None:
        """Write the averaged weights, and what is known of them, as a checkpoint."""
        network = self.average.network if self._whole is None else self._whole
        save_checkpoint_of(network, self.tokenizer, folder, self.config, self.progress, validation)

    def _gradients(self, batch: JointBatch, number: int, batches: int) -> list[Measured]:
        """Gradients of one batch, its parts computed side by side."""
        # Of several processes none repeats another's draws.
        key = (self.config.seed, self.progress.step, STREAM, self.processes.index * batches + number)
        parts = batch.parts(self._replicas.count)

        def learn(network: JointNetwork, part: list[JointBatch], index: int) -> Measured:
            measured = self._learner.measure(network, part[0], np.random.default_rng((*key, index)))
            (measured.loss / (len(parts) * batches)).backward()
            return measured.detached()

        results = self._replicas.map_parts(learn, parts)
        self._replicas.gather_gradients()
        return results


def _groups(network: JointNetwork, config: JointConfig) -> list[dict[str, object]]:
    """The mask model learns at the schedule's rate, everything else at its multiple."""
    named = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
    slow = [p for name, p in named if name.startswith(MASK_MODELS) and "token_modulation" not in name]
    fast = [p for name, p in named if not name.startswith(MASK_MODELS) or "token_modulation" in name]
    groups = ((slow, 1.0), (fast, config.language_rate))
    return [{"params": parameters, "multiple": multiple} for parameters, multiple in groups if parameters]


def _learns(name: str, config: JointConfig) -> bool:
    """Whether a parameter is one of a part that learns, or of a loss that counts."""
    for loss in OF_LOSSES:
        if name.startswith(loss):
            return float(getattr(config.weights, loss)) > 0
    if name.startswith(MASK_MODELS):
        return MASK_MODEL in config.learns
    if name.startswith(LANGUAGE) and config.adapters is not None and not is_of_adapter(name):
        return False
    return next(part for part in TRAINED if name.startswith(part)) in config.learns


def _means(rows: list[dict[str, float]]) -> dict[str, float]:
    names = sorted({name for row in rows for name in row})
    return {name: float(np.mean([row[name] for row in rows if name in row])) for name in names}
