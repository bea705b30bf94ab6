"""The scene changes while the engine works: no traceback, no orphan, and nothing written where it does not belong."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.panel.conftest import TONES
from tests.panel.reader import Reader, paint
from tests.panel.user import BESIDE, INSIDE, User

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

IN_LIVER = (30.0, 0.0, 0.0)
QUESTION = "How is the left kidney?"
ANSWER = ["The left kidney", TONES["left kidney"], "holds renal cysts", TONES["renal cysts"], "."]
_LONG_S = 1.5
CORNER = (slice(0, 3), slice(0, 3), slice(0, 3))


class Colleague(User):
    """A user who lets the engine work on something and does not wait for it."""

    volume: Any = None
    bystander: Any = None

    @property
    def is_busy(self) -> bool:
        """Whether anything is being done."""
        panel = self.panel
        return bool(panel.segmenter.is_busy or panel.asker.is_busy or panel.report.is_busy)

    def settle(self) -> None:
        """Wait until everything is done and shown."""
        self.slicer.process_events()
        self.wait(lambda: not self.is_busy)
        self.slicer.process_events()

    def begin_with(self, voxels: np.ndarray, ijk_to_ras: np.ndarray) -> None:
        """A new volume, a segment of the user's own on it, and somebody else's segmentation beside."""
        import slicer

        self.volume = slicer.util.addVolumeFromArray(voxels, ijkToRAS=ijk_to_ras, name="Abdomen")
        self.volume.CreateDefaultDisplayNodes()
        self.bystander = _segmentation(self.volume)
        self.slicer.show_volume(self.volume)
        self.ui.volumeSelector.setCurrentNode(self.volume)
        self.ui.segmentSelector.setCurrentNode(_segmentation(self.volume))
        self.wait(lambda: "Abdomen is open" in self.says)
        self.press("newSegment")

    def bystander_is_untouched(self) -> bool:
        """Whether what belongs to nobody here is as it was."""
        if self.bystander.GetScene() is None:
            return True
        segmentation = self.bystander.GetSegmentation()
        mask = (
            self.mask(self.volume, segmentation.GetNthSegmentID(0), self.bystander) if self.volume.GetScene() else None
        )
        return segmentation.GetNumberOfSegments() == 1 and (mask is None or int(mask.sum()) == 27)

    def counts(self) -> tuple[int, ...]:
        """How many nodes there are of each kind that we make."""
        kinds = ("vtkMRMLSegmentationNode", "vtkMRMLMarkupsNode", "vtkMRMLTextNode")
        return tuple(self._count(kind) for kind in kinds)


def _segmentation(volume: Any) -> Any:
    from MedVLSAM2Lib.scene.segments import create_segment, create_segmentation

    node = create_segmentation(volume)
    paint(node, create_segment(node, "kept"), volume, CORNER)
    return node


@pytest.fixture
def a_colleague(
    a_slicer: OffscreenSlicer, an_abdomen: Any, a_speaker: User, a_worker_that_knows_words: Path
) -> Colleague:
    colleague = Colleague(a_slicer, a_speaker.module, a_worker_that_knows_words)
    colleague.worker_will_also(answers={QUESTION: ANSWER})
    colleague.ui.askSection.collapsed = False
    colleague.show_panel()
    return colleague


def begin_click(user: Colleague) -> None:
    user.worker_will_also(pause_s=_LONG_S)
    user.take("point")
    user.click(IN_LIVER)


def begin_find(user: Colleague) -> None:
    user.worker_will_also(pause_s=_LONG_S)
    user.enter("phrase", "renal cysts")


def begin_ask(user: Colleague) -> None:
    user.worker_will_also(pause_s=_LONG_S / 10)  # before each word
    user.enter("question", QUESTION)


def begin_draft(user: Colleague) -> None:
    reader = Reader(user.slicer, user.module)
    reader.open_section()
    reader.press_without_waiting("draft")


TASKS = (begin_click, begin_find, begin_ask, begin_draft)


def delete_volume(user: Colleague) -> None:
    user.slicer.scene.RemoveNode(user.volume)


def delete_segmentation(user: Colleague) -> None:
    user.slicer.scene.RemoveNode(user.panel.segmenter.segmentation_node)


def delete_segments(user: Colleague) -> None:
    user.panel.segmenter.segmentation_node.GetSegmentation().RemoveAllSegments()


def clear_scene(user: Colleague) -> None:
    user.slicer.scene.Clear()


def crop_volume(user: Colleague) -> None:
    import slicer

    slicer.util.updateVolumeFromArray(user.volume, slicer.util.arrayFromVolume(user.volume)[4:, 4:, 4:].copy())


def choose_another_volume(user: Colleague) -> None:
    import slicer

    other = slicer.util.addVolumeFromArray(np.arange(1000, dtype=np.int16).reshape(10, 10, 10), name="Other")
    user.ui.volumeSelector.setCurrentNode(other)


@pytest.mark.parametrize(
    "change",
    [delete_volume, delete_segmentation, delete_segments, clear_scene, crop_volume, choose_another_volume],
)
def test_what_is_gone_or_another_gets_nothing_that_was_made_for_what_it_was(
    a_colleague: Colleague, an_abdomen: Any, change: Callable[[Colleague], None]
) -> None:
    import slicer

    user = a_colleague
    voxels = slicer.util.arrayFromVolume(an_abdomen).copy()
    ijk_to_ras = slicer.util.arrayFromVTKMatrix(_matrix(an_abdomen))
    for begin in TASKS:
        user.begin_with(voxels, ijk_to_ras)
        begin(user)
        change(user)
        before = user.counts()
        user.settle()
        assert user.bystander_is_untouched(), begin.__name__
        assert user.says.count(". ") == 0, user.says
        if change is clear_scene:
            assert user.counts() == before == (0, 0, 0), begin.__name__
        if change is choose_another_volume:
            other = user.panel.volume.node
            assert not [node for node in _segmentations(user) if _scan_of(node) is other], begin.__name__
        if change is crop_volume:
            assert _voxels_outside(user) == 27 * 2, begin.__name__
        user.slicer.scene.Clear()
        user.settle()
    assert user.panel._client.is_ready


def test_new_names_and_transforms_change_nothing(a_colleague: Colleague, an_abdomen: Any) -> None:
    import slicer
    import vtk

    user = a_colleague
    voxels = slicer.util.arrayFromVolume(an_abdomen).copy()
    ijk_to_ras = slicer.util.arrayFromVTKMatrix(_matrix(an_abdomen))

    def rename() -> None:
        user.volume.SetName("<b>Other</b>")
        user.panel.segmenter.segmentation_node.SetName("Another")

    def move_both() -> None:
        transform = user.slicer.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
        matrix = vtk.vtkMatrix4x4()
        matrix.SetElement(0, 3, 8.0)
        transform.SetMatrixTransformToParent(matrix)
        for node in (user.volume, user.panel.segmenter.segmentation_node):
            node.SetAndObserveTransformNodeID(transform.GetID())

    def move_volume() -> None:
        transform = user.slicer.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
        matrix = vtk.vtkMatrix4x4()
        matrix.SetElement(0, 3, 8.0)
        transform.SetMatrixTransformToParent(matrix)
        user.volume.SetAndObserveTransformNodeID(transform.GetID())

    for change in (rename, move_both, move_volume):
        user.begin_with(voxels, ijk_to_ras)
        begin_click(user)
        change()
        user.settle()
        assert np.array_equal(user.mask(user.volume), voxels == TONES["liver"]), change.__name__
        assert user.bystander.GetSegmentation().GetNumberOfSegments() == 1


def test_two_modules_write_one_segmentation_at_once_and_each_keeps_its_segment(
    a_colleague: Colleague, an_abdomen: Any
) -> None:
    import slicer

    from MedVLSAM2Lib.scene.segments import create_segment

    user = a_colleague
    voxels = slicer.util.arrayFromVolume(an_abdomen).copy()
    user.begin_with(voxels, slicer.util.arrayFromVTKMatrix(_matrix(an_abdomen)))
    begin_click(user)
    node = user.panel.segmenter.segmentation_node
    by_hand = create_segment(node, "by hand")
    far, over = (slice(36, 39), slice(45, 49), slice(50, 58)), (slice(12, 16), slice(12, 16), slice(10, 14))
    paint(node, by_hand, user.volume, far)  # beside what the engine finds
    paint(node, user.panel.segmenter.segment_id, user.volume, over)  # into it
    user.settle()

    clicked, painted = user.mask(user.volume), user.mask(user.volume, by_hand)
    expected = np.zeros(voxels.shape, bool)
    expected[far] = True
    assert np.array_equal(painted, expected)
    assert np.array_equal(clicked, voxels == TONES["liver"])
    assert len(user.segments()) == 3


@pytest.mark.parametrize("begin", TASKS)
def test_slicer_closed_while_the_engine_works_leaves_no_process_and_no_error(
    a_slicer: OffscreenSlicer, a_colleague: Colleague, an_abdomen: Any, begin: Callable[[Colleague], None]
) -> None:
    import slicer

    user = a_colleague
    voxels = slicer.util.arrayFromVolume(an_abdomen).copy()
    user.begin_with(voxels, slicer.util.arrayFromVTKMatrix(_matrix(an_abdomen)))
    (worker,) = _workers()
    begin(user)

    a_slicer.close_modules()

    a_slicer.process_events()
    assert not worker.exists()


def _workers() -> list[Path]:
    """The running children of this process that are workers (Linux)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((folder / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"tone_worker" in (folder / "cmdline").read_bytes():
                found.append(folder)
    return found


def _matrix(volume: Any) -> Any:
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return matrix


def _segmentations(user: Colleague) -> list[Any]:
    scene = user.slicer.scene
    count = scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")
    return [scene.GetNthNodeByClass(n, "vtkMRMLSegmentationNode") for n in range(count)]


def _scan_of(segmentation: Any) -> Any:
    return segmentation.GetNodeReference(segmentation.GetReferenceImageGeometryReferenceRole())


def _voxels_outside(user: Colleague) -> int:
    """Voxels of all segments of all segmentations."""
    import slicer

    total = 0
    for node in _segmentations(user):
        for segment_id in node.GetSegmentation().GetSegmentIDs():
            image = slicer.util.arrayFromSegmentInternalBinaryLabelmap(node, segment_id)
            value = node.GetSegmentation().GetSegment(segment_id).GetLabelValue()
            total += 0 if image is None else int((image == value).sum())
    return total


def test_undo_takes_back_the_last_prompt_whose_segment_is_still_there(a_user: User, a_ct: Any) -> None:
    a_user.press("point")
    a_user.prompt(INSIDE)
    first = a_user.panel.segmenter.segment_id
    a_user.press("newSegment")
    a_user.prompt(BESIDE)
    second = a_user.panel.segmenter.segment_id
    segmentation = a_user.panel.segmenter.segmentation_node
    assert second != first
    assert a_user.mask(a_ct, first, segmentation).any()

    segmentation.GetSegmentation().RemoveSegment(second)
    a_user.slicer.process_events()
    a_user.press("undo")
    a_user.wait()

    assert not a_user.mask(a_ct, first, segmentation).any()
    a_user.press("redo")
    a_user.wait()
    assert a_user.mask(a_ct, first, segmentation).any()
