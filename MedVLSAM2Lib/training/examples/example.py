"""One training example: an object seen in one or two frames, the first prompt, perhaps an earlier mask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.training.prompting.cell_prompts import CellPrompt


@dataclass(frozen=True)
class ExampleView:
    """What is seen in one frame.

    Attributes:
        image: uint8 (3, side, side, side), the image channels times 255.
        target: uint8 (side, side, side), the object's share of each cell times 255.
        size_mm: float32 (3,).
        whole_cells: how many cells of this view's size the whole object would fill, in the view or out of it.
    """

    image: np.ndarray
    target: np.ndarray
    size_mm: np.ndarray
    whole_cells: float


@dataclass(frozen=True)
class Example:
    """Views of one object, in the order in which a session would look at them.

    Attributes:
        kind: the part of the mix it is of.
        views: one or two.
        to_second: scale and offset (3,) that turn the first view's cells into the second's; None with one view.
        prompts: the first prompts, in the first view's cells; empty if there is only an earlier mask.
        earlier: uint8 (side, side, side) times 255 in the first view; None on a first prompt.
    """

    kind: str
    views: tuple[ExampleView, ...]
    to_second: tuple[np.ndarray, np.ndarray] | None
    prompts: tuple[CellPrompt, ...]
    earlier: np.ndarray | None
