"""A scan that cannot be used gets one sentence, in the panel and in the log, and no tool."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.panel.user import INSIDE, User

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer


def voxels(dtype: type = np.int16) -> np.ndarray:
    return np.arange(6 * 7 * 8, dtype=dtype).reshape(6, 7, 8)


def with_voxels(array: np.ndarray) -> Any:
    import slicer

    return slicer.util.addVolumeFromArray(array, name="Scan")


def an_empty_one() -> Any:
    import slicer

    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Scan")


def a_constant_one() -> Any:
    return with_voxels(np.full((6, 7, 8), 40, np.int16))


def one_with_nan() -> Any:
    array = voxels(np.float32)
    array[3, 3, 3] = np.nan
    return with_voxels(array)


def one_of_three_components() -> Any:
    import vtk

    volume = with_voxels(voxels())
    image = vtk.vtkImageData()
    image.SetDimensions(8, 7, 6)
    image.AllocateScalars(vtk.VTK_SHORT, 3)
    volume.SetAndObserveImageData(image)
    return volume


def one_of_no_spacing() -> Any:
    volume = with_voxels(voxels())
    volume.SetSpacing(1.0, 1.0, 0.0)
    return volume


def one_of_negative_spacing() -> Any:
    volume = with_voxels(voxels())
    volume.SetSpacing(1.0, -1.0, 1.0)
    return volume


def one_of_singular_matrix() -> Any:
    volume = with_voxels(voxels())
    volume.SetIJKToRASDirections(1, 1, 0, 0, 0, 0, 0, 0, 1)
    return volume


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (an_empty_one, "has no voxels"),
        (a_constant_one, "same value in every voxel"),
        (one_with_nan, "not numbers"),
        (one_of_three_components, "3 values in each voxel"),
        (one_of_no_spacing, "spacing of zero"),
        (one_of_negative_spacing, "spacing of zero or below"),
        (one_of_singular_matrix, "geometry"),
    ],
)
def test_a_scan_that_cannot_be_used_gets_one_sentence_and_no_tool(
    a_user: User, a_ct: Any, caplog: pytest.LogCaptureFixture, make: Callable[[], Any], words: str
) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    made_before = a_user.mask(a_ct)

    a_user.ui.volumeSelector.setCurrentNode(make())
    a_user.wait_to_read(words)

    assert a_user.says.count(". ") == 0
    assert a_user.says.endswith(".")
    assert a_user.reason == a_user.says
    assert a_user.says in caplog.messages
    assert a_user.tools() == []
    assert a_user.panel.placer.tool is None
    assert np.array_equal(a_user.mask(a_ct), made_before)

    a_user.ui.volumeSelector.setCurrentNode(a_ct)
    assert a_user.tools() == ["point", "box", "scribble", "lasso"]


def test_without_a_scan_every_tool_is_off_and_its_key_says_why(a_user: User) -> None:
    a_user.ui.volumeSelector.setCurrentNode(None)
    assert a_user.tools() == []
    assert a_user.reason == "Load a scan and choose it under Volume."
    assert a_user.reason in a_user.ui.boxButton.toolTip
    a_user.key("3")
    assert a_user.says == a_user.reason
    assert a_user.panel.placer.tool is None


@pytest.mark.parametrize("kind", ["vtkMRMLVectorVolumeNode", "vtkMRMLLabelMapVolumeNode", "vtkMRMLSequenceNode"])
def test_what_is_no_scan_is_not_offered(a_slicer: OffscreenSlicer, a_user: User, kind: str) -> None:
    offered = a_user.ui.volumeSelector.nodeCount()
    assert a_slicer.scene.AddNewNodeByClass(kind) is not None
    assert a_user.ui.volumeSelector.nodeCount() == offered


def test_a_mended_scan_is_taken_up_with_the_next_visit(a_user: User) -> None:
    import slicer

    volume = one_with_nan()
    a_user.ui.volumeSelector.setCurrentNode(volume)
    a_user.wait_to_read("not numbers")
    slicer.util.updateVolumeFromArray(volume, voxels(np.float32))
    a_user.module.widget.exit()
    a_user.module.widget.enter()
    a_user.wait_to_read("is open")
    assert "point" in a_user.tools()


def test_changed_voxels_are_copied_again_with_the_next_prompt(a_user: User, a_ct: Any) -> None:
    import slicer

    a_user.take("point")
    a_user.prompt(INSIDE)
    copy = a_user.panel.volume.volume_id
    a_user.prompt((4.0, 0.0, 0.0))
    assert a_user.panel.volume.volume_id == copy
    array = slicer.util.arrayFromVolume(a_ct)
    array[20, 20:30, 35:40] = 300
    slicer.util.arrayFromVolumeModified(a_ct)
    a_user.prompt((-4.0, 0.0, 0.0))
    assert a_user.panel.volume.volume_id != copy
    assert a_user.mask(a_ct)[20, 20:30, 25:40].all()
