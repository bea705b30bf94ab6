"""A mask lands where its voxels lie in the patient, whatever lies between the volume and the segmentation."""

from __future__ import annotations

import numpy as np
import pytest
import slicer

from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.segment_layer import SegmentLayer
from MedVLSAM2Lib.scene.segment_writer import SegmentWriter
from MedVLSAM2Lib.scene.segments import create_segment, create_segmentation
from MedVLSAM2Lib.scene.volume_frame import VolumeFrame
from MedVLSAM2Lib.volume import PackedMask, VoxelBox

from .conftest import BOX, SHAPE, array_of, block, rotation_about, under_linear_transform, under_warp, vtk_matrix

# The middle of BOX and a point well outside it, in I, J, K.
INSIDE, OUTSIDE = (20.5, 17.5, 14.5), (40.0, 40.0, 30.0)


def volume_with(scene, matrix, shape=SHAPE, name="another"):
    array = np.random.default_rng(0).integers(-1000, 1000, shape).astype(np.int16)
    node = slicer.util.addVolumeFromArray(array, name=name)
    node.SetIJKToRASMatrix(vtk_matrix(matrix))
    return node


def is_at(segmentation, segment_id, world):
    """Whether the segment's own voxel at a world position is set."""
    local = [0.0, 0.0, 0.0]
    segmentation.TransformPointFromWorld(world, local)
    segment = segmentation.GetSegmentation().GetSegment(segment_id)
    layer = SegmentLayer.of(segment)
    i, j, k = (int(v) for v in np.floor(np.linalg.solve(layer.ijk_to_local, [*local, 1.0])[:3] + 0.5))
    return bool(layer.labels(VoxelBox((k, j, i), (k + 1, j + 1, i + 1)))[0, 0, 0] == segment.GetLabelValue())


def assert_lies_right(segmentation, segment_id, volume):
    frame = VolumeFrame(volume)
    assert is_at(segmentation, segment_id, frame.world(INSIDE))
    assert not is_at(segmentation, segment_id, frame.world(OUTSIDE))


def dice(first, second):
    return 2 * np.count_nonzero(first & second) / (np.count_nonzero(first) + np.count_nonzero(second))


ORIENTATIONS = {
    "as DICOM": np.diag([-2.0, -2, 3, 1]),
    "flipped": np.diag([2.0, -2, -3, 1]),
    "permuted": np.array([[0, 0, 3.0, 10], [-2, 0, 0, 5], [0, 2, 0, -8], [0, 0, 0, 1]]),
    "oblique": rotation_about((1, 1, 2), 33) @ np.diag([1.5, 2.5, 4, 1]),
    "sheared": np.array([[2, 0, 0.7, 0], [0, 2, 0.2, 0], [0, 0, 3, 0], [0, 0, 0, 1.0]]),
}


@pytest.mark.parametrize("transformed", [False, True], ids=["at rest", "under a transform"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_every_orientation(a_slicer, orientation, transformed):
    volume = volume_with(a_slicer.scene, ORIENTATIONS[orientation])
    if transformed:
        under_linear_transform(a_slicer.scene, volume)
    segmentation = create_segmentation(volume)
    segment_id = create_segment(segmentation)
    writer = SegmentWriter(segmentation, volume)
    mask = PackedMask.pack(np.random.default_rng(0).random(BOX.shape) > 0.5, BOX)
    writer.write(segment_id, mask)

    assert writer.read(segment_id) == mask.trimmed()
    whole = np.zeros(SHAPE, bool)
    whole[BOX.slices] = mask.unpack()
    assert np.array_equal(array_of(segmentation, segment_id, volume), whole)


@pytest.mark.parametrize("which", ["the volume", "the segmentation", "both, apart"])
def test_transforms_apart(a_slicer, a_ct, a_segmentation, a_segment, which):
    if which != "the segmentation":
        under_linear_transform(a_slicer.scene, a_ct, degrees=40)
    if which != "the volume":
        under_linear_transform(a_slicer.scene, a_segmentation, degrees=-15)
    writer = SegmentWriter(a_segmentation, a_ct)
    changed = writer.write(a_segment, block(BOX))

    assert_lies_right(a_segmentation, a_segment, a_ct)
    assert changed.union(BOX) == changed
    assert (
        dice(writer.read(a_segment, VoxelBox.of_shape(SHAPE)).unpack(), block(BOX).unpack(VoxelBox.of_shape(SHAPE)))
        > 0.85
    )


def test_a_volume_moved_later_takes_new_masks_with_it(a_slicer, a_ct, a_segmentation, a_segment):
    writer = SegmentWriter(a_segmentation, a_ct)
    writer.write(a_segment, block(VoxelBox((0, 0, 0), (1, 1, 1))))
    under_linear_transform(a_slicer.scene, a_ct)
    writer.write(a_segment, block(BOX))
    assert_lies_right(a_segmentation, a_segment, a_ct)


def test_a_volume_under_a_warp(a_slicer, a_ct, a_segmentation, a_segment):
    under_warp(a_slicer.scene, a_ct)
    writer = SegmentWriter(a_segmentation, a_ct)
    writer.write(a_segment, block(BOX))

    assert_lies_right(a_segmentation, a_segment, a_ct)
    whole = VoxelBox.of_shape(SHAPE)
    assert dice(writer.read(a_segment, whole).unpack(), block(BOX).unpack(whole)) > 0.85


def grid(spacing, corner_voxel_at, turned=0.0):
    matrix = rotation_about((0, 0, 1), turned) @ np.diag([*spacing, 1.0])
    matrix[:3, 3] = corner_voxel_at
    return matrix


# a_ct has its first voxel at (60, 50, -60) and runs to the left, back and up in steps of 2, 2 and 3 mm.
GEOMETRIES = {
    "the same, shifted by whole voxels": (grid((-2, -2, 3), (66, 54, -66)), (50, 60, 70)),
    "finer": (grid((-1, -1, 1.5), (60, 50, -60)), (80, 100, 120)),
    "coarser": (grid((-4, -4, 5), (60, 50, -60)), (25, 26, 31)),
    "mirrored": (grid((2, 2, -3), (-60, -50, 60)), (41, 51, 61)),
    "turned": (grid((-1.5, -1.5, 2), (90, 60, -65), turned=20), (65, 90, 110)),
    "smaller than the mask": (grid((-2, -2, 3), (22, 18, -18)), (3, 3, 3)),
}


@pytest.mark.parametrize("name", GEOMETRIES)
def test_a_reference_geometry_that_is_not_the_volumes(a_slicer, a_ct, name):
    matrix, shape = GEOMETRIES[name]
    segmentation = create_segmentation(volume_with(a_slicer.scene, matrix, shape))
    segment_id = create_segment(segmentation)
    writer = SegmentWriter(segmentation, a_ct)
    writer.write(segment_id, block(BOX))

    layer = SegmentLayer.of(segmentation.GetSegmentation().GetSegment(segment_id))
    assert np.allclose(layer.ijk_to_local, matrix)
    assert_lies_right(segmentation, segment_id, a_ct)
    whole = VoxelBox.of_shape(SHAPE)
    overlap = dice(writer.read(segment_id, whole).unpack(), block(BOX).unpack(whole))
    assert overlap == 1 if name in {"the same, shifted by whole voxels", "finer", "mirrored"} else overlap > 0.8


def test_only_the_box_changes_on_another_grid_too(a_slicer, a_ct):
    matrix, shape = GEOMETRIES["turned"]
    segmentation = create_segmentation(volume_with(a_slicer.scene, matrix, shape))
    segment_id = create_segment(segmentation)
    writer = SegmentWriter(segmentation, a_ct)
    whole, left = VoxelBox((5, 5, 5), (30, 40, 50)), VoxelBox((5, 5, 5), (30, 40, 25))
    writer.write(segment_id, block(whole))
    before = writer.read(segment_id, VoxelBox.of_shape(SHAPE)).unpack()
    writer.write(segment_id, PackedMask.pack(np.zeros(left.shape, bool), left))
    after = writer.read(segment_id, VoxelBox.of_shape(SHAPE)).unpack()

    assert np.array_equal(before[:, :, 27:], after[:, :, 27:])
    assert not after[:, :, :23].any()
    writer.undo()


def test_neighbours_on_another_grid_give_way_where_the_object_is(
    a_slicer, a_ct, a_segmentation, a_segment, an_editor_node
):
    neighbour = create_segment(a_segmentation, "finer neighbour")
    a_segmentation.GetSegmentation().SeparateSegmentLabelmap(neighbour)
    finer = SegmentLayer.of(a_segmentation.GetSegmentation().GetSegment(neighbour))
    finer.place(GEOMETRIES["finer"][0])
    fine_box = VoxelBox((0, 0, 0), (70, 90, 110))
    finer.paint(np.ones(fine_box.shape, bool), fine_box, 1)
    an_editor_node.SetOverwriteMode(slicer.vtkMRMLSegmentEditorNode.OverwriteAllSegments)
    writer = SegmentWriter(a_segmentation, a_ct, an_editor_node)
    before = writer.read(neighbour)
    writer.write(a_segment, block(BOX))

    left = writer.read(neighbour, VoxelBox.of_shape(SHAPE)).unpack()
    assert not left[BOX.slices].any()
    assert np.count_nonzero(left) == before.voxel_count - BOX.voxel_count
    writer.undo()
    assert writer.read(neighbour) == before


def test_voxels_too_coarse_for_the_object_are_an_error_not_an_empty_segment(a_slicer, a_ct):
    segmentation = create_segmentation(volume_with(a_slicer.scene, grid((-20, -20, 20), (60, 50, -60)), (6, 5, 6)))
    segment_id = create_segment(segmentation)
    writer = SegmentWriter(segmentation, a_ct)
    with pytest.raises(SceneError, match="too coarse"):
        writer.write(segment_id, block(VoxelBox((3, 3, 3), (4, 4, 4))))
    assert not writer.can_undo


def test_a_segmentation_without_a_geometry_takes_the_volumes(a_slicer, a_ct):
    segmentation = a_slicer.scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    segment_id = create_segment(segmentation)
    SegmentWriter(segmentation, a_ct).write(segment_id, block(BOX))

    expected = np.zeros(SHAPE, bool)
    expected[BOX.slices] = True
    assert np.array_equal(array_of(segmentation, segment_id, a_ct), expected)
