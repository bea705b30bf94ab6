"""Segments out of the scene."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from MedVLSAM2Lib.scene.layer_grid import grid_of_layer
from MedVLSAM2Lib.scene.node_access import grid_of_volume, require_segment, volume_box
from MedVLSAM2Lib.scene.scene_grid import GridMap
from MedVLSAM2Lib.scene.segment_layer import SegmentLayer
from MedVLSAM2Lib.volume import PackedMask, VoxelBox


@dataclass(frozen=True, eq=False)
class SegmentSource:
    """A segment and a volume as the scene holds them: looked at on the GUI's thread, to be read on any.

    Attributes:
        labels: the layer's own voxels (K, J, I), a view that keeps them alive; what changes meanwhile may be half seen.
        label: the segment's.
        box: what ``labels`` covers, in the layer's index.
        volume_box: all voxels of the volume.
        to_volume: from the layer's voxels to the volume's.
        to_layer: the way back.
    """

    labels: np.ndarray
    label: int
    box: VoxelBox
    volume_box: VoxelBox
    to_volume: GridMap
    to_layer: GridMap

    @property
    def is_free_of_the_scene(self) -> bool:
        """Whether it may be read on any thread: a warping transform lies in the scene and is asked for each point."""
        return self.to_volume.is_linear and self.to_layer.is_linear

    def extent(self) -> VoxelBox:
        """The box of volume voxels (K, J, I) that holds all of the segment inside the volume.

        Looks at the layer plane by plane: a small segment on the layer of a large scan is found, and can then be read, in
        a fraction of the time that looking at the whole layer at once takes.
        """
        tight = self._tight_box()
        return tight if tight.is_empty else self.to_volume.box(tight).intersection(self.volume_box)

    def read(self, box: VoxelBox | None = None) -> PackedMask:
        """The segment in the volume's own voxels: all of it, cut to what lies inside the volume, or just ``box``.

        Where the grids differ, a volume voxel takes the value of the layer voxel its centre lies in.
        """
        region = self.extent() if box is None else box
        if region.is_empty or self.box.is_empty:
            return PackedMask.pack(np.zeros(region.shape, bool), region)
        needed = self.to_layer.box(region).intersection(self.box)
        member = self.labels[needed.relative_to(self.box).slices] == self.label
        inside = self.to_layer.look_up(member, needed, region)
        return PackedMask.pack_tight(inside, region) if box is None else PackedMask.pack(inside, box)

    def _planes(self) -> Iterator[np.ndarray]:
        # One at a time needs no second array of the layer's size.
        return (plane == self.label for plane in self.labels)

    def _tight_box(self) -> VoxelBox:
        _, rows, columns = self.box.shape
        numbers: list[int] = []
        in_rows, in_columns = np.zeros(rows, bool), np.zeros(columns, bool)
        for number, plane in enumerate(self._planes()):
            if plane.any():
                numbers.append(number)
                in_rows |= plane.any(axis=1)
                in_columns |= plane.any(axis=0)
        if not numbers:
            return VoxelBox.empty()
        j, i = np.flatnonzero(in_rows), np.flatnonzero(in_columns)
        low, high = (numbers[0], int(j[0]), int(i[0])), (numbers[-1] + 1, int(j[-1]) + 1, int(i[-1]) + 1)
        return VoxelBox(low, high).shifted(self.box.low)


def look_at_segment(segmentation_node: Any, volume_node: Any, segment_id: str) -> SegmentSource:
    """The first, quick part of reading a segment, which needs the scene; SceneError when the segment is gone."""
    segment = require_segment(segmentation_node, segment_id)
    layer = SegmentLayer.of(segment)
    layer_grid, volume_grid = grid_of_layer(segmentation_node, layer), grid_of_volume(volume_node)
    return SegmentSource(
        layer.labels(layer.box),
        segment.GetLabelValue(),
        layer.box,
        volume_box(volume_node),
        GridMap(layer_grid, volume_grid),
        GridMap(volume_grid, layer_grid),
    )


def segment_stamp(segmentation_node: Any, segment_id: str) -> tuple[int, int]:
    """Changes whenever a segment's voxels are changed (or those of another segment stored with them); SceneError as above."""
    segment = require_segment(segmentation_node, segment_id)
    return SegmentLayer.of(segment).modified_time, int(segment.GetLabelValue())
