"""Image files and DICOM folders become volumes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from MedVLSAM2Lib.files.dicom_series import read_dicom_folder
from MedVLSAM2Lib.files.geometry import ijk_to_ras
from MedVLSAM2Lib.volume import Modality, Volume, VolumeError
from MedVLSAM2Lib.volume.hounsfield import looks_like_hounsfield_units

_DICOM_MODALITIES = {"CT": Modality.CT, "MR": Modality.MR, "PT": Modality.PET}


@dataclass(frozen=True)
class Scan:
    """A scan as it was read.

    Attributes:
        volume: its voxels and their place.
        dicom_files: of its series, in the order of their place; empty for a file of another kind.
    """

    volume: Volume
    dicom_files: tuple[Path, ...] = ()


def read_volume(path: Path, modality: Modality | None = None) -> Volume:
    """The volume that ``read_scan`` reads."""
    return read_scan(path, modality).volume


def read_scan(path: Path, modality: Modality | None = None) -> Scan:
    """The scan at ``path``: NIfTI, NRRD, MHA and whatever else SimpleITK reads, or a folder of DICOM files.

    The array is never flipped or resampled: left-handed, oblique and sheared axes are all in the volume's matrix.
    Without ``modality`` it is DICOM's, or CT where the values can only be Hounsfield units.

    Raises:
        VolumeError: one sentence for the user: not there, unreadable, not one scalar 3D volume, or of no usable geometry.
    """
    if not path.exists():
        raise VolumeError(f"{path} does not exist; check the path.")
    if path.is_dir():
        scan = read_dicom_folder(path)
        known = modality or _DICOM_MODALITIES.get(scan.modality)
        return Scan(_volume(scan.array, scan.ijk_to_ras, known, path.name), scan.files)
    image = _read(path)
    return Scan(_volume(sitk.GetArrayFromImage(image), ijk_to_ras(image), modality, path.name))


def _volume(array: np.ndarray, matrix: np.ndarray, modality: Modality | None, name: str) -> Volume:
    if array.ndim != 3:
        raise VolumeError(f"{name} holds {array.ndim - 3} values a voxel or more; choose a scalar volume.")
    if modality is None:
        modality = Modality.CT if looks_like_hounsfield_units(array) else Modality.UNKNOWN
    return Volume(array, matrix, modality, "HU" if modality is Modality.CT else "", name)


def _read(path: Path) -> sitk.Image:
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise VolumeError(f"{path} cannot be read as an image ({_reason(error)}); export it again.") from error
    if image.GetNumberOfComponentsPerPixel() != 1:
        count = image.GetNumberOfComponentsPerPixel()
        raise VolumeError(f"{path.name} holds {count} values in each voxel; choose a scalar volume.")
    if image.GetDimension() == 4 and image.GetSize()[3] == 1:
        return image[:, :, :, 0]
    if image.GetDimension() != 3:
        size = " x ".join(str(edge) for edge in image.GetSize())
        raise VolumeError(f"{path.name} has {image.GetDimension()} dimensions ({size}); choose one 3D volume of it.")
    return image


def _reason(error: RuntimeError) -> str:
    """The last line of ITK's message, which says what is wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "no reason given"
