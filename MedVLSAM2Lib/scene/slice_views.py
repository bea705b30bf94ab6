"""Showing a place in the slice and 3D views."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer

from MedVLSAM2Lib.scene.node_access import require_segment
from MedVLSAM2Lib.scene.volume_frame import VolumeFrame
from MedVLSAM2Lib.volume.reorientation import Position


def jump_to(volume_node: Any, local_ras: Position) -> None:
    """Go to a position in all slice and 3D views and centre them there.

    Args:
        volume_node: the volume it was measured on.
        local_ras: in mm, in the volume's own coordinates, without its parent transforms.

    Raises:
        SceneError: the volume is gone.
    """
    look_at(VolumeFrame(volume_node).world_of_local(local_ras), volume_node.GetScene())


def look_at(world: Position, scene: Any) -> None:
    """Centre all slice and 3D views on a position in the world, in mm; directions and distances of cameras stay."""
    slice_node = slicer.vtkMRMLSliceNode
    slice_node.JumpAllSlices(scene, *world, slice_node.CenteredJumpSlice)
    for number in range(scene.GetNumberOfNodesByClass("vtkMRMLCameraNode")):
        camera = scene.GetNthNodeByClass(number, "vtkMRMLCameraNode")
        step = np.subtract(world, camera.GetFocalPoint())
        camera.SetFocalPoint(*world)
        camera.SetPosition(*np.add(camera.GetPosition(), step))


def make_visible(segmentation_node: Any, segment_id: str) -> None:
    """Show a segment where it is hidden; SceneError when it is gone."""
    require_segment(segmentation_node, segment_id)
    if segmentation_node.GetDisplayNode() is None:
        segmentation_node.CreateDefaultDisplayNodes()
    display = segmentation_node.GetDisplayNode()
    display.SetVisibility(True)
    display.SetSegmentVisibility(segment_id, True)
