"""The report section, used with mouse and keys: sentences that stay true to their segments, and a person's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.panel.reader import Reader

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer
    from tests.panel.user import User

LIVER = (slice(10, 30), slice(10, 30), slice(10, 30))
MASS = (slice(20, 26), slice(32, 38), slice(40, 46))
VOXEL_ML = 2 * 2 * 3 / 1000


@pytest.fixture
def segments(a_slicer: OffscreenSlicer, a_module: Any, a_ct: Any) -> dict[str, str]:
    """A liver and a mass, drawn by hand and chosen in the panel: their ids by name."""
    from tests.panel.reader import drawn

    return drawn(a_module, a_ct, {"liver": LIVER, "mass": MASS})


@pytest.fixture
def a_reader(a_slicer: OffscreenSlicer, a_module: Any, segments: dict[str, str]) -> Reader:
    """Somebody who reads the report, with the section open."""
    reader = Reader(a_slicer, a_module)
    reader.open_section()
    return reader


def test_a_draft_says_what_was_measured(a_reader: Reader, segments: dict[str, str]) -> None:
    a_reader.draft()
    liver = a_reader.sentence("Liver:")
    assert f"{20 * 20 * 20 * VOXEL_ML:.1f} ml" in liver
    assert a_reader.mark_of("Liver:") == "measured"
    assert a_reader.sentence("Mass, ").startswith("Mass, left: ")
    assert "DRAFT" in a_reader.draft_line
    assert "No model took part." in a_reader.draft_line
    assert "Not assessed: " in "\n".join(a_reader.lines)


def test_the_template_that_fits_what_is_segmented_is_chosen_already(a_reader: Reader) -> None:
    assert a_reader.ui.templateSelector.currentText == "Abdomen and pelvis"


def test_a_click_on_a_sentence_shows_its_evidence_in_all_slice_views(
    a_slicer: OffscreenSlicer, a_reader: Reader, segments: dict[str, str]
) -> None:
    a_reader.draft()
    for view in ("Red", "Green"):
        a_slicer.open_view(view)
    display = a_reader.segmentation.GetDisplayNode()
    display.SetSegmentVisibility(segments["mass"], False)
    a_reader.click_sentence("Mass, ")
    assert display.GetSegmentVisibility(segments["mass"])
    # All its slices are alike, and the first of the longest diameter counts: k = 20; in that, the middle: j = 34.5.
    assert a_reader.slice_offset("Red") == pytest.approx(3 * 20 - 60, abs=0.1)
    assert a_reader.slice_offset("Green") == pytest.approx(50 - 2 * 34.5, abs=0.1)


def test_a_click_on_a_sentence_takes_the_3d_view_along_and_keeps_its_direction(
    a_slicer: OffscreenSlicer, a_reader: Reader
) -> None:
    camera = a_slicer.scene.AddNewNodeByClass("vtkMRMLCameraNode")
    sight = np.subtract(camera.GetPosition(), camera.GetFocalPoint())
    a_reader.draft()
    a_reader.click_sentence("Mass, ")
    assert camera.GetFocalPoint()[2] == pytest.approx(3 * 20 - 60, abs=0.1)
    assert camera.GetFocalPoint()[1] == pytest.approx(50 - 2 * 34.5, abs=0.1)
    np.testing.assert_allclose(np.subtract(camera.GetPosition(), camera.GetFocalPoint()), sight)


def test_the_mouse_over_a_sentence_makes_its_evidence_stand_out_until_it_leaves(
    a_slicer: OffscreenSlicer, a_reader: Reader, segments: dict[str, str]
) -> None:
    from harness import keyboard

    a_reader.draft()
    display = a_reader.segmentation.GetDisplayNode()
    display.SetSegmentVisibility(segments["mass"], False)
    display.SetSegmentOpacity2DFill(segments["liver"], 0.5)

    def seen(name: str) -> tuple[bool, float]:
        return display.GetSegmentVisibility(segments[name]), display.GetSegmentOpacity2DFill(segments[name])

    a_reader.module.panel.resize(500, 2400)
    a_slicer.process_events()
    offset = a_reader.slice_offset("Red")
    a_reader.hover_over_sentence("Mass, ")
    assert seen("mass") == (True, 1.0)
    assert seen("liver") == (True, pytest.approx(0.075))
    assert a_reader.slice_offset("Red") == offset
    a_reader.hover_over_sentence("Liver:")
    assert seen("liver") == (True, 1.0)
    assert not seen("mass")[0]
    keyboard.hover(a_reader.ui.indicationEdit)
    a_slicer.process_events(until=lambda: seen("liver")[1] == 0.5, timeout_s=5)
    assert seen("mass") == (False, 1.0)

    a_reader.hover_over_sentence("Mass, ")
    a_reader.click_sentence("Mass, ")
    keyboard.hover(a_reader.ui.indicationEdit)
    a_slicer.process_events(until=lambda: seen("liver")[1] == 0.5, timeout_s=5)
    assert seen("mass") == (True, 1.0)


def test_what_was_looked_for_by_name_and_not_found_says_so(a_slicer: OffscreenSlicer, a_speaker: User) -> None:
    for phrase in ("liver", "spleen", "gallstone"):
        a_speaker.find(phrase)
    reader = Reader(a_slicer, a_speaker.module)
    reader.open_section()
    reader.draft()
    assert "Not found: spleen." in reader.lines
    assert not any("gallstone" in line.lower() for line in reader.lines)
    assert "Spleen: Not found: spleen." in reader.copied_text()
    assert "Spleen" not in next(line for line in reader.lines if line.startswith("Not assessed: "))
    a_speaker.worker_will(capabilities=["click", "phrase"], tones={"spleen": 180})
    a_speaker.find("spleen")
    reader.draft()
    assert "Not found: spleen." not in reader.lines
    assert reader.has("Spleen:")


def test_correcting_a_segment_by_another_tool_changes_its_numbers(
    a_reader: Reader, segments: dict[str, str], a_ct: Any
) -> None:
    a_reader.draft()
    mass = a_reader.sentence("Mass, ")
    a_reader.paint(segments["liver"], a_ct, (slice(10, 20), slice(10, 30), slice(10, 30)))
    assert f"{10 * 20 * 20 * VOXEL_ML:.1f} ml" in a_reader.sentence("Liver:")
    assert a_reader.sentence("Mass, ") == mass


def test_a_change_in_the_midst_of_measuring_counts(a_reader: Reader, segments: dict[str, str], a_ct: Any) -> None:
    a_reader.press_without_waiting("draft")
    for depth in (3, 4, 5):
        a_reader.paint(segments["liver"], a_ct, (slice(10, 10 + depth), slice(10, 30), slice(10, 30)), wait=False)
    a_reader.settle()
    assert f"{5 * 20 * 20 * VOXEL_ML:.1f} ml" in a_reader.sentence("Liver:")


def test_a_deleted_segment_strikes_its_sentences_and_one_that_is_back_stands_again(
    a_reader: Reader, segments: dict[str, str]
) -> None:
    a_reader.draft()
    segmentation = a_reader.segmentation.GetSegmentation()
    mass = segmentation.GetSegment(segments["mass"])
    segmentation.RemoveSegment(segments["mass"])
    a_reader.settle()
    assert a_reader.is_struck("Mass, left: ")
    assert a_reader.mark_of("Mass, left: ") == "deleted"
    assert not a_reader.is_struck("Liver:")
    segmentation.AddSegment(mass, segments["mass"])
    a_reader.settle()
    assert not a_reader.is_struck("Mass, left: ")


def test_the_sentences_of_a_deleted_segment_can_be_cleared_away(a_reader: Reader, segments: dict[str, str]) -> None:
    a_reader.draft()
    a_reader.segmentation.GetSegmentation().RemoveSegment(segments["liver"])
    a_reader.settle()
    a_reader.click_sentence("Liver:")
    a_reader.press("deleteSentence")
    assert not a_reader.has("Liver:")


def test_a_new_name_is_in_the_sentences_where_they_stand(a_reader: Reader, segments: dict[str, str]) -> None:
    a_reader.draft()
    a_reader.segmentation.GetSegmentation().GetSegment(segments["liver"]).SetName("liver graft")
    a_reader.settle()
    assert a_reader.has("Liver graft:")
    a_reader.segmentation.GetSegmentation().GetSegment(segments["mass"]).SetName("renal mass")
    a_reader.settle()
    assert a_reader.has("Renal mass, left: ")
    assert not a_reader.has("Mass, left: ")


def test_a_sentence_rewritten_in_place_is_marked_and_never_overwritten(
    a_reader: Reader, segments: dict[str, str], a_ct: Any
) -> None:
    a_reader.draft()
    a_reader.rewrite("Liver:", "The liver is not enlarged, 1 2 3 nxz.")
    assert a_reader.mark_of("The liver") == "edited"
    a_reader.paint(segments["liver"], a_ct, (slice(10, 20), slice(10, 30), slice(10, 30)))
    assert a_reader.sentence("The liver") == "The liver is not enlarged, 1 2 3 nxz."
    assert not a_reader.has("Liver:")
    a_reader.draft()
    assert a_reader.mark_of("The liver") == "edited"
    assert not a_reader.has("Liver:")


def test_leaving_a_sentence_that_is_rewritten_keeps_what_was_typed(a_reader: Reader) -> None:
    from harness import keyboard

    a_reader.draft()
    editor = a_reader.open_editor("Liver:")
    keyboard.type_text(editor, " Seen.")
    keyboard.click_widget(a_reader.ui.indicationEdit)
    a_reader.settle()
    assert a_reader.sentence("Liver:").endswith(" Seen.")
    assert a_reader.mark_of("Liver:") == "edited"


def test_f2_opens_the_chosen_sentence_and_pasted_line_ends_become_spaces(a_reader: Reader) -> None:
    import qt

    from harness import keyboard

    a_reader.draft()
    a_reader.click_sentence("Liver:")
    keyboard.press_key(a_reader.table, "F2")
    a_reader.slicer.process_events()
    editor = qt.QApplication.focusWidget()
    editor.selectAll()
    qt.QApplication.clipboard().setText("Two\nlines\n")
    editor.paste()
    keyboard.press_key(editor, "Return")
    a_reader.settle()
    assert a_reader.mark_of("Two lines") == "edited"


def test_escape_leaves_a_sentence_as_it_is(a_reader: Reader) -> None:
    a_reader.draft()
    a_reader.rewrite("Liver:", "Something else", key="Escape")
    assert a_reader.mark_of("Liver:") == "measured"
    assert not a_reader.has("Something else")


def test_a_number_left_whole_in_a_rewritten_sentence_is_still_measured(
    a_reader: Reader, segments: dict[str, str], a_ct: Any
) -> None:
    a_reader.draft()
    volume = f"{20 * 20 * 20 * VOXEL_ML:.1f} ml"
    a_reader.rewrite("Liver:", f"Small liver of {volume}.")
    a_reader.paint(segments["liver"], a_ct, (slice(10, 20), slice(10, 30), slice(10, 30)))
    assert a_reader.sentence("Small liver") == f"Small liver of {10 * 20 * 20 * VOXEL_ML:.1f} ml."


def test_numbers_that_change_meanwhile_do_not_disturb_who_is_typing(
    a_reader: Reader, segments: dict[str, str], a_ct: Any
) -> None:
    from harness import keyboard

    a_reader.draft()
    editor = a_reader.open_editor("Mass, ")
    editor.selectAll()
    keyboard.type_text(editor, "A mass, half")
    a_reader.paint(segments["liver"], a_ct, (slice(10, 20), slice(10, 30), slice(10, 30)), wait=False)
    a_reader.wait_for_numbers()
    assert editor.hasFocus()
    keyboard.type_text(editor, " typed")
    keyboard.press_key(editor, "Return")
    a_reader.settle()
    assert a_reader.mark_of("A mass, half typed") == "edited"
    assert f"{10 * 20 * 20 * VOXEL_ML:.1f} ml" in a_reader.sentence("Liver:")


def test_a_number_that_changed_while_its_sentence_was_rewritten_is_still_measured(
    a_reader: Reader, segments: dict[str, str], a_ct: Any
) -> None:
    from harness import keyboard

    a_reader.draft()
    editor = a_reader.open_editor("Liver:")
    keyboard.press_key(editor, "Home", control=True)
    a_reader.paint(segments["liver"], a_ct, (slice(10, 20), slice(10, 30), slice(10, 30)), wait=False)
    a_reader.wait_for_numbers()
    keyboard.type_text(editor, "Big ")
    keyboard.press_key(editor, "Return")
    a_reader.settle()
    assert a_reader.sentence("Big Liver:").startswith(f"Big Liver: {10 * 20 * 20 * VOXEL_ML:.1f} ml, ")


def test_an_own_sentence_goes_below_the_chosen_one_and_can_be_deleted(a_reader: Reader) -> None:
    a_reader.draft()
    a_reader.click_sentence("Liver:")
    a_reader.type_into("sentenceEdit", "No 2nd Xanthoma, zero.")
    assert a_reader.mark_of("No 2nd") == "typed"
    assert a_reader.lines.index("No 2nd Xanthoma, zero.") == a_reader.lines.index(a_reader.sentence("Liver:")) + 1
    assert a_reader.ui.sentenceEdit.text == ""
    a_reader.click_sentence("No 2nd")
    a_reader.press("deleteSentence")
    assert not a_reader.has("No 2nd")


def test_a_drafted_sentence_deleted_with_the_delete_key_can_be_put_back(a_reader: Reader) -> None:
    a_reader.draft()
    a_reader.click_sentence("Liver:")
    a_reader.press_key_in_table("Delete")
    assert a_reader.is_struck("Liver:")
    assert "Liver:" not in a_reader.copied_text()
    assert a_reader.ui.deleteSentenceButton.text == "Put back"
    a_reader.press("deleteSentence")
    assert not a_reader.is_struck("Liver:")
    assert "Liver:" in a_reader.copied_text()


def test_another_template_keeps_what_a_person_wrote(a_reader: Reader) -> None:
    a_reader.draft()
    a_reader.rewrite("Liver:", "Liver unremarkable to my eye.")
    a_reader.choose_template("Chest")
    assert a_reader.has("Liver and bile ducts")
    a_reader.draft()
    assert not a_reader.has("Liver and bile ducts")
    assert a_reader.mark_of("Liver unremarkable") == "edited"
    assert a_reader.has("Mass, left: ")
    assert a_reader.ui.templateSelector.currentText == "Chest"


def test_what_is_segmented_after_the_draft_is_announced_and_taken_in(a_reader: Reader, a_ct: Any) -> None:
    from MedVLSAM2Lib.scene.segments import create_segment

    a_reader.draft()
    a_reader.rewrite("Liver:", "Liver as before.")
    spleen = create_segment(a_reader.segmentation, "spleen")
    a_reader.paint(spleen, a_ct, (slice(10, 20), slice(35, 40), slice(10, 20)))
    assert "1 segment came after this draft" in a_reader.progress
    a_reader.draft()
    assert a_reader.mark_of("Spleen:") == "measured"
    assert a_reader.has("Liver as before.")
    assert a_reader.progress == ""


def test_the_change_against_a_prior_is_measured(a_slicer: OffscreenSlicer, a_reader: Reader, a_ct: Any) -> None:
    from MedVLSAM2Lib.scene.segments import create_segment, create_segmentation
    from tests.panel.reader import paint

    prior = create_segmentation(a_ct, "prior")
    paint(prior, create_segment(prior, "Liver"), a_ct, (slice(10, 20), slice(10, 30), slice(10, 30)))
    a_reader.draft()
    assert not a_reader.has("Liver, against")
    a_reader.ui.priorSelector.setCurrentNode(prior)
    a_reader.settle()
    assert "volume +48.0 ml (+100 %)" in a_reader.sentence("Liver, against the prior scan:")
    a_reader.ui.priorSelector.setCurrentNode(None)
    a_reader.settle()
    assert not a_reader.has("Liver, against")


def test_a_segmentation_that_cannot_be_the_prior_is_told(a_slicer: OffscreenSlicer, a_reader: Reader) -> None:
    a_reader.draft()
    a_reader.ui.priorSelector.setCurrentNode(a_reader.segmentation)
    a_reader.settle()
    assert "own segmentation" in a_reader.says
    foreign = a_slicer.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "foreign")
    a_reader.ui.priorSelector.setCurrentNode(foreign)
    a_reader.settle()
    assert a_reader.says == "foreign does not say which scan it was drawn on; choose another prior."
    assert a_reader.ui.priorSelector.currentNode() is None


def test_a_scene_closed_while_somebody_types_is_no_trouble(a_slicer: OffscreenSlicer, a_reader: Reader) -> None:
    from harness import keyboard

    a_reader.draft()
    keyboard.type_text(a_reader.open_editor("Liver:"), "half a sent")
    a_slicer.clear_scene()
    a_reader.settle()
    assert a_reader.lines == []


def test_without_a_segment_the_draft_button_says_what_to_do(a_slicer: OffscreenSlicer, a_module: Any) -> None:
    reader = Reader(a_slicer, a_module)
    reader.open_section()
    assert not reader.ui.draftButton.enabled
    assert reader.ui.draftButton.toolTip == "Segment something first."
