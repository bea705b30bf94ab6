"""What the network is shown of a view besides the earlier mask: the windowed image and the prompts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.drawing import draw_box, draw_outline, draw_point, draw_stroke
from MedVLSAM2Lib.model.patches.view import Triple, View
from MedVLSAM2Lib.prompts import Box, Lasso, Phrase, Point, PriorMask, Prompt, Scribble

POSITIVE_LAYER, NEGATIVE_LAYER, BOX_LAYER, LASSO_LAYER = range(4)


def window_channels(sampled: np.ndarray, is_hu: bool, low: float, high: float, config: PatchConfig) -> np.ndarray:
    """The image channels of a view.

    Args:
        sampled: (side, side, side) image values.
        is_hu: Hounsfield units: the config's three windows. Otherwise ``low`` to ``high`` (percentiles of the whole
            volume, say) becomes 0..1 on all three channels.

    Returns:
        float32 (3, side, side, side), 0..1.
    """
    if is_hu:
        scaled = [(sampled - centre) / width + 0.5 for centre, width in config.ct_windows]
    else:
        scaled = [(sampled - low) / max(high - low, 1e-6)] * len(config.ct_windows)
    return np.clip(np.stack(scaled), 0, 1).astype(np.float32)


def prompt_channels(prompts: Iterable[Prompt], spacing_mm: Triple, view: View, side: int) -> np.ndarray:
    """Prompts (positions in continuous IJK) drawn into a view: float32 (4, side, side, side), 0 or 1.

    The layers are positive, negative, box, lasso. A positive lasso fills its own layer, a negative one the negative
    layer. An earlier mask is a channel of its own and not drawn here.
    """
    layers = np.zeros((4, side, side, side), np.float32)
    for prompt in prompts:
        _draw(prompt, layers, _CellsOf(spacing_mm, view, side))
    return layers


class _CellsOf:
    """Turns continuous IJK positions into the view's continuous KJI cells."""

    def __init__(self, spacing_mm: Triple, view: View, side: int) -> None:
        self._spacing_mm, self._view, self._side = spacing_mm, view, side
        self.per_voxel = 1 / view.voxels_per_cell(spacing_mm, side)

    def __call__(self, positions_ijk: object) -> np.ndarray:
        kji = np.asarray(positions_ijk, float)[..., ::-1]
        return self._view.cell_of_voxel(kji, self._spacing_mm, self._side)


def _draw(prompt: Prompt, layers: np.ndarray, cells_of: _CellsOf) -> None:
    match prompt:
        case Point(position, positive):
            draw_point(layers[POSITIVE_LAYER if positive else NEGATIVE_LAYER], cells_of(position))
        case Scribble(points, positive):
            draw_stroke(layers[POSITIVE_LAYER if positive else NEGATIVE_LAYER], cells_of(points))
        case Box(minimum, maximum):
            # Corners are voxels inside the box, so it reaches half a voxel beyond them.
            half = cells_of.per_voxel / 2
            draw_box(layers[BOX_LAYER], cells_of(minimum) - half, cells_of(maximum) + half)
        case Lasso(points, axis_ijk, positive):
            axis = 2 - axis_ijk
            layer = layers[LASSO_LAYER if positive else NEGATIVE_LAYER]
            draw_outline(layer, cells_of(points), axis, float(cells_of.per_voxel[axis]))
        case PriorMask() | Phrase():
            pass
