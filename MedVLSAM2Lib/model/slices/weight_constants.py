"""Remembers what depends on a network's weights alone, for as long as they stay as they are."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

_State = tuple[int, int, torch.device]


class WeightConstants:
    """One value for each weight it is made of; made again once the weight has moved or changed."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[_State, Tensor]] = {}

    def get(self, name: str, weight: Tensor, make: Callable[[], Tensor]) -> Tensor:
        """The value kept as ``name``; made anew each time while gradients are asked for."""
        # Weights that were made in inference mode cannot tell whether they have changed.
        if not no_gradient() or weight.is_inference():
            return make()
        state = (weight.data_ptr(), weight._version, weight.device)
        if name not in self._values or self._values[name][0] != state:
            self._values[name] = (state, make())
        return self._values[name][1]


def no_gradient() -> bool:
    """Whether nothing that is computed now can be asked for its gradient."""
    return not torch.is_grad_enabled() or torch.is_inference_mode_enabled()
