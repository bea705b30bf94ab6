"""Markups that prompts are drawn with."""

from __future__ import annotations

from typing import Any

import numpy as np

from MedVLSAM2Lib.prompts import Box, Lasso, Point, Prompt, Scribble
from MedVLSAM2Lib.scene import vtk_matrix
from MedVLSAM2Lib.scene.volume_frame import VolumeFrame
from MedVLSAM2Lib.volume.reorientation import Position

Colour = tuple[float, float, float]

_FLATNESS = 1e-3
"""How thick the box of a single slice is, in lengths of its longest side: too thin to reach the next slice."""


def new_prompt_markups(scene: Any, markups_class: str, name: str, colour: Colour) -> Any:
    """An empty markups node for one prompt; it is not saved, for the segmentation keeps the prompt."""
    node = scene.AddNewNodeByClass(markups_class, name)
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetSelectedColor(*colour)
    display.SetColor(*colour)
    display.SetActiveColor(*colour)
    display.SetPointLabelsVisibility(False)
    display.SetPropertiesLabelVisibility(False)
    display.SetFillVisibility(False)
    display.SetHandlesInteractive(False)
    return node


def settle(markups_node: Any) -> None:
    """The prompt is drawn: it can no longer be dragged about, and a box loses the glyph in its middle."""
    markups_node.SetLocked(True)
    if markups_node.IsA("vtkMRMLMarkupsROINode"):
        for number in range(markups_node.GetNumberOfControlPoints()):
            markups_node.SetNthControlPointVisibility(number, False)


def extend_line(curve_node: Any, world: Position) -> None:
    """Draw a curve on to a world position: straight, with no glyph on the way."""
    curve_node.SetCurveTypeToLinear()
    curve_node.SetNumberOfPointsPerInterpolatingSegment(1)
    number = curve_node.AddControlPointWorld(*world)
    curve_node.SetNthControlPointVisibility(number, False)


def span_flat_box(roi_node: Any, slice_axes: np.ndarray, first: Position, second: Position) -> None:
    """Make a box the rectangle between two world positions on one slice.

    ``slice_axes`` (3, 3) holds the slice's unit directions right, up and across in its columns.
    """
    corners = np.array([first, second]) @ slice_axes
    size = np.abs(corners[1] - corners[0])
    size[2] = _FLATNESS * size.max()
    placed = np.eye(4)
    placed[:3, :3] = slice_axes
    placed[:3, 3] = slice_axes @ corners.mean(axis=0)
    roi_node.SetSize(*size)
    roi_node.SetAndObserveObjectToNodeMatrix(vtk_matrix.to_vtk(placed))


def flatten_if_on_one_slice(roi_node: Any, first_corner: Position) -> None:
    """Make a box whose two clicked corners lie on one slice as thin as that slice; Slicer gives it a depth of its own."""
    axes = vtk_matrix.to_numpy(roi_node.GetObjectToWorldMatrix())[:3, :3]
    centre = np.array(roi_node.GetCenterWorld())
    apart = np.abs(2 * axes.T @ (centre - np.array(first_corner)))
    flat = apart < _FLATNESS * apart.max()
    if flat.sum() == 1:
        roi_node.SetSize(*np.where(flat, _FLATNESS * apart.max(), apart))


def draw_prompt(markups_node: Any, prompt: Prompt, frame: VolumeFrame) -> None:
    """Draw a prompt of the volume in ``frame`` with an empty markups node of its kind."""
    if isinstance(prompt, Point):
        markups_node.AddControlPointWorld(*frame.world(prompt.position))
    elif isinstance(prompt, Box):
        _draw_box(markups_node, prompt, frame)
    elif isinstance(prompt, Scribble | Lasso):
        for position in prompt.points:
            extend_line(markups_node, frame.world(position))
    settle(markups_node)


def _draw_box(roi_node: Any, box: Box, frame: VolumeFrame) -> None:
    low, high = np.array(box.minimum), np.array(box.maximum)
    middle = (low + high) / 2
    i, j, k = (float(value) for value in middle)
    origin = np.array(frame.world((i, j, k)))
    steps = [np.array(frame.world((i + a, j + b, k + c))) - origin for a, b, c in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    lengths = np.array([np.linalg.norm(step) for step in steps])
    size = (high - low) * lengths
    placed = np.eye(4)
    placed[:3, :3] = np.array(steps).T / lengths
    placed[:3, 3] = origin
    roi_node.SetSize(*np.maximum(size, _FLATNESS * size.max()))
    roi_node.SetAndObserveObjectToNodeMatrix(vtk_matrix.to_vtk(placed))
