"""Prompts in the cells of a view, so that they can be redrawn in another view of the same example."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from MedVLSAM2Lib.model.patches.drawing import draw_box, draw_outline, draw_stroke
from MedVLSAM2Lib.model.patches.prompt_channels import BOX_LAYER, LASSO_LAYER, NEGATIVE_LAYER, POSITIVE_LAYER


class CellPrompt(Protocol):
    """A prompt whose positions are continuous cell indices (K, J, I)."""

    def draw(self, layers: np.ndarray) -> None:
        """Draw into (4, side, side, side): positive, negative, box, lasso."""
        ...

    def moved(self, scale: np.ndarray, offset: np.ndarray) -> CellPrompt:
        """The same prompt in cells ``scale * cell + offset``."""
        ...


@dataclass(frozen=True)
class CellStroke:
    """A click (one cell) or a scribble: ``cells`` (N, 3)."""

    cells: np.ndarray
    positive: bool = True

    def draw(self, layers: np.ndarray) -> None:
        """See ``CellPrompt``."""
        draw_stroke(layers[POSITIVE_LAYER if self.positive else NEGATIVE_LAYER], self.cells)

    def moved(self, scale: np.ndarray, offset: np.ndarray) -> CellStroke:
        """See ``CellPrompt``."""
        return CellStroke(self.cells * scale + offset, self.positive)


@dataclass(frozen=True)
class CellBox:
    """A box between two continuous corners (3,)."""

    lo: np.ndarray
    hi: np.ndarray

    def draw(self, layers: np.ndarray) -> None:
        """See ``CellPrompt``."""
        draw_box(layers[BOX_LAYER], self.lo, self.hi)

    def moved(self, scale: np.ndarray, offset: np.ndarray) -> CellBox:
        """See ``CellPrompt``."""
        return CellBox(self.lo * scale + offset, self.hi * scale + offset)


@dataclass(frozen=True)
class CellOutline:
    """A lasso: a closed outline (N, 3) across ``axis``, ``thickness`` cells thick."""

    cells: np.ndarray
    axis: int
    positive: bool = True
    thickness: float = 1.0

    def draw(self, layers: np.ndarray) -> None:
        """See ``CellPrompt``."""
        draw_outline(layers[LASSO_LAYER if self.positive else NEGATIVE_LAYER], self.cells, self.axis, self.thickness)

    def moved(self, scale: np.ndarray, offset: np.ndarray) -> CellOutline:
        """See ``CellPrompt``."""
        thickness = self.thickness * float(scale[self.axis])
        return CellOutline(self.cells * scale + offset, self.axis, self.positive, thickness)


def drawn(prompts: Iterable[CellPrompt], side: int) -> np.ndarray:
    """float32 (4, side, side, side) with all the prompts."""
    layers = np.zeros((4, side, side, side), np.float32)
    for prompt in prompts:
        prompt.draw(layers)
    return layers
