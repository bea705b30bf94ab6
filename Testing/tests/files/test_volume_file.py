"""Scans come in from files with every axis where the file puts it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from MedVLSAM2Lib.files.geometry import set_ijk_to_ras
from MedVLSAM2Lib.files.volume_file import read_volume
from MedVLSAM2Lib.volume import Modality, Volume, VolumeError


def _write(volume: Volume, path: Path) -> Path:
    image = sitk.GetImageFromArray(volume.array)
    set_ijk_to_ras(image, volume.ijk_to_ras)
    sitk.WriteImage(image, str(path))
    return path


@pytest.mark.parametrize("ending", ["nii.gz", "nii", "nrrd", "mha"])
def test_an_oblique_left_handed_file_keeps_its_voxels_and_its_matrix(
    an_oblique_volume: Volume, tmp_path: Path, ending: str
) -> None:
    read = read_volume(_write(an_oblique_volume, tmp_path / f"scan.{ending}"))
    assert np.array_equal(read.array, an_oblique_volume.array)
    assert np.allclose(read.ijk_to_ras, an_oblique_volume.ijk_to_ras, atol=1e-4)


def test_values_that_can_only_be_hounsfield_units_make_a_ct(an_oblique_volume: Volume, tmp_path: Path) -> None:
    read = read_volume(_write(an_oblique_volume, tmp_path / "scan.nrrd"))
    assert (read.modality, read.units) == (Modality.CT, "HU")


def test_other_values_are_of_unknown_origin_unless_told(an_oblique_volume: Volume, tmp_path: Path) -> None:
    mr = Volume(np.abs(an_oblique_volume.array), an_oblique_volume.ijk_to_ras)
    path = _write(mr, tmp_path / "scan.nrrd")
    assert read_volume(path).modality is Modality.UNKNOWN
    assert read_volume(path, Modality.MR).modality is Modality.MR


def test_a_dicom_folder_is_ordered_by_place_not_by_file_name(write_dicom: Callable[..., Path]) -> None:
    read = read_volume(write_dicom())
    assert read.modality is Modality.CT
    assert read.array[:, 3, 3].tolist() == [1, 11, 21, 31, 41]
    assert np.allclose(read.spacing_mm, (3.0, 0.8, 0.7))
    assert np.allclose(read.ijk_to_ras_position((0, 0, 0)), (-10.0, 20.0, 0.0))


def test_a_tilted_gantry_gives_a_sheared_matrix(write_dicom: Callable[..., Path]) -> None:
    read = read_volume(write_dicom(position=lambda k: (10.0, -20.0 + 0.9 * k, 3.0 * k)))
    assert np.allclose(read.ijk_to_ras_position((0, 0, 4)), (-10.0, 20.0 - 3.6, 12.0))
    assert read.voxel_volume_mm3 == pytest.approx(0.7 * 0.8 * 3.0)


def test_the_modality_of_dicom_is_believed(write_dicom: Callable[..., Path]) -> None:
    assert read_volume(write_dicom(modality="MR")).modality is Modality.MR


def test_of_several_series_in_nested_folders_the_largest_is_read(
    write_dicom: Callable[..., Path], tmp_path: Path
) -> None:
    write_dicom(slices=2, folder="localizer", uid="1.2.826.0.1.3680043.2.1125.2")
    write_dicom(slices=6, folder="scan")
    assert read_volume(tmp_path).shape[0] == 6


def test_a_missing_slice_is_told(write_dicom: Callable[..., Path]) -> None:
    with pytest.raises(VolumeError, match="missing or unevenly spaced"):
        read_volume(write_dicom(position=lambda k: (0.0, 0.0, 3.0 * (k + (k > 2)))))


def test_several_images_of_one_place_are_told(write_dicom: Callable[..., Path]) -> None:
    with pytest.raises(VolumeError, match="several images of one place"):
        read_volume(write_dicom(slices=6, position=lambda k: (0.0, 0.0, 3.0 * (k // 2))))


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(VolumeError, match="no DICOM image"):
        read_volume(tmp_path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(VolumeError, match="does not exist"):
        read_volume(tmp_path / "scan.nii.gz")


def test_a_file_that_is_no_image_is_told(tmp_path: Path) -> None:
    (tmp_path / "scan.nii.gz").write_bytes(b"not an image")
    with pytest.raises(VolumeError, match="cannot be read as an image"):
        read_volume(tmp_path / "scan.nii.gz")


def test_a_truncated_file_is_told(an_oblique_volume: Volume, tmp_path: Path) -> None:
    path = _write(an_oblique_volume, tmp_path / "scan.mha")
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(VolumeError, match="cannot be read as an image"):
        read_volume(path)


def test_four_dimensions_are_told_and_a_fourth_of_one_is_dropped(tmp_path: Path) -> None:
    moving = np.random.default_rng(0).integers(0, 100, (3, 4, 5, 6)).astype(np.int16)
    sitk.WriteImage(sitk.GetImageFromArray(moving, isVector=False), str(tmp_path / "moving.nii.gz"))
    sitk.WriteImage(sitk.GetImageFromArray(moving[:1], isVector=False), str(tmp_path / "still.nii.gz"))
    with pytest.raises(VolumeError, match="has 4 dimensions"):
        read_volume(tmp_path / "moving.nii.gz")
    assert read_volume(tmp_path / "still.nii.gz").shape == (4, 5, 6)


def test_vectors_are_told(tmp_path: Path) -> None:
    colours = np.zeros((4, 5, 6, 3), np.uint8)
    sitk.WriteImage(sitk.GetImageFromArray(colours, isVector=True), str(tmp_path / "colours.nrrd"))
    with pytest.raises(VolumeError, match="3 values in each voxel"):
        read_volume(tmp_path / "colours.nrrd")


def test_a_flat_image_is_told(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((8, 8), np.uint8)), str(tmp_path / "flat.png"))
    with pytest.raises(VolumeError, match="has 2 dimensions"):
        read_volume(tmp_path / "flat.png")
