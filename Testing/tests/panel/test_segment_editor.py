"""Clicks and Slicer's Segment Editor by turns: its masking holds for clicks too, also when it was opened after the first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from harness import keyboard
from tests.panel.reader import paint
from tests.panel.user import BESIDE, INSIDE, User

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

ALLOWED = (slice(18, 23), slice(20, 30), slice(25, 35))


@pytest.fixture(autouse=True)
def settings_that_end_with_the_test(a_slicer: OffscreenSlicer) -> Iterator[None]:
    """The Segment Editor's settings outlive a closed scene."""
    yield
    node = a_slicer.scene.GetSingletonNode("SegmentEditor", "vtkMRMLSegmentEditorNode")
    if node is not None:
        a_slicer.scene.RemoveNode(node)


def opened_editor(a_user: User, volume: Any) -> Any:
    """The Segment Editor's settings, as Slicer makes them when its module is first opened."""
    import slicer

    node = slicer.vtkMRMLSegmentEditorNode()
    node.SetSingletonTag("SegmentEditor")
    node = a_user.slicer.scene.AddNode(node)
    node.SetAndObserveSegmentationNode(a_user.panel.segmenter.segmentation_node)
    node.SetAndObserveSourceVolumeNode(volume)
    node.SetMaskMode(slicer.vtkMRMLSegmentationNode.EditAllowedInsideSingleSegment)
    return node


def test_masking_that_is_set_after_the_first_click_holds_for_the_next(a_user: User, a_ct: Any) -> None:
    a_user.take("point")
    a_user.prompt(BESIDE)
    node = a_user.panel.segmenter.segmentation_node
    segmentation = node.GetSegmentation()
    allowed = segmentation.AddEmptySegment("allowed", "allowed")
    paint(node, allowed, a_ct, ALLOWED)
    editor = opened_editor(a_user, a_ct)
    a_user.press("newSegment")

    a_user.click(INSIDE)
    a_user.wait_to_read("inside one segment only, but none is chosen")
    a_user.wait()
    assert sorted(a_user.segments()) == ["Segment", "allowed"]
    assert a_user.ui.goButton.text == "Try again"

    editor.SetMaskSegmentID(allowed)
    a_user.press("go")
    a_user.wait()
    assert sorted(a_user.segments()) == ["Segment", "Segment 2", "allowed"]
    mask = a_user.mask(a_ct)
    assert mask[ALLOWED].any()
    assert mask.sum() == mask[ALLOWED].sum()


def test_slicer_s_editor_is_embedded_on_the_chosen_segment_and_scan(a_user: User, a_ct: Any) -> None:
    import slicer

    from harness.standins.qmrml_segment_editor_widget import qMRMLSegmentEditorWidget

    a_user.take("point")
    a_user.prompt(INSIDE)
    segmenter = a_user.panel.segmenter
    assert not a_user.ui.editorSection.isHidden()
    assert a_user.slicer.scene.GetSingletonNode("SegmentEditor", "vtkMRMLSegmentEditorNode") is None
    a_user.show_panel()
    keyboard.click_widget(a_user.ui.editorSection)
    (editor,) = a_user.ui.editorSection.findChildren(qMRMLSegmentEditorWidget)
    assert editor.segmentationNode() is segmenter.segmentation_node
    assert editor.sourceVolumeNode() is a_ct
    assert editor.currentSegmentID() == segmenter.segment_id

    a_user.press("newSegment")
    a_user.prompt(BESIDE)
    assert editor.currentSegmentID() == segmenter.segment_id
    settings = editor.mrmlSegmentEditorNode()
    settings.SetActiveEffectName("Paint")
    settings.SetMaskMode(slicer.vtkMRMLSegmentationNode.EditAllowedInsideSingleSegment)
    a_user.press("newSegment")
    a_user.click(INSIDE)
    a_user.wait_to_read("inside one segment only, but none is chosen")
    a_user.wait()
    a_user.module.widget.exit()
    assert not settings.GetActiveEffectName()
    a_user.slicer.clear_scene()
    assert editor.segmentationNode() is None
