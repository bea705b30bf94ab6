"""Training in half of the bits where that is enough."""

from __future__ import annotations

import torch


def mixed_precision(device: torch.device, bfloat16: bool) -> torch.autocast:
    """Products and convolutions on ``device`` in bfloat16, if it is wanted; weights and gradients stay float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=bfloat16)
