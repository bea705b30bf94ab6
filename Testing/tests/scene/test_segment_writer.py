"""One box of one segment is replaced, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import slicer

from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.segment_layer import SegmentLayer
from MedVLSAM2Lib.scene.segment_writer import SegmentWriter
from MedVLSAM2Lib.scene.segments import create_segment
from MedVLSAM2Lib.volume import PackedMask, VoxelBox

from .conftest import BOX, SHAPE, array_of, block, fill


def layers(segmentation):
    return segmentation.GetSegmentation().GetNumberOfLayers()


def test_a_mask_becomes_the_segment(a_writer, a_segmentation, a_segment, a_ct):
    changed = a_writer.write(a_segment, block(BOX))

    expected = np.zeros(SHAPE, bool)
    expected[BOX.slices] = True
    assert changed == BOX
    assert np.array_equal(array_of(a_segmentation, a_segment, a_ct), expected)


def test_what_lies_outside_the_box_stays(a_writer, a_segmentation, a_segment, a_ct):
    expected = fill(a_segmentation, a_segment, a_ct, VoxelBox((5, 5, 5), (35, 45, 55)))
    hole = VoxelBox((10, 10, 10), (12, 12, 12))
    changed = a_writer.write(a_segment, PackedMask.pack(np.zeros(BOX.shape, bool), BOX))
    a_writer.write(a_segment, PackedMask.pack(np.zeros(hole.shape, bool), hole))

    expected[BOX.slices] = False
    expected[hole.slices] = False
    assert changed == BOX
    assert np.array_equal(array_of(a_segmentation, a_segment, a_ct), expected)


def test_the_layer_grows_where_the_segment_does(a_writer, a_segmentation, a_segment, a_ct):
    corners = [VoxelBox((20, 20, 20), (22, 22, 22)), VoxelBox((0, 0, 0), (2, 2, 2)), VoxelBox((38, 48, 58), SHAPE)]
    for corner in corners:
        a_writer.write(a_segment, block(corner))

    expected = np.zeros(SHAPE, bool)
    for corner in corners:
        expected[corner.slices] = True
    assert np.array_equal(array_of(a_segmentation, a_segment, a_ct), expected)


def test_what_was_written_is_read_back(a_writer, a_segment):
    mask = PackedMask.pack(np.random.default_rng(0).random(BOX.shape) > 0.5, BOX)
    a_writer.write(a_segment, mask)

    assert a_writer.read(a_segment, BOX) == mask
    assert a_writer.read(a_segment) == mask.trimmed()


def test_an_empty_segment_reads_as_empty(a_writer, a_segment):
    assert a_writer.read(a_segment) == PackedMask.empty()
    assert not a_writer.read(a_segment, BOX).unpack().any()
    assert a_writer.read(a_segment, BOX).box == BOX


def test_writing_what_is_there_already_changes_nothing(a_writer, a_segment, count_events):
    a_writer.write(a_segment, block(BOX))
    before = count_events()

    assert a_writer.write(a_segment, block(BOX)).is_empty
    assert a_writer.write(a_segment, PackedMask.empty()).is_empty
    assert count_events() == before


def test_displays_are_told_once(a_writer, a_segment, count_events):
    a_writer.write(a_segment, block(BOX))
    assert count_events() == {"SourceRepresentationModified": 1, "RepresentationModified": 1}


def test_a_neighbour_on_the_same_layer_stays_to_the_bit(a_writer, a_segmentation, a_segment, a_ct, shared_neighbours):
    assert layers(a_segmentation) == 1
    a_writer.write(a_segment, block(BOX))

    assert layers(a_segmentation) == 2, "the target overlaps one of them, so it has a layer of its own"
    assert array_of(a_segmentation, a_segment, a_ct).sum() == BOX.voxel_count
    for neighbour, before in shared_neighbours.items():
        assert np.array_equal(array_of(a_segmentation, neighbour, a_ct), before)


def test_a_layer_is_shared_as_long_as_nothing_overlaps(a_writer, a_segmentation, a_segment, a_ct, shared_neighbours):
    a_writer.write(a_segment, block(VoxelBox((0, 0, 0), (5, 5, 5))))

    assert layers(a_segmentation) == 1
    for neighbour, before in shared_neighbours.items():
        assert np.array_equal(array_of(a_segmentation, neighbour, a_ct), before)


def test_the_hundredth_segment_has_its_own_label(a_writer, a_segmentation, a_ct):
    ids = [create_segment(a_segmentation, f"rib {number}") for number in range(300)]
    for number, segment_id in enumerate(ids[250:]):
        a_writer.write(segment_id, block(VoxelBox((0, 0, number), (1, 1, number + 1))))

    for number, segment_id in enumerate(ids[250:]):
        assert np.argwhere(array_of(a_segmentation, segment_id, a_ct)).tolist() == [[0, 0, number]]


def test_the_editors_not_started_becomes_in_progress(a_writer, a_segmentation, a_segment):
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    segment = a_segmentation.GetSegmentation().GetSegment(a_segment)
    logic.SetSegmentStatus(segment, logic.NotStarted)
    a_writer.write(a_segment, block(BOX))

    assert logic.GetSegmentStatus(segment) == logic.InProgress


class TestSurfaces:
    @pytest.fixture
    def neighbour(self, a_segmentation, a_ct, a_segment):
        segment_id = create_segment(a_segmentation, "neighbour")
        fill(a_segmentation, segment_id, a_ct, VoxelBox((25, 25, 25), (35, 35, 35)))
        fill(a_segmentation, a_segment, a_ct, VoxelBox((2, 2, 2), (5, 5, 5)))
        a_segmentation.CreateClosedSurfaceRepresentation()
        return segment_id

    @staticmethod
    def surface(segmentation, segment_id):
        return segmentation.GetSegmentation().GetSegment(segment_id).GetRepresentation("Closed surface")

    def test_the_changed_segments_surface_is_made_anew_and_no_others(
        self, a_writer, a_segmentation, a_segment, neighbour, count_events
    ):
        kept = self.surface(a_segmentation, neighbour)
        kept_time, bounds = kept.GetMTime(), self.surface(a_segmentation, a_segment).GetBounds()
        before = count_events()
        a_writer.write(a_segment, block(BOX))

        assert self.surface(a_segmentation, a_segment).GetBounds() != bounds
        assert self.surface(a_segmentation, neighbour) is kept
        assert kept.GetMTime() == kept_time
        assert count_events()["RepresentationModified"] == before["RepresentationModified"] + 1

    def test_a_layer_that_grows_or_splits_keeps_them(self, a_writer, a_segmentation, a_segment, neighbour):
        a_segmentation.GetSegmentation().CollapseBinaryLabelmaps(True)
        a_segmentation.CreateClosedSurfaceRepresentation()
        kept = self.surface(a_segmentation, neighbour)
        a_writer.write(a_segment, block(VoxelBox((0, 0, 0), (39, 49, 59))))

        assert layers(a_segmentation) == 2
        assert self.surface(a_segmentation, neighbour) is kept


class TestEditsByHand:
    def test_our_own_writes_are_none(self, a_writer, a_segment):
        assert not a_writer.edited_since_write(a_segment)
        a_writer.write(a_segment, block(BOX))
        assert not a_writer.edited_since_write(a_segment)

    def test_a_segment_that_is_not_ours_counts_as_edited(self, a_writer, a_segmentation, a_segment, a_ct):
        fill(a_segmentation, a_segment, a_ct, BOX)
        assert a_writer.edited_since_write(a_segment)

    def test_an_edit_is_seen(self, a_writer, a_segmentation, a_segment, a_ct):
        a_writer.write(a_segment, block(BOX))
        fill(a_segmentation, a_segment, a_ct, BOX, VoxelBox((0, 0, 0), (1, 1, 1)))
        assert a_writer.edited_since_write(a_segment)

        a_writer.write(a_segment, block(BOX))
        assert not a_writer.edited_since_write(a_segment)

    def test_an_edit_of_a_neighbour_on_the_same_layer_is_none(self, a_writer, a_segmentation, a_segment, a_ct):
        neighbour = create_segment(a_segmentation, "neighbour")
        a_writer.write(a_segment, block(BOX))
        fill(a_segmentation, neighbour, a_ct, VoxelBox((30, 30, 30), (35, 35, 35)))
        a_segmentation.GetSegmentation().CollapseBinaryLabelmaps(True)

        assert not a_writer.edited_since_write(a_segment)
        assert a_writer.edited_since_write(neighbour)

    def test_our_write_into_a_neighbour_is_none(self, a_writer, a_segmentation, a_segment):
        neighbour = create_segment(a_segmentation, "neighbour")
        a_writer.write(a_segment, block(BOX))
        a_writer.write(neighbour, block(VoxelBox((30, 30, 30), (35, 35, 35))))
        assert not a_writer.edited_since_write(a_segment)
        assert not a_writer.edited_since_write(neighbour)


class TestBadInput:
    def test_a_mask_of_another_volume_is_refused_and_nothing_changes(self, a_writer, a_segment):
        a_writer.write(a_segment, block(BOX))
        before = a_writer.read(a_segment)
        for box in (VoxelBox((0, 0, 0), (41, 50, 60)), VoxelBox((-1, 0, 0), (5, 5, 5))):
            with pytest.raises(SceneError, match="outside the volume"):
                a_writer.write(a_segment, block(box))
        assert a_writer.read(a_segment) == before

    def test_a_deleted_segment_is_named(self, a_writer, a_segmentation, a_segment):
        a_segmentation.GetSegmentation().RemoveSegment(a_segment)
        for call in (lambda: a_writer.write(a_segment, block(BOX)), lambda: a_writer.read(a_segment)):
            with pytest.raises(SceneError, match=r"segment was deleted"):
                call()

    def test_a_deleted_segmentation_is_named(self, a_writer, a_slicer, a_segmentation, a_segment):
        a_slicer.scene.RemoveNode(a_segmentation)
        with pytest.raises(SceneError, match="segmentation was deleted"):
            a_writer.write(a_segment, block(BOX))

    def test_a_deleted_volume_is_named_and_the_segment_stays(self, a_writer, a_slicer, a_segmentation, a_segment, a_ct):
        a_writer.write(a_segment, block(BOX))
        a_slicer.scene.RemoveNode(a_ct)
        with pytest.raises(SceneError, match="volume was deleted"):
            a_writer.write(a_segment, block(BOX))
        segment = a_segmentation.GetSegmentation().GetSegment(a_segment)
        assert (SegmentLayer.of(segment).labels(BOX) == segment.GetLabelValue()).all()

    def test_a_closed_scene_is_named(self, a_writer, a_slicer, a_segment):
        a_slicer.clear_scene()
        with pytest.raises(SceneError, match="deleted"):
            a_writer.write(a_segment, block(BOX))

    def test_a_segmentation_of_surfaces_is_refused(self, a_segmentation, a_segment, a_ct):
        fill(a_segmentation, a_segment, a_ct, BOX)
        a_segmentation.CreateClosedSurfaceRepresentation()
        a_segmentation.SetSourceRepresentationToClosedSurface()
        with pytest.raises(SceneError, match="Binary labelmap"):
            SegmentWriter(a_segmentation, a_ct)

    def test_no_volume_and_no_segmentation_are_named(self, a_segmentation, a_ct):
        with pytest.raises(SceneError, match="no volume"):
            SegmentWriter(a_segmentation, None)
        with pytest.raises(SceneError, match="no segmentation"):
            SegmentWriter(None, a_ct)
