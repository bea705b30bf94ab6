"""A running average of the weights, which answers better than the weights of any single step."""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

import torch
from torch import nn

from MedVLSAM2Lib.training.learning.sharding import own_part

N = TypeVar("N", bound=nn.Module)


class MovingAverage(Generic[N]):
    """``network`` holds the average; it forgets faster while the run is young."""

    def __init__(self, network: N, decay: float) -> None:
        self.network = copy.deepcopy(network).eval()
        self._decay = decay

    @torch.no_grad()
    def update(self, network: N, step: int) -> None:
        """Take one step's weights into the average."""
        decay = min(self._decay, (1 + step) / (20 + step))
        for mean, weight in zip(self.network.parameters(), network.parameters(), strict=True):
            own_part(mean).lerp_(own_part(weight), 1 - decay)
        # Statistics of batch norms are averages already.
        for own, other in zip(self.network.buffers(), network.buffers(), strict=True):
            own.copy_(other)
