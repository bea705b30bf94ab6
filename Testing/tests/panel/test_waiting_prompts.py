"""Prompts that wait: several that are sent as one step, and those that failed, to be tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from MedVLSAM2Lib.scene.errors import SceneError
from tests.panel.user import BESIDE, INSIDE, User

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

FURTHER = (-30.0, 10.0, 0.0)


def segmentations(a_user: User) -> int:
    return int(a_user.slicer.scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode"))


def trouble(a_user: User, kind: str, times: int = 1) -> None:
    """What the worker gets into with a click on INSIDE."""
    a_user.worker_will(trouble={"kind": kind, "at": 300.0, "times": times})


@pytest.mark.parametrize(("kind", "words"), [("memory", "not enough memory"), ("error", "Something went wrong")])
def test_a_first_prompt_that_fails_leaves_nothing_but_itself_and_can_be_tried_again(
    a_user: User, a_ct: Any, kind: str, words: str
) -> None:
    trouble(a_user, kind)
    a_user.take("point")
    a_user.click(INSIDE)
    a_user.wait_to_read(words)
    assert segmentations(a_user) == 0
    assert len(a_user.prompts_in_view()) == 1
    assert a_user.ui.goButton.text == "Try again"

    a_user.press("go")
    a_user.wait()
    assert list(a_user.segments()) == ["Segment"]
    assert a_user.mask(a_ct)[20, 25, 30]
    assert len(a_user.prompts_in_view()) == 1
    assert not a_user.ui.goButton.enabled


def test_a_prompt_that_failed_goes_with_undo_or_with_the_next_prompt(a_user: User, a_ct: Any) -> None:
    a_user.take("point")
    trouble(a_user, "error")
    a_user.click(INSIDE)
    a_user.wait_to_read("Something went wrong")
    a_user.press("undo")
    assert a_user.prompts_in_view() == []
    assert not a_user.ui.goButton.enabled

    trouble(a_user, "error")
    a_user.click(INSIDE)
    a_user.wait_to_read("Something went wrong")
    a_user.prompt(BESIDE)
    assert len(a_user.prompts_in_view()) == 1
    assert len(a_user.prompts(a_ct)) == 1
    assert list(a_user.segments()) == ["Segment"]


def test_a_first_prompt_that_is_cancelled_leaves_nothing(a_user: User) -> None:
    a_user.worker_will(pause_s=0.3)
    a_user.take("point")
    a_user.click(INSIDE)
    a_user.key("Escape")
    a_user.wait()
    assert segmentations(a_user) == 0
    assert a_user.prompts_in_view() == []


def test_what_was_there_before_stays_when_a_first_prompt_fails(a_user: User, a_ct: Any) -> None:
    a_user.take("point")
    a_user.prompt(BESIDE)
    before = a_user.mask(a_ct)
    kept = a_user.panel.segmenter.segment_id
    a_user.press("newSegment")
    trouble(a_user, "memory")
    a_user.click(INSIDE)
    a_user.wait_to_read("not enough memory")
    assert list(a_user.segments().values()) == [kept]
    assert np.array_equal(a_user.mask(a_ct, kept), before)


def test_a_first_prompt_that_is_taken_back_takes_its_segment_along_and_brings_it_back(a_user: User, a_ct: Any) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    first = a_user.mask(a_ct)
    a_user.press("undo")
    assert a_user.segments() == {}
    a_user.press("redo")
    assert list(a_user.segments()) == ["Segment"]
    assert np.array_equal(a_user.mask(a_ct), first)
    a_user.prompt(BESIDE)
    assert len(a_user.segments()) == 1


def test_a_segment_made_where_one_was_taken_back_is_left_alone_by_redo(a_user: User, a_ct: Any) -> None:
    a_user.take("point")
    a_user.prompt(BESIDE)
    node = a_user.panel.segmenter.segmentation_node
    a_user.press("newSegment")
    a_user.prompt(INSIDE)
    taken_back, mask = a_user.panel.segmenter.segment_id, a_user.mask(a_ct)
    a_user.press("undo")
    drawn = node.GetSegmentation().AddEmptySegment("by hand", "by hand")
    import slicer

    by_hand = np.zeros((40, 50, 60), np.uint8)
    by_hand[2:4, 2:4, 2:4] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(by_hand, node, drawn, a_ct)
    a_user.press("redo")
    assert np.array_equal(a_user.mask(a_ct, taken_back), mask)
    assert np.array_equal(a_user.mask(a_ct, drawn), by_hand > 0)


def test_several_prompts_wait_and_go_as_one_step(a_user: User, a_ct: Any) -> None:
    a_user.press("wait")
    a_user.take("point")
    for position in (INSIDE, BESIDE):
        a_user.click(position)
    assert a_user.says.startswith("2 prompts wait")
    assert segmentations(a_user) == 0
    assert a_user.ui.goButton.text == "Go (2)"
    a_user.click(FURTHER)
    a_user.press("undo")
    assert len(a_user.prompts_in_view()) == 2

    a_user.key("G")
    a_user.wait()
    assert len(a_user.prompts(a_ct)) == 2
    assert a_user.mask(a_ct)[20, 25, 45]
    a_user.press("undo")
    assert a_user.segments() == {}
    a_user.press("redo")
    assert a_user.mask(a_ct)[20, 25, 45]
    a_user.key("W")
    assert not a_user.ui.waitButton.checked


def test_lesions_that_wait_are_a_segment_each(a_user: User, a_ct: Any) -> None:
    a_user.key("M")
    a_user.key("W")
    a_user.take("point")
    for position in (INSIDE, BESIDE):
        a_user.click(position)
    a_user.press("go")
    a_user.wait()
    assert list(a_user.segments()) == ["Lesion", "Lesion 2"]


def test_waiting_prompts_come_back_when_their_answer_is_cancelled(a_user: User) -> None:
    a_user.press("wait")
    a_user.take("point")
    for position in (BESIDE, INSIDE):
        a_user.click(position)
    a_user.worker_will(pause_s=0.3)
    a_user.press("go")
    a_user.key("Escape")
    a_user.wait()
    assert len(a_user.prompts_in_view()) == 2
    assert a_user.ui.goButton.text == "Go (2)"
    assert segmentations(a_user) == 0


def test_waiting_prompts_are_not_taken_to_another_scan(a_slicer: OffscreenSlicer, a_user: User, a_ct: Any) -> None:
    import slicer

    a_user.press("wait")
    a_user.take("point")
    a_user.click(INSIDE)
    other = slicer.modules.volumes.logic().CloneVolume(a_slicer.scene, a_ct, "another CT")
    a_user.ui.volumeSelector.setCurrentNode(other)
    a_slicer.process_events()
    assert not a_user.ui.goButton.enabled
    assert a_user.prompts_in_view() == []


def test_from_the_console_a_failure_leaves_nothing_and_the_panel_can_try_again(a_user: User, a_ct: Any) -> None:
    import slicer

    logic = slicer.util.getModuleLogic("MedVLSAM2")
    trouble(a_user, "memory")
    with pytest.raises(SceneError, match="not enough memory"):
        logic.segmentByPoints(a_ct, [INSIDE])
    assert segmentations(a_user) == 0
    a_user.press("go")
    a_user.wait()
    assert len(a_user.segments()) == 1

    trouble(a_user, "memory")
    before = segmentations(a_user)
    with pytest.raises(SceneError, match="outside the volume"):
        logic.segmentByPoints(a_ct, [INSIDE], [(900.0, 0.0, 0.0)])
    assert segmentations(a_user) == before
