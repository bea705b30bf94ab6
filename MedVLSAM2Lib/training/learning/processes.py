"""Who trains, and on which device: one process, or several on as many GPUs or machines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import torch
from torch import nn

from MedVLSAM2Lib.training.config import Schedule
from MedVLSAM2Lib.training.learning.sharding import deal_out, is_part

if TYPE_CHECKING:
    from transformers import PreTrainedModel

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

    @property
    def is_sharded(self) -> bool:
        """Whether each holds only a part of a language model's layers."""
        ...

    def deal_out(self, language: PreTrainedModel) -> None:
        """Deal its layers out among the processes, in place, if they are to hold parts only."""
        ...

    def average_gradients(self, network: nn.Module) -> None:
        """Give every process the mean of all their gradients; a parameter without one in any process stays without."""
        ...

    def agree(self, wishes: Sequence[bool]) -> list[bool]:
        """What the first process wishes, in all of them: what they do together, they must begin at the same step."""
        ...


class OneProcess:
    """This process alone."""

    index, count, is_sharded = 0, 1, False

    def __init__(self, device: torch.device | None = None) -> None:
        """``device`` is where it computes; None for the CPU."""
        self.device = device or torch.device("cpu")

    def average_gradients(self, network: nn.Module) -> None:
        """Its gradients are the mean of all."""

    def deal_out(self, language: PreTrainedModel) -> None:
        """It holds all of it."""

    def agree(self, wishes: Sequence[bool]) -> list[bool]:
        """What it wishes."""
        return list(wishes)


def check_agreement(schedule: Schedule, processes: Processes | None) -> None:
    """Say so if ``processes`` would not take the same number of steps (ValueError)."""
    if processes is not None and processes.count > 1 and schedule.steps is None:
        raise ValueError("Several processes must take the same steps; give the length with --steps.")


class AcceleratedProcesses:
    """What ``accelerate launch`` has started (Hugging Face Accelerate), over gloo on CPUs and NCCL on GPUs."""

    def __init__(self, kind: str, is_sharded: bool = False) -> None:
        """The processes that were started.

        Args:
            kind: of device as torch calls it, ``cpu`` or ``cuda``: each process of a machine gets one of its own.
            is_sharded: each holds only a part of a language model's layers.
        """
        from accelerate import Accelerator, InitProcessGroupKwargs

        patience = InitProcessGroupKwargs(timeout=LONGEST_WAIT)
        self._accelerator = Accelerator(cpu=kind == "cpu", kwargs_handlers=[patience])
        self.is_sharded = is_sharded

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

    def deal_out(self, language: PreTrainedModel) -> None:
        """Deal its layers out, each process getting a part of every weight, if they are to hold parts only."""
        if self.is_sharded:
            from torch.distributed.device_mesh import init_device_mesh

            deal_out(language, init_device_mesh(self.device.type, (self.count,)))

    def agree(self, wishes: Sequence[bool]) -> list[bool]:
        """What the first process wishes, in all of them."""
        told = torch.tensor([float(wish and self.index == 0) for wish in wishes], device=self.device)
        return [bool(wish) for wish in self._accelerator.reduce(told, reduction="sum").tolist()]

    @torch.no_grad()
    def average_gradients(self, network: nn.Module) -> None:
        """Give every process the mean of all their gradients; those of layers that are dealt out are means already."""
        learned = [p for p in network.parameters() if p.requires_grad and not is_part(p)]
        given = [p.grad if p.grad is not None else torch.zeros_like(p) for p in learned]
        whole = torch.cat([gradient.reshape(-1) for gradient in given])
        mean = self._accelerator.reduce(whole, reduction="mean")
        has_one = torch.tensor([float(p.grad is not None) for p in learned], device=whole.device)
        anywhere = self._accelerator.reduce(has_one, reduction="sum")
        parts = mean.split([gradient.numel() for gradient in given])
        for parameter, part, count in zip(learned, parts, anywhere.tolist(), strict=True):
            # Without a gradient in any process, an optimiser would still let it decay.
            parameter.grad = part.view_as(parameter) if count else None
