"""From a case and a frame to what the network is shown of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from MedVLSAM2Lib.training.data.cases import Case, TrainingObject, is_any_of
from MedVLSAM2Lib.training.examples.example import ExampleView
from MedVLSAM2Lib.training.examples.slabs import Slabs
from MedVLSAM2Lib.training.frames.frame import Frame
from MedVLSAM2Lib.training.synthesis.contrast import Contrast

AIR_HU = -1024

# Renders a frame: image in HU and the object's share of each cell, both float32 (side, side, side).
Renderer = Callable[[Frame], tuple[np.ndarray, np.ndarray]]


def scan_renderer(case: Case, item: TrainingObject) -> Renderer:
    """Shows a real scan and one object of it."""
    table = is_any_of(item.ids)

    def render(frame: Frame) -> tuple[np.ndarray, np.ndarray]:
        target = frame.sample(case.layers[item.layer], 0.0, lambda labels: table[labels])
        return frame.sample(case.scan, AIR_HU), target

    return render


def rendered(frame: Frame, render: Renderer, slabs: Slabs | None) -> tuple[np.ndarray, np.ndarray]:
    """A frame as ``render`` shows it, in thick slices if there are ``slabs``."""
    image, target = render(frame)
    return (image, target) if slabs is None else (slabs.of(image, frame.cell_mm), slabs.of(target, frame.cell_mm))


def view_of(
    frame: Frame, rendered: tuple[np.ndarray, np.ndarray], contrast: Contrast, volume_mm3: float
) -> ExampleView:
    """Image and object of a frame, packed for the network; ``volume_mm3`` is the whole object's."""
    image, target = rendered
    whole = max(volume_mm3 / float(np.prod(frame.cell_mm)), float((target > 0.5).sum()))
    return ExampleView(contrast.channels(image), byte(target), frame.size_mm.astype(np.float32), whole)


def click_on(target: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """The cell a click was made at or, where the view is too coarse to show the object there, the nearest of it."""
    nearest = np.clip(np.floor(cell + 0.5).astype(int), 0, np.array(target.shape) - 1)
    if target[tuple(nearest)]:
        return cell
    cells = np.argwhere(target)
    return cells[((cells - cell) ** 2).sum(1).argmin()].astype(float)


def byte(shares: np.ndarray) -> np.ndarray:
    """Shares 0..1 as uint8 0..255."""
    return (np.clip(shares, 0, 1) * 255 + 0.5).astype(np.uint8)
