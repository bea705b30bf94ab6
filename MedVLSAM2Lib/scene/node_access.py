"""Nodes as they must be before anything is read from or written to them."""

from __future__ import annotations

from typing import Any

import slicer
import vtk

from MedVLSAM2Lib.scene import vtk_matrix
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.image_voxels import image_array, image_box
from MedVLSAM2Lib.scene.scene_grid import SceneGrid
from MedVLSAM2Lib.volume import VoxelBox

BINARY_LABELMAP = "Binary labelmap"
"""What vtkSegmentationConverter calls a segment's voxels."""


def nodes_of_class(scene: Any, class_name: str) -> list[Any]:
    """The scene's nodes of a class, in its order."""
    return [scene.GetNthNodeByClass(n, class_name) for n in range(scene.GetNumberOfNodesByClass(class_name))]


def require_in_scene(node: Any, what: str) -> None:
    """SceneError unless ``node`` is there and still in a scene; ``what`` is what the user calls it."""
    if node is None:
        raise SceneError(f"There is no {what}; choose one.")
    if node.GetScene() is None:
        raise SceneError(f"The {what} was deleted; choose another one.")


def require_segmentation(segmentation_node: Any) -> Any:
    """The node's vtkSegmentation; SceneError when the node is gone or does not store voxels."""
    require_in_scene(segmentation_node, "segmentation")
    segmentation = segmentation_node.GetSegmentation()
    if segmentation.GetSourceRepresentationName() != BINARY_LABELMAP:
        raise SceneError(
            f"{segmentation_node.GetName()} is made of {segmentation.GetSourceRepresentationName().lower()}s; "
            "make Binary labelmap its source representation in the Segmentations module."
        )
    return segmentation


def require_segment(segmentation_node: Any, segment_id: str) -> Any:
    """The vtkSegment of that id; SceneError when it, or its segmentation, is gone."""
    segment = require_segmentation(segmentation_node).GetSegment(segment_id)
    if segment is None:
        raise SceneError("The segment was deleted; choose another one or create a new one.")
    return segment


def grid_of_volume(volume_node: Any) -> SceneGrid:
    """The voxel grid of a vtkMRMLVolumeNode."""
    matrix = vtk.vtkMatrix4x4()
    volume_node.GetIJKToRASMatrix(matrix)
    return SceneGrid(vtk_matrix.to_numpy(matrix), volume_node.GetParentTransformNode())


def volume_box(volume_node: Any) -> VoxelBox:
    """The box of all voxels of a vtkMRMLVolumeNode."""
    return VoxelBox.of_shape(image_array(volume_node.GetImageData()).shape[:3])


def require_voxels_of(volume_node: Any, box: VoxelBox) -> None:
    """SceneError unless the volume still has the voxels of ``box`` and no others: masks of others would lie elsewhere."""
    require_in_scene(volume_node, "volume")
    image = volume_node.GetImageData()
    if image is None or image_box(image).shape != box.shape:
        raise SceneError(
            f"{volume_node.GetName()} has other voxels than before, so the result was left out; ask again."
        )


def visible_segment_ids(segmentation_node: Any) -> frozenset[str]:
    """The segments that are shown; all of them where nothing was displayed yet."""
    ids = frozenset(segmentation_node.GetSegmentation().GetSegmentIDs())
    display = segmentation_node.GetDisplayNode()
    if not isinstance(display, slicer.vtkMRMLSegmentationDisplayNode):
        return ids
    return frozenset(segment_id for segment_id in ids if display.GetSegmentVisibility(segment_id))
