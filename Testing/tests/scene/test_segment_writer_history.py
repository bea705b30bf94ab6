"""Undo gives back exactly what a step took, and redo takes it again."""

from __future__ import annotations

import numpy as np
import pytest
import slicer

from MedVLSAM2Lib.scene.edit_history import EditHistory
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.segment_writer import SegmentWriter
from MedVLSAM2Lib.scene.segments import create_segment
from MedVLSAM2Lib.scene.voxel_change import VoxelChange
from MedVLSAM2Lib.volume import PackedMask, VoxelBox

from .conftest import BOX, array_of, block, fill

OTHER_BOX = VoxelBox((15, 15, 15), (30, 30, 30))


def everything(segmentation, volume):
    ids = segmentation.GetSegmentation().GetSegmentIDs()
    return {segment_id: array_of(segmentation, segment_id, volume) for segment_id in ids}


def assert_equal(first, second):
    assert first.keys() == second.keys()
    for segment_id, array in first.items():
        assert np.array_equal(array, second[segment_id])


def test_nothing_to_undo_is_no_error(a_writer):
    assert not a_writer.can_undo
    assert not a_writer.undo()
    assert not a_writer.redo()


def test_steps_are_taken_back_and_done_again_one_by_one(a_writer, a_segmentation, a_segment, a_ct):
    random = np.random.default_rng(1)
    states = [everything(a_segmentation, a_ct)]
    for _ in range(8):
        a_writer.begin_step()
        low = random.integers(0, 20, 3)
        box = VoxelBox(tuple(low), tuple(low + random.integers(1, 20, 3)))
        a_writer.write(a_segment, PackedMask.pack(random.random(box.shape) > 0.5, box))
        states.append(everything(a_segmentation, a_ct))

    for state in reversed(states[:-1]):
        assert a_writer.undo()
        assert_equal(everything(a_segmentation, a_ct), state)
    assert not a_writer.can_undo
    for state in states[1:]:
        assert a_writer.redo()
        assert_equal(everything(a_segmentation, a_ct), state)
    assert not a_writer.can_redo


def test_all_writes_of_a_request_are_one_step(a_writer, a_segmentation, a_segment, a_ct):
    a_writer.begin_step()
    a_writer.write(a_segment, block(BOX))
    a_writer.write(a_segment, PackedMask.pack(np.zeros(OTHER_BOX.shape, bool), OTHER_BOX))
    a_writer.write(a_segment, block(OTHER_BOX))
    after = everything(a_segmentation, a_ct)

    a_writer.undo()
    assert a_writer.read(a_segment).is_empty
    assert not a_writer.can_undo
    a_writer.redo()
    assert_equal(everything(a_segmentation, a_ct), after)


def test_a_step_that_changed_nothing_is_a_step_all_the_same(a_writer, a_segment):
    a_writer.begin_step()
    a_writer.write(a_segment, block(BOX))
    a_writer.begin_step()
    a_writer.write(a_segment, block(BOX))

    a_writer.undo()
    assert a_writer.read(a_segment) == block(BOX)
    a_writer.undo()
    assert a_writer.read(a_segment).is_empty


def test_a_new_step_forgets_what_was_taken_back(a_writer, a_segment):
    a_writer.begin_step()
    a_writer.write(a_segment, block(BOX))
    a_writer.undo()
    a_writer.begin_step()
    assert not a_writer.can_redo


def test_neighbours_get_back_what_they_gave(a_segmentation, a_segment, a_ct, an_editor_node, shared_neighbours):
    an_editor_node.SetOverwriteMode(slicer.vtkMRMLSegmentEditorNode.OverwriteAllSegments)
    writer = SegmentWriter(a_segmentation, a_ct, an_editor_node)
    before = everything(a_segmentation, a_ct)
    writer.write(a_segment, block(BOX))
    after = everything(a_segmentation, a_ct)
    assert any(not np.array_equal(after[i], before[i]) for i in shared_neighbours)

    writer.undo()
    assert_equal(everything(a_segmentation, a_ct), before)
    writer.redo()
    assert_equal(everything(a_segmentation, a_ct), after)


def test_a_split_layer_is_undone_to_the_bit(a_writer, a_segmentation, a_segment, a_ct, shared_neighbours):
    before = everything(a_segmentation, a_ct)
    a_writer.write(a_segment, block(BOX))
    a_writer.undo()
    assert_equal(everything(a_segmentation, a_ct), before)


def test_what_was_painted_by_hand_since_stays(a_writer, a_segmentation, a_segment, a_ct):
    a_writer.write(a_segment, block(BOX))
    by_hand, elsewhere = VoxelBox((0, 0, 0), (3, 3, 3)), create_segment(a_segmentation, "by hand")
    fill(a_segmentation, a_segment, a_ct, BOX, by_hand)
    painted = fill(a_segmentation, elsewhere, a_ct, VoxelBox((12, 12, 12), (22, 22, 22)))

    a_writer.undo()
    assert a_writer.read(a_segment) == block(by_hand)
    assert np.array_equal(array_of(a_segmentation, elsewhere, a_ct), painted)


def test_a_deleted_segment_does_not_stop_the_others_from_being_undone(a_writer, a_segmentation, a_segment):
    second = create_segment(a_segmentation, "second")
    a_writer.begin_step()
    a_writer.write(a_segment, block(BOX))
    a_writer.write(second, block(OTHER_BOX))
    a_segmentation.GetSegmentation().RemoveSegment(second)

    assert a_writer.undo()
    assert a_writer.read(a_segment).is_empty


def test_a_segment_resampled_since_is_left_alone(a_writer, a_segmentation, a_segment):
    a_writer.write(a_segment, block(BOX))
    image = a_segmentation.GetBinaryLabelmapInternalRepresentation(a_segment)
    image.SetSpacing(1, 1, 1)
    before = a_writer.read(a_segment)
    with pytest.raises(SceneError, match="resampled"):
        a_writer.undo()
    assert a_writer.read(a_segment) == before


def test_after_undo_an_edit_by_hand_is_still_known_as_one(a_writer, a_segmentation, a_segment, a_ct):
    a_writer.begin_step()
    a_writer.write(a_segment, block(BOX))
    fill(a_segmentation, a_segment, a_ct, BOX, VoxelBox((0, 0, 0), (3, 3, 3)))
    a_writer.begin_step()
    a_writer.write(a_segment, block(OTHER_BOX))

    a_writer.undo()
    assert a_writer.edited_since_write(a_segment)
    a_writer.redo()
    assert not a_writer.edited_since_write(a_segment)


def test_without_an_edit_undo_is_none(a_writer, a_segment):
    a_writer.begin_step()
    a_writer.write(a_segment, block(BOX))
    a_writer.begin_step()
    a_writer.write(a_segment, block(OTHER_BOX))
    a_writer.undo()
    assert not a_writer.edited_since_write(a_segment)
    a_writer.undo()
    assert not a_writer.edited_since_write(a_segment)


def test_the_oldest_steps_are_forgotten_when_they_take_too_much_memory():
    history = EditHistory(max_bytes=1000)
    change = VoxelChange(
        "segment", np.eye(4), added=block(VoxelBox((0, 0, 0), (16, 16, 16))), removed=PackedMask.empty()
    )
    for _ in range(5):
        history.begin_step({})
        history.record((change,), {})

    assert history.can_undo
    history.move_back(history.last_done())
    assert not history.can_undo


def test_a_step_is_taken_back_whatever_was_forgotten_in_between(a_writer, a_segmentation, a_segment):
    first = a_writer.begin_step()
    a_writer.write(a_segment, block(BOX))
    second = create_segment(a_segmentation, "second")
    deleted = a_writer.begin_step()
    a_writer.write(second, block(OTHER_BOX))
    a_segmentation.GetSegmentation().RemoveSegment(second)
    a_writer.forget([deleted])

    assert not a_writer.undo(deleted)
    assert a_writer.undo(first)
    assert a_writer.read(a_segment).is_empty
    assert a_writer.redo(first)
    assert a_writer.read(a_segment) == block(BOX)
