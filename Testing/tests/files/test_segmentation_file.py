"""Masks go out to files that Slicer and everything else can place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from MedVLSAM2Lib.files.segmentation_file import SegmentationFileError, SegmentLook, write_segmentation
from MedVLSAM2Lib.files.volume_file import read_volume
from MedVLSAM2Lib.volume import Modality, PackedMask, Volume
from tests.small_disk import SmallDisk


@pytest.fixture
def a_mask(an_oblique_volume: Volume) -> np.ndarray:
    mask = np.zeros(an_oblique_volume.shape, bool)
    mask[2:6, 3:8, 4] = True
    mask[3, 3, 5:9] = True
    return mask


@pytest.mark.parametrize("ending", ["seg.nrrd", "nii.gz", "nrrd", "mha"])
def test_the_mask_comes_back_on_the_same_grid(
    an_oblique_volume: Volume, a_mask: np.ndarray, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / "made on the way" / f"mask.{ending}"
    write_segmentation(path, PackedMask.pack(a_mask), an_oblique_volume)
    back = read_volume(path)
    assert np.array_equal(back.array > 0, a_mask)
    assert np.allclose(back.ijk_to_ras, an_oblique_volume.ijk_to_ras, atol=1e-4)


def test_slicer_loads_a_seg_nrrd_as_a_segmentation_at_the_right_place(
    a_slicer: Any, an_oblique_volume: Volume, a_mask: np.ndarray, tmp_path: Path
) -> None:
    import slicer

    path = tmp_path / "mask.seg.nrrd"
    look = SegmentLook("left kidney", (0.2, 0.6, 0.4))
    write_segmentation(path, PackedMask.pack(a_mask), an_oblique_volume, look)
    node = slicer.util.loadSegmentation(str(path))

    segment_id = node.GetSegmentation().GetNthSegmentID(0)
    segment = node.GetSegmentation().GetSegment(segment_id)
    assert segment.GetName() == "left kidney"
    assert np.allclose(segment.GetColor(), (0.2, 0.6, 0.4), atol=1e-3)
    volume_node = slicer.util.addVolumeFromArray(an_oblique_volume.array)
    volume_node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(an_oblique_volume.ijk_to_ras))
    on_the_scan = slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_id, volume_node)
    assert np.array_equal(on_the_scan > 0, a_mask)


def test_a_sheared_grid_goes_into_a_nrrd_but_not_into_a_nifti(
    an_oblique_volume: Volume, a_mask: np.ndarray, tmp_path: Path
) -> None:
    matrix = an_oblique_volume.ijk_to_ras.copy()
    matrix[:3, 2] += (0.8, 0.0, 0.0)
    sheared = Volume(an_oblique_volume.array, matrix, name="the tilted scan")
    write_segmentation(tmp_path / "mask.seg.nrrd", PackedMask.pack(a_mask), sheared)
    image = sitk.ReadImage(str(tmp_path / "mask.seg.nrrd"))
    assert np.allclose(image.TransformIndexToPhysicalPoint((0, 0, 4))[0], -sheared.ijk_to_ras_position((0, 0, 4))[0])
    with pytest.raises(SegmentationFileError, match=r"write a \.seg\.nrrd instead"):
        write_segmentation(tmp_path / "mask.nii.gz", PackedMask.pack(a_mask), sheared)


def test_an_unknown_ending_is_told(an_oblique_volume: Volume, a_mask: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(SegmentationFileError, match=r"end it in one of \.seg\.nrrd"):
        write_segmentation(tmp_path / "mask.stl", PackedMask.pack(a_mask), an_oblique_volume)


def test_a_place_that_cannot_be_written_is_told(an_oblique_volume: Volume, a_mask: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")
    with pytest.raises(SegmentationFileError, match="cannot be written"):
        write_segmentation(tmp_path / "a file" / "mask.nii.gz", PackedMask.pack(a_mask), an_oblique_volume)


@pytest.mark.parametrize("ending", ["seg.nrrd", "nii.gz", "nii", "nrrd", "mha"])
def test_on_a_full_or_read_only_disk_the_mask_that_was_there_stays(a_small_disk: SmallDisk, ending: str) -> None:
    array = np.arange(40 * 160 * 160, dtype=np.int32).reshape(40, 160, 160)
    volume = Volume(array, np.diag([2.0, 2.0, 3.0, 1.0]), Modality.CT, "HU", "a scan")
    mask = np.random.default_rng(4).random(volume.shape) < 0.5  # noise, which no compression makes small
    path = a_small_disk.folder / f"mask.{ending}"
    path.write_bytes(b"whole")

    for _ in range(2):
        with pytest.raises(SegmentationFileError, match="cannot be written; check the folder and the space") as told:
            write_segmentation(path, PackedMask.pack(mask), volume)
        assert str(told.value).count(". ") == 0
        assert path.read_bytes() == b"whole"
        assert list(a_small_disk.folder.iterdir()) == [path]
        a_small_disk.make_read_only()
