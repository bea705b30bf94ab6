"""In which precision a network's parts compute."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Precision:
    """Products and convolutions in ``dtype`` on devices of a type (``cpu``, ``cuda``, ``mps``); float32 leaves all as it is.

    Weights stay float32 and are rounded when they are used; what has to be exact is computed in float32 (autocast).
    """

    device_type: str = "cpu"
    dtype: torch.dtype = torch.float32

    def cast(self) -> torch.autocast:
        """A context in which networks compute in this precision."""
        is_on = self.dtype != torch.float32
        # Every weight is used once: copies kept for a second time would only take memory.
        return torch.autocast(self.device_type, torch.bfloat16, enabled=is_on, cache_enabled=False)
