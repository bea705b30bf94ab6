"""Segments and their prompts are in the scene, and come back with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from MedVLSAM2Lib.prompts import Box, Point
from tests.panel.user import BESIDE, INSIDE, User

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer


def saved_and_loaded(a_slicer: OffscreenSlicer, path: Path) -> Any:
    """The scene as another day finds it; the volume in it."""
    a_slicer.save_scene(path)
    a_slicer.load_scene(path)
    volume = a_slicer.scene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
    a_slicer.show_volume(volume)
    a_slicer.process_events()
    return volume


def test_only_the_prompts_of_the_chosen_segment_are_shown(a_user: User, a_ct: Any) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    first = a_user.panel.segmenter.segment_id
    assert len(a_user.prompts_in_view()) == 1
    a_user.press("newSegment")
    assert a_user.prompts_in_view() == []
    a_user.prompt(BESIDE)
    a_user.prompt((-30.0, 10.0, 0.0))
    assert len(a_user.prompts_in_view()) == 2
    a_user.ui.segmentSelector.setCurrentSegmentID(first)
    assert len(a_user.prompts_in_view()) == 1


def test_undone_prompts_are_not_kept(a_user: User, a_ct: Any) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    a_user.prompt(BESIDE)
    assert len(a_user.prompts(a_ct)) == 2
    a_user.press("undo")
    assert len(a_user.prompts(a_ct)) == 1
    a_user.press("redo")
    assert len(a_user.prompts(a_ct)) == 2


def test_a_loaded_scene_brings_the_choice_the_segments_and_their_prompts_back(
    a_slicer: OffscreenSlicer, a_user: User, a_ct: Any, tmp_path: Path
) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    a_user.take("box")
    a_user.drag((-16.0, -16.0, 0.0), (16.0, 16.0, 0.0))
    a_user.wait()
    mask, segment_id = a_user.mask(a_ct), a_user.panel.segmenter.segment_id

    volume = saved_and_loaded(a_slicer, tmp_path / "scene.mrb")

    assert a_user.panel.volume.node is volume
    assert a_user.panel.segmenter.segment_id == segment_id
    assert np.array_equal(a_user.mask(volume), mask)
    assert [type(prompt) for prompt in a_user.prompts(volume)] == [Point, Box]
    point, box = a_user.prompts_in_view()
    np.testing.assert_allclose(point.GetNthControlPointPositionWorld(0), INSIDE, atol=0.5)
    np.testing.assert_allclose(box.GetSize(), (32.0, 32.0, 0.0), atol=0.8)


@pytest.fixture
def loaded(a_slicer: OffscreenSlicer, a_user: User, a_ct: Any, tmp_path: Path) -> tuple[Any, np.ndarray]:
    """A scene with one clicked segment, saved and loaded again: its volume, and the segment as it was saved."""
    a_user.take("point")
    a_user.prompt(INSIDE)
    mask = a_user.mask(a_ct)
    return saved_and_loaded(a_slicer, tmp_path / "scene.mrb"), mask


def test_a_further_click_on_a_loaded_segment_refines_it(a_user: User, loaded: tuple[Any, np.ndarray]) -> None:
    volume, mask = loaded
    a_user.take("point")
    a_user.prompt(BESIDE)

    refined = a_user.mask(volume)
    assert refined[mask].all()
    assert refined[20, 25, 45]
    assert [prompt.position for prompt in a_user.prompts(volume)] == [
        prompt.position for prompt in a_user.prompts(volume) if isinstance(prompt, Point)
    ]
    assert len(a_user.prompts(volume)) == 2
    a_user.press("undo")
    assert np.array_equal(a_user.mask(volume), mask)
    assert len(a_user.prompts(volume)) == 1


def test_prompts_after_an_undone_first_one_on_a_loaded_segment_start_from_it_again(
    a_user: User, loaded: tuple[Any, np.ndarray]
) -> None:
    volume, mask = loaded
    a_user.take("point")
    a_user.prompt(BESIDE)
    a_user.press("undo")
    a_user.prompt(BESIDE)
    assert a_user.mask(volume)[mask].all()
    assert len(a_user.prompts(volume)) == 2
