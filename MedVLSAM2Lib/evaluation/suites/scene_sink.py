"""Masks into segments of a real scene."""

from __future__ import annotations

import numpy as np

from MedVLSAM2Lib.evaluation.suites.bare_scene import BareScene
from MedVLSAM2Lib.scene.segment_writer import SegmentWriter
from MedVLSAM2Lib.volume import PackedMask, Volume, VoxelBox


class SceneSink:
    """Writes every object into a segment of its own, as the panel does: an undoable step a mask."""

    def __init__(self, volume: Volume) -> None:
        self._scene = BareScene()
        volume_node, self.volume = self._scene.add_volume(volume)
        self._segmentation_node = self._scene.add_segmentation(volume_node)
        self._writer = SegmentWriter(self._segmentation_node, volume_node)
        self._segment_ids: dict[str, str] = {}

    def write(self, object_id: str, mask: PackedMask) -> None:
        """Make the object's segment exactly ``mask`` inside its box; the segment is made when it is not there."""
        if object_id not in self._segment_ids:
            self._segment_ids[object_id] = self._scene.add_segment(self._segmentation_node, object_id)
        self._writer.begin_step()
        self._writer.write(self._segment_ids[object_id], mask)

    def segment_array(self, object_id: str) -> np.ndarray:
        """The object's segment as it stands (bool, K, J, I)."""
        return self._writer.read(self._segment_ids[object_id]).unpack(VoxelBox.of_shape(self.volume.shape))


def open_scene_sink(volume: Volume) -> tuple[Volume, SceneSink]:
    """A sink in a new scene that holds ``volume``, and the volume over the scene's memory."""
    sink = SceneSink(volume)
    return sink.volume, sink
