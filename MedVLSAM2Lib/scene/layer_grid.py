"""The voxel grid a segment is, or will be, stored in."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer

from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.node_access import grid_of_volume
from MedVLSAM2Lib.scene.scene_grid import GridMap, SceneGrid
from MedVLSAM2Lib.scene.segment_layer import SegmentLayer


def grid_of_layer(segmentation_node: Any, layer: SegmentLayer) -> SceneGrid:
    """Where a layer with voxels lies in the scene."""
    return SceneGrid(layer.ijk_to_local, segmentation_node.GetParentTransformNode())


def grid_for_layer(segmentation_node: Any, volume_node: Any, layer: SegmentLayer) -> SceneGrid:
    """Where a layer lies, or, while it has no voxels, where it is to lie.

    That is, in this order: the segmentation's reference geometry, that of another layer, the volume's own (which then
    becomes the reference geometry).
    """
    if not layer.box.is_empty:
        return grid_of_layer(segmentation_node, layer)
    segmentation = segmentation_node.GetSegmentation()
    matrix = _reference_geometry(segmentation)
    if matrix is None:
        matrix = _geometry_of_any_layer(segmentation)
    if matrix is None:
        segmentation_node.SetReferenceImageGeometryParameterFromVolumeNode(volume_node)
        matrix = _reference_geometry(segmentation)
    if matrix is None:
        raise SceneError(f"The geometry of {volume_node.GetName()} cannot be used; correct it in the Volumes module.")
    return _exactly(SceneGrid(matrix, segmentation_node.GetParentTransformNode()), volume_node)


def _reference_geometry(segmentation: Any) -> np.ndarray | None:
    converter = slicer.vtkSegmentationConverter
    name = converter.GetReferenceImageGeometryParameterName()
    text = segmentation.GetConversionParameter(name)
    image = slicer.vtkOrientedImageData()
    if not text or not converter.DeserializeImageGeometry(text, image, False):
        return None
    return SegmentLayer(image).ijk_to_local


def _geometry_of_any_layer(segmentation: Any) -> np.ndarray | None:
    for segment_id in segmentation.GetSegmentIDs():
        layer = SegmentLayer.of(segmentation.GetSegment(segment_id))
        if not layer.box.is_empty:
            return layer.ijk_to_local
    return None


def _exactly(grid: SceneGrid, volume_node: Any) -> SceneGrid:
    """The volume's own matrix in place of a reference geometry that is the same but for the rounding of its text."""
    volume = grid_of_volume(volume_node)
    if volume.parent is grid.parent and GridMap(volume, grid).offset == (0, 0, 0):
        return volume
    return grid
