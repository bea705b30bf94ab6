"""The outline that a segment had, in the slice views."""

from __future__ import annotations

from typing import Any

import slicer

from MedVLSAM2Lib.scene.layer_edits import applicable, apply_changes
from MedVLSAM2Lib.scene.node_access import BINARY_LABELMAP, require_segment
from MedVLSAM2Lib.scene.segment_layer import SegmentLayer
from MedVLSAM2Lib.scene.voxel_change import VoxelChange

_NAME = "MedVLSAM2 before"
_COLOUR = (1.0, 1.0, 1.0)
_THICKNESS = 2


class Ghost:
    """At most one outline, drawn by a node of its own that is in no list, is not saved, and that nobody counts or exports.

    Args:
        scene: the MRML scene.
    """

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        self._node: Any = None

    def show(self, segmentation_node: Any, change: VoxelChange) -> None:
        """Show the outline that ``change.segment_id`` had before ``change``, in place of what is shown.

        Raises:
            SceneError: the segment is gone, or was resampled since; nothing is shown then.
        """
        self.hide()
        before = _without(require_segment(segmentation_node, change.segment_id), change)
        node = slicer.vtkMRMLSegmentationNode()
        node.SetName(_NAME)
        # Before it is added: nobody who looks at what comes into the scene is to take it for a segmentation of the user's.
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
        self._node = self._scene.AddNode(node)
        node.SetAndObserveTransformNodeID(segmentation_node.GetTransformNodeID())
        node.GetSegmentation().AddSegment(before, change.segment_id)
        _draw_outline(node, change.segment_id)

    def hide(self) -> None:
        """Show nothing."""
        node, self._node = self._node, None
        if node is not None and node.GetScene() is not None:
            display = node.GetDisplayNode()
            self._scene.RemoveNode(node)
            if display is not None and display.GetScene() is not None:
                self._scene.RemoveNode(display)


def _without(segment: Any, change: VoxelChange) -> Any:
    """A new vtkSegment that is what ``segment`` was before ``change``."""
    layer, copy = SegmentLayer.of(segment), SegmentLayer(slicer.vtkOrientedImageData())
    box = layer.box
    copy.place(layer.ijk_to_local)
    copy.paint(layer.labels(box) == segment.GetLabelValue(), box, 1)
    scratch = slicer.vtkSegmentation()
    scratch.SetSourceRepresentationName(BINARY_LABELMAP)
    before = slicer.vtkSegment()
    before.SetName(segment.GetName())
    before.SetColor(*_COLOUR)
    before.SetLabelValue(1)
    before.AddRepresentation(BINARY_LABELMAP, copy.image)
    scratch.AddSegment(before, change.segment_id)
    apply_changes(scratch, applicable(scratch, (change.inverse(),)))
    return before


def _draw_outline(node: Any, segment_id: str) -> None:
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetSaveWithScene(False)
    display.SetVisibility3D(False)
    display.SetVisibility2DFill(False)
    display.SetSliceIntersectionThickness(_THICKNESS)
    display.SetSegmentOpacity2DOutline(segment_id, 1.0)
