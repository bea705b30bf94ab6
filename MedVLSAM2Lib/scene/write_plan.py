"""Which voxels a mask changes: found before anything is touched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from MedVLSAM2Lib.scene.editing_rules import EditingRules
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.image_voxels import image_array
from MedVLSAM2Lib.scene.layer_grid import grid_for_layer, grid_of_layer
from MedVLSAM2Lib.scene.node_access import grid_of_volume, require_segment, volume_box
from MedVLSAM2Lib.scene.scene_grid import GridMap, SceneGrid
from MedVLSAM2Lib.scene.segment_layer import SegmentLayer
from MedVLSAM2Lib.scene.voxel_change import VoxelChange
from MedVLSAM2Lib.volume import PackedMask, VoxelBox

_OUTSIDE_MASK_BOX, _BACKGROUND, _OBJECT = 0, 1, 2


@dataclass(frozen=True, eq=False)
class _Request:
    """A mask as it comes to lie on the target's layer; arrays are boolean, of ``box`` (K, J, I).

    ``answered`` are the voxels the mask says something about, None for all of them.
    """

    grid: SceneGrid
    box: VoxelBox
    wanted: np.ndarray
    answered: np.ndarray | None


def plan_write(
    segmentation_node: Any, volume_node: Any, rules: EditingRules, segment_id: str, mask: PackedMask
) -> tuple[VoxelChange, ...]:
    """The changes that make ``segment_id`` equal ``mask`` inside its box, as far as ``rules`` allow.

    The neighbours that give way come first, the segment itself last. Where the layer's grid is not the volume's, a layer
    voxel takes the value of the volume voxel its centre lies in.

    Raises:
        SceneError: the segment is gone, or its voxels are too coarse to hold any of the mask.
    """
    segment = require_segment(segmentation_node, segment_id)
    layer = SegmentLayer.of(segment)
    request = _on_layer(mask, grid_of_volume(volume_node), grid_for_layer(segmentation_node, volume_node, layer))
    editable = _editable(segmentation_node, volume_node, rules, request)
    before = layer.labels(request.box) == segment.GetLabelValue()
    painted = request.wanted if editable is None else request.wanted & editable
    # Greater-than is and-not in one pass: a mask of the whole volume is worth the trouble.
    lost = before > request.wanted
    if editable is not None:
        lost &= editable
    changes = _overwritten(segmentation_node, rules.overwritten, request, painted)
    own = _change(segment_id, request.grid, request.box, painted > before, lost)
    return tuple(change for change in (*changes, own) if not change.is_empty)


def box_on_volume(segmentation_node: Any, volume_node: Any, changes: Iterable[VoxelChange]) -> VoxelBox:
    """The box of volume voxels (K, J, I) that holds all changes."""
    volume_grid, parent = grid_of_volume(volume_node), segmentation_node.GetParentTransformNode()
    total = VoxelBox.empty()
    for change in changes:
        to_volume = GridMap(SceneGrid(change.ijk_to_local, parent), volume_grid)
        total = total.union(to_volume.box(change.added.box.union(change.removed.box)))
    return total.intersection(volume_box(volume_node))


def _on_layer(mask: PackedMask, volume_grid: SceneGrid, layer_grid: SceneGrid) -> _Request:
    to_layer = GridMap(volume_grid, layer_grid)
    box = to_layer.box(mask.box)
    if to_layer.offset is not None:
        return _Request(layer_grid, box, mask.unpack(), None)
    voxels = np.where(mask.unpack(), np.uint8(_OBJECT), np.uint8(_BACKGROUND))
    answers = GridMap(layer_grid, volume_grid).look_up(voxels, mask.box, box)
    wanted = answers == _OBJECT
    if not wanted.any() and not mask.is_empty:
        raise SceneError("The segmentation's voxels are too coarse to hold the result; give it the volume's geometry.")
    return _Request(layer_grid, box, wanted, answers != _OUTSIDE_MASK_BOX)


def _editable(segmentation_node: Any, volume_node: Any, rules: EditingRules, request: _Request) -> np.ndarray | None:
    """Where voxels may be changed; None for everywhere."""
    limits = [] if request.answered is None else [request.answered]
    if rules.inside is not None:
        limits.append(_covered(segmentation_node, rules.inside, request))
    if rules.outside:
        limits.append(~_covered(segmentation_node, rules.outside, request))
    if rules.intensity_range is not None:
        source = rules.intensity_node
        usable = source is not None and source.GetImageData() is not None
        limits.append(_in_range(source if usable else volume_node, rules.intensity_range, request))
    return np.logical_and.reduce(limits) if limits else None


def _covered(segmentation_node: Any, segment_ids: Iterable[str], request: _Request) -> np.ndarray:
    """Where any of the segments is."""
    covered = np.zeros(request.box.shape, bool)
    for layer, labels in _by_layer(segmentation_node.GetSegmentation(), segment_ids).items():
        to_layer = GridMap(request.grid, grid_of_layer(segmentation_node, layer))
        needed = to_layer.box(request.box).intersection(layer.box)
        member = np.isin(layer.labels(needed), list(labels))
        covered |= to_layer.look_up(member, needed, request.box)
    return covered


def _in_range(source_node: Any, limits: tuple[float, float], request: _Request) -> np.ndarray:
    """Where the source volume's intensity (nearest voxel) lies between the limits, both included."""
    to_source = GridMap(request.grid, grid_of_volume(source_node))
    needed = to_source.box(request.box).intersection(volume_box(source_node))
    intensities = image_array(source_node.GetImageData())[needed.slices]
    return to_source.look_up((intensities >= limits[0]) & (intensities <= limits[1]), needed, request.box)


def _overwritten(
    segmentation_node: Any, segment_ids: Iterable[str], request: _Request, painted: np.ndarray
) -> list[VoxelChange]:
    """What the neighbours lose under ``painted``, each in its own layer's grid."""
    changes = []
    for layer, labels in _by_layer(segmentation_node.GetSegmentation(), segment_ids).items():
        grid = grid_of_layer(segmentation_node, layer)
        near = GridMap(request.grid, grid).box(request.box).intersection(layer.box)
        if near.is_empty:
            continue
        under = GridMap(grid, request.grid).look_up(painted, request.box, near)
        values = layer.labels(near)
        for label in np.intersect1d(values[under], list(labels)):
            lost = under & (values == label)
            changes.append(_change(labels[int(label)], grid, near, np.zeros_like(lost), lost))
    return changes


def _by_layer(segmentation: Any, segment_ids: Iterable[str]) -> dict[SegmentLayer, dict[int, str]]:
    """The segments by the layer they lie on, and there by label; layers without voxels are left out."""
    layers: dict[SegmentLayer, dict[int, str]] = {}
    for segment_id in segment_ids:
        segment = segmentation.GetSegment(segment_id)
        layer = SegmentLayer.of(segment)
        if not layer.box.is_empty:
            layers.setdefault(layer, {})[segment.GetLabelValue()] = segment_id
    return layers


def _change(segment_id: str, grid: SceneGrid, box: VoxelBox, added: np.ndarray, removed: np.ndarray) -> VoxelChange:
    return VoxelChange(
        segment_id, grid.ijk_to_local, PackedMask.pack_tight(added, box), PackedMask.pack_tight(removed, box)
    )
