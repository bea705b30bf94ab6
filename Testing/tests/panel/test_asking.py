"""Questions and answers: what an answer points at is seen in the scan, and all of it is kept in the scene."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from harness import keyboard
from tests.panel.conftest import TONES
from tests.panel.test_phrases import tone
from tests.panel.test_scene_file import saved_and_loaded
from tests.panel.user import User

if TYPE_CHECKING:
    from pathlib import Path

    from harness.offscreen_slicer import OffscreenSlicer

QUESTION = "Is there anything in the kidney?"
LIVER, KIDNEY, CYSTS, NOTHING = TONES["liver"], TONES["left kidney"], TONES["renal cysts"], -500
ANSWERS = {
    QUESTION: [
        "The left kidney",
        KIDNEY,
        " holds renal cysts",
        CYSTS,
        " of <volume:2>. A stone",
        NOTHING,
        " is there too.",
    ],
    "How large is the liver?": ["The liver", LIVER, " holds <volume:1>."],
}


@pytest.fixture
def an_asker(a_speaker: User) -> User:
    """Somebody in front of the open ask section, with a model that knows some answers."""
    a_speaker.worker_will_also(answers=ANSWERS)
    a_speaker.ui.askSection.collapsed = False
    a_speaker.show_panel()
    return a_speaker


def evidence(user: User) -> Any:
    import slicer

    from MedVLSAM2Lib.scene.conversation_node import ConversationNode

    volume = user.panel.volume.node
    node = ConversationNode.of_volume(volume).evidence
    assert node is None or isinstance(node, slicer.vtkMRMLSegmentationNode)
    return node


def evidence_names(user: User) -> list[str]:
    segmentation = evidence(user).GetSegmentation()
    return [segmentation.GetSegment(segment_id).GetName() for segment_id in segmentation.GetSegmentIDs()]


def visible(user: User) -> list[str]:
    node = evidence(user)
    segmentation, display = node.GetSegmentation(), node.GetDisplayNode()
    ids = [segment_id for segment_id in segmentation.GetSegmentIDs() if display.GetSegmentVisibility(segment_id)]
    return [segmentation.GetSegment(segment_id).GetName() for segment_id in ids]


def heard(worker_folder: Path) -> list[str]:
    return json.loads((worker_folder / "heard.json").read_text("utf-8"))


def mask_of(user: User, name: str, volume: Any) -> np.ndarray:
    node = evidence(user)
    return user.mask(volume, node.GetSegmentation().GetSegmentIdBySegmentName(name), node)


def test_an_answer_is_read_with_its_evidence_kept_apart(an_asker: User, an_abdomen: Any) -> None:
    an_asker.find("liver")
    an_asker.ask(QUESTION)

    lines = an_asker.conversation.split("\n")
    assert lines[0] == QUESTION
    assert lines[1].startswith("The left kidney holds renal cysts of ")
    assert lines[1].endswith("\N{NO-BREAK SPACE}ml.") or lines[1].endswith(" ml.")
    assert lines[2] == "The model spoke of “stone”, but no voxels of this scan show it."
    assert evidence(an_asker).GetName() == "Evidence"
    assert evidence_names(an_asker) == ["left kidney", "renal cyst 1", "renal cyst 2"]
    assert visible(an_asker) == []
    assert np.array_equal(mask_of(an_asker, "left kidney", an_abdomen), tone(an_abdomen, "left kidney"))
    assert list(an_asker.segments()) == ["liver"]
    assert an_asker.panel.segmenter.segmentation_node is not evidence(an_asker)


def test_a_link_shows_its_segments_and_takes_all_views_there(
    a_slicer: OffscreenSlicer, an_asker: User, an_abdomen: Any
) -> None:
    camera = a_slicer.scene.AddNewNodeByClass("vtkMRMLCameraNode")
    an_asker.ask(QUESTION)
    an_asker.follow("renal cysts")

    assert visible(an_asker) == ["renal cyst 1", "renal cyst 2"]
    red = a_slicer.scene.GetNodeByID("vtkMRMLSliceNodeRed")
    assert -60 + 3 * 12 <= red.GetSliceOffset() <= -60 + 3 * 17
    np.testing.assert_allclose(camera.GetFocalPoint()[2], red.GetSliceOffset(), atol=1.5)
    assert camera.GetFocalPoint()[0] == pytest.approx(60 - 2 * 42, abs=4)
    an_asker.follow("left kidney")
    assert visible(an_asker) == ["left kidney"]


def test_the_mouse_over_a_link_shows_its_segments_until_it_leaves(an_asker: User) -> None:
    an_asker.ask(QUESTION)
    view, red = an_asker.ui.conversationView, an_asker.slicer.scene.GetNodeByID("vtkMRMLSliceNodeRed")
    offset = red.GetSliceOffset()
    for words, seen in (("renal cysts", ["renal cyst 1", "renal cyst 2"]), ("left kidney holds", ["left kidney"])):
        keyboard.hover_over_words(view, words)
        an_asker.slicer.process_events()
        assert visible(an_asker) == seen
    assert red.GetSliceOffset() == offset
    keyboard.hover_over_words(view, QUESTION)
    an_asker.slicer.process_events()
    assert visible(an_asker) == []
    keyboard.hover_over_words(view, "left kidney holds")
    an_asker.follow("left kidney holds")
    keyboard.hover_over_words(view, QUESTION)
    an_asker.slicer.process_events()
    assert visible(an_asker) == ["left kidney"]


def test_a_measured_value_says_on_what(an_asker: User) -> None:
    an_asker.ask("How large is the liver?")
    assert "measured on liver" in an_asker.panel._questions._shown
    an_asker.follow("ml")
    assert visible(an_asker) == ["liver"]
    an_asker.take("point")
    an_asker.prompt((30.0, 0.0, 0.0))
    assert an_asker.panel.segmenter.segmentation_node is not evidence(an_asker)
    assert evidence_names(an_asker) == ["liver"]


def test_follow_up_questions_come_with_what_was_said(an_asker: User, a_worker_that_knows_words: Path) -> None:
    an_asker.ask("How large is the liver?")
    an_asker.ask("And the spleen?")
    answer = "The liver [SEG] holds <volume:1>."
    assert heard(a_worker_that_knows_words) == ["How large is the liver?", answer, "And the spleen?"]
    an_asker.press("newConversation")
    assert an_asker.ui.conversationView.isHidden()
    an_asker.ask("And the spleen?")
    assert heard(a_worker_that_knows_words) == ["And the spleen?"]
    assert an_asker.conversation == "And the spleen?\nNothing is to be seen."


def test_what_was_spoken_of_before_is_not_kept_twice(an_asker: User) -> None:
    an_asker.ask("How large is the liver?")
    an_asker.ask("How large is the liver?")
    assert evidence_names(an_asker) == ["liver"]


def test_evidence_can_be_corrected_by_clicks(an_asker: User, an_abdomen: Any) -> None:
    an_asker.ask("How large is the liver?")
    node = evidence(an_asker)
    an_asker.ui.segmentSelector.setCurrentNode(node)
    an_asker.ui.segmentSelector.setCurrentSegmentID(node.GetSegmentation().GetNthSegmentID(0))
    before = mask_of(an_asker, "liver", an_abdomen)
    an_asker.take("point")
    an_asker.press("negative")
    an_asker.prompt((30.0, 0.0, 0.0))
    after = mask_of(an_asker, "liver", an_abdomen)
    assert before.sum() - after.sum() == 1 or not after[20, 25, 15]


def test_typed_text_is_text_and_never_html(an_asker: User) -> None:
    typed = "<b>liver</b> & <a href='evidence:0/0/0'>spleen</a><img src='file:///etc/passwd'>?"
    an_asker.ask(typed)
    assert an_asker.conversation == f"{typed}\nNothing is to be seen."


@pytest.mark.parametrize(("question", "words"), [("  ", "There is no question"), ("x" * 100_000, "too long")])
def test_what_is_no_question_is_refused_in_one_sentence(an_asker: User, question: str, words: str) -> None:
    an_asker.ui.questionEdit.setText(question)
    an_asker.enter("question")
    assert words in an_asker.ui.askLabel.text
    assert an_asker.ui.questionEdit.text == question
    assert not an_asker.panel.asker.is_busy


def test_escape_stops_an_answer_and_nothing_of_it_stays(an_asker: User) -> None:
    an_asker.worker_will_also(pause_s=0.3)
    an_asker.enter("question", QUESTION)
    an_asker.wait(lambda: "holds" in an_asker.conversation or "Answering" in an_asker.conversation)
    assert not an_asker.ui.stopButton.isHidden()
    keyboard.press_key(an_asker.ui.questionEdit, "Escape")
    an_asker.wait(lambda: not an_asker.panel.asker.is_busy)
    assert an_asker.ui.askLabel.text == "Stopped; nothing of the answer is kept."
    assert an_asker.ui.conversationView.isHidden()
    assert an_asker.ui.questionEdit.text == QUESTION
    assert evidence(an_asker) is None
    assert an_asker.ui.stopButton.isHidden()


def test_a_worker_that_dies_in_the_middle_answers_again_and_no_sentence_twice(an_asker: User) -> None:
    an_asker.worker_will_also(trouble={"kind": "die", "at": NOTHING, "times": 1})
    an_asker.ask(QUESTION)
    assert an_asker.conversation.count("The left kidney holds") == 1
    assert evidence_names(an_asker) == ["left kidney", "renal cyst 1", "renal cyst 2"]


def test_a_conversation_comes_back_with_the_scene_and_its_links_are_alive(
    a_slicer: OffscreenSlicer, an_asker: User, a_worker_that_knows_words: Path, tmp_path: Path
) -> None:
    an_asker.ask(QUESTION)
    read = an_asker.conversation
    saved_and_loaded(a_slicer, tmp_path / "scene.mrb")

    assert an_asker.conversation == read
    an_asker.follow("left kidney")
    assert visible(an_asker) == ["left kidney"]
    an_asker.ask("And the spleen?")
    assert heard(a_worker_that_knows_words)[1].startswith("The left kidney [SEG] holds renal cysts [SEG]")


def test_words_whose_segment_was_deleted_are_no_link(an_asker: User) -> None:
    an_asker.ask("How large is the liver?")
    segmentation = evidence(an_asker).GetSegmentation()
    segmentation.RemoveSegment(segmentation.GetNthSegmentID(0))
    an_asker.follow("liver holds")
    assert an_asker.ui.askLabel.text == "The segment that this points at was deleted."
    assert "href" not in an_asker.panel._questions._shown


def test_a_model_that_answers_nothing_says_so(a_user: User) -> None:
    assert not a_user.ui.questionEdit.enabled
    assert "not trained to answer questions" in a_user.ui.askLabel.text
