"""What a drag draws: a line through the mouse's way, or a rectangle between its ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from MedVLSAM2Lib.scene import vtk_matrix
from MedVLSAM2Lib.scene.prompt_markups import extend_line, span_flat_box
from MedVLSAM2Lib.volume.reorientation import Position


class _DrawnStroke:
    """A stroke in a markups node of its own.

    Args:
        node: an empty markups node in the scene.
        slice_node: the slice it is drawn on.
        start: where the button was pressed, RAS mm.
        on_finished: called when the button was released.
    """

    def __init__(self, node: Any, slice_node: Any, start: Position, on_finished: Callable[[], object]) -> None:
        self._node = node
        self._start = start
        self._slice_axes = _unit_columns(vtk_matrix.to_numpy(slice_node.GetSliceToRAS())[:3, :3])
        self._on_finished = on_finished

    def finish(self) -> None:
        """The button was released."""
        if self._is_there():
            self._on_finished()

    def drop(self) -> None:
        """Take the half-drawn stroke away."""
        if self._is_there():
            self._node.GetScene().RemoveNode(self._node)

    def _is_there(self) -> bool:
        return self._node.GetScene() is not None


class LineStroke(_DrawnStroke):
    """A scribble or a lasso: the way of the mouse."""

    def __init__(self, node: Any, slice_node: Any, start: Position, on_finished: Callable[[], object]) -> None:
        super().__init__(node, slice_node, start, on_finished)
        extend_line(node, start)

    def draw_to(self, position: Position) -> None:
        """The mouse was moved here."""
        if self._is_there():
            extend_line(self._node, position)


class BoxStroke(_DrawnStroke):
    """A box on one slice, from corner to corner."""

    def draw_to(self, position: Position) -> None:
        """The mouse was moved here."""
        if self._is_there():
            span_flat_box(self._node, self._slice_axes, self._start, position)


def _unit_columns(matrix: np.ndarray) -> np.ndarray:
    unit: np.ndarray = matrix / np.linalg.norm(matrix, axis=0)
    return unit
