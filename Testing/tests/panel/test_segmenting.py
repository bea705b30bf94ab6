"""The panel, used with mouse and keys: a click in a slice becomes a segment in the scene."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness import keyboard

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

INSIDE = (0.0, 0.0, 0.0)
"""World position of the middle of the bright block: voxel (30, 25, 20)."""
BESIDE = (-30.0, 0.0, 0.0)


def click(a_slicer: OffscreenSlicer, module: Any, ras: tuple[float, float, float]) -> None:
    status = module.widget.ui.statusLabel
    status.setText("")
    a_slicer.click("Red", ras)
    a_slicer.process_events(until=lambda: bool(status.text), timeout_s=10)


def wait(a_slicer: OffscreenSlicer, module: Any) -> None:
    a_slicer.process_events(until=lambda: not module.widget.section.segmenter.is_busy, timeout_s=60)


def prompt(a_slicer: OffscreenSlicer, module: Any, ras: tuple[float, float, float]) -> None:
    click(a_slicer, module, ras)
    wait(a_slicer, module)


def segment(module: Any, volume: Any, segment_id: str | None = None) -> np.ndarray:
    import slicer

    segmenter = module.widget.section.segmenter
    identifier = segment_id or segmenter.segment_id
    array = slicer.util.arrayFromSegmentBinaryLabelmap(segmenter.segmentation_node, identifier, volume)
    return np.zeros((40, 50, 60), bool) if array is None else array > 0


def bright(volume: Any) -> np.ndarray:
    import slicer

    return slicer.util.arrayFromVolume(volume) == 300


def clicked_slices(volume: Any) -> np.ndarray:
    """What the stand-in model finds: the bright voxels on the clicked slice and three slices both ways."""
    mask = bright(volume)
    mask[:17] = mask[24:] = False
    return mask


def take_the_point_tool(module: Any) -> None:
    keyboard.click_widget(module.widget.ui.pointButton)


def test_a_click_in_a_slice_becomes_a_segment_where_it_was_clicked(
    a_slicer: OffscreenSlicer, a_module: Any, a_ct: Any
) -> None:
    take_the_point_tool(a_module)
    prompt(a_slicer, a_module, INSIDE)
    assert np.array_equal(segment(a_module, a_ct), clicked_slices(a_ct))
    assert "is segmented" in a_module.widget.ui.statusLabel.text


def test_undo_and_redo_give_back_each_mask_exactly(a_slicer: OffscreenSlicer, a_module: Any, a_ct: Any) -> None:
    take_the_point_tool(a_module)
    prompt(a_slicer, a_module, INSIDE)
    first = segment(a_module, a_ct)
    prompt(a_slicer, a_module, BESIDE)
    second = segment(a_module, a_ct)
    assert not np.array_equal(first, second)
    ui = a_module.widget.ui
    keyboard.click_widget(ui.undoButton)
    assert np.array_equal(segment(a_module, a_ct), first)
    keyboard.click_widget(ui.undoButton)
    assert not segment(a_module, a_ct).any()
    keyboard.click_widget(ui.redoButton)
    keyboard.click_widget(ui.redoButton)
    assert np.array_equal(segment(a_module, a_ct), second)


def test_a_new_segment_leaves_its_neighbour_alone(a_slicer: OffscreenSlicer, a_module: Any, a_ct: Any) -> None:
    take_the_point_tool(a_module)
    prompt(a_slicer, a_module, INSIDE)
    first_id, first = a_module.widget.section.segmenter.segment_id, segment(a_module, a_ct)
    keyboard.click_widget(a_module.widget.ui.newSegmentButton)
    prompt(a_slicer, a_module, BESIDE)
    assert a_module.widget.section.segmenter.segment_id != first_id
    assert np.array_equal(segment(a_module, a_ct, first_id), first)


def test_an_edit_by_hand_between_two_prompts_is_kept(a_slicer: OffscreenSlicer, a_module: Any, a_ct: Any) -> None:
    import slicer

    take_the_point_tool(a_module)
    prompt(a_slicer, a_module, INSIDE)
    segmenter = a_module.widget.section.segmenter
    edited = segment(a_module, a_ct)
    edited[1:3, 1:3, 1:3] = True
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        edited.astype(np.uint8), segmenter.segmentation_node, segmenter.segment_id, a_ct
    )
    prompt(a_slicer, a_module, BESIDE)
    assert segment(a_module, a_ct)[edited].all()


def test_a_click_outside_the_scan_is_refused_and_loses_nothing(
    a_slicer: OffscreenSlicer, a_module: Any, a_ct: Any
) -> None:
    take_the_point_tool(a_module)
    prompt(a_slicer, a_module, INSIDE)
    before = segment(a_module, a_ct)
    a_slicer.click("Red", (0.0, 54.0, 0.0))
    status = a_module.widget.ui.statusLabel
    a_slicer.process_events(until=lambda: "outside the volume" in status.text, timeout_s=10)
    assert np.array_equal(segment(a_module, a_ct), before)
    assert a_slicer.scene.GetNumberOfNodesByClass("vtkMRMLMarkupsFiducialNode") == 2


def test_a_box_is_drawn_with_two_clicks(a_slicer: OffscreenSlicer, a_module: Any, a_ct: Any) -> None:
    keyboard.click_widget(a_module.widget.ui.boxButton)
    a_slicer.click("Red", (-20.0, -20.0, 0.0))
    a_slicer.click("Red", (20.0, 20.0, 0.0))
    status = a_module.widget.ui.statusLabel
    a_slicer.process_events(until=lambda: "corners" not in status.text, timeout_s=10)
    wait(a_slicer, a_module)
    assert a_module.widget.section.placer.tool is not None


def test_a_worker_killed_mid_request_costs_nothing(
    a_slicer: OffscreenSlicer, a_module: Any, a_ct: Any, the_worker: Path
) -> None:
    take_the_point_tool(a_module)
    prompt(a_slicer, a_module, INSIDE)
    (the_worker / "behaviour.json").write_text(json.dumps({"trouble": {"kind": "die", "at": 40.0, "times": 1}}))
    prompt(a_slicer, a_module, BESIDE)
    disturbed = segment(a_module, a_ct)
    ui = a_module.widget.ui
    keyboard.click_widget(ui.undoButton)
    prompt(a_slicer, a_module, BESIDE)
    assert json.loads((the_worker / "behaviour.json").read_text())["trouble"]["times"] == 0
    assert np.array_equal(segment(a_module, a_ct), disturbed)


def test_a_cancelled_prompt_leaves_everything_as_it_was(
    a_slicer: OffscreenSlicer, a_module: Any, a_ct: Any, the_worker: Path
) -> None:
    take_the_point_tool(a_module)
    prompt(a_slicer, a_module, INSIDE)
    before = segment(a_module, a_ct)
    (the_worker / "behaviour.json").write_text(json.dumps({"pause_s": 0.3}))
    click(a_slicer, a_module, BESIDE)
    a_slicer.process_events(until=lambda: not np.array_equal(segment(a_module, a_ct), before), timeout_s=10)
    keyboard.click_widget(a_module.widget.ui.cancelButton)
    wait(a_slicer, a_module)
    assert np.array_equal(segment(a_module, a_ct), before)
    assert "as it was" in a_module.widget.ui.statusLabel.text


def test_a_segment_deleted_mid_request_gets_one_sentence(
    a_slicer: OffscreenSlicer, a_module: Any, the_worker: Path
) -> None:
    (the_worker / "behaviour.json").write_text(json.dumps({"pause_s": 0.2}))
    take_the_point_tool(a_module)
    click(a_slicer, a_module, INSIDE)
    segmenter = a_module.widget.section.segmenter
    segmenter.segmentation_node.GetSegmentation().RemoveSegment(segmenter.segment_id)
    wait(a_slicer, a_module)
    assert "segment" in a_module.widget.ui.statusLabel.text
    assert a_module.widget.ui.statusLabel.text.count(".") == 1


def test_a_scene_closed_mid_request_leaves_nothing_behind(
    a_slicer: OffscreenSlicer, a_module: Any, the_worker: Path
) -> None:
    (the_worker / "behaviour.json").write_text(json.dumps({"pause_s": 0.2}))
    take_the_point_tool(a_module)
    click(a_slicer, a_module, INSIDE)
    a_slicer.scene.Clear()
    a_slicer.process_events(until=lambda: not a_module.widget.section.segmenter.is_busy, timeout_s=10)
    assert a_slicer.scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0


def test_keys_work_while_the_module_is_open(a_slicer: OffscreenSlicer, a_module: Any) -> None:
    panel = a_module.panel
    panel.show()
    panel.activateWindow()
    a_slicer.process_events()
    keyboard.press_key(panel, "2")
    assert a_module.widget.ui.negativeButton.checked
    assert a_module.widget.ui.pointButton.checked
    a_module.widget.exit()
    assert a_module.widget.section.placer.tool is None


def test_the_worker_ends_with_the_module(a_slicer: OffscreenSlicer, a_module: Any) -> None:
    a_module.widget.section.close()
    a_slicer.process_events()
    assert _children_running_the_stand_in() == []


def _children_running_the_stand_in() -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_text()
            parent = int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        if "standin_worker" in command and parent == os.getpid():
            found.append(int(process.name))
    return found
