"""A conversation in the scene."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from MedVLSAM2Lib.results import AnswerSentence, SentenceStatus, TextLink
from MedVLSAM2Lib.scene.conversation_node import ConversationNode, Exchange
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.segments import create_segmentation

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

EXCHANGES = (
    Exchange(
        "Größe der Leber? <b>",
        (
            AnswerSentence(0, "The liver holds 31 ml.", (TextLink(4, 9, ("a",)), TextLink(16, 21, ("a",), True))),
            AnswerSentence(1, "Not so.", status=SentenceStatus.UNCONFIRMED),
        ),
        "The liver [SEG] holds <volume:1>. It is.",
        "toy",
    ),
    Exchange("And?", (AnswerSentence(0, "Nothing."),), "Nothing."),
)


def test_a_conversation_is_found_from_its_volume_after_saving_and_loading(
    a_slicer: OffscreenSlicer, a_ct: Any, tmp_path: Path
) -> None:
    assert ConversationNode.of_volume(a_ct) is None
    kept = ConversationNode.for_volume(a_ct)
    assert kept.read() == ()
    kept.evidence = create_segmentation(a_ct, "Evidence")
    kept.write(EXCHANGES)
    assert ConversationNode.for_volume(a_ct).node is kept.node

    a_slicer.save_scene(tmp_path / "scene.mrb")
    a_slicer.load_scene(tmp_path / "scene.mrb")

    volume = a_slicer.scene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
    loaded = ConversationNode.of_volume(volume)
    assert loaded is not None
    assert loaded.read() == EXCHANGES
    assert loaded.evidence.GetName() == "Evidence"


def test_each_volume_has_its_own(a_slicer: OffscreenSlicer, a_ct: Any) -> None:
    import slicer

    other = slicer.util.addVolumeFromArray(slicer.util.arrayFromVolume(a_ct), name="Other")
    ConversationNode.for_volume(a_ct).write(EXCHANGES)
    assert ConversationNode.for_volume(other).read() == ()


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"exchanges": [{"is": "Exchange"}]}'])
def test_a_text_that_is_no_conversation_is_refused_in_one_sentence(a_ct: Any, text: str) -> None:
    kept = ConversationNode.for_volume(a_ct)
    kept.node.SetText(text)
    with pytest.raises(SceneError, match="cannot be read; begin a new conversation"):
        kept.read()
