"""A MRML scene without an application around it, for measuring what writing into it costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk

from MedVLSAM2Lib.scene.segments import create_segment
from MedVLSAM2Lib.volume import Volume

_COLOUR = (0.8, 0.3, 0.2)


class BareScene:
    """A scene with volumes and segmentations in it, and the logic that keeps segmentations whole."""

    def __init__(self) -> None:
        self.scene = slicer.vtkMRMLScene()
        self._application = slicer.vtkSlicerApplicationLogic()
        self._application.SetMRMLScene(self.scene)
        self._segmentations = slicer.vtkSlicerSegmentationsModuleLogic()
        self._segmentations.SetMRMLApplicationLogic(self._application)
        self._segmentations.SetMRMLScene(self.scene)

    def add_volume(self, volume: Volume) -> tuple[Any, Volume]:
        """A volume node with these voxels, and the volume over the node's own memory."""
        node = self.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", volume.name)
        slicer.util.updateVolumeFromArray(node, volume.array)
        node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(volume.ijk_to_ras))
        array = slicer.util.arrayFromVolume(node)
        return node, Volume(array, volume.ijk_to_ras, volume.modality, volume.units, volume.name)

    def add_segmentation(self, volume_node: Any) -> Any:
        """An empty segmentation node on the grid of ``volume_node``."""
        node = self.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "segmentation")
        node.SetReferenceImageGeometryParameterFromVolumeNode(volume_node)
        return node

    def add_segment(self, segmentation_node: Any, name: str) -> str:
        """An empty segment, by its id."""
        return create_segment(segmentation_node, name, _COLOUR)

    def write_whole(self, segmentation_node: Any, segment_id: str, volume_node: Any, mask: np.ndarray) -> None:
        """Replace the segment by a uint8 array (K, J, I) of the whole volume.

        The core of ``slicer.util.updateSegmentBinaryLabelmapFromArray``, which in addition makes and removes a node.
        """
        image = slicer.vtkOrientedImageData()
        image.SetDimensions(*mask.shape[::-1])
        ijk_to_ras = vtk.vtkMatrix4x4()
        volume_node.GetIJKToRASMatrix(ijk_to_ras)
        image.SetGeometryFromImageToWorldMatrix(ijk_to_ras)
        image.GetPointData().SetScalars(numpy_to_vtk(mask.ravel(), deep=False))
        logic = slicer.vtkSlicerSegmentationsModuleLogic
        logic.SetBinaryLabelmapToSegment(image, segmentation_node, segment_id, logic.MODE_REPLACE)
