"""The object that holds everything keeps its promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import qt
import slicer

from harness.screenshots import pixels_of_widget

if TYPE_CHECKING:
    from pathlib import Path

    from harness.offscreen_slicer import OffscreenSlicer


def test_a_cleared_scene_has_neither_nodes_of_the_user_nor_place_mode(a_slicer: OffscreenSlicer, a_ct: Any) -> None:
    points = a_slicer.scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
    a_slicer.start_placing(points)
    a_slicer.clear_scene()
    interaction = slicer.app.applicationLogic().GetInteractionNode()
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0
    assert interaction.GetCurrentInteractionMode() == interaction.ViewTransform


def test_waiting_ends_when_the_condition_holds(a_slicer: OffscreenSlicer) -> None:
    heard: list[str] = []
    qt.QTimer.singleShot(20, lambda: heard.append("rung"))
    a_slicer.process_events(until=lambda: bool(heard), timeout_s=2)
    assert heard == ["rung"]


def test_waiting_in_vain_is_an_error(a_slicer: OffscreenSlicer) -> None:
    with pytest.raises(TimeoutError):
        a_slicer.process_events(until=lambda: False, timeout_s=0.05)


def test_errors_in_slots_and_observers_are_remembered(a_slicer: OffscreenSlicer, a_ct: Any) -> None:
    def fail(*_: object) -> None:
        message = "a slot went wrong"
        raise LookupError(message)

    button = qt.QPushButton()
    button.connect("clicked()", fail)
    button.click()
    a_ct.AddObserver(slicer.vtkMRMLScalarVolumeNode.TransformModifiedEvent, fail)
    a_ct.InvokeEvent(slicer.vtkMRMLScalarVolumeNode.TransformModifiedEvent)
    assert [type(error) for error in a_slicer.swallowed_errors] == [LookupError, LookupError]
    a_slicer.swallowed_errors.clear()


def test_text_in_a_screenshot_of_a_widget_is_letters(a_slicer: OffscreenSlicer, tmp_path: Path) -> None:
    def ink(text: str) -> np.ndarray:
        label = qt.QLabel(text)
        label.resize(200, 40)
        saved = a_slicer.screenshot_widget(label, tmp_path / "label.png")
        assert saved.stat().st_size > 0
        return pixels_of_widget(label)

    # Without a font every letter is the same empty box.
    assert (ink("mmmm") != ink("iiii")).any()
    assert np.ptp(ink("liver").astype(int)) > 100


def test_modules_that_are_not_there_are_missing_as_in_slicer(a_slicer: OffscreenSlicer) -> None:
    assert slicer.modules.segmentations.logic().IsA("vtkSlicerSegmentationsModuleLogic")
    assert not hasattr(slicer.modules, "segmenteditor")
