"""The device that a training is computed on."""

from __future__ import annotations

import torch

AUTO, CPU, CUDA, MPS = "auto", "cpu", "cuda", "mps"


def training_device(name: str = AUTO) -> torch.device:
    """The device that torch calls ``name``; ``auto`` is the first CUDA device where there is one, else the CPU.

    Apple's GPU is taken only when it is named, ``mps``: nobody has trained on one yet.

    Raises:
        ValueError: this machine has no such device.
    """
    if name == AUTO:
        return torch.device(CUDA if torch.cuda.is_available() else CPU)
    is_there = {CPU: True, CUDA: torch.cuda.is_available(), MPS: torch.backends.mps.is_available()}
    kind = name.split(":", maxsplit=1)[0]
    if not is_there.get(kind, False):
        raise ValueError(
            f"This machine has no device {name}; take one of {', '.join(n for n, is_ in is_there.items() if is_)}."
        )
    return torch.device(name)
