"""The panel, used with mouse and keys: a click in a slice becomes a segment in the scene."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.panel.user import BESIDE, INSIDE, User

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer


def bright(volume: Any) -> np.ndarray:
    import slicer

    return slicer.util.arrayFromVolume(volume) == 300


def clicked_slices(volume: Any) -> np.ndarray:
    """What the stand-in model finds: the bright voxels on the clicked slice and three slices both ways."""
    mask = bright(volume)
    mask[:17] = mask[24:] = False
    return mask


def test_a_click_in_a_slice_becomes_a_segment_where_it_was_clicked(
    a_slicer: OffscreenSlicer, a_user: User, a_ct: Any
) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    assert np.array_equal(a_user.mask(a_ct), clicked_slices(a_ct))
    assert "is segmented" in a_user.says


def test_undo_and_redo_give_back_each_mask_exactly(a_slicer: OffscreenSlicer, a_user: User, a_ct: Any) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    first = a_user.mask(a_ct)
    a_user.prompt(BESIDE)
    second = a_user.mask(a_ct)
    assert not np.array_equal(first, second)
    a_user.press("undo")
    assert np.array_equal(a_user.mask(a_ct), first)
    a_user.press("undo")
    assert not a_user.mask(a_ct).any()
    a_user.press("redo")
    a_user.press("redo")
    assert np.array_equal(a_user.mask(a_ct), second)


def test_a_new_segment_leaves_its_neighbour_alone(a_slicer: OffscreenSlicer, a_user: User, a_ct: Any) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    first_id, first = a_user.panel.segmenter.segment_id, a_user.mask(a_ct)
    a_user.press("newSegment")
    a_user.prompt(BESIDE)
    assert a_user.panel.segmenter.segment_id != first_id
    assert np.array_equal(a_user.mask(a_ct, first_id), first)


def test_an_edit_by_hand_between_two_prompts_is_kept(a_slicer: OffscreenSlicer, a_user: User, a_ct: Any) -> None:
    import slicer

    a_user.take("point")
    a_user.prompt(INSIDE)
    segmenter = a_user.panel.segmenter
    edited = a_user.mask(a_ct)
    edited[1:3, 1:3, 1:3] = True
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        edited.astype(np.uint8), segmenter.segmentation_node, segmenter.segment_id, a_ct
    )
    a_user.prompt(BESIDE)
    assert a_user.mask(a_ct)[edited].all()


def test_a_worker_killed_mid_request_costs_nothing(
    a_slicer: OffscreenSlicer, a_user: User, a_ct: Any, the_worker: Path
) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    a_user.worker_will(trouble={"kind": "die", "at": 40.0, "times": 1})
    a_user.prompt(BESIDE)
    disturbed = a_user.mask(a_ct)
    a_user.press("undo")
    a_user.prompt(BESIDE)
    assert json.loads((the_worker / "behaviour.json").read_text("utf-8"))["trouble"]["times"] == 0
    assert np.array_equal(a_user.mask(a_ct), disturbed)


def test_a_cancelled_prompt_leaves_everything_as_it_was(
    a_slicer: OffscreenSlicer, a_user: User, a_ct: Any, the_worker: Path
) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    before = a_user.mask(a_ct)
    a_user.worker_will(pause_s=0.3)
    a_user.click(BESIDE)
    a_slicer.process_events(until=lambda: not np.array_equal(a_user.mask(a_ct), before), timeout_s=10)
    a_user.press("cancel")
    a_user.wait()
    assert np.array_equal(a_user.mask(a_ct), before)
    assert "as it was" in a_user.says


def test_keys_work_while_the_module_is_open(a_slicer: OffscreenSlicer, a_user: User) -> None:
    a_user.key("2")
    assert a_user.ui.negativeButton.checked
    assert a_user.ui.pointButton.checked
    a_user.module.widget.exit()
    assert a_user.panel.placer.tool is None


def test_a_question_mark_shows_the_keys_and_hides_them(a_user: User) -> None:
    assert a_user.ui.keysSection.collapsed
    a_user.key("Question")
    assert not a_user.ui.keysSection.collapsed
    assert "new segment" in a_user.ui.keysLabel.text
    a_user.key("Question")
    assert a_user.ui.keysSection.collapsed


def test_a_new_object_begins_with_what_belongs_to_it(a_user: User, a_ct: Any) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    a_user.press("negative")
    a_user.key("N")
    assert not a_user.ui.negativeButton.checked
    assert a_user.panel.placer.tool is not None


def test_every_tool_button_has_its_icon_and_its_key(a_user: User) -> None:
    for name in ("point", "box", "scribble", "lasso", "negative", "undo", "redo", "smaller", "larger", "newSegment"):
        button = getattr(a_user.ui, f"{name}Button")
        assert not button.icon.isNull()
        assert button.toolTip.endswith(")")


def test_the_worker_ends_with_the_module(a_slicer: OffscreenSlicer, a_user: User) -> None:
    a_user.panel.close()
    a_slicer.process_events()
    assert _children_running_the_stand_in() == []


def _children_running_the_stand_in() -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_text("utf-8")
            parent = int((process / "stat").read_text("utf-8").rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        if "standin_worker" in command and parent == os.getpid():
            found.append(int(process.name))
    return found


def test_each_click_starts_a_lesion_of_its_own_while_counting(a_user: User, a_ct: Any) -> None:
    a_user.key("M")
    a_user.take("point")
    a_user.prompt(INSIDE)
    a_user.prompt(BESIDE)
    assert list(a_user.segments()) == ["Lesion", "Lesion 2"]
    assert "Each click starts a new lesion" in a_user.ui.targetLabel.text
    a_user.key("2")
    a_user.prompt((-30.0, 10.0, 0.0))
    assert len(a_user.segments()) == 2
    a_user.key("M")
    a_user.key("1")
    a_user.prompt((-30.0, -10.0, 0.0))
    assert len(a_user.segments()) == 2


def test_the_segment_that_was_left_for_a_new_one_can_be_chosen_again(a_user: User, a_ct: Any) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    segmenter, selector = a_user.panel.segmenter, a_user.ui.segmentSelector
    left, before = segmenter.segment_id, int(a_user.mask(a_ct).sum())
    a_user.press("newSegment")
    assert (selector.currentSegmentID(), segmenter.segment_id) == ("", "")
    selector.setCurrentSegmentID(left)
    assert segmenter.segment_id == left
    a_user.prompt(BESIDE)
    assert len(a_user.segments()) == 1
    assert int(a_user.mask(a_ct).sum()) != before


def test_the_3d_view_is_kept_while_segments_and_their_surfaces_change(a_slicer: OffscreenSlicer, a_user: User) -> None:
    camera = a_slicer.scene.AddNewNodeByClass("vtkMRMLCameraNode")
    camera.SetPosition(200.0, 300.0, 40.0)
    camera.SetFocalPoint(5.0, 6.0, 7.0)
    before = camera.GetPosition(), camera.GetFocalPoint(), camera.GetViewUp(), camera.GetViewAngle()
    a_user.take("point")
    a_user.prompt(INSIDE)
    segmentation = a_user.panel.segmenter.segmentation_node
    segmentation.CreateClosedSurfaceRepresentation()
    points = surface_points(a_user)
    a_user.prompt(BESIDE)
    a_user.wait(lambda: surface_points(a_user) != points)
    a_user.press("undo")
    a_user.press("newSegment")
    a_user.prompt(BESIDE)
    assert (camera.GetPosition(), camera.GetFocalPoint(), camera.GetViewUp(), camera.GetViewAngle()) == before


def surface_points(a_user: User) -> int:
    segmenter = a_user.panel.segmenter
    surface = segmenter.segmentation_node.GetClosedSurfaceInternalRepresentation(segmenter.segment_id)
    return 0 if surface is None else int(surface.GetNumberOfPoints())
