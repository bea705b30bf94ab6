"""A scripted module with a .ui file runs on the harness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import slicer

from harness.keyboard import click_widget, press_key, type_text

if TYPE_CHECKING:
    from pathlib import Path

    from harness.offscreen_slicer import OffscreenSlicer
    from harness.scripted_module import ScriptedModule


def test_the_panel_is_set_up_with_a_parent_and_its_children_know_the_scene(
    a_slicer: OffscreenSlicer, a_sample_module: ScriptedModule
) -> None:
    assert a_sample_module.module.parent.title == "Sample"
    assert a_sample_module.widget.parent is a_sample_module.panel
    assert a_sample_module.widget.ui.inputSelector.mrmlScene() is a_slicer.scene
    assert slicer.modules.SampleModuleWidget is a_sample_module.widget


def test_typing_and_clicking_reach_the_slots(a_slicer: OffscreenSlicer, a_sample_module: ScriptedModule) -> None:
    ui = a_sample_module.widget.ui
    type_text(ui.phraseEdit, "liver")
    click_widget(ui.applyButton)
    assert ui.answerLabel.text == "liver at 50"
    a_slicer.process_events(until=lambda: ui.answerLabel.toolTip == "later", timeout_s=2)

    type_text(ui.phraseEdit, "!")
    press_key(ui.phraseEdit, "Return")
    a_slicer.process_events()
    assert ui.answerLabel.text == "liver! at 50"


def test_a_disabled_button_ignores_a_click(a_sample_module: ScriptedModule) -> None:
    ui = a_sample_module.widget.ui
    ui.applyButton.enabled = False
    click_widget(ui.applyButton)
    assert ui.answerLabel.text == ""


def test_the_node_selector_follows_the_scene(
    a_slicer: OffscreenSlicer, a_sample_module: ScriptedModule, a_ct: Any
) -> None:
    selector = a_sample_module.widget.ui.inputSelector
    assert (selector.currentNode(), selector.nodeCount()) == (None, 1)
    selector.setCurrentNode(a_ct)
    assert selector.currentNodeID == a_ct.GetID()
    a_slicer.scene.RemoveNode(a_ct)
    assert selector.currentNode() is None
    assert a_sample_module.widget.volumes_seen == ["CT", None]


def test_the_node_selector_leaves_out_subclasses_when_told_to(a_sample_module: ScriptedModule, a_ct: Any) -> None:
    selector = a_sample_module.widget.ui.inputSelector
    slicer.modules.volumes.logic().CreateAndAddLabelVolume(a_ct, "labels")
    assert selector.nodeCount() == 1
    selector.showChildNodeTypes = True
    assert selector.nodeCount() == 2


def test_the_segment_selector_follows_the_segmentation(
    a_slicer: OffscreenSlicer, a_sample_module: ScriptedModule
) -> None:
    selector = a_sample_module.widget.ui.segmentSelector
    chosen: list[str] = []
    selector.connect("currentSegmentChanged(QString)", chosen.append)
    segmentation = a_slicer.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Organs")
    segmentation.GetSegmentation().AddEmptySegment("liver", "liver")
    segmentation.GetSegmentation().AddEmptySegment("spleen", "spleen")
    selector.setCurrentSegmentID("spleen")
    segmentation.GetSegmentation().RemoveSegment("spleen")
    assert selector.currentNode() is segmentation
    assert chosen == ["liver", "spleen", "liver"]


def test_a_folded_section_hides_its_children_and_shows_them_again(a_sample_module: ScriptedModule) -> None:
    ui = a_sample_module.widget.ui
    ui.inputsButton.collapsed = True
    assert ui.thresholdSlider.isHidden()
    ui.inputsButton.checked = True
    assert not ui.thresholdSlider.isHidden()


def test_the_slider_and_its_spin_box_agree(a_sample_module: ScriptedModule) -> None:
    slider = a_sample_module.widget.ui.thresholdSlider
    values: list[float] = []
    slider.connect("valueChanged(double)", values.append)
    slider.value = 125.0
    slider.value = 900.0
    assert values == [125.0, 200.0]


def test_the_parameter_node_is_one_a_scene(a_slicer: OffscreenSlicer, a_sample_module: ScriptedModule) -> None:
    logic = a_sample_module.widget.logic
    node = logic.getParameterNode()
    assert node.IsA("vtkMRMLScriptedModuleNode")
    assert logic.getParameterNode() is node
    a_slicer.clear_scene()
    assert logic.getParameterNode().GetParameterCount() == 0


def test_closing_cleans_up_and_takes_the_module_back(
    a_slicer: OffscreenSlicer, a_sample_module: ScriptedModule
) -> None:
    a_slicer.close_modules()
    assert a_sample_module.widget.was_cleaned_up
    assert not hasattr(slicer.modules, "samplemodule")


def test_a_ui_that_names_an_unknown_slicer_widget_is_refused(a_slicer: OffscreenSlicer, tmp_path: Path) -> None:
    child = '<widget class="qMRMLNoSuchView" name="view"/>'
    form = f'<ui version="4.0"><class>Form</class><widget class="QWidget" name="Form">{child}</widget></ui>'
    (tmp_path / "form.ui").write_text(form)
    with pytest.raises(RuntimeError, match="qMRMLNoSuchView"):
        slicer.util.loadUI(str(tmp_path / "form.ui"))
