"""From the language model's ``[SEG]`` state to the mask model's prompt token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from MedVLSAM2Lib.model.plain_values import from_plain

ARCHITECTURE = "seg_projector"


@dataclass(frozen=True)
class SegProjectorConfig:
    """Widths of the seg projector; the hidden layer is as wide as the state (LISA, arXiv 2308.00692)."""

    state_width: int
    token_width: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for ``config.json``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SegProjectorConfig:
        """The config from ``to_dict``'s values or from parsed JSON."""
        return from_plain(cls, values)


class SegProjector(nn.Module):
    """Linear, ReLU, Linear."""

    def __init__(self, config: SegProjectorConfig) -> None:
        super().__init__()
        self.config = config
        self.hidden = nn.Linear(config.state_width, config.state_width)
        self.out = nn.Linear(config.state_width, config.token_width)

    def forward(self, states: Tensor) -> Tensor:
        """(..., state width) in, (..., token width) out."""
        return torch.as_tensor(self.out(functional.relu(self.hidden(states))))
