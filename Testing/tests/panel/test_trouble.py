"""Workers that die or hang, and nodes that are deleted while a prompt is being answered."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.panel.user import BESIDE, INSIDE, User

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

ROOT = Path(__file__).resolve().parents[3]


def test_a_worker_that_dies_once_is_replaced_and_nothing_is_lost(
    a_user: User, a_ct: Any, caplog: pytest.LogCaptureFixture
) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    a_user.worker_will(trouble={"kind": "die", "at": 40.0, "times": 1})
    a_user.prompt(BESIDE)
    assert any("ended by the system" in message for message in caplog.messages)
    assert a_user.mask(a_ct)[20, 25, 45]
    assert len(a_user.prompts(a_ct)) == 2


def test_a_prompt_the_worker_dies_of_twice_is_left_out(a_user: User, a_ct: Any) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    before = a_user.mask(a_ct)
    a_user.worker_will(trouble={"kind": "die", "at": 40.0, "times": 2})
    a_user.click(BESIDE)
    a_user.wait_to_read("stopped twice on this request")
    a_user.wait()
    assert np.array_equal(a_user.mask(a_ct), before)
    assert len(a_user.prompts(a_ct)) == 1
    a_user.prompt(BESIDE)
    assert a_user.mask(a_ct)[20, 25, 45]
    assert len(a_user.prompts_in_view()) == 2


def test_a_worker_that_hangs_is_cancelled_within_seconds(a_user: User, a_ct: Any) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    before = a_user.mask(a_ct)
    a_user.worker_will(trouble={"kind": "hang", "at": 40.0, "times": 1})
    a_user.click(BESIDE)
    a_user.wait(lambda: not np.array_equal(a_user.mask(a_ct), before))
    a_user.key("Escape")
    a_user.wait()
    assert np.array_equal(a_user.mask(a_ct), before)
    a_user.prompt(BESIDE)
    assert a_user.mask(a_ct)[20, 25, 45]


@pytest.mark.parametrize(("kind", "words"), [("memory", "not enough memory"), ("error", "Something went wrong")])
def test_a_worker_in_trouble_says_so_and_goes_on(a_user: User, a_ct: Any, kind: str, words: str) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    before = a_user.mask(a_ct)
    a_user.worker_will(trouble={"kind": kind, "at": 40.0, "times": 1})
    a_user.click(BESIDE)
    a_user.wait_to_read(words)
    assert np.array_equal(a_user.mask(a_ct), before)
    a_user.prompt(BESIDE)
    assert a_user.mask(a_ct)[20, 25, 45]


def test_an_engine_that_cannot_start_says_so_and_can_be_started_again(
    a_slicer: OffscreenSlicer, a_ct: Any, the_worker: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from MedVLSAM2Lib.engine.launcher import LocalLauncher

    python = tmp_path / "python"
    script = ROOT / "Testing" / "tests" / "engine" / "standin_worker.py"
    launcher = LocalLauncher(python, arguments=(str(script),))
    monkeypatch.setattr("MedVLSAM2Lib.engine.LocalLauncher", lambda: launcher)
    module = a_slicer.load_module(ROOT / "MedVLSAM2" / "MedVLSAM2.py")
    a_user = User(a_slicer, module, the_worker)
    module.widget.enter()
    a_user.ui.volumeSelector.setCurrentNode(a_ct)
    a_user.wait_to_read("start it again")
    assert a_user.tools() == []
    assert not a_user.ui.restartButton.isHidden()

    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    a_user.press("restart")
    a_user.wait(lambda: a_user.panel.model.info is not None)
    assert a_user.ui.restartButton.isHidden()
    a_slicer.open_view("Red")
    a_slicer.show_volume(a_ct)
    a_user.take("point")
    a_user.prompt(INSIDE)
    assert a_user.mask(a_ct).any()


def delete_segment(a_user: User, volume: Any) -> None:
    segmenter = a_user.panel.segmenter
    segmenter.segmentation_node.GetSegmentation().RemoveSegment(segmenter.segment_id)


def delete_segmentation(a_user: User, volume: Any) -> None:
    a_user.slicer.scene.RemoveNode(a_user.panel.segmenter.segmentation_node)


def delete_volume(a_user: User, volume: Any) -> None:
    a_user.slicer.scene.RemoveNode(volume)


@pytest.mark.parametrize(
    ("delete", "words"),
    [
        (delete_segment, "segment was deleted"),
        (delete_segmentation, "segmentation was deleted"),
        (delete_volume, "volume was deleted"),
    ],
)
def test_what_is_deleted_while_a_prompt_is_answered_gets_one_sentence(
    a_user: User, a_ct: Any, caplog: pytest.LogCaptureFixture, delete: Callable[[User, Any], None], words: str
) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    kept_node, kept_id = a_user.panel.segmenter.segmentation_node, a_user.panel.segmenter.segment_id
    a_user.press("newSegment")
    a_user.worker_will(pause_s=0.1)
    a_user.click(BESIDE)
    delete(a_user, a_ct)
    a_user.wait()
    a_user.wait_to_read(words)
    assert a_user.says.count(". ") == 0
    assert any(words in message for message in caplog.messages)
    if delete is not delete_segmentation:
        assert kept_node.GetSegmentation().GetSegment(kept_id) is not None


def test_after_a_deleted_volume_another_one_is_segmented(a_slicer: OffscreenSlicer, a_user: User, a_ct: Any) -> None:
    import slicer

    copy = slicer.modules.volumes.logic().CloneVolume(a_slicer.scene, a_ct, "another CT")
    a_user.take("point")
    a_user.prompt(INSIDE)
    delete_volume(a_user, a_ct)
    assert a_user.tools() == []
    a_user.ui.volumeSelector.setCurrentNode(copy)
    a_slicer.show_volume(copy)
    a_user.press("newSegment")
    a_user.take("point")
    a_user.prompt(INSIDE)
    assert a_user.mask(copy).any()


def test_a_scene_closed_while_a_prompt_is_answered_leaves_nothing_behind(
    a_slicer: OffscreenSlicer, a_user: User
) -> None:
    a_user.worker_will(pause_s=0.2)
    a_user.take("point")
    a_user.click(INSIDE)
    a_slicer.scene.Clear()
    a_user.wait()
    assert a_slicer.scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0
    assert a_slicer.scene.GetNumberOfNodesByClass("vtkMRMLMarkupsNode") == 0
    assert a_user.tools() == []
    assert a_user.reason == "Load a scan and choose it under Volume."
