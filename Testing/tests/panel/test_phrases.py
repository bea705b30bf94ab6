"""A typed phrase becomes segments, which are like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from harness import keyboard
from MedVLSAM2Lib.prompts import Phrase, Point
from tests.panel.conftest import TONES, opened
from tests.panel.test_scene_file import saved_and_loaded
from tests.panel.user import User

if TYPE_CHECKING:
    from pathlib import Path

    from harness.offscreen_slicer import OffscreenSlicer

IN_LIVER = (30.0, 0.0, 0.0)
IN_KIDNEY = (-34.0, -16.0, 0.0)


def tone(volume: Any, phrase: str) -> np.ndarray:
    import slicer

    return slicer.util.arrayFromVolume(volume) == TONES[phrase]


def code_of(user: User, name: str) -> str:
    from MedVLSAM2Lib.scene.terminology import terminology_of

    node = user.panel.segmenter.segmentation_node
    return terminology_of(node.GetSegmentation().GetSegment(user.segments()[name]))


def test_a_phrase_becomes_a_segment_of_that_name_code_and_colour(a_speaker: User, an_abdomen: Any) -> None:
    a_speaker.find("liver")

    assert list(a_speaker.segments()) == ["liver"]
    assert np.array_equal(a_speaker.mask(an_abdomen), tone(an_abdomen, "liver"))
    assert "SCT^10200004^Liver" in code_of(a_speaker, "liver")
    segment = a_speaker.panel.segmenter.segmentation_node.GetSegmentation().GetSegment(a_speaker.segments()["liver"])
    assert segment.GetColor() == pytest.approx((221 / 255, 130 / 255, 101 / 255))
    assert a_speaker.says == "liver is segmented."


def test_a_side_is_a_modifier_of_the_code(a_speaker: User) -> None:
    a_speaker.find("left kidney")
    assert "SCT^64033007^Kidney~SCT^7771000^Left" in code_of(a_speaker, "left kidney")


def test_several_objects_of_one_phrase_are_numbered_and_one_step_of_undo(a_speaker: User, an_abdomen: Any) -> None:
    a_speaker.find("renal cysts")

    assert list(a_speaker.segments()) == ["renal cyst 1", "renal cyst 2"]
    masks = [a_speaker.mask(an_abdomen, segment_id) for segment_id in a_speaker.segments().values()]
    assert masks[0].sum() > masks[1].sum() > 0
    assert np.array_equal(masks[0] | masks[1], tone(an_abdomen, "renal cysts"))
    assert "SCT^367643001^Cyst" in code_of(a_speaker, "renal cyst 2")
    assert a_speaker.says == "renal cyst 1, renal cyst 2 are segmented."
    a_speaker.press("undo")
    assert a_speaker.segments() == {}
    a_speaker.press("redo")
    again = [a_speaker.mask(an_abdomen, segment_id) for segment_id in a_speaker.segments().values()]
    assert np.array_equal(again, masks)
    a_speaker.press("undo")
    assert a_speaker.segments() == {}


def test_only_what_is_measured_as_large_as_the_phrase_says_becomes_a_segment(a_speaker: User, an_abdomen: Any) -> None:
    a_speaker.find("renal cysts above 3 cm")
    assert a_speaker.segments() == {}
    assert a_speaker.says.startswith("No “renal cysts” above 3 cm: the largest of the 2 found measures ")
    a_speaker.find("renal cysts above 2 cm")
    assert list(a_speaker.segments()) == ["renal cysts"]
    assert "SCT^367643001^Cyst" in code_of(a_speaker, "renal cysts")
    one = a_speaker.mask(an_abdomen)
    a_speaker.press("undo")
    a_speaker.press("redo")
    assert np.array_equal(a_speaker.mask(an_abdomen, next(iter(a_speaker.segments().values()))), one)
    assert 0 < one.sum() < tone(an_abdomen, "renal cysts").sum()


def test_neighbours_are_left_alone(a_speaker: User, an_abdomen: Any) -> None:
    a_speaker.take("point")
    a_speaker.prompt(IN_KIDNEY)
    clicked, mask = a_speaker.panel.segmenter.segment_id, a_speaker.mask(an_abdomen)
    a_speaker.find("renal cysts")
    a_speaker.find("liver")
    assert np.array_equal(a_speaker.mask(an_abdomen, clicked), mask)
    assert len(a_speaker.segments()) == 4


def test_a_click_refines_at_once_what_a_phrase_found(a_speaker: User, an_abdomen: Any) -> None:
    a_speaker.find("liver")
    found = a_speaker.mask(an_abdomen)
    a_speaker.key("2")
    a_speaker.prompt(IN_LIVER)

    refined = a_speaker.mask(an_abdomen)
    assert 0 < found.sum() - refined.sum() < 10
    assert [type(prompt) for prompt in a_speaker.prompts(an_abdomen)] == [Phrase, Point]
    assert list(a_speaker.segments()) == ["liver"]
    a_speaker.press("undo")
    assert np.array_equal(a_speaker.mask(an_abdomen), found)
    a_speaker.press("undo")
    assert a_speaker.segments() == {}
    a_speaker.press("redo")
    a_speaker.press("redo")
    a_speaker.ui.segmentSelector.setCurrentSegmentID(a_speaker.segments()["liver"])
    assert np.array_equal(a_speaker.mask(an_abdomen), refined)


def test_hand_drawn_voxels_outlive_the_undo_of_a_phrase(a_speaker: User, an_abdomen: Any) -> None:
    import slicer

    a_speaker.find("liver")
    segmenter, by_hand = a_speaker.panel.segmenter, a_speaker.mask(an_abdomen)
    by_hand[6, 6:9, 6:9] = True
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        by_hand.astype(np.uint8), segmenter.segmentation_node, segmenter.segment_id, an_abdomen
    )
    a_speaker.press("undo")
    assert a_speaker.mask(an_abdomen).sum() == 9


def test_what_is_not_there_is_said_and_makes_nothing(a_speaker: User) -> None:
    a_speaker.find("gallstone")
    assert a_speaker.slicer.scene.GetFirstNodeByClass("vtkMRMLSegmentationNode") is None
    assert a_speaker.says.startswith("No “gallstone” was found in this scan")
    assert a_speaker.segments() == {}
    assert a_speaker.ui.phraseEdit.text == "gallstone"


@pytest.mark.parametrize(("phrase", "words"), [(" ", "There is no phrase"), ("l" * 100_000, "The phrase is too long")])
def test_what_is_no_phrase_is_refused_in_one_sentence(a_speaker: User, phrase: str, words: str) -> None:
    a_speaker.ui.phraseEdit.setText(phrase)
    a_speaker.enter("phrase")
    assert words in a_speaker.says
    assert not a_speaker.panel.segmenter.is_busy


def test_escape_cancels_and_leaves_nothing(a_speaker: User) -> None:
    a_speaker.worker_will_also(pause_s=1.5)
    a_speaker.ui.structuresGroup.collapsed = False
    for name in ("liver", "left kidney"):
        tick(a_speaker, name)
    a_speaker.press("structures")
    a_speaker.wait(lambda: "liver" in a_speaker.segments() or "left kidney" in a_speaker.segments())
    a_speaker.type("phrase", "x")
    keyboard.press_key(a_speaker.ui.phraseEdit, "Escape")
    said: list[str] = []
    a_speaker.wait(lambda: said.append(a_speaker.says) or a_speaker.says.endswith("as it was."))
    assert not any(line.startswith("Looking for") for line in said)
    a_speaker.wait()
    assert a_speaker.segments() == {}
    # The engine was too deep in its work to hear it, and was started again, which is told too.
    assert a_speaker.says.endswith("Cancelled; everything is as it was.")


def test_a_worker_that_dies_while_it_looks_is_replaced_and_finds_each_object_once(
    a_speaker: User, an_abdomen: Any
) -> None:
    a_speaker.worker_will_also(trouble={"kind": "die", "at": TONES["renal cysts"], "times": 1})
    a_speaker.find("renal cysts")
    assert list(a_speaker.segments()) == ["renal cyst 1", "renal cyst 2"]
    a_speaker.press("undo")
    assert a_speaker.segments() == {}


def test_a_found_segment_comes_back_with_the_scene_and_is_refined_there(
    a_slicer: OffscreenSlicer, a_speaker: User, an_abdomen: Any, tmp_path: Path
) -> None:
    a_speaker.find("liver")
    mask = a_speaker.mask(an_abdomen)
    volume = saved_and_loaded(a_slicer, tmp_path / "scene.mrb")

    assert np.array_equal(a_speaker.mask(volume), mask)
    assert a_speaker.prompts(volume) == (Phrase("liver", 1),)
    a_speaker.key("2")
    a_speaker.prompt(IN_LIVER)
    assert 0 < mask.sum() - a_speaker.mask(volume).sum() < 10


def test_letters_that_are_keys_of_the_panel_are_typed_as_letters(a_speaker: User) -> None:
    a_speaker.type("phrase", "zxn 123?")
    assert a_speaker.ui.phraseEdit.text == "zxn 123?"
    assert not a_speaker.ui.negativeButton.checked
    assert not a_speaker.ui.pointButton.checked


def test_phrases_are_completed_from_the_vocabulary_and_from_the_scene(a_speaker: User) -> None:
    assert "left kidney" in completions(a_speaker, "kidn")
    assert completions(a_speaker, "the larger") == []
    a_speaker.find("the larger renal cyst")
    assert completions(a_speaker, "the larger") == ["the larger renal cyst"]


def test_a_model_without_words_has_no_phrase_line(a_user: User) -> None:
    assert not a_user.ui.phraseEdit.enabled
    assert a_user.ui.phraseEdit.placeholderText == "This model does not know words"
    assert "does not know words" in a_user.ui.phraseEdit.toolTip
    assert a_user.ui.structuresGroup.isHidden()
    assert completions(a_user, "kidn") == []


def test_ticked_structures_are_found_in_one_run_and_the_missing_are_listed(a_speaker: User, an_abdomen: Any) -> None:
    a_speaker.ui.structuresGroup.collapsed = False
    a_speaker.show_panel()
    for name in ("liver", "spleen", "left kidney", "pancreas"):
        tick(a_speaker, name)
    assert a_speaker.ui.structuresButton.text == "Segment all 4"
    a_speaker.press("structures")
    a_speaker.wait_to_read("Looking for")
    a_speaker.wait()

    assert sorted(a_speaker.segments()) == ["left kidney", "liver"]
    assert a_speaker.says == "left kidney, liver are segmented. Not found: pancreas, spleen."
    assert a_speaker.ui.structuresButton.text == "Segment all"
    a_speaker.press("undo")
    assert a_speaker.segments() == {}


def test_the_list_shows_what_contains_the_words_searched_for(a_speaker: User) -> None:
    a_speaker.ui.structuresGroup.collapsed = False
    a_speaker.show_panel()
    keyboard.type_text(a_speaker.ui.structuresSearch, "left kid")
    assert shown(a_speaker) == ["left kidney"]


def test_the_projects_own_worker_finds_with_a_checkpoint_that_was_trained_for_words(
    a_slicer: OffscreenSlicer, a_toy_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import qt
    import slicer

    from tests.session.toy_phrases import BRIGHT, HOLLOW, toy_volume

    monkeypatch.setattr("MedVLSAM2Lib.bundled_checkpoint.bundled_checkpoint", lambda: a_toy_checkpoint)
    volume, masks = toy_volume(np.random.default_rng(99))
    node = slicer.util.addVolumeFromArray(volume.array, ijkToRAS=volume.ijk_to_ras, name="Balls")
    node.CreateDefaultDisplayNodes()
    user = User(a_slicer, opened(a_slicer, node), a_toy_checkpoint)
    user.find(BRIGHT)
    user.find(HOLLOW)
    assert user.says.startswith(f"No “{HOLLOW}” was found")
    assert list(user.segments()) == [BRIGHT]
    found = user.mask(node)
    assert 2 * (found & masks[BRIGHT]).sum() / (found.sum() + masks[BRIGHT].sum()) > 0.6
    qt.QSettings().clear()


def tick(user: User, name: str) -> None:
    """Click the box before a name in the list."""
    from PySide6 import QtCore, QtTest

    tree = user.ui.structuresTree
    user.show_panel()
    user.ui.structuresSearch.clear()
    keyboard.type_text(user.ui.structuresSearch, name)
    (item,) = tree.findItems(name, QtCore.Qt.MatchFlag.MatchExactly | QtCore.Qt.MatchFlag.MatchRecursive)
    tree.scrollToItem(item)
    box = tree.visualItemRect(item)
    place = QtCore.QPoint(box.left() + 8, box.center().y())
    QtTest.QTest.mouseClick(
        tree.viewport(), QtCore.Qt.MouseButton.LeftButton, QtCore.Qt.KeyboardModifier.NoModifier, place
    )


def shown(user: User) -> list[str]:
    tree = user.ui.structuresTree
    groups = [tree.topLevelItem(n) for n in range(tree.topLevelItemCount)]
    return [
        group.child(n).text(0)
        for group in groups
        if not group.isHidden()
        for n in range(group.childCount())
        if not group.child(n).isHidden()
    ]


def completions(user: User, words: str) -> list[str]:
    completer = user.ui.phraseEdit.completer()
    completer.setCompletionPrefix(words)
    model = completer.completionModel()
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())] if words else []
