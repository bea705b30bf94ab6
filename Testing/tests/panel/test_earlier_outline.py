"""After a prompt, the outline that the segment had before shows what the prompt changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from MedVLSAM2Lib.scene.segments import list_segments
from tests.panel.user import BESIDE, INSIDE, User

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

NEAR = (4.0, 4.0, 0.0)
"""In the bright block too, on another voxel."""


def outlines(a_user: User) -> list[Any]:
    """The segmentation nodes beside the user's own."""
    scene, own = a_user.slicer.scene, a_user.panel.segmenter.segmentation_node
    count = scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")
    nodes = [scene.GetNthNodeByClass(number, "vtkMRMLSegmentationNode") for number in range(count)]
    return [node for node in nodes if node is not own]


def earlier_mask(a_user: User, volume: Any) -> np.ndarray:
    import slicer

    (node,) = outlines(a_user)
    (segment_id,) = node.GetSegmentation().GetSegmentIDs()
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_id, volume)
    return np.zeros((40, 50, 60), bool) if mask is None else mask > 0


def prompt_twice(a_user: User, volume: Any) -> np.ndarray:
    """A click and a second one on the same segment; what the segment was between them."""
    a_user.take("point")
    a_user.prompt(INSIDE)
    first = a_user.mask(volume)
    a_user.prompt(BESIDE)
    assert not np.array_equal(a_user.mask(volume), first)
    return first


def test_a_key_shows_in_the_slices_what_the_segment_was_before_the_last_prompt(
    a_slicer: OffscreenSlicer, a_user: User, a_ct: Any
) -> None:
    first = prompt_twice(a_user, a_ct)
    assert outlines(a_user) == []
    without = a_slicer.pixels("Red").astype(int)
    a_user.key("C")
    assert a_user.ui.beforeButton.checked
    assert np.array_equal(earlier_mask(a_user, a_ct), first)
    drawn = np.abs(a_slicer.pixels("Red").astype(int) - without).max(axis=2) > 40
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    # An outline, not a surface: the middle of what it surrounds is as it was.
    assert drawn.sum() > 2 * len(rows)
    assert not drawn[(rows[0] + rows[-1]) // 2, (columns[0] + columns[-1]) // 2]
    a_user.press("before")
    a_slicer.process_events()
    assert outlines(a_user) == []
    assert np.array_equal(a_slicer.pixels("Red").astype(int), without)


def test_it_follows_the_prompts_and_goes_when_they_are_taken_back_or_the_segment_is_left(
    a_user: User, a_ct: Any
) -> None:
    a_user.press("before")
    first = prompt_twice(a_user, a_ct)
    assert np.array_equal(earlier_mask(a_user, a_ct), first)
    second = a_user.mask(a_ct)
    a_user.press("negative")
    a_user.prompt(NEAR)
    assert np.array_equal(earlier_mask(a_user, a_ct), second)
    a_user.press("undo")
    assert outlines(a_user) == []
    a_user.press("redo")
    assert np.array_equal(earlier_mask(a_user, a_ct), second)
    a_user.press("newSegment")
    assert outlines(a_user) == []


def test_it_goes_with_the_scan_the_segment_and_the_module(a_slicer: OffscreenSlicer, a_user: User, a_ct: Any) -> None:
    a_user.press("before")
    prompt_twice(a_user, a_ct)
    assert len(outlines(a_user)) == 1
    a_user.module.widget.exit()
    assert outlines(a_user) == []
    a_user.module.widget.enter()
    assert len(outlines(a_user)) == 1
    a_user.ui.volumeSelector.setCurrentNode(None)
    assert outlines(a_user) == []
    a_user.ui.volumeSelector.setCurrentNode(a_ct)
    segmenter = a_user.panel.segmenter
    segmenter.segmentation_node.GetSegmentation().RemoveSegment(segmenter.segment_id)
    a_user.panel.refresh()
    assert outlines(a_user) == []


def test_nobody_saves_counts_or_offers_it(a_slicer: OffscreenSlicer, a_user: User, a_ct: Any, tmp_path: Path) -> None:
    a_user.press("before")
    prompt_twice(a_user, a_ct)
    (outline,) = outlines(a_user)
    own = a_user.panel.segmenter.segmentation_node
    assert len(list_segments(own)) == 1
    assert a_user.ui.priorSelector.nodeCount() == 1
    assert a_user.ui.segmentSelector.currentNode() is own
    assert outline.GetSegmentation() is not own.GetSegmentation()
    a_slicer.save_scene(tmp_path / "scene.mrb")
    displays = a_slicer.scene.GetNumberOfNodesByClass("vtkMRMLSegmentationDisplayNode")
    a_slicer.load_scene(tmp_path / "scene.mrb")
    scene = a_slicer.scene
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationDisplayNode") == displays - 1


def test_the_status_line_tells_how_much_was_added_and_removed(a_user: User, a_ct: Any) -> None:
    voxel_ml = 2 * 2 * 3 / 1000
    a_user.take("point")
    a_user.prompt(INSIDE)
    first = a_user.mask(a_ct).sum() * voxel_ml
    assert f"is segmented: {first:.1f}\N{NO-BREAK SPACE}ml added." in a_user.says
    a_user.prompt(BESIDE)
    added = a_user.mask(a_ct).sum() * voxel_ml - first
    assert f"is segmented: {added:.0f}\N{NO-BREAK SPACE}ml added." in a_user.says
    a_user.prompt(BESIDE)
    assert "is segmented: nothing changed." in a_user.says
