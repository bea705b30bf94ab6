"""How far a segment reaches."""

from __future__ import annotations

from typing import Any

import numpy as np

from MedVLSAM2Lib.scene.layer_grid import grid_of_layer
from MedVLSAM2Lib.scene.node_access import grid_of_volume, require_segment, volume_box
from MedVLSAM2Lib.scene.scene_grid import GridMap
from MedVLSAM2Lib.scene.segment_layer import SegmentLayer
from MedVLSAM2Lib.volume import VoxelBox


def box_of_segment(segmentation_node: Any, volume_node: Any, segment_id: str) -> VoxelBox:
    """The box of volume voxels (K, J, I) that holds all of a segment inside the volume; SceneError when it is gone.

    Looks at the layer plane by plane: a small segment on the layer of a large scan is found, and can then be read, in a
    fraction of the time that looking at the whole layer at once takes.
    """
    segment = require_segment(segmentation_node, segment_id)
    layer = SegmentLayer.of(segment)
    tight = _tight_box(layer, segment.GetLabelValue())
    if tight.is_empty:
        return tight
    to_volume = GridMap(grid_of_layer(segmentation_node, layer), grid_of_volume(volume_node))
    return to_volume.box(tight).intersection(volume_box(volume_node))


def _tight_box(layer: SegmentLayer, label: int) -> VoxelBox:
    _, rows, columns = layer.box.shape
    numbers: list[int] = []
    in_rows, in_columns = np.zeros(rows, bool), np.zeros(columns, bool)
    for number, plane in enumerate(layer.planes_with(label)):
        if plane.any():
            numbers.append(number)
            in_rows |= plane.any(axis=1)
            in_columns |= plane.any(axis=0)
    if not numbers:
        return VoxelBox.empty()
    j, i = np.flatnonzero(in_rows), np.flatnonzero(in_columns)
    low, high = (numbers[0], int(j[0]), int(i[0])), (numbers[-1] + 1, int(j[-1]) + 1, int(i[-1]) + 1)
    return VoxelBox(low, high).shifted(layer.box.low)
