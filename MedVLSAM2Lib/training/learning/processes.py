"""Who trains, and on which device: one process, or several on as many GPUs or machines."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

import torch
from torch import nn

from MedVLSAM2Lib.training.config import Schedule

# One process validates while the others wait for it.
LONGEST_WAIT = timedelta(hours=3)


class Processes(Protocol):
    """The processes that train together; each draws other batches, and all take the same steps."""

    @property
    def device(self) -> torch.device:
        """Where this one computes."""
        ...

    @property
    def index(self) -> int:
        """Which one this is, from 0; the first one writes."""
        ...

    @property
    def count(self) -> int:
        """How many there are."""
        ...

    def average_gradients(self, network: nn.Module) -> None:
        """Give every process the mean of all their gradients; a parameter without one in any process stays without."""
        ...


class OneProcess:
    """This process alone."""

    index, count = 0, 1

    def __init__(self, device: torch.device | None = None) -> None:
        """``device`` is where it computes; None for the CPU."""
        self.device = device or torch.device("cpu")

    def average_gradients(self, network: nn.Module) -> None:
        """Its gradients are the mean of all."""


def check_agreement(schedule: Schedule, processes: Processes | None) -> None:
    """Say so if ``processes`` would not take the same number of steps (ValueError)."""
    if processes is not None and processes.count > 1 and schedule.steps is None:
        raise ValueError("Several processes must take the same steps; give the length with --steps.")


class AcceleratedProcesses:
    """What ``accelerate launch`` has started (Hugging Face Accelerate), over gloo on CPUs and NCCL on GPUs."""

    def __init__(self, kind: str) -> None:
        """``kind`` of device as torch calls it, ``cpu`` or ``cuda``: each process of a machine gets one of its own."""
        from accelerate import Accelerator, InitProcessGroupKwargs

        patience = InitProcessGroupKwargs(timeout=LONGEST_WAIT)
        self._accelerator = Accelerator(cpu=kind == "cpu", kwargs_handlers=[patience])

    @property
    def device(self) -> torch.device:
        """Where this one computes."""
        return torch.device(self._accelerator.device)

    @property
    def index(self) -> int:
        """Which one this is, from 0."""
        return int(self._accelerator.process_index)

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self._accelerator.num_processes)

    @torch.no_grad()
    def average_gradients(self, network: nn.Module) -> None:
        """Give every process the mean of all their gradients."""
        learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
        given = [p.grad if p.grad is not None else torch.zeros_like(p) for p in learned]
        whole = torch.cat([gradient.reshape(-1) for gradient in given])
        mean = self._accelerator.reduce(whole, reduction="mean")
        has_one = torch.tensor([float(p.grad is not None) for p in learned], device=whole.device)
        anywhere = self._accelerator.reduce(has_one, reduction="sum")
        parts = mean.split([gradient.numel() for gradient in given])
        for parameter, part, count in zip(learned, parts, anywhere.tolist(), strict=True):
            # Without a gradient in any process, an optimiser would still let it decay.
            parameter.grad = part.view_as(parameter) if count else None
