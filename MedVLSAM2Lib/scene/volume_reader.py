"""Volumes out of the scene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer

from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.image_voxels import image_array
from MedVLSAM2Lib.scene.modality import modality_of, units_of
from MedVLSAM2Lib.scene.node_access import grid_of_volume, require_in_scene
from MedVLSAM2Lib.volume import Modality, Volume


@dataclass(frozen=True)
class VolumeSource:
    """A scan as the scene holds it: looked at on the GUI's thread, to be read on any.

    Attributes:
        array: a read-only view (K, J, I) of the node's own voxels, which it keeps alive.
        ijk_to_ras: the node's own matrix.
        modality: as in Volume.
        units: as in Volume.
        name: as in Volume.
    """

    array: np.ndarray
    ijk_to_ras: np.ndarray
    modality: Modality
    units: str
    name: str

    def read(self) -> Volume:
        """The volume; looks at every voxel. VolumeError when it is empty, constant, not finite, or of no usable geometry."""
        return Volume(self.array, self.ijk_to_ras, self.modality, self.units, self.name)


def read_volume(volume_node: Any) -> Volume:
    """The scan in a vtkMRMLScalarVolumeNode.

    The array is a view of the node's own voxels, (K, J, I). ``ijk_to_ras`` is the node's own matrix, without its parent
    transforms: prompts reach the volume as voxel indices (VolumeFrame), so no transform needs to be known below the scene.
    Modality and units are guessed as ``modality.py`` says.

    Raises:
        SceneError: no volume, a deleted one, a label map, one of several components or time points, no voxels, spacing.
        VolumeError: empty, constant, not finite, or of an unusable geometry.
    """
    return look_at_volume(volume_node).read()


def look_at_volume(volume_node: Any) -> VolumeSource:
    """The first, quick part of ``read_volume``, which needs the scene; SceneError as there."""
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
    return VolumeSource(array, matrix, modality, units_of(volume_node, modality), name)


def voxels_stamp(volume_node: Any) -> tuple[Any, ...]:
    """Changes whenever a volume's voxels or their place in the patient were changed, or replaced by others."""
    image = volume_node.GetImageData()
    scalars = image.GetPointData().GetScalars() if image is not None else None
    # No two objects share a modification time, so it stands for the array too.
    changed = scalars.GetMTime() if scalars is not None else 0
    return (changed, *grid_of_volume(volume_node).ijk_to_local.flat)


def _check_kind(node: Any, name: str) -> None:
    if isinstance(node, slicer.vtkMRMLLabelMapVolumeNode):
        raise SceneError(f"{name} is a label map; choose the scan it was made on.")
    if node.IsA("vtkMRMLSequenceNode") or node.IsA("vtkMRMLMultiVolumeNode"):
        raise SceneError(f"{name} holds several time points; choose a volume of a single one.")
    if node.IsA("vtkMRMLTensorVolumeNode") or not isinstance(node, slicer.vtkMRMLScalarVolumeNode):
        raise SceneError(f"{name} is no scalar volume; choose a CT or MR scan.")
