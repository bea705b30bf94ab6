"""What a prompt promises, whatever the model says: clicked voxels follow their clicks, boxes and lassos bound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from MedVLSAM2Lib.model.patches.drawing import enclosed
from MedVLSAM2Lib.prompts import Box, Lasso, Prompt, fixed_voxels, nearest_voxel
from MedVLSAM2Lib.volume import VoxelBox


def apply_rules(mask: np.ndarray, box: VoxelBox, prompts: Sequence[Prompt]) -> None:
    """Make ``mask`` (boolean, the voxels of ``box``) keep every prompt's promise; the newest prompt wins."""
    for prompt in prompts:
        if isinstance(prompt, Box):
            _stay_within(mask, box, prompt)
        elif isinstance(prompt, Lasso):
            _follow_outline(mask, box, prompt)
        else:
            _follow_clicks(mask, box, prompt)


def reach(prompts: Sequence[Prompt]) -> VoxelBox:
    """The voxels on which prompts make promises of their own (clicks, strokes and negative outlines)."""
    reached = VoxelBox.empty()
    for prompt in prompts:
        fixed = fixed_voxels(prompt)
        voxels = (
            fixed[0] if fixed else {nearest_voxel(p) for p in prompt.points} if isinstance(prompt, Lasso) else set()
        )
        for k, j, i in voxels:
            reached = reached.union(VoxelBox((k, j, i), (k + 1, j + 1, i + 1)))
    return reached


def _follow_clicks(mask: np.ndarray, box: VoxelBox, prompt: Prompt) -> None:
    fixed = fixed_voxels(prompt)
    if fixed is None:
        return
    voxels, positive = fixed
    for k, j, i in voxels:
        if box.contains((k, j, i)):
            mask[k - box.low[0], j - box.low[1], i - box.low[2]] = positive


def _stay_within(mask: np.ndarray, box: VoxelBox, prompt: Box) -> None:
    low, high = nearest_voxel(prompt.minimum), nearest_voxel(prompt.maximum)
    allowed = VoxelBox(low, (high[0] + 1, high[1] + 1, high[2] + 1)).intersection(box)
    bounded = mask
    if prompt.flat_axis is not None:
        axis = 2 - prompt.flat_axis
        index = low[axis] - box.low[axis]
        if not 0 <= index < mask.shape[axis]:
            return
        part: list[slice] = [slice(None)] * 3
        part[axis] = slice(index, index + 1)
        bounded = mask[tuple(part)]
    inside = np.zeros_like(mask)
    inside[allowed.relative_to(box).slices] = not allowed.is_empty
    bounded &= inside[tuple(part)] if prompt.flat_axis is not None else inside


def _follow_outline(mask: np.ndarray, box: VoxelBox, prompt: Lasso) -> None:
    axis = 2 - prompt.axis
    index = prompt.slice_index - box.low[axis]
    if not 0 <= index < mask.shape[axis]:
        return
    plane = np.moveaxis(mask, axis, 0)[index]
    rows, columns = (other for other in range(3) if other != axis)
    outline = [(point[2 - rows] - box.low[rows], point[2 - columns] - box.low[columns]) for point in prompt.points]
    inside = enclosed(np.array(outline), (plane.shape[0], plane.shape[1]))
    if not prompt.positive:
        plane &= ~inside
        return
    found = plane & inside
    # The outline is drawn by hand, a little outside the object: the model's edge is the better one, if it found it.
    plane[...] = found if 2 * found.sum() >= inside.sum() else inside
