"""A batch of views as tensors, and the network asked about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.training.examples.example import ExampleView
from MedVLSAM2Lib.training.learning.mixed_precision import mixed_precision
from MedVLSAM2Lib.training.prompting.cell_prompts import CellPrompt, drawn


@dataclass(frozen=True)
class Scene:
    """One view of every example of a batch; see ``ExampleView``.

    Attributes:
        image: (B, 3, P, P, P) float32, 0..1.
        share: (B, 1, P, P, P) float32, the object's share of each cell.
        size_mm: (B, 3) float32.
        whole_cells: (B,) float32.
    """

    image: Tensor
    share: Tensor
    size_mm: Tensor
    whole_cells: Tensor

    @classmethod
    def of(cls, views: Sequence[ExampleView], device: torch.device) -> Scene:
        """The tensors of some views, on ``device``."""
        return cls(
            torch.from_numpy(np.stack([view.image for view in views])).to(device).float() / 255,
            torch.from_numpy(np.stack([view.target for view in views])).to(device).float()[:, None] / 255,
            torch.from_numpy(np.stack([view.size_mm for view in views])).to(device),
            torch.tensor([view.whole_cells for view in views], device=device),
        )

    @property
    def target(self) -> Tensor:
        """(B, 1, P, P, P) bool: cells of which the object fills more than half."""
        return self.share > 0.5

    def answer(
        self,
        network: PatchNetwork,
        prompts: Sequence[Sequence[CellPrompt]],
        earlier: Tensor,
        bfloat16: bool,
        tokens: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """The network's logits (B, 1, P, P, P) and quality (B,), given prompts, earlier masks (B, 1, P, P, P) and words.

        ``tokens`` are seg tokens (B, N, d) or None.
        """
        device = self.image.device
        layers = torch.from_numpy(np.stack([drawn(items, self.image.shape[-1]) for items in prompts])).to(device)
        with mixed_precision(device, bfloat16):
            answer: tuple[Tensor, Tensor] = network(torch.cat([self.image, layers, earlier], 1), self.size_mm, tokens)
        return answer
