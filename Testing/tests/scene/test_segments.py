"""Segmentations and segments, their names, colours and coded meaning, through files and back."""

from __future__ import annotations

import numpy as np
import pytest
import slicer

from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.segment_writer import SegmentWriter
from MedVLSAM2Lib.scene.segments import create_segment, create_segmentation, list_segments, segment_info
from MedVLSAM2Lib.scene.terminology import MASS, TISSUE, find_entry, set_terminology, terminology_of
from MedVLSAM2Lib.volume import PackedMask, VoxelBox

from .conftest import BOX, SHAPE, array_of, block, under_linear_transform


@pytest.fixture
def terminologies(a_slicer):
    return slicer.modules.terminologies.logic()


def meaning(terminologies, serialized):
    entry = slicer.vtkSlicerTerminologyEntry()
    assert terminologies.DeserializeTerminologyEntry(serialized, entry)
    return entry.GetTypeObject().GetCodeMeaning()


class TestSegmentation:
    def test_it_lies_where_the_volume_lies(self, a_slicer, a_ct):
        transform = under_linear_transform(a_slicer.scene, a_ct)
        node = create_segmentation(a_ct)
        assert node.GetParentTransformNode() is transform
        assert node.GetName() == "CT segmentation"
        reference = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
        assert node.GetNodeReference(reference) is a_ct
        assert node.GetDisplayNode() is not None

    def test_a_second_one_has_another_name(self, a_ct):
        assert create_segmentation(a_ct).GetName() != create_segmentation(a_ct).GetName()

    def test_without_a_volume_it_is_refused(self):
        with pytest.raises(SceneError, match="no volume"):
            create_segmentation(None)


class TestSegment:
    def test_names_are_unique(self, a_segmentation):
        for name in ("liver", "liver", "", "liver", ""):
            create_segment(a_segmentation, name)
        names = [info.name for info in list_segments(a_segmentation)]
        assert names == ["liver", "liver 2", "Segment", "liver 3", "Segment 2"]

    def test_its_colour_is_the_one_asked_for(self, a_segmentation):
        segment_id = create_segment(a_segmentation, "x", (0.1, 0.2, 0.3), MASS)
        assert segment_info(a_segmentation, segment_id).colour == (0.1, 0.2, 0.3)

    def test_or_the_one_of_its_meaning(self, a_segmentation):
        segment_id = create_segment(a_segmentation, "lesion", terminology=MASS)
        assert segment_info(a_segmentation, segment_id).colour == MASS.colour

    def test_unnamed_ones_differ_in_colour(self, a_segmentation):
        for _ in range(3):
            create_segment(a_segmentation)
        assert len({info.colour for info in list_segments(a_segmentation)}) == 3

    def test_a_deleted_one_is_named(self, a_segmentation):
        with pytest.raises(SceneError, match="segment was deleted"):
            segment_info(a_segmentation, "gone")


class TestTerminology:
    @pytest.mark.parametrize("entry", [TISSUE, MASS])
    def test_the_general_entries_are_what_slicer_reads_them_as(self, terminologies, entry):
        assert meaning(terminologies, entry.serialized) == entry.name

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ("liver", "Liver"),
            ("LIVER", "Liver"),
            ("right_kidney", "Kidney, Right"),
            ("Kidney", "Kidney"),
            ("tissue", "Tissue"),
            ("mass", "Mass"),
        ],
    )
    def test_a_plain_name_finds_its_entry(self, terminologies, asked, found):
        entry = find_entry(asked, terminologies)
        assert entry is not None
        assert entry.name == found
        assert meaning(terminologies, entry.serialized) == found.split(",", maxsplit=1)[0]

    def test_the_colour_is_the_recommended_one_if_there_is_one(self, terminologies):
        assert find_entry("liver", terminologies).colour == (221 / 255, 130 / 255, 101 / 255)
        assert find_entry("right kidney", terminologies).colour is not None
        assert find_entry("kidney", terminologies).colour is None

    @pytest.mark.parametrize("name", ["", "something else", "  "])
    def test_what_it_does_not_know_is_none(self, terminologies, name):
        assert find_entry(name, terminologies) is None

    def test_it_can_be_changed(self, a_segmentation, terminologies):
        segment = a_segmentation.GetSegmentation().GetSegment(create_segment(a_segmentation, "organ"))
        assert terminology_of(segment) == TISSUE.serialized
        liver = find_entry("liver", terminologies)
        set_terminology(segment, liver)
        assert terminology_of(segment) == liver.serialized


class TestFiles:
    @pytest.fixture
    def a_named_segment(self, a_slicer, a_ct, terminologies):
        """A liver and a mass that overlaps it, under a transform."""
        under_linear_transform(a_slicer.scene, a_ct)
        node = create_segmentation(a_ct, "result")
        liver = create_segment(node, "liver", terminology=find_entry("liver", terminologies))
        mass = create_segment(node, "lesion", (0.9, 0.1, 0.2), MASS)
        writer = SegmentWriter(node, a_ct)
        writer.write(liver, block(BOX))
        writer.write(mass, block(BOX))
        return node

    @staticmethod
    def told(node):
        infos = list_segments(node)
        return [(info.name, tuple(np.round(info.colour, 3)), info.terminology.split("~")[2]) for info in infos]

    def test_a_scene_keeps_everything(self, a_slicer, a_named_segment, tmp_path):
        expected = self.told(a_named_segment)
        a_slicer.save_scene(tmp_path / "scene.mrb")
        a_slicer.load_scene(tmp_path / "scene.mrb")

        node = a_slicer.scene.GetFirstNodeByName("result")
        volume = a_slicer.scene.GetFirstNodeByName("CT")
        assert self.told(node) == expected
        assert node.GetParentTransformNode() is volume.GetParentTransformNode() is not None
        writer = SegmentWriter(node, volume)
        for info in list_segments(node):
            assert writer.read(info.segment_id) == block(BOX)

    def test_a_seg_nrrd_keeps_everything(self, a_slicer, a_named_segment, tmp_path):
        expected = self.told(a_named_segment)
        a_slicer.save_segmentation(a_named_segment, tmp_path / "result.seg.nrrd")
        logic = slicer.modules.segmentations.logic()
        loaded = logic.LoadSegmentationFromFile(str(tmp_path / "result.seg.nrrd"))

        assert self.told(loaded) == expected

    def test_a_loaded_segmentation_is_written_on(self, a_slicer, a_ct, a_segmentation, a_segment, a_writer, tmp_path):
        a_writer.write(a_segment, block(BOX))
        a_slicer.save_segmentation(a_segmentation, tmp_path / "result.seg.nrrd")
        logic = slicer.modules.segmentations.logic()
        loaded = logic.LoadSegmentationFromFile(str(tmp_path / "result.seg.nrrd"))
        second = create_segment(loaded, "second")
        SegmentWriter(loaded, a_ct).write(second, block(BOX))

        expected = np.zeros(SHAPE, bool)
        expected[BOX.slices] = True
        for info in list_segments(loaded):
            assert np.array_equal(array_of(loaded, info.segment_id, a_ct), expected)


def test_a_new_segment_beside_a_large_one_has_a_layer_of_its_own(a_slicer):
    volume = slicer.util.addVolumeFromArray(np.zeros((257, 256, 256), np.int16), name="large")
    segmentation = create_segmentation(volume)
    writer = SegmentWriter(segmentation, volume)
    large = create_segment(segmentation, "large")
    writer.write(large, PackedMask.pack(np.ones((257, 256, 256), bool)))
    small = create_segment(segmentation, "small")
    writer.write(small, block(VoxelBox((5, 5, 5), (9, 9, 9))))

    segments = segmentation.GetSegmentation()
    layer = segments.GetSegment(small).GetRepresentation("Binary labelmap")
    assert layer is not segments.GetSegment(large).GetRepresentation("Binary labelmap")
    assert layer.GetNumberOfPoints() < 1000
    assert writer.read(large).voxel_count == 257 * 256 * 256
    assert writer.read(small).voxel_count == 64
