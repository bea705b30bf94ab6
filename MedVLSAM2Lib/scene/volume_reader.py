"""Volumes out of the scene."""

from __future__ import annotations

from typing import Any

import slicer

from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.image_voxels import image_array
from MedVLSAM2Lib.scene.modality import modality_of, units_of
from MedVLSAM2Lib.scene.node_access import grid_of_volume, require_in_scene
from MedVLSAM2Lib.volume import Volume


def read_volume(volume_node: Any) -> Volume:
    """The scan in a vtkMRMLScalarVolumeNode.

    The array is a view of the node's own voxels, (K, J, I). ``ijk_to_ras`` is the node's own matrix, without its parent
    transforms: prompts reach the volume as voxel indices (VolumeFrame), so no transform needs to be known below the scene.
    Modality and units are guessed as ``modality.py`` says.

    Raises:
        SceneError: no volume, a deleted one, a label map, one of several components or time points, no voxels, spacing.
        VolumeError: empty, constant, not finite, or of an unusable geometry.
    """
    require_in_scene(volume_node, "volume")
    name = volume_node.GetName() or "The volume"
    _check_kind(volume_node, name)
    image = volume_node.GetImageData()
    if image is None or image.GetPointData().GetScalars() is None:
        raise SceneError(f"{name} has no voxels; load the scan again or choose another volume.")
    if image.GetNumberOfScalarComponents() != 1:
        raise SceneError(
            f"{name} has {image.GetNumberOfScalarComponents()} values in each voxel; "
            "choose a volume with one, or a single time point of it."
        )
    if min(volume_node.GetSpacing()) <= 0:
        raise SceneError(f"{name} has a voxel spacing of zero or below; correct it in the Volumes module.")
    array = image_array(image)
    array.setflags(write=False)
    modality = modality_of(volume_node, array)
    matrix = grid_of_volume(volume_node).ijk_to_local
    return Volume(array, matrix, modality, units_of(volume_node, modality), name)


def _check_kind(node: Any, name: str) -> None:
    if isinstance(node, slicer.vtkMRMLLabelMapVolumeNode):
        raise SceneError(f"{name} is a label map; choose the scan it was made on.")
    if node.IsA("vtkMRMLSequenceNode") or node.IsA("vtkMRMLMultiVolumeNode"):
        raise SceneError(f"{name} holds several time points; choose a volume of a single one.")
    if node.IsA("vtkMRMLTensorVolumeNode") or not isinstance(node, slicer.vtkMRMLScalarVolumeNode):
        raise SceneError(f"{name} is no scalar volume; choose a CT or MR scan.")
