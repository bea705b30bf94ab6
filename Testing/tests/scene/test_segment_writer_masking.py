"""The Segment Editor's overwrite and masking settings hold for our writes as for its own effects."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import slicer

from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.node_access import grid_of_volume
from MedVLSAM2Lib.scene.segment_layer import SegmentLayer
from MedVLSAM2Lib.scene.segment_writer import SegmentWriter
from MedVLSAM2Lib.scene.segments import create_segment
from MedVLSAM2Lib.volume import PackedMask, VoxelBox

from .conftest import BOX, SHAPE, array_of, block, fill

EDITOR = slicer.vtkMRMLSegmentEditorNode
SEGMENTATION = slicer.vtkMRMLSegmentationNode
SHOWN = VoxelBox((5, 5, 5), (15, 18, 20))
HIDDEN = VoxelBox((15, 18, 20), (30, 30, 40))


def as_array(box):
    array = np.zeros(SHAPE, bool)
    array[box.slices] = True
    return array


@pytest.fixture(params=["one shared layer", "a layer each"])
def two_neighbours(request, a_segmentation, a_segment, a_ct):
    """Both reach into BOX; one is shown, one is hidden."""
    ids = SimpleNamespace(
        shown=create_segment(a_segmentation, "shown"), hidden=create_segment(a_segmentation, "hidden")
    )
    fill(a_segmentation, ids.shown, a_ct, SHOWN)
    fill(a_segmentation, ids.hidden, a_ct, HIDDEN)
    segmentation = a_segmentation.GetSegmentation()
    if request.param == "one shared layer":
        segmentation.CollapseBinaryLabelmaps(True)
        assert segmentation.GetNumberOfLayers() == 1
    else:
        for segment_id in (a_segment, ids.shown, ids.hidden):
            segmentation.SeparateSegmentLabelmap(segment_id)
        assert segmentation.GetNumberOfLayers() == 3
    a_segmentation.GetDisplayNode().SetSegmentVisibility(ids.hidden, False)
    return ids


@pytest.fixture
def a_guided_writer(a_segmentation, a_ct, an_editor_node):
    return SegmentWriter(a_segmentation, a_ct, an_editor_node)


@pytest.mark.parametrize(
    ("mode", "shown_gives_way", "hidden_gives_way"),
    [
        (EDITOR.OverwriteAllSegments, True, True),
        (EDITOR.OverwriteVisibleSegments, True, False),
        (EDITOR.OverwriteNone, False, False),
    ],
)
def test_only_the_segments_of_the_overwrite_mode_give_way(
    mode,
    shown_gives_way,
    hidden_gives_way,
    a_guided_writer,
    an_editor_node,
    a_segmentation,
    a_segment,
    a_ct,
    two_neighbours,
):
    an_editor_node.SetOverwriteMode(mode)
    a_guided_writer.write(a_segment, block(BOX))

    target = as_array(BOX)
    assert np.array_equal(array_of(a_segmentation, a_segment, a_ct), target)
    shown = as_array(SHOWN) & ~target if shown_gives_way else as_array(SHOWN)
    hidden = as_array(HIDDEN) & ~target if hidden_gives_way else as_array(HIDDEN)
    assert np.array_equal(array_of(a_segmentation, two_neighbours.shown, a_ct), shown)
    assert np.array_equal(array_of(a_segmentation, two_neighbours.hidden, a_ct), hidden)


def test_voxels_the_object_loses_go_to_nobody(
    a_guided_writer, an_editor_node, a_segmentation, a_segment, a_ct, two_neighbours
):
    an_editor_node.SetOverwriteMode(EDITOR.OverwriteAllSegments)
    a_guided_writer.write(a_segment, PackedMask.pack(np.zeros(BOX.shape, bool), BOX))

    assert np.array_equal(array_of(a_segmentation, two_neighbours.shown, a_ct), as_array(SHOWN))
    assert np.array_equal(array_of(a_segmentation, two_neighbours.hidden, a_ct), as_array(HIDDEN))


@pytest.mark.parametrize(
    ("mode", "editable"),
    [
        (SEGMENTATION.EditAllowedEverywhere, np.ones(SHAPE, bool)),
        (SEGMENTATION.EditAllowedInsideAllSegments, as_array(SHOWN) | as_array(HIDDEN)),
        (SEGMENTATION.EditAllowedInsideVisibleSegments, as_array(SHOWN)),
        (SEGMENTATION.EditAllowedOutsideAllSegments, ~(as_array(SHOWN) | as_array(HIDDEN))),
        (SEGMENTATION.EditAllowedOutsideVisibleSegments, ~as_array(SHOWN)),
    ],
)
def test_only_the_editable_area_changes(
    mode, editable, a_guided_writer, an_editor_node, a_segmentation, a_segment, a_ct, two_neighbours
):
    an_editor_node.SetOverwriteMode(EDITOR.OverwriteNone)
    an_editor_node.SetMaskMode(mode)
    a_guided_writer.write(a_segment, block(BOX))

    assert np.array_equal(array_of(a_segmentation, a_segment, a_ct), as_array(BOX) & editable)


def test_inside_one_segment(a_guided_writer, an_editor_node, a_segmentation, a_segment, a_ct, two_neighbours):
    an_editor_node.SetOverwriteMode(EDITOR.OverwriteNone)
    an_editor_node.SetMaskMode(SEGMENTATION.EditAllowedInsideSingleSegment)
    an_editor_node.SetMaskSegmentID(two_neighbours.hidden)
    a_guided_writer.write(a_segment, block(BOX))

    assert np.array_equal(array_of(a_segmentation, a_segment, a_ct), as_array(BOX) & as_array(HIDDEN))
    assert np.array_equal(array_of(a_segmentation, two_neighbours.hidden, a_ct), as_array(HIDDEN))


def test_inside_one_segment_that_is_not_chosen_is_an_error_not_an_empty_result(
    a_guided_writer, an_editor_node, a_segment
):
    an_editor_node.SetMaskMode(SEGMENTATION.EditAllowedInsideSingleSegment)
    with pytest.raises(SceneError, match="none is chosen"):
        a_guided_writer.write(a_segment, block(BOX))


def test_the_segments_own_voxels_outside_the_editable_area_stay(
    a_guided_writer, an_editor_node, a_segmentation, a_segment, a_ct, two_neighbours
):
    inside_box = VoxelBox((10, 12, 14), (12, 24, 28))
    fill(a_segmentation, a_segment, a_ct, inside_box)
    an_editor_node.SetMaskMode(SEGMENTATION.EditAllowedInsideVisibleSegments)
    a_segmentation.GetDisplayNode().SetSegmentVisibility(a_segment, False)
    a_guided_writer.write(a_segment, PackedMask.pack(np.zeros(BOX.shape, bool), BOX))

    assert np.array_equal(array_of(a_segmentation, a_segment, a_ct), as_array(inside_box) & ~as_array(SHOWN))


def test_only_voxels_of_the_editable_intensities_change(
    a_guided_writer, an_editor_node, a_segmentation, a_segment, a_ct
):
    an_editor_node.SetSourceVolumeIntensityMask(True)
    an_editor_node.SetSourceVolumeIntensityMaskRange(200, 400)
    a_guided_writer.write(a_segment, block(VoxelBox((0, 0, 0), SHAPE)))

    assert np.array_equal(array_of(a_segmentation, a_segment, a_ct), slicer.util.arrayFromVolume(a_ct) == 300)


def test_a_deleted_editor_node_limits_nothing(
    a_guided_writer, an_editor_node, a_slicer, a_segmentation, a_segment, a_ct
):
    an_editor_node.SetMaskMode(SEGMENTATION.EditAllowedInsideSingleSegment)
    a_slicer.scene.RemoveNode(an_editor_node)
    a_guided_writer.write(a_segment, block(BOX))
    assert np.array_equal(array_of(a_segmentation, a_segment, a_ct), as_array(BOX))


@pytest.mark.parametrize("overwrite", [EDITOR.OverwriteAllSegments, EDITOR.OverwriteNone])
@pytest.mark.parametrize(
    "masking",
    [
        SEGMENTATION.EditAllowedEverywhere,
        SEGMENTATION.EditAllowedInsideAllSegments,
        SEGMENTATION.EditAllowedOutsideVisibleSegments,
    ],
)
def test_the_result_is_that_of_the_segment_editors_own_logic(
    overwrite, masking, a_slicer, a_guided_writer, an_editor_node, a_segmentation, a_segment, a_ct, two_neighbours
):
    theirs = a_slicer.scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    theirs.CreateDefaultDisplayNodes()
    theirs.GetSegmentation().DeepCopy(a_segmentation.GetSegmentation())
    theirs.GetDisplayNode().SetSegmentVisibility(two_neighbours.hidden, False)
    an_editor_node.SetOverwriteMode(overwrite)
    an_editor_node.SetMaskMode(masking)
    a_guided_writer.write(a_segment, block(BOX))

    logic = slicer.vtkSlicerSegmentEditorLogic()
    logic.SetMRMLScene(a_slicer.scene)
    logic.SetSegmentEditorNode(an_editor_node)
    an_editor_node.SetAndObserveSegmentationNode(theirs)
    an_editor_node.SetSelectedSegmentID(a_segment)
    modifier = slicer.vtkOrientedImageData()
    layer = SegmentLayer(modifier)
    layer.place(grid_of_volume(a_ct).ijk_to_local)
    layer.paint(as_array(BOX), VoxelBox.of_shape(SHAPE), 1)
    logic.ModifySegmentByLabelmap(theirs, a_segment, modifier, logic.ModificationModeAdd, False, False)

    for segment_id in (a_segment, two_neighbours.shown, two_neighbours.hidden):
        ours = array_of(a_segmentation, segment_id, a_ct)
        assert np.array_equal(ours, array_of(theirs, segment_id, a_ct))
