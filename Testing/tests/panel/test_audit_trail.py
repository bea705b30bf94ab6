"""The audit trail: what was asked of which model, what changed, what a person edited; kept with the scene, naming no patient."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from MedVLSAM2Lib.scene.audit_trail import MOST_ENTRIES, AuditEntry, AuditTrail
from tests.panel.reader import Reader, paint
from tests.panel.test_asking import ANSWERS, QUESTION
from tests.panel.test_scene_file import saved_and_loaded
from tests.panel.user import BESIDE, INSIDE, User

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

BLOCK = (slice(2, 6), slice(2, 6), slice(2, 6))


def settled(user: User) -> tuple[str, ...]:
    """The trail once everything that was done so far stands in it; each entry without its time."""
    audit = user.panel.audit
    done = audit.looks + 2
    user.slicer.process_events(until=lambda: audit.looks >= done, timeout_s=60)
    return tuple(line.partition(" | ")[2] for line in audit.trail.lines)


def test_each_prompt_is_told_with_model_and_voxels_before_and_after(a_user: User, a_ct: Any) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    first = int(a_user.mask(a_ct).sum())
    a_user.prompt(BESIDE)
    second = int(a_user.mask(a_ct).sum())
    a_user.press("undo")
    model = "stand-in 0.1.0, checkpoint stand-in stand-in"
    lines = settled(a_user)
    assert lines == (
        f"prompt | point on the object at voxel (30, 25, 20) | segment Segment: 0 to {first} voxels | {model}",
        f"prompt | point on the object at voxel (45, 25, 20) | segment Segment: {first} to {second} voxels | {model}",
        f"undo | point on the object at voxel (45, 25, 20) | segment Segment: {first} voxels | {model}",
    )


def test_what_another_tool_did_to_a_segment_is_told_and_our_own_writes_are_not(a_user: User, a_ct: Any) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    count = len(settled(a_user))
    segmenter = a_user.panel.segmenter
    before = int(a_user.mask(a_ct).sum())
    paint(segmenter.segmentation_node, segmenter.segment_id, a_ct, BLOCK)
    lines = settled(a_user)
    assert lines[count:] == (
        f"segment edited by hand | outside this module | segment Segment: {before} to {4**3} voxels",
    )
    moved = (slice(3, 7), slice(2, 6), slice(2, 6))
    paint(segmenter.segmentation_node, segmenter.segment_id, a_ct, moved)
    assert settled(a_user)[count + 1 :] == (
        f"segment edited by hand | outside this module | segment Segment: {4**3} to {4**3} voxels",
    )
    segmenter.segmentation_node.GetSegmentation().RemoveSegment(segmenter.segment_id)
    assert settled(a_user)[-1] == "segment deleted by hand | segment Segment"


def test_phrases_questions_and_drafts_are_told_and_come_back_with_the_scene(
    a_slicer: OffscreenSlicer, a_speaker: User, an_abdomen: Any, tmp_path: Path
) -> None:
    a_speaker.worker_will_also(answers=ANSWERS)
    a_speaker.find("liver")
    a_speaker.find("unicorn")
    a_speaker.ui.askSection.collapsed = False
    a_speaker.ask(QUESTION)
    reader = Reader(a_slicer, a_speaker.module)
    reader.open_section()
    reader.draft()
    reader.rewrite("Liver:", "The liver of somebody is mine.")
    reader.settle()
    assert reader.has("The liver of somebody")
    lines = settled(a_speaker)
    assert [line.partition(" | ")[0] for line in lines] == ["phrase", "phrase", "question", "draft", "sentence edited"]
    assert "“liver” | segment liver: 0 to 10200 voxels | words 0.1.0, checkpoint " in lines[0]
    assert "“unicorn” | nothing found" in lines[1]
    assert QUESTION in lines[2]
    assert "somebody" not in lines[4]

    text = AuditTrail(a_slicer.scene).node.GetText()
    saved_and_loaded(a_slicer, tmp_path / "scene.mrb")
    assert AuditTrail(a_slicer.scene).node.GetText() == text
    a_speaker.find("left kidney")
    assert settled(a_speaker)[: len(lines)] == lines
    assert len(settled(a_speaker)) == len(lines) + 1, "\nLINE ".join(settled(a_speaker))


def test_the_patient_is_not_named_whoever_types_it(a_slicer: OffscreenSlicer, a_speaker: User) -> None:
    import slicer

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(a_slicer.scene)
    patient = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "Doe")
    hierarchy.SetItemAttribute(patient, "DICOM.PatientName", "Doe^Jane")
    hierarchy.SetItemAttribute(patient, "DICOM.PatientID", "4711-A")
    hierarchy.SetItemAttribute(patient, "DICOM.PatientBirthDate", "19610203")
    a_speaker.find("the liver of Jane Doe, 4711-A, born 03.02.1961")
    a_speaker.ui.askSection.collapsed = False
    a_speaker.ask("Does DOE have 1 cyst?")
    text = " ".join(settled(a_speaker)).lower()
    for word in ("jane", "doe", "4711", "1961"):
        assert word not in text.replace("does", "")
    assert "have 1 cyst?" in text


def test_it_stays_short_and_says_what_it_let_go(a_slicer: OffscreenSlicer) -> None:
    trail = AuditTrail(a_slicer.scene)
    assert trail.node is None
    trail.add(AuditEntry("prompt", "one\nline | with bars", "x" * 1000))
    assert trail.lines[0].count("|") == 3
    assert len(trail.lines[0]) < 500
    head = trail.node.GetText().partition("\n\n")[0]
    trail.node.SetText(head + "\n\n" + "\n".join(f"line {n}" for n in range(MOST_ENTRIES)))
    for _ in range(3):
        trail.add(AuditEntry("prompt", "the last"))
    assert len(trail.lines) == MOST_ENTRIES
    assert trail.lines[0] == "line 3"
    assert "let go to keep this trail short: 3" in trail.node.GetText()


@pytest.mark.parametrize("text", ["", "not ours\n\nEarlier", "Earlier entries let go to keep this trail short: x\n\n"])
def test_a_trail_that_somebody_rewrote_goes_on(a_slicer: OffscreenSlicer, text: str) -> None:
    trail = AuditTrail(a_slicer.scene)
    trail.add(AuditEntry("prompt", "first"))
    trail.node.SetText(text)
    trail.add(AuditEntry("prompt", "second"))
    assert trail.lines[-1].endswith("prompt | second")


def test_a_scene_that_is_closed_right_after_a_draft_gets_no_trail_of_it(
    a_slicer: OffscreenSlicer, a_user: User, a_ct: Any
) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    reader = Reader(a_slicer, a_user.module)
    reader.open_section()
    settled(a_user)
    reader.press_without_waiting("draft")
    a_slicer.scene.Clear()
    a_slicer.process_events()
    a_user.panel.audit.poll()
    assert a_user.panel.audit.trail.lines == ()
