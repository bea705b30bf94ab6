"""The writers of a sitting: one for each segmentation and volume, so that one history knows all steps."""

from __future__ import annotations

from typing import Any

from MedVLSAM2Lib.scene.background_surfaces import BackgroundSurfaces
from MedVLSAM2Lib.scene.editing_rules import segment_editor_node
from MedVLSAM2Lib.scene.segment_writer import SegmentWriter


class SegmentWriters:
    """Makes each writer once; the Segment Editor node is honoured where there is one."""

    def __init__(self, surfaces: BackgroundSurfaces) -> None:
        self._surfaces = surfaces
        self._writers: dict[tuple[Any, Any], SegmentWriter] = {}

    def of(self, segmentation_node: Any, volume_node: Any) -> SegmentWriter:
        """The writer of a segmentation for masks of a volume; SceneError when either is gone."""
        # The nodes themselves, not their IDs, which come back when nodes are deleted.
        key = (segmentation_node, volume_node)
        if key not in self._writers:
            self._writers[key] = SegmentWriter(segmentation_node, volume_node, surfaces=self._surfaces)
        writer = self._writers[key]
        # Slicer makes it when the Segment Editor is first opened, which may be after the first prompt.
        writer.editor_node = segment_editor_node(segmentation_node.GetScene())
        return writer

    def forget_gone(self) -> None:
        """Volumes or segmentations were deleted: their writers would hold their voxels."""
        for key in [key for key in self._writers if any(node.GetScene() is None for node in key)]:
            del self._writers[key]

    def forget(self) -> None:
        """The scene was closed."""
        self._writers.clear()
