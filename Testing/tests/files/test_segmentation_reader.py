"""Segmentation files come back on a scan's grid, whoever wrote them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from MedVLSAM2Lib.files.segmentation_file import SegmentationFileError, SegmentLook, write_segmentation
from MedVLSAM2Lib.files.segmentation_reader import read_segmentation_file
from MedVLSAM2Lib.volume import PackedMask, Volume, VoxelBox


@pytest.fixture
def a_mask(an_oblique_volume: Volume) -> np.ndarray:
    mask = np.zeros(an_oblique_volume.shape, bool)
    mask[2:6, 3:8, 4] = True
    return mask


def _array(mask: PackedMask, volume: Volume) -> np.ndarray:
    return mask.unpack(VoxelBox.of_shape(volume.shape))


def test_a_written_mask_comes_back_with_its_name_and_colour(
    an_oblique_volume: Volume, a_mask: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "kidney.seg.nrrd"
    write_segmentation(path, PackedMask.pack(a_mask), an_oblique_volume, SegmentLook("left kidney", (0.2, 0.6, 0.4)))
    (segment,) = read_segmentation_file(path, an_oblique_volume)
    assert (segment.name, segment.colour) == ("left kidney", (0.2, 0.6, 0.4))
    assert np.array_equal(_array(segment.mask, an_oblique_volume), a_mask)


def test_overlapping_segments_that_slicer_saved_come_back_with_their_terminology(
    a_slicer: Any, an_oblique_volume: Volume, a_mask: np.ndarray, tmp_path: Path
) -> None:
    import slicer

    node = slicer.util.addVolumeFromArray(an_oblique_volume.array, an_oblique_volume.ijk_to_ras, "CT")
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(node)
    masks = {"kidney": a_mask, "cyst": np.roll(a_mask, 1, axis=0)}
    assert (masks["kidney"] & masks["cyst"]).any()
    for name, mask in masks.items():
        segment_id = segmentation.GetSegmentation().AddEmptySegment(name, name)
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), segmentation, segment_id, node)
        segmentation.GetSegmentation().GetSegment(segment_id).SetTag("TerminologyEntry", f"a~list~of~{name}")
    a_slicer.save_segmentation(segmentation, tmp_path / "saved.seg.nrrd")

    read = read_segmentation_file(tmp_path / "saved.seg.nrrd", an_oblique_volume)

    assert [segment.name for segment in read] == list(masks)
    for segment in read:
        assert segment.terminology == f"a~list~of~{segment.name}"
        assert np.array_equal(_array(segment.mask, an_oblique_volume), masks[segment.name])


def test_a_segmentation_of_another_scan_is_refused(
    an_oblique_volume: Volume, a_mask: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "kidney.seg.nrrd"
    write_segmentation(path, PackedMask.pack(a_mask), an_oblique_volume)
    matrix = an_oblique_volume.ijk_to_ras.copy()
    matrix[:3, 3] += 0.7
    with pytest.raises(SegmentationFileError, match="lies on another grid than the oblique scan"):
        read_segmentation_file(path, replace(an_oblique_volume, ijk_to_ras=matrix))


@pytest.mark.parametrize(
    ("name", "message"), [("mask.nii.gz", "holds no segments"), ("broken.seg.nrrd", "cannot be read"), ("no", "exist")]
)
def test_what_is_no_segmentation_is_refused_in_one_sentence(
    an_oblique_volume: Volume, a_mask: np.ndarray, tmp_path: Path, name: str, message: str
) -> None:
    write_segmentation(tmp_path / "mask.nii.gz", PackedMask.pack(a_mask), an_oblique_volume)
    (tmp_path / "broken.seg.nrrd").write_text("NRRD0004\n")
    with pytest.raises(SegmentationFileError, match=message):
        read_segmentation_file(tmp_path / name, an_oblique_volume)


def test_a_header_whose_numbers_are_none_is_refused_in_one_sentence(
    an_oblique_volume: Volume, a_mask: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "kidney.seg.nrrd"
    write_segmentation(path, PackedMask.pack(a_mask), an_oblique_volume)
    content = path.read_bytes()
    assert b"Segment0_LabelValue:=1" in content
    path.write_bytes(content.replace(b"Segment0_LabelValue:=1", b"Segment0_LabelValue:=x"))
    with pytest.raises(SegmentationFileError, match="cannot be read"):
        read_segmentation_file(path, an_oblique_volume)
