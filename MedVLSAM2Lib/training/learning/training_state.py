"""How far a training is, and the state from which it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import torch
from torch import nn

from MedVLSAM2Lib.training.config import Schedule
from MedVLSAM2Lib.training.learning.ema import MovingAverage
from MedVLSAM2Lib.training.learning.schedule import learning_rate, progress
from MedVLSAM2Lib.training.learning.sharding import (
    clip_gradients,
    is_dealt_out,
    load_whole,
    load_whole_optimiser,
    whole_on_cpu,
)

N = TypeVar("N", bound=nn.Module)

STATE_NAME = "state.pt"


@dataclass
class Progress:
    """How far a run is: optimiser steps, seconds of training over all its sittings, and its best validation."""

    step: int = 0
    seconds: float = 0.0
    best: float = -1.0


class TrainingState(Generic[N]):
    """A network with its average, its optimiser and its progress along a schedule."""

    def __init__(
        self, network: N, average: MovingAverage[N], optimiser: torch.optim.Optimizer, schedule: Schedule
    ) -> None:
        self.network, self.average, self.optimiser = network, average, optimiser
        self.progress = Progress()
        self._schedule = schedule

    @property
    def is_done(self) -> bool:
        """Whether the schedule has come to its end."""
        return self._done >= 1

    @property
    def learning_rate(self) -> float:
        """The next step's."""
        return learning_rate(self._schedule, self.progress.step, self._done)

    def take_step(self, gradient_norm: float) -> None:
        """Change the weights along their gradients, which are clipped to ``gradient_norm`` and forgotten."""
        clip_gradients(self.network.parameters(), gradient_norm)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.progress.step += 1
        self.average.update(self.network, self.progress.step)

    def whole_average(self) -> N:
        """The averaged network, whole, in the process that writes; every process has to ask for it at once."""
        return self.average.network

    def save(self, folder: Path, writes: bool = True) -> None:
        """Write the state to resume from, on any device; a state that is there is replaced only by a complete one.

        Every process has to call it; one ``writes``.
        """
        if not (writes or is_dealt_out(self.network)):
            return
        state = {
            "progress": vars(self.progress),
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        whole = whole_on_cpu(state)
        if not writes:
            return
        unfinished = folder / (STATE_NAME + ".part")
        torch.save(whole, unfinished)
        unfinished.replace(folder / STATE_NAME)

    def resume(self, folder: Path) -> None:
        """Go on where ``save`` was last called."""
        state = torch.load(folder / STATE_NAME, weights_only=True)
        self.progress = Progress(**state["progress"])
        load_whole(self.network, state["network"])
        load_whole(self.average.network, state["average"])
        load_whole_optimiser(self.optimiser, state["optimiser"])

    @property
    def _done(self) -> float:
        return progress(self._schedule, self.progress.step, self.progress.seconds)


def has_state(folder: Path) -> bool:
    """Whether there is something to resume."""
    return (folder / STATE_NAME).exists()
