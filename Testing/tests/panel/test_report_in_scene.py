"""The report is in the scene, and comes back with it; clicks of the panel are in its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.panel.reader import Reader, drawn, paint
from tests.panel.user import BESIDE, INSIDE, User

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

LIVER = (slice(10, 30), slice(10, 30), slice(10, 30))


def test_a_loaded_scene_brings_the_report_back_with_its_links(
    a_slicer: OffscreenSlicer, a_module: Any, a_ct: Any, tmp_path: Path
) -> None:
    ids = drawn(a_module, a_ct, {"liver": LIVER, "mass": (slice(20, 26), slice(32, 38), slice(40, 46))})
    reader = Reader(a_slicer, a_module)
    reader.open_section()
    reader.type_into("indicationEdit", "Pain, z n 1.")
    reader.draft()
    reader.rewrite("Liver:", "The liver is mine.")
    reader.click_sentence("Impression")
    reader.type_into("sentenceEdit", "My own words.")
    lines, statements = reader.lines, reader.section.reporter.report.statements

    a_slicer.save_scene(tmp_path / "scene.mrb")
    a_slicer.load_scene(tmp_path / "scene.mrb")
    reader.settle()

    assert reader.lines == lines
    assert reader.section.reporter.report.statements == statements
    assert reader.ui.indicationEdit.text == "Pain, z n 1."
    volume = a_slicer.scene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
    a_slicer.show_volume(volume)
    reader.click_sentence("Mass, left: ")
    assert reader.slice_offset("Red") == pytest.approx(3 * 20 - 60, abs=0.1)
    paint(reader.segmentation, ids["mass"], volume, (slice(20, 23), slice(32, 38), slice(40, 46)))
    reader.settle()
    assert "1.3 ml" in reader.sentence("Mass, left: ")
    assert reader.sentence("The liver") == "The liver is mine."


def test_the_order_of_the_sentences_is_kept_in_the_scene_and_in_what_leaves(
    a_slicer: OffscreenSlicer, a_module: Any, a_ct: Any, tmp_path: Path
) -> None:
    drawn(a_module, a_ct, {"liver": LIVER})
    reader = Reader(a_slicer, a_module)
    reader.open_section()
    reader.draft()
    for text in ("One.", "Two."):
        reader.click_sentence("Liver:")
        reader.type_into("sentenceEdit", text)
    reader.click_sentence("Two.")
    reader.press("moveUp")
    assert reader.section._table.current.text == "Two."
    reader.press_key_in_table("Up", alt=True)
    assert not reader.ui.moveUpButton.enabled
    assert reader.ui.moveDownButton.enabled
    reader.click_sentence("One.")
    reader.press_key_in_table("Up", alt=True)

    def order(text: str) -> list[str]:
        return sorted(("One.", "Two.", "Liver: "), key=text.index)

    assert order("\n".join(reader.lines)) == ["Two.", "One.", "Liver: "]
    assert order(reader.copied_text()) == ["Two.", "One.", "Liver: "]
    reader.draft()
    assert order("\n".join(reader.lines)) == ["Two.", "One.", "Liver: "]
    a_slicer.save_scene(tmp_path / "scene.mrb")
    a_slicer.load_scene(tmp_path / "scene.mrb")
    reader.settle()
    assert order("\n".join(reader.lines)) == ["Two.", "One.", "Liver: "]


def test_a_closed_scene_leaves_an_empty_section(a_slicer: OffscreenSlicer, a_module: Any, a_ct: Any) -> None:
    drawn(a_module, a_ct, {"liver": LIVER})
    reader = Reader(a_slicer, a_module)
    reader.open_section()
    reader.draft()
    a_slicer.clear_scene()
    reader.settle()
    assert reader.lines == []
    assert not reader.ui.draftButton.enabled


def test_each_segmentation_has_its_own_report(a_slicer: OffscreenSlicer, a_module: Any, a_ct: Any) -> None:
    drawn(a_module, a_ct, {"liver": LIVER})
    reader = Reader(a_slicer, a_module)
    reader.open_section()
    reader.draft()
    first = reader.segmentation
    drawn(a_module, a_ct, {"spleen": LIVER})
    assert reader.lines == []
    reader.draft()
    assert reader.has("Spleen:")
    a_module.widget.ui.segmentSelector.setCurrentNode(first)
    reader.settle()
    assert reader.has("Liver:")
    assert not reader.has("Spleen:")


def test_a_report_that_cannot_be_read_is_one_sentence(a_slicer: OffscreenSlicer, a_module: Any, a_ct: Any) -> None:
    from MedVLSAM2Lib.scene.report_node import ReportNode

    drawn(a_module, a_ct, {"liver": LIVER})
    reader = Reader(a_slicer, a_module)
    reader.open_section()
    node = reader.segmentation
    ReportNode.for_segmentation(node).node.SetText("{}")
    a_module.widget.ui.segmentSelector.setCurrentNode(None)
    drawn(a_module, a_ct, {"spleen": LIVER})
    a_module.widget.ui.segmentSelector.setCurrentNode(node)
    reader.settle()
    assert "no report that can be read" in reader.says
    reader.draft()
    assert reader.has("Liver:")


def test_clicks_of_the_panel_change_the_numbers_and_the_draft_names_the_model(
    a_slicer: OffscreenSlicer, a_user: User, a_ct: Any
) -> None:
    reader = Reader(a_slicer, a_user.module)
    reader.open_section()
    a_user.take("point")
    a_user.prompt(INSIDE)
    reader.draft()
    before = reader.sentence("Segment:")
    assert "Model: stand-in 0.1.0, checkpoint sha256 stand-in stand-in" in reader.draft_line
    a_user.prompt(BESIDE)
    reader.settle()
    after = reader.sentence("Segment:")
    assert after != before
    a_user.press("undo")
    reader.settle()
    assert reader.sentence("Segment:") == before
