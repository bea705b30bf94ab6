"""How far a training is, and the state from which it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import nn

from MedVLSAM2Lib.training.config import Schedule
from MedVLSAM2Lib.training.learning.ema import MovingAverage
from MedVLSAM2Lib.training.learning.schedule import learning_rate, progress

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
        learned = [parameter for parameter in self.network.parameters() if parameter.grad is not None]
        torch.nn.utils.clip_grad_norm_(learned, gradient_norm)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.progress.step += 1
        self.average.update(self.network, self.progress.step)

    def save(self, folder: Path) -> None:
        """Write the state to resume from, on any device; a state that is there is replaced only by a complete one."""
        state = {
            "progress": vars(self.progress),
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        unfinished = folder / (STATE_NAME + ".part")
        torch.save(_on_cpu(state), unfinished)
        unfinished.replace(folder / STATE_NAME)

    def resume(self, folder: Path) -> None:
        """Go on where ``save`` was last called."""
        state = torch.load(folder / STATE_NAME, weights_only=True)
        self.progress = Progress(**state["progress"])
        self.network.load_state_dict(state["network"])
        self.average.network.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])

    @property
    def _done(self) -> float:
        return progress(self._schedule, self.progress.step, self.progress.seconds)


def has_state(folder: Path) -> bool:
    """Whether there is something to resume."""
    return (folder / STATE_NAME).exists()


def _on_cpu(value: Any) -> Any:
    """The same with its tensors where every machine can read them."""
    if isinstance(value, torch.Tensor):
        return value.cpu()
    if isinstance(value, dict):
        return {name: _on_cpu(inner) for name, inner in value.items()}
    return [_on_cpu(inner) for inner in value] if isinstance(value, list) else value
