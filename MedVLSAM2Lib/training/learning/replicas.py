"""One network computed by several threads, each on a part of the batch.

Where other work takes cores away, threads that meet after each convolution wait for each other all the time; these meet
once a step.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

import torch
from torch import nn

from MedVLSAM2Lib.model.torch_machine import device_of

N = TypeVar("N", bound=nn.Module)
T = TypeVar("T")
R = TypeVar("R")


class Replicas(Generic[N]):
    """Copies of a network that share its weights but not its gradients."""

    def __init__(self, network: N, count: int) -> None:
        self._network = network
        # Threads share out the cores of a CPU; any other device computes a whole batch at once.
        count = count if device_of(network).type == "cpu" else 1
        self._copies = [network, *(_sharing(network) for _ in range(count - 1))]
        self._threads = ThreadPoolExecutor(count)

    @property
    def count(self) -> int:
        """How many parts are computed at once."""
        return len(self._copies)

    def map_parts(self, work: Callable[[N, list[T], int], R], items: Sequence[T]) -> list[R]:
        """``work(network, part, number)`` for each part of the items at once; no part is empty."""
        count = min(len(self._copies), len(items))
        parts = [list(items[number::count]) for number in range(count)]
        if count == 1:
            return [work(self._network, parts[0], 0)]
        tasks = [self._threads.submit(work, self._copies[n], part, n) for n, part in enumerate(parts)]
        return [task.result() for task in tasks]

    @torch.no_grad()
    def gather_gradients(self) -> None:
        """Add the gradients of all copies into the network's own, and forget those of the copies."""
        for copied in self._copies[1:]:
            for own, other in zip(self._network.parameters(), copied.parameters(), strict=True):
                if other.grad is not None:
                    own.grad = other.grad if own.grad is None else own.grad.add_(other.grad)
                    other.grad = None


def _sharing(network: N) -> N:
    copied = copy.deepcopy(network)
    for own, other in zip(network.parameters(), copied.parameters(), strict=True):
        other.data = own.data
    return copied
