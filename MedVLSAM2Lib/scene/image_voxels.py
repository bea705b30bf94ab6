"""The voxels of a VTK image as numpy arrays that share its memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from vtk.util.numpy_support import vtk_to_numpy

from MedVLSAM2Lib.volume import VoxelBox


def image_box(image: Any) -> VoxelBox:
    """The box (K, J, I) of voxel indices a vtkImageData covers; its low corner may be anywhere, below zero too.

    Empty when the image has no voxels yet.
    """
    i_low, i_high, j_low, j_high, k_low, k_high = image.GetExtent()
    box = VoxelBox((k_low, j_low, i_low), (k_high + 1, j_high + 1, i_high + 1))
    return VoxelBox.empty() if box.is_empty or image.GetPointData().GetScalars() is None else box


def image_array(image: Any) -> np.ndarray:
    """The scalars of a vtkImageData, (K, J, I), or (K, J, I, components) when there are several; a view, no copy."""
    scalars = image.GetPointData().GetScalars()
    shape = image_box(image).shape
    components = scalars.GetNumberOfComponents()
    return vtk_to_numpy(scalars).reshape(shape if components == 1 else (*shape, components))


def extent_of(box: VoxelBox) -> tuple[int, int, int, int, int, int]:
    """``box`` as VTK writes it: first and last index along I, J and K."""
    (k, j, i), (k_end, j_end, i_end) = box.low, box.high
    return i, i_end - 1, j, j_end - 1, k, k_end - 1
