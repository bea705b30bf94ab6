"""Prompts out of markups: world positions become continuous voxel indices of the volume they are placed on.

What lies partly outside the volume is cut down to it; what lies wholly outside is refused with a PromptError.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from MedVLSAM2Lib.prompts import Box, Lasso, Point, Prompt, PromptError, Scribble, check
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.node_access import require_in_scene
from MedVLSAM2Lib.scene.volume_frame import VolumeFrame
from MedVLSAM2Lib.volume.reorientation import Position

P = TypeVar("P", bound=Prompt)

_CORNERS = np.array([(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])


def point_from_markups(markups_node: Any, index: int, frame: VolumeFrame, positive: bool) -> Point:
    """Control point ``index`` of a point list as a click.

    Raises:
        PromptError: it lies outside the volume.
        SceneError: the markups node was deleted, or has no such control point.
    """
    require_in_scene(markups_node, "point list")
    if not 0 <= index < markups_node.GetNumberOfControlPoints():
        raise SceneError("The control point was deleted; place it again.")
    position = [0.0, 0.0, 0.0]
    markups_node.GetNthControlPointPositionWorld(index, position)
    return _checked(Point(frame.ijk(_position(position)), positive), frame)


def box_from_roi(roi_node: Any, frame: VolumeFrame) -> Box:
    """The voxel box around the eight corners of a vtkMRMLMarkupsROINode, cut down to the volume.

    A rotated ROI gives the box along the voxel axes that holds it. One thinner than a voxel gives a 2D box on the slice
    nearest to its middle, across the voxel axis nearest to its thin side.

    Raises:
        PromptError: it has no size, or lies outside the volume.
    """
    require_in_scene(roi_node, "box")
    corners = frame.ijk_of_all(_roi_corners_world(roi_node))
    low, high = corners.min(axis=0), corners.max(axis=0)
    axis = _flat_axis(corners, roi_node, frame)
    if axis is not None:
        low[axis] = high[axis] = np.floor((low[axis] + high[axis]) / 2 + 0.5)
    _checked(Box(_position(low), _position(high)), frame)
    last = np.array(frame.shape[::-1]) - 1
    return _checked(Box(_position(np.clip(low, 0, last)), _position(np.clip(high, 0, last))), frame)


def scribble_from_curve(curve_node: Any, frame: VolumeFrame, positive: bool) -> Scribble:
    """A drawn curve as a stroke, its points at most a voxel apart.

    Of a curve that leaves the volume the longest part inside is kept: a stroke is straight between its points, and what
    lies between two parts was not drawn.

    Raises:
        PromptError: it has no point, or none inside the volume.
    """
    points = frame.ijk_of_all(_curve_points_world(curve_node, "scribble"))
    if not len(points):
        return _checked(Scribble((), positive), frame)
    dense = _resampled(points)
    kept = _longest_run(dense, _inside(dense, frame))
    return _checked(Scribble(_positions(kept if len(kept) else dense), positive), frame)


def lasso_from_curve(closed_curve_node: Any, frame: VolumeFrame, positive: bool) -> Lasso:
    """A drawn closed curve as an outline on one slice.

    The slice lies across the voxel axis along which the curve is flattest (in mm) and is the one nearest to the curve's
    middle: a curve drawn on an oblique slice is projected onto it. Parts outside the volume are moved to its rim.

    Raises:
        PromptError: it has fewer than three points, encloses nothing of the volume.
    """
    require_in_scene(closed_curve_node, "lasso")
    if closed_curve_node.GetNumberOfDefinedControlPoints() < 3:
        raise PromptError("The lasso needs at least three points; draw it around the object.")
    points = frame.ijk_of_all(_curve_points_world(closed_curve_node, "lasso"))
    low, high = points.min(axis=0), points.max(axis=0)
    axis = int(np.argmin((high - low) * frame.spacing))
    points[:, axis] = np.floor((low[axis] + high[axis]) / 2 + 0.5)
    last = np.array(frame.shape[::-1]) - 1
    apart = (high < -0.5) | (low >= last + 0.5)
    if apart.any() or not 0 <= points[0, axis] <= last[axis]:
        raise PromptError("The lasso lies outside the volume; place it on the scan.")
    return _checked(Lasso(_positions(np.clip(points, 0, last)), axis, positive), frame)


def _checked(prompt: P, frame: VolumeFrame) -> P:
    check(prompt, frame.shape)
    return prompt


def _flat_axis(corners: np.ndarray, roi_node: Any, frame: VolumeFrame) -> int | None:
    """The voxel axis across a box that is thinner than a voxel; None for any other. ``corners`` (8, 3) are in I, J, K."""
    thin = np.ptp(corners, axis=0) < 1
    if thin.sum() == 1:
        return int(np.argmax(thin))
    size = roi_node.GetSize()
    if min(size) >= min(frame.spacing):
        return None
    # As ``_CORNERS`` lists them: the first corner's neighbours along the box's own three axes.
    edges = (corners[[4, 2, 1]] - corners[0]) * frame.spacing
    sides = np.delete(edges, int(np.argmin(size)), axis=0)
    return int(np.argmax(np.abs(np.cross(sides[0], sides[1]))))


def _roi_corners_world(roi_node: Any) -> np.ndarray:
    to_node = roi_node.GetObjectToNodeMatrix()
    size = np.array(roi_node.GetSize())
    corners = []
    for corner in _CORNERS * size:
        in_node = to_node.MultiplyPoint((*corner, 1.0))[:3]
        world = [0.0, 0.0, 0.0]
        # Point by point through the parents: only so a warped box keeps its corners.
        roi_node.TransformPointToWorld(in_node, world)
        corners.append(world)
    return np.array(corners)


def _curve_points_world(curve_node: Any, what: str) -> np.ndarray:
    """The drawn line's points (n, 3) in mm; the control points where there are too few to make a line."""
    require_in_scene(curve_node, what)
    points = curve_node.GetCurvePointsWorld()
    count = curve_node.GetNumberOfDefinedControlPoints()
    if count > 1 and points is not None and points.GetNumberOfPoints() > 1:
        return np.array([points.GetPoint(number) for number in range(points.GetNumberOfPoints())])
    world = np.zeros((count, 3))
    for number in range(count):
        position = [0.0, 0.0, 0.0]
        curve_node.GetNthControlPointPositionWorld(number, position)
        world[number] = position
    return world


def _resampled(points: np.ndarray) -> np.ndarray:
    """The polyline through ``points`` (n, 3), its vertices at most one voxel apart and no closer than needed."""
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    steps = max(1, int(np.ceil(along[-1])))
    at = np.linspace(0.0, along[-1], steps + 1) if along[-1] > 0 else np.zeros(1)
    return np.stack([np.interp(at, along, points[:, axis]) for axis in range(3)], axis=1)


def _inside(points: np.ndarray, frame: VolumeFrame) -> np.ndarray:
    return np.all((points >= -0.5) & (points < np.array(frame.shape[::-1]) - 0.5), axis=1)


def _longest_run(points: np.ndarray, keep: np.ndarray) -> np.ndarray:
    runs = np.split(np.arange(len(points)), np.flatnonzero(np.diff(keep.astype(int))) + 1)
    longest = max((run for run in runs if keep[run[0]]), key=len, default=np.arange(0))
    return points[longest]


def _positions(points: np.ndarray) -> tuple[Position, ...]:
    return tuple(_position(point) for point in points)


def _position(values: Any) -> Position:
    i, j, k = (float(value) for value in values)
    return i, j, k
