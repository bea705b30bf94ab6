"""Reads image files and DICOM folders into volume nodes, keeping every axis where the file puts it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
import slicer

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def load_volume(path: Path | str, name: str | None = None) -> Any:
    """A new vtkMRMLScalarVolumeNode with the image at ``path`` (``.nii``, ``.nrrd``, ``.mha`` ..., or a DICOM folder).

    The array is never flipped: left-handed, oblique and sheared axes are all in the node's IJK-to-RAS matrix.
    """
    path = Path(path)
    image = _read_dicom_folder(path) if path.is_dir() else SimpleITK.ReadImage(str(path))
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        message = f"{path.name} is not a scalar volume: {image.GetSize()}, {image.GetPixelIDTypeAsString()}"
        raise ValueError(message)
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name or path.name.split(".")[0])
    slicer.util.updateVolumeFromArray(volume, SimpleITK.GetArrayFromImage(image))
    volume.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(ijk_to_ras(image)))
    volume.CreateDefaultDisplayNodes()
    return volume


def ijk_to_ras(image: SimpleITK.Image) -> np.ndarray:
    """The 4x4 matrix from voxel indices of an ITK image to Slicer's RAS millimetres."""
    ijk_to_lps = np.eye(4)
    ijk_to_lps[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    ijk_to_lps[:3, 3] = image.GetOrigin()
    return _LPS_TO_RAS @ ijk_to_lps


def _read_dicom_folder(folder: Path) -> SimpleITK.Image:
    """The series with the most files: a localizer beside the scan is not what one wants to see."""
    reader = SimpleITK.ImageSeriesReader()
    series = [reader.GetGDCMSeriesFileNames(str(folder), uid) for uid in reader.GetGDCMSeriesIDs(str(folder))]
    if not series:
        message = f"no DICOM series in {folder}"
        raise ValueError(message)
    reader.SetFileNames(max(series, key=len))
    image: SimpleITK.Image = reader.Execute()
    return image
